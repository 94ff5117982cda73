// Invitations into the team. Runs in the team object.
import { index, integer, sqliteTable, text } from "drizzle-orm/sqlite-core";

/** Links that let someone join once. Only the SHA-256 of a link's secret is kept. */
export const invitations = sqliteTable(
  "invitations",
  {
    id: text("id").primaryKey(),
    hash: text("hash").notNull().unique(),
    role: text("role", { enum: ["viewer", "member", "admin", "owner"] }).notNull(),
    /** Only a person whose verified address this is may accept; null: whoever has the link. */
    email: text("email"),
    /** The member that whoever accepts signs in as: how someone known by tokens alone gets a login. Null: a new one. */
    userId: text("user_id"),
    /** Opening the link is proof enough to sign in once, without an identity provider or passkey. */
    signsIn: integer("signs_in", { mode: "boolean" }).notNull().default(false),
    createdBy: text("created_by").notNull(),
    createdAt: integer("created_at", { mode: "timestamp_ms" }).notNull(),
    expiresAt: integer("expires_at", { mode: "timestamp_ms" }).notNull(),
    acceptedAt: integer("accepted_at", { mode: "timestamp_ms" }),
    acceptedBy: text("accepted_by"),
    revokedAt: integer("revoked_at", { mode: "timestamp_ms" }),
  },
  (table) => [index("invitations_expiry").on(table.expiresAt)],
);
