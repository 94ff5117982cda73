// What becomes of a proposal once it is settled, or once its base has moved on: rebased, checked anew, applied, or marked. Runs at the edge.
import type { CallContext } from "../../context.ts";
import { isAppError } from "../../core/errors.ts";
import { logFailure } from "../../core/log.ts";
import { proposalLimits } from "../../workflow-limits.ts";
import { callerOf } from "../access/access.ts";
import type { ProposalInContext, RebasedContent } from "./approvals.ts";
import { changedFields, conflictOf, rebase } from "./rebasing.ts";
import type { Conflict, Proposal, ProposalContent, ProposalState, Validation } from "./schema.ts";
import { passing } from "./testing.ts";
import { validateProposal } from "./validating.ts";

/** Where a proposal stands after everything that could be done was done; `waitMs`: something is due by then. */
export interface Settled {
  state: ProposalState | null;
  waitMs?: number;
  /** Of a pending one. */
  edition?: number;
}

/** What bringing a proposal up to date comes to. */
type Prepared =
  | { outcome: "ready"; checked: RebasedContent }
  | { outcome: "conflict"; conflict: Conflict }
  | { outcome: "fails"; reason: string };

/**
 * Does what is to be done about a proposal, as the server itself, whoever's call brings it about: applies it when it is approved, else brings
 * it up to date with its base. May run any number of times, also at once with itself: the team's object decides.
 */
export async function settleProposal(caller: Pick<CallContext, "asSystem">, id: string): Promise<Settled> {
  for (let attempt = 1; ; attempt++) {
    const context = await caller.asSystem();
    if (context === undefined) return { state: null };
    const next = await context.stub.approvals().next(id);
    if (next.do === "nothing") return { state: next.state };
    try {
      if (next.do === "apply") return await applyOnce(context, next);
      const { state, edition } = await bringUpToDate(context, id);
      return { state, edition, waitMs: next.delayMs };
    } catch (error) {
      // The library or the proposal moved on between the check and the write, so the check is done again on what is now.
      if (!isAppError(error) || error.code !== "conflict" || attempt >= proposalLimits.applyAttempts) throw error;
    }
  }
}

async function applyOnce(context: CallContext, found: ProposalInContext): Promise<Settled> {
  const { id, edition } = found.proposal;
  const approvals = context.stub.approvals();
  const by = callerOf(context);
  const prepared = await prepare(context, found, true);
  switch (prepared.outcome) {
    case "conflict":
      return { state: (await approvals.conflicted(id, edition, prepared.conflict, by)).state };
    case "fails":
      return { state: (await approvals.fail(id, edition, prepared.reason, by)).state };
    case "ready": {
      const state = await apply(context, found, prepared.checked);
      if (state === "applied") await lookAtOthers(context, found);
      return { state };
    }
  }
}

/** What the object finds wrong for good ends the proposal; `conflict` and what passes are thrown. */
async function apply(context: CallContext, found: ProposalInContext, checked: RebasedContent): Promise<ProposalState> {
  const { id, edition } = found.proposal;
  const approvals = context.stub.approvals();
  const by = callerOf(context);
  try {
    return (await approvals.apply(id, edition, checked, by)).proposal.state;
  } catch (error) {
    if (!isAppError(error) || error.code === "conflict" || passing.has(error.code)) throw error;
    // The object names all that would break, also what not everyone sees.
    const reason = error.code === "jq_breaks_dependants" ? "It would break what uses it." : error.message;
    return (await approvals.fail(id, edition, reason, by)).state;
  }
}

/**
 * Rebases a pending proposal whose base has moved on, or marks it conflicted. Returns where it stands.
 * A proposal that would no longer pass its check is left to its author and the voters: get_proposal shows why.
 */
async function bringUpToDate(context: CallContext, id: string): Promise<Pick<Proposal, "state" | "edition">> {
  const found = await context.stub.approvals().get(id, context.actor);
  const { proposal } = found;
  if (!hasDrifted(found)) return proposal;
  const by = callerOf(context);
  const prepared = await prepare(context, found, false);
  if (prepared.outcome === "conflict")
    return await context.stub.approvals().conflicted(id, proposal.edition, prepared.conflict, by);
  if (prepared.outcome === "fails") return proposal;
  return await context.stub.approvals().rebased(id, proposal.edition, prepared.checked, by);
}

