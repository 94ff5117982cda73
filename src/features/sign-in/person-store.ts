// A person, their ways to sign in and their teams in the person object's SQLite. Synchronous; SQL only. Runs in the person's object.
import { and, asc, count, desc, eq, lte, or } from "drizzle-orm";
import { newId } from "../../core/ids.ts";
import type { Db } from "../../durable/db.ts";
import { signInLimits } from "../../limits.ts";
import { identities, memberships, passkeys, person, sessions, usedChallenges } from "./person-table.ts";
import type {
  Account,
  FoundSession,
  Identity,
  IdentitySummary,
  NewSession,
  Passkey,
  PasskeySummary,
  SessionSummary,
} from "./schema.ts";
import { sessionEnd } from "./sign-in.ts";

export type PersonRow = typeof person.$inferSelect;

/** Who this object is, or undefined when nobody yet. */
export function readPerson(db: Db): PersonRow | undefined {
  return db.select().from(person).get();
}

/** Makes the person; one that exists keeps their name. */
export function ensurePerson(db: Db, personId: string, displayName: string, now: number): void {
  db.insert(person)
    .values({ id: 1, personId, displayName, createdAt: new Date(now) })
    .onConflictDoNothing()
    .run();
}

export function renamePerson(db: Db, displayName: string): void {
  db.update(person).set({ displayName }).run();
}

export function linkPerson(db: Db, personId: string): void {
  db.update(person).set({ linkedTo: personId }).run();
}

export function deletePerson(db: Db): void {
  db.delete(person).run();
}

/** Notes a use of an account at an identity provider, and what it says of the address now. */
export function upsertIdentity(db: Db, identity: Identity, now: number): void {
  const { issuer, subject, provider, email, emailVerified } = identity;
  const used = { provider, email, emailVerified, lastUsedAt: new Date(now) };
  db.insert(identities)
    .values({ issuer, subject, ...used, createdAt: new Date(now) })
    .onConflictDoUpdate({ target: [identities.issuer, identities.subject], set: used })
    .run();
}

export function listIdentities(db: Db): IdentitySummary[] {
  return db
    .select()
    .from(identities)
    .orderBy(asc(identities.createdAt))
    .all()
    .map((row) => ({ ...row, createdAt: row.createdAt.getTime(), lastUsedAt: row.lastUsedAt.getTime() }));
}

export function deleteIdentity(db: Db, issuer: string, subject: string): boolean {
  return (
    db
      .delete(identities)
      .where(and(eq(identities.issuer, issuer), eq(identities.subject, subject)))
      .returning({ issuer: identities.issuer })
      .all().length > 0
  );
}

function verifiedEmails(db: Db): FoundSession["emails"] {
  return listIdentities(db).flatMap(({ email, emailVerified, provider }) =>
    emailVerified && email !== null ? [{ email, provider }] : [],
  );
}

export function findPasskey(db: Db, id: string): Passkey | undefined {
  const { publicKey, counter, transports } = passkeys;
  return db.select({ id: passkeys.id, publicKey, counter, transports }).from(passkeys).where(eq(passkeys.id, id)).get();
}

export function insertPasskey(db: Db, passkey: Passkey & { label: string }, now: number): void {
  db.insert(passkeys)
    .values({ ...passkey, createdAt: new Date(now) })
    .run();
}

export function notePasskeyUse(db: Db, id: string, counter: number, now: number): void {
  db.update(passkeys)
    .set({ counter, lastUsedAt: new Date(now) })
    .where(eq(passkeys.id, id))
    .run();
}

export function renamePasskey(db: Db, id: string, label: string): boolean {
  return db.update(passkeys).set({ label }).where(eq(passkeys.id, id)).returning({ id: passkeys.id }).all().length > 0;
}

export function deletePasskey(db: Db, id: string): boolean {
  return db.delete(passkeys).where(eq(passkeys.id, id)).returning({ id: passkeys.id }).all().length > 0;
}

export function listPasskeys(db: Db): (PasskeySummary & { transports: string[] })[] {
  const { id, label, transports, createdAt, lastUsedAt } = passkeys;
  return db
    .select({ id, label, transports, createdAt, lastUsedAt })
    .from(passkeys)
    .orderBy(asc(passkeys.createdAt))
    .all()
    .map((row) => ({ ...row, createdAt: row.createdAt.getTime(), lastUsedAt: row.lastUsedAt?.getTime() ?? null }));
}

