// Histograms of durations: where their buckets end, counting into them, and percentiles out of them. Pure. Runs everywhere.

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

/**
 * The duration that `share` (0 to 1) of those counted do not exceed, in whole milliseconds: by nearest rank, and within its bucket in
 * proportion, so it is off by less than the bucket is wide. `maxMs` is the longest one counted, which ends the last bucket in use.
 * Null when nothing was counted.
 */
export function percentileOf(buckets: readonly number[], share: number, maxMs: number): number | null {
  const total = buckets.reduce((sum, count) => sum + count, 0);
  if (total === 0) return null;
  const rank = Math.max(1, Math.ceil(share * total));
  const lastUsed = buckets.findLastIndex((count) => count > 0);
  let before = 0;
  for (const [index, count] of buckets.entries()) {
    if (before + count < rank) {
      before += count;
      continue;
    }
    const from = index === 0 ? 0 : (bucketBoundsMs[index - 1] ?? 0);
    const to = index === lastUsed ? Math.max(from, maxMs) : (bucketBoundsMs[index] ?? maxMs);
    return Math.round(from + ((rank - before) / count) * (to - from));
  }
  return maxMs;
}
