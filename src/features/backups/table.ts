// Backups of the team, and previews of what one would restore. Runs in the team object.
import { index, integer, sqliteTable, text } from "drizzle-orm/sqlite-core";
import { backupReasons, backupStates } from "./schema.ts";

export const backups = sqliteTable(
  "backups",
  {
    id: text("id").primaryKey(),
    reason: text("reason", { enum: backupReasons }).notNull(),
    state: text("state", { enum: backupStates }).notNull(),
    createdBy: text("created_by").notNull(),
    createdAt: integer("created_at", { mode: "timestamp_ms" }).notNull(),
    finishedAt: integer("finished_at", { mode: "timestamp_ms" }),
    /** The team revision it holds. */
    revision: integer("revision").notNull(),
    /** The newest migration it has had. */
    migration: text("migration").notNull(),
    rows: integer("rows").notNull(),
    /** Of the state as NDJSON. */
    bytes: integer("bytes").notNull(),
    /** Of the state as stored: compressed, and encrypted where a key is set. */
    storedBytes: integer("stored_bytes").notNull(),
    /** Files of datasets that belong to it. */
    objects: integer("objects").notNull(),
    objectBytes: integer("object_bytes").notNull(),
    /** Of the state before compression. */
    sha256: text("sha256"),
    encrypted: integer("encrypted", { mode: "boolean" }).notNull(),
    error: text("error"),
    leasedUntil: integer("leased_until", { mode: "timestamp_ms" }),
  },
  (table) => [index("backups_time").on(table.createdAt)],
);

/** Teams that show what a backup holds; they go by themselves. */
export const restorePreviews = sqliteTable("restore_previews", {
  slug: text("slug").primaryKey(),
  backupId: text("backup_id").notNull(),
  incarnation: text("incarnation").notNull(),
  createdBy: text("created_by").notNull(),
  createdAt: integer("created_at", { mode: "timestamp_ms" }).notNull(),
  expiresAt: integer("expires_at", { mode: "timestamp_ms" }).notNull(),
});
