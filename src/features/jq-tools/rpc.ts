// Tools over RPC: thin. Runs in the team object.
import { RpcTarget } from "cloudflare:workers";
import { eachOnItsOwn } from "../../core/batch.ts";
import { AppError, type ErrorDescription } from "../../core/errors.ts";
import { newId } from "../../core/ids.ts";
import { didYouMean, nearNames } from "../../core/near-names.ts";
import type { TeamDeps, TeamEvent } from "../../durable/team-deps.ts";
import { type Asker, type Caller, maySee } from "../access/access.ts";
import type { AuditEntry } from "../audit/schema.ts";
import { contentBytes, requireBytes, requireCount } from "../jq-functions/jq-functions.ts";
import type { SaveOutcome, Source, VersionAction } from "../jq-functions/schema.ts";
import { bulkOf, type CheckedTool, checkTool } from "./jq-tools.ts";
import { reservedToolNames } from "./reserved-names.ts";
import type { JqTool, SaveTool, ToolContent, ToolVersion } from "./schema.ts";
import {
  activeLibrary,
  contentOfRow,
  countTools,
  findToolRow,
  readTool,
  selectToolVersions,
  type ToolRow,
  toolNames,
  toolsBytes,
  writeTool,
} from "./store.ts";

/** How a tool came; an import also says from which file. */
export interface ToolOrigin {
  source: Source;
  yamlPath?: string;
}

const byHand: ToolOrigin = { source: "manual" };

export interface SavedTool {
  outcome: SaveOutcome;
  /** It was deactivated until now, and a save brought it back. */
  revived: boolean;
  tool: JqTool;
}

/** One entry's fate in a batch; an error is data here, so that the others go on. */
export type ToolResult = { name: string; saved: SavedTool } | { name: string; error: ErrorDescription };

type ToolState = Omit<ToolRow, "revision">;

/** What of a tool outlives a change of its content. */
type KeptState = Pick<
  ToolState,
  "id" | "name" | "version" | "source" | "originalYamlPath" | "createdBy" | "createdAt" | "visibility"
>;

/** The tools of one team. To whoever does not see a tool it does not exist, except that its name is taken. */
export class ToolsRpc extends RpcTarget {
  readonly #deps: TeamDeps;

  constructor(deps: TeamDeps) {
    super();
    this.#deps = deps;
  }

  /** Creates or updates a tool, checked against the library as it is now. Content that is already there changes nothing. */
  save(input: SaveTool, by: Caller, origin: ToolOrigin = byHand): SavedTool {
    return this.#finish(by, this.#plan(this.#begin(), input, by, origin));
  }

