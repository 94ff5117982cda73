// A chart within a page: drawn at the server for wide and for narrow screens, with its numbers as a table behind it. Runs at the edge.
import { raw } from "hono/html";
import type { Child } from "hono/jsx";
import { renderInlineSvg } from "../../engines/plot/svg.ts";
import type { Chart } from "../../engines/plot/types.ts";

/** Widths and heights in pixels: text stays readable where a wide chart would be shrunk. */
const wide = { width: 600, height: 320 };
const narrow = { width: 350, height: 300 };

/** `children` is the table. The drawing is markup of our own engine, which escapes every text in it. */
export function ChartFigure({ id, chart, children }: { id: string; chart: Chart; children: Child }) {
  return (
    <figure class="chart" id={id}>
      <figcaption>{chart.title}</figcaption>
      <div class="on-wide">{raw(renderInlineSvg(chart, { id: `${id}-wide`, ...wide }))}</div>
      <div class="on-narrow">{raw(renderInlineSvg(chart, { id: `${id}-narrow`, ...narrow }))}</div>
      <details id={`${id}-numbers`}>
        <summary>The numbers</summary>
        {children}
      </details>
    </figure>
  );
}
