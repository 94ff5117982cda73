// Running totals of calls in the team object's SQLite: what /metrics shows. Synchronous; SQL only.
import { and, eq, sql } from "drizzle-orm";
import { addToHistogram, emptyBuckets } from "../../core/histogram.ts";
import { prepared } from "../../core/prepared.ts";
import type { Db } from "../../durable/db.ts";
import { metricsLimits } from "../../limits.ts";
import type { CallCount, CallTotal } from "./schema.ts";
import { callTotals } from "./table.ts";

/** The tool under which further ones are counted once a team has as many series as it may. */
const foldedTool = "other";
/** The tool under which those are shown that the reader may not know of. */
const hiddenTool = "hidden";

const selectOne = prepared((db: Db) =>
  db
    .select()
    .from(callTotals)
    .where(and(eq(callTotals.tool, sql.placeholder("tool")), eq(callTotals.outcome, sql.placeholder("outcome"))))
    .prepare(),
);

/** Adds calls to the totals: one read and one write for each pair of tool and outcome among them. */
export function addCalls(db: Db, calls: readonly CallCount[], maxSeries: number = metricsLimits.series): void {
  for (const added of sumUp(calls)) {
    const known = selectOne(db).get({ tool: added.tool, outcome: added.outcome });
    const isFull = known === undefined && added.tool !== foldedTool && countSeries(db) >= maxSeries;
    const tool = isFull ? foldedTool : added.tool;
    const base = isFull ? selectOne(db).get({ tool, outcome: added.outcome }) : known;
    db.insert(callTotals)
      .values(base === undefined ? { ...added, tool } : merged(base, added))
      .onConflictDoUpdate({
        target: [callTotals.tool, callTotals.outcome],
        set: {
          count: sql`excluded.count`,
          totalDurationMs: sql`excluded.total_duration_ms`,
          buckets: sql`excluded.buckets_json`,
        },
      })
      .run();
  }
}

/** The totals by tool and outcome, those of `hidden` tools under one name. Without `hidden` by outcome alone, under no tool. */
export function selectTotals(db: Db, hidden?: { toolNames: readonly string[] }): CallTotal[] {
  const hiddenNames = new Set(hidden?.toolNames);
  const shown = new Map<string, CallTotal>();
  for (const row of db.select().from(callTotals).orderBy(callTotals.tool, callTotals.outcome).all()) {
    const tool = hidden === undefined ? "" : hiddenNames.has(row.tool) ? hiddenTool : row.tool;
    const key = JSON.stringify([tool, row.outcome]);
    const known = shown.get(key);
    shown.set(key, known === undefined ? { ...row, tool } : merged(known, row));
  }
  return [...shown.values()];
}

function sumUp(calls: readonly CallCount[]): CallTotal[] {
  const totals = new Map<string, CallTotal>();
  for (const { tool, outcome, durationMs, times = 1 } of calls) {
    const key = JSON.stringify([tool, outcome]);
    const total = totals.get(key) ?? { tool, outcome, count: 0, totalDurationMs: 0, buckets: emptyBuckets() };
    total.count += times;
    if (durationMs !== null) {
      total.totalDurationMs += durationMs;
      addToHistogram(total.buckets, durationMs);
    }
    totals.set(key, total);
  }
  return [...totals.values()];
}

function merged(base: CallTotal, added: CallTotal): CallTotal {
  return {
    tool: base.tool,
    outcome: base.outcome,
    count: base.count + added.count,
    totalDurationMs: base.totalDurationMs + added.totalDurationMs,
    buckets: base.buckets.map((count, index) => count + (added.buckets[index] ?? 0)),
  };
}

function countSeries(db: Db): number {
  const row = db.select({ series: sql<number>`count(*)` }).from(callTotals).get();
  return row?.series ?? 0;
}
