// What an address says and how it is written again. Runs in workerd.
import { expect, it } from "vitest";
import { addressOf, blankState, fitsAddress, readState, shownAs } from "./state.ts";
import { readingOf, settleReading } from "./subject.ts";

const read = (query: string) => readState(new URLSearchParams(query));

it("reads what is asked, and takes nonsense for nothing", () => {
  expect(read("")).toEqual(blankState);
  expect(read("lang=perl&view=hologram&rows=7&read=backwards&kind=cake&run=maybe")).toEqual(blankState);
  expect(read("lang=sql&q=SELECT 1\r\nUNION SELECT 2  &rows=25&view=chart&kind=bar&x= odd &agg=sum&run=no")).toEqual({
    ...blankState,
    lang: "sql",
    q: "SELECT 1\nUNION SELECT 2",
    rows: 25,
    view: "chart",
    chart: { kind: "bar", x: " odd ", agg: "sum" },
    run: false,
  });
});

it("writes an address of what is not as it would be anyway, and reads it back", () => {
  expect(addressOf("/p", blankState)).toBe("/p");
  const state = { ...blankState, dataset: "orders", q: ".[] | select(.a > 1)", view: "json" as const };
  expect(addressOf("/p", state)).toBe("/p?dataset=orders&q=.%5B%5D+%7C+select%28.a+%3E+1%29&view=json");
  const chart = { ...shownAs(state, "chart"), chart: { kind: "pie" as const, x: "a&b=c" } };
  expect(readState(new URL(addressOf("https://data.test/p", chart)).searchParams)).toEqual(chart);
});

it("keeps a chart's columns out of other views", () => {
  const state = { ...blankState, q: ".", chart: { kind: "pie" as const } };
  expect(addressOf("/p", state)).toBe("/p?q=.");
});

it("holds queries up to a length", () => {
  expect(fitsAddress(addressOf("/p", { ...blankState, q: "a".repeat(8_000) }))).toBe(true);
  expect(fitsAddress(addressOf("/p", { ...blankState, q: "a".repeat(8_200) }))).toBe(false);
});

it("reads data as a whole while it fits, and says how it reads what does not", () => {
  const small = { fits: true, shape: "records" } as const;
  const large = { fits: false, shape: "records" } as const;
  expect(settleReading("auto", ".[0]", small)).toEqual({ input: "whole", nullInput: false });
  expect(settleReading("auto", "select(.a)", large)).toEqual({ input: "records", nullInput: false });
  expect(settleReading("auto", "reduce inputs as $r (0; . + 1)", large)).toEqual({ input: "records", nullInput: true });
  expect(settleReading("auto", '.input | "inputs" # inputs', large)).toEqual({ input: "records", nullInput: false });
  expect(settleReading("auto", ".", { fits: false, shape: "whole" })).toEqual({ input: "whole", nullInput: false });
  expect(settleReading("auto", ".", undefined)).toEqual({ input: "whole", nullInput: false });
  for (const reading of ["whole", "records", "inputs"] as const)
    expect(readingOf(settleReading(reading, ".", large))).toBe(reading);
});
