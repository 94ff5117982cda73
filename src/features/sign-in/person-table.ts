// One person across teams: how they sign in, where they are signed in, and which teams they are in. Runs in the person's object.
import { index, integer, primaryKey, sqliteTable, text } from "drizzle-orm/sqlite-core";

/** One row: who this object is. */
export const person = sqliteTable("person", {
  id: integer("id").primaryKey(),
  personId: text("person_id").notNull(),
  displayName: text("display_name").notNull(),
  /** The person that the identity this object is derived from signs in as, when it was added to someone else's account. */
  linkedTo: text("linked_to"),
  createdAt: integer("created_at", { mode: "timestamp_ms" }).notNull(),
});

/** Accounts at identity providers that sign in as this person. */
export const identities = sqliteTable(
  "identities",
  {
    issuer: text("issuer").notNull(),
    subject: text("subject").notNull(),
    /** The configured provider's id, e.g. `google`. */
    provider: text("provider").notNull(),
    email: text("email"),
    emailVerified: integer("email_verified", { mode: "boolean" }).notNull(),
    createdAt: integer("created_at", { mode: "timestamp_ms" }).notNull(),
    lastUsedAt: integer("last_used_at", { mode: "timestamp_ms" }).notNull(),
  },
  (table) => [primaryKey({ columns: [table.issuer, table.subject] })],
);

export const passkeys = sqliteTable("passkeys", {
  /** The credential's id, base64url. */
  id: text("id").primaryKey(),
  /** COSE public key, base64url. */
  publicKey: text("public_key").notNull(),
  counter: integer("counter").notNull(),
  transports: text("transports_json", { mode: "json" }).$type<string[]>().notNull(),
  label: text("label").notNull(),
  createdAt: integer("created_at", { mode: "timestamp_ms" }).notNull(),
  lastUsedAt: integer("last_used_at", { mode: "timestamp_ms" }),
});

/** Browsers that are signed in. Only the SHA-256 of a cookie's secret is kept. */
export const sessions = sqliteTable(
  "sessions",
  {
    id: text("id").primaryKey(),
    hash: text("hash").notNull().unique(),
    /** How they signed in: a provider's id, `passkey` or `link`. */
    provider: text("provider").notNull(),
    userAgent: text("user_agent"),
    address: text("address"),
    createdAt: integer("created_at", { mode: "timestamp_ms" }).notNull(),
    lastSeenAt: integer("last_seen_at", { mode: "timestamp_ms" }).notNull(),
    expiresAt: integer("expires_at", { mode: "timestamp_ms" }).notNull(),
  },
  (table) => [index("sessions_expiry").on(table.expiresAt)],
);

/** Teams this person joined. The team's object decides; this is where to look. */
export const memberships = sqliteTable("memberships", {
  team: text("team").primaryKey(),
  joinedAt: integer("joined_at", { mode: "timestamp_ms" }).notNull(),
});

/** WebAuthn challenges that were answered, until they would have expired anyway: each counts once. */
export const usedChallenges = sqliteTable(
  "used_challenges",
  {
    challenge: text("challenge").primaryKey(),
    expiresAt: integer("expires_at", { mode: "timestamp_ms" }).notNull(),
  },
  (table) => [index("used_challenges_expiry").on(table.expiresAt)],
);
