// Proposals and votes in the team object's SQLite. Synchronous; SQL only.
import { and, asc, count, desc, eq, gt, inArray, lt, lte, ne, not, or, type SQL, sql } from "drizzle-orm";
import { dayMs } from "../../core/durations.ts";
import type { Db } from "../../durable/db.ts";
import { approvalLimits } from "../../workflow-limits.ts";
import type { Role } from "../access/access.ts";
import { users } from "../access/table.ts";
import type { ProposalFilter } from "./approvals.ts";
import type { ProposalKind, StateFilter } from "./schema.ts";
import { approvalVotes, proposals } from "./table.ts";

export type ProposalRow = typeof proposals.$inferSelect;
export type VoteRow = typeof approvalVotes.$inferSelect;

/** A vote and the role its voter has today; null for who has left, and for service accounts, which do not vote. */
export type CastBallot = VoteRow & { role: Role | null };

const openStates = ["pending", "approved"] as const;

export function findProposal(db: Db, id: string): ProposalRow | undefined {
  return db.select().from(proposals).where(eq(proposals.id, id)).get();
}

export function insertProposal(db: Db, row: ProposalRow): void {
  db.insert(proposals).values(row).run();
}

/** Changes fields of a proposal and returns it as it is then. */
export function updateProposal(db: Db, id: string, change: Partial<Omit<ProposalRow, "id">>): ProposalRow {
  return db.update(proposals).set(change).where(eq(proposals.id, id)).returning().get();
}

/** All that are pending or approved, oldest first. */
export function openProposals(db: Db): Iterable<ProposalRow> {
  return eachOpen(db, undefined);
}

/** Those of one function or tool that are open, oldest first. */
export function openProposalsOn(db: Db, kind: ProposalKind, name: string): Iterable<ProposalRow> {
  return eachOpen(db, and(eq(proposals.kind, kind), eq(proposals.name, name)));
}

/** One row at a time: with its tests and its check each may be large, and all of them at once more than the object's memory. */
function* eachOpen(db: Db, which: SQL | undefined): Iterable<ProposalRow> {
  const ids = db
    .select({ id: proposals.id })
    .from(proposals)
    .where(and(which, inArray(proposals.state, openStates)))
    .orderBy(asc(proposals.openedAt), asc(proposals.id))
    .all();
  for (const { id } of ids) {
    const row = findProposal(db, id);
    if (row !== undefined) yield row;
  }
}

/** The role that someone has in the team today; null for who has left, undefined for who is nobody of the team, as the operator is. */
export function roleToday(db: Db, userId: string): Role | null | undefined {
  const found = db
    .select({ role: users.role, removedAt: users.removedAt })
    .from(users)
    .where(eq(users.id, userId))
    .get();
  return found === undefined || found.removedAt === null ? found?.role : null;
}

/** How many proposals are open, of the team and of this person, and how many this person has made in the last day. */
export function countProposals(db: Db, userId: string, now: number): { team: number; person: number; today: number } {
  const open = db
    .select({ team: count(), person: sql<number>`coalesce(sum(${proposals.authorId} = ${userId}), 0)` })
    .from(proposals)
    .where(inArray(proposals.state, openStates))
    .get();
  const recent = and(eq(proposals.authorId, userId), gt(proposals.createdAt, new Date(now - dayMs)));
  const today = db.select({ rows: count() }).from(proposals).where(recent).get()?.rows ?? 0;
  return { team: open?.team ?? 0, person: open?.person ?? 0, today };
}

/** Takes tests and what they gave off proposals that came to nothing long ago. Returns when to look again, Unix milliseconds. */
export function trimSettled(db: Db, now: number): number | undefined {
  const keptMs = approvalLimits.testsKeptDays * dayMs;
  const hasTests = sql`(${proposals.tests} <> '[]' OR json_array_length(${proposals.validation}, '$.tests') > 0
    OR json_type(${proposals.validation}, '$.sample') IS NOT NULL)`;
  const cameToNothing = and(not(inArray(proposals.state, [...openStates, "applied"])), hasTests);
  db.update(proposals)
    .set({
      tests: [],
      validation: sql`json_set(json_remove(${proposals.validation}, '$.sample'), '$.tests', json('[]'))`,
    })
    .where(and(cameToNothing, lte(proposals.settledAt, new Date(now - keptMs))))
    .run();
  const oldest = db
    .select({ at: sql<number | null>`min(${proposals.settledAt})` })
    .from(proposals)
    .where(cameToNothing)
    .get()?.at;
  return oldest === null || oldest === undefined ? undefined : oldest + keptMs;
}