  /** Saves one after the other, each on its own: what fails leaves the others saved. All of them are one change. */
  saveAll(inputs: SaveTool[], by: Caller, origin: ToolOrigin = byHand): ToolResult[] {
    const batch = this.#begin();
    const planned = eachOnItsOwn(inputs, (input) => this.#plan(batch, input, by, origin));
    this.#write(
      by,
      planned.flatMap((entry) => ("value" in entry ? entry.value : [])),
    );
    return planned.map((entry) => ("value" in entry ? { name: entry.name, saved: this.#result(entry.value) } : entry));
  }

  /** Makes an old version's content the newest version, checked against today's functions. */
  rollback(name: string, version: number, by: Caller, reason?: string): SavedTool {
    const row = this.#find(name, by.actor);
    const { content } = this.#version(row, version);
    const batch = this.#begin();
    const checked = checkTool(batch, { name, ...content });
    if (row.isActive && isSame(contentOfRow(row), checked.content)) return this.#finish(by, unchanged(row));
    const after = batch.bytes + bytesOf(checked.content) - bytesOf(contentOfRow(row));
    requireBytes("tools", { before: batch.bytes, after });
    const record = { action: "rollback", reason: reason ?? `back to version ${version}` } as const;
    return this.#finish(by, this.#step(row, row, checked, by, record));
  }

  /** Takes a tool out of use; its definition and history stay. */
  deactivate(name: string, by: Caller, reason?: string): SavedTool {
    const row = this.#find(name, by.actor);
    if (!row.isActive) return this.#finish(by, unchanged(row));
    const { required_functions } = readTool(this.#deps.db, row.id);
    const checked = { content: contentOfRow(row), requiredFunctions: required_functions };
    return this.#finish(by, this.#step(row, row, checked, by, { action: "deactivate", reason }));
  }

  /** Brings a deactivated tool back, checked against today's functions. */
  restore(name: string, by: Caller, reason?: string): SavedTool {
    const row = this.#find(name, by.actor);
    if (row.isActive) return this.#finish(by, unchanged(row));
    const checked = checkTool(this.#begin(), { name, ...contentOfRow(row) });
    return this.#finish(by, this.#step(row, row, checked, by, { action: "restore", reason }));
  }

  /** A tool, active or not, and the file it was imported from. */
  get(name: string, asker: Asker): { tool: JqTool; original_yaml_path: string | null } {
    const row = this.#find(name, asker);
    return { tool: readTool(this.#deps.db, row.id), original_yaml_path: row.originalYamlPath };
  }

  /** The newest versions, those before `before` when given. */
  history(
    name: string,
    page: { limit: number; before?: number | undefined },
    asker: Asker,
  ): { tool: JqTool; versions: ToolVersion[] } {
    const row = this.#find(name, asker);
    return { tool: readTool(this.#deps.db, row.id), versions: selectToolVersions(this.#deps.db, row.id, page) };
  }

  #begin(): Batch {
    const { db } = this.#deps;
    return { functions: activeLibrary(db), count: countTools(db), bytes: toolsBytes(db), states: new Map() };
  }

  /** Checks a save against what the batch has come to, and carries it forward. Writes nothing. */
  #plan(batch: Batch, input: SaveTool, by: Caller, origin: ToolOrigin): Step {
    const { name } = input;
    const row = batch.states.get(name) ?? findToolRow(this.#deps.db, name);
    if (row !== undefined && !maySee(by.actor, row)) throw nameTaken(name);
    const current = row?.isActive === true ? contentOfRow(row) : undefined;
    const checked = checkTool(batch, input, current);
    if (row !== undefined && current !== undefined && isSame(current, checked.content)) return unchanged(row);
    if (row === undefined) requireCount("tools", batch.count);
    const bytes = batch.bytes + bytesOf(checked.content) - (row === undefined ? 0 : bytesOf(contentOfRow(row)));
    requireBytes("tools", { before: batch.bytes, after: bytes });
    const action = row === undefined ? "create" : "update";
    const step = this.#step(row, row ?? this.#fresh(name, by, origin), checked, by, { action, reason: input.reason });
    if (row === undefined) batch.count += 1;
    batch.bytes = bytes;
    if (step.write !== undefined) batch.states.set(name, step.write.state);
    return step;
  }

  #find(name: string, asker: Asker): ToolRow {
    const row = findToolRow(this.#deps.db, name);
    if (row !== undefined && maySee(asker, row)) return row;
    const near = nearNames(name, toolNames(this.#deps.db, asker));
    throw new AppError("not_found", `The team has no tool ${name}.`, {
      hint: reservedToolNames.has(name)
        ? "It is a tool of this server, not of the team: find_tools shows its arguments."
        : (didYouMean(near) ?? "find_tools shows those there are."),
      details: { name, near },
    });
  }

  #version(row: ToolRow, version: number): ToolVersion {
    const [found] = selectToolVersions(this.#deps.db, row.id, { limit: 1, before: version + 1 });
    if (found?.version === version) return found;
    throw new AppError("not_found", `The tool ${row.name} has no version ${version}; the newest is ${row.version}.`, {
      hint: "tool_history lists its versions.",
      details: { name: row.name, version, newest: row.version },
    });
  }

  #fresh(name: string, by: Caller, { source, yamlPath }: ToolOrigin): KeptState {
    return {
      id: newId("tool"),
      name,
      version: 0,
      source,
      originalYamlPath: yamlPath ?? null,
      createdBy: by.actor.username,
      createdAt: new Date(this.#deps.now()),
      visibility: null,
    };
  }

  #step(
    before: ToolState | undefined,
    kept: KeptState,
    checked: Pick<CheckedTool, "content" | "requiredFunctions">,
    by: Caller,
    { action, reason }: { action: VersionAction; reason: string | undefined },
  ): Step {
    const now = new Date(this.#deps.now());
    const author = by.actor.username;
    const state = {
      ...kept,
      ...rowOfContent(checked.content),
      isActive: action !== "deactivate",
      approvalStatus: "approved" as const,
      approvedBy: author,
      approvedAt: now,
      version: kept.version + 1,
      updatedBy: author,
      updatedAt: now,
    };
    const wasActive = before?.isActive === true;
    const change = action === "deactivate" ? "removed" : wasActive ? "updated" : "created";
    return {
      id: kept.id,
      outcome: before === undefined ? "created" : "updated",
      revived: action === "update" && !wasActive,
      write: { before, state, requiredFunctions: checked.requiredFunctions, record: { action, change, reason } },
    };
  }

  #finish(by: Caller, step: Step): SavedTool {
    this.#write(by, [step]);
    return this.#result(step);
  }

  #result({ id, outcome, revived }: Step): SavedTool {
    return { outcome, revived, tool: readTool(this.#deps.db, id) };
  }

  // Checks and write share one turn of the object: nothing runs between them, so what was checked is what is written.
  #write(by: Caller, steps: readonly Step[]): void {
    const writes = steps.flatMap(({ write }) => write ?? []);
    if (writes.length === 0) return;
    this.#deps.change(by, (revision) => {
      for (const { state, requiredFunctions, record } of writes)
        writeTool(this.#deps.db, { ...state, revision }, requiredFunctions, {
          ...record,
          reason: record.reason ?? null,
        });
      const events = writes.map(({ state, record }) => ({
        kind: "tool" as const,
        name: state.name,
        change: record.change,
        visibility: state.visibility ?? "everyone",
      }));
      return { result: undefined, events, audit: writes.map(auditOf) };
    });
  }
}

/** The team as a batch of saves sees it: read once, and carried forward from one to the next. */
interface Batch {
  functions: ReturnType<typeof activeLibrary>;
  count: number;
  bytes: number;
  /** What the batch will write, by name. */
  states: Map<string, ToolState>;
}

interface Write {
  before: ToolState | undefined;
  state: ToolState;
  requiredFunctions: readonly string[];
  record: { action: VersionAction; change: TeamEvent["change"]; reason: string | undefined };
}

/** What one call comes to, before it is written. */
interface Step {
  id: string;
  outcome: SaveOutcome;
  revived: boolean;
  write?: Write;
}

function unchanged({ id }: KeptState): Step {
  return { id, outcome: "unchanged", revived: false };
}

/** The one thing said of a tool that is not shown: its name cannot be had. */
function nameTaken(name: string): AppError {
  return new AppError("already_exists", `The name ${name} is taken.`, {
    hint: "Choose another name.",
    details: { name },
  });
}

function auditOf({ before, state, record }: Write): AuditEntry {
  return {
    action: `tool.${record.action}`,
    target: { kind: "tool", name: state.name },
    ...(before === undefined ? {} : { before: auditedState(before) }),
    after: { ...auditedState(state), ...(record.reason === undefined ? {} : { reason: record.reason }) },
  };
}

function auditedState(state: ToolState): object {
  return { version: state.version, is_active: state.isActive, ...contentOfRow(state) };
}

function bytesOf(content: ToolContent): number {
  return contentBytes(bulkOf(content));
}

function rowOfContent(
  content: ToolContent,
): Pick<
  ToolRow,
  | "description"
  | "queryTemplate"
  | "parameters"
  | "datasets"
  | "datasetMode"
  | "input"
  | "nullInput"
  | "pinned"
  | "weight"
> {
  const { query, dataset_mode, null_input, ...same } = content;
  return { ...same, queryTemplate: query, datasetMode: dataset_mode, nullInput: null_input };
}

function isSame(a: ToolContent, b: ToolContent): boolean {
  return JSON.stringify(sorted(a)) === JSON.stringify(sorted(b));
}

/** The same content however its keys were ordered on the way in. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, member]) => [key, sorted(member)]),
  );
}
