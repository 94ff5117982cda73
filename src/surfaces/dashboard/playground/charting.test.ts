// Which chart is chosen for which data, what a person's choice changes, and why there may be none. Runs in workerd.
import { expect, it } from "vitest";
import { chartOfRows, rowNumber } from "./charting.ts";

/** What is drawn of these rows; or why nothing is. */
function drawn(rows: readonly unknown[], wish: Parameters<typeof chartOfRows>[1] = {}) {
  const { spec, drawn: done, why, hint } = chartOfRows(rows, wish);
  return done === undefined ? { why, hint } : { spec, points: done.chart.series.map(({ points }) => points.length) };
}

const months = [
  { month: "2025-01", revenue: 10, cost: 4 },
  { month: "2025-02", revenue: 12, cost: 5 },
  { month: "2025-03", revenue: 9, cost: 3 },
];
const regions = [
  { region: "Europe", orders: 5, revenue: 70.5 },
  { region: "Asia", orders: 3, revenue: 40 },
];

it("draws numbers over time as a line", () => {
  expect(drawn(months)).toEqual({ spec: { kind: "line", x: "month", y: "revenue" }, points: [3] });
  const times = [
    { at: "2025-01-01T10:00:00+02:00", n: 1 },
    { at: "2025-01-01T09:00:00Z", n: 2 },
  ];
  expect(drawn(times)).toEqual({ spec: { kind: "line", x: "at", y: "n" }, points: [2] });
  expect(chartOfRows(times, {}).drawn?.chart.series).toEqual([
    {
      name: "n",
      points: [
        { x: Date.UTC(2025, 0, 1, 8), y: 1 },
        { x: Date.UTC(2025, 0, 1, 9), y: 2 },
      ],
    },
  ]);
});

it("takes whole numbers that count something through for a time", () => {
  const years = [
    { year: 2023, revenue: 5 },
    { year: 2024, revenue: 8 },
  ];
  expect(drawn(years)).toEqual({ spec: { kind: "line", x: "year", y: "revenue" }, points: [2] });
});

it("draws numbers by name as bars, the number first that people ask for", () => {
  expect(drawn(regions)).toEqual({ spec: { kind: "bar", x: "region", y: "revenue" }, points: [2] });
});

it("names bars as people name the rows", () => {
  const products = [
    { sku: "A-1", name: "Tent", id: 1, price: 5 },
    { sku: "A-2", name: "Lamp", id: 2, price: 7 },
  ];
  expect(drawn(products)).toEqual({ spec: { kind: "bar", x: "name", y: "price" }, points: [2] });
});

it("tells series apart where several rows share a place", () => {
  const rows = ["2025-01", "2025-02"].flatMap((month) => regions.map((one) => ({ month, ...one })));
  expect(drawn(rows)).toEqual({
    spec: { kind: "line", x: "month", y: "revenue", group: "region" },
    points: [2, 2],
  });
});

it("draws two numbers as a scatter, one as a histogram, names alone by how often they come", () => {
  const pairs = [
    { height: 1.5, weight: 50 },
    { height: 1.7, weight: 70 },
  ];
  expect(drawn(pairs)).toEqual({ spec: { kind: "scatter", x: "height", y: "weight" }, points: [2] });
  expect(drawn([{ amount: 1 }, { amount: 2 }, { amount: 9 }])).toEqual({
    spec: { kind: "histogram", x: "amount" },
    points: [5],
  });
  expect(drawn([4, 5, 9])).toEqual({ spec: { kind: "histogram", x: "value" }, points: [3] });
  expect(drawn(["a", "b", "a"])).toEqual({ spec: { kind: "bar", x: "value" }, points: [2] });
});

it("does not add up numbers that are names", () => {
  expect(
    drawn([
      { id: 1, status: "new" },
      { id: 2, status: "paid" },
      { id: 3, status: "new" },
    ]),
  ).toEqual({
    spec: { kind: "bar", x: "status" },
    points: [2],
  });
});

it("draws one record of numbers as a row for each", () => {
  expect(drawn([{ Europe: 3, Asia: 5 }])).toEqual({ spec: { kind: "bar", x: "name", y: "value" }, points: [2] });
});

it("says why there is no chart", () => {
  const hint = "Have the query give one record a row, e.g. `.[] | {name, amount}`.";
  expect(drawn([])).toEqual({ why: "There are no rows, so there is nothing to draw.", hint: "Widen the query." });
  expect(drawn([{ total: 4, name: "x" }])).toEqual({ why: "There is one row; a chart compares several.", hint });
  expect(drawn([{ tags: ["a"] }, { tags: [] }])).toEqual({
    why: "No column holds numbers, times or short texts: tags (json).",
    hint,
  });
  expect(drawn([{ a: 1 }, 2])).toEqual({ why: "Row 2 is a single value where the first is an object.", hint });
  expect(drawn(Array.from({ length: 61 }, (_, at) => ({ customer: `C-${at}` })))).toEqual({
    why: "customer has more than 60 different values and there is no number to draw.",
    hint: "Count or sum by fewer values in the query, or choose the columns here.",
  });
});

it("draws what a person chose, and fills in the rest", () => {
  expect(drawn(months, { kind: "bar", y: "cost" })).toEqual({
    spec: { kind: "bar", x: "month", y: "cost" },
    points: [3],
  });
  expect(drawn(regions, { kind: "pie" })).toEqual({ spec: { kind: "pie", x: "region", y: "revenue" }, points: [2] });
  expect(drawn([4, 5, 9], { kind: "line" })).toEqual({
    spec: { kind: "line", x: rowNumber, y: "value" },
    points: [3],
  });
  expect(drawn(regions, { kind: "bar", x: "region", y: "orders", agg: "max" })).toEqual({
    spec: { kind: "bar", x: "region", y: "orders", agg: "max" },
    points: [2],
  });
});

it("drops what fitted the kind before and does not fit this one", () => {
  expect(drawn(regions, { kind: "scatter", x: "region", y: "orders" })).toEqual({
    spec: { kind: "scatter", x: "revenue", y: "orders" },
    points: [2],
  });
  expect(drawn(regions, { kind: "histogram", x: "region" })).toEqual({
    spec: { kind: "histogram", x: "revenue" },
    points: [expect.any(Number)],
  });
});

it("chooses anew when the columns are no longer there", () => {
  const { spec, notes } = chartOfRows(regions, { kind: "bar", x: "gone" });
  expect(spec).toEqual({ kind: "bar", x: "region", y: "revenue" });
  expect(notes).toEqual(["The result has no column gone now, so the chart was chosen anew."]);
});

it("says when it is of a part", () => {
  expect(chartOfRows(regions, {}, true).notes).toEqual(["Drawn from the first 2 rows: there are more."]);
});

it("explains what is too much to draw, and lets one choose otherwise", () => {
  const rows = Array.from({ length: 2_001 }, (_, at) => ({ a: at, b: at }));
  const { why, hint, columns } = chartOfRows(rows, {});
  expect({ why, hint }).toEqual({
    why: "The chart would have more than 2000 points (limit plotPoints).",
    hint: "Plot a part: sample with n 2000, or filter.",
  });
  expect(columns.map(({ name }) => name)).toEqual(["a", "b", rowNumber]);
  expect(drawn(rows, { kind: "histogram" })).toMatchObject({ spec: { kind: "histogram", x: "a" } });
});
