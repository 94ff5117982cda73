// People and invitations in the team object's SQLite. Synchronous; SQL only.
import { and, asc, count, desc, eq, gt, isNotNull, isNull, lt, lte, min, type SQL, sql } from "drizzle-orm";
import { dayMs } from "../../core/durations.ts";
import type { Db } from "../../durable/db.ts";
import { peopleLimits } from "../../limits.ts";
import type { Role } from "../access/access.ts";
import { connections, tokens, users } from "../access/table.ts";
import { isLive } from "../access/token-store.ts";
import type { Invitation, Member } from "./schema.ts";
import { invitations } from "./table.ts";

export type UserRow = typeof users.$inferSelect;
export type InvitationRow = typeof invitations.$inferSelect;

/** Everyone who is in the team, service accounts included, by username. */
export function selectMembers(db: Db, now: number, role?: Role): Member[] {
  const rows = db
    .select()
    .from(users)
    .where(and(isNull(users.removedAt), role === undefined ? undefined : eq(users.role, role)))
    .orderBy(asc(users.username))
    .all();
  const tokensOf = new Map(
    db
      .select({ id: tokens.userId, rows: count() })
      .from(tokens)
      .where(isLive(now))
      .groupBy(tokens.userId)
      .all()
      .map(({ id, rows: found }) => [id, found]),
  );
  const connectionsOf = new Map(
    db
      .select({ id: connections.userId, rows: count() })
      .from(connections)
      .where(isNull(connections.revokedAt))
      .groupBy(connections.userId)
      .all()
      .map(({ id, rows: found }) => [id, found]),
  );
  return rows.map((row) => ({
    username: row.username,
    kind: row.kind,
    display_name: row.displayName,
    email: row.email,
    role: row.role,
    joined_at: row.createdAt.toISOString(),
    last_active: row.lastActive?.toISOString() ?? null,
    login: row.personId !== null,
    tokens: tokensOf.get(row.id) ?? 0,
    connections: connectionsOf.get(row.id) ?? 0,
  }));
}

/** Who is in the team under this username, undefined for former members. */
export function findMember(db: Db, username: string): UserRow | undefined {
  return db
    .select()
    .from(users)
    .where(and(eq(users.username, username), isNull(users.removedAt)))
    .get();
}

export function findUser(db: Db, id: string): UserRow | undefined {
  return db.select().from(users).where(eq(users.id, id)).get();
}

/** The member, former ones too, that this person signs in as. */
export function findByPerson(db: Db, personId: string): UserRow | undefined {
  return db.select().from(users).where(eq(users.personId, personId)).get();
}

/** True for a username that anyone has or had, in whatever case. */
export function isUsernameTaken(db: Db, username: string): boolean {
  const found = db
    .select({ id: users.id })
    .from(users)
    .where(eq(sql`lower(${users.username})`, username.toLowerCase()))
    .get();
  return found !== undefined;
}

/** How many people, not service accounts, are in the team, those of one role alone when it is given. */
export function countPeople(db: Db, role?: Role): number {
  const inTeam = and(isNull(users.removedAt), eq(users.kind, "person"));
  const found = db
    .select({ rows: count() })
    .from(users)
    .where(role === undefined ? inTeam : and(inTeam, eq(users.role, role)))
    .get();
  return found?.rows ?? 0;
}

export function updateUser(db: Db, id: string, change: Partial<Omit<UserRow, "id" | "username">>): void {
  db.update(users).set(change).where(eq(users.id, id)).run();
}

/** Ends all of someone's tokens and connections. Returns the ids of those that were live. */
export function revokeCredentials(db: Db, userId: string, now: number): { tokens: string[]; connections: string[] } {
  const revokedAt = new Date(now);
  const live = db
    .select({ id: tokens.id })
    .from(tokens)
    .where(and(eq(tokens.userId, userId), isLive(now)))
    .all();
  db.update(tokens)
    .set({ revokedAt })
    .where(and(eq(tokens.userId, userId), isNull(tokens.revokedAt)))
    .run();
  const ended = db
    .update(connections)
    .set({ revokedAt })
    .where(and(eq(connections.userId, userId), isNull(connections.revokedAt)))
    .returning({ id: connections.id })
    .all();
  return { tokens: live.map(({ id }) => id), connections: ended.map(({ id }) => id) };
}

