// Range headers: what they ask for, and what is passed over. Runs in workerd.
import { expect, it } from "vitest";
import { contentRange, readRange } from "./byte-range.ts";

it.each([
  ["bytes=0-0", { offset: 0, length: 1 }],
  ["bytes=2-5", { offset: 2, length: 4 }],
  ["bytes=2-", { offset: 2, length: 8 }],
  ["bytes=2-999999999999999", { offset: 2, length: 8 }],
  ["bytes=-3", { offset: 7, length: 3 }],
  ["bytes=-30", { offset: 0, length: 10 }],
  ["Bytes = 9-9", { offset: 9, length: 1 }],
  ["bytes=10-", "unsatisfiable"],
  ["bytes=10-12", "unsatisfiable"],
  ["bytes=-0", "unsatisfiable"],
  ["bytes=5-2", undefined],
  ["bytes=-", undefined],
  ["bytes=a-b", undefined],
  ["bytes=0-1,4-5", undefined],
  ["records=0-1", undefined],
  ["bytes=0-9999999999999999", undefined],
  [null, undefined],
])("%s of ten bytes", (header, expected) => {
  expect(readRange(header, 10)).toEqual(expected);
});

it("finds nothing in nothing", () => {
  expect([readRange("bytes=0-", 0), readRange("bytes=-5", 0), readRange(null, 0)]).toEqual([
    "unsatisfiable",
    "unsatisfiable",
    undefined,
  ]);
});

it("is told back", () => {
  expect(contentRange({ offset: 2, length: 4 }, 10)).toBe("bytes 2-5/10");
});
