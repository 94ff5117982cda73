// Voting on proposals and withdrawing them. Each is one turn of the object, so that votes cast at once are counted one after the other. Runs in the object.
import { AppError } from "../../core/errors.ts";
import type { TeamDeps } from "../../durable/team-deps.ts";
import { type Caller, hasRole } from "../access/access.ts";
import { isOutside, requireNow } from "../access/caller-store.ts";
import { readSettings } from "../teams/store.ts";
import {
  type CastVote,
  describeProposal,
  requireChars,
  requireEdition,
  requirePending,
  type VoteOutcome,
} from "./approvals.ts";
import { auditOf, eventOf, type Known, moveProposal, noticeAbout, type Told } from "./moving.ts";
import { voterRole } from "./policy.ts";
import { proposalOf } from "./reading.ts";
import type { Proposal } from "./schema.ts";
import { changeOf, currentOutcome, settleNow, watch } from "./settling.ts";
import { type ProposalRow, putVote, roleToday, type VoteRow, votesOn } from "./store.ts";
import { requireProposal } from "./subject-store.ts";

/**
 * Casts or changes a person's vote, and settles the proposal when that decides it. Throws `forbidden` for who may not vote here, `conflict`
 * when the proposal is not pending or is at another edition, `not_found`.
 */
export function castVote(deps: TeamDeps, id: string, input: CastVote, by: Caller): VoteOutcome {
  const { db } = deps;
  const caller = requireNow(db, by, "library:propose", "vote on proposals");
  requirePerson(caller);
  const known = settleNow(deps, requireProposal(db, id, caller.actor));
  requirePending(known.row, "voted on");
  requireEdition(known.row, input.edition);
  requireNotOwn(deps, known.row, caller);
  requireOwnWeight(deps, input.vote, caller);
  const comment = input.comment ?? null;
  requireChars("commentChars", "a comment", comment ?? "");
  const { userId, username } = caller.actor;
  const before = votesOn(db, [id])
    .get(id)
    ?.find((vote) => vote.userId === userId);
  if (before?.vote === input.vote && before.comment === comment) {
    return { proposal: proposalOf(db, known), settled: undefined };
  }
  const vote = { proposalId: id, userId, username, vote: input.vote, comment, votedAt: new Date(deps.now()) };
  const row = deps.record(caller, () => {
    const { row: result, ...told } = recordVote(deps, known, vote, before);
    return { result, ...told };
  });
  const voted = { row, subject: known.subject };
  watch(deps, voted);
  const settled = row.state === "approved" || row.state === "rejected" ? row.state : undefined;
  return { proposal: proposalOf(db, voted), settled };
}

/** Writes a vote and what it decides. To be called in a transaction. */
function recordVote(deps: TeamDeps, known: Known, vote: VoteRow, before: VoteRow | undefined): Told {
  const { row } = known;
  putVote(deps.db, vote);
  const shown = ({ vote: cast, comment }: VoteRow) => ({ vote: cast, comment });
  const audit = auditOf(row, "vote", {
    ...(before === undefined ? {} : { before: shown(before) }),
    after: shown(vote),
  });
  const title = `${vote.username} ${vote.vote === "approve" ? "approves" : "rejects"}: ${describeProposal(row)}`;
  const notice = noticeAbout(known, "proposal.voted", { title, body: vote.comment ?? "", to: [row.authorId] });
  const outcome = currentOutcome(deps, known);
  if (outcome.state === "pending")
    return { row, events: [eventOf(known, "updated")], audit: [audit], notices: [notice] };
  const moved = moveProposal(deps.db, known, outcome.state, changeOf(outcome), vote.votedAt);
  return { ...moved, audit: [audit, ...moved.audit], notices: [notice, ...moved.notices] };
}

/** Takes a pending proposal back. Throws `forbidden` for anyone but its author and admins, `conflict` when it is not pending, `not_found`. */
export function withdrawProposal(deps: TeamDeps, id: string, by: Caller, reason?: string): Proposal {
  const { db } = deps;
  const caller = requireNow(db, by, "library:propose");
  const known = settleNow(deps, requireProposal(db, id, caller.actor));
  const { actor } = caller;
  if (actor.userId !== known.row.authorId && !hasRole(actor.role, "admin")) {
    throw new AppError(
      "forbidden",
      `The proposal ${id} is ${known.row.author}'s; only they and admins may withdraw it.`,
      {
        hint: "Reject it with a comment instead.",
        details: { id, author: known.row.author },
      },
    );
  }
  requirePending(known.row, "withdrawn");
  requireChars("commentChars", "a reason", reason ?? "");
  const row = deps.record(caller, () => {
    const change = { settledHow: "author" as const, settledBy: actor.username, outcome: reason ?? null };
    const { row: result, ...told } = moveProposal(db, known, "withdrawn", change, new Date(deps.now()));
    return { result, ...told };
  });
  return proposalOf(db, { row, subject: known.subject });
}

/** Votes are people's: a service account may act for a member who votes, and has no vote of its own. */
function requirePerson(by: Caller): void {
  const { actor } = by;
  const isService = actor.credential.kind === "service_token" && actor.through === undefined;
  if (!isService && !isOutside(by)) return;
  throw new AppError("forbidden", `${actor.username} is not a person, and votes are people's.`, {
    hint: "Vote with a credential of your own.",
  });
}

/** A vote counts with the role of its person, so a credential of a weaker role does not cast one that it could not have. */
function requireOwnWeight({ db }: TeamDeps, vote: CastVote["vote"], { actor }: Caller): void {
  const own = roleToday(db, actor.userId);
  if (own === undefined || own === null || hasRole(actor.role, own)) return;
  const { admin_veto: hasVeto, vote_weights: weights } = readSettings(db);
  const isVeto = vote === "reject" && hasVeto && hasRole(own, "admin") && !hasRole(actor.role, "admin");
  if (!isVeto && weights[voterRole(own)] <= weights[voterRole(actor.role)]) return;
  throw new AppError(
    "forbidden",
    `This credential is one of a ${actor.role}, and the vote would count as that of ${actor.username}'s own role, ${own}.`,
    { hint: `Vote with a credential that has the role ${own}.`, details: { role: actor.role, own } },
  );
}

function requireNotOwn({ db }: TeamDeps, { id, authorId }: ProposalRow, { actor }: Caller): void {
  if (actor.userId !== authorId || readSettings(db).author_may_vote) return;
  throw new AppError("forbidden", `The proposal ${id} is your own, and this team's authors do not vote on theirs.`, {
    hint: "Ask others to vote. An admin can allow it with the setting author_may_vote.",
    details: { id, setting: "author_may_vote" },
  });
}
