// Rows gathered into the points of a chart, as they come by. Pure.

import { AppError } from "../../core/errors.ts";
import { roundedOff, wholeSum } from "../../engines/frame/float-sums.ts";
import type { Cell, Row } from "../../engines/frame/types.ts";
import { niceTicks } from "../../engines/plot/ticks.ts";
import type { Chart, Point, Series } from "../../engines/plot/types.ts";
import { frameLimits } from "../../workspace-limits.ts";
import { type Chosen, nameOf, numberOf } from "./columns.ts";
import type { Aggregate, PlotSpec } from "./schema.ts";

/** What is known of the rows with one x in one series. */
interface Cluster {
  x: number | string;
  count: number;
  sum: number;
  /** What the additions rounded off. */
  lost: number;
  min: number;
  max: number;
}

export interface Gathered {
  series: Series[];
  categories: string[];
  rows: number;
  leftOut: number;
}

/** Characters of the name of a bar, a slice or a series. */
const nameChars = 1_000;

/** Slices of a pie: what comes after is one slice together. */
const pieSlices = frameLimits.plotSeries;

/** Takes all rows, then gives the points. Throws `too_large` for more points or series than a chart shows. */
export class Gatherer {
  readonly #input: PlotSpec;
  readonly #chosen: Chosen;
  readonly #clusters = new Map<string, Map<number | string, Cluster>>();
  readonly #loose = new Map<string, Point[]>();
  readonly #values = new Map<string, number[]>();
  readonly #categories = new Map<string, Cell>();
  #points = 0;
  #rows = 0;
  #leftOut = 0;

  constructor(input: PlotSpec, chosen: Chosen) {
    this.#input = input;
    this.#chosen = chosen;
  }

  add(row: Row): void {
    this.#rows += 1;
    const { x, y, group, xScale } = this.#chosen;
    const cell = row[x.index] ?? null;
    const place = xScale === "category" ? (cell === null ? undefined : nameOf(cell)) : numberOf(x.column, cell);
    const name = group === undefined ? undefined : nameOf(row[group.index] ?? null);
    if (place === undefined) {
      this.#leftOut += 1;
      return;
    }
    requireShort(x.column.name, place);
    if (group !== undefined) requireShort(group.column.name, name);
    if (this.#input.kind === "histogram") {
      this.#addValue(name ?? x.column.name, Number(place));
      return;
    }
    let isDrawn = false;
    for (const one of y) {
      const value = numberOf(one.column, row[one.index] ?? null);
      if (value === undefined) continue;
      isDrawn = true;
      this.#addPoint(name ?? one.column.name, place, value, cell);
    }
    if (y.length === 0) this.#addPoint(name ?? "rows", place, 1, cell);
    else if (!isDrawn) this.#leftOut += 1;
  }

