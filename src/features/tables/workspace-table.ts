// Tables as rows: what each is; its own rows are in a table of its own name. Runs in the workspace.
import { index, integer, primaryKey, sqliteTable, text } from "drizzle-orm/sqlite-core";
import type { TableColumn, TableConstraints } from "./schema.ts";

export const tables = sqliteTable("sd_tables", {
  /** As in sd_relations, which has its name, its sources and who made it. */
  id: text("id").primaryKey(),
  description: text("description").notNull(),
  columns: text("columns_json", { mode: "json" }).$type<TableColumn[]>().notNull(),
  constraints: text("constraints_json", { mode: "json" }).$type<TableConstraints>().notNull(),
  /** Columns that full-text search looks in. */
  searched: text("searched_json", { mode: "json" }).$type<string[]>().notNull(),
  /** Each change of a row is kept. */
  history: integer("history", { mode: "boolean" }).notNull(),
  /** Goes up with every write, so that cursors and caches notice. */
  dataVersion: integer("data_version").notNull(),
  updatedBy: text("updated_by").notNull(),
  updatedAt: integer("updated_at").notNull(),
  /** Unix milliseconds; until purgeAt it can be restored, and lies under another name. */
  droppedAt: integer("dropped_at"),
  purgeAt: integer("purge_at"),
});

/** Updates and deletions that can be undone. */
export const changes = sqliteTable(
  "sd_changes",
  {
    id: text("id").primaryKey(),
    tableId: text("table_id").notNull(),
    action: text("action").$type<"update" | "delete">().notNull(),
    records: integer("records").notNull(),
    by: text("by").notNull(),
    at: integer("at").notNull(),
    expiresAt: integer("expires_at").notNull(),
    undoneAt: integer("undone_at"),
  },
  (table) => [index("sd_changes_expiry").on(table.expiresAt)],
);

/** The records as they were, in chunks of JSON. */
export const changeChunks = sqliteTable(
  "sd_change_chunks",
  {
    changeId: text("change_id").notNull(),
    chunk: integer("chunk").notNull(),
    records: text("records_json").notNull(),
  },
  (table) => [primaryKey({ columns: [table.changeId, table.chunk] })],
);

/** What triggers keep of each change of a row, in tables that ask for it. */
export const rowHistory = sqliteTable(
  "sd_history",
  {
    seq: integer("seq").primaryKey({ autoIncrement: true }),
    tableId: text("table_id").notNull(),
    rowId: integer("row_id").notNull(),
    action: text("action").$type<"insert" | "update" | "delete">().notNull(),
    before: text("before_json"),
    after: text("after_json"),
    by: text("by").notNull(),
    at: integer("at").notNull(),
  },
  (table) => [index("sd_history_row").on(table.tableId, table.rowId, table.seq)],
);

/** One row: who writes just now. Set at the start of each write, read by the triggers. */
export const writer = sqliteTable("sd_writer", {
  id: integer("id").primaryKey(),
  username: text("username").notNull(),
  at: integer("at").notNull(),
});
