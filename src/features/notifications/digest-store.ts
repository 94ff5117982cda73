// Daily digests: who is due one, and what it says. Synchronous; SQL only. Runs in the object.
import { and, asc, count, desc, eq, inArray, isNull } from "drizzle-orm";
import { dayMs } from "../../core/durations.ts";
import type { Db } from "../../durable/db.ts";
import type { TeamDeps } from "../../durable/team-deps.ts";
import { notificationLimits } from "../../workflow-limits.ts";
import { users } from "../access/table.ts";
import { readTeam } from "../teams/store.ts";
import { writeDeliveries } from "./notice-store.ts";
import type { DeliveryPayload } from "./schema.ts";
import { notificationSettings, notifications } from "./table.ts";

/** Makes the digests that are due, one a person and a day and none without news. Returns when the next is due, in Unix milliseconds. */
export function makeDigests(deps: TeamDeps, now: number): number | undefined {
  const { db } = deps;
  let next: number | undefined;
  for (const { userId, digestSentAt } of waiting(db)) {
    const dueAt = (digestSentAt?.getTime() ?? 0) + dayMs;
    if (dueAt > now) next = Math.min(next ?? dueAt, dueAt);
    else deps.atomically(() => makeDigest(deps, userId, now));
  }
  return next;
}

/** People who want a daily digest and have something for it. */
function waiting(db: Db): { userId: string; digestSentAt: Date | null }[] {
  const undigested = db
    .select({ userId: notifications.userId })
    .from(notifications)
    .where(and(eq(notifications.digested, false), isNull(notifications.readAt)));
  return db
    .select({ userId: notificationSettings.userId, digestSentAt: notificationSettings.digestSentAt })
    .from(notificationSettings)
    .innerJoin(users, and(eq(users.id, notificationSettings.userId), isNull(users.removedAt)))
    .where(and(eq(notificationSettings.email, "daily"), inArray(notificationSettings.userId, undigested)))
    .orderBy(asc(notificationSettings.userId))
    .all();
}

function makeDigest(deps: TeamDeps, userId: string, now: number): void {
  const { db } = deps;
  const own = eq(notifications.userId, userId);
  const news = and(own, eq(notifications.digested, false), isNull(notifications.readAt));
  const total = db.select({ rows: count() }).from(notifications).where(news).get()?.rows ?? 0;
  const shown = db
    .select({ title: notifications.title, actor: notifications.actor })
    .from(notifications)
    .where(news)
    .orderBy(desc(notifications.seq))
    .limit(notificationLimits.digestEntries)
    .all();
  const lines = shown.map(({ title, actor }) => `- ${title} (${actor})`);
  const more = total > shown.length ? [`and ${total - shown.length} more: list_notifications shows them.`] : [];
  const payload: DeliveryPayload = {
    type: "digest",
    team: readTeam(db).slug,
    created_at: new Date(now).toISOString(),
    actor: "system",
    subject: { kind: "team", name: readTeam(db).slug },
    title: total === 1 ? "1 unread notification" : `${total} unread notifications`,
    body: [...lines, ...more].join("\n"),
    data: {},
  };
  db.update(notifications)
    .set({ digested: true })
    .where(and(own, eq(notifications.digested, false)))
    .run();
  db.update(notificationSettings)
    .set({ digestSentAt: new Date(now) })
    .where(eq(notificationSettings.userId, userId))
    .run();
  writeDeliveries(deps, [{ channel: "email", target: userId, kind: "digest", payload }], now);
}

/** What was read long ago, or left unread by who wants no digest, needs none: marks it so that nothing looks at it again. */
export function dropFromDigests(db: Db, userId: string): void {
  db.update(notifications).set({ digested: true }).where(eq(notifications.userId, userId)).run();
}
