// How a team's tools have done, out of the execution log in the object's SQLite. Synchronous; SQL only.
import { sql } from "drizzle-orm";
import { dayMs } from "../../core/durations.ts";
import type { Db } from "../../durable/db.ts";
import { tools } from "../jq-tools/table.ts";
import { executions } from "../metrics/table.ts";
import type { ToolPerformance } from "./schema.ts";

const weekMs = 7 * dayMs;
/** Calls of a week from which on a trend is spoken of. */
const trendCalls = 5;
/** What changes less than this share is steady. */
const steadyShare = 0.2;

interface CountRow {
  toolId: string;
  tool: string;
  calls: number;
  people: number;
  successes: number;
  cached: number;
}
interface PercentileRow {
  toolId: string;
  p50: number;
  p95: number;
}
interface WeekRow {
  toolId: string;
  recent: number;
  calls: number;
  failures: number;
}

/** Of active tools that were called in the last `days`, those in `hidden` left out; slowest and most failing first. */
export function selectPerformance(
  db: Db,
  input: { name?: string; days: number },
  now: number,
  hidden: readonly string[],
): ToolPerformance[] {
  const since = now - input.days * dayMs;
  const wanted = sql`${executions.toolId} IN (SELECT ${tools.id} FROM ${tools} WHERE ${tools.isActive} = 1
    AND (${input.name ?? null} IS NULL OR ${tools.name} = ${input.name ?? null}))
    AND ${executions.toolId} NOT IN (SELECT value FROM json_each(${JSON.stringify(hidden)}))`;
  const counts = db.all<CountRow>(sql`
    SELECT ${executions.toolId} AS toolId, (SELECT ${tools.name} FROM ${tools} WHERE ${tools.id} = ${executions.toolId}) AS tool,
      count(*) AS calls, count(DISTINCT ${executions.userId}) AS people,
      sum(${executions.success}) AS successes, sum(${executions.success} AND ${executions.cached}) AS cached
    FROM ${executions} WHERE ${executions.executedAt} >= ${since} AND ${wanted} GROUP BY 1`);
  const failures = db.all<{ toolId: string; code: string; times: number }>(sql`
    SELECT ${executions.toolId} AS toolId, coalesce(${executions.errorCode}, 'failed') AS code, count(*) AS times
    FROM ${executions} WHERE ${executions.executedAt} >= ${since} AND ${executions.success} = 0 AND ${wanted} GROUP BY 1, 2 ORDER BY 3 DESC, 2`);
  const ran = sql`${executions.success} = 1 AND ${executions.cached} = 0 AND ${wanted}`;
  const durations = percentilesOf(
    db,
    sql`${executions.durationMs}`,
    sql`${executions.executedAt} >= ${since} AND ${ran}`,
  );
  const steps = percentilesOf(
    db,
    sql`${executions.steps}`,
    sql`${executions.executedAt} >= ${since} AND ${executions.steps} IS NOT NULL AND ${ran}`,
  );
  const weeks = selectWeeks(db, now, wanted, ran);
  const shown = counts.map((row) => toPerformance(row, failures, durations, steps, weeks));
  return shown.sort((a, b) => cost(b) - cost(a) || (a.tool < b.tool ? -1 : 1));
}

/** By nearest rank. */
function percentilesOf(
  db: Db,
  value: ReturnType<typeof sql>,
  where: ReturnType<typeof sql>,
): ReadonlyMap<string, { p50: number; p95: number }> {
  const rows = db.all<PercentileRow>(sql`
    SELECT toolId, max(CASE WHEN place = max(1, (total + 1) / 2) THEN value END) AS p50,
      max(CASE WHEN place = max(1, (total * 95 + 99) / 100) THEN value END) AS p95
    FROM (SELECT ${executions.toolId} AS toolId, ${value} AS value,
      row_number() OVER (PARTITION BY ${executions.toolId} ORDER BY ${value}) AS place,
      count(*) OVER (PARTITION BY ${executions.toolId}) AS total
      FROM ${executions} WHERE ${where})
    GROUP BY toolId`);
  return new Map(rows.map(({ toolId, p50, p95 }) => [toolId, { p50, p95 }]));
}

interface Weeks {
  counts: readonly WeekRow[];
  recent: ReadonlyMap<string, { p95: number }>;
  before: ReadonlyMap<string, { p95: number }>;
}

function selectWeeks(db: Db, now: number, wanted: ReturnType<typeof sql>, ran: ReturnType<typeof sql>): Weeks {
  const turn = now - weekMs;
  const within = (from: number, to: number) =>
    sql`${executions.executedAt} >= ${from} AND ${executions.executedAt} < ${to}`;
  const counts = db.all<WeekRow>(sql`
    SELECT ${executions.toolId} AS toolId, ${executions.executedAt} >= ${turn} AS recent, count(*) AS calls,
      sum(1 - ${executions.success}) AS failures
    FROM ${executions} WHERE ${executions.executedAt} >= ${turn - weekMs} AND ${wanted} GROUP BY 1, 2`);
  const durationsIn = (from: number, to: number) =>
    percentilesOf(db, sql`${executions.durationMs}`, sql`${within(from, to)} AND ${ran}`);
  return {
    counts,
    recent: durationsIn(turn, Number.MAX_SAFE_INTEGER),
    before: durationsIn(turn - weekMs, turn),
  };
}

function toPerformance(
  row: CountRow,
  failures: readonly { toolId: string; code: string; times: number }[],
  durations: ReturnType<typeof percentilesOf>,
  steps: ReturnType<typeof percentilesOf>,
  weeks: Weeks,
): ToolPerformance {
  const { toolId, tool, calls, people, successes, cached } = row;
  const week = (recent: 0 | 1, p95: number | undefined): ToolPerformance["this_week"] => {
    const found = weeks.counts.find((one) => one.toolId === toolId && one.recent === recent);
    return { calls: found?.calls ?? 0, failures: found?.failures ?? 0, p95_ms: p95 ?? null };
  };
  const this_week = week(1, weeks.recent.get(toolId)?.p95);
  const week_before = week(0, weeks.before.get(toolId)?.p95);
  return {
    tool,
    calls,
    people,
    failures: Object.fromEntries(
      failures.filter((failure) => failure.toolId === toolId).map(({ code, times }) => [code, times]),
    ),
    failure_share: share(calls - successes, calls),
    cache_share: share(cached, successes),
    ms: durations.get(toolId) ?? null,
    steps: steps.get(toolId) ?? null,
    this_week,
    week_before,
    trend: trendOf(this_week, week_before),
  };
}

function share(part: number, whole: number): number {
  return whole === 0 ? 0 : Math.round((part / whole) * 1000) / 1000;
}

function trendOf(now: ToolPerformance["this_week"], before: ToolPerformance["this_week"]): ToolPerformance["trend"] {
  if (now.calls < trendCalls || before.calls < trendCalls) return "too few calls";
  if (share(now.failures, now.calls) > share(before.failures, before.calls) + steadyShare / 2) return "failing more";
  if (now.p95_ms === null || before.p95_ms === null) return "too few calls";
  if (now.p95_ms > before.p95_ms * (1 + steadyShare) + 1) return "slower";
  return now.p95_ms < before.p95_ms * (1 - steadyShare) - 1 ? "faster" : "steady";
}

/** What puts a tool before others: how long its slow calls take, and as much again for each tenth of its calls that fails. */
function cost({ ms, failure_share }: ToolPerformance): number {
  return ((ms?.p95 ?? 0) + 1) * (1 + 10 * failure_share);
}
