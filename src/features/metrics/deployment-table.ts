// What the deployment's queues have done. Runs in the deployment's object.
import { integer, sqliteTable, text } from "drizzle-orm/sqlite-core";

/** Per queue: deliveries, failures, and how long messages waited. */
export const queueTotals = sqliteTable("queue_totals", {
  queue: text("queue").primaryKey(),
  handled: integer("handled").notNull(),
  failed: integer("failed").notNull(),
  /** Messages whose last try failed. */
  deadLetters: integer("dead_letters").notNull(),
  lastHandledAt: integer("last_handled_at", { mode: "timestamp_ms" }).notNull(),
  totalLagMs: integer("total_lag_ms").notNull(),
  /** Messages per lag bucket of histogram.ts, not cumulative. */
  buckets: text("buckets_json", { mode: "json" }).$type<number[]>().notNull(),
});
