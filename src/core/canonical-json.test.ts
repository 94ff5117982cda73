// One text for one value. Runs in workerd.
import { expect, it } from "vitest";
import { canonicalJson, sameValue } from "./canonical-json.ts";

it("writes keys in one order at every depth, without spaces and without what is undefined", () => {
  expect(canonicalJson({ b: [{ d: 1, c: "x" }], a: null, e: undefined, 10: 1, 9: 2 })).toBe(
    '{"10":1,"9":2,"a":null,"b":[{"c":"x","d":1}]}',
  );
  expect([canonicalJson([]), canonicalJson({}), canonicalJson("é\n"), canonicalJson(1.5)]).toEqual([
    "[]",
    "{}",
    '"é\\n"',
    "1.5",
  ]);
});

it("compares values, not how they were written", () => {
  expect(sameValue({ a: 1, b: [2] }, { b: [2], a: 1 })).toBe(true);
  expect(sameValue([1, 2], [2, 1])).toBe(false);
  expect([sameValue(undefined, null), sameValue(undefined, undefined), sameValue({ a: undefined }, {})]).toEqual([
    false,
    true,
    true,
  ]);
});
