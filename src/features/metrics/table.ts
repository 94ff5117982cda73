// The execution log. Runs in the team object.
import { index, integer, primaryKey, sqliteTable, text } from "drizzle-orm/sqlite-core";

export const executions = sqliteTable(
  "tool_execution_log",
  {
    seq: integer("seq").primaryKey({ autoIncrement: true }),
    /** Made by the caller's Worker, so that a log call tried twice is one row. */
    id: text("id").notNull().unique(),
    /** Null for an ad hoc query or a built-in tool. */
    toolId: text("tool_id"),
    toolName: text("tool_name").notNull(),
    toolVersion: integer("tool_version"),
    userId: text("user_id").notNull(),
    /** As it was then. */
    username: text("username").notNull(),
    /** The service account that acted for the user, if one did. */
    through: text("through"),
    client: text("client"),
    parameters: text("parameters_json"),
    dataset: text("dataset"),
    datasetVersion: integer("dataset_version"),
    executedAt: integer("executed_at", { mode: "timestamp_ms" }).notNull(),
    durationMs: integer("execution_time_ms").notNull(),
    steps: integer("steps"),
    success: integer("success", { mode: "boolean" }).notNull(),
    cached: integer("cached", { mode: "boolean" }).notNull(),
    errorCode: text("error_code"),
    resultBytes: integer("result_size_bytes").notNull(),
  },
  (table) => [
    index("execution_log_tool").on(table.toolId),
    index("execution_log_user").on(table.userId),
    index("execution_log_time").on(table.executedAt),
  ],
);

/** Counts and time per tool, surface and outcome since the team began: what /metrics shows. */
export const callTotals = sqliteTable(
  "call_totals",
  {
    tool: text("tool").notNull(),
    /** `ok` or the error's code. */
    outcome: text("outcome").notNull(),
    count: integer("count").notNull(),
    totalDurationMs: integer("total_duration_ms").notNull(),
    /** Calls per duration bucket, not cumulative, in the order of the histogram's bounds and one more for what is longer. */
    buckets: text("buckets_json", { mode: "json" }).$type<number[]>().notNull(),
  },
  (table) => [primaryKey({ columns: [table.tool, table.outcome] })],
);

/** Running totals per tool, so that counts outlive the log's retention. */
export const toolUsage = sqliteTable("tool_usage", {
  toolId: text("tool_id").primaryKey(),
  usageCount: integer("usage_count").notNull(),
  failureCount: integer("failure_count").notNull(),
  totalDurationMs: integer("total_duration_ms").notNull(),
  lastUsedAt: integer("last_used_at", { mode: "timestamp_ms" }).notNull(),
});
