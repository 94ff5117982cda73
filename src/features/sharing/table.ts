// The key that signs this team's bundles, and the keys of others it trusts. Runs in the team object.
import { integer, sqliteTable, text } from "drizzle-orm/sqlite-core";

/** One row, made with the first signed export. */
export const signingKeys = sqliteTable("signing_keys", {
  id: integer("id").primaryKey(),
  /** Ed25519, raw, base64url. */
  publicKey: text("public_key").notNull(),
  /** PKCS #8, sealed. */
  privateKey: text("private_key_sealed").notNull(),
  createdAt: integer("created_at", { mode: "timestamp_ms" }).notNull(),
});

export const trustedSigners = sqliteTable("trusted_signers", {
  /** Of the public key: SHA-256, hex. */
  fingerprint: text("fingerprint").primaryKey(),
  publicKey: text("public_key").notNull(),
  name: text("name").notNull(),
  addedBy: text("added_by").notNull(),
  addedAt: integer("added_at", { mode: "timestamp_ms" }).notNull(),
});
