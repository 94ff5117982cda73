// The team's jq tools, their versions and the functions each needs. Runs in the team object.
import { index, integer, primaryKey, real, sqliteTable, text } from "drizzle-orm/sqlite-core";
import type { Visibility } from "../access/access.ts";
import type { ToolContent, ToolParameter } from "./schema.ts";

export const tools = sqliteTable(
  "tools",
  {
    id: text("id").primaryKey(),
    name: text("name").notNull().unique(),
    description: text("description").notNull(),
    /** jq with `${name}` placeholders. */
    queryTemplate: text("query_template").notNull(),
    parameters: text("parameters_json", { mode: "json" }).$type<ToolParameter[]>().notNull(),
    datasets: text("datasets_json", { mode: "json" }).$type<string[]>().notNull(),
    /** one: the dataset argument chooses; all: `.` is an object of all of them by name. */
    datasetMode: text("dataset_mode", { enum: ["one", "all"] }).notNull(),
    input: text("input", { enum: ["whole", "records"] }).notNull(),
    nullInput: integer("null_input", { mode: "boolean" }).notNull(),
    source: text("source", { enum: ["yaml", "manual", "learned"] }).notNull(),
    originalYamlPath: text("original_yaml_path"),
    approvalStatus: text("approval_status", { enum: ["pending", "approved", "rejected"] }).notNull(),
    approvedBy: text("approved_by"),
    approvedAt: integer("approved_at", { mode: "timestamp_ms" }),
    isActive: integer("is_active", { mode: "boolean" }).notNull(),
    /** Orders tools in lists and search; higher first. */
    weight: real("weight").notNull(),
    pinned: integer("pinned", { mode: "boolean" }).notNull(),
    version: integer("version").notNull(),
    createdBy: text("created_by").notNull(),
    createdAt: integer("created_at", { mode: "timestamp_ms" }).notNull(),
    updatedBy: text("updated_by").notNull(),
    updatedAt: integer("updated_at", { mode: "timestamp_ms" }).notNull(),
    revision: integer("revision").notNull(),
    /** Null: everyone in the team. */
    visibility: text("visibility_json", { mode: "json" }).$type<Visibility>(),
  },
  (table) => [
    index("tools_revision").on(table.revision),
    index("tools_status").on(table.approvalStatus),
    index("tools_source").on(table.source),
  ],
);

/** What a tool was at each version; `snapshot` holds every field a rollback brings back. */
export const toolVersions = sqliteTable(
  "tool_versions",
  {
    toolId: text("tool_id")
      .notNull()
      .references(() => tools.id),
    version: integer("version").notNull(),
    action: text("action", { enum: ["create", "update", "rollback", "deactivate", "restore"] }).notNull(),
    snapshot: text("snapshot_json", { mode: "json" }).$type<ToolContent>().notNull(),
    reason: text("reason"),
    /** The proposal that the team approved; null: saved directly. */
    proposalId: text("proposal_id"),
    author: text("author").notNull(),
    createdAt: integer("created_at", { mode: "timestamp_ms" }).notNull(),
  },
  (table) => [primaryKey({ columns: [table.toolId, table.version] })],
);

/** Functions a tool's query calls directly. */
export const toolFunctions = sqliteTable(
  "tool_functions",
  {
    toolId: text("tool_id")
      .notNull()
      .references(() => tools.id),
    /** Another feature's row; functions are never deleted, only deactivated. */
    functionId: text("function_id").notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.toolId, table.functionId] }),
    index("tool_functions_reverse").on(table.functionId),
  ],
);
