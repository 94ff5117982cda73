// What the legend says of each colour. Pure.
import { cutText } from "../../core/markdown.ts";
import { numberText } from "./ticks.ts";
import type { Chart } from "./types.ts";

/** A text for each colour: the series' names, none where there is one only; of a pie its slices with their values. */
export function legendTexts({ kind, series }: Pick<Chart, "kind" | "series">): string[] {
  if (kind === "pie") return (series[0]?.points ?? []).map(({ x, y }) => `${cutText(String(x), 24)}: ${numberText(y)}`);
  return series.length < 2 ? [] : series.map(({ name }) => cutText(name, 24));
}
