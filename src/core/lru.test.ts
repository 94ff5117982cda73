// The bounded cache. Runs in workerd.
import { expect, it } from "vitest";
import { Lru } from "./lru.ts";

it("drops the longest unused when full", () => {
  const cache = new Lru<number>(16);
  for (let i = 0; i < 8; i++) cache.set(`k${i}`, i, 2);
  expect(cache.get("k0")).toBe(0);
  cache.set("k8", 8, 2);
  expect([cache.get("k0"), cache.get("k1"), cache.get("k8")]).toEqual([0, undefined, 8]);
});

it("counts a replaced value once and keeps no giant", () => {
  const cache = new Lru<string>(16);
  cache.set("a", "old", 2);
  cache.set("a", "new", 2);
  cache.set("giant", "too big", 3);
  expect([cache.get("a"), cache.get("giant")]).toEqual(["new", undefined]);
});

it("forgets a value that is replaced by one too large to keep", () => {
  const cache = new Lru<string>(16);
  cache.set("a", "old", 2);
  cache.set("a", "too big", 3);
  expect(cache.get("a")).toBeUndefined();
});
