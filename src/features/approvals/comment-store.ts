// Comments on proposals in the team object's SQLite. Synchronous; SQL only.
import { asc, count, eq, sql } from "drizzle-orm";
import type { Db } from "../../durable/db.ts";
import type { Comment } from "./schema.ts";
import { proposalComments } from "./table.ts";

export type CommentRow = typeof proposalComments.$inferSelect;

/** All comments on a proposal, oldest first. */
export function commentsOn(db: Db, proposalId: string): CommentRow[] {
  return db
    .select()
    .from(proposalComments)
    .where(eq(proposalComments.proposalId, proposalId))
    .orderBy(asc(proposalComments.id))
    .all();
}

/** How many comments each of these proposals has; none of those without. */
export function commentCounts(db: Db, ids: readonly string[]): Map<string, number> {
  // As one value: a statement takes a bounded number of them.
  const wanted = sql`${proposalComments.proposalId} IN (SELECT value FROM json_each(${JSON.stringify(ids)}))`;
  const rows = db
    .select({ id: proposalComments.proposalId, comments: count() })
    .from(proposalComments)
    .where(wanted)
    .groupBy(proposalComments.proposalId)
    .all();
  return new Map(rows.map(({ id, comments }) => [id, comments]));
}

export function insertComment(db: Db, row: Omit<CommentRow, "id">): CommentRow {
  return db.insert(proposalComments).values(row).returning().get();
}

/** A comment as every surface shows it. */
export function toComment({ id, username, comment, edition, commentedAt }: CommentRow): Comment {
  return { id, username, comment, edition, commented_at: commentedAt.toISOString() };
}
