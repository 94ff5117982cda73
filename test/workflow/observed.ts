// What is stored, read past all of the product's own reading: proposals, votes, versions, notifications, audit. Runs in workerd.
import { contentOf } from "./library-model.ts";
import { type Action, type Content, type Kind, keyOf, type State, type Version } from "./model.ts";
import type { World } from "./world.ts";

export interface SeenProposal {
  id: string;
  kind: Kind;
  name: string;
  action: Action;
  state: State;
  content: Content | undefined;
  base: number | undefined;
  author: string;
  edition: number;
  openedAt: number;
  conflicted: boolean;
  /** What must never change once it is settled for good. */
  final: string;
  how: string | null;
  appliedVersion: number | null;
  votes: Map<string, "approve" | "reject">;
}

export interface SeenVersion extends Version {
  kind: Kind;
  name: string;
  version: number;
  author: string;
}

export interface Seen {
  proposals: Map<string, SeenProposal>;
  versions: SeenVersion[];
  /** Rows of inboxes: `kind subject user`, with how many there are of each. */
  notifications: Map<string, number>;
  /** Audit entries about proposals: `action proposal`, with how many there are of each. */
  audit: Map<string, number>;
}

type Cell = Record<string, string | number | null>;

const statements = [
  `SELECT id, kind, name, action, state, content_json, base_version, author, edition, opened_at, conflict_json, settled_at, settled_by,
   settled_how, applied_version, applied_at, outcome FROM proposals ORDER BY created_at, rowid`,
  "SELECT proposal_id, username, vote FROM approval_votes",
  `SELECT f.name, v.version, v.definition AS code, v.description, v.is_active, v.proposal_id, v.author
   FROM jq_function_versions v JOIN jq_functions f ON f.id = v.function_id ORDER BY v.version`,
  `SELECT t.name, v.version, v.snapshot_json, v.proposal_id, v.author, v.action
   FROM tool_versions v JOIN tools t ON t.id = v.tool_id ORDER BY v.version`,
  `SELECT n.kind || ' ' || n.subject_name || ' ' || u.username AS what, count(*) AS n
   FROM notifications n JOIN users u ON u.id = n.user_id WHERE n.subject_kind = 'proposal' GROUP BY 1`,
  `SELECT action || ' ' || target_name AS what, count(*) AS n FROM audit_log WHERE target_kind = 'proposal' GROUP BY 1`,
] as const;

/** Reads all of it in one turn of the object. */
export async function observe(world: World): Promise<Seen> {
  const [proposals = [], votes = [], functions = [], tools = [], notifications = [], audit = []] =
    await world.rows<Cell>(...statements);
  const seen: Seen = {
    proposals: new Map(proposals.map((row) => [String(row.id), proposalOf(row)])),
    versions: [...functions.map(functionVersionOf), ...toolVersionsOf(tools)],
    notifications: countsOf(notifications),
    audit: countsOf(audit),
  };
  for (const { proposal_id, username, vote } of votes)
    seen.proposals.get(String(proposal_id))?.votes.set(String(username), vote === "approve" ? "approve" : "reject");
  return seen;
}

function proposalOf(row: Cell): SeenProposal {
  const { settled_at, settled_by, settled_how, applied_version, applied_at, outcome, content_json } = row;
  const content = content_json === null ? undefined : readContent(JSON.parse(String(content_json)));
  return {
    id: String(row.id),
    kind: row.kind as Kind,
    name: String(row.name),
    action: row.action as Action,
    state: row.state as State,
    content,
    base: row.base_version === null ? undefined : Number(row.base_version),
    author: String(row.author),
    edition: Number(row.edition),
    openedAt: Number(row.opened_at),
    conflicted: row.conflict_json !== null,
    final: JSON.stringify({ settled_at, settled_by, settled_how, applied_version, applied_at, outcome, content_json }),
    how: settled_how === null ? null : String(settled_how),
    appliedVersion: applied_version === null ? null : Number(applied_version),
    votes: new Map(),
  };
}

function readContent(json: { query?: string; definition?: string; description: string }): Content | undefined {
  return contentOf(json.query ?? json.definition ?? "", json.description);
}

function functionVersionOf(row: Cell): SeenVersion {
  const content = contentOf(String(row.code), String(row.description));
  return versionOf("function", row, content, row.is_active === 1);
}

/** A tool's versions do not say whether it was in use; what was done does. */
function toolVersionsOf(rows: readonly Cell[]): SeenVersion[] {
  return rows.map((row) => {
    const content = readContent(JSON.parse(String(row.snapshot_json)));
    return versionOf("tool", row, content, row.action !== "deactivate");
  });
}

function versionOf(kind: Kind, row: Cell, content: Content | undefined, active: boolean): SeenVersion {
  const name = String(row.name);
  if (content === undefined) throw new Error(`${keyOf(kind, name)} holds what the proof did not write`);
  const proposal = row.proposal_id === null ? undefined : String(row.proposal_id);
  return { kind, name, version: Number(row.version), author: String(row.author), content, active, proposal };
}

const countsOf = (rows: readonly Cell[]): Map<string, number> =>
  new Map(rows.map(({ what, n }) => [String(what), Number(n)]));
