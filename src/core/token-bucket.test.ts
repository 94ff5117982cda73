// The token bucket's arithmetic. Runs in workerd.
import { expect, it } from "vitest";
import { type Bucket, levelOf, secondsUntilFull, secondsUntilOne, takeOne } from "./token-bucket.ts";

const limit = { capacity: 3, perMinute: 6 };
const start = 1_800_000_000_000;

function take(bucket: Bucket | undefined, now: number): Bucket {
  const after = takeOne(bucket, limit, now);
  if (after === undefined) throw new Error("nothing was left");
  return after;
}

it("begins full, gives what it holds at once and then refuses", () => {
  expect(levelOf(undefined, limit, start)).toBe(3);
  const empty = take(take(take(undefined, start), start), start);
  expect(empty).toEqual({ level: 0, at: start });
  expect(takeOne(empty, limit, start)).toBeUndefined();
});

it("refills evenly, never above what it holds", () => {
  const empty = { level: 0, at: start };
  expect(levelOf(empty, limit, start + 5_000)).toBe(0.5);
  expect(takeOne(empty, limit, start + 9_999)).toBeUndefined();
  expect(takeOne(empty, limit, start + 10_000)).toEqual({ level: 0, at: start + 10_000 });
  expect(levelOf(empty, limit, start + 3_600_000)).toBe(3);
});

it("says how long until one and until all", () => {
  const empty = { level: 0, at: start };
  expect(secondsUntilOne(empty, limit, start)).toBe(10);
  expect(secondsUntilOne(empty, limit, start + 9_500)).toBe(1);
  expect(secondsUntilOne(undefined, limit, start)).toBe(1);
  expect(secondsUntilFull(empty, limit, start)).toBe(30);
  expect(secondsUntilFull(undefined, limit, start)).toBe(0);
});

it("lets a caller in who waited as told, whatever rounding did to the level", () => {
  let bucket: Bucket | undefined;
  let now = start;
  const odd = { capacity: 7, perMinute: 7 };
  for (let i = 0; i < 5_000; i++) {
    const after = takeOne(bucket, odd, now);
    if (after === undefined) {
      now += secondsUntilOne(bucket, odd, now) * 1000;
      expect(takeOne(bucket, odd, now)).toBeDefined();
    } else bucket = after;
    now += (i * 37) % 900;
  }
  expect(bucket?.level).toBeGreaterThanOrEqual(0);
});

it("refills nothing when the clock goes back, and is cut by a lower limit", () => {
  const empty = { level: 0, at: start };
  expect(levelOf(empty, limit, start - 60_000)).toBe(0);
  expect(take({ level: 2, at: start }, start - 60_000)).toEqual({ level: 1, at: start });
  expect(levelOf({ level: 3, at: start }, { capacity: 1, perMinute: 1 }, start)).toBe(1);
});
