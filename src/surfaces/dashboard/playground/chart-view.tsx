// A result as a chart: drawn at the server, its kind and columns to choose, its numbers behind it. Runs at the edge.
import { type PlotKind, plotKinds } from "../../../engines/plot/types.ts";
import { aggregates } from "../../../features/plots/schema.ts";
import { actionField } from "../actions.ts";
import { ChartFigure } from "../chart.tsx";
import { count, DataTable } from "../parts.tsx";
import { type ChartResult, rowNumber } from "./charting.ts";
import { StateFields } from "./moves.tsx";
import { addressOf, fitsAddress, type PlaygroundState } from "./state.ts";

const kindNames: Record<PlotKind, string> = {
  bar: "Bars",
  line: "Line",
  area: "Area",
  scatter: "Scatter",
  histogram: "Histogram",
  pie: "Pie",
};

export function ChartView({ path, state, chart }: { path: string; state: PlaygroundState; chart: ChartResult }) {
  const { drawn, why, hint, notes } = chart;
  return (
    <>
      {chart.columns.length === 0 ? null : <Choices path={path} state={state} chart={chart} />}
      {notes.map((note) => (
        <p class="hint">{note}</p>
      ))}
      {why === undefined ? null : (
        <div class="empty">
          <p class="empty-title">No chart of this.</p>
          <p>{why}</p>
          {hint === undefined ? null : <p class="muted">{hint}</p>}
        </div>
      )}
      {drawn === undefined ? null : <Drawn drawn={drawn} />}
    </>
  );
}

function Drawn({ drawn: { chart, rows, leftOut } }: { drawn: NonNullable<ChartResult["drawn"]> }) {
  const points = chart.series.flatMap(({ name, points }) => points.map((point) => ({ name, ...point })));
  const isTime = chart.xScale === "time";
  const place = (x: number | string): string => (isTime ? timeText(Number(x)) : String(x));
  return (
    <>
      <ChartFigure id="chart" chart={chart}>
        <DataTable
          caption={`${chart.title}, in numbers`}
          rows={points}
          columns={[
            ...(chart.series.length > 1
              ? [{ label: "series", cell: (point: { name: string }) => <bdi>{point.name}</bdi> }]
              : []),
            {
              label: chart.xLabel || "x",
              number: chart.xScale === "number",
              cell: ({ x, to }) => <bdi>{to === undefined ? place(x) : `${place(x)} to ${place(to)}`}</bdi>,
            },
            { label: chart.kind === "histogram" ? "rows" : chart.yLabel, number: true, cell: ({ y }) => numberText(y) },
          ]}
        />
      </ChartFigure>
      <p class="hint">
        {count(points.length)} {points.length === 1 ? "point" : "points"} of {count(rows)} rows
        {leftOut === 0 ? "." : `; ${count(leftOut)} without a value to draw.`}
      </p>
    </>
  );
}

/** A day, or a moment of it where it is not midnight. */
function timeText(at: number): string {
  const iso = new Date(at).toISOString();
  return iso.endsWith("T00:00:00.000Z") ? iso.slice(0, 10) : iso.replace(".000Z", "Z");
}

/** As many digits as say something: what additions of fractions leave behind is no part of it. */
const numberText = (value: number): string => value.toLocaleString("en-US", { maximumSignificantDigits: 12 });

function Choices({
  path,
  state,
  chart: { columns, spec },
}: {
  path: string;
  state: PlaygroundState;
  chart: ChartResult;
}) {
  const isLinked = fitsAddress(addressOf(path, { ...state, view: "chart" }));
  const kind = spec?.kind ?? state.chart.kind;
  const y = Array.isArray(spec?.y) ? spec.y[0] : spec?.y;
  const named = columns.filter(({ name }) => name !== rowNumber).map(({ name }) => name);
  const isMeasured = kind === "scatter" || kind === "histogram";
  return (
    <form
      method={isLinked ? "get" : "post"}
      action={path}
      class="filters chart-choices"
      aria-label="Chart"
      hx-trigger="change, submit"
      hx-sync="this:replace"
    >
      {isLinked ? null : <input type="hidden" name={actionField} value="run" />}
      <StateFields state={{ ...state, view: "chart", kept: "" }} without={["kind", "x", "y", "group", "agg"]} />
      <Choice name="kind" label="Kind" value={kind} options={plotKinds.map((one) => [one, kindNames[one]])} />
      <Choice name="x" label="Along" value={spec?.x} options={columns.map(({ name }) => [name, name])} />
      {kind === "histogram" ? null : (
        <Choice
          name="y"
          label="Value"
          value={y}
          options={[
            ...(y === undefined ? [["", "number of rows"] as const] : []),
            ...named.map((name) => [name, name] as const),
          ]}
        />
      )}
      {kind === "pie" ? null : (
        <Choice
          name="group"
          label="Series"
          value={spec?.group}
          options={[["", "one"], ...named.map((name) => [name, name] as const)]}
        />
      )}
      {isMeasured || y === undefined ? null : (
        <Choice
          name="agg"
          label="Rows together"
          value={spec?.agg ?? "sum"}
          options={aggregates.map((one) => [one, one])}
        />
      )}
      <button type="submit" class="quiet">
        Draw
      </button>
    </form>
  );
}

function Choice(props: {
  name: string;
  label: string;
  value: string | undefined;
  options: readonly (readonly [value: string, label: string])[];
}) {
  const { name, label, value = "", options } = props;
  return (
    <div class="field">
      <label for={`chart-${name}`}>{label}</label>
      <select id={`chart-${name}`} name={name}>
        {options.map(([option, text]) => (
          <option value={option} selected={option === value}>
            {text}
          </option>
        ))}
      </select>
    </div>
  );
}
