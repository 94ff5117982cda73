// A chart of a frame, table or dataset: its rows are read as a stream and brought to points. Runs at the edge.
import type { CallContext } from "../../context.ts";
import { AppError } from "../../core/errors.ts";
import { renderSvg } from "../../engines/plot/svg.ts";
import type { Chart } from "../../engines/plot/types.ts";
import { frameRefOf } from "../frame-files/frame-files.ts";
import { offeringDatasets, readAllRows, readerOf } from "../workspace/workspace.ts";
import { chooseColumns } from "./columns.ts";
import { chartOf, Gatherer } from "./gathering.ts";
import type { PlotAnswer, PlotInput } from "./schema.ts";

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
  const gathered = gatherer.finish();
  const points = gathered.series.reduce((sum, one) => sum + one.points.length, 0);
  if (points === 0) throw nothingToDraw(found.rows);
  const chart = chartOf(input, chosen, gathered);
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
