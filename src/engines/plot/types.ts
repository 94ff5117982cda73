// A chart as data: what the renderer draws. Types only.

export const plotKinds = ["bar", "line", "area", "scatter", "histogram", "pie"] as const;
export type PlotKind = (typeof plotKinds)[number];

/** How places on the x axis are meant: numbers, Unix milliseconds, or names in the order in which they first come. */
export type XScale = "number" | "time" | "category";

export interface Point {
  x: number | string;
  y: number;
  /** Where a bar that begins at `x` ends, on an axis of numbers: a histogram's bin. */
  to?: number;
}

export interface Series {
  name: string;
  points: Point[];
}

export interface Chart {
  kind: PlotKind;
  title: string;
  /** What is drawn, in words, for those who cannot see it. */
  description: string;
  xLabel: string;
  yLabel: string;
  xScale: XScale;
  /** Of lines and areas each sorted by x. A pie shows the first alone. */
  series: Series[];
  /** What the x axis of numbers or time spans, where that is more than the values do. */
  xRange?: readonly [from: number, to: number];
  /** Names along x in order, where the series do not begin in it. */
  categories?: readonly string[];
}
