// What the periods come to over a window, in the team object's SQLite. Synchronous; SQL only.
import { type SQL, sql } from "drizzle-orm";
import { percentileOf } from "../../core/histogram.ts";
import type { Db } from "../../durable/db.ts";
import { backgroundPrefix, hiddenTool, type Steps } from "./activity.ts";
import type { ActivityPoint, QueuePoint, ToolActivity, UserActivity } from "./schema.ts";
import { bucketNames } from "./store.ts";
import { activityCalls, activityUsers } from "./table.ts";

type BucketRow = Record<(typeof bucketNames)[number], number>;
interface CountRow extends BucketRow {
  calls: number;
  errors: number;
  totalMs: number;
  maxMs: number;
}

const sums = sql.raw(
  [
    "sum(calls) AS calls",
    "sum(CASE outcome WHEN 'ok' THEN 0 ELSE calls END) AS errors",
    "sum(total_ms) AS totalMs",
    "max(max_ms) AS maxMs",
    ...bucketNames.map((name) => `sum(${name}) AS ${name}`),
  ].join(", "),
);

/** Periods of a window, background work apart from the rest. */
function within({ from, stepMs, steps }: Steps, isBackground: boolean): SQL {
  const kind = sql`substr(tool, 1, ${backgroundPrefix.length}) ${sql.raw(isBackground ? "=" : "<>")} ${backgroundPrefix}`;
  return sql`start >= ${from} AND start < ${from + stepMs * steps} AND ${kind}`;
}

/** Numbers come into a statement as fractions, so the division is made whole. */
function placeIn({ from, stepMs }: Steps): SQL {
  return sql`CAST((start - ${from}) / ${stepMs} AS INTEGER)`;
}

function durationsOf(row: CountRow): Pick<ActivityPoint, "p50_ms" | "p95_ms" | "p99_ms"> {
  const buckets = bucketNames.map((name) => row[name]);
  const at = (share: number): number | null => percentileOf(buckets, share, row.maxMs);
  return { p50_ms: at(0.5), p95_ms: at(0.95), p99_ms: at(0.99) };
}

function countsOf(row: CountRow): Omit<ActivityPoint, "at"> {
  return { calls: row.calls, errors: row.errors, ...durationsOf(row) };
}

const noCounts: Omit<ActivityPoint, "at"> = { calls: 0, errors: 0, p50_ms: null, p95_ms: null, p99_ms: null };

/** When a step begins. */
export function timeOf({ from, stepMs }: Steps, place: number): string {
  return new Date(from + place * stepMs).toISOString();
}

/** Every step's calls, the oldest first, and those of all together. */
export function selectPoints(db: Db, steps: Steps): { points: ActivityPoint[]; all: Omit<ActivityPoint, "at"> } {
  const rows = db.all<CountRow & { place: number }>(
    sql`SELECT ${placeIn(steps)} AS place, ${sums} FROM ${activityCalls} WHERE ${within(steps, false)} GROUP BY 1`,
  );
  const found = new Map(rows.map(({ place, ...row }) => [place, countsOf(row)]));
  const points = Array.from({ length: steps.steps }, (_, place) => ({
    at: timeOf(steps, place),
    ...(found.get(place) ?? noCounts),
  }));
  return { points, all: rows.length === 0 ? noCounts : countsOf(addedUp(rows)) };
}

/** What each tool did, the most called first, those of `hidden` tools under one name; and how often each error came, likewise. */
export function selectTools(
  db: Db,
  steps: Steps,
  hidden: readonly string[],
): { tools: ToolActivity[]; codes: { code: string; calls: number }[] } {
  const rows = db.all<CountRow & { tool: string; outcome: string }>(
    sql`SELECT tool, outcome, ${sums} FROM ${activityCalls} WHERE ${within(steps, false)} GROUP BY 1, 2`,
  );
  const hiddenNames = new Set(hidden);
  const byTool = Map.groupBy(rows, ({ tool }) => (hiddenNames.has(tool) ? hiddenTool : tool));
  const byCode = Map.groupBy(
    rows.filter(({ outcome }) => outcome !== "ok"),
    ({ outcome }) => outcome,
  );
  const tools = [...byTool].map(([tool, ones]) => {
    const all = addedUp(ones);
    return { tool, ...countsOf(all), total_ms: all.totalMs };
  });
  const codes = [...byCode].map(([code, ones]) => ({ code, calls: addedUp(ones).calls }));
  return {
    tools: tools.sort((a, b) => b.calls - a.calls || (a.tool < b.tool ? -1 : 1)),
    codes: codes.sort((a, b) => b.calls - a.calls || (a.code < b.code ? -1 : 1)),
  };
}

function addedUp(rows: readonly CountRow[]): CountRow {
  const total = (read: (row: CountRow) => number): number => rows.reduce((sum, row) => sum + read(row), 0);
  return {
    calls: total(({ calls }) => calls),
    errors: total(({ errors }) => errors),
    totalMs: total(({ totalMs }) => totalMs),
    maxMs: rows.reduce((longest, { maxMs }) => Math.max(longest, maxMs), 0),
    ...(Object.fromEntries(bucketNames.map((name) => [name, total((row) => row[name])])) as BucketRow),
  };
}

/** Who called tools most, without their calls of `hidden` ones, and how many people there are. */
export function selectUsers(
  db: Db,
  { from, stepMs, steps }: Steps,
  hidden: readonly string[],
  limit: number,
): { users: UserActivity[]; people: number } {
  const users = db.all<UserActivity>(sql`
    SELECT username AS user, sum(calls) AS calls, sum(errors) AS errors FROM ${activityUsers}
    WHERE start >= ${from} AND start < ${from + stepMs * steps}
      AND tool NOT IN (SELECT value FROM json_each(${JSON.stringify(hidden)}))
    GROUP BY 1 ORDER BY 2 DESC, 1`);
  return { users: users.slice(0, limit), people: users.length };
}

/** Background work of every step, the oldest first. */
export function selectQueue(db: Db, steps: Steps): QueuePoint[] {
  type Row = CountRow & { place: number; handled: number; failed: number; dead: number };
  const rows = db.all<Row>(sql`
    SELECT ${placeIn(steps)} AS place, sum(CASE outcome WHEN 'ok' THEN calls ELSE 0 END) AS handled,
      sum(CASE outcome WHEN 'ok' THEN 0 ELSE calls END) AS failed, sum(CASE outcome WHEN 'dead' THEN calls ELSE 0 END) AS dead, ${sums}
    FROM ${activityCalls} WHERE ${within(steps, true)} GROUP BY 1`);
  const found = new Map(rows.map((row) => [row.place, row]));
  return Array.from({ length: steps.steps }, (_, place) => {
    const row = found.get(place);
    return {
      at: timeOf(steps, place),
      handled: row?.handled ?? 0,
      failed: row?.failed ?? 0,
      dead: row?.dead ?? 0,
      delay_p95_ms: row === undefined ? null : durationsOf(row).p95_ms,
    };
  });
}
