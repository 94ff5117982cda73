// The team's jq functions, their versions and what each calls. Runs in the team object.
import { index, integer, primaryKey, sqliteTable, text } from "drizzle-orm/sqlite-core";
import type { FunctionParameter } from "./schema.ts";

export const jqFunctions = sqliteTable(
  "jq_functions",
  {
    id: text("id").primaryKey(),
    name: text("name").notNull().unique(),
    /** One `def`, helpers nested inside it. */
    definition: text("definition").notNull(),
    /** How many arguments the def takes. */
    arity: integer("arity").notNull(),
    description: text("description").notNull(),
    parameters: text("parameters_json", { mode: "json" }).$type<FunctionParameter[]>().notNull(),
    version: integer("version").notNull(),
    isActive: integer("is_active", { mode: "boolean" }).notNull(),
    /** Allowed to carry a jq builtin's name. */
    shadowsBuiltin: integer("shadows_builtin", { mode: "boolean" }).notNull(),
    source: text("source", { enum: ["yaml", "manual", "learned"] }).notNull(),
    createdBy: text("created_by").notNull(),
    createdAt: integer("created_at", { mode: "timestamp_ms" }).notNull(),
    updatedBy: text("updated_by").notNull(),
    updatedAt: integer("updated_at", { mode: "timestamp_ms" }).notNull(),
    /** The team revision of the last change. */
    revision: integer("revision").notNull(),
  },
  (table) => [index("jq_functions_revision").on(table.revision)],
);

export const jqFunctionVersions = sqliteTable(
  "jq_function_versions",
  {
    functionId: text("function_id")
      .notNull()
      .references(() => jqFunctions.id),
    version: integer("version").notNull(),
    /** What happened: saved, rolled back, deactivated, restored. */
    action: text("action", { enum: ["create", "update", "rollback", "deactivate", "restore"] }).notNull(),
    definition: text("definition").notNull(),
    description: text("description").notNull(),
    parameters: text("parameters_json", { mode: "json" }).$type<FunctionParameter[]>().notNull(),
    isActive: integer("is_active", { mode: "boolean" }).notNull(),
    shadowsBuiltin: integer("shadows_builtin", { mode: "boolean" }).notNull(),
    reason: text("reason"),
    /** The proposal that the team approved; null: saved directly. */
    proposalId: text("proposal_id"),
    author: text("author").notNull(),
    createdAt: integer("created_at", { mode: "timestamp_ms" }).notNull(),
  },
  (table) => [primaryKey({ columns: [table.functionId, table.version] })],
);

/** Direct calls only; the closure is walked. */
export const functionDependencies = sqliteTable(
  "function_dependencies",
  {
    functionId: text("function_id")
      .notNull()
      .references(() => jqFunctions.id),
    dependsOnFunctionId: text("depends_on_function_id")
      .notNull()
      .references(() => jqFunctions.id),
  },
  (table) => [
    primaryKey({ columns: [table.functionId, table.dependsOnFunctionId] }),
    index("function_dependencies_reverse").on(table.dependsOnFunctionId),
  ],
);
