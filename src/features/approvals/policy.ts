// What a team's settings make of a proposal's votes and age. Nothing here is stored: settings and roles count as they are when asked. Runs everywhere.
import { hourMs } from "../../core/durations.ts";
import { hasRole, type Role } from "../access/access.ts";
import type { TeamSettings } from "../teams/schema.ts";
import type { Tally } from "./schema.ts";

/** One person's vote, and who they are today. */
export interface Ballot {
  userId: string;
  username: string;
  vote: "approve" | "reject";
  /** Null for who has left, or does not see what it is about any more. */
  role: Role | null;
}

/** A pending proposal as far as settling it is concerned. Times in Unix milliseconds. */
export interface Poll {
  authorId: string;
  ballots: readonly Ballot[];
  /** When this edition was opened to votes. */
  openedAt: number;
  /** A conflict waits for its author: it cannot be approved as it stands. */
  isBlocked: boolean;
  /** Its author has left or may not propose any more: then time alone does not approve it. */
  isOrphaned?: boolean;
}

export type PolicySettings = Pick<
  TeamSettings,
  | "approval_threshold"
  | "reject_threshold"
  | "approval_quorum"
  | "author_may_vote"
  | "admin_veto"
  | "vote_weights"
  | "auto_approve_timeout"
  | "proposal_expiry"
>;

/** What becomes of a proposal, and by whose votes. */
export type Outcome =
  | { state: "pending" }
  | { state: "approved"; how: "votes" | "timeout"; by: string[] }
  | { state: "rejected"; how: "votes" | "veto"; by: string[] }
  | { state: "expired"; how: "expiry"; by: string[] };

/** What a person's vote counts, with the role they have now. */
export function weightOf({ authorId }: Pick<Poll, "authorId">, ballot: Ballot, settings: PolicySettings): number {
  return stands(authorId, ballot, settings) ? settings.vote_weights[voterRole(ballot.role)] : 0;
}

/** How the votes stand against what the settings ask for. */
export function tallyOf(poll: Pick<Poll, "authorId" | "ballots">, settings: PolicySettings): Tally {
  const weigh = (vote: Ballot["vote"]): number =>
    poll.ballots
      .filter((ballot) => ballot.vote === vote)
      .reduce((sum, ballot) => sum + weightOf(poll, ballot, settings), 0);
  return {
    approve: weigh("approve"),
    reject: weigh("reject"),
    voters: standingOf(poll, settings).length,
    approve_at: settings.approval_threshold,
    reject_at: settings.reject_threshold,
    quorum: settings.approval_quorum,
  };
}

/** When time settles a pending proposal: `autoApproveAt` is null where it never does by approval. */
export function dueTimes(poll: Poll, settings: PolicySettings): { autoApproveAt: number | null; expiresAt: number } {
  const { auto_approve_timeout: timeout, proposal_expiry: expiry } = settings;
  const isContested = standingOf(poll, settings).some(({ vote }) => vote === "reject");
  const never = timeout === null || isContested || poll.isBlocked || poll.isOrphaned === true;
  return {
    autoApproveAt: never ? null : poll.openedAt + timeout * hourMs,
    expiresAt: poll.openedAt + expiry * hourMs,
  };
}

/** The time at which a proposal that stays as it is will be settled, Unix milliseconds. */
export function settledAt(poll: Poll, settings: PolicySettings): number {
  const { autoApproveAt, expiresAt } = dueTimes(poll, settings);
  return Math.min(autoApproveAt ?? expiresAt, expiresAt);
}

/**
 * What becomes of a pending proposal now: votes first, a rejection before an approval; then time, whichever of its two limits comes first,
 * so that the answer does not hang on when the question is asked.
 */
export function outcomeOf(poll: Poll, settings: PolicySettings, now: number): Outcome {
  const byVotes = outcomeByVotes(poll, settings);
  if (byVotes.state !== "pending") return byVotes;
  const { autoApproveAt, expiresAt } = dueTimes(poll, settings);
  if (now < settledAt(poll, settings)) return { state: "pending" };
  if (autoApproveAt !== null && autoApproveAt <= expiresAt) return { state: "approved", how: "timeout", by: [] };
  return { state: "expired", how: "expiry", by: [] };
}

function outcomeByVotes(poll: Poll, settings: PolicySettings): Outcome {
  const standing = standingOf(poll, settings);
  const namesOf = (ballots: readonly Ballot[]): string[] => ballots.map(({ username }) => username).sort();
  const rejecting = standing.filter(({ vote }) => vote === "reject");
  const vetoes = settings.admin_veto ? rejecting.filter(({ role }) => role !== null && hasRole(role, "admin")) : [];
  if (vetoes.length > 0) return { state: "rejected", how: "veto", by: namesOf(vetoes) };
  const tally = tallyOf(poll, settings);
  if (tally.voters < tally.quorum) return { state: "pending" };
  if (tally.reject >= tally.reject_at) return { state: "rejected", how: "votes", by: namesOf(rejecting) };
  if (tally.approve < tally.approve_at || poll.isBlocked) return { state: "pending" };
  const approving = standing.filter(({ vote }) => vote === "approve");
  return { state: "approved", how: "votes", by: namesOf(approving) };
}

function standingOf(
  { authorId, ballots }: Pick<Poll, "authorId" | "ballots">,
  settings: PolicySettings,
): readonly Ballot[] {
  return ballots.filter((ballot) => stands(authorId, ballot, settings));
}

/** A vote stands while its voter may vote: who left, became a viewer or may not vote on their own does not count. */
function stands(authorId: string, { userId, role }: Ballot, settings: PolicySettings): boolean {
  if (role === null || !hasRole(role, "member")) return false;
  return userId !== authorId || settings.author_may_vote;
}

/** The role that weights are given for: whoever votes is a member at least. */
export function voterRole(role: Role | null): keyof PolicySettings["vote_weights"] {
  return role === "owner" || role === "admin" ? role : "member";
}
