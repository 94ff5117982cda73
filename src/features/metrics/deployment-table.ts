// What the deployment's queues have done, and the messages they gave up on. Runs in the deployment's object.
import { index, integer, sqliteTable, text } from "drizzle-orm/sqlite-core";

/** Per queue: deliveries, failures, and how long messages waited. */
export const queueTotals = sqliteTable("queue_totals", {
  queue: text("queue").primaryKey(),
  handled: integer("handled").notNull(),
  failed: integer("failed").notNull(),
  /** Messages whose last try failed. */
  deadLetters: integer("dead_letters").notNull(),
  lastHandledAt: integer("last_handled_at", { mode: "timestamp_ms" }).notNull(),
  totalLagMs: integer("total_lag_ms").notNull(),
  /** Messages per lag bucket of core/histogram.ts, not cumulative. */
  buckets: text("buckets_json", { mode: "json" }).$type<number[]>().notNull(),
});

/** Messages whose every try failed, until the operator replays or removes them. */
export const deadLetters = sqliteTable(
  "dead_letters",
  {
    seq: integer("seq").primaryKey({ autoIncrement: true }),
    /** The queue's own id of the message: one that comes twice is kept once. */
    id: text("id").notNull().unique(),
    /** The message as it was sent. */
    body: text("body_json", { mode: "json" }).$type<unknown>().notNull(),
    type: text("type").notNull(),
    team: text("team"),
    sentAt: integer("sent_at", { mode: "timestamp_ms" }).notNull(),
    storedAt: integer("stored_at", { mode: "timestamp_ms" }).notNull(),
    replayedAt: integer("replayed_at", { mode: "timestamp_ms" }),
  },
  (table) => [index("dead_letters_stored").on(table.storedAt)],
);
