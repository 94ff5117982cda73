// The tools that make tables, change what they are, describe them, and move rows in and out of them. Runs at the edge.
import * as z from "zod";
import { adds, readsOnly, replaces } from "../../core/define-tool.ts";
import { type BuiltInTool, defineTool } from "../../tool.ts";
import { callerOf } from "../access/access.ts";
import { rowsSchema } from "../results/schema.ts";
import { readerOf } from "../workspace/workspace.ts";
import {
  describeText,
  dropCalled,
  exportCalled,
  historyCalled,
  importCalled,
  listCalled,
  type TableSources,
} from "./calls.ts";
import {
  alterTableSchema,
  createIndexSchema,
  createTableSchema,
  describedTableSchema,
  dropTableSchema,
  exportTableSchema,
  historySchema,
  importTableSchema,
  listedTablesSchema,
  listTablesSchema,
  restoreTableSchema,
  rowHistorySchema,
  shownTableSchema,
  tableIndexSchema,
  tableNameSchema,
} from "./schema.ts";

/** The tools; what they read besides tables and frames comes from features that stand on this one. */
export function tableTools(sources: TableSources): readonly BuiltInTool[] {
  return [...definitionTools, ...readingTools, ...movingTools(sources)];
}

const definitionTools: readonly BuiltInTool[] = [
  defineTool({
    name: "create_table",
    title: "Create a table",
    description: "Makes a table: columns with types, keys, checks, references, full-text search, change history.",
    input: createTableSchema,
    output: describedTableSchema,
    hints: adds,
    permission: "data:write",
    toolset: "tables",
    handler: async (context, input) => {
      const data = await context.workspace.tables().create(JSON.stringify(input), readerOf(context), callerOf(context));
      return { text: `Created the table ${data.name}. insert_record adds rows.\n\n${describeText(data)}`, data };
    },
  }),
  defineTool({
    name: "alter_table",
    title: "Alter a table",
    description:
      "Adds, renames or drops columns, renames the table, sets descriptions, search and history: all in one step or nothing.",
    input: alterTableSchema,
    output: describedTableSchema,
    hints: { readOnly: false, destructive: true, idempotent: false, openWorld: false },
    permission: "data:write",
    toolset: "tables",
    handler: async (context, input) => {
      const data = await context.workspace.tables().alter(JSON.stringify(input), readerOf(context), callerOf(context));
      return { text: `Changed the table ${data.name}.\n\n${describeText(data)}`, data };
    },
  }),
  defineTool({
    name: "create_index",
    title: "Create or drop an index",
    description:
      "Makes an index on columns of a table, unique if asked, so that filters on them are fast; or drops one.",
    input: createIndexSchema,
    output: z.object({ table: z.string(), index: tableIndexSchema, change: z.enum(["created", "dropped"]) }),
    hints: { readOnly: false, destructive: true, idempotent: false, openWorld: false },
    permission: "data:write",
    toolset: "tables",
    handler: async (context, input) => {
      const data = await context.workspace.tables().changeIndex(input, readerOf(context), callerOf(context));
      const { index, change, table } = data;
      const what = change === "created" ? `Created the ${index.unique ? "unique " : ""}index` : "Dropped the index";
      return { text: `${what} ${index.name} on ${table} (${index.columns.join(", ")}).`, data };
    },
  }),
  defineTool({
    name: "drop_table",
    title: "Drop a table",
    description:
      "Drops a table with its rows; restore_table brings it back for 7 days. One with rows needs a confirmation.",
    input: dropTableSchema,
    output: z.object({ name: z.string(), rows: z.int(), restorable_until: z.string() }),
    hints: replaces,
    permission: "data:write",
    toolset: "tables",
    handler: dropCalled,
  }),
  defineTool({
    name: "restore_table",
    title: "Restore a table",
    description: "Brings back a dropped table with its rows, indexes, search and history.",
    input: restoreTableSchema,
    output: z.object({ table: shownTableSchema, rows: z.int() }),
    hints: { ...adds, idempotent: true },
    permission: "data:write",
    toolset: "tables",
    handler: async (context, input) => {
      const data = await context.workspace.tables().restore(input, readerOf(context), callerOf(context));
      return {
        text: `The table ${data.table.name} is back with ${data.rows} ${data.rows === 1 ? "row" : "rows"}.`,
        data,
      };
    },
  }),
];

const readingTools: readonly BuiltInTool[] = [
  defineTool({
    name: "list_tables",
    title: "List tables",
    description: "The team's tables: columns, rows, size, description; and dropped ones that can be restored.",
    input: listTablesSchema,
    output: listedTablesSchema,
    hints: readsOnly,
    permission: "data:read",
    toolset: "tables",
    handler: listCalled,
  }),
  defineTool({
    name: "describe_table",
    title: "Describe a table",
    description: "A table's columns, constraints, indexes, references both ways, row count, size and first rows.",
    input: z.object({ table_name: tableNameSchema }),
    output: describedTableSchema,
    hints: readsOnly,
    permission: "data:read",
    toolset: "tables",
    handler: async (context, input) => {
      const data = await context.workspace.tables().describe(input.table_name, readerOf(context));
      return { text: describeText(data), data };
    },
  }),
  defineTool({
    name: "row_history",
    title: "History of rows",
    description:
      "Changes of a table's rows, or of one, the newest first: before, after, who, when. For tables with history on.",
    input: rowHistorySchema,
    output: historySchema,
    hints: readsOnly,
    permission: "data:read",
    toolset: "tables",
    handler: historyCalled,
  }),
];

function movingTools(sources: TableSources): readonly BuiltInTool[] {
  return [
    defineTool({
      name: "import_table",
      title: "Import rows into a table",
      description:
        "Puts rows of a dataset, frame, table or inline text into a table, all or none; makes the table if it is missing.",
      input: importTableSchema,
      output: z.object({
        table: shownTableSchema,
        created: z.boolean(),
        rows: z.int().describe("Rows added."),
        notes: z.array(z.string()),
      }),
      hints: adds,
      permission: "data:write",
      toolset: "tables",
      handler: (context, input) => importCalled(context, input, sources),
    }),
    defineTool({
      name: "export_table",
      title: "Export a table",
      description: "A table's rows as a frame with exact types (data_ref), or as a dataset's next version.",
      input: exportTableSchema,
      output: rowsSchema.partial().extend({
        exported: z.object({ to: z.enum(["frame", "dataset"]), name: z.string(), version: z.int().optional() }),
      }),
      hints: { readOnly: false, destructive: true, idempotent: false, openWorld: false },
      permission: "data:write",
      toolset: "tables",
      handler: (context, input) => exportCalled(context, input, sources),
    }),
  ];
}
