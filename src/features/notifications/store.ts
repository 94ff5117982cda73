// Inboxes and what people want to be told, in the team object's SQLite. Synchronous; SQL only.
import { and, count, desc, eq, inArray, isNull, lt, lte, notInArray, or, type SQL, sql } from "drizzle-orm";
import { dayMs } from "../../core/durations.ts";
import type { Db } from "../../durable/db.ts";
import { notificationLimits } from "../../workflow-limits.ts";
import { type Asker, hasRole, roles } from "../access/access.ts";
import { users } from "../access/table.ts";
import { defaultSettings } from "./notifications.ts";
import type { Notification, NotificationSettings } from "./schema.ts";
import { notificationSettings, notifications } from "./table.ts";

/** Whose inbox, and as whom they ask: a credential may be weaker than its person. */
export type Reader = Asker & { userId: string };

export interface InboxFilter {
  unread: boolean;
  /** Only rows before this number, newest first. */
  before: number | undefined;
  limit: number;
}

/** What the reader may learn of, with the credential they come with. */
function ownedBy(reader: Reader): SQL | undefined {
  const own = eq(notifications.userId, reader.userId);
  if (reader.role === "owner") return own;
  const shown = roles.filter((role) => hasRole(reader.role, role)).map((role) => JSON.stringify(role));
  const named = sql`json_type(${notifications.visibility}) = 'array' AND EXISTS (SELECT 1 FROM json_each(${notifications.visibility}) WHERE value = ${reader.username})`;
  return and(own, or(isNull(notifications.visibility), inArray(sql`${notifications.visibility}`, shown), named));
}

/** The newest of someone's notifications, how many match, and how many are unread. */
export function selectInbox(
  db: Db,
  reader: Reader,
  filter: InboxFilter,
): { rows: Notification[]; total: number; unread: number } {
  const own = ownedBy(reader);
  const unreadOnly = and(own, isNull(notifications.readAt));
  const wanted = filter.unread ? unreadOnly : own;
  const rows = db
    .select()
    .from(notifications)
    .where(and(wanted, filter.before === undefined ? undefined : lt(notifications.seq, filter.before)))
    .orderBy(desc(notifications.seq))
    .limit(filter.limit)
    .all();
  const unread = countOf(db, unreadOnly);
  return { rows: rows.map(toNotification), total: filter.unread ? unread : countOf(db, own), unread };
}

function countOf(db: Db, where: SQL | undefined): number {
  return db.select({ rows: count() }).from(notifications).where(where).get()?.rows ?? 0;
}

function toNotification(row: typeof notifications.$inferSelect): Notification {
  return {
    id: row.seq,
    kind: row.kind,
    subject: { kind: row.subjectKind, name: row.subjectName },
    title: row.title,
    body: row.body,
    actor: row.actor,
    created_at: row.createdAt.toISOString(),
    read: row.readAt !== null,
  };
}

/** Marks the reader's own as read: those named, or all up to one. */
export function markRead(
  db: Db,
  reader: Reader,
  which: { ids: number[] } | { upTo: number },
  now: number,
): { marked: number; unread: number } {
  const unread = and(ownedBy(reader), isNull(notifications.readAt));
  const these = "ids" in which ? inArray(notifications.seq, which.ids) : lte(notifications.seq, which.upTo);
  const marked = db
    .update(notifications)
    .set({ readAt: new Date(now) })
    .where(and(unread, these))
    .returning({ seq: notifications.seq })
    .all();
  return { marked: marked.length, unread: countOf(db, unread) };
}

/** What someone wants to be told, and where they can be mailed; undefined for who is no person of the team. */
export function selectSettings(
  db: Db,
  userId: string,
): { settings: NotificationSettings; address: string | null; digestSentAt: Date | null } | undefined {
  const row = db
    .select({ address: users.email, own: notificationSettings })
    .from(users)
    .leftJoin(notificationSettings, eq(notificationSettings.userId, users.id))
    .where(and(eq(users.id, userId), eq(users.kind, "person"), isNull(users.removedAt)))
    .get();
  if (row === undefined) return undefined;
  const { own, address } = row;
  const settings = own === null ? defaultSettings : { muted: own.muted, email: own.email };
  return { settings, address, digestSentAt: own?.digestSentAt ?? null };
}

export function writeSettings(db: Db, row: typeof notificationSettings.$inferInsert): void {
  db.insert(notificationSettings)
    .values(row)
    .onConflictDoUpdate({ target: notificationSettings.userId, set: row })
    .run();
}

/** Forgets what is old, what is beyond the limit of each person, and all of who left. Says whether any are left. */
export function trimInboxes(db: Db, now: number): boolean {
  const { inboxDays, inboxRows } = notificationLimits;
  db.delete(notifications)
    .where(lte(notifications.createdAt, new Date(now - inboxDays * dayMs)))
    .run();
  const members = db.select({ id: users.id }).from(users).where(isNull(users.removedAt));
  db.delete(notifications).where(notInArray(notifications.userId, members)).run();
  db.delete(notificationSettings).where(notInArray(notificationSettings.userId, members)).run();
  db.run(sql`
    DELETE FROM ${notifications} WHERE ${notifications.seq} IN (
      SELECT seq FROM (SELECT seq, row_number() OVER (PARTITION BY user_id ORDER BY seq DESC) AS place FROM ${notifications})
      WHERE place > ${inboxRows}
    )`);
  return db.select({ seq: notifications.seq }).from(notifications).limit(1).get() !== undefined;
}