/** Marks a challenge as answered. False when it was before. Forgets those that have expired. */
export function useChallenge(db: Db, challenge: string, expiresAt: number, now: number): boolean {
  db.delete(usedChallenges)
    .where(lte(usedChallenges.expiresAt, new Date(now)))
    .run();
  return (
    db
      .insert(usedChallenges)
      .values({ challenge, expiresAt: new Date(expiresAt) })
      .onConflictDoNothing()
      .returning({ challenge: usedChallenges.challenge })
      .all().length > 0
  );
}

/** Opens a session; removes those that have ended and, at the limit, the one longest unused. */
export function insertSession(db: Db, session: NewSession, now: number): { sessionId: string; ended: string[] } {
  const sessionId = newId("ses");
  const ended = removeEnded(db, now);
  const kept = db.select({ id: sessions.id }).from(sessions).orderBy(desc(sessions.lastSeenAt)).all();
  for (const { id } of kept.slice(signInLimits.sessions - 1)) {
    deleteSession(db, id);
    ended.push(id);
  }
  db.insert(sessions)
    .values({
      id: sessionId,
      ...session,
      createdAt: new Date(now),
      lastSeenAt: new Date(now),
      expiresAt: new Date(now + signInLimits.sessionMs),
    })
    .run();
  return { sessionId, ended };
}

function removeEnded(db: Db, now: number): string[] {
  return db
    .delete(sessions)
    .where(
      or(lte(sessions.expiresAt, new Date(now)), lte(sessions.lastSeenAt, new Date(now - signInLimits.sessionIdleMs))),
    )
    .returning({ id: sessions.id })
    .all()
    .map(({ id }) => id);
}

/** The live session of that digest, noting that it was seen. */
export function findSession(db: Db, hash: string, now: number): FoundSession | undefined {
  const row = db.select().from(sessions).where(eq(sessions.hash, hash)).get();
  const who = readPerson(db);
  if (row === undefined || who === undefined) return undefined;
  let lastSeenAt = row.lastSeenAt.getTime();
  if (sessionEnd(lastSeenAt, row.expiresAt.getTime()) <= now) return undefined;
  if (now - lastSeenAt > signInLimits.sessionSeenEveryMs) {
    lastSeenAt = now;
    db.update(sessions)
      .set({ lastSeenAt: new Date(now) })
      .where(eq(sessions.id, row.id))
      .run();
  }
  return {
    sessionId: row.id,
    provider: row.provider,
    displayName: who.displayName,
    expiresAt: sessionEnd(lastSeenAt, row.expiresAt.getTime()),
    emails: verifiedEmails(db),
  };
}

export function deleteSession(db: Db, id: string): boolean {
  return db.delete(sessions).where(eq(sessions.id, id)).returning({ id: sessions.id }).all().length > 0;
}

/** Live sessions, the last seen first. */
export function listSessions(db: Db, now: number): SessionSummary[] {
  const { id, provider, userAgent, address, createdAt, lastSeenAt, expiresAt } = sessions;
  return db
    .select({ id, provider, userAgent, address, createdAt, lastSeenAt, expiresAt })
    .from(sessions)
    .orderBy(desc(sessions.lastSeenAt))
    .all()
    .map((row) => ({
      ...row,
      createdAt: row.createdAt.getTime(),
      lastSeenAt: row.lastSeenAt.getTime(),
      expiresAt: sessionEnd(row.lastSeenAt.getTime(), row.expiresAt.getTime()),
    }))
    .filter((session) => session.expiresAt > now);
}

export function insertTeam(db: Db, team: string, now: number): void {
  db.insert(memberships)
    .values({ team, joinedAt: new Date(now) })
    .onConflictDoNothing()
    .run();
}

export function deleteTeam(db: Db, team: string): void {
  db.delete(memberships).where(eq(memberships.team, team)).run();
}

export function listTeams(db: Db): string[] {
  return db
    .select({ team: memberships.team })
    .from(memberships)
    .orderBy(asc(memberships.team))
    .all()
    .map(({ team }) => team);
}

export function countTeams(db: Db): number {
  return db.select({ teams: count() }).from(memberships).get()?.teams ?? 0;
}

/** Everything that a person's own page shows. */
export function readAccount(db: Db, who: PersonRow, now: number): Account {
  return {
    personId: who.personId,
    displayName: who.displayName,
    createdAt: who.createdAt.getTime(),
    sessions: listSessions(db, now),
    passkeys: listPasskeys(db).map(({ transports: _, ...shown }) => shown),
    identities: listIdentities(db),
    teams: listTeams(db),
  };
}
