// The register of the deployment's teams, in the deployment object's SQLite. Synchronous; SQL only.
import { and, asc, count, eq, gt, isNotNull, isNull, lt } from "drizzle-orm";
import type { Db } from "../../durable/db.ts";
import { teamLimits } from "../../limits.ts";
import { registeredTeams } from "./deployment-table.ts";

/** A team that exists, or did until a moment ago. */
export interface RegisteredTeam {
  slug: string;
  /** The person who created it; null when the operator did. */
  createdByPerson: string | null;
  /** Unix milliseconds. */
  createdAt: number;
}

export type Reservation = { outcome: "reserved" } | { outcome: "taken" } | { outcome: "too_many"; limit: number };

/**
 * Keeps a slug for a person who is creating a team, before there is one, so that the number of teams each may create is exact. The same person
 * may ask again. A creation that was never finished lapses.
 */
export function reserveTeam(db: Db, slug: string, personId: string, now: number): Reservation {
  db.delete(registeredTeams)
    .where(
      and(isNull(registeredTeams.incarnation), lt(registeredTeams.createdAt, new Date(now - teamLimits.reservationMs))),
    )
    .run();
  const row = db.select().from(registeredTeams).where(eq(registeredTeams.slug, slug)).get();
  if (row !== undefined) return { outcome: row.createdByPerson === personId ? "reserved" : "taken" };
  const limit = teamLimits.createdEach;
  if (teamsCreatedBy(db, personId) >= limit) return { outcome: "too_many", limit };
  db.insert(registeredTeams)
    .values({ slug, createdByPerson: personId, createdAt: new Date(now) })
    .run();
  return { outcome: "reserved" };
}

/** Notes a team that exists. An earlier life of the same slug, or its reservation, is replaced. */
export function registerTeam(
  db: Db,
  team: { slug: string; incarnation: string; createdByPerson: string | null; createdAt: number },
): void {
  const row = { ...team, createdAt: new Date(team.createdAt) };
  const found = db.select().from(registeredTeams).where(eq(registeredTeams.slug, team.slug)).get();
  if (found?.incarnation === team.incarnation) return;
  db.insert(registeredTeams).values(row).onConflictDoUpdate({ target: registeredTeams.slug, set: row }).run();
}

/** Takes this life of a team out; another life of the slug stays. */
export function unregisterTeam(db: Db, slug: string, incarnation: string): void {
  db.delete(registeredTeams)
    .where(and(eq(registeredTeams.slug, slug), eq(registeredTeams.incarnation, incarnation)))
    .run();
}

/** Gives up a person's reservation of a slug. */
export function releaseTeam(db: Db, slug: string, personId: string): void {
  db.delete(registeredTeams)
    .where(
      and(
        eq(registeredTeams.slug, slug),
        eq(registeredTeams.createdByPerson, personId),
        isNull(registeredTeams.incarnation),
      ),
    )
    .run();
}

/** Teams by slug after `after`. */
export function listTeams(
  db: Db,
  page: { after?: string | undefined; limit: number },
): { teams: RegisteredTeam[]; total: number } {
  const finished = isNotNull(registeredTeams.incarnation);
  const rows = db
    .select()
    .from(registeredTeams)
    .where(page.after === undefined ? finished : and(finished, gt(registeredTeams.slug, page.after)))
    .orderBy(asc(registeredTeams.slug))
    .limit(page.limit)
    .all();
  const total = db.select({ rows: count() }).from(registeredTeams).where(finished).get()?.rows ?? 0;
  const teams = rows.map(({ slug, createdByPerson, createdAt }) => ({
    slug,
    createdByPerson,
    createdAt: createdAt.getTime(),
  }));
  return { teams, total };
}

/** How many teams this person has created and not seen the end of, those being created included. */
export function teamsCreatedBy(db: Db, personId: string): number {
  const own = eq(registeredTeams.createdByPerson, personId);
  return db.select({ rows: count() }).from(registeredTeams).where(own).get()?.rows ?? 0;
}
