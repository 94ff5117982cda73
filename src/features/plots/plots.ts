// A chart of a frame, table or dataset: its rows are read as a stream and brought to points. Runs at the edge.
import type { CallContext } from "../../context.ts";
import { AppError } from "../../core/errors.ts";
import type { Column, Row } from "../../engines/frame/types.ts";
import { renderSvg } from "../../engines/plot/svg.ts";
import type { Chart } from "../../engines/plot/types.ts";
import { frameRefOf } from "../frame-files/frame-files.ts";
import { offeringDatasets, readAllRows, readerOf } from "../workspace/workspace.ts";
import { type Chosen, chooseColumns } from "./columns.ts";
import { chartOf, Gatherer } from "./gathering.ts";
import type { PlotAnswer, PlotInput, PlotSpec } from "./schema.ts";

export { chartAppUri, chartPage } from "./app-page.ts";

export interface Plotted {
  chart: Chart;
  svg: string;
  answer: PlotAnswer;
}

/**
 * Draws the chart. Throws `not_found` that offers near names, `invalid_argument` for columns that do not fit, `too_large` for more points or
 * series than a chart shows, and `conflict` for a table that is written to meanwhile.
 */
export async function plot(context: CallContext, input: PlotInput): Promise<Plotted> {
  const ref = await frameRefOf(context, input.data_ref);
  const reader = readerOf(context);
  const found = await offeringDatasets(context, ref, context.workspace.relations().find(ref, reader));
  const chosen = chooseColumns(found.columns, input);
  const gatherer = new Gatherer(input, chosen);
  const name = found.kind === "frame" ? found.id : (found.name ?? found.id);
  for await (const rows of readAllRows(context, { ref: name, version: found.version })) {
    for (const row of rows) gatherer.add(row);
  }
  const { chart, ...gathered } = drawn(input, chosen, gatherer);
  const points = chart.series.reduce((sum, one) => sum + one.points.length, 0);
  const answer: PlotAnswer = {
    ...{
      data_ref: name,
      kind: chart.kind,
      title: chart.title,
      rows: gathered.rows,
      left_out: gathered.leftOut,
      points,
    },
    series: chart.series.map((series) => ({
      name: series.name,
      points: series.points.length,
      ...rangeOf(series.points),
    })),
  };
  return { chart, svg: renderSvg(chart), answer };
}

/** A chart, and how many rows were read for it. */
export interface Drawn {
  chart: Chart;
  rows: number;
  /** Rows without a value to draw. */
  leftOut: number;
}

/** The chart of rows in memory. Throws as `plot` does for columns that do not fit and for too many points or series. */
export function drawRows(
  { columns, rows }: { columns: readonly Column[]; rows: Iterable<Row> },
  spec: PlotSpec,
): Drawn {
  const chosen = chooseColumns(columns, spec);
  const gatherer = new Gatherer(spec, chosen);
  for (const row of rows) gatherer.add(row);
  return drawn(spec, chosen, gatherer);
}

function drawn(spec: PlotSpec, chosen: Chosen, gatherer: Gatherer): Drawn {
  const gathered = gatherer.finish();
  const { rows, leftOut } = gathered;
  if (gathered.series.every(({ points }) => points.length === 0)) throw nothingToDraw(rows);
  return { chart: chartOf(spec, chosen, gathered), rows, leftOut };
}

function rangeOf(points: readonly { y: number }[]): { min: number; max: number } {
  let [min, max] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const { y } of points) [min, max] = [Math.min(min, y), Math.max(max, y)];
  return { min, max };
}

function nothingToDraw(rows: number): AppError {
  const why = rows === 0 ? "It has no rows" : `None of its ${rows} rows has values in the columns named`;
  return new AppError("invalid_argument", `${why}, so there is nothing to draw.`, {
    hint: "describe shows which columns have values.",
  });
}
