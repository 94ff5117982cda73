// What becomes of a proposal once it was looked at against today's library: rebased, in conflict, applied or failed. Runs in the object.
import { AppError } from "../../core/errors.ts";
import { newId } from "../../core/ids.ts";
import type { TeamDeps } from "../../durable/team-deps.ts";
import { type Asker, type Caller, systemCaller } from "../access/access.ts";
import { requireNow } from "../access/caller-store.ts";
import {
  type AppliedProposal,
  baseMovedOn,
  type RebasedContent,
  readContent,
  requireEdition,
  requireMove,
  requireValid,
} from "./approvals.ts";
import { auditOf, eventOf, type Known, moveProposal } from "./moving.ts";
import { proposalOf } from "./reading.ts";
import type { Conflict, Proposal } from "./schema.ts";
import { settle, settleNow, supersededBy, supersedeOthers, watch } from "./settling.ts";
import { type ProposalRow, updateProposal } from "./store.ts";
import {
  callsOf,
  type Plan,
  planOf,
  requireProposal,
  type Subject,
  savedBy,
  subjectOf,
  writePlan,
} from "./subject-store.ts";

/** Sees what everyone in the team sees: what is said about a function is read by all of them. */
const anyone: Asker = { role: "viewer", username: "", scopes: [] };

/**
 * Puts an open proposal on today's version, which it goes together with; its votes stay. Throws `conflict` when it is not open, at another
 * edition, or the base has moved on again, and what a save of it throws, unless its check has said that it would not pass.
 */
export function noteRebased(deps: TeamDeps, id: string, edition: number, rebase: RebasedContent, by: Caller): Proposal {
  const { db } = deps;
  const { caller, known } = requireOpen(deps, id, edition, by);
  const { row, subject } = known;
  requireMove(id, row.state, row.state);
  requireCurrent(row, rebase.baseVersion, subject);
  // One that would not pass any more is kept as it is for its author and the voters: it cannot be applied.
  const { content, requiredFunctions } = rebase.validation.ok
    ? withCalls(checkAgainst(deps, row, rebase))
    : { content: readContent(row.kind, row.action, rebase.content), requiredFunctions: row.requiredFunctions };
  const after = { base_version: rebase.baseVersion, content, valid: rebase.validation.ok };
  const rebased = deps.record(caller, () => {
    const result = updateProposal(db, id, {
      content,
      requiredFunctions,
      baseVersion: rebase.baseVersion,
      baseContent: row.action === "create" ? null : (subject.current?.content ?? null),
      validation: rebase.validation,
      conflict: null,
      updatedAt: new Date(deps.now()),
    });
    const before = { base_version: row.baseVersion, content: row.content };
    return {
      result,
      events: [eventOf({ row: result, subject }, "updated")],
      audit: [auditOf(result, "rebase", { before, after })],
    };
  });
  const now = { row: rebased, subject };
  watch(deps, now);
  return proposalOf(db, now);
}

/**
 * Notes that a proposal and what is current do not go together. One that was approved is open to votes and edits again, with all its time
 * before it. Throws `conflict` when it is not open, at another edition, or something else is current by now.
 */
export function noteConflict(deps: TeamDeps, id: string, edition: number, conflict: Conflict, by: Caller): Proposal {
  const { db } = deps;
  const { caller, known } = requireOpen(deps, id, edition, by);
  const { row, subject } = known;
  requireCurrent(row, conflict.current_version, subject);
  if (JSON.stringify(row.conflict) === JSON.stringify(conflict)) return proposalOf(db, known);
  const now = new Date(deps.now());
  const reopened = row.state === "approved" ? { openedAt: now } : {};
  const marked = deps.record(caller, () => {
    const { row: result, ...told } = moveProposal(db, known, "pending", { conflict, ...reopened }, now);
    return { result, ...told };
  });
  const after = { row: marked, subject };
  watch(deps, after, row.state === "approved");
  return proposalOf(db, after);
}

/**
 * Carries an approved proposal out: the new version, the proposal's state, the log and the notices are one transaction. `checked` is what
 * the edge compiled and tested against `baseVersion`. Throws `conflict` when it is not approved, at another edition, or the base has moved
 * on since, and what a save of it throws. One that was applied already stays as it is.
 */
