// The team's own row in its SQLite. Synchronous; SQL only.
import { and, eq, isNull, max, sql } from "drizzle-orm";
import { newId } from "../../core/ids.ts";
import { prepared } from "../../core/prepared.ts";
import type { Db } from "../../durable/db.ts";
import { type Caller, systemCaller } from "../access/access.ts";
import { connections, users } from "../access/table.ts";
import { appendAudit } from "../audit/store.ts";
import { type Team, type TeamSettings, teamSettingsSchema } from "./schema.ts";
import { settings, team } from "./table.ts";

/** Whoever creates a team for themselves. */
export interface Founder {
  personId: string;
  username: string;
  displayName: string;
  email: string | null;
}

/** Writes the one row that makes an object a team, its first owner when a person creates it, and the audit log's first row. */
export function createTeam(
  db: Db,
  input: { slug: string; name: string; founder?: Founder },
  now: number,
  by: Caller = systemCaller("system", "create"),
): void {
  const { slug, name, founder } = input;
  const createdAt = new Date(now);
  db.insert(team)
    .values({ id: 1, slug, name, incarnation: newId("inc"), revision: 0, createdAt })
    .run();
  const entry = { action: "team.create", target: { kind: "team", name: slug }, after: { name } };
  if (founder === undefined) {
    appendAudit(db, by, [entry], now);
    return;
  }
  const owner = { id: newId("usr"), role: "owner" as const, createdAt, ...founder };
  db.insert(users).values(owner).run();
  const actor = { ...by.actor, userId: owner.id, username: owner.username };
  appendAudit(db, { ...by, actor }, [entry], now);
}

const selectTeam = prepared((db: Db) => db.select().from(team).where(eq(team.id, 1)).prepare());

/** The team's row; there is one in every object with a schema. */
export function readTeam(db: Db): typeof team.$inferSelect {
  const row = selectTeam(db).get();
  if (row === undefined) throw new Error("the team object has a schema but no team row");
  return row;
}

const selectSettings = prepared((db: Db) =>
  db.select({ key: settings.key, value: settings.value }).from(settings).prepare(),
);

// Every request asks for the settings; the check of a stored text costs more than its reading, so it is made once for each.
const checkedSettings = new WeakMap<Db, { text: string; settings: TeamSettings }>();

/** The team's settings: what admins have set, and defaults for the rest. */
export function readSettings(db: Db): TeamSettings {
  const rows = selectSettings(db).all();
  const text = JSON.stringify(rows);
  const known = checkedSettings.get(db);
  if (known?.text === text) return known.settings;
  const settings = teamSettingsSchema.parse(Object.fromEntries(rows.map(({ key, value }) => [key, value])));
  checkedSettings.set(db, { text, settings });
  return settings;
}

/** Writes settings, each under its own key. */
export function writeSettings(db: Db, changed: Partial<TeamSettings>, by: string, now: number): void {
  for (const [key, value] of Object.entries(changed)) {
    // JSON's null is a value like another; drizzle would write SQL's.
    const row = { key, value: value ?? sql`'null'`, updatedAt: new Date(now), updatedBy: by };
    db.insert(settings).values(row).onConflictDoUpdate({ target: settings.key, set: row }).run();
  }
}

/** Changes the team's own row. */
export function updateTeamRow(
  db: Db,
  change: Partial<Pick<typeof team.$inferSelect, "name" | "deletedAt" | "purgeAt">>,
): void {
  db.update(team).set(change).where(eq(team.id, 1)).run();
}

/** How much of everything the team has. */
export function countAll(db: Db, now: number): Team["counts"] {
  return db.get<Team["counts"]>(sql`SELECT
    (SELECT count(*) FROM users WHERE removed_at IS NULL AND kind = 'person') AS people,
    (SELECT count(*) FROM users WHERE removed_at IS NULL AND kind = 'person' AND role = 'owner') AS owners,
    (SELECT count(*) FROM users WHERE removed_at IS NULL AND kind = 'service') AS service_accounts,
    (SELECT count(*) FROM invitations WHERE accepted_at IS NULL AND revoked_at IS NULL AND expires_at > ${now}) AS open_invitations,
    (SELECT count(*) FROM datasets WHERE deleted_at IS NULL) AS datasets,
    (SELECT count(*) FROM jq_functions WHERE is_active = 1) AS functions,
    (SELECT count(*) FROM tools WHERE is_active = 1) AS tools`);
}

/** When anyone of the team last came; undefined when nobody has. */
export function lastActivity(db: Db): Date | undefined {
  return (
    db
      .select({ at: max(users.lastActive) })
      .from(users)
      .get()?.at ?? undefined
  );
}

/** The owner that a person is here; undefined for everyone else. */
export function findOwner(db: Db, personId: string): { id: string; username: string } | undefined {
  return db
    .select({ id: users.id, username: users.username })
    .from(users)
    .where(and(eq(users.personId, personId), eq(users.role, "owner"), isNull(users.removedAt)))
    .get();
}

/** Ends every OAuth connection. Returns how many there were. */
export function revokeAllConnections(db: Db, now: number): number {
  return db
    .update(connections)
    .set({ revokedAt: new Date(now) })
    .where(isNull(connections.revokedAt))
    .returning({ id: connections.id })
    .all().length;
}
