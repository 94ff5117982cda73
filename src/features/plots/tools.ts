// plot: a chart as an image, and as an app where the host shows apps. Runs at the edge.
import { readsOnly } from "../../core/define-tool.ts";
import { markdownTable } from "../../core/markdown.ts";
import { fenceUntrusted } from "../../core/untrusted.ts";
import { base64OfBytes } from "../../engines/frame/binary.ts";
import type { Chart } from "../../engines/plot/types.ts";
import { type BuiltInTool, defineTool } from "../../tool.ts";
import { chartAppUri, type Plotted, plot } from "./plots.ts";
import { plotAnswerSchema, plotInputSchema } from "./schema.ts";

/** Points up to which the text holds them all. */
const pointsInText = 24;

export const plotTools: readonly BuiltInTool[] = [
  defineTool({
    name: "plot",
    title: "Plot a chart",
    description:
      "A chart of a frame, table or dataset as an SVG image: bar, line, area, scatter, histogram, pie. Rows with one x are brought together by agg, and several y or a group make several series.",
    input: plotInputSchema,
    output: plotAnswerSchema,
    hints: readsOnly,
    permission: "data:read",
    toolset: "frames",
    app: chartAppUri,
    handler: async (context, input) => {
      const plotted = await plot(context, input);
      const data = base64OfBytes(new TextEncoder().encode(plotted.svg));
      return { text: describePlot(plotted), data: plotted.answer, images: [{ data, mimeType: "image/svg+xml" }] };
    },
  }),
];

/** Whoever cannot see the image has the points, while they are few, or what the series span. */
function describePlot({ chart, answer }: Plotted): string {
  const { kind, points, rows, left_out } = answer;
  const missing = left_out === 0 ? "" : `; ${left_out} ${left_out === 1 ? "row has" : "rows have"} no value to draw`;
  const head = `${nameOf[kind]}: ${count(points, "point")} of ${count(rows, "row")}${missing}. The image is part of this answer.`;
  const shown = points <= pointsInText ? pointsOf(chart) : answer.series.map((one) => ({ ...one }));
  return [head, fenceUntrusted(`${chart.title}\n${markdownTable(shown)}`, "chart")].join("\n");
}

function pointsOf({ series, xScale }: Chart): Record<string, unknown>[] {
  const text = (x: number | string): number | string => (xScale === "time" ? new Date(x).toISOString() : x);
  return series.flatMap(({ name, points }) =>
    points.map(({ x, y, to }) => ({
      ...(series.length > 1 ? { series: name } : {}),
      x: to === undefined ? text(x) : `${text(x)} to ${text(to)}`,
      y,
    })),
  );
}

const nameOf: Record<Chart["kind"], string> = {
  bar: "A bar chart",
  line: "A line chart",
  area: "An area chart",
  scatter: "A scatter chart",
  histogram: "A histogram",
  pie: "A pie chart",
};

const count = (number: number, what: string): string => `${number} ${what}${number === 1 ? "" : "s"}`;
