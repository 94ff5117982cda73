// Near names: what counts as a slip of the finger, and how it is asked. Runs in workerd.
import { describe, expect, it } from "vitest";
import { didYouMean, nearNames } from "./near-names.ts";

describe("nearNames", () => {
  const cases: readonly (readonly [name: string, candidates: readonly string[], near: readonly string[]])[] = [
    ["lenght", ["length", "map", "last"], ["length"]],
    ["seelct", ["select", "set"], ["select"]],
    ["GroupBy", ["group_by", "min_by"], ["group_by"]],
    ["total", ["total_sales", "sum"], ["total_sales"]],
    ["x", ["y", "xy"], []],
    ["sum", ["sum", "sums", "sun", "scum", "gum"], ["gum", "scum", "sums"]],
    ["", ["a"], []],
  ];

  it.each(cases)("near %j", (name, candidates, near) => {
    expect(nearNames(name, candidates)).toEqual(near);
  });

  it("asks in plain words", () => {
    expect([didYouMean([]), didYouMean(["a"]), didYouMean(["a", "b", "c"])]).toEqual([
      undefined,
      "Did you mean a?",
      "Did you mean a, b, c?",
    ]);
  });
});
