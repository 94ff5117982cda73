// What the team's alarm does for notifications: asks for deliveries that are due, makes digests, forgets what is old. Runs in the object.
import { dayMs } from "../../core/durations.ts";
import type { Db } from "../../durable/db.ts";
import type { TeamDeps } from "../../durable/team-deps.ts";
import { notificationLimits } from "../../workflow-limits.ts";
import { readTeam } from "../teams/store.ts";
import { nextDeliveryAt, trimDeliveries } from "./delivery-store.ts";
import { makeDigests } from "./digest-store.ts";
import { trimInboxes } from "./store.ts";

/** When each database was last trimmed: looking through all inboxes is for once a day, and the alarm goes off oftener. */
const trims = new WeakMap<Db, { at: number; isEmpty: boolean }>();

/**
 * To be called whenever the alarm goes off. Returns when it should next, in Unix milliseconds. Messages are hints, so this is what makes
 * deliveries certain: what is due is asked for until somebody takes it.
 */
export function sweepNotifications(deps: TeamDeps, now: number): number | undefined {
  const { db } = deps;
  // Nothing leaves a deleted team, and its restoration sets the alarm.
  if (readTeam(db).deletedAt !== null) return undefined;
  const nextDigestAt = makeDigests(deps, now);
  const nextTrimAt = trim(db, now);
  const nextAt = nextDeliveryAt(db);
  if (nextAt !== undefined && nextAt <= now) deps.later({ type: "deliver", team: readTeam(db).slug });
  const askedAgainAt = nextAt !== undefined && nextAt <= now ? now + notificationLimits.sweepMs : nextAt;
  const next = Math.min(...[nextDigestAt, nextTrimAt, askedAgainAt].map(orNever));
  return Number.isFinite(next) ? next : undefined;
}

const orNever = (time: number | undefined): number => time ?? Number.POSITIVE_INFINITY;

/** Whoever adds a row to what was empty asks for the alarm themselves. */
function trim(db: Db, now: number): number | undefined {
  let last = trims.get(db);
  if (last === undefined || now < last.at || now >= last.at + dayMs) {
    const [inboxes, log] = [trimInboxes(db, now), trimDeliveries(db, now)];
    last = { at: now, isEmpty: !inboxes && !log };
    trims.set(db, last);
  }
  return last.isEmpty ? undefined : last.at + dayMs;
}
