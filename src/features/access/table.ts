// People and their tokens. Runs in the team object.
import { index, integer, sqliteTable, text } from "drizzle-orm/sqlite-core";

export const users = sqliteTable("users", {
  id: text("id").primaryKey(),
  username: text("username").notNull().unique(),
  email: text("email"),
  role: text("role", { enum: ["viewer", "member", "admin", "owner"] }).notNull(),
  createdAt: integer("created_at", { mode: "timestamp_ms" }).notNull(),
  lastActive: integer("last_active", { mode: "timestamp_ms" }),
});

/** Personal access tokens. Only the SHA-256 of a token is kept. */
export const tokens = sqliteTable(
  "tokens",
  {
    id: text("id").primaryKey(),
    userId: text("user_id")
      .notNull()
      .references(() => users.id),
    label: text("label").notNull(),
    hash: text("hash").notNull().unique(),
    /** The first characters, to recognise a token by. */
    prefix: text("prefix").notNull(),
    /** A token may be weaker than its person, never stronger. */
    role: text("role", { enum: ["viewer", "member", "admin", "owner"] }).notNull(),
    createdAt: integer("created_at", { mode: "timestamp_ms" }).notNull(),
    expiresAt: integer("expires_at", { mode: "timestamp_ms" }),
    lastUsedAt: integer("last_used_at", { mode: "timestamp_ms" }),
    revokedAt: integer("revoked_at", { mode: "timestamp_ms" }),
  },
  (table) => [index("tokens_user").on(table.userId)],
);
