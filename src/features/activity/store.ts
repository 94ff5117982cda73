// Calls counted by period in the team object's SQLite. Synchronous; SQL only.
import { and, eq, lt, sql } from "drizzle-orm";
import { dayMs, hourMs } from "../../core/durations.ts";
import { addToHistogram, emptyBuckets } from "../../core/histogram.ts";
import { placeholders, prepared } from "../../core/prepared.ts";
import type { Db } from "../../durable/db.ts";
import { activityLimits } from "../../limits.ts";
import type { CallCount, ExecutionReport } from "../metrics/schema.ts";
import { activityCalls, activityUsers } from "./table.ts";

/** What calls are counted under once an hour has as many series as it may. */
const foldedName = "other";

/** The histogram's columns, in order. */
export const bucketNames = [
  ...(["b0", "b1", "b2", "b3", "b4", "b5", "b6", "b7"] as const),
  ...(["b8", "b9", "b10", "b11", "b12", "b13", "b14"] as const),
] as const;
type Buckets = Record<(typeof bucketNames)[number], number>;

const addedCounts = sql.raw(
  ["calls", "total_ms", ...bucketNames].map((name) => `${name} = ${name} + excluded.${name}`).join(", "),
);
/** What becomes of a period's row when more is counted into it. */
const onConflictAdd = sql`ON CONFLICT (start, tool, outcome) DO UPDATE SET ${addedCounts}, max_ms = max(max_ms, excluded.max_ms)`;

const hasCallsRow = prepared((db: Db) =>
  db
    .select({ start: activityCalls.start })
    .from(activityCalls)
    .where(
      and(
        eq(activityCalls.start, sql.placeholder("start")),
        eq(activityCalls.tool, sql.placeholder("tool")),
        eq(activityCalls.outcome, sql.placeholder("outcome")),
      ),
    )
    .prepare(),
);

const added = (name: string) => sql.raw(`${name} + excluded.${name}`);

const addCallsRow = prepared((db: Db) =>
  db
    .insert(activityCalls)
    .values(placeholders(activityCalls))
    .onConflictDoUpdate({
      target: [activityCalls.start, activityCalls.tool, activityCalls.outcome],
      set: {
        calls: added("calls"),
        totalMs: added("total_ms"),
        maxMs: sql.raw("max(max_ms, excluded.max_ms)"),
        ...Object.fromEntries(bucketNames.map((name) => [name, added(name)])),
      },
    })
    .prepare(),
);

const hasUsersRow = prepared((db: Db) =>
  db
    .select({ start: activityUsers.start })
    .from(activityUsers)
    .where(
      and(
        eq(activityUsers.start, sql.placeholder("start")),
        eq(activityUsers.username, sql.placeholder("username")),
        eq(activityUsers.tool, sql.placeholder("tool")),
      ),
    )
    .prepare(),
);

const addUsersRow = prepared((db: Db) =>
  db
    .insert(activityUsers)
    .values(placeholders(activityUsers))
    .onConflictDoUpdate({
      target: [activityUsers.start, activityUsers.username, activityUsers.tool],
      set: { calls: added("calls"), errors: added("errors") },
    })
    .prepare(),
);

interface SeriesLimits {
  series: number;
  userSeries: number;
}

/** Counts calls into the period that `now` is in: one write for each pair of tool and outcome among them. Meant for the transaction that logs them. */
export function countCalls(
  db: Db,
  calls: readonly CallCount[],
  now: number,
  limits: Pick<SeriesLimits, "series"> = activityLimits,
): void {
  const start = periodOf(now);
  for (const one of sumUp(calls)) {
    const isKnown = hasCallsRow(db).get({ start, tool: one.tool, outcome: one.outcome }) !== undefined;
    const tool = isKnown || hasRoomForCalls(db, now, one, limits.series) ? one.tool : foldedName;
    addCallsRow(db).run({ start, ...one, tool });
  }
}

/** Counts executions for the people who asked for them, likewise. */
export function countUsers(
  db: Db,
  reports: readonly Pick<ExecutionReport, "username" | "toolName" | "success">[],
  now: number,
  limits: Pick<SeriesLimits, "userSeries"> = activityLimits,
): void {
  const start = periodOf(now);
  const groups = Map.groupBy(reports, ({ username, toolName }) => JSON.stringify([username, toolName]));
  for (const [first, ...others] of groups.values()) {
    if (first === undefined) continue;
    const { username, toolName } = first;
    const all = [first, ...others];
    const isKnown = hasUsersRow(db).get({ start, username, tool: toolName }) !== undefined;
    const tool = isKnown || hasRoomForUsers(db, now, first, limits.userSeries) ? toolName : foldedName;
    const errors = all.filter(({ success }) => !success).length;
    addUsersRow(db).run({ start, username, tool, calls: all.length, errors });
  }
}