/** The votes on each of these proposals, in the order they were cast. */
export function votesOn(db: Db, ids: readonly string[]): Map<string, CastBallot[]> {
  const found = new Map<string, CastBallot[]>(ids.map((id) => [id, []]));
  // As one value: a statement takes a bounded number of them.
  const wanted = sql`${approvalVotes.proposalId} IN (SELECT value FROM json_each(${JSON.stringify(ids)}))`;
  const rows = db
    .select({ vote: approvalVotes, role: users.role, kind: users.kind, removedAt: users.removedAt })
    .from(approvalVotes)
    .leftJoin(users, eq(users.id, approvalVotes.userId))
    .where(wanted)
    .orderBy(asc(approvalVotes.votedAt), asc(approvalVotes.username))
    .all();
  for (const { vote, role, kind, removedAt } of rows)
    found.get(vote.proposalId)?.push({ ...vote, role: kind === "person" && removedAt === null ? role : null });
  return found;
}

/** Writes a person's vote in place of the one they had. */
export function putVote(db: Db, vote: VoteRow): void {
  db.insert(approvalVotes)
    .values(vote)
    .onConflictDoUpdate({ target: [approvalVotes.proposalId, approvalVotes.userId], set: vote })
    .run();
}

/** Takes all votes off a proposal. */
export function clearVotes(db: Db, proposalId: string): void {
  db.delete(approvalVotes).where(eq(approvalVotes.proposalId, proposalId)).run();
}

export interface ProposalSearch extends ProposalFilter {
  /** Tools that the asker does not see. */
  hiddenTools: readonly string[];
  /** With `mine_to_vote`: who asks, and whether authors may vote. */
  voter: { username: string; authorMayVote: boolean };
}

/** The ids of the newest that match, and how many there are in all. */
export function searchProposals(db: Db, search: ProposalSearch): { ids: string[]; total: number } {
  const matching = and(...conditions(search));
  const after = search.before === undefined ? undefined : olderThan(db, search.before);
  const rows = db
    .select({ id: proposals.id })
    .from(proposals)
    .where(and(matching, after))
    .orderBy(desc(proposals.createdAt), desc(proposals.id))
    .limit(search.limit)
    .all();
  const total = db.select({ rows: count() }).from(proposals).where(matching).get()?.rows ?? 0;
  return { ids: rows.map(({ id }) => id), total };
}

function conditions(search: ProposalSearch): (SQL | undefined)[] {
  const { state, kind, name, author, mine_to_vote, hiddenTools, voter } = search;
  const hidden = and(
    eq(proposals.kind, "tool"),
    sql`${proposals.name} IN (SELECT value FROM json_each(${JSON.stringify(hiddenTools)}))`,
  );
  const hasVoted = sql`EXISTS (SELECT 1 FROM ${approvalVotes} WHERE ${approvalVotes.proposalId} = ${proposals.id}
    AND ${approvalVotes.username} = ${voter.username})`;
  const own = voter.authorMayVote ? undefined : ne(proposals.author, voter.username);
  return [
    hiddenTools.length === 0 || hidden === undefined ? undefined : not(hidden),
    state === undefined ? undefined : inState(state),
    kind === undefined ? undefined : eq(proposals.kind, kind),
    name === undefined ? undefined : eq(proposals.name, name),
    author === undefined ? undefined : eq(proposals.author, author),
    mine_to_vote === true ? and(eq(proposals.state, "pending"), not(hasVoted), own) : undefined,
  ];
}

function inState(state: StateFilter): SQL | undefined {
  const isOpen = inArray(proposals.state, openStates);
  return state === "open" ? isOpen : state === "settled" ? not(isOpen) : eq(proposals.state, state);
}

/** Those listed after this proposal; all when it is not there. */
function olderThan(db: Db, id: string): SQL | undefined {
  const place = findProposal(db, id);
  if (place === undefined) return undefined;
  const { createdAt } = place;
  return or(lt(proposals.createdAt, createdAt), and(eq(proposals.createdAt, createdAt), lt(proposals.id, id)));
}
