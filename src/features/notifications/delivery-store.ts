// Deliveries on their way, in the team object's SQLite: taken by lease, settled once, found again when a consumer is lost. SQL only.
import { and, asc, count, desc, eq, inArray, lt, lte, min, type SQL, sql } from "drizzle-orm";
import { dayMs } from "../../core/durations.ts";
import type { Db } from "../../durable/db.ts";
import { notificationLimits } from "../../workflow-limits.ts";
import { users } from "../access/table.ts";
import { type Outcome, retryDelayMs } from "./delivering/outcome.ts";
import type { Delivery, DeliveryPayload, DeliveryState, WebhookFormat } from "./schema.ts";
import { deliveries, webhooks } from "./table.ts";

/** A delivery as the consumer that took it is given it. `lease` is what it must show to settle it. */
export interface Leased {
  id: string;
  lease: number;
  payload: DeliveryPayload;
  to: { webhook: string; format: WebhookFormat; sealed: string } | { address: string | null };
}

/** What became of a try, with the lease it was made under. */
export type Settled = Outcome & { id: string; lease: number };

/**
 * Takes what is due, for one try each. The try counts from now on, so that one that takes its consumer down with it does not come back for ever;
 * and it is due again when the lease ends, so that a consumer that is lost is nobody's loss.
 */
export function leaseDeliveries(db: Db, now: number): Leased[] {
  endHopeless(db, now);
  const isDue = and(eq(deliveries.state, "pending"), lte(deliveries.nextAttemptAt, new Date(now)));
  const rows = db
    .select({ delivery: deliveries, hook: webhooks, address: users.email, removedAt: users.removedAt })
    .from(deliveries)
    .leftJoin(webhooks, and(eq(deliveries.channel, "webhook"), eq(webhooks.id, deliveries.target)))
    .leftJoin(users, and(eq(deliveries.channel, "email"), eq(users.id, deliveries.target)))
    .where(isDue)
    .orderBy(asc(deliveries.nextAttemptAt))
    .limit(notificationLimits.leased)
    .all();
  if (rows.length === 0) return [];
  const lease = now + notificationLimits.leaseMs;
  const until = new Date(lease);
  const ids = rows.map(({ delivery }) => delivery.id);
  db.update(deliveries)
    .set({ attempts: sql`${deliveries.attempts} + 1`, leasedUntil: until, nextAttemptAt: until })
    .where(inArray(deliveries.id, ids))
    .run();
  return rows.map(({ delivery, hook, address, removedAt }) => ({
    id: delivery.id,
    lease,
    payload: delivery.payload,
    to:
      hook === null
        ? { address: removedAt === null ? address : null }
        : { webhook: hook.id, format: hook.format, sealed: hook.secret },
  }));
}

/** Ends what had its last try and was never heard of again. */
function endHopeless(db: Db, now: number): void {
  const isDue = and(eq(deliveries.state, "pending"), lte(deliveries.nextAttemptAt, new Date(now)));
  db.update(deliveries)
    .set({ ...finished("dead", now), lastError: "The last try was begun and never reported." })
    .where(and(isDue, sql`${deliveries.attempts} >= ${notificationLimits.attempts}`))
    .run();
}

const finished = (state: DeliveryState, now: number) => ({
  state,
  nextAttemptAt: null,
  leasedUntil: null,
  finishedAt: new Date(now),
});

/** Writes what became of tries. One whose lease is over is not believed: another consumer may be at it. Returns how many were. */
export function settleDeliveries(db: Db, settled: readonly Settled[], now: number, random: () => number): number {
  let believed = 0;
  for (const one of settled) {
    const row = db.select().from(deliveries).where(eq(deliveries.id, one.id)).get();
    if (row === undefined || row.state !== "pending" || row.leasedUntil?.getTime() !== one.lease) continue;
    believed += 1;
    const told = { lastStatus: one.status ?? null, lastError: one.error ?? null };
    const isOver = one.outcome !== "retry" || row.attempts >= notificationLimits.attempts;
    const state = one.outcome === "delivered" ? "delivered" : "dead";
    const nextAttemptAt = new Date(now + retryDelayMs(row.attempts, one.retryAfterMs, random()));
    db.update(deliveries)
      .set({ ...told, ...(isOver ? finished(state, now) : { leasedUntil: null, nextAttemptAt }) })
      .where(eq(deliveries.id, one.id))
      .run();
  }
  return believed;
}

