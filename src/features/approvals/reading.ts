// Proposals as they are shown: votes weighed by today's roles and settings, times by today's settings. Runs in the object.
import type { Db } from "../../durable/db.ts";
import type { TeamDeps } from "../../durable/team-deps.ts";
import { type Asker, hasRole, may, maySee, permissionRules } from "../access/access.ts";
import type { TeamSettings } from "../teams/schema.ts";
import { readSettings } from "../teams/store.ts";
import type { DiscussedProposal, ListedProposals, ProposalFilter, ProposalInContext } from "./approvals.ts";
import { commentCounts, commentsOn, toComment } from "./comment-store.ts";
import type { Known } from "./moving.ts";
import { type Ballot, dueTimes, type Poll, tallyOf, weightOf } from "./policy.ts";
import { type Proposal, proposalSummarySchema } from "./schema.ts";
import { type CastBallot, findProposal, roleToday, searchProposals, votesOn } from "./store.ts";
import { requireProposal, type Subject, subjectOf } from "./subject-store.ts";

/** A proposal with what it would change and what is said of it. Throws `not_found`. */
export function readProposal({ db }: TeamDeps, id: string, asker: Asker): DiscussedProposal {
  return { ...inContext(db, requireProposal(db, id, asker)), comments: commentsOn(db, id).map(toComment) };
}

/** The newest proposals that match, of those that the asker may know of. */
export function listProposals(deps: TeamDeps, filter: ProposalFilter, asker: Asker): ListedProposals {
  const { db } = deps;
  if (filter.mine_to_vote === true && !may(asker, "library:propose")) return { rows: [], total: 0 };
  const settings = readSettings(db);
  const { ids, total } = searchProposals(db, {
    ...filter,
    hiddenTools: deps.hiddenFrom(asker).toolNames,
    voter: { username: asker.username, authorMayVote: settings.author_may_vote },
  });
  const votes = votesOn(db, ids);
  const comments = commentCounts(db, ids);
  // One at a time: a whole proposal may be large, its summary is not.
  const rows = ids.flatMap((id) => {
    const row = findProposal(db, id);
    if (row === undefined) return [];
    const known = { row, subject: subjectOf(db, row.kind, row.name) };
    const shown = shownProposal(db, known, votes.get(id) ?? [], settings);
    const conflicts = row.conflict !== null;
    return [proposalSummarySchema.parse({ ...shown, conflicts, comments: comments.get(id) ?? 0 })];
  });
  return { rows, total };
}

/** A proposal with what it is about, now and when it was written. */
export function inContext(db: Db, known: Known): ProposalInContext {
  return { proposal: proposalOf(db, known), current: known.subject.current, base: known.row.baseContent };
}

/** A proposal as it is shown. */
export function proposalOf(db: Db, known: Known): Proposal {
  return shownProposal(db, known, votesOn(db, [known.row.id]).get(known.row.id) ?? [], readSettings(db));
}

/** A proposal as the policy sees it. */
export function pollOf(db: Db, { row, subject }: Known, votes: readonly CastBallot[]): Poll {
  const author = roleToday(db, row.authorId);
  return {
    authorId: row.authorId,
    isOrphaned: author === null || (author !== undefined && !hasRole(author, permissionRules["library:propose"].role)),
    ballots: votes.map((vote) => ballotOf(vote, subject)),
    openedAt: row.openedAt.getTime(),
    isBlocked: row.conflict !== null,
  };
}

function ballotOf({ userId, username, vote, role }: CastBallot, subject: Subject): Ballot {
  const isShown = role !== null && maySee({ role, username, scopes: [] }, subject);
  return { userId, username, vote, role: isShown ? role : null };
}

function shownProposal(db: Db, known: Known, votes: readonly CastBallot[], settings: TeamSettings): Proposal {
  const { row, subject } = known;
  const poll = pollOf(db, known, votes);
  const due = row.state === "pending" ? dueTimes(poll, settings) : { autoApproveAt: null, expiresAt: null };
  return {
    id: row.id,
    kind: row.kind,
    name: row.name,
    action: row.action,
    state: row.state,
    content: row.content,
    base_version: row.baseVersion,
    justification: row.justification,
    tests: row.tests,
    required_functions: row.requiredFunctions,
    validation: row.validation,
    conflict: row.conflict,
    source: row.source,
    author: row.author,
    edition: row.edition,
    created_at: row.createdAt.toISOString(),
    opened_at: row.openedAt.toISOString(),
    auto_approve_at: isoTime(due.autoApproveAt),
    expires_at: isoTime(due.expiresAt),
    votes: votes.map((vote) => ({
      username: vote.username,
      vote: vote.vote,
      comment: vote.comment,
      voted_at: vote.votedAt.toISOString(),
      weight: weightOf(poll, ballotOf(vote, subject), settings),
    })),
    tally: tallyOf(poll, settings),
    settled_at: row.settledAt?.toISOString() ?? null,
    settled_by: row.settledBy,
    settled_how: row.settledHow,
    applied_version: row.appliedVersion,
    outcome: row.outcome,
  };
}

function isoTime(at: number | null): string | null {
  return at === null ? null : new Date(at).toISOString();
}
