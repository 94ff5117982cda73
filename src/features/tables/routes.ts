// Tables and their records over REST. Runs at the edge.
import { restList, section, toolRoutes } from "../../route.ts";
import type { BuiltInTool } from "../../tool.ts";

const table = "/tables/:table_name";

/** `tools` holds this feature's. */
export const tableRoutes = (tools: readonly BuiltInTool[]) => [
  ...section(
    "Tables",
    toolRoutes(tools, {
      list_tables: { method: "GET", path: "/tables", ...restList },
      create_table: {
        method: "POST",
        path: "/tables",
        status: 201,
        example: {
          request: { table_name: "orders", schema: { id: "int", region: "text", total: "decimal" }, primary_key: "id" },
        },
      },
      describe_table: {
        method: "GET",
        path: table,
        keptIn: "workspace",
        volatile: ["rows", "bytes", "sample", "updated_by", "updated_at"],
      },
      alter_table: { method: "PATCH", path: table, example: { request: { add_columns: { note: "text" } } } },
      drop_table: { method: "DELETE", path: table },
      restore_table: { method: "POST", path: `${table}/restore` },
      create_index: {
        method: "POST",
        path: `${table}/indexes`,
        shows: "describe_table",
        example: { request: { columns: ["region"] } },
      },
      import_table: { method: "POST", path: `${table}/import` },
      export_table: { method: "POST", path: `${table}/export`, without: ["format"] },
      row_history: { method: "GET", path: `${table}/history` },
    }),
  ),
  ...section(
    "Records",
    toolRoutes(tools, {
      query_records: { method: "GET", path: `${table}/records`, without: ["format"] },
      insert_record: {
        method: "POST",
        path: `${table}/records`,
        status: 201,
        example: { request: { data: [{ id: 1, region: "EU", total: "12.50" }] } },
      },
      update_record: {
        method: "PATCH",
        path: `${table}/records`,
        shows: null,
        example: { request: { filters: { id: 1 }, data: { region: "US" } } },
      },
      delete_record: {
        method: "DELETE",
        path: `${table}/records`,
        shows: null,
        example: { request: { filters: { id: 1 } } },
      },
      undo_change: { method: "POST", path: "/tables/undo", example: { request: { undo_ref: "undo_…" } } },
    }),
  ),
];