/** True for a pending proposal that was written against another version than the current one, unless that is known to conflict. */
export function hasDrifted({ proposal, current }: ProposalInContext): boolean {
  if (proposal.state !== "pending") return false;
  const now = current?.version ?? null;
  return proposal.base_version !== now && proposal.conflict?.current_version !== now;
}

/** Brings a proposal that someone reads up to date first. What fails in it fails no reading, and is tried again by the next. */
export async function freshen(context: CallContext, id: string): Promise<void> {
  try {
    await settleProposal(context, id);
  } catch (error) {
    if (!isAppError(error)) logFailure("proposal_not_rebased", { team: context.team, proposal: id }, error);
  }
}

async function prepare(context: CallContext, found: ProposalInContext, approved: boolean): Promise<Prepared> {
  const { proposal, current } = found;
  const moved = proposal.base_version !== (current?.version ?? null);
  const onto = moved ? ontoCurrent(found) : { content: proposal.content };
  if ("conflict" in onto) return { outcome: "conflict", conflict: onto.conflict };
  if ("fails" in onto) return { outcome: "fails", reason: onto.fails };
  const result = proposal.action === "restore" ? (current?.content ?? null) : onto.content;
  const fresh = moved || proposal.validation.revision !== context.catalogue.revision;
  const { kind, name, action, tests } = proposal;
  const validation = fresh
    ? await validateProposal(context, { kind, name, action, result }, tests)
    : proposal.validation;
  if (validation.ok)
    return { outcome: "ready", checked: { content: onto.content, baseVersion: current?.version ?? null, validation } };
  // What merged line by line and does not work so is a conflict of what the two mean.
  if (moved && current !== null && proposal.content !== null) {
    const fields = changedFields(found.base, current.content, proposal.content);
    return { outcome: "conflict", conflict: conflictOf(found.base, current, proposal.content, fields) };
  }
  return approved
    ? { outcome: "fails", reason: reasonOf(validation) }
    : { outcome: "ready", checked: { content: onto.content, baseVersion: current?.version ?? null, validation } };
}

/** The content on top of what is current now; what there is to say when the two do not go together. */
function ontoCurrent({
  proposal,
  current,
  base,
}: ProposalInContext): { content: ProposalContent | null } | { conflict: Conflict } | { fails: string } {
  const { kind, name, action, content } = proposal;
  if (current === null) return { fails: `There is no ${kind} ${name} any more.` };
  const active = current.is_active;
  if (action === "deactivate") return active ? { content } : { fails: `The ${kind} ${name} is deactivated already.` };
  if (action === "restore") return active ? { fails: `The ${kind} ${name} is in use already.` } : { content };
  if (content === null) return { fails: "The proposal says nothing." };
  // Created anew over one that is out of use: whatever that was meanwhile, nothing of it is kept.
  if (action === "create" && !active) return { content };
  if (action === "change" && !active)
    return { conflict: conflictOf(base, { version: current.version, content: null }, content, ["is_active"]) };
  return rebase(action === "create" ? null : base, current, content);
}

/** Why an approved proposal fails, for everyone who may read it: so without what a test gave. */
function reasonOf({ errors, tests }: Validation): string {
  const failed = tests.flatMap(({ ok, name }) => (ok ? [] : [name]));
  return [
    ...errors.map(({ message }) => message),
    ...(failed.length === 0 ? [] : [`Tests that fail now: ${failed.join(", ")}.`]),
  ].join(" ");
}

/** Other proposals on the same thing are looked at soon; what gets lost is seen when they are read. */
async function lookAtOthers(context: CallContext, { proposal }: ProposalInContext): Promise<void> {
  const { kind, name } = proposal;
  const filter = { state: "pending", kind, name, limit: proposalLimits.recheckedAfter } as const;
  try {
    const { rows } = await context.stub.approvals().list(filter, context.actor);
    for (const { id } of rows)
      await context.background.send({ type: "settle_proposal", team: context.team, proposal: id });
  } catch (error) {
    logFailure("proposals_not_rechecked", { team: context.team, proposal: proposal.id }, error);
  }
}
