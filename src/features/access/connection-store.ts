// OAuth connections in the team object's SQLite. Synchronous; SQL only.
import { and, asc, desc, eq, isNull, lt, ne, or, sql } from "drizzle-orm";
import type { Scope } from "../../core/define-tool.ts";
import type { Db } from "../../durable/db.ts";
import { oauthLimits } from "../../limits.ts";
import type { Role } from "./access.ts";
import { connections, users } from "./table.ts";

/** What an OAuth client was allowed by a person. */
export interface ConnectionInput {
  id: string;
  clientId: string;
  clientName: string;
  /** Host and port that the tokens go to. */
  redirectHost: string;
  scopes: Scope[];
}

/** A connection and the person it stands for. */
export interface ConnectionRow extends ConnectionInput {
  userId: string;
  username: string;
  role: Role;
  personId: string | null;
  createdAt: Date;
  lastUsedAt: Date | null;
}

const columns = {
  id: connections.id,
  clientId: connections.clientId,
  clientName: connections.clientName,
  redirectHost: connections.redirectHost,
  scopes: connections.scopes,
  userId: connections.userId,
  username: users.username,
  role: users.role,
  personId: users.personId,
  createdAt: connections.createdAt,
  lastUsedAt: connections.lastUsedAt,
};

/** Not revoked, of someone who is still in the team. Whether its grant still lives is the OAuth server's matter. */
const standing = and(isNull(connections.revokedAt), isNull(users.removedAt));

/** The connection of that id that still stands, or undefined. */
export function findConnection(db: Db, id: string): ConnectionRow | undefined {
  return db
    .select(columns)
    .from(connections)
    .innerJoin(users, eq(users.id, connections.userId))
    .where(and(eq(connections.id, id), standing))
    .get();
}

/** Connections that stand and that a client has come for, oldest first; of one person, or of all. */
export function liveConnections(db: Db, userId: string | undefined, now: number): ConnectionRow[] {
  const idle = new Date(now - oauthLimits.refreshIdleMs - oauthLimits.accessTokenMs);
  return db
    .select(columns)
    .from(connections)
    .innerJoin(users, eq(users.id, connections.userId))
    .where(
      and(
        standing,
        sql`${connections.lastUsedAt} > ${idle.getTime()}`,
        userId === undefined ? undefined : eq(connections.userId, userId),
      ),
    )
    .orderBy(asc(connections.createdAt), asc(connections.id))
    .all();
}

/**
 * The connections that a new one takes the place of: the same person's to the same client (of a client that many installations share, only
 * those to the same host), and the longest unused of those that are one too many.
 */
export function connectionsReplacedBy(
  db: Db,
  userId: string,
  input: ConnectionInput,
  isSharedClient: boolean,
): { id: string; clientName: string }[] {
  const standingOnes = db
    .select({
      id: connections.id,
      clientId: connections.clientId,
      clientName: connections.clientName,
      redirectHost: connections.redirectHost,
    })
    .from(connections)
    .where(and(eq(connections.userId, userId), isNull(connections.revokedAt), ne(connections.id, input.id)))
    .orderBy(desc(sql`coalesce(${connections.lastUsedAt}, ${connections.createdAt})`), asc(connections.id))
    .all();
  const isSame = (row: (typeof standingOnes)[number]): boolean =>
    row.clientId === input.clientId && (!isSharedClient || row.redirectHost === input.redirectHost);
  const others = standingOnes.filter((row) => !isSame(row));
  return [...standingOnes.filter(isSame), ...others.slice(oauthLimits.connectionsPerPerson - 1)];
}

/** Adds a connection of this person. */
export function insertConnection(db: Db, userId: string, input: ConnectionInput, now: number): void {
  db.insert(connections)
    .values({ ...input, userId, createdAt: new Date(now) })
    .run();
}

/** Ends a connection; its row is kept for a while. */
export function endConnection(db: Db, id: string, now: number): void {
  db.update(connections)
    .set({ revokedAt: new Date(now) })
    .where(eq(connections.id, id))
    .run();
}

/** A client has come for tokens of this connection, or used one. */
export function touchConnection(db: Db, id: string, now: number): void {
  db.update(connections)
    .set({ lastUsedAt: new Date(now) })
    .where(eq(connections.id, id))
    .run();
}

/** Removes one person's rows that ended, or that no token can be left of, longer ago than anyone asks. */
export function forgetOldConnections(db: Db, userId: string, now: number): void {
  const longAgo = new Date(now - 2 * oauthLimits.refreshIdleMs);
  const neverFetched = new Date(now - 2 * oauthLimits.codeMs);
  db.delete(connections)
    .where(
      and(
        eq(connections.userId, userId),
        or(
          lt(connections.revokedAt, longAgo),
          lt(connections.lastUsedAt, longAgo),
          and(isNull(connections.lastUsedAt), lt(connections.createdAt, neverFetched)),
        ),
      ),
    )
    .run();
}
