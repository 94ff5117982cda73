// The audit log: append-only, each row sealed by the one before. Runs in the team object.
import { index, integer, sqliteTable, text } from "drizzle-orm/sqlite-core";

export const auditLog = sqliteTable(
  "audit_log",
  {
    /** 1, 2, 3 … without a gap. */
    seq: integer("seq").primaryKey(),
    at: integer("at", { mode: "timestamp_ms" }).notNull(),
    userId: text("user_id").notNull(),
    /** As it was then. */
    username: text("username").notNull(),
    /** How they proved it: kind, id and label of the credential. */
    credentialKind: text("credential_kind").notNull(),
    credentialId: text("credential_id").notNull(),
    credentialLabel: text("credential_label").notNull(),
    /** The service account that acted for the user, if one did. */
    through: text("through"),
    client: text("client"),
    address: text("address"),
    requestId: text("request_id").notNull(),
    /** What was done, e.g. `tool.update`. */
    action: text("action").notNull(),
    targetKind: text("target_kind").notNull(),
    targetName: text("target_name").notNull(),
    /** JSON texts, secrets redacted, cut at a limit; null where there is none. */
    before: text("before_json"),
    after: text("after_json"),
    /** The row before's hash; 64 zeros in the first. */
    previousHash: text("previous_hash").notNull(),
    /** SHA-256 of the previous hash and this row's canonical JSON. */
    hash: text("hash").notNull(),
  },
  (table) => [
    index("audit_user").on(table.username),
    index("audit_action").on(table.action),
    index("audit_target").on(table.targetKind, table.targetName),
    index("audit_at").on(table.at),
  ],
);
