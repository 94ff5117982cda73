// Metrics as Prometheus reads them: text format 0.0.4, names and units by its conventions. Pure. Runs at the edge.
import { bucketBoundsMs } from "../../core/histogram.ts";
import type { CallTotal, QueueTotal, TeamGauges, TeamMetrics } from "./schema.ts";

export const prometheusType = "text/plain; version=0.0.4; charset=utf-8";

type Labels = Readonly<Record<string, string>>;

/** One metric: all its samples stand together under one HELP and one TYPE. */
export interface Family {
  name: string;
  help: string;
  type: "counter" | "gauge" | "histogram";
  samples: { suffix?: string; labels: Labels; value: number }[];
}

/** The exposition of the families; one without samples is left out. */
export function exposition(families: readonly Family[]): string {
  const lines = families
    .filter(({ samples }) => samples.length > 0)
    .flatMap(({ name, help, type, samples }) => [
      `# HELP ${name} ${help.replaceAll("\\", "\\\\").replaceAll("\n", "\\n")}`,
      `# TYPE ${name} ${type}`,
      ...samples.map(({ suffix = "", labels, value }) => `${name}${suffix}${labelText(labels)} ${valueText(value)}`),
    ]);
  return lines.map((line) => `${line}\n`).join("");
}

/** What teams have counted and hold. A total without a tool (see selectTotals) has no label for one. */
export function teamFamilies(teams: readonly { team: string; metrics: TeamMetrics }[]): Family[] {
  const each = <T>(read: (team: string, metrics: TeamMetrics) => T[]): T[] =>
    teams.flatMap(({ team, metrics }) => read(team, metrics));
  const gauge = (name: string, help: string, read: (gauges: TeamGauges) => number): Family => ({
    name,
    help,
    type: "gauge",
    samples: teams.map(({ team, metrics }) => ({ labels: { team }, value: read(metrics.gauges) })),
  });
  return [
    {
      name: "super_data_calls_total",
      help: "Calls of tools and routes since the team began, by outcome: ok, failed or an error's code.",
      type: "counter",
      samples: each((team, { totals }) =>
        totals.map(({ tool, outcome, count }) => ({ labels: { ...callLabels(team, tool), outcome }, value: count })),
      ),
    },
    {
      name: "super_data_call_duration_seconds",
      help: "How long calls took, waiting included.",
      type: "histogram",
      samples: each((team, { totals }) =>
        byKey(totals, ({ tool }) => tool).flatMap(([tool, rows]) => histogram(callLabels(team, tool), rows)),
      ),
    },
    {
      name: "super_data_errors_total",
      help: "Calls that ended in an error, by its code.",
      type: "counter",
      samples: each((team, { totals }) =>
        byKey(
          totals.filter(({ outcome }) => outcome !== "ok"),
          ({ outcome }) => outcome,
        ).map(([code, rows]) => ({ labels: { team, code }, value: total(rows) })),
      ),
    },
    gauge("super_data_people", "Members of the team.", (gauges) => gauges.people),
    gauge("super_data_service_accounts", "Service accounts of the team.", (gauges) => gauges.serviceAccounts),
    gauge("super_data_oauth_connections", "OAuth clients connected by members.", (gauges) => gauges.oauthConnections),
    gauge("super_data_open_streams", "Clients listening for changes now.", (gauges) => gauges.openStreams),
    gauge("super_data_datasets", "Datasets of the team.", (gauges) => gauges.datasets),
    gauge("super_data_dataset_bytes", "Bytes of their current versions in R2.", (gauges) => gauges.datasetBytes),
    gauge(
      "super_data_dataset_version_bytes",
      "Bytes in R2 of older versions and deleted datasets that can be restored.",
      (gauges) => gauges.keptVersionBytes,
    ),
    gauge("super_data_functions", "Active jq functions of the team.", (gauges) => gauges.functions),
    gauge("super_data_tools", "Active tools of the team.", (gauges) => gauges.tools),
    gauge("super_data_sqlite_bytes", "Bytes of the team object's database.", (gauges) => gauges.sqliteBytes),
  ];
}

