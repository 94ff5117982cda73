// What the queues have done, in the deployment object's SQLite. Synchronous; SQL only.
import { eq, sql } from "drizzle-orm";
import { addToHistogram, emptyBuckets } from "../../core/histogram.ts";
import type { Db } from "../../durable/db.ts";
import { queueTotals } from "./deployment-table.ts";
import type { QueueReport, QueueTotal } from "./schema.ts";

/** Adds one batch to its queue's totals. */
export function addBatch(db: Db, report: QueueReport, now: number): void {
  const known = db.select().from(queueTotals).where(eq(queueTotals.queue, report.queue)).get();
  const buckets = known?.buckets ?? emptyBuckets();
  for (const lag of report.lagsMs) addToHistogram(buckets, lag);
  const row = {
    queue: report.queue,
    handled: (known?.handled ?? 0) + report.handled,
    failed: (known?.failed ?? 0) + report.failed,
    deadLetters: (known?.deadLetters ?? 0) + report.deadLetters,
    totalLagMs: report.lagsMs.reduce((sum, lag) => sum + lag, known?.totalLagMs ?? 0),
    lastHandledAt: new Date(now),
    buckets,
  };
  db.insert(queueTotals).values(row).onConflictDoUpdate({ target: queueTotals.queue, set: row }).run();
}

/** The totals of every queue that has delivered anything. */
export function selectQueues(db: Db): QueueTotal[] {
  return db
    .select()
    .from(queueTotals)
    .orderBy(queueTotals.queue)
    .all()
    .map(({ lastHandledAt, ...total }) => ({ ...total, lastHandledAt: lastHandledAt.getTime() }));
}

/** Reads the database, so that a caller who gets an answer knows it can be read. */
export function probe(db: Db): void {
  db.get(sql`SELECT count(*) FROM sqlite_master`);
}