export function applyProposal(
  deps: TeamDeps,
  id: string,
  edition: number,
  checked: RebasedContent,
  by: Caller,
): AppliedProposal {
  const { db } = deps;
  const caller = requireNow(db, by, "library:propose", "apply proposals");
  const found = requireProposal(db, id, caller.actor);
  requireEdition(found.row, edition);
  const known = found.row.state === "approved" ? settleNow(deps, found) : found;
  const { row, subject } = known;
  if (row.state === "applied" || (found.row.state === "approved" && row.state === "superseded"))
    return { proposal: proposalOf(db, known), saved: null };
  requireMove(id, row.state, "applied");
  requireCurrent(row, checked.baseVersion, subject);
  const { content, plan } = checkAgainst(deps, row, checked);
  if (plan.step.write === undefined) {
    const moot = settle(deps, known, "superseded", supersededBy(known));
    return { proposal: proposalOf(db, moot), saved: null };
  }
  const { version } = plan.step.write.state;
  const applied = deps.change(caller, (revision) => {
    const now = new Date(deps.now());
    const library = writePlan(db, plan, revision);
    const change = {
      content,
      baseVersion: checked.baseVersion,
      baseContent: row.action === "create" ? null : (subject.current?.content ?? null),
      validation: checked.validation,
      conflict: null,
      appliedVersion: version,
    };
    const moved = moveProposal(db, { row, subject: subjectOf(db, row.kind, row.name) }, "applied", change, now);
    const all = [moved, ...supersedeOthers(deps, moved.row, now)];
    return {
      result: moved.row,
      events: [...library.events, ...all.flatMap(({ events }) => events)],
      audit: [...library.audit, ...all.flatMap(({ audit }) => audit)],
      notices: all.flatMap(({ notices }) => notices),
    };
  });
  const done = { row: applied, subject: subjectOf(db, row.kind, row.name) };
  return { proposal: proposalOf(db, done), saved: savedBy(db, plan) };
}

/** Ends an approved proposal that cannot be carried out, saying why. One that failed already stays as it is. Throws `conflict`, `not_found`. */
export function failProposal(deps: TeamDeps, id: string, edition: number, reason: string, by: Caller): Proposal {
  const { db } = deps;
  const caller = requireNow(db, by, "library:propose", "end proposals");
  const known = requireProposal(db, id, caller.actor);
  requireEdition(known.row, edition);
  if (known.row.state === "failed") return proposalOf(db, known);
  const row = deps.record(caller, () => {
    const change = { settledHow: "error" as const, outcome: reason };
    const { row: result, ...told } = moveProposal(db, known, "failed", change, new Date(deps.now()));
    return { result, ...told };
  });
  return proposalOf(db, { row, subject: known.subject });
}

function requireOpen(deps: TeamDeps, id: string, edition: number, by: Caller): { caller: Caller; known: Known } {
  const caller = requireNow(deps.db, by, "library:propose", "rebase proposals");
  const known = requireProposal(deps.db, id, caller.actor);
  requireEdition(known.row, edition);
  requireMove(id, known.row.state, "pending");
  return { caller, known };
}

function withCalls({ content, plan }: ReturnType<typeof checkAgainst>) {
  return { content, requiredFunctions: callsOf(plan) };
}

/** Throws `conflict` unless `version` is the current one. */
function requireCurrent({ kind, name }: ProposalRow, version: number | null, { current }: Subject): void {
  const now = current?.version ?? null;
  if (version !== now) throw baseMovedOn(kind, name, { base: version, current: now });
}

/** What the proposal comes to against today's library. Throws what a save of it throws, `conflict` for changing what is not in use. */
function checkAgainst(
  deps: TeamDeps,
  row: ProposalRow,
  checked: RebasedContent,
): { content: ProposalRow["content"]; plan: Plan } {
  requireValid(checked.validation);
  const { kind, name, action } = row;
  const content = readContent(kind, action, checked.content);
  const subject = subjectOf(deps.db, kind, name);
  if (action === "change" && subject.current?.is_active !== true) {
    throw new AppError("conflict", `The ${kind} ${name} is not in use, so it cannot be changed.`, {
      hint: "Restore it first.",
      details: { kind, name },
    });
  }
  const asker = kind === "function" ? anyone : systemCaller("system", newId("req")).actor;
  const approvedBy = row.settledHow === "timeout" ? "timeout" : (row.settledBy ?? "");
  const authority = { author: row.author, approvedBy, proposalId: row.id };
  return { content, plan: planOf(deps, { ...row, content }, asker, authority) };
}