function periodOf(now: number): number {
  return Math.floor(now / activityLimits.periodMs) * activityLimits.periodMs;
}

function sumUp(calls: readonly CallCount[]) {
  const groups = Map.groupBy(calls, ({ tool, outcome }) => JSON.stringify([tool, outcome]));
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    const buckets = emptyBuckets();
    const timed = group.flatMap(({ durationMs }) => (durationMs === null ? [] : [Math.round(durationMs)]));
    for (const durationMs of timed) addToHistogram(buckets, durationMs);
    return [
      {
        tool: first.tool,
        outcome: first.outcome,
        calls: group.reduce((sum, { times = 1 }) => sum + times, 0),
        totalMs: timed.reduce((sum, durationMs) => sum + durationMs, 0),
        maxMs: timed.reduce((longest, durationMs) => Math.max(longest, durationMs), 0),
        ...(Object.fromEntries(bucketNames.map((name, index) => [name, buckets[index] ?? 0])) as Buckets),
      },
    ];
  });
}

/** Counted by the hour, since periods are put together. A pair that the hour has already takes no room. */
function hasRoomForCalls(db: Db, now: number, { tool, outcome }: { tool: string; outcome: string }, most: number) {
  const row = db.get<{ series: number; known: number | null }>(sql`
    SELECT count(DISTINCT tool || char(0) || outcome) AS series, max(tool = ${tool} AND outcome = ${outcome}) AS known
    FROM ${activityCalls} WHERE start >= ${hourOf(now)} AND start < ${hourOf(now) + hourMs}`);
  return row === undefined || row.known === 1 || row.series < most;
}

function hasRoomForUsers(
  db: Db,
  now: number,
  { username, toolName }: { username: string; toolName: string },
  most: number,
) {
  const row = db.get<{ series: number; known: number | null }>(sql`
    SELECT count(DISTINCT username || char(0) || tool) AS series, max(username = ${username} AND tool = ${toolName}) AS known
    FROM ${activityUsers} WHERE start >= ${hourOf(now)} AND start < ${hourOf(now) + hourMs}`);
  return row === undefined || row.known === 1 || row.series < most;
}

function hourOf(time: number): number {
  return Math.floor(time / hourMs) * hourMs;
}

/** Puts periods that are old enough together into hours, and hours into days (UTC). What they add up to stays the same, whenever and however often this runs. */
export function mergePeriods(db: Db, now: number): void {
  mergeInto(db, hourMs, now - activityLimits.fineMs);
  mergeInto(db, dayMs, now - activityLimits.hoursMs);
}

function mergeInto(db: Db, spanMs: number, until: number): void {
  const whole = sql`start - start % ${spanMs}`;
  const isFine = sql`start < ${Math.floor(until / spanMs) * spanMs} AND start % ${spanMs} <> 0`;
  const sums = sql.raw(["calls", "total_ms"].map((name) => `sum(${name})`).join(", "));
  const buckets = sql.raw(bucketNames.map((name) => `sum(${name})`).join(", "));
  const columns = sql.raw(["start", "tool", "outcome", "calls", "total_ms", "max_ms", ...bucketNames].join(", "));
  db.run(sql`
    INSERT INTO ${activityCalls} (${columns})
    SELECT ${whole}, tool, outcome, ${sums}, max(max_ms), ${buckets} FROM ${activityCalls} WHERE ${isFine} GROUP BY 1, 2, 3
    ${onConflictAdd}`);
  db.run(sql`DELETE FROM ${activityCalls} WHERE ${isFine}`);
  db.run(sql`
    INSERT INTO ${activityUsers} (start, username, tool, calls, errors)
    SELECT ${whole}, username, tool, sum(calls), sum(errors) FROM ${activityUsers} WHERE ${isFine} GROUP BY 1, 2, 3
    ON CONFLICT (start, username, tool) DO UPDATE SET calls = calls + excluded.calls, errors = errors + excluded.errors`);
  db.run(sql`DELETE FROM ${activityUsers} WHERE ${isFine}`);
}

/** Removes periods that are over the limit of days. Says whether any are left. */
export function trimPeriods(db: Db, now: number): boolean {
  const until = now - activityLimits.days * dayMs;
  db.delete(activityCalls).where(lt(activityCalls.start, until)).run();
  db.delete(activityUsers).where(lt(activityUsers.start, until)).run();
  return db.select({ start: activityCalls.start }).from(activityCalls).limit(1).get() !== undefined;
}
