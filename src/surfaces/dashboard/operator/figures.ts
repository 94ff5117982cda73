// What the operator's pages add up of a team's metrics. Pure; runs everywhere.
import type { TeamMetrics } from "../../../features/metrics/schema.ts";

/** Calls since the team began. */
export function callsOf({ totals }: TeamMetrics): number {
  return totals.reduce((sum, { count }) => sum + count, 0);
}

/** Those that did not end well. */
export function failuresOf({ totals }: TeamMetrics): number {
  return totals.reduce((sum, { count, outcome }) => sum + (outcome === "ok" ? 0 : count), 0);
}

/** Bytes of datasets, earlier versions of them, and the team's own database. */
export function storageOf({ gauges }: TeamMetrics): number {
  return gauges.datasetBytes + gauges.keptVersionBytes + gauges.sqliteBytes;
}
