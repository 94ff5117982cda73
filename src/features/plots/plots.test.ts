// plot: charts of frames and datasets, and what is refused. Runs in workerd.
import { describe, expect, it } from "vitest";
import { aFrame, counting, countingColumns } from "../../../test/helpers/frames.ts";
import { freshTeam, rejection, useTool } from "../../../test/helpers/team.ts";
import type { CallContext } from "../../context.ts";
import type { Column, Row } from "../../engines/frame/types.ts";
import { chartAppUri, chartPage } from "./plots.ts";

const columns: Column[] = [
  { name: "region", type: "text" },
  { name: "amount", type: "decimal", precision: 10, scale: 2 },
  { name: "day", type: "date" },
  { name: "year", type: "int" },
];
const rows: Row[] = [
  ["north", "10.00", "2024-01-02", 2024],
  ["south", "5.50", "2024-01-01", 2023],
  ["north", "2.00", "2024-01-03", 2023],
  [null, "1.00", "2024-01-01", 2024],
  ["south", null, "2024-01-01", 2024],
];

async function withSales(): Promise<CallContext> {
  const context = await (await freshTeam()).call();
  await aFrame(context, columns, rows, { name: "sales" });
  return context;
}

const draw = (context: CallContext, args: Record<string, unknown>) =>
  useTool(context, "plot", { data_ref: "sales", ...args });

function svgOf(answer: Awaited<ReturnType<typeof useTool>>): string {
  const [image, ...others] = answer.images ?? [];
  expect([image?.mimeType, others]).toEqual(["image/svg+xml", []]);
  return new TextDecoder().decode(Uint8Array.from(atob(image?.data ?? ""), (char) => char.charCodeAt(0)));
}

