// Tokens and whom they belong to, in the team object's SQLite. Synchronous; SQL only.
import { and, count, desc, eq, gt, isNull, lt, or, type SQL, sql } from "drizzle-orm";
import type { Db } from "../../durable/db.ts";
import type { Role } from "./access.ts";
import type { Token } from "./schema.ts";
import { tokens, users } from "./table.ts";

export type UserRow = typeof users.$inferSelect;
export type TokenRow = typeof tokens.$inferSelect;

/** A token that is neither revoked nor expired. */
export const isLive = (now: number): SQL | undefined =>
  and(isNull(tokens.revokedAt), or(isNull(tokens.expiresAt), gt(tokens.expiresAt, new Date(now))));

/** Whoever has this username or had it, in whatever case it is written. */
export function findByUsername(db: Db, username: string): UserRow | undefined {
  return db
    .select()
    .from(users)
    .where(eq(sql`lower(${users.username})`, username.toLowerCase()))
    .get();
}

/** How many people, or service accounts, are in the team. */
export function countUsers(db: Db, kind: UserRow["kind"]): number {
  const inTeam = and(isNull(users.removedAt), eq(users.kind, kind));
  return db.select({ rows: count() }).from(users).where(inTeam).get()?.rows ?? 0;
}

export function insertUser(db: Db, row: typeof users.$inferInsert): void {
  db.insert(users).values(row).run();
}

/** Gives someone this role, and their place back if they had left. */
export function reinstate(db: Db, id: string, role: Role): void {
  db.update(users).set({ role, removedAt: null }).where(eq(users.id, id)).run();
}

/** How many tokens of someone are neither revoked nor expired. */
export function countLiveTokens(db: Db, userId: string, now: number): number {
  const own = and(eq(tokens.userId, userId), isLive(now));
  return db.select({ rows: count() }).from(tokens).where(own).get()?.rows ?? 0;
}

export function insertToken(db: Db, row: typeof tokens.$inferInsert): void {
  db.insert(tokens).values(row).run();
}

/** A token that is neither revoked nor expired, and its owner. */
export function findLiveToken(db: Db, id: string, now: number): { token: TokenRow; user: UserRow } | undefined {
  return db
    .select({ token: tokens, user: users })
    .from(tokens)
    .innerJoin(users, eq(users.id, tokens.userId))
    .where(and(eq(tokens.id, id), isLive(now)))
    .get();
}

export function markRevoked(db: Db, id: string, now: number): void {
  db.update(tokens)
    .set({ revokedAt: new Date(now) })
    .where(eq(tokens.id, id))
    .run();
}

export interface TokenFilter {
  /** Only of this user; undefined: everyone's. */
  userId: string | undefined;
  /** Only rows before this number, newest first. */
  before: number | undefined;
  limit: number;
}

/** The newest live tokens that match, with the number of each for the cursor, and how many match in all. */
export function selectTokens(
  db: Db,
  filter: TokenFilter,
  now: number,
): { rows: { seq: number; token: Token }[]; total: number } {
  const wanted = and(isLive(now), filter.userId === undefined ? undefined : eq(tokens.userId, filter.userId));
  const seq = sql<number>`${tokens}.rowid`;
  const rows = db
    .select({ seq, token: tokens, username: users.username })
    .from(tokens)
    .innerJoin(users, eq(users.id, tokens.userId))
    .where(and(wanted, filter.before === undefined ? undefined : lt(seq, filter.before)))
    .orderBy(desc(seq))
    .limit(filter.limit)
    .all();
  const total = db.select({ rows: count() }).from(tokens).where(wanted).get()?.rows ?? 0;
  return { rows: rows.map((row) => ({ seq: row.seq, token: toToken(row.token, row.username) })), total };
}

/** A token as surfaces show it. */
export function toToken(row: TokenRow, username: string): Token {
  return {
    id: row.id,
    username,
    label: row.label,
    prefix: row.prefix,
    role: row.role,
    scopes: row.scopes,
    may_act_for_others: row.mayActForOthers,
    created_by: row.createdBy,
    created_at: row.createdAt.toISOString(),
    expires_at: row.expiresAt?.toISOString() ?? null,
    last_used_at: row.lastUsedAt?.toISOString() ?? null,
  };
}
