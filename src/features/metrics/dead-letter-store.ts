// Messages that a queue gave up on, in the deployment object's SQLite. Synchronous; SQL only.
import { and, count, desc, eq, isNull, lt, lte, sql } from "drizzle-orm";
import { dayMs } from "../../core/durations.ts";
import type { Db } from "../../durable/db.ts";
import { notificationLimits } from "../../workflow-limits.ts";
import { deadLetters } from "./deployment-table.ts";
import type { DeadLetter, NewDeadLetter } from "./schema.ts";

/** Keeps messages, each once; the oldest go when there are too many, or when their time is up. */
export function keepDeadLetters(db: Db, letters: readonly NewDeadLetter[], now: number): void {
  for (const { id, body, type, team, sentAt } of letters) {
    const row = { id, body, type, team, sentAt: new Date(sentAt), storedAt: new Date(now), replayedAt: null };
    db.insert(deadLetters).values(row).onConflictDoNothing().run();
  }
  db.delete(deadLetters)
    .where(lte(deadLetters.storedAt, new Date(now - notificationLimits.deadLetterDays * dayMs)))
    .run();
  db.run(sql`
    DELETE FROM ${deadLetters} WHERE ${deadLetters.seq} <= (
      SELECT seq FROM ${deadLetters} ORDER BY seq DESC LIMIT 1 OFFSET ${notificationLimits.deadLetters}
    )`);
}

export interface DeadLetterFilter {
  /** Also those that were replayed. */
  all: boolean;
  /** Only rows before this number, newest first. */
  before: number | undefined;
  limit: number;
}

/** The newest messages that match, with the number of each for the cursor, and how many match in all. */
export function selectDeadLetters(
  db: Db,
  filter: DeadLetterFilter,
): { rows: { seq: number; letter: DeadLetter }[]; total: number } {
  const wanted = filter.all ? undefined : isNull(deadLetters.replayedAt);
  const rows = db
    .select()
    .from(deadLetters)
    .where(and(wanted, filter.before === undefined ? undefined : lt(deadLetters.seq, filter.before)))
    .orderBy(desc(deadLetters.seq))
    .limit(filter.limit)
    .all();
  const total = db.select({ rows: count() }).from(deadLetters).where(wanted).get()?.rows ?? 0;
  return { rows: rows.map((row) => ({ seq: row.seq, letter: toLetter(row) })), total };
}

export function findDeadLetter(db: Db, id: string): DeadLetter | undefined {
  const row = db.select().from(deadLetters).where(eq(deadLetters.id, id)).get();
  return row && toLetter(row);
}

/** Notes that a message was sent again. */
export function markReplayed(db: Db, id: string, now: number): void {
  db.update(deadLetters)
    .set({ replayedAt: new Date(now) })
    .where(eq(deadLetters.id, id))
    .run();
}

/** Says false when there was none. */
export function deleteDeadLetter(db: Db, id: string): boolean {
  return db.delete(deadLetters).where(eq(deadLetters.id, id)).returning({ id: deadLetters.id }).all().length > 0;
}

function toLetter(row: typeof deadLetters.$inferSelect): DeadLetter {
  return {
    id: row.id,
    type: row.type,
    team: row.team,
    message: row.body,
    sent_at: row.sentAt.toISOString(),
    stored_at: row.storedAt.toISOString(),
    replayed_at: row.replayedAt?.toISOString() ?? null,
  };
}
