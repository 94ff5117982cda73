// The exposition, read back by a strict reader: grammar, escapes, histograms. Runs in workerd.
import { expect, it } from "vitest";
import { readExposition } from "../../../test/helpers/prometheus.ts";
import { addToHistogram, bucketBoundsMs, emptyBuckets } from "../../core/histogram.ts";
import { exposition, queueFamilies, teamFamilies } from "./prometheus.ts";
import type { CallTotal, TeamGauges } from "./schema.ts";

const gauges: TeamGauges = {
  people: 3,
  serviceAccounts: 1,
  oauthConnections: 2,
  openStreams: 4,
  datasets: 5,
  datasetBytes: 1_234_567,
  keptVersionBytes: 89,
  functions: 6,
  tools: 7,
  sqliteBytes: 8192,
};

function total(tool: string, outcome: string, durationsMs: number[]): CallTotal {
  const buckets = emptyBuckets();
  for (const duration of durationsMs) addToHistogram(buckets, duration);
  const totalDurationMs = durationsMs.reduce((sum, duration) => sum + duration, 0);
  return { tool, outcome, count: durationsMs.length, totalDurationMs, buckets };
}

it("writes the text format", () => {
  const text = exposition([
    { name: "a_total", help: "One\nline \\ of help.", type: "counter", samples: [{ labels: {}, value: 3 }] },
    { name: "empty", help: "No samples.", type: "gauge", samples: [] },
    {
      name: "b",
      help: "B.",
      type: "gauge",
      samples: [
        { labels: { x: 'say "\\hi"\n', y: "é" }, value: 0.5 },
        { labels: { x: "z" }, value: Number.POSITIVE_INFINITY },
      ],
    },
  ]);
  expect(text).toBe(
    [
      "# HELP a_total One\\nline \\\\ of help.",
      "# TYPE a_total counter",
      "a_total 3",
      "# HELP b B.",
      "# TYPE b gauge",
      'b{x="say \\"\\\\hi\\"\\n",y="é"} 0.5',
      'b{x="z"} +Inf',
      "",
    ].join("\n"),
  );
  expect(readExposition(text).get("b")?.samples[0]?.labels).toEqual({ x: 'say "\\hi"\n', y: "é" });
});

it("counts a duration at a bound into that bound's bucket, and the longest into the last", () => {
  const buckets = emptyBuckets();
  for (const duration of [0, 5, 6, 300_000, 300_001]) addToHistogram(buckets, duration);
  expect(buckets).toEqual([2, 1, ...bucketBoundsMs.slice(3).map(() => 0), 1, 1]);
});

it("shows a team's calls, errors, durations and holdings", () => {
  const totals = [
    total("query_dataset", "ok", [3, 20, 20]),
    total("query_dataset", "jq_steps", [4000]),
    total("rest:GET /datasets/:name", "forbidden", [1]),
    { ...total("request:refused", "rate_limited", []), count: 9 },
  ];
  const families = readExposition(exposition(teamFamilies([{ team: "sales", metrics: { totals, gauges } }])));
  expect(families.get("super_data_calls_total")?.samples.map(({ labels, value }) => ({ ...labels, value }))).toEqual([
    { team: "sales", tool: "query_dataset", outcome: "ok", value: 3 },
    { team: "sales", tool: "query_dataset", outcome: "jq_steps", value: 1 },
    { team: "sales", tool: "rest:GET /datasets/:name", outcome: "forbidden", value: 1 },
    { team: "sales", tool: "request:refused", outcome: "rate_limited", value: 9 },
  ]);
  expect(families.get("super_data_errors_total")?.samples.map(({ labels, value }) => [labels.code, value])).toEqual([
    ["jq_steps", 1],
    ["forbidden", 1],
    ["rate_limited", 9],
  ]);
  const durations = families.get("super_data_call_duration_seconds")?.samples ?? [];
  const ofQuery = durations.filter(({ labels }) => labels.tool === "query_dataset");
  expect(ofQuery.slice(0, 3).map(({ labels, value }) => [labels.le, value])).toEqual([
    ["0.005", 1],
    ["0.01", 1],
    ["0.025", 3],
  ]);
  expect(ofQuery.slice(-2).map(({ name, value }) => [name, value])).toEqual([
    ["super_data_call_duration_seconds_sum", 4.043],
    ["super_data_call_duration_seconds_count", 4],
  ]);
  const shown = [...families].filter(([, { type }]) => type === "gauge").map(([name, { samples }]) => [name, samples]);
  expect(shown).toEqual(
    [
      ["super_data_people", 3],
      ["super_data_service_accounts", 1],
      ["super_data_oauth_connections", 2],
      ["super_data_open_streams", 4],
      ["super_data_datasets", 5],
      ["super_data_dataset_bytes", 1_234_567],
      ["super_data_dataset_version_bytes", 89],
      ["super_data_functions", 6],
      ["super_data_tools", 7],
      ["super_data_sqlite_bytes", 8192],
    ].map(([name, value]) => [name, [{ name, labels: { team: "sales" }, value }]]),
  );
});

