// The rules of proposals: which moves between states are legal, what a proposal may say, and what is said when it may not. Runs everywhere.

import { AppError } from "../../core/errors.ts";
import { parseWith } from "../../core/parse.ts";
import { utf8Bytes } from "../../core/utf8.ts";
import { approvalLimits } from "../../workflow-limits.ts";
import type { SavedFunction } from "../jq-functions/rpc.ts";
import type { SavedTool } from "../jq-tools/rpc.ts";
import { toolContentSchema } from "../jq-tools/schema.ts";
import {
  type Comment,
  functionContentSchema,
  type Proposal,
  type ProposalAction,
  type ProposalContent,
  type ProposalKind,
  type ProposalState,
  type ProposalSummary,
  type ProposalTest,
  type StateFilter,
  type Validation,
} from "./schema.ts";

/** What a proposal that is submitted says. */
export interface SubmitProposal {
  kind: ProposalKind;
  name: string;
  action: ProposalAction;
  /** Null to deactivate or restore. */
  content: ProposalContent | null;
  /** The version it was written against; null: there was none. */
  baseVersion: number | null;
  justification: string;
  tests: ProposalTest[];
  validation: Validation;
  /** Left out: manual. */
  source?: "manual" | "learned" | undefined;
  suggestionId?: string | null | undefined;
}

export interface EditProposal {
  content: ProposalContent | null;
  baseVersion: number | null;
  /** Left out: stays as it is. */
  justification?: string | undefined;
  tests: ProposalTest[];
  validation: Validation;
}

export interface CastVote {
  vote: "approve" | "reject";
  comment?: string | null | undefined;
  /** The edition the voter has read; an edit since is a `conflict`. */
  edition?: number | undefined;
}

/** What a proposal became when the base had moved on and the two go together. */
export interface RebasedContent {
  content: ProposalContent | null;
  baseVersion: number | null;
  validation: Validation;
}

/** What a proposal is about, as it is now. */
export interface CurrentSubject {
  version: number;
  content: ProposalContent;
  is_active: boolean;
}

/** A proposal with what it would change, now and when it was written. */
export interface ProposalInContext {
  proposal: Proposal;
  /** Null: there is none of that name. */
  current: CurrentSubject | null;
  /** Null: there was none. */
  base: ProposalContent | null;
}

/** The same, with what people say of it. */
export interface DiscussedProposal extends ProposalInContext {
  /** Oldest first. */
  comments: Comment[];
}

export interface VoteOutcome {
  proposal: Proposal;
  settled: "approved" | "rejected" | undefined;
}

/** What is to be done about a proposal: come back later, apply it, or nothing (`state` null: there is no such proposal). */
export type NextStep =
  | { do: "wait"; delayMs: number }
  | ({ do: "apply" } & ProposalInContext)
  | { do: "nothing"; state: ProposalState | null };

export interface AppliedProposal {
  proposal: Proposal;
  /** Null when it was applied before, or there was nothing left to change. */
  saved: SavedTool | SavedFunction | null;
}

export interface ProposalFilter {
  state?: StateFilter | undefined;
  kind?: ProposalKind | undefined;
  name?: string | undefined;
  /** A username. */
  author?: string | undefined;
  /** Pending ones that the asker may vote on and has not. */
  mine_to_vote?: boolean | undefined;
  /** A proposal's id: only those that come after it, which are older. */
  before?: string | undefined;
  limit: number;
}

export interface ListedProposals {
  /** Newest first. */
  rows: ProposalSummary[];
  /** All that match, on any page. */
  total: number;
}

/** Every legal move. What has none is final. `pending` to itself is an edit, a rebase or a conflict that was found. */
export const legalMoves: Readonly<Record<ProposalState, readonly ProposalState[]>> = {
  pending: ["pending", "approved", "rejected", "withdrawn", "expired", "superseded"],
  // Back to pending when the base moved on in a way that only the author can resolve.
  approved: ["approved", "applied", "failed", "pending", "superseded"],
  applied: [],
  rejected: [],
  withdrawn: [],
  expired: [],
  superseded: [],
  failed: [],
};

/** True while something can still become of it. */
export function isOpen(state: ProposalState): boolean {
  return legalMoves[state].length > 0;
}

/** Throws `conflict` unless a proposal may go from one state to the other. */
export function requireMove(id: string, from: ProposalState, to: ProposalState): void {
  if (legalMoves[from].includes(to)) return;
  throw new AppError("conflict", `The proposal ${id} is ${from}, so it cannot become ${to}.`, {
    hint: isOpen(from) ? "get_proposal shows where it stands." : "That is final; submit a new proposal.",
    details: { id, state: from, wanted: to },
  });
}

/** Throws `conflict` unless the proposal is pending; `doing` completes "so it cannot be …". */
export function requirePending(proposal: { id: string; state: ProposalState }, doing: string): void {
  if (proposal.state === "pending") return;
  throw new AppError("conflict", `The proposal ${proposal.id} is ${proposal.state}, so it cannot be ${doing}.`, {
    hint:
      proposal.state === "approved"
        ? "It is being applied; propose a further change."
        : "Submit a new proposal instead.",
    details: { id: proposal.id, state: proposal.state },
  });
}

/** Throws `conflict` when the caller speaks of another edition than the one there is. */
export function requireEdition(proposal: { id: string; edition: number }, edition: number | undefined): void {
  if (edition === undefined || edition === proposal.edition) return;
  throw new AppError(
    "conflict",
    `The proposal ${proposal.id} was edited: it is at edition ${proposal.edition}, not ${edition}.`,
    { hint: "Read it again with get_proposal, then decide.", details: { id: proposal.id, edition: proposal.edition } },
  );
}

