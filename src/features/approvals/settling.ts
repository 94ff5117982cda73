// What time, settings and other changes make of open proposals. Asked again and again, in any order: it settles what is due, once. Runs in the object.
import { newId } from "../../core/ids.ts";
import type { TeamDeps } from "../../durable/team-deps.ts";
import { approvalLimits } from "../../workflow-limits.ts";
import { systemCaller } from "../access/access.ts";
import { readSettings, readTeam } from "../teams/store.ts";
import { isOpen, type NextStep } from "./approvals.ts";
import { type Known, type MoveChange, moveProposal, type Told } from "./moving.ts";
import { type Outcome, outcomeOf, settledAt } from "./policy.ts";
import { inContext, pollOf } from "./reading.ts";
import type { ProposalState } from "./schema.ts";
import { findProposal, openProposals, openProposalsOn, type ProposalRow, votesOn } from "./store.ts";
import { isMoot, subjectOf } from "./subject-store.ts";

/** The least a message waits before it asks again. */
const leastWaitMs = 1_000;

/**
 * Settles a proposal as votes, roles, settings, its age and the library are now: approved, rejected, expired, or superseded when there is
 * nothing left to do. What nothing settles stays as it is.
 */
export function settleNow(deps: TeamDeps, known: Known): Known {
  const { row, subject } = known;
  if (!isOpen(row.state)) return known;
  if (isMoot(row, subject)) return settle(deps, known, "superseded", supersededBy(known));
  if (row.state !== "pending") return known;
  const outcome = currentOutcome(deps, known);
  return outcome.state === "pending" ? known : settle(deps, known, outcome.state, changeOf(outcome));
}

/** What would become of a pending proposal now. */
export function currentOutcome(deps: TeamDeps, known: Known): Outcome {
  return outcomeOf(pollNow(deps, known), readSettings(deps.db), deps.now());
}

/** What an outcome writes into the row. */
export function changeOf(outcome: Exclude<Outcome, { state: "pending" }>): MoveChange {
  return { settledHow: outcome.how, settledBy: outcome.by.length === 0 ? null : outcome.by.join(", ") };
}

/** Settles what is due of a proposal and says what is to be done about it. Idempotent. */
export function nextStep(deps: TeamDeps, id: string): NextStep {
  const row = findProposal(deps.db, id);
  if (row === undefined) return { do: "nothing", state: null };
  const known = settleNow(deps, { row, subject: subjectOf(deps.db, row.kind, row.name) });
  switch (known.row.state) {
    case "pending": {
      const due = settledAt(pollNow(deps, known), readSettings(deps.db));
      return { do: "wait", delayMs: Math.max(leastWaitMs, due - deps.now()) };
    }
    case "approved":
      return { do: "apply", ...inContext(deps.db, known) };
    default:
      return { do: "nothing", state: known.row.state };
  }
}

/**
 * Sends a message for each proposal that is due, and for each that is approved and not applied, and returns when to look again (Unix
 * milliseconds); undefined while nothing is open. What keeps being due is asked for less and less often.
 */
export function sweepProposals(deps: TeamDeps, now: number): number | undefined {
  if (readTeam(deps.db).deletedAt !== null) return undefined;
  let next: number | undefined;
  for (const row of openProposals(deps.db)) {
    const dueAt = dueTimeOf(deps, row, now);
    if (dueAt <= now) askToSettle(deps, row.id);
    const retryMs = Math.min(Math.max(now - dueAt, approvalLimits.retryMs), approvalLimits.lookMs);
    next = Math.min(next ?? now + approvalLimits.lookMs, dueAt <= now ? now + retryMs : dueAt);
  }
  return next;
}

function dueTimeOf(deps: TeamDeps, row: ProposalRow, now: number): number {
  // A clock that was set back must not make what was decided wait for it.
  if (row.state === "approved") return Math.min(row.settledAt?.getTime() ?? now, now);
  const known = { row, subject: subjectOf(deps.db, row.kind, row.name) };
  if (isMoot(row, known.subject)) return now;
  const poll = pollNow(deps, known);
  const settings = readSettings(deps.db);
  const byTime = settledAt(poll, settings);
  return outcomeOf(poll, settings, now).state === "pending" ? byTime : Math.min(byTime, now);
}

/**
 * Has an open proposal looked at when time settles it, and now and then before: by the alarm, and when it was opened to votes by a message too,
 * which goes on as long as this edition is pending. So votes and rebases, of which there may be any number, send none.
 */
export function watch(deps: TeamDeps, known: Known, wasOpened = false): void {
  const now = deps.now();
  if (known.row.state === "approved") {
    askToSettle(deps, known.row.id);
    deps.wakeAt(now + approvalLimits.retryMs);
  }
  if (known.row.state !== "pending") return;
  const due = settledAt(pollNow(deps, known), readSettings(deps.db));
  if (wasOpened) askToSettle(deps, known.row.id, { delayMs: Math.max(0, due - now), edition: known.row.edition });
  deps.wakeAt(Math.min(Math.max(due, now), now + approvalLimits.lookMs));
}

/** The other open proposals on the same thing for which nothing is left to do, superseded. To be called in a transaction. */
export function supersedeOthers(deps: TeamDeps, applied: ProposalRow, now: Date): Told[] {
  const subject = subjectOf(deps.db, applied.kind, applied.name);
  const told: Told[] = [];
  for (const row of openProposalsOn(deps.db, applied.kind, applied.name)) {
    if (row.id === applied.id || !isMoot(row, subject)) continue;
    const known = { row, subject };
    told.push(moveProposal(deps.db, known, "superseded", supersededBy(known, applied.id), now));
  }
  return told;
}

/** Why a proposal is superseded, as its row says it. */
export function supersededBy({ row }: Known, appliedId?: string): MoveChange {
  const now: Record<ProposalRow["action"], string> = {
    create: `the ${row.kind} ${row.name} exists now`,
    change: `the ${row.kind} ${row.name} already is as proposed`,
    deactivate: `the ${row.kind} ${row.name} is not in use any more`,
    restore: `the ${row.kind} ${row.name} is in use again`,
  };
  const through = appliedId === undefined ? "" : ` through the proposal ${appliedId}`;
  return {
    settledHow: "other_change",
    settledBy: null,
    outcome: `Nothing is left to do: ${now[row.action]}${through}.`,
  };
}

/** Moves a proposal on nobody's behalf, in a transaction of its own. */
export function settle(deps: TeamDeps, known: Known, to: ProposalState, change: MoveChange): Known {
  const by = systemCaller("system", newId("req"));
  const row = deps.record(by, () => {
    const { row: result, ...told } = moveProposal(deps.db, known, to, change, new Date(deps.now()));
    return { result, ...told };
  });
  const settled = { row, subject: known.subject };
  watch(deps, settled);
  return settled;
}

function pollNow({ db }: TeamDeps, known: Known): ReturnType<typeof pollOf> {
  return pollOf(db, known, votesOn(db, [known.row.id]).get(known.row.id) ?? []);
}

/** `edition`: the message keeps that edition's time, and is sent again until it is settled. */
function askToSettle(deps: TeamDeps, proposal: string, timer?: { delayMs: number; edition: number }): void {
  const team = readTeam(deps.db).slug;
  if (timer === undefined) deps.later({ type: "settle_proposal", team, proposal });
  else deps.later({ type: "settle_proposal", team, proposal, edition: timer.edition }, timer.delayMs);
}