describe("plot", () => {
  it("draws bars of sums, and says what was left out", async () => {
    const answer = await draw(await withSales(), { kind: "bar", x: "region", y: "amount" });
    expect(answer.data).toMatchObject({
      kind: "bar",
      title: "sum of amount by region",
      rows: 5,
      left_out: 2,
      points: 2,
      series: [{ name: "amount", points: 2, min: 5.5, max: 12 }],
    });
    expect(answer.text).toContain(
      "A bar chart: 2 points of 5 rows; 2 rows have no value to draw. The image is part of this answer.",
    );
    expect(answer.text).toContain("|north|12|\n|south|5.5|");
    const svg = svgOf(answer);
    expect(svg).toContain('<title id="t">sum of amount by region</title>');
    expect(svg.split('<rect class="f0"').length - 1).toBe(2);
  });

  it("sums floats as groupby does", async () => {
    const context = await (await freshTeam()).call();
    const floats: Row[] = Array.from({ length: 10 }, () => ["a", 0.1]);
    const named: Column[] = [
      { name: "k", type: "text" },
      { name: "v", type: "float" },
    ];
    await aFrame(context, named, floats, { name: "sales" });
    const answer = await draw(context, { kind: "area", x: "k", y: "v" });
    expect(answer.text).toContain("An area chart: 1 point of 10 rows.");
    expect(answer.text).toContain("|a|1|");
  });

  it("draws a series for each value of a group, along time in order", async () => {
    const answer = await draw(await withSales(), {
      kind: "line",
      x: "day",
      group: "region",
      agg: "count",
      y: "amount",
    });
    expect(answer.data.series).toEqual([
      { name: "north", points: 2, min: 1, max: 1 },
      { name: "south", points: 1, min: 1, max: 1 },
      { name: "null", points: 1, min: 1, max: 1 },
    ]);
    expect(svgOf(answer)).toContain(">01-02 00:00<");
  });

  it("counts rows without y, bins values, sorts numbers and slices", async () => {
    const context = await withSales();
    const counts = await draw(context, { kind: "bar", x: "year" });
    expect(counts.text).toContain("|2023|2|\n|2024|3|");
    const bins = await draw(context, { kind: "histogram", x: "amount", bins: 2 });
    expect(bins.text).toContain("|1 to 5.5|2|\n|5.5 to 10|2|");
    const pie = await draw(context, { kind: "pie", x: "region", y: "amount" });
    expect(pie.text).toContain("|north|12|\n|south|5.5|");
    const scatter = await draw(context, { kind: "scatter", x: "year", y: ["amount"] });
    expect(scatter.data).toMatchObject({ points: 4, left_out: 1 });
  });

  it("reads a dataset by name", async () => {
    const { call } = await freshTeam();
    const content = '[{"k":"a","v":1},{"k":"b","v":2}]';
    await useTool(await call(), "create_dataset", { name: "sales", content, format: "json" });
    expect((await draw(await call(), { kind: "bar", x: "k", y: "v" })).data).toMatchObject({ points: 2, rows: 2 });
  });

  it("refuses columns that are not there or do not fit, naming those that do", async () => {
    const context = await withSales();
    const refused = (args: Record<string, unknown>) => rejection(draw(context, args));
    expect(await refused({ kind: "bar", x: "regio", y: "amount" })).toEqual({
      code: "not_found",
      message: 'x: there is no column "regio".',
    });
    expect(await refused({ kind: "scatter", x: "region", y: "amount" })).toEqual({
      code: "invalid_argument",
      message: 'x of a scatter: the column "region" is text.',
    });
    expect(await refused({ kind: "bar", x: "year", y: "region" })).toEqual({
      code: "invalid_argument",
      message: 'y: the column "region" is text.',
    });
    expect(await refused({ kind: "pie", x: "region", y: ["amount", "year"] })).toEqual({
      code: "invalid_argument",
      message: "A pie takes one y and no group.",
    });
    expect(await refused({ kind: "scatter", x: "year" })).toEqual({
      code: "invalid_argument",
      message: "A scatter needs y.",
    });
  });

  it("refuses more points than it can show, and a chart of nothing", async () => {
    const context = await (await freshTeam()).call();
    await aFrame(context, countingColumns, counting(2_001), { name: "sales" });
    expect(await rejection(draw(context, { kind: "line", x: "n" }))).toEqual({
      code: "too_large",
      message: "The chart would have more than 2000 points (limit plotPoints).",
    });
    expect(await rejection(draw(context, { kind: "line", x: "n", group: "name" }))).toEqual({
      code: "too_large",
      message: "group has more than 12 values (limit plotSeries).",
    });
    await aFrame(context, countingColumns, [], { name: "none" });
    expect(await rejection(draw(context, { data_ref: "none", kind: "bar", x: "name" }))).toEqual({
      code: "invalid_argument",
      message: "It has no rows, so there is nothing to draw.",
    });
  });

  it("counts many rows of one x as one point", async () => {
    const context = await (await freshTeam()).call();
    const many = Array.from({ length: 5_000 }, (_, n) => [n % 7, "x"]);
    await aFrame(context, countingColumns, many, { name: "sales" });
    expect((await draw(context, { kind: "area", x: "n" })).data).toMatchObject({ points: 7, rows: 5_000 });
  });
});

it("the app's page fetches nothing and holds no data", () => {
  expect(chartAppUri).toBe("ui://super-data/chart.html");
  expect(chartPage.match(/https?:|fetch\(|import |innerHTML|eval/g)).toBeNull();
});

describe("names that are longer than a chart is wide", () => {
  it("are refused, before thousands of them are held", async () => {
    const context = await (await freshTeam()).call("member");
    const named: Column[] = [
      { name: "label", type: "text" },
      { name: "n", type: "int" },
    ];
    await aFrame(context, named, [["x".repeat(1_001), 1]], { name: "long_names" });
    const message = 'The column "label" has values of more than 1000 characters, which name nothing in a chart.';
    const bars = useTool(context, "plot", { data_ref: "long_names", kind: "bar", x: "label", y: "n" });
    expect(await rejection(bars)).toEqual({ code: "invalid_argument", message });
    const lines = useTool(context, "plot", { data_ref: "long_names", kind: "line", x: "n", y: "n", group: "label" });
    expect(await rejection(lines)).toEqual({ code: "invalid_argument", message });
  });
});
