// Submitting and editing proposals: what is proposed is checked as a save would be, so that what is voted on could be saved. Runs in the object.
import { AppError } from "../../core/errors.ts";
import { newId } from "../../core/ids.ts";
import type { TeamDeps } from "../../durable/team-deps.ts";
import type { Caller } from "../access/access.ts";
import { requireNow } from "../access/caller-store.ts";
import {
  baseMovedOn,
  describeProposal,
  type EditProposal,
  readContent,
  requireOpenRoom,
  requirePending,
  requireProposalSize,
  requireValid,
  type SubmitProposal,
} from "./approvals.ts";
import { auditOf, eventOf, type Known, noticeAbout } from "./moving.ts";
import { proposalOf } from "./reading.ts";
import type { Proposal, ProposalContent } from "./schema.ts";
import { settleNow, watch } from "./settling.ts";
import {
  clearVotes,
  countProposals,
  insertProposal,
  openProposalsOn,
  type ProposalRow,
  updateProposal,
  votesOn,
} from "./store.ts";
import { callsOf, type Intent, planOf, requireFits, requireProposal, type Subject } from "./subject-store.ts";

/**
 * Opens a proposal to votes. Throws `conflict` when the base has moved on or there is nothing to do, `invalid_argument` for what its check
 * found wrong or what changes nothing, `already_exists`, `not_found`, `too_large`, and what a direct save of the same throws.
 */
export function submitProposal(deps: TeamDeps, input: SubmitProposal, by: Caller): Proposal {
  const { db } = deps;
  const caller = requireNow(db, by, "library:propose");
  const { kind, name, action, baseVersion, justification, tests, validation, source = "manual" } = input;
  const subject = requireFits(db, input, caller.actor);
  const proposed = checkProposed(
    deps,
    { kind, name, action, content: input.content },
    { ...input, source },
    caller,
    subject,
  );
  const now = new Date(deps.now());
  requireOpenRoom(countProposals(db, caller.actor.userId, now.getTime()));
  const row: ProposalRow = {
    id: newId("prop"),
    kind,
    name,
    action,
    state: "pending",
    ...proposed,
    ...baseOf({ action, baseVersion }, subject),
    justification,
    tests,
    validation,
    conflict: null,
    source,
    suggestionId: input.suggestionId ?? null,
    authorId: caller.actor.userId,
    author: caller.actor.username,
    edition: 1,
    createdAt: now,
    updatedAt: now,
    openedAt: now,
    settledAt: null,
    settledBy: null,
    settledHow: null,
    appliedVersion: null,
    appliedAt: null,
    outcome: null,
  };
  const known = { row, subject };
  deps.record(caller, () => {
    insertProposal(db, row);
    const after = { base_version: row.baseVersion, content: row.content, justification, tests: tests.length, source };
    return {
      result: undefined,
      events: [eventOf(known, "created")],
      audit: [auditOf(row, "submit", { after })],
      notices: [openedNotice(known, "proposal.submitted", `${row.author} proposes: ${describeProposal(row)}`)],
    };
  });
  watch(deps, known, true);
  return proposalOf(db, known);
}

/**
 * Replaces what is proposed by a new edition and opens that to votes: the votes on the old one are gone, its times begin anew. Throws
 * `forbidden` for anyone but the author, `conflict` when it is not pending or the base has moved on, and what submitting throws.
 */
