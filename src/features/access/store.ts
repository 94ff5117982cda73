// Who a credential stands for, in the team object's SQLite. Synchronous; SQL only.
import { and, eq, gt, isNull, or, sql } from "drizzle-orm";
import { scopes } from "../../core/define-tool.ts";
import { prepared } from "../../core/prepared.ts";
import type { Db } from "../../durable/db.ts";
import { type Actor, weakerRole } from "./access.ts";
import { touchConnection } from "./connection-store.ts";
import type { Credential } from "./schema.ts";
import { connections, tokens, users } from "./table.ts";

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
        isNull(users.removedAt),
        or(isNull(tokens.expiresAt), gt(tokens.expiresAt, sql.placeholder("now"))),
      ),
    )
    .prepare(),
);

type UserRow = typeof users.$inferSelect;

/** Whom a credential stands for, and when it ends by itself (Unix milliseconds; null: never). Undefined when it is not good, or not any more. */
export function findActor(
  db: Db,
  credential: Credential,
  now: number,
): { actor: Actor; expiresAt: number | null; token?: { mayActForOthers: boolean } } | undefined {
  switch (credential.kind) {
    case "token":
      return findByToken(db, credential.hash, now);
    case "connection":
      return findByConnection(db, credential, now);
    case "session":
      return findBySession(db, credential, now);
  }
}

function findByToken(db: Db, hash: string, now: number): ReturnType<typeof findActor> {
  const row = selectByHash(db).get({ hash, now });
  if (row === undefined) return undefined;
  const { token, user } = row;
  if (isStale(token.lastUsedAt, now)) {
    db.update(tokens)
      .set({ lastUsedAt: new Date(now) })
      .where(eq(tokens.id, token.id))
      .run();
    noteActive(db, user, now);
  }
  const kind = user.kind === "service" ? "service_token" : "token";
  return {
    actor: {
      userId: user.id,
      username: user.username,
      role: weakerRole(user.role, token.role),
      scopes: token.scopes ?? scopes,
      credential: { kind, id: token.id, label: token.label },
    },
    expiresAt: token.expiresAt?.getTime() ?? null,
    token: { mayActForOthers: token.mayActForOthers },
  };
}

function findByConnection(
  db: Db,
  credential: Extract<Credential, { kind: "connection" }>,
  now: number,
): ReturnType<typeof findActor> {
  const row = db
    .select({ connection: connections, user: users })
    .from(connections)
    .innerJoin(users, eq(users.id, connections.userId))
    .where(and(eq(connections.id, credential.id), isNull(connections.revokedAt), isNull(users.removedAt)))
    .get();
  if (row === undefined) return undefined;
  const { connection, user } = row;
  if (isStale(connection.lastUsedAt, now)) {
    touchConnection(db, connection.id, now);
    noteActive(db, user, now);
  }
  return {
    actor: {
      userId: user.id,
      username: user.username,
      role: user.role,
      scopes: credential.scopes.filter((scope) => connection.scopes.includes(scope)),
      credential: { kind: "connection", id: connection.id, label: connection.clientName },
    },
    expiresAt: credential.expiresAt,
  };
}

function findBySession(
  db: Db,
  credential: Extract<Credential, { kind: "session" }>,
  now: number,
): ReturnType<typeof findActor> {
  const user = db
    .select()
    .from(users)
    .where(and(eq(users.personId, credential.personId), isNull(users.removedAt)))
    .get();
  if (user === undefined) return undefined;
  noteActive(db, user, now);
  return {
    actor: {
      userId: user.id,
      username: user.username,
      role: user.role,
      scopes,
      credential: { kind: "session", id: credential.id, label: credential.provider },
    },
    expiresAt: credential.expiresAt,
  };
}

/** The member a service account names to act for: the weaker of both roles, under the same credential. Undefined when there is no such member. */
export function actorFor(db: Db, service: Actor, username: string): Actor | undefined {
  const user = db
    .select()
    .from(users)
    .where(and(eq(users.username, username), eq(users.kind, "person"), isNull(users.removedAt)))
    .get();
  if (user === undefined) return undefined;
  return {
    ...service,
    userId: user.id,
    username: user.username,
    role: weakerRole(user.role, service.role),
    through: service.username,
  };
}

function isStale(lastUsedAt: Date | null, now: number): boolean {
  return now - (lastUsedAt?.getTime() ?? 0) > lastUsedEveryMs;
}

function noteActive(db: Db, user: UserRow, now: number): void {
  if (!isStale(user.lastActive, now)) return;
  db.update(users)
    .set({ lastActive: new Date(now) })
    .where(eq(users.id, user.id))
    .run();
}
