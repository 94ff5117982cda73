// Percentiles out of counts per bucket, beside exact ones. Pure.
import { expect, it } from "vitest";
import { addToHistogram, bucketBoundsMs, emptyBuckets, percentileOf } from "./histogram.ts";

function counted(durations: readonly number[]): { buckets: number[]; maxMs: number } {
  const buckets = emptyBuckets();
  for (const duration of durations) addToHistogram(buckets, duration);
  return { buckets, maxMs: Math.max(...durations) };
}

/** Nearest rank. */
function exact(durations: readonly number[], share: number): number {
  const sorted = [...durations].sort((a, b) => a - b);
  return sorted[Math.max(1, Math.ceil(share * sorted.length)) - 1] ?? 0;
}

const bucketOf = (duration: number): number => bucketBoundsMs.findIndex((bound) => duration <= bound);

it("gives the bucket of the exact percentile, whatever the durations", () => {
  let seed = 7;
  const random = (): number => {
    seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
    return seed / 2 ** 31;
  };
  for (let round = 0; round < 200; round++) {
    const durations = Array.from({ length: 1 + Math.floor(random() * 300) }, () => Math.round(10 ** (random() * 6)));
    const { buckets, maxMs } = counted(durations);
    for (const share of [0.5, 0.95, 0.99, 1]) {
      const estimate = percentileOf(buckets, share, maxMs) ?? -1;
      expect(bucketOf(Math.max(1, estimate))).toBe(bucketOf(Math.max(1, exact(durations, share))));
      expect(estimate).toBeLessThanOrEqual(maxMs);
    }
  }
});

it("is exact for one duration, and for the longest of many", () => {
  expect([0, 3, 70_000, 400_000].map((ms) => percentileOf(counted([ms]).buckets, 0.5, ms))).toEqual([
    0, 3, 70_000, 400_000,
  ]);
  const { buckets, maxMs } = counted([1, 2, 3, 900_000, 310_000]);
  expect([percentileOf(buckets, 1, maxMs), percentileOf(buckets, 0.6, maxMs)]).toEqual([900_000, 5]);
});

it("says nothing of nothing", () => {
  expect(percentileOf(emptyBuckets(), 0.5, 0)).toBeNull();
});