/** When the next delivery is due, in Unix milliseconds; undefined when none waits. */
export function nextDeliveryAt(db: Db): number | undefined {
  return db
    .select({ at: min(deliveries.nextAttemptAt) })
    .from(deliveries)
    .where(eq(deliveries.state, "pending"))
    .get()
    ?.at?.getTime();
}

/** Ends what waits for a webhook. Returns how many deliveries that were. */
export function cancelDeliveries(db: Db, webhookId: string, why: string, now: number): number {
  return db
    .update(deliveries)
    .set({ ...finished("cancelled", now), lastError: why })
    .where(and(eq(deliveries.target, webhookId), eq(deliveries.state, "pending")))
    .returning({ id: deliveries.id })
    .all().length;
}

/** Puts a finished delivery on its way anew, with all its tries before it. */
export function reviveDelivery(db: Db, id: string, now: number): void {
  db.update(deliveries)
    .set({ state: "pending", attempts: 0, nextAttemptAt: new Date(now), leasedUntil: null, finishedAt: null })
    .where(eq(deliveries.id, id))
    .run();
}

export interface DeliveryFilter {
  /** A webhook's id. */
  webhook: string | undefined;
  state: DeliveryState | undefined;
  /** Only rows before this number, newest first. */
  before: number | undefined;
  limit: number;
}

const rowid = sql<number>`${deliveries}.rowid`;

/** The newest deliveries that match, with the number of each for the cursor, and how many match in all. */
export function selectDeliveries(
  db: Db,
  filter: DeliveryFilter,
): { rows: { seq: number; delivery: Delivery }[]; total: number } {
  const { webhook, state, before } = filter;
  const wanted = and(
    webhook === undefined ? undefined : eq(deliveries.target, webhook),
    state === undefined ? undefined : eq(deliveries.state, state),
  );
  const rows = read(db, and(wanted, before === undefined ? undefined : lt(rowid, before)), filter.limit);
  const total = db.select({ rows: count() }).from(deliveries).where(wanted).get()?.rows ?? 0;
  return { rows, total };
}

export function findDelivery(db: Db, id: string): Delivery | undefined {
  return read(db, eq(deliveries.id, id), 1)[0]?.delivery;
}

function read(db: Db, where: SQL | undefined, limit: number): { seq: number; delivery: Delivery }[] {
  return db
    .select({ seq: rowid, row: deliveries, hook: webhooks.name, username: users.username })
    .from(deliveries)
    .leftJoin(webhooks, eq(webhooks.id, deliveries.target))
    .leftJoin(users, eq(users.id, deliveries.target))
    .where(where)
    .orderBy(desc(rowid))
    .limit(limit)
    .all()
    .map(({ seq, row, hook, username }) => ({ seq, delivery: toDelivery(row, hook ?? username ?? row.target) }));
}

function toDelivery(row: typeof deliveries.$inferSelect, to: string): Delivery {
  return {
    id: row.id,
    channel: row.channel,
    to,
    kind: row.kind,
    state: row.state,
    attempts: row.attempts,
    last_status: row.lastStatus,
    last_error: row.lastError,
    created_at: row.createdAt.toISOString(),
    next_attempt_at: row.nextAttemptAt?.toISOString() ?? null,
    finished_at: row.finishedAt?.toISOString() ?? null,
  };
}

/** Forgets finished deliveries that are old, or beyond what the log holds. Says whether any are left. */
export function trimDeliveries(db: Db, now: number): boolean {
  const { deliveryDays, deliveryRows } = notificationLimits;
  const isOver = sql`${deliveries.state} <> 'pending'`;
  db.delete(deliveries)
    .where(and(isOver, lte(deliveries.createdAt, new Date(now - deliveryDays * dayMs))))
    .run();
  db.run(sql`
    DELETE FROM ${deliveries} WHERE ${isOver} AND rowid <= (
      SELECT rowid FROM ${deliveries} WHERE ${isOver} ORDER BY rowid DESC LIMIT 1 OFFSET ${deliveryRows}
    )`);
  return db.select({ id: deliveries.id }).from(deliveries).limit(1).get() !== undefined;
}
