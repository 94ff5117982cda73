// What the monitoring page draws: a team's activity as charts. Pure. Runs at the edge.
import type { Chart, Series } from "../../../engines/plot/types.ts";
import type { HoldingPoint, TeamActivity } from "../../../features/activity/schema.ts";

type Point = Series["points"][number];

function series<Row extends { at: string }>(
  name: string,
  rows: readonly Row[],
  read: (row: Row) => number | null,
): Series {
  const points = rows.flatMap((row): Point[] => {
    const y = read(row);
    return y === null ? [] : [{ x: Date.parse(row.at), y }];
  });
  return { name, points };
}

/** The whole window, whatever of it has values. */
function alongTime({ points }: TeamActivity): Pick<Chart, "xLabel" | "xScale" | "xRange"> {
  const times = points.map(({ at }) => Date.parse(at));
  return { xLabel: "", xScale: "time", xRange: [Math.min(...times), Math.max(...times)] };
}

/** Calls per step, the failed ones within them. */
export function callsChart(activity: TeamActivity): Chart {
  const { points, calls, errors } = activity;
  return {
    ...alongTime(activity),
    kind: "area",
    title: "Calls",
    description: `Calls over time: ${calls} in all, ${errors} of them errors.`,
    yLabel: "calls",
    series: [series("all calls", points, (point) => point.calls), series("errors", points, (point) => point.errors)],
  };
}

/** Percentiles of durations per step; steps without calls have none. Null when no call was timed. */
export function durationsChart(activity: TeamActivity): Chart | null {
  const { points, p50_ms, p95_ms, p99_ms } = activity;
  if (p50_ms === null) return null;
  return {
    ...alongTime(activity),
    kind: "line",
    title: "Durations",
    description: `How long calls took over time; over the whole window p50 ${p50_ms} ms, p95 ${p95_ms} ms, p99 ${p99_ms} ms.`,
    yLabel: "milliseconds",
    series: [
      series("p50", points, (point) => point.p50_ms),
      series("p95", points, (point) => point.p95_ms),
      series("p99", points, (point) => point.p99_ms),
    ],
  };
}

/** Background work per step. Null when there was none. */
export function queueChart(activity: TeamActivity): Chart | null {
  const { queue } = activity;
  const handled = queue.reduce((sum, point) => sum + point.handled, 0);
  const failed = queue.reduce((sum, point) => sum + point.failed, 0);
  if (handled + failed === 0) return null;
  return {
    ...alongTime(activity),
    kind: "area",
    title: "Background work",
    description: `Background messages over time: ${handled} done, ${failed} tries failed.`,
    yLabel: "messages",
    series: [series("done", queue, (point) => point.handled), series("failed", queue, (point) => point.failed)],
  };
}

/** Deliveries on their way and given up on, as they stood. Null when there never were any. */
export function waitingChart(activity: TeamActivity): Chart | null {
  const { storage } = activity;
  if (storage.every((point) => point.deliveries_waiting + point.deliveries_dead + point.deletions_waiting === 0)) {
    return null;
  }
  return {
    ...alongTime(activity),
    kind: "line",
    title: "Waiting",
    description: "Webhooks and mails on their way and given up on, and files to be deleted, over time.",
    yLabel: "waiting",
    series: [
      series("deliveries", storage, (point) => point.deliveries_waiting),
      series("given up on", storage, (point) => point.deliveries_dead),
      series("deletions", storage, (point) => point.deletions_waiting),
    ],
  };
}

const sizes = [
  ["datasets", (point: HoldingPoint) => point.dataset_bytes],
  ["backups", (point: HoldingPoint) => point.backup_bytes],
  ["tables and frames", (point: HoldingPoint) => point.workspace_bytes],
  ["team", (point: HoldingPoint) => point.team_bytes],
  ["uploads", (point: HoldingPoint) => point.upload_bytes],
] as const;

/** Bytes by kind, in the unit that suits the largest. */
export function storageChart(activity: TeamActivity): Chart {
  const { storage } = activity;
  const largest = Math.max(1, ...storage.flatMap((point) => sizes.map(([, read]) => read(point) ?? 0)));
  const units = ["bytes", "KiB", "MiB", "GiB", "TiB"];
  const power = Math.min(units.length - 1, Math.floor(Math.log2(largest) / 10));
  return {
    ...alongTime(activity),
    kind: "line",
    title: "Storage",
    description:
      "Bytes stored over time: datasets, backups, tables and frames, the team's own records, uploads under way.",
    yLabel: units[power] ?? "bytes",
    series: sizes.map(([name, read]) =>
      series(name, storage, (point) => {
        const value = read(point);
        return value === null ? null : value / 1024 ** power;
      }),
    ),
  };
}
