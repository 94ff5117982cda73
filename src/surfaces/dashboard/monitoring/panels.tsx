// The charts of the monitoring page, each with its numbers behind it. Runs at the edge.
import type { Child } from "hono/jsx";
import type { Chart } from "../../../engines/plot/types.ts";
import type { TeamActivity } from "../../../features/activity/schema.ts";
import { ChartFigure } from "../chart.tsx";
import { bytes, type Column, count, DataTable } from "../parts.tsx";
import { callsChart, durationsChart, queueChart, storageChart, waitingChart } from "./charts.ts";

/** A chart has its title itself; what stands in its place shows it (`bare`). */
function Panel({ id, title, bare, children }: { id: string; title: string; bare?: boolean; children: Child }) {
  return (
    <section class="card" aria-labelledby={`${id}-title`}>
      <h2 id={`${id}-title`} class={bare === true ? undefined : "hidden"}>
        {title}
      </h2>
      {children}
    </section>
  );
}

/** `2026-11-21 10:05` out of ISO 8601. */
function momentOf({ at }: { at: string }): string {
  return at.slice(0, 16).replace("T", " ");
}

function Numbers<Row extends { at: string }>(props: {
  id: string;
  chart: Chart;
  rows: readonly Row[];
  columns: readonly (readonly [string, (row: Row) => string])[];
}) {
  const columns: Column<Row>[] = [
    { label: "From (UTC)", cell: momentOf },
    ...props.columns.map(([label, read]) => ({ label, number: true, cell: read })),
  ];
  return (
    <ChartFigure id={props.id} chart={props.chart}>
      <DataTable caption={`${props.chart.title}, in numbers`} rows={props.rows.toReversed()} columns={columns} />
    </ChartFigure>
  );
}

const ms = (value: number | null): string => (value === null ? "–" : count(value));

export function Calls({ activity }: { activity: TeamActivity }) {
  return (
    <Panel id="calls" title="Calls">
      <Numbers
        id="calls-chart"
        chart={callsChart(activity)}
        rows={activity.points}
        columns={[
          ["Calls", (point) => count(point.calls)],
          ["Errors", (point) => count(point.errors)],
        ]}
      />
    </Panel>
  );
}

export function Durations({ activity }: { activity: TeamActivity }) {
  const chart = durationsChart(activity);
  return (
    <Panel id="durations" title="Durations" bare={chart === null}>
      {chart === null ? (
        <p>No call was timed in this window: all were refused at the door.</p>
      ) : (
        <Numbers
          id="durations-chart"
          chart={chart}
          rows={activity.points}
          columns={[
            ["p50 ms", (point) => ms(point.p50_ms)],
            ["p95 ms", (point) => ms(point.p95_ms)],
            ["p99 ms", (point) => ms(point.p99_ms)],
          ]}
        />
      )}
    </Panel>
  );
}

export function Queue({ activity }: { activity: TeamActivity }) {
  const chart = queueChart(activity);
  return (
    <Panel id="queue" title="Background work" bare={chart === null}>
      {chart === null ? (
        <p>
          No background work in this window. Webhooks, mails, deadlines, deletions and nightly backups are done here.
        </p>
      ) : (
        <Numbers
          id="queue-chart"
          chart={chart}
          rows={activity.queue}
          columns={[
            ["Done", (point) => count(point.handled)],
            ["Tries failed", (point) => count(point.failed)],
            ["Given up on", (point) => count(point.dead)],
            ["Delay p95 ms", (point) => ms(point.delay_p95_ms)],
          ]}
        />
      )}
    </Panel>
  );
}

export function Waiting({ activity }: { activity: TeamActivity }) {
  const chart = waitingChart(activity);
  if (chart === null) return null;
  return (
    <Panel id="waiting" title="Waiting">
      <Numbers
        id="waiting-chart"
        chart={chart}
        rows={activity.storage}
        columns={[
          ["Deliveries", (point) => count(point.deliveries_waiting)],
          ["Given up on", (point) => count(point.deliveries_dead)],
          ["Deletions", (point) => count(point.deletions_waiting)],
          ["Backups", (point) => count(point.backups_waiting)],
        ]}
      />
    </Panel>
  );
}

export function Storage({ activity }: { activity: TeamActivity }) {
  const size = (value: number | null): string => (value === null ? "–" : bytes(value));
  return (
    <Panel id="storage" title="Storage">
      <Numbers
        id="storage-chart"
        chart={storageChart(activity)}
        rows={activity.storage}
        columns={[
          ["Datasets", (point) => size(point.dataset_bytes)],
          ["Backups", (point) => size(point.backup_bytes)],
          ["Tables and frames", (point) => size(point.workspace_bytes)],
          ["Of it frames", (point) => size(point.frame_bytes)],
          ["Team", (point) => size(point.team_bytes)],
          ["Uploads", (point) => size(point.upload_bytes)],
        ]}
      />
    </Panel>
  );
}
