// The one place where a proposal goes from one state to another: checked, written, told to the log, to listeners and to people. Runs in the object.
import type { Db } from "../../durable/db.ts";
import type { NewEvent } from "../../durable/team-deps.ts";
import type { AuditEntry } from "../audit/schema.ts";
import type { Notice, NoticeKind } from "../notifications/schema.ts";
import { describeProposal, requireMove } from "./approvals.ts";
import type { ProposalState, SettledHow } from "./schema.ts";
import { type ProposalRow, updateProposal, votesOn } from "./store.ts";
import type { Subject } from "./subject-store.ts";

/** A proposal together with what it is about. */
export interface Known {
  row: ProposalRow;
  subject: Subject;
}

/** A write and whatever must be said of it in the same transaction. */
export interface Told {
  row: ProposalRow;
  events: NewEvent[];
  audit: AuditEntry[];
  notices: Notice[];
}

/** What of a proposal a move may change besides its state. */
export type MoveChange = Partial<
  Pick<
    ProposalRow,
    | "settledBy"
    | "settledHow"
    | "outcome"
    | "appliedVersion"
    | "conflict"
    | "content"
    | "baseVersion"
    | "baseContent"
    | "validation"
    | "openedAt"
  >
>;

const verbs: Record<ProposalState, string> = {
  // Only a conflict brings a proposal back to where it is open to votes.
  pending: "conflict",
  approved: "approve",
  applied: "apply",
  rejected: "reject",
  withdrawn: "withdraw",
  expired: "expire",
  superseded: "supersede",
  failed: "fail",
};

/** Moves a proposal. To be called in a transaction. Throws `conflict` for a move that is not legal. */
export function moveProposal(db: Db, { row, subject }: Known, to: ProposalState, change: MoveChange, now: Date): Told {
  requireMove(row.id, row.state, to);
  const moved = updateProposal(db, row.id, {
    ...change,
    state: to,
    updatedAt: now,
    ...(to === "pending" ? { settledAt: null, settledBy: null, settledHow: null } : {}),
    ...(row.state === "pending" && to !== "pending" ? { settledAt: now } : {}),
    ...(to === "applied" ? { appliedAt: now } : {}),
  });
  return {
    row: moved,
    events: [eventOf({ row: moved, subject }, "updated")],
    audit: [auditOfMove(row, moved)],
    notices: noticesOf(db, { row: moved, subject }),
  };
}

/** What listeners are told of a proposal. */
export function eventOf({ row, subject }: Known, change: NewEvent["change"]): NewEvent {
  return { kind: "proposal", name: row.id, change, state: row.state, visibility: subject.visibility };
}

/** An entry of the log about a proposal: which one is said each time, so that the log can be read without the table. */
export function auditOf(
  row: ProposalRow,
  verb: string,
  { before, after }: { before?: object; after: object },
): AuditEntry {
  const { kind, name, action, edition, state } = row;
  return {
    action: `proposal.${verb}`,
    target: { kind: "proposal", name: row.id },
    ...(before === undefined ? {} : { before }),
    after: { state, about: { kind, name, action }, edition, ...after },
  };
}

function auditOfMove(row: ProposalRow, moved: ProposalRow): AuditEntry {
  const { settledHow, settledBy, outcome, appliedVersion, conflict } = moved;
  const said = Object.entries({
    how: settledHow,
    by: settledBy,
    outcome,
    version: appliedVersion,
    conflict: conflict === null ? null : { current_version: conflict.current_version, fields: conflict.fields },
  }).filter(([, value]) => value !== null);
  return auditOf(moved, verbs[moved.state], { before: { state: row.state }, after: Object.fromEntries(said) });
}

const noticeOf: Partial<Record<ProposalState, NoticeKind>> = {
  pending: "proposal.conflicted",
  applied: "proposal.applied",
  rejected: "proposal.rejected",
  withdrawn: "proposal.withdrawn",
  expired: "proposal.expired",
  superseded: "proposal.superseded",
  failed: "proposal.failed",
};

const titles: Partial<Record<ProposalState, string>> = {
  pending: "Conflict",
  applied: "Applied",
  rejected: "Rejected",
  withdrawn: "Withdrawn",
  expired: "Expired",
  superseded: "Superseded",
  failed: "Failed",
};

/** Who hears of where a proposal has come to: all of the team of what was applied, its author and voters of the rest. */
function noticesOf(db: Db, known: Known): Notice[] {
  const { row } = known;
  const kind = noticeOf[row.state];
  if (kind === undefined) return [];
  const voters = (votesOn(db, [row.id]).get(row.id) ?? []).map(({ userId }) => userId);
  const to = row.state === "applied" ? "team" : [...new Set([row.authorId, ...voters])];
  const title = `${titles[row.state]}: ${describeProposal(row)}`;
  return [noticeAbout(known, kind, { title, body: bodyOf(row), to })];
}

/** A notice about a proposal, shown to whoever sees what it is about. */
export function noticeAbout(
  { row, subject }: Known,
  kind: NoticeKind,
  { title, body, to }: { title: string; body: string; to: Notice["to"] },
): Notice {
  const { id, kind: subjectKind, name, action, state, author, edition, appliedVersion } = row;
  return {
    kind,
    subject: { kind: "proposal", name: id },
    title,
    body,
    to,
    visibility: subject.visibility,
    data: { proposal: id, kind: subjectKind, name, action, state, author, edition, version: appliedVersion },
  };
}

const hows: Record<SettledHow, string> = {
  votes: "by votes",
  veto: "by veto",
  timeout: "since nobody objected in time",
  expiry: "since nothing settled it in time",
  author: "by its author",
  other_change: "by another change",
  error: "by an error",
};

function bodyOf({ author, state, settledHow, settledBy, outcome, conflict }: ProposalRow): string {
  const proposed = `Proposed by ${author}.`;
  if (state === "pending") {
    const fields = conflict?.fields.join(", ") || "what the other relies on";
    return `${proposed} It was written against an older version, and both changed ${fields}. Its author can edit it.`;
  }
  const by = settledBy === null ? "" : ` (${settledBy})`;
  const how = settledHow === null ? "" : ` Settled ${hows[settledHow]}${by}.`;
  return `${proposed}${how}${outcome === null ? "" : ` ${outcome}`}`;
}
