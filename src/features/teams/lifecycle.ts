// What becomes of a team: renamed, configured, deleted, restored, and in the end removed. Each is one turn of the object. Runs in the team object.
import { dayMs } from "../../core/durations.ts";
import { AppError } from "../../core/errors.ts";
import type { TeamDeps } from "../../durable/team-deps.ts";
import { datasetLimits, libraryLimits, peopleLimits, teamLimits } from "../../limits.ts";
import type { Caller } from "../access/access.ts";
import { requireNow } from "../access/caller-store.ts";
import {
  allowsProvider,
  providersAllowed,
  type RestorableTeam,
  type Team,
  type TeamSettings,
  type TeamStanding,
  type UpdateTeam,
} from "./schema.ts";
import {
  countAll,
  findOwner,
  lastActivity,
  readSettings,
  readTeam,
  revokeAllConnections,
  updateTeamRow,
  writeSettings,
} from "./store.ts";

/** Milliseconds after which the alarm looks at what a change of the team leaves to do. */
const soonMs = 1_000;

/** What a message about the removal of a deleted team is checked against. */
export interface Identity {
  slug: string;
  name: string;
  incarnation: string;
  /** Unix milliseconds. */
  createdAt: number;
  purgeAt: number | null;
}

export function identityOf(deps: TeamDeps): Identity {
  const { slug, name, incarnation, createdAt, purgeAt } = readTeam(deps.db);
  return { slug, name, incarnation, createdAt: createdAt.getTime(), purgeAt: purgeAt?.getTime() ?? null };
}

/** The team as its members see it. */
export function describeTeam(deps: TeamDeps): Team {
  const { slug, name, createdAt } = readTeam(deps.db);
  const { datasets } = datasetLimits;
  const { functions, tools } = libraryLimits;
  const { members, serviceAccounts, openInvitations, liveTokensEach } = peopleLimits;
  return {
    slug,
    name,
    created_at: createdAt.toISOString(),
    settings: readSettings(deps.db),
    counts: countAll(deps.db, deps.now()),
    limits: {
      people: members,
      service_accounts: serviceAccounts,
      open_invitations: openInvitations,
      tokens_each: liveTokensEach,
      datasets,
      functions,
      tools,
    },
  };
}

/** The team as the deployment's operator sees it, deleted or not. */
export function standingOf(deps: TeamDeps): TeamStanding {
  const { slug, name, createdAt, deletedAt, purgeAt } = readTeam(deps.db);
  return {
    slug,
    name,
    created_at: createdAt.toISOString(),
    deleted_at: deletedAt?.toISOString() ?? null,
    purge_at: purgeAt?.toISOString() ?? null,
    last_active: lastActivity(deps.db)?.toISOString() ?? null,
    counts: countAll(deps.db, deps.now()),
  };
}

/** The deleted team as one of its owners may still know of it; undefined for everyone else, and while it is not deleted. */
export function restorableBy(deps: TeamDeps, personId: string): RestorableTeam | undefined {
  const { slug, name, deletedAt, purgeAt } = readTeam(deps.db);
  if (deletedAt === null || purgeAt === null || purgeAt.getTime() <= deps.now()) return undefined;
  const owner = findOwner(deps.db, personId);
  if (owner === undefined) return undefined;
  const signInProviders = providersAllowed(readSettings(deps.db));
  return { slug, name, purgeAt: purgeAt.getTime(), userId: owner.id, username: owner.username, signInProviders };
}

/**
 * Renames the team and changes what is given of its settings. When fewer ways to sign in are left, every OAuth connection ends, since each was
 * allowed by someone who had signed in some way. Throws `forbidden`, `invalid_argument` for a rate over `maxRate`, `conflict` when the caller's
 * own way of signing in would be shut out.
 */
