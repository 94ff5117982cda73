// The team's events of late in its SQLite, numbered in the transaction that they tell of. Synchronous; SQL only. Runs in the object.
import { asc, eq, gt, inArray, lt, lte, min, or, sql } from "drizzle-orm";
import { sqliteTable, text } from "drizzle-orm/sqlite-core";
import { dayMs, hourMs } from "../../core/durations.ts";
import type { Db } from "../../durable/db.ts";
import type { NewEvent } from "../../durable/team-deps.ts";
import { liveLimits } from "../../workflow-limits.ts";
import type { Visibility } from "../access/access.ts";
import type { LiveEvent } from "./schema.ts";
import { feedEvents } from "./table.ts";

/** An event with what decides who is told of it. */
export interface FeedEvent {
  shown: LiveEvent;
  visibility: Visibility;
  /** The one person it is for; null: whoever may see it. */
  userId: string | null;
  /** Names of the datasets behind what it is about. */
  datasets: readonly string[];
}

type FeedRow = typeof feedEvents.$inferSelect;

/** The columns of the proposals' table that this feature reads; the tiers forbid importing it from there. */
const proposalColumns = sqliteTable("proposals", {
  id: text("id").notNull(),
  kind: text("kind").notNull(),
  name: text("name").notNull(),
});

/** Numbers events and keeps them. To be called in the transaction of the write that they tell of. */
export function appendEvents(
  db: Db,
  events: readonly NewEvent[],
  { by, revision, now }: { by: string; revision: number; now: number },
): FeedEvent[] {
  const appended = events.map(({ visibility, userId, ...said }) => {
    const row = {
      at: new Date(now),
      event: { ...said, by, revision },
      visibility: visibility === undefined || visibility === "everyone" ? null : visibility,
      userId: userId ?? null,
    };
    return toEvent(db.insert(feedEvents).values(row).returning().get());
  });
  const newest = appended.at(-1)?.shown.seq ?? 0;
  // Not at every event: a trim costs as much whether it takes one row or a hundred.
  if (newest % liveLimits.trimEvery < appended.length) trimFeed(db, now);
  return appended;
}

/** The newest event ever, and the oldest that is kept; one more than the newest when none is. */
export function feedBounds(db: Db): { newest: number; oldest: number } {
  const given = db.get<{ seq: number } | undefined>(sql`SELECT seq FROM sqlite_sequence WHERE name = 'feed_events'`);
  const newest = given?.seq ?? 0;
  const oldest = db
    .select({ seq: min(feedEvents.seq) })
    .from(feedEvents)
    .get()?.seq;
  return { newest, oldest: oldest ?? newest + 1 };
}

/** The events after `seq` that are kept, oldest first. */
export function eventsAfter(db: Db, seq: number): FeedEvent[] {
  return db.select().from(feedEvents).where(gt(feedEvents.seq, seq)).orderBy(asc(feedEvents.seq)).all().map(toEvent);
}

/** Removes events over liveLimits.rows or older than liveLimits.days. Returns when the next is due, Unix milliseconds. */
export function trimFeed(db: Db, now: number): number | undefined {
  const { newest } = feedBounds(db);
  const tooMany = lte(feedEvents.seq, newest - liveLimits.rows);
  db.delete(feedEvents)
    .where(or(tooMany, lt(feedEvents.at, new Date(now - liveLimits.days * dayMs))))
    .run();
  const [oldest] = db.select({ at: feedEvents.at }).from(feedEvents).orderBy(asc(feedEvents.seq)).limit(1).all();
  return oldest && Math.max(oldest.at.getTime() + liveLimits.days * dayMs + 1, now + hourMs);
}

/** Which of these proposals are about a tool, and which tool that is. */
export function toolsOfProposals(db: Db, ids: readonly string[]): ReadonlyMap<string, string> {
  // As one value: a statement takes a bounded number of them.
  const listed = sql`(SELECT value FROM json_each(${JSON.stringify(ids)}))`;
  const rows = db
    .select()
    .from(proposalColumns)
    .where(sql`${inArray(proposalColumns.id, listed)} AND ${eq(proposalColumns.kind, "tool")}`)
    .all();
  return new Map(rows.map(({ id, name }) => [id, name]));
}

function toEvent({ seq, at, event, visibility, userId }: FeedRow): FeedEvent {
  const { datasets = [], ...said } = event as Omit<LiveEvent, "type" | "seq" | "at"> & { datasets?: string[] };
  const shown = { type: "event", seq, at: at.toISOString(), ...said } as const;
  return { shown, visibility: visibility ?? "everyone", userId, datasets };
}
