// What stands for the values in each kind of chart: bars, lines, areas, points, slices. Pure.
import { type Layout, placedPoints } from "./layout.ts";
import type { Chart, Point } from "./types.ts";
import { element, hundredths } from "./xml.ts";

const colourCount = 12;
const colour = (index: number): number => index % colourCount;
/** Points from which on a line shows no dots. */
const dotsUpTo = 60;

/** Bars of one name stand beside each other, and so do those of one bin, which they fill. */
export function barMarks({ series }: Chart, layout: Layout): string[] {
  const nought = layout.placeY(0);
  const group = layout.band * 0.8;
  const width = group / Math.max(1, series.length);
  return series.flatMap(({ points }, index) =>
    points.map((point) => {
      const end = layout.placeY(point.y);
      const span = spanOf(point, layout, { group, width, index, count: series.length });
      const box = { x: span.from, y: Math.min(nought, end), width: span.width, height: Math.abs(end - nought) };
      return element("rect", { class: `f${colour(index)}`, ...box });
    }),
  );
}

function spanOf(
  { x, to }: Point,
  { placeX }: Layout,
  { group, width, index, count }: { group: number; width: number; index: number; count: number },
): { from: number; width: number } {
  if (to !== undefined) {
    const share = Math.max(0.5, placeX(to) - placeX(x) - 1) / count;
    return { from: placeX(x) + 0.5 + index * share, width: share };
  }
  return { from: placeX(x) - group / 2 + index * width, width: Math.max(0.5, width) };
}

export function lineMarks({ series }: Chart, layout: Layout): string[] {
  return series.flatMap(({ points }, index) => {
    const placed = placedPoints(points, layout);
    const line = element("path", {
      class: `l${colour(index)}`,
      d: pathOf(placed),
      fill: "none",
      "stroke-width": 2,
      "stroke-linejoin": "round",
    });
    const dots = points.length > dotsUpTo ? [] : placed.map(({ x, y }) => dot(x, y, index, 3));
    return [line, ...dots];
  });
}

/** Not stacked: each area begins at nought, and those behind shine through. */
export function areaMarks(chart: Chart, layout: Layout): string[] {
  const nought = hundredths(layout.placeY(0));
  const areas = chart.series.map(({ points }, index) => {
    const placed = placedPoints(points, layout);
    const [first, last] = [placed[0], placed.at(-1)];
    const d =
      first === undefined || last === undefined
        ? ""
        : `${pathOf(placed)}L${hundredths(last.x)} ${nought}L${hundredths(first.x)} ${nought}Z`;
    return element("path", { class: `f${colour(index)}`, d, "fill-opacity": 0.35 });
  });
  return [...areas, ...lineMarks(chart, layout)];
}

export function scatterMarks({ series }: Chart, layout: Layout): string[] {
  return series.flatMap(({ points }, index) => placedPoints(points, layout).map(({ x, y }) => dot(x, y, index, 3.5)));
}

function dot(cx: number, cy: number, index: number, r: number): string {
  return element("circle", { class: `f${colour(index)}`, cx, cy, r, "fill-opacity": 0.85 });
}

/** Slices clockwise from the top, in the order given. */
export function pieMarks({ series }: Chart, layout: Layout): string[] {
  const points = series[0]?.points ?? [];
  const total = points.reduce((sum, { y }) => sum + y, 0);
  const [cx, cy] = [(layout.left + layout.right) / 2, (layout.top + layout.bottom + 46) / 2];
  const r = Math.min(layout.right - layout.left, layout.bottom + 46 - layout.top) / 2 - 4;
  let turned = 0;
  return points.map(({ y }, index) => {
    const share = total === 0 ? 0 : y / total;
    const attributes = { class: `f${colour(index)} edge`, "stroke-width": 1.5 };
    // A whole circle has no two ends that an arc could join.
    if (share > 0.999999) return element("circle", { ...attributes, cx, cy, r });
    const d = slicePath({ cx, cy, r }, turned, turned + share);
    turned += share;
    return element("path", { ...attributes, d });
  });
}

function slicePath({ cx, cy, r }: { cx: number; cy: number; r: number }, from: number, to: number): string {
  const at = (turn: number): string => {
    const angle = turn * 2 * Math.PI;
    return `${hundredths(cx + r * Math.sin(angle))} ${hundredths(cy - r * Math.cos(angle))}`;
  };
  const isLarge = to - from > 0.5 ? 1 : 0;
  return `M${hundredths(cx)} ${hundredths(cy)}L${at(from)}A${hundredths(r)} ${hundredths(r)} 0 ${isLarge} 1 ${at(to)}Z`;
}

function pathOf(placed: readonly { x: number; y: number }[]): string {
  return placed.map(({ x, y }, index) => `${index === 0 ? "M" : "L"}${hundredths(x)} ${hundredths(y)}`).join("");
}
