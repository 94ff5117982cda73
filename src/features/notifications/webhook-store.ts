// Webhooks in the team object's SQLite. Synchronous; SQL only.
import { and, asc, count, eq, inArray } from "drizzle-orm";
import type { Db } from "../../durable/db.ts";
import type { Webhook } from "./schema.ts";
import { deliveries, webhooks } from "./table.ts";

export type WebhookRow = typeof webhooks.$inferSelect;

export function selectWebhooks(db: Db): Webhook[] {
  const counts = db
    .select({ target: deliveries.target, state: deliveries.state, rows: count() })
    .from(deliveries)
    .where(and(eq(deliveries.channel, "webhook"), inArray(deliveries.state, ["pending", "dead"])))
    .groupBy(deliveries.target, deliveries.state)
    .all();
  const countOf = (id: string, state: string): number =>
    counts.find((one) => one.target === id && one.state === state)?.rows ?? 0;
  return db
    .select()
    .from(webhooks)
    .orderBy(asc(webhooks.name))
    .all()
    .map((row) => ({
      id: row.id,
      name: row.name,
      url: row.url,
      format: row.format,
      kinds: row.kinds,
      is_active: row.isActive,
      created_by: row.createdBy,
      created_at: row.createdAt.toISOString(),
      updated_at: row.updatedAt.toISOString(),
      waiting: countOf(row.id, "pending"),
      dead: countOf(row.id, "dead"),
    }));
}

export function findWebhook(db: Db, name: string): WebhookRow | undefined {
  return db.select().from(webhooks).where(eq(webhooks.name, name)).get();
}

export function webhookNames(db: Db): string[] {
  return db
    .select({ name: webhooks.name })
    .from(webhooks)
    .all()
    .map(({ name }) => name);
}

export function insertWebhook(db: Db, row: WebhookRow): void {
  db.insert(webhooks).values(row).run();
}

export function updateWebhook(db: Db, id: string, change: Partial<Omit<WebhookRow, "id" | "name">>): void {
  db.update(webhooks).set(change).where(eq(webhooks.id, id)).run();
}

export function deleteWebhook(db: Db, id: string): void {
  db.delete(webhooks).where(eq(webhooks.id, id)).run();
}