export interface QueueBacklog {
  backlogCount: number;
  backlogBytes: number;
  oldestMessageTimestamp?: Date;
}

/** What the deployment's queues have done; `backlog` is what waits in the background queue at `now`, if it could be asked. */
export function queueFamilies(
  queues: readonly QueueTotal[],
  backlog: (QueueBacklog & { queue: string }) | undefined,
  now: number,
): Family[] {
  const waiting = (name: string, help: string, read: (backlog: QueueBacklog) => number): Family => ({
    name,
    help,
    type: "gauge",
    samples: backlog === undefined ? [] : [{ labels: { queue: backlog.queue }, value: read(backlog) }],
  });
  return [
    {
      name: "super_data_queue_messages_total",
      help: "Deliveries of queue messages, by outcome; one that failed is tried again.",
      type: "counter",
      samples: queues.flatMap(({ queue, handled, failed }) => [
        { labels: { queue, outcome: "handled" }, value: handled },
        { labels: { queue, outcome: "failed" }, value: failed },
      ]),
    },
    {
      name: "super_data_queue_dead_letters_total",
      help: "Messages whose last try failed.",
      type: "counter",
      samples: queues.map(({ queue, deadLetters }) => ({ labels: { queue }, value: deadLetters })),
    },
    {
      name: "super_data_queue_lag_seconds",
      help: "From when a message was sent to when it was delivered.",
      type: "histogram",
      samples: queues.flatMap(({ queue, totalLagMs, buckets }) =>
        histogram({ queue }, [{ totalDurationMs: totalLagMs, buckets }]),
      ),
    },
    {
      name: "super_data_queue_last_delivery_timestamp_seconds",
      help: "When a batch was last delivered, Unix time.",
      type: "gauge",
      samples: queues.map(({ queue, lastHandledAt }) => ({ labels: { queue }, value: lastHandledAt / 1000 })),
    },
    waiting("super_data_queue_backlog_messages", "Messages waiting now.", ({ backlogCount }) => backlogCount),
    waiting("super_data_queue_backlog_bytes", "Bytes of the messages waiting now.", ({ backlogBytes }) => backlogBytes),
    waiting(
      "super_data_queue_oldest_message_age_seconds",
      "How long the oldest of them has waited; 0 when none does.",
      ({ backlogCount, oldestMessageTimestamp: oldest }) =>
        backlogCount === 0 || oldest === undefined ? 0 : Math.max(0, now - oldest.getTime()) / 1000,
    ),
  ];
}

function callLabels(team: string, tool: string): Record<string, string> {
  return tool === "" ? { team } : { team, tool };
}

function histogram(labels: Labels, rows: readonly Pick<CallTotal, "totalDurationMs" | "buckets">[]) {
  let cumulative = 0;
  const samples = [...bucketBoundsMs.map((bound) => String(bound / 1000)), "+Inf"].map((le, index) => {
    cumulative += rows.reduce((sum, { buckets }) => sum + (buckets[index] ?? 0), 0);
    return { suffix: "_bucket", labels: { ...labels, le }, value: cumulative };
  });
  const seconds = rows.reduce((sum, row) => sum + row.totalDurationMs, 0) / 1000;
  return [...samples, { suffix: "_sum", labels, value: seconds }, { suffix: "_count", labels, value: cumulative }];
}

function byKey<Row>(rows: readonly Row[], key: (row: Row) => string): [string, Row[]][] {
  return [...Map.groupBy(rows, key)];
}

function total(rows: readonly CallTotal[]): number {
  return rows.reduce((sum, { count }) => sum + count, 0);
}

function labelText(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

function escaped(value: string): string {
  return value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}

function valueText(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  return Number.isFinite(value) ? String(value) : value > 0 ? "+Inf" : "-Inf";
}
