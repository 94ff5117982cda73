// People, their tokens and their OAuth connections. Runs in the team object.
import { index, integer, sqliteTable, text } from "drizzle-orm/sqlite-core";
import type { Scope } from "../../core/define-tool.ts";

/** Members, former members (kept, since logs and versions name them) and service accounts. */
export const users = sqliteTable("users", {
  id: text("id").primaryKey(),
  /** Never changes and is never given to another. */
  username: text("username").notNull().unique(),
  email: text("email"),
  role: text("role", { enum: ["viewer", "member", "admin", "owner"] }).notNull(),
  createdAt: integer("created_at", { mode: "timestamp_ms" }).notNull(),
  lastActive: integer("last_active", { mode: "timestamp_ms" }),
  kind: text("kind", { enum: ["person", "service"] })
    .notNull()
    .default("person"),
  /** The deployment-wide person who signs in as this member; null until someone does. */
  personId: text("person_id").unique(),
  displayName: text("display_name"),
  removedAt: integer("removed_at", { mode: "timestamp_ms" }),
});

/** Personal access tokens and service tokens. Only the SHA-256 of a token is kept. */
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
    /** What it is narrowed to; null: nothing. */
    scopes: text("scopes_json", { mode: "json" }).$type<Scope[]>(),
    /** A service token that may name the member it acts for in X-User-Id. */
    mayActForOthers: integer("may_act_for_others", { mode: "boolean" }).notNull().default(false),
    createdBy: text("created_by"),
  },
  (table) => [index("tokens_user").on(table.userId)],
);

/** One OAuth client connected by one person: what every access and refresh token of that grant points at. */
export const connections = sqliteTable(
  "connections",
  {
    id: text("id").primaryKey(),
    userId: text("user_id")
      .notNull()
      .references(() => users.id),
    clientId: text("client_id").notNull(),
    clientName: text("client_name").notNull(),
    redirectHost: text("redirect_host").notNull(),
    scopes: text("scopes_json", { mode: "json" }).$type<Scope[]>().notNull(),
    createdAt: integer("created_at", { mode: "timestamp_ms" }).notNull(),
    lastUsedAt: integer("last_used_at", { mode: "timestamp_ms" }),
    revokedAt: integer("revoked_at", { mode: "timestamp_ms" }),
  },
  (table) => [index("connections_user").on(table.userId)],
);