  #addValue(series: string, value: number): void {
    const values = this.#values.get(series) ?? [];
    if (values.length === 0) this.#newSeries(series, this.#values, values);
    values.push(value);
  }

  #addPoint(series: string, x: number | string, y: number, cell: Cell): void {
    if (this.#input.kind === "scatter") {
      const points = this.#loose.get(series) ?? [];
      if (points.length === 0) this.#newSeries(series, this.#loose, points);
      points.push({ x, y });
      this.#count();
      return;
    }
    const clusters = this.#clusters.get(series) ?? new Map<number | string, Cluster>();
    if (clusters.size === 0) this.#newSeries(series, this.#clusters, clusters);
    const known = clusters.get(x);
    if (known === undefined) {
      clusters.set(x, { x, count: 1, sum: y, lost: 0, min: y, max: y });
      if (typeof x === "string" && !this.#categories.has(x)) this.#categories.set(x, cell);
      this.#count();
      return;
    }
    known.count += 1;
    addTo(known, y);
    known.min = Math.min(known.min, y);
    known.max = Math.max(known.max, y);
  }

  #newSeries<T>(name: string, into: Map<string, T>, first: T): void {
    into.set(name, first);
    if (into.size <= frameLimits.plotSeries) return;
    const { plotSeries } = frameLimits;
    throw new AppError("too_large", `group has more than ${plotSeries} values (limit plotSeries).`, {
      hint: "Filter first, or group by a column with fewer values.",
      details: { limit: "plotSeries", value: plotSeries },
    });
  }

  #count(): void {
    this.#points += 1;
    const { plotPoints } = frameLimits;
    if (this.#points <= plotPoints) return;
    throw new AppError("too_large", `The chart would have more than ${plotPoints} points (limit plotPoints).`, {
      hint:
        this.#input.kind === "scatter"
          ? `Plot a part: sample with n ${plotPoints}, or filter.`
          : "Bring the rows to fewer values of x first: groupby over a coarser column, derive one (a month of a day), or filter.",
      details: { limit: "plotPoints", value: plotPoints },
    });
  }

  finish(): Gathered {
    const counted = { rows: this.#rows, leftOut: this.#leftOut };
    if (this.#input.kind === "histogram")
      return { series: binned(this.#values, this.#input.bins), categories: [], ...counted };
    if (this.#input.kind === "scatter")
      return { series: [...this.#loose].map(([name, points]) => ({ name, points })), categories: [], ...counted };
    const agg = this.#chosen.y.length === 0 ? "count" : (this.#input.agg ?? "sum");
    const series = [...this.#clusters].map(([name, clusters]) => ({
      name,
      points: [...clusters.values()].map((cluster) => ({ x: cluster.x, y: aggregated(cluster, agg) })),
    }));
    if (this.#input.kind === "pie") return { series: series.map(sliced), categories: [], ...counted };
    if (this.#chosen.xScale === "category") {
      const categories = this.#ordered();
      const order = new Map(categories.map((name, index) => [name, index]));
      for (const { points } of series)
        points.sort((a, b) => (order.get(String(a.x)) ?? 0) - (order.get(String(b.x)) ?? 0));
      return { series, categories, ...counted };
    }
    for (const { points } of series) points.sort((a, b) => Number(a.x) - Number(b.x));
    return { series, categories: [], ...counted };
  }

  /** Names in the order in which they first come; numbers and times by size. */
  #ordered(): string[] {
    const names = [...this.#categories];
    const { column } = this.#chosen.x;
    if (column.type === "text") return names.map(([name]) => name);
    const sizeOf = (cell: Cell): number => numberOf(column, cell) ?? 0;
    return names.sort(([, a], [, b]) => sizeOf(a) - sizeOf(b)).map(([name]) => name);
  }
}

/** Throws `invalid_argument` for a name that no chart shows: thousands of long texts would be held for nothing. */
function requireShort(column: string, name: number | string | undefined): void {
  if (typeof name !== "string" || name.length <= nameChars) return;
  throw new AppError(
    "invalid_argument",
    `The column "${column}" has values of more than ${nameChars} characters, which name nothing in a chart.`,
    {
      hint: `Choose another column, or shorten it first: derive with substr(…, 1, 50).`,
      details: { column, characters: name.length },
    },
  );
}

/** Adds as groupby does, so that a chart shows the same numbers. */
function addTo(cluster: Cluster, y: number): void {
  cluster.lost += roundedOff(cluster.sum, y);
  cluster.sum += y;
}

function aggregated({ count, sum: rounded, lost, min, max }: Cluster, agg: Aggregate): number {
  const sum = wholeSum(rounded, lost);
  return { count, sum, min, max, mean: sum / count }[agg];
}

/** The largest first; the smallest together where there are too many. Throws `invalid_argument` for a slice below nought. */
function sliced({ name, points }: Series): Series {
  if (points.some(({ y }) => y < 0)) {
    throw new AppError("invalid_argument", "A pie shows parts of a whole, and some of these are below nought.", {
      hint: 'Plot them with kind "bar".',
    });
  }
  const sorted = points.toSorted((a, b) => b.y - a.y);
  if (sorted.length <= pieSlices) return { name, points: sorted };
  const rest = sorted.slice(pieSlices - 1);
  const others = { x: `${rest.length} others`, y: rest.reduce((sum, { y }) => sum + y, 0) };
  return { name, points: [...sorted.slice(0, pieSlices - 1), others] };
}

/** Values counted in bins between round numbers, the same of every series. Without a number of bins: as many as Sturges' rule says. */
function binned(values: ReadonlyMap<string, number[]>, wanted: number | undefined): Series[] {
  let [low, high, count] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0];
  for (const list of values.values()) {
    count += list.length;
    for (const value of list) [low, high] = [Math.min(low, value), Math.max(high, value)];
  }
  if (count === 0) return [];
  const edges =
    wanted === undefined ? niceTicks(low, high, Math.ceil(Math.log2(count)) + 1) : evenEdges(low, high, wanted);
  return [...values].map(([name, list]) => ({ name, points: countIn(list, edges) }));
}

function evenEdges(low: number, high: number, bins: number): number[] {
  const width = (high - low || 1) / bins;
  return Array.from({ length: bins + 1 }, (_, index) => low + index * width);
}

/** Each bin holds its lower edge; the last its upper edge, too. */
function countIn(values: readonly number[], edges: readonly number[]): Point[] {
  const [first = 0, second = 1] = edges;
  const width = second - first;
  const counts = new Array<number>(edges.length - 1).fill(0);
  for (const value of values) {
    const at = Math.min(counts.length - 1, Math.max(0, Math.floor((value - first) / width)));
    counts[at] = (counts[at] ?? 0) + 1;
  }
  return counts.map((y, index) => ({ x: edges[index] ?? 0, to: edges[index + 1] ?? 0, y }));
}

/** The chart of what was gathered. */
export function chartOf(input: PlotSpec, chosen: Chosen, { series, categories }: Gathered): Chart {
  const { kind, x } = input;
  const yLabel = yLabelOf(input, chosen);
  const by = kind === "histogram" ? x : kind === "scatter" ? `${yLabel} against ${x}` : `${yLabel} by ${x}`;
  const title = input.title ?? (input.group === undefined ? by : `${by} and ${input.group}`);
  const points = series.reduce((sum, one) => sum + one.points.length, 0);
  const named = series.length < 2 ? "" : ` Series: ${series.map(({ name }) => name).join(", ")}.`;
  return {
    ...{ kind, title, series, categories, yLabel },
    xLabel: x,
    xScale: chosen.xScale,
    description: `${kind} chart of ${by}: ${points} ${points === 1 ? "point" : "points"}.${named}`,
  };
}

function yLabelOf({ kind, agg = "sum" }: PlotSpec, { y }: Chosen): string {
  const names = y.map(({ column }) => column.name).join(", ");
  if (y.length === 0) return "count of rows";
  return kind === "scatter" ? names : `${agg} of ${names}`;
}
