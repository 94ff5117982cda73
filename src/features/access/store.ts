// People and tokens in the team object's SQLite. Synchronous; SQL only.
import { and, eq, gt, isNull, or, sql } from "drizzle-orm";
import { newId } from "../../core/ids.ts";
import { prepared } from "../../core/prepared.ts";
import type { Db } from "../../durable/db.ts";
import { type Actor, type Role, weakerRole } from "./access.ts";
import { tokens, users } from "./table.ts";

/** How stale `last used` may be; writing it on every call would make each read a write. */
const lastUsedEveryMs = 60_000;

const selectByHash = prepared((db: Db) =>
  db
    .select({ token: tokens, user: users })
    .from(tokens)
    .innerJoin(users, eq(users.id, tokens.userId))
    .where(
      and(
        eq(tokens.hash, sql.placeholder("hash")),
        isNull(tokens.revokedAt),
        or(isNull(tokens.expiresAt), gt(tokens.expiresAt, sql.placeholder("now"))),
      ),
    )
    .prepare(),
);

/** The actor behind a token digest, or undefined when there is none, it expired or was revoked. */
export function findActor(db: Db, hash: string, now: number): Actor | undefined {
  const row = selectByHash(db).get({ hash, now });
  if (row === undefined) return undefined;
  if (now - (row.token.lastUsedAt?.getTime() ?? 0) > lastUsedEveryMs) {
    db.update(tokens)
      .set({ lastUsedAt: new Date(now) })
      .where(eq(tokens.id, row.token.id))
      .run();
    db.update(users)
      .set({ lastActive: new Date(now) })
      .where(eq(users.id, row.user.id))
      .run();
  }
  return {
    userId: row.user.id,
    username: row.user.username,
    role: weakerRole(row.user.role, row.token.role),
    tokenId: row.token.id,
  };
}

/** When a live token ends, or undefined when there is none of that id. */
export function findToken(db: Db, id: string): { expiresAt: number | null } | undefined {
  const row = db
    .select({ expiresAt: tokens.expiresAt })
    .from(tokens)
    .where(and(eq(tokens.id, id), isNull(tokens.revokedAt)))
    .get();
  return row === undefined ? undefined : { expiresAt: row.expiresAt?.getTime() ?? null };
}

/** The person of that username, or undefined. */
export function findPerson(db: Db, username: string): { id: string; role: Role } | undefined {
  return db.select({ id: users.id, role: users.role }).from(users).where(eq(users.username, username)).get();
}

export interface TokenRow {
  username: string;
  role: Role;
  label: string;
  hash: string;
  prefix: string;
  expiresAt: number | null;
}

/** Adds a token of the person `existingUserId`, or of a new person when there is none. Returns the token's id. */
export function insertToken(db: Db, input: TokenRow, existingUserId: string | undefined, now: number): string {
  const id = newId("tok");
  const userId = existingUserId ?? newId("usr");
  if (existingUserId === undefined) {
    db.insert(users)
      .values({ id: userId, username: input.username, role: input.role, createdAt: new Date(now) })
      .run();
  }
  db.insert(tokens)
    .values({
      id,
      userId,
      label: input.label,
      hash: input.hash,
      prefix: input.prefix,
      role: input.role,
      createdAt: new Date(now),
      expiresAt: input.expiresAt === null ? null : new Date(input.expiresAt),
    })
    .run();
  return id;
}

/** Ends a token now. False when there is no such live token. */
export function revokeToken(db: Db, id: string, now: number): boolean {
  const row = db
    .select({ id: tokens.id })
    .from(tokens)
    .where(and(eq(tokens.id, id), isNull(tokens.revokedAt)))
    .get();
  if (row === undefined) return false;
  db.update(tokens)
    .set({ revokedAt: new Date(now) })
    .where(eq(tokens.id, id))
    .run();
  return true;
}
