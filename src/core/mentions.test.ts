// Which texts speak of which names.
import { expect, it } from "vitest";
import { namesAnyOf } from "./mentions.ts";

it("finds names as words and as parts between dots and hyphens", () => {
  const names = namesAnyOf(["pay", "pay-roll.csv"]);
  const texts = ['{"dataset":"pay"}', "pay.2024", "x-pay", "see pay-roll.csv.", "payment", "pay_roll", "repay", ""];
  expect(texts.map(names)).toEqual([true, true, true, true, false, false, false, false]);
  expect(namesAnyOf([])("pay")).toBe(false);
});
