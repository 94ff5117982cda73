// Idempotency keys of the last day and what was answered. Runs in the team object.
import { index, integer, sqliteTable, text, uniqueIndex } from "drizzle-orm/sqlite-core";

export const idempotencyKeys = sqliteTable(
  "idempotency_keys",
  {
    /** Names one attempt: a retry that takes over gets a new one, and what the first still tries to write is refused. */
    id: text("id").primaryKey(),
    userId: text("user_id").notNull(),
    /** SHA-256 of the key, which itself is part of what opens the answer. */
    keyHash: text("key_hash").notNull(),
    /** The tool's name, or method and path. */
    operation: text("operation").notNull(),
    /** SHA-256 of what was asked; null while a long body is still arriving. */
    requestHash: text("request_hash"),
    /** running: begun; written: it changed something and has not answered yet; answered: `answer` is what it said. */
    state: text("state", { enum: ["running", "written", "answered"] }).notNull(),
    /** Sealed at the edge; this object cannot read it. */
    answer: text("answer"),
    answerBytes: integer("answer_bytes").notNull().default(0),
    createdAt: integer("created_at", { mode: "timestamp_ms" }).notNull(),
    /** Until when a request that has said nothing counts as still running. */
    leaseUntil: integer("lease_until", { mode: "timestamp_ms" }).notNull(),
    expiresAt: integer("expires_at", { mode: "timestamp_ms" }).notNull(),
  },
  (table) => [
    uniqueIndex("idempotency_user_key").on(table.userId, table.keyHash),
    index("idempotency_expiry").on(table.expiresAt),
  ],
);
