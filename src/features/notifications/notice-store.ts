// Notices made into inbox rows and deliveries, in the transaction of the write they tell of. Synchronous; SQL only. Runs in the object.
import { and, eq, isNull, sql } from "drizzle-orm";
import { scopes } from "../../core/define-tool.ts";
import { dayMs } from "../../core/durations.ts";
import { newId } from "../../core/ids.ts";
import { cutText } from "../../core/markdown.ts";
import { prepared } from "../../core/prepared.ts";
import type { Db } from "../../durable/db.ts";
import type { NewEvent, TeamDeps } from "../../durable/team-deps.ts";
import { notificationLimits } from "../../workflow-limits.ts";
import { type Asker, type Caller, hasRole, maySee, permissionRules } from "../access/access.ts";
import { users } from "../access/table.ts";
import { readTeam } from "../teams/store.ts";
import { trimDeliveries } from "./delivery-store.ts";
import type { DeliveryPayload, Notice } from "./schema.ts";
import { trimInboxes } from "./store.ts";
import { deliveries, notificationSettings, notifications, webhooks } from "./table.ts";

type Told = Pick<TeamDeps, "db" | "later" | "wakeAt">;
type NewDelivery = Pick<typeof deliveries.$inferInsert, "channel" | "target" | "kind"> & { payload: DeliveryPayload };

/**
 * Writes what people and webhooks are to be told, and returns the events of those whose inbox grew. Must run in the transaction of the
 * write. A notice that not everyone may learn of reaches inboxes and e-mail only: nobody knows who reads behind a webhook.
 */
export function writeNotices(deps: Told, by: Caller, notices: readonly Notice[], now: number): NewEvent[] {
  if (notices.length === 0) return [];
  const { db } = deps;
  const { slug } = readTeam(db);
  const everyone = selectPeople(db).all();
  const hooks = selectHooks(db).all();
  const events: NewEvent[] = [];
  let newest = 0;
  const made: NewDelivery[] = [];
  for (const given of notices) {
    const notice = shortened(given);
    const payload = payloadOf(notice, { team: slug, actor: by.actor.username, now });
    for (const person of everyone) {
      if (!isTold(person, notice, by)) continue;
      const seq = insertNotification(db, person, notice, by, now);
      const { visibility } = notice;
      newest = seq;
      const name = String(seq);
      events.push({
        ...{ kind: "notification", name, change: "created", userId: person.id },
        ...(visibility === undefined ? {} : { visibility }),
      });
      if (person.mode === "daily") deps.wakeAt(now + notificationLimits.sweepMs);
      if (person.mode === "immediate") made.push({ channel: "email", target: person.id, kind: notice.kind, payload });
    }
    if ((notice.visibility ?? "everyone") !== "everyone") continue;
    for (const hook of hooks) {
      if (hook.kinds !== null && !hook.kinds.includes(notice.kind)) continue;
      made.push({ channel: "webhook", target: hook.id, kind: notice.kind, payload });
    }
  }
  writeDeliveries(deps, made, now);
  // What is old is forgotten daily, and sooner where very much comes.
  const { inboxTrimEvery } = notificationLimits;
  if (newest % inboxTrimEvery < events.length) trimInboxes(db, now);
  if (events.length > 0) deps.wakeAt(now + dayMs);
  return events;
}