export function updateTeam(
  deps: TeamDeps,
  input: UpdateTeam,
  by: Caller,
  maxRate: number,
): { outcome: "changed" | "unchanged"; team: Team; disconnected: number } {
  const caller = requireNow(deps.db, by, "settings:manage");
  const { name: oldName } = readTeam(deps.db);
  const old = readSettings(deps.db);
  const next = mergeSettings(old, input.settings ?? {});
  const name = input.name ?? oldName;
  requireRates(input, maxRate);
  const changed = changedKeys(old, next);
  if (name === oldName && changed.length === 0) {
    return { outcome: "unchanged", team: describeTeam(deps), disconnected: 0 };
  }
  const narrows = shutsOut(old, next);
  if (narrows) requireOwnProvider(caller, next);
  const now = deps.now();
  const disconnected = deps.change(caller, () => {
    updateTeamRow(deps.db, { name });
    const before = pick(old, changed);
    const after = pick(next, changed);
    writeSettings(deps.db, after, caller.actor.username, now);
    const ended = narrows ? revokeAllConnections(deps.db, now) : 0;
    const renamed = name !== oldName;
    const { slug } = readTeam(deps.db);
    const entry = {
      action: "team.update",
      target: { kind: "team", name: slug },
      before: { ...(renamed ? { name: oldName } : {}), ...before },
      after: { ...(renamed ? { name } : {}), ...after, ...(ended > 0 ? { disconnected: ended } : {}) },
    };
    return { result: ended, events: [{ kind: "team", name: slug, change: "updated" }], audit: [entry] };
  });
  // What was open under the old settings is looked at anew.
  deps.wakeAt(now + soonMs);
  if (narrows) deps.endFeeds("all", "the team allows fewer ways to sign in");
  return { outcome: "changed", team: describeTeam(deps), disconnected };
}

/** Ends everyone's access at once; all of it goes for good after teamLimits.graceDays. Throws `forbidden`, `invalid_argument`, `team_deleted`. */
export function deleteTeam(deps: TeamDeps, confirm: string, by: Caller): { slug: string; purge_at: string } {
  const caller = requireNow(deps.db, by, "owners:manage", "delete the team");
  const { slug, deletedAt, purgeAt } = readTeam(deps.db);
  if (deletedAt !== null && purgeAt !== null) throw teamDeleted(slug, purgeAt);
  if (confirm !== slug) {
    throw new AppError("invalid_argument", `confirm must be ${slug}, the team's slug, for the team to be deleted.`, {
      hint: "Everyone loses access at once. Ask the person you act for before you repeat this with the right slug.",
    });
  }
  const now = deps.now();
  const due = new Date(now + teamLimits.graceDays * dayMs);
  deps.record(caller, () => {
    updateTeamRow(deps.db, { deletedAt: new Date(now), purgeAt: due });
    deps.wakeAt(due.getTime());
    const after = { purge_at: due.toISOString() };
    return { result: undefined, audit: [{ action: "team.delete", target: { kind: "team", name: slug }, after }] };
  });
  deps.endFeeds("all", "the team was deleted");
  return { slug, purge_at: due.toISOString() };
}

/** Brings a deleted team back as it was. Says false when it is not deleted. Throws `forbidden`, `conflict` once its removal has begun. */
export function restoreTeam(deps: TeamDeps, by: Caller): { slug: string; restored: boolean } {
  const caller = requireNow(deps.db, by, "owners:manage", "restore the team");
  const { slug, deletedAt, purgeAt } = readTeam(deps.db);
  if (deletedAt === null || purgeAt === null) return { slug, restored: false };
  if (purgeAt.getTime() <= deps.now()) {
    throw new AppError("conflict", "The time in which this team could be restored is over; it is being removed.", {
      hint: "Create a new team; its slug is free in a few minutes.",
    });
  }
  deps.record(caller, () => {
    updateTeamRow(deps.db, { deletedAt: null, purgeAt: null });
    const before = { deleted_at: deletedAt.toISOString() };
    return {
      result: undefined,
      events: [{ kind: "team", name: slug, change: "updated", state: "restored" }],
      audit: [{ action: "team.restore", target: { kind: "team", name: slug }, before }],
    };
  });
  // What rested meanwhile goes on.
  deps.wakeAt(deps.now() + soonMs);
  return { slug, restored: true };
}