export function editProposal(deps: TeamDeps, id: string, input: EditProposal, by: Caller): Proposal {
  const { db } = deps;
  const caller = requireNow(db, by, "library:propose");
  const { row, subject } = settleNow(deps, requireProposal(db, id, caller.actor));
  requireAuthor(row, caller);
  requirePending(row, "edited");
  requireFits(db, row, caller.actor);
  const { baseVersion, tests, validation, justification = row.justification } = input;
  const intent = { kind: row.kind, name: row.name, action: row.action, content: input.content };
  const words = { justification, tests, validation, source: row.source, baseVersion };
  const proposed = checkProposed(deps, intent, words, caller, subject, row.id);
  const now = new Date(deps.now());
  const edited = deps.record(caller, () => {
    const votes = votesOn(db, [id]).get(id) ?? [];
    clearVotes(db, id);
    const result = updateProposal(db, id, {
      ...proposed,
      ...baseOf({ action: row.action, baseVersion }, subject),
      justification,
      tests,
      validation,
      conflict: null,
      edition: row.edition + 1,
      updatedAt: now,
      openedAt: now,
    });
    const known = { row: result, subject };
    const cleared = votes.map(({ username, vote, comment }) => ({ username, vote, comment }));
    const before = { edition: row.edition, content: row.content, justification: row.justification, votes: cleared };
    const after = { base_version: result.baseVersion, content: result.content, justification, tests: tests.length };
    return {
      result,
      events: [eventOf(known, "updated")],
      audit: [auditOf(result, "edit", { before, after })],
      notices: [openedNotice(known, "proposal.edited", `${row.author} edited: ${describeProposal(row)}`)],
    };
  });
  const known = { row: edited, subject };
  watch(deps, known, true);
  return proposalOf(db, known);
}

/** What is proposed as it will be kept, once it has passed every check that a save of it would have to pass. */
function checkProposed(
  deps: TeamDeps,
  given: Intent,
  words: Pick<SubmitProposal, "justification" | "tests" | "validation" | "baseVersion"> & {
    source: ProposalRow["source"];
  },
  { actor }: Caller,
  subject: Subject,
  except?: string,
): { content: ProposalContent | null; requiredFunctions: string[] } {
  const { kind, name, action } = given;
  const content = readContent(kind, action, given.content);
  requireProposalSize(words);
  requireBase(given, words.baseVersion, subject);
  requireValid(words.validation);
  const intent = { kind, name, action, content };
  const authority = { author: actor.username, approvedBy: actor.username, proposalId: null };
  const { justification, source } = words;
  const plan = planOf(deps, { ...intent, justification, source }, actor, authority);
  if (plan.step.write === undefined) {
    throw new AppError("invalid_argument", `The ${kind} ${name} is as proposed already.`, {
      hint: "There is nothing to vote on; propose what is to be different.",
    });
  }
  requireOnlyOne(deps, intent, except);
  return { content, requiredFunctions: callsOf(plan) };
}

/** Throws `conflict` unless the proposal was written against what there is now. */
function requireBase({ kind, name, action }: Intent, baseVersion: number | null, { current }: Subject): void {
  const version = current?.version ?? null;
  // Whoever creates anew what is deactivated need not know that it was there.
  if (baseVersion === version || (action === "create" && baseVersion === null)) return;
  throw baseMovedOn(kind, name, { base: baseVersion, current: version });
}

function baseOf(
  { action, baseVersion }: { action: ProposalRow["action"]; baseVersion: number | null },
  { current }: Subject,
): Pick<ProposalRow, "baseVersion" | "baseContent"> {
  return {
    baseVersion: current?.version ?? baseVersion,
    baseContent: action === "create" ? null : (current?.content ?? null),
  };
}

function requireOnlyOne({ db }: TeamDeps, { kind, name, action, content }: Intent, except?: string): void {
  const text = JSON.stringify(content);
  for (const row of openProposalsOn(db, kind, name)) {
    if (row.id === except || row.action !== action || JSON.stringify(row.content) !== text) continue;
    throw new AppError("already_exists", `${row.author} has proposed the same: ${row.id} is ${row.state}.`, {
      hint: `Vote on ${row.id} instead.`,
      details: { id: row.id, state: row.state },
    });
  }
}

function requireAuthor({ id, author, authorId }: ProposalRow, { actor }: Caller): void {
  if (actor.userId === authorId) return;
  throw new AppError("forbidden", `The proposal ${id} is ${author}'s; only they may edit it.`, {
    hint: "Vote on it with a comment, or submit a proposal of your own.",
    details: { id, author },
  });
}

function openedNotice(known: Known, kind: "proposal.submitted" | "proposal.edited", title: string) {
  return noticeAbout(known, kind, { title, body: known.row.justification, to: "voters" });
}