/** Puts deliveries on their way. Must run in a transaction. Returns their ids. */
export function writeDeliveries(deps: Told, made: readonly NewDelivery[], now: number): string[] {
  if (made.length === 0) return [];
  const { db } = deps;
  let room = notificationLimits.waitingDeliveries - countWaiting(db);
  const createdAt = new Date(now);
  const ids = made.map((one) => {
    const id = newId("dlv");
    const isRefused = room-- <= 0;
    const row = {
      ...one,
      id,
      state: isRefused ? ("dead" as const) : ("pending" as const),
      attempts: 0,
      nextAttemptAt: isRefused ? null : createdAt,
      leasedUntil: null,
      lastStatus: null,
      lastError: isRefused
        ? `Not tried: ${notificationLimits.waitingDeliveries} deliveries (notificationLimits.waitingDeliveries) were waiting already.`
        : null,
      createdAt,
      finishedAt: isRefused ? createdAt : null,
    };
    db.insert(deliveries).values(row).run();
    return id;
  });
  // As inboxes are: what is dead at once would fill the log before the day is over.
  const { rows: newest } = db.get<{ rows: number }>(sql`SELECT max(rowid) AS rows FROM ${deliveries}`);
  if (newest % notificationLimits.deliveryTrimEvery < made.length) trimDeliveries(db, now);
  deps.later({ type: "deliver", team: readTeam(db).slug });
  deps.wakeAt(now + notificationLimits.sweepMs);
  return ids;
}

/** How many deliveries are on their way, counted up to the limit. */
function countWaiting(db: Db): number {
  const { waitingDeliveries: most } = notificationLimits;
  const { rows } = db.get<{ rows: number }>(
    sql`SELECT count(*) AS rows FROM (SELECT 1 FROM ${deliveries} WHERE ${deliveries.state} = 'pending' LIMIT ${most})`,
  );
  return rows;
}

const selectPeople = prepared((db: Db) =>
  db
    .select({
      id: users.id,
      username: users.username,
      role: users.role,
      muted: notificationSettings.muted,
      mode: notificationSettings.email,
    })
    .from(users)
    .leftJoin(notificationSettings, eq(notificationSettings.userId, users.id))
    .where(and(isNull(users.removedAt), eq(users.kind, "person")))
    .orderBy(users.username)
    .prepare(),
);
type Person = ReturnType<ReturnType<typeof selectPeople>["all"]>[number];

const selectHooks = prepared((db: Db) =>
  db
    .select({ id: webhooks.id, kinds: webhooks.kinds })
    .from(webhooks)
    .where(eq(webhooks.isActive, true))
    .orderBy(webhooks.name)
    .prepare(),
);

function isTold(person: Person, notice: Notice, by: Caller): boolean {
  if (person.id === by.actor.userId || person.muted?.includes(notice.kind) === true) return false;
  const asker: Asker = { username: person.username, role: person.role, scopes };
  return isAddressed(person, notice.to) && maySee(asker, notice);
}

function isAddressed({ id, role }: Person, to: Notice["to"]): boolean {
  switch (to) {
    case "team":
      return true;
    case "voters":
      return hasRole(role, permissionRules["library:propose"].role);
    case "admins":
      return hasRole(role, "admin");
    default:
      return to.includes(id);
  }
}

function insertNotification(db: Db, person: Person, notice: Notice, by: Caller, now: number): number {
  return db
    .insert(notifications)
    .values({
      userId: person.id,
      kind: notice.kind,
      subjectKind: notice.subject.kind,
      subjectName: notice.subject.name,
      title: notice.title,
      body: notice.body ?? "",
      actor: by.actor.username,
      createdAt: new Date(now),
      readAt: null,
      // Only a daily digest has a use for it later.
      digested: person.mode !== "daily",
      visibility: notice.visibility === undefined || notice.visibility === "everyone" ? null : notice.visibility,
    })
    .returning({ seq: notifications.seq })
    .get().seq;
}

function shortened(notice: Notice): Notice {
  const title = cutText(notice.title.replaceAll(/\s+/g, " ").trim(), notificationLimits.titleChars);
  return notice.body === undefined
    ? { ...notice, title }
    : { ...notice, title, body: cutText(notice.body, notificationLimits.bodyChars) };
}

function payloadOf(
  notice: Notice,
  { team, actor, now }: { team: string; actor: string; now: number },
): DeliveryPayload {
  const { kind, subject, title, body = "", data = {} } = notice;
  const isCut = JSON.stringify(data).length > notificationLimits.dataChars;
  const created = new Date(now).toISOString();
  return {
    ...{ type: kind, team, created_at: created, actor, subject, title, body, data: isCut ? {} : data },
    ...(isCut ? { data_cut: true } : {}),
  };
}
