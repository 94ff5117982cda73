// What the tools and routes for proposals both do. Runs at the edge.
import type { CallContext } from "../../context.ts";
import { AppError } from "../../core/errors.ts";
import { logFailure } from "../../core/log.ts";
import { decodeCursor, encodeCursor, invalidCursor, type Page } from "../../core/paging.ts";
import { callerOf } from "../access/access.ts";
import { freshen, hasDrifted, settleProposal } from "./applying.ts";
import { type DiscussedProposal, requirePending, type VoteOutcome } from "./approvals.ts";
import type {
  Commented,
  EditCall,
  ListProposals,
  ProposeFunction,
  ProposeTool,
  ShownProposal,
  VoteCall,
  Voted,
} from "./calls-schema.ts";
import { draftEdit, draftProposal } from "./proposing.ts";
import type { Proposal, ProposalKind, ProposalSummary } from "./schema.ts";
import { proposalDiff, shownTo } from "./showing.ts";
import { requireGood, validateProposal } from "./validating.ts";

/** Proposes a change once all of it was checked; `suggestion` is the id of the one it comes from. Throws what drafting it and `requireGood` throw, and `conflict` when it moved on meanwhile. */
export async function propose(
  context: CallContext,
  kind: ProposalKind,
  input: ProposeTool | ProposeFunction,
  suggestion?: string,
): Promise<ShownProposal> {
  const { name, action, justification, tests = [], ...fields } = input;
  const draft = await draftProposal(context, kind, name, action, fields);
  const validation = await validateProposal(context, draft, tests);
  requireGood(draft, validation);
  const { content, baseVersion } = draft;
  const origin = suggestion === undefined ? {} : { source: "learned" as const, suggestionId: suggestion };
  const proposal = await context.stub
    .approvals()
    .submit(
      { kind, name, action: draft.action, content, baseVersion, justification, tests, validation, ...origin },
      callerOf(context),
    );
  return {
    proposal: shownTo(context, proposal, draft.result),
    diff: proposalDiff(proposal, draft.base, draft.result),
    comments: [],
  };
}

/** Proposes a tool that was drafted from queries which people repeat. Throws as `propose` does. */
export async function proposeDrafted(
  context: CallContext,
  { suggestion, ...input }: ProposeTool & { suggestion: string },
): Promise<Proposal> {
  return (await propose(context, "tool", input, suggestion)).proposal;
}

/** Changes a proposal of the caller's; votes begin anew. Throws as `propose` does, `forbidden` for someone else's, `invalid_argument` for no change. */
export async function editProposal(context: CallContext, id: string, input: EditCall): Promise<ShownProposal> {
  requireSomething(input);
  const found = await context.stub.approvals().get(id, context.actor);
  requirePending(found.proposal, "edited");
  if (found.proposal.author !== context.actor.username) {
    throw new AppError("forbidden", `Only ${found.proposal.author}, its author, may edit the proposal ${id}.`, {
      hint: "Vote on it with a comment, or propose your own.",
      details: { id },
    });
  }
  const draft = await draftEdit(context, found, input.content);
  const tests = input.tests ?? found.proposal.tests;
  const validation = await validateProposal(context, draft, tests);
  requireGood(draft, validation);
  const { content, baseVersion } = draft;
  const { justification } = input;
  const proposal = await context.stub
    .approvals()
    .edit(id, { content, baseVersion, justification, tests, validation }, callerOf(context));
  return {
    proposal: shownTo(context, proposal, draft.result),
    diff: proposalDiff(proposal, draft.base, draft.result),
    comments: found.comments,
  };
}

/** An edit takes all votes away, so one that says nothing is a mistake. */
function requireSomething({ content = {}, justification, tests }: EditCall): void {
  if (Object.keys(content).length > 0 || justification !== undefined || tests !== undefined) return;
  throw new AppError("invalid_argument", "Nothing is given to edit.", {
    hint: 'Give content, e.g. {"description": "…"}, a justification, or tests.',
  });
}

/** A proposal as it is on what is current now: one whose base has moved on is rebased, or marked, first. Throws `not_found`. */
export async function readProposal(context: CallContext, id: string): Promise<ShownProposal> {
  let found = await context.stub.approvals().get(id, context.actor);
  if (hasDrifted(found)) {
    await freshen(context, id);
    found = await context.stub.approvals().get(id, context.actor);
  }
  return showFound(context, found);
}

function showFound(context: CallContext, { proposal, current, base, comments }: DiscussedProposal): ShownProposal {
  const result = proposal.action === "restore" ? (current?.content ?? base) : proposal.content;
  return { proposal: shownTo(context, proposal, result), diff: proposalDiff(proposal, base, result), comments };
}

/** Votes, and when that settles it has it applied at once. Throws what the vote throws. */
export async function voteOn(context: CallContext, id: string, input: VoteCall): Promise<Voted> {
  const { proposal, settled } = await context.stub.approvals().vote(id, input, callerOf(context));
  const now = settled === "approved" ? await applyNow(context, proposal) : proposal;
  const { state, tally, applied_version, outcome } = now;
  return { id, vote: input.vote, settled: settled ?? null, state, tally, applied_version, outcome };
}

/** The vote counts whatever happens here: what could not be done now, the queue's message does. */
async function applyNow(context: CallContext, proposal: VoteOutcome["proposal"]): Promise<Proposal> {
  try {
    await settleProposal(context, proposal.id);
    return (await context.stub.approvals().get(proposal.id, context.actor)).proposal;
  } catch (error) {
    logFailure("proposal_not_applied", { team: context.team, proposal: proposal.id }, error);
    return proposal;
  }
}

/** Adds to the discussion of a proposal. Throws what the object throws. */
export function commentOn(context: CallContext, id: string, comment: string): Promise<Commented> {
  return context.stub.approvals().comment(id, comment, callerOf(context));
}

/** Takes back a proposal. Throws what the object throws. */
export async function withdrawProposal(
  context: CallContext,
  id: string,
  reason: string | undefined,
): Promise<Pick<Proposal, "id" | "state">> {
  const { state } = await context.stub.approvals().withdraw(id, callerOf(context), reason);
  return { id, state };
}

/** A page of proposals, newest first. Throws `cursor_invalid`. */
export async function listProposals(
  context: CallContext,
  { cursor, limit: asked, ...filter }: ListProposals,
  preset: number,
): Promise<Page<ProposalSummary>> {
  const limit = asked ?? preset;
  const read = { ...filter, before: readCursor(cursor), limit: limit + 1 };
  const { rows, total } = await context.stub.approvals().list(read, context.actor);
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  const truncated = rows.length > items.length;
  const next = truncated && last !== undefined ? { next_cursor: encodeCursor({ before: last.id }) } : {};
  return { items, returned: items.length, total, truncated, ...next };
}

function readCursor(cursor: string | undefined): string | undefined {
  if (cursor === undefined) return undefined;
  const { before } = decodeCursor(cursor);
  if (typeof before === "string") return before;
  throw invalidCursor();
}
