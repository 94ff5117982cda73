// team_activity: calls, errors, durations, people, background work and storage over time. Runs at the edge.
import { readsOnly } from "../../core/define-tool.ts";
import { markdownTable } from "../../core/markdown.ts";
import { fenceUntrusted } from "../../core/untrusted.ts";
import { defineTool } from "../../tool.ts";
import { readActivity } from "./activity.ts";
import { type TeamActivity, teamActivityInputSchema, teamActivitySchema } from "./schema.ts";

export const activityTools = [
  defineTool({
    name: "team_activity",
    title: "Activity over time",
    description:
      "Calls, errors, p50/p95/p99, busiest, slowest and failing tools, busiest people, background work and storage over 1h, 24h, 7d or 30d.",
    input: teamActivityInputSchema,
    output: teamActivitySchema,
    hints: readsOnly,
    permission: "metrics:read",
    toolset: "admin",
    handler: async (context, input) => {
      const activity = await readActivity(context, input);
      return { text: describeActivity(activity), data: activity };
    },
  }),
];

function describeActivity(activity: TeamActivity): string {
  const { window, calls, errors, people, p50_ms, p95_ms, p99_ms, now } = activity;
  const durations = p50_ms === null ? "" : `; p50 ${p50_ms} ms, p95 ${p95_ms} ms, p99 ${p99_ms} ms`;
  const mebibytes = (bytes: number | null): string =>
    bytes === null ? "unknown" : `${(bytes / 2 ** 20).toFixed(1)} MiB`;
  const parts = [
    ["Calls over time", activity.points, ["at", "calls", "errors", "p50_ms", "p95_ms", "p99_ms"]],
    ["Errors", activity.error_codes, ["code", "calls"]],
    ["Most called", activity.tools, ["tool", "calls", "errors", "p95_ms", "total_ms"]],
    ["Slowest", activity.slow_tools, ["tool", "calls", "p50_ms", "p95_ms", "p99_ms"]],
    ["Failing", activity.failing_tools, ["tool", "calls", "errors"]],
    ["People", activity.users, ["user", "calls", "errors"]],
  ] as const;
  const tables = parts
    .map(([title, rows, columns]) => [title, rows.filter((row) => !("at" in row) || row.calls > 0), columns] as const)
    .filter(([, rows]) => rows.length > 0)
    .map(([title, rows, columns]) => `${title}:\n${fenceUntrusted(markdownTable(rows, [...columns]), "metrics")}`);
  const failed = activity.queue.reduce((sum, point) => sum + point.failed, 0);
  const handled = activity.queue.reduce((sum, point) => sum + point.handled, 0);
  return [
    `${calls} calls in ${window}, ${errors} errors, ${people} people${durations}`,
    ...tables,
    `Background work: ${handled} done, ${failed} tries failed; waiting now: ${now.deliveries_waiting} deliveries, ${now.deletions_waiting} deletions, ${now.backups_waiting} backups; ${now.deliveries_dead} deliveries given up on.`,
    `Stored now: team ${mebibytes(now.team_bytes)}, workspace ${mebibytes(now.workspace_bytes)} (frames ${mebibytes(now.frame_bytes)}), datasets ${mebibytes(now.dataset_bytes)}, backups ${mebibytes(now.backup_bytes)}, uploads ${mebibytes(now.upload_bytes)}.`,
  ].join("\n");
}