it("shows totals without tools with no label for them, and teams side by side", () => {
  const metrics = { totals: [total("", "ok", [1])], gauges };
  const text = exposition(teamFamilies(["a", "b"].map((team) => ({ team, metrics }))));
  expect(readExposition(text).get("super_data_calls_total")?.samples).toEqual([
    { name: "super_data_calls_total", labels: { team: "a", outcome: "ok" }, value: 1 },
    { name: "super_data_calls_total", labels: { team: "b", outcome: "ok" }, value: 1 },
  ]);
});

it("shows what queues did and what waits", () => {
  const buckets = emptyBuckets();
  for (const lag of [40, 2000]) addToHistogram(buckets, lag);
  const queue = {
    queue: "q",
    handled: 5,
    failed: 2,
    deadLetters: 1,
    lastHandledAt: 1_800_000_000_500,
    totalLagMs: 2040,
    buckets,
  };
  const at = new Date(1_800_000_000_000);
  const backlog = { queue: "q", backlogCount: 3, backlogBytes: 300, oldestMessageTimestamp: at };
  const families = readExposition(exposition(queueFamilies([queue], backlog, at.getTime() + 1500)));
  const values = Object.fromEntries(
    [...families].map(([name, { samples }]) => [name, samples.map(({ value }) => value)]),
  );
  expect(values).toEqual({
    super_data_queue_messages_total: [5, 2],
    super_data_queue_dead_letters_total: [1],
    super_data_queue_lag_seconds: [0, 0, 0, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2.04, 2],
    super_data_queue_last_delivery_timestamp_seconds: [1_800_000_000.5],
    super_data_queue_backlog_messages: [3],
    super_data_queue_backlog_bytes: [300],
    super_data_queue_oldest_message_age_seconds: [1.5],
  });
  expect(exposition(queueFamilies([], undefined, 0))).toBe("");
});

it.each([
  ["no end of line", "# HELP a A.\n# TYPE a gauge\na 1"],
  ["no HELP", "# TYPE a gauge\na 1\n"],
  ["another family's sample", "# HELP a A.\n# TYPE a gauge\nb 1\n"],
  ["a series twice", "# HELP a A.\n# TYPE a gauge\na 1\na 2\n"],
  ["an unescaped quote", '# HELP a A.\n# TYPE a gauge\na{x="""} 1\n'],
  ["no value", "# HELP a A.\n# TYPE a gauge\na\n"],
  ["a histogram without its end", '# HELP a A.\n# TYPE a histogram\na_bucket{le="1"} 1\na_sum 1\na_count 1\n'],
])("is read by a reader that refuses %s", (_what, text) => {
  expect(() => readExposition(text)).toThrow();
});
