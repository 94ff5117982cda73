// Charts as SVG: what they hold, that nothing gets out of a text, and places along axes. Pure.
import { describe, expect, it } from "vitest";
import { renderSvg } from "./svg.ts";
import { niceTicks, numberText, timeText, timeTicks } from "./ticks.ts";
import { type Chart, plotKinds } from "./types.ts";

function aChart(changes: Partial<Chart> = {}): Chart {
  return {
    kind: "bar",
    title: "Sales",
    description: "bar chart of sum of amount by region: 3 points.",
    xLabel: "region",
    yLabel: "sum of amount",
    xScale: "category",
    series: [
      {
        name: "amount",
        points: [
          { x: "north", y: 10 },
          { x: "south", y: -5 },
          { x: "west", y: 2.5 },
        ],
      },
    ],
    ...changes,
  };
}

const countOf = (svg: string, part: string): number => svg.split(part).length - 1;

describe("renderSvg", () => {
  it("says what it is to those who cannot see it", () => {
    const svg = renderSvg(aChart());
    expect(svg).toMatch(
      /^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg" width="720" height="440" viewBox="0 0 720 440" role="img" aria-labelledby="t d"><title id="t">Sales<\/title><desc id="d">bar chart of sum of amount by region: 3 points\.<\/desc>/,
    );
    expect(svg).toContain("prefers-color-scheme:dark");
    for (const name of ["north", "south", "west", "region", "sum of amount"]) expect(svg).toContain(`>${name}<`);
  });

  it("draws a mark for each value", () => {
    expect(countOf(renderSvg(aChart()), '<rect class="f0"')).toBe(3);
    const line = renderSvg(aChart({ kind: "line" }));
    expect([countOf(line, '<path class="l0"'), countOf(line, "<circle")]).toEqual([1, 3]);
    expect(countOf(renderSvg(aChart({ kind: "scatter" })), "<circle")).toBe(3);
    const area = renderSvg(aChart({ kind: "area" }));
    expect([countOf(area, 'fill-opacity="0.35"'), countOf(area, "Z")]).toEqual([1, 1]);
  });

  it("draws a pie's slices with their values, a whole one as a circle", () => {
    const points = [
      { x: "a", y: 3 },
      { x: "b", y: 1 },
    ];
    const svg = renderSvg(aChart({ kind: "pie", series: [{ name: "s", points }] }));
    expect([countOf(svg, "<path"), countOf(svg, "a: 3"), countOf(svg, "b: 1")]).toEqual([2, 1, 1]);
    const one = renderSvg(aChart({ kind: "pie", series: [{ name: "s", points: points.slice(0, 1) }] }));
    expect([countOf(one, "<path"), countOf(one, "<circle")]).toEqual([0, 1]);
  });

  it("puts bars of one bin beside each other", () => {
    const points = [{ x: 0, to: 10, y: 4 }];
    const series = ["a", "b"].map((name) => ({ name, points }));
    const svg = renderSvg(aChart({ kind: "histogram", xScale: "number", series }));
    const places = [
      ...svg.matchAll(/<rect class="f[01]" x="([\d.]+)" y="[\d.]+" width="([\d.]+)" height="[\d.]{2,}"\/>/g),
    ];
    const [first, second] = places.map(([, x, width]) => [Number(x), Number(width)] as const).slice(-2);
    expect(second?.[0]).toBeCloseTo((first?.[0] ?? 0) + (first?.[1] ?? 0), 1);
  });

  it("names its series in a legend when there are several", () => {
    const [one] = aChart().series;
    const svg = renderSvg(
      aChart({ series: [one ?? { name: "", points: [] }, { name: "costs", points: one?.points ?? [] }] }),
    );
    expect(svg).toContain(">costs</text>");
    expect(renderSvg(aChart())).not.toContain(">amount</text>");
  });

  it.each(plotKinds)("keeps every text of a %s a text", (kind) => {
    const hostile = `</text><script>alert("1")</script>&\u0000\ud800'`;
    const points = [{ x: hostile, y: 1 }];
    const svg = renderSvg(
      aChart({
        kind,
        title: hostile,
        description: hostile,
        xLabel: hostile,
        yLabel: hostile,
        series: [
          { name: hostile, points },
          { name: `${hostile}2`, points },
        ],
      }),
    );
    expect(svg).not.toContain("<script");
    expect(svg).toContain("&lt;script&gt;");
    expect(svg).not.toContain("\u0000");
    expect(svg.isWellFormed()).toBe(true);
  });

  it.each(plotKinds)("has no NaN in a %s of equal, huge or single values", (kind) => {
    for (const y of [0, 5, 1e300, -3]) {
      const points = [{ x: 1, y }];
      for (const xScale of ["number", "time", "category"] as const)
        expect(renderSvg(aChart({ kind, xScale, series: [{ name: "s", points }] }))).not.toMatch(
          /NaN|Infinity|undefined/,
        );
    }
  });
});

describe("ticks", () => {
  it("are round and cover the span", () => {
    expect(niceTicks(0, 97, 6)).toEqual([0, 20, 40, 60, 80, 100]);
    expect(niceTicks(-0.13, 0.31, 5)).toEqual([-0.2, -0.1, 0, 0.1, 0.2, 0.3, 0.4]);
    expect(niceTicks(7, 7, 5)).toEqual([7, 8]);
    expect([1234.5, 0, 2e12, 0.00001].map(numberText)).toEqual(["1,234.5", "0", "2e12", "1e-5"]);
  });

  it("of time are what a calendar has", () => {
    const at = (text: string): number => Date.parse(text);
    const shown = (from: string, to: string): string[] => {
      const ticks = timeTicks(at(from), at(to), 6);
      return ticks.map((tick) => timeText(tick, (ticks[1] ?? 0) - (ticks[0] ?? 0)));
    };
    expect(shown("2024-01-01", "2024-06-30")).toEqual([
      "2024-01",
      "2024-02",
      "2024-03",
      "2024-04",
      "2024-05",
      "2024-06",
    ]);
    expect(shown("2015-05-05", "2024-06-30")).toEqual(["2016", "2018", "2020", "2022", "2024"]);
    expect(shown("2024-02-27", "2024-03-02")).toEqual([
      "2024-02-27",
      "2024-02-28",
      "2024-02-29",
      "2024-03-01",
      "2024-03-02",
    ]);
    expect(shown("2024-02-28T22:00:00Z", "2024-02-29T02:00:00Z")).toEqual([
      "02-28 22:00",
      "02-28 23:00",
      "02-29 00:00",
      "02-29 01:00",
      "02-29 02:00",
    ]);
  });
});