/** Throws `team_deleted` in the time between a team's deletion and its removal. */
export function requireNotDeleted(db: TeamDeps["db"]): void {
  const { slug, purgeAt } = readTeam(db);
  if (purgeAt !== null) throw teamDeleted(slug, purgeAt);
}

/** True when this life of the team was deleted and the time to restore it is over. */
export function isPurgeDue(deps: TeamDeps, incarnation: string): boolean {
  const row = readTeam(deps.db);
  return row.incarnation === incarnation && row.purgeAt !== null && row.purgeAt.getTime() <= deps.now();
}

/**
 * What to ask the queue for, once a deleted team is due. Asked again until the team is gone. Files written after the middle of the grace period
 * are none of this life's, since nobody got in any more: so a message that comes late never harms a new team of the same slug.
 */
export function duePurge(deps: TeamDeps): { incarnation: string; written_before: number } | undefined {
  const { incarnation, deletedAt, purgeAt } = readTeam(deps.db);
  if (deletedAt === null || purgeAt === null) return undefined;
  const now = deps.now();
  const due = isPurgeDue(deps, incarnation);
  deps.wakeAt(due ? now + teamLimits.purgeRetryMs : purgeAt.getTime());
  return due ? { incarnation, written_before: (deletedAt.getTime() + purgeAt.getTime()) / 2 } : undefined;
}

function teamDeleted(slug: string, purgeAt: Date): AppError {
  const until = purgeAt.toISOString();
  return new AppError("team_deleted", "This team was deleted.", {
    hint: `Until ${until} an owner can bring it back: POST /t/${slug}/api/v1/team/restore, or the operator does.`,
    details: { purge_at: until },
  });
}

type SettingKey = keyof TeamSettings;

function mergeSettings(old: TeamSettings, change: NonNullable<UpdateTeam["settings"]>): TeamSettings {
  return {
    ...old,
    ...given(change),
    vote_weights: { ...old.vote_weights, ...given(change.vote_weights ?? {}) },
    rate_limits: { ...old.rate_limits, ...given(change.rate_limits ?? {}) },
  };
}

/** The fields that say something; null says something too. */
function given<Fields extends object>(fields: Fields): { [Key in keyof Fields]?: Exclude<Fields[Key], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [Key in keyof Fields]?: Exclude<Fields[Key], undefined>;
  };
}

function changedKeys(old: TeamSettings, next: TeamSettings): SettingKey[] {
  const keys = Object.keys(next) as SettingKey[];
  return keys.filter((key) => JSON.stringify(old[key]) !== JSON.stringify(next[key]));
}

function pick(settings: TeamSettings, keys: readonly SettingKey[]): Partial<TeamSettings> {
  return Object.fromEntries(keys.map((key) => [key, settings[key]]));
}

/** True when someone who could sign in before no longer can. */
function shutsOut(old: TeamSettings, next: TeamSettings): boolean {
  const allowed = next.sign_in_providers;
  if (allowed === null) return false;
  return old.sign_in_providers === null || old.sign_in_providers.some((provider) => !allowed.includes(provider));
}

function requireOwnProvider({ actor }: Caller, next: TeamSettings): void {
  if (actor.credential.kind !== "session" || allowsProvider(next, actor.credential.label)) return;
  throw new AppError("conflict", `You signed in through ${actor.credential.label}, which would no longer be let in.`, {
    hint: "Add it to sign_in_providers, or sign in through one of those first.",
  });
}

function requireRates({ settings }: UpdateTeam, max: number): void {
  for (const [name, value] of Object.entries(settings?.rate_limits ?? {})) {
    if (value === undefined || value <= max) continue;
    throw new AppError("invalid_argument", `rate_limits.${name} is ${value}; this deployment allows ${max} at most.`, {
      hint: `Set ${max} or less. The operator raises the bound with RATE_LIMIT_MAX_PER_MINUTE.`,
      details: { limit: "maxPerMinute", value: max },
    });
  }
}