/** Prefix and label of each live service token that this person created. */
export function serviceTokensBy(db: Db, username: string, now: number): string[] {
  return db
    .select({ prefix: tokens.prefix, label: tokens.label, service: users.username })
    .from(tokens)
    .innerJoin(users, eq(users.id, tokens.userId))
    .where(and(eq(tokens.createdBy, username), eq(users.kind, "service"), isLive(now)))
    .all()
    .map(({ prefix, label, service }) => `${service} ${prefix}… (${label})`);
}

export function insertInvitation(db: Db, row: typeof invitations.$inferInsert): void {
  db.insert(invitations).values(row).run();
}

export function findInvitation(db: Db, by: { id: string } | { hash: string }): InvitationRow | undefined {
  return db
    .select()
    .from(invitations)
    .where("id" in by ? eq(invitations.id, by.id) : eq(invitations.hash, by.hash))
    .get();
}

export function updateInvitation(
  db: Db,
  id: string,
  change: Partial<Pick<InvitationRow, "acceptedAt" | "acceptedBy" | "revokedAt">>,
): void {
  db.update(invitations).set(change).where(eq(invitations.id, id)).run();
}

const isOpen = (now: number): SQL | undefined =>
  and(isNull(invitations.acceptedAt), isNull(invitations.revokedAt), gt(invitations.expiresAt, new Date(now)));

/** Every invitation that can still be accepted. */
export function openInvitations(db: Db, now: number): InvitationRow[] {
  return db.select().from(invitations).where(isOpen(now)).all();
}

const inState = (state: Invitation["state"], now: number): SQL | undefined => {
  switch (state) {
    case "open":
      return isOpen(now);
    case "accepted":
      return isNotNull(invitations.acceptedAt);
    case "revoked":
      return and(isNull(invitations.acceptedAt), isNotNull(invitations.revokedAt));
    case "expired":
      return and(
        isNull(invitations.acceptedAt),
        isNull(invitations.revokedAt),
        lte(invitations.expiresAt, new Date(now)),
      );
  }
};

export interface InvitationFilter {
  state: Invitation["state"] | undefined;
  /** Only rows before this number, newest first. */
  before: number | undefined;
  limit: number;
}

/** The newest invitations that match, with the number of each for the cursor, and how many match in all. */
export function selectInvitations(
  db: Db,
  filter: InvitationFilter,
  now: number,
): { rows: { seq: number; invitation: Invitation }[]; total: number } {
  const wanted = filter.state === undefined ? undefined : inState(filter.state, now);
  const seq = sql<number>`${invitations}.rowid`;
  const rows = db
    .select({ seq, invitation: invitations, username: users.username })
    .from(invitations)
    .leftJoin(users, eq(users.id, invitations.userId))
    .where(and(wanted, filter.before === undefined ? undefined : lt(seq, filter.before)))
    .orderBy(desc(seq))
    .limit(filter.limit)
    .all();
  const total = db.select({ rows: count() }).from(invitations).where(wanted).get()?.rows ?? 0;
  return {
    rows: rows.map((row) => ({ seq: row.seq, invitation: toInvitation(row.invitation, row.username, now) })),
    total,
  };
}

/** An invitation as surfaces show it. */
export function toInvitation(row: InvitationRow, username: string | null, now: number): Invitation {
  return {
    id: row.id,
    role: row.role,
    email: row.email,
    username,
    state: stateOf(row, now),
    created_by: row.createdBy,
    created_at: row.createdAt.toISOString(),
    expires_at: row.expiresAt.toISOString(),
    accepted_by: row.acceptedBy,
  };
}

/** What has become of an invitation by now. */
export function stateOf(
  row: Pick<InvitationRow, "acceptedAt" | "revokedAt" | "expiresAt">,
  now: number,
): Invitation["state"] {
  if (row.acceptedAt !== null) return "accepted";
  if (row.revokedAt !== null) return "revoked";
  return row.expiresAt.getTime() <= now ? "expired" : "open";
}

/** When an invitation that ends at this time is forgotten; the audit log keeps what became of it. */
export function forgottenAt(expiresAt: number): number {
  return expiresAt + peopleLimits.endedInvitationDays * dayMs;
}

/** Forgets invitations that ended long ago. Returns when the next is due, if there is one. */
export function trimInvitations(db: Db, now: number): number | undefined {
  db.delete(invitations)
    .where(lte(invitations.expiresAt, new Date(now - peopleLimits.endedInvitationDays * dayMs)))
    .run();
  const next = db
    .select({ at: min(invitations.expiresAt) })
    .from(invitations)
    .get()
    ?.at?.getTime();
  return next === undefined ? undefined : forgottenAt(next);
}
