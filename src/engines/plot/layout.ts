// Where things lie in a chart: its scales, axes and legend. Pure.
import { cutText } from "../../core/markdown.ts";
import { legendTexts } from "./legend.ts";
import { niceTicks, numberText, timeText, timeTicks } from "./ticks.ts";
import type { Chart, Point } from "./types.ts";
import { element, escapeXml } from "./xml.ts";

/** Width of a character of the axes' letters, roughly, pixels. */
const charWidth = 6.4;
const lineHeight = 18;
const yTickCount = 6;

interface Tick {
  at: number;
  text: string;
}

/** The plot's place in pixels, and the way from values to places. */
export interface Layout {
  left: number;
  top: number;
  right: number;
  bottom: number;
  /** Names along x, in order; empty for numbers and time. */
  categories: string[];
  /** Pixels that one name has to itself. */
  band: number;
  xTicks: Tick[];
  yTicks: Tick[];
  /** The place of a value on x; of a name the middle of its band. */
  placeX: (x: number | string) => number;
  placeY: (y: number) => number;
  legend: { x: number; y: number; text: string }[];
}

export function layoutOf(chart: Chart, width: number, height: number): Layout {
  const legend = placeLegend(chart, width);
  const legendRows = legend.at(-1)?.y ?? 30;
  const [low, high] = yRange(chart);
  const ticks = niceTicks(low, high, yTickCount);
  const [from = 0, to = 1] = [ticks[0], ticks.at(-1)];
  const yTexts = ticks.map(numberText);
  const left = 34 + Math.max(...yTexts.map((text) => text.length)) * charWidth;
  const [right, top, bottom] = [width - 20, legendRows + 20, height - 66];
  const placeY = (y: number): number => bottom - ((y - from) / (to - from)) * (bottom - top);
  const yTicks = ticks.map((tick, index) => ({ at: placeY(tick), text: yTexts[index] ?? "" }));
  const frame = { left, top, right, bottom, placeY, yTicks, legend };
  return chart.xScale === "category"
    ? { ...frame, ...alongNames(chart, left, right) }
    : { ...frame, ...alongNumbers(chart, left, right) };
}

type AlongX = Pick<Layout, "categories" | "band" | "xTicks" | "placeX">;

function alongNames({ series, categories: given = [] }: Chart, left: number, right: number): AlongX {
  const categories =
    given.length > 0 ? [...given] : [...new Set(series.flatMap(({ points }) => points.map(({ x }) => String(x))))];
  const order = new Map(categories.map((name, index) => [name, index]));
  const band = (right - left) / Math.max(1, categories.length);
  const placeX = (x: number | string): number => left + ((order.get(String(x)) ?? 0) + 0.5) * band;
  // Only as many names as have room to stand beside each other.
  const chars = Math.max(...categories.map((name) => Math.min(name.length, 14)), 1);
  const every = Math.max(1, Math.ceil((chars * charWidth + 10) / band));
  const xTicks = categories.flatMap((name, index) =>
    index % every === 0 ? [{ at: placeX(name), text: name.length > 14 ? `${name.slice(0, 13)}…` : name }] : [],
  );
  return { categories, band, xTicks, placeX };
}

function alongNumbers({ series, xScale, xRange }: Chart, left: number, right: number): AlongX {
  const values = series.flatMap(({ points }) => points.flatMap(({ x, to }) => [Number(x), to ?? Number(x)]));
  const [low, high] = rangeOf([...values, ...(xRange ?? [])]);
  const isTime = xScale === "time";
  const [first, last] = spread(low, high, isTime ? 43_200_000 : 0.5);
  // Only as many as have room for their texts.
  const room = Math.max(2, Math.floor((right - left) / (isTime ? 82 : 70)));
  const ticks = isTime ? timeTicks(first, last, Math.min(7, room)) : niceTicks(first, last, Math.min(8, room));
  const [from, to] = isTime ? [first, last] : [ticks[0] ?? first, ticks.at(-1) ?? last];
  const placeX = (x: number | string): number => left + ((Number(x) - from) / (to - from)) * (right - left);
  const step = (ticks[1] ?? to) - (ticks[0] ?? from);
  const xTicks = ticks.map((tick) => ({ at: placeX(tick), text: isTime ? timeText(tick, step) : numberText(tick) }));
  return { categories: [], band: 0, xTicks, placeX };
}

/** From nought for what has a length that is compared; else from the least value. */
function yRange({ kind, series }: Chart): [number, number] {
  const [low, high] = rangeOf(series.flatMap(({ points }) => points.map(({ y }) => y)));
  const fromNought = kind !== "line" && kind !== "scatter";
  const [least, most] = fromNought ? [Math.min(0, low), Math.max(0, high)] : [low, high];
  return spread(least, most, 0.5);
}

/** A span that has an extent beside the size of its numbers: of one value, some room around it. */
function spread(low: number, high: number, room: number): [number, number] {
  const size = Math.max(Math.abs(low), Math.abs(high));
  if (high - low > size * 1e-9) return [low, high];
  const around = Math.max(room, size / 100);
  return [low - around, high + around];
}

/** The least and the greatest, without spreading a long list over a call's arguments. */
function rangeOf(values: readonly number[]): [number, number] {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return low <= high ? [low, high] : [0, 1];
}

function placeLegend(chart: Chart, width: number): Layout["legend"] {
  const placed: Layout["legend"] = [];
  let [x, y] = [16, 48];
  for (const text of legendTexts(chart)) {
    const taken = text.length * charWidth + 32;
    if (x + taken > width - 16 && x > 16) [x, y] = [16, y + lineHeight];
    placed.push({ x, y, text });
    x += taken;
  }
  return placed;
}

/** Both axes with their lines, ticks and names. */
export function axesOf(chart: Chart, layout: Layout): string[] {
  const { left, right, top, bottom, xTicks, yTicks } = layout;
  const middle = (top + bottom) / 2;
  return [
    ...yTicks.flatMap(({ at, text }) => [
      element("line", { class: "grid", x1: left, x2: right, y1: at, y2: at }),
      element("text", { x: left - 6, y: at + 4, "text-anchor": "end" }, escapeXml(text)),
    ]),
    element("line", { class: "axis", x1: left, x2: right, y1: bottom, y2: bottom }),
    ...xTicks.map(({ at, text }) =>
      element("text", { x: at, y: bottom + 18, "text-anchor": "middle" }, escapeXml(text)),
    ),
    element("text", { x: (left + right) / 2, y: bottom + 44, "text-anchor": "middle" }, label(chart.xLabel)),
    element(
      "text",
      { x: 14, y: middle, "text-anchor": "middle", transform: `rotate(-90 14 ${Math.round(middle)})` },
      label(chart.yLabel),
    ),
  ];
}

const label = (text: string): string => escapeXml(cutText(text, 60));

/** Points of a series that lie on x in order. */
export function placedPoints(points: readonly Point[], layout: Layout): { x: number; y: number }[] {
  return points.map(({ x, y }) => ({ x: layout.placeX(x), y: layout.placeY(y) }));
}