/** Throws `too_large` when a proposal has as many comments as it may have. */
export function requireCommentRoom(id: string, comments: number): void {
  const value = approvalLimits.comments;
  if (comments < value) return;
  throw new AppError(
    "too_large",
    `The proposal ${id} has ${comments} comments; the limit is ${value} (limit comments).`,
    {
      hint: "Vote with a comment, or talk it over elsewhere.",
      details: { id, limit: "comments", value },
    },
  );
}

/** The error for a proposal that is not there, or is about something that the asker does not see. */
export function noSuchProposal(id: string): AppError {
  return new AppError("not_found", `There is no proposal ${id}.`, {
    hint: "list_proposals shows those there are.",
    details: { id },
  });
}

/** The error for what was written against a version that is not the newest any more. */
export function baseMovedOn(
  kind: ProposalKind,
  name: string,
  versions: { base: number | null; current: number | null },
): AppError {
  const { base, current } = versions;
  const was = base === null ? "that there was none" : `version ${base}`;
  const is = current === null ? "there is none" : `it is at version ${current}`;
  return new AppError("conflict", `The ${kind} ${name} has changed: this was written against ${was}, and ${is}.`, {
    hint: `Read the ${kind} again and write against what it is now.`,
    details: { name, base_version: base, current_version: current },
  });
}

/**
 * What is proposed, as its kind has it and nothing else. Throws `invalid_argument` where content is missing, or given to an action that
 * takes none.
 */
export function readContent(
  kind: ProposalKind,
  action: ProposalAction,
  content: ProposalContent | null,
): ProposalContent | null {
  const takesContent = action === "create" || action === "change";
  if (!takesContent && content === null) return null;
  if (takesContent && content !== null)
    return parseWith(kind === "tool" ? toolContentSchema : functionContentSchema, content, `the ${kind}`);
  throw new AppError(
    "invalid_argument",
    takesContent ? `To ${action} a ${kind} takes its content.` : `To ${action} a ${kind} takes no content.`,
    { hint: takesContent ? "Give the whole of what is proposed." : "Leave the content out." },
  );
}

/** Throws `invalid_argument` for a proposal that its check found wrong, naming the first reason. */
export function requireValid({ ok, errors, tests }: Validation): void {
  if (ok) return;
  const failed = tests.filter((test) => !test.ok);
  const first = errors[0]?.message ?? failed.map(({ name, message }) => `test ${name}: ${message ?? "failed"}`)[0];
  throw new AppError("invalid_argument", `The proposal did not pass its check: ${first ?? "it is not valid"}`, {
    hint: "Correct it and submit it again.",
    details: { errors, failed: failed.map(({ name }) => name) },
  });
}

/** Throws `too_large` for a proposal whose words, tests or check results are over their limits. */
export function requireProposalSize(proposal: {
  justification: string;
  tests: readonly ProposalTest[];
  validation: Validation;
}): void {
  requireChars("justificationChars", "justification", proposal.justification);
  if (proposal.tests.length > approvalLimits.tests) throw overLimit("tests", "tests", proposal.tests.length);
  for (const [what, value] of [
    ["tests", proposal.tests],
    ["check's result", proposal.validation],
  ] as const) {
    const bytes = utf8Bytes(JSON.stringify(value));
    if (bytes > approvalLimits.partBytes) throw overLimit("partBytes", `bytes of ${what}`, bytes);
  }
}

/** Throws `too_large` for a text of more characters than the limit. */
export function requireChars(limit: "justificationChars" | "commentChars", what: string, text: string): void {
  if (text.length > approvalLimits[limit]) throw overLimit(limit, `characters of ${what}`, text.length);
}

function overLimit(limit: keyof typeof approvalLimits, what: string, value: number): AppError {
  return new AppError(
    "too_large",
    `The proposal has ${value} ${what}; the limit is ${approvalLimits[limit]} (limit ${limit}).`,
    { hint: "Shorten it.", details: { limit, value: approvalLimits[limit] } },
  );
}

/** Throws `conflict` when the team or this person has as many open proposals as there may be. */
export function requireOpenRoom(open: { team: number; person: number; today: number }): void {
  if (open.today >= approvalLimits.perPersonPerDay) {
    const value = approvalLimits.perPersonPerDay;
    throw new AppError(
      "too_large",
      `You have made ${open.today} proposals in the last 24 hours; the limit is ${value} (limit perPersonPerDay).`,
      {
        hint: "Edit a proposal that is open with edit_proposal, or go on tomorrow.",
        details: { limit: "perPersonPerDay", value },
      },
    );
  }
  const full = open.team >= approvalLimits.openPerTeam ? "openPerTeam" : "openPerPerson";
  const count = full === "openPerTeam" ? open.team : open.person;
  if (count < approvalLimits[full]) return;
  throw new AppError(
    "too_large",
    `${full === "openPerTeam" ? "The team has" : "You have"} ${count} open proposals; the limit is ${approvalLimits[full]} (limit ${full}).`,
    {
      hint: "Vote on those that are open or withdraw what is no longer wanted; list_proposals shows them.",
      details: { limit: full, value: approvalLimits[full] },
    },
  );
}

/** `change of the tool by_region`: a proposal in a few words. */
export function describeProposal({
  action,
  kind,
  name,
}: {
  action: ProposalAction;
  kind: ProposalKind;
  name: string;
}): string {
  const words = { create: "new", change: "change of the", deactivate: "deactivation of the", restore: "return of the" };
  return `${words[action]} ${kind} ${name}`;
}
