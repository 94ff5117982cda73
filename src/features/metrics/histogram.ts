// Histograms of durations: where their buckets end, and counting into them. Pure. Runs everywhere.

/** Upper bounds in milliseconds, each inclusive; one more bucket holds what is longer. Stored counts rely on them: a change needs a migration. */
export const bucketBoundsMs = [
  5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000, 60_000, 300_000,
] as const;

export function emptyBuckets(): number[] {
  return Array.from({ length: bucketBoundsMs.length + 1 }, () => 0);
}

/** Counts one duration. `buckets` is changed; its counts are not cumulative. */
export function addToHistogram(buckets: number[], durationMs: number): void {
  const found = bucketBoundsMs.findIndex((bound) => durationMs <= bound);
  const index = found < 0 ? bucketBoundsMs.length : found;
  buckets[index] = (buckets[index] ?? 0) + 1;
}
