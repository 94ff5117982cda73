// What a table is: fields described once, for MCP, REST and storage.
import * as z from "zod";
import { cursorSchema, pageFields } from "../../core/paging.ts";
import { fractionDigits, type TimeUnit, timeUnits } from "../../engines/frame/types.ts";
import { listLimits } from "../../limits.ts";
import { frameLimits } from "../../workspace-limits.ts";
import { pageArguments } from "../results/schema.ts";
import { columnNameSchema, dataRefSchema, relationNameSchema } from "../workspace/schema.ts";

/**
 * int: 64 bits. decimal, date, timestamp and json are kept as text in one form each (values.ts has them) and checked; bool as 0 and 1; binary as a
 * blob.
 */
export const columnTypes = ["int", "float", "bool", "text", "date", "timestamp", "decimal", "json", "binary"] as const;
export type ColumnType = (typeof columnTypes)[number];

export const referenceSchema = z.strictObject({
  table: relationNameSchema,
  column: columnNameSchema,
  on_delete: z.enum(["restrict", "cascade", "set_null"]).default("restrict"),
});

/** SQLite calls a row's own number by these, so no column may. `rank` is full-text search's. */
const ownColumnNames: ReadonlySet<string> = new Set(["rowid", "_rowid_", "oid", "sd_rowid"]);

/** A column's name in a table. */
export const tableColumnNameSchema = columnNameSchema.refine(
  (name) => !ownColumnNames.has(name.toLowerCase()),
  "choose another name: SQLite calls the row's own number so",
);

/** A column as requests define it. */
export const tableColumnSchema = z.strictObject({
  type: z.enum(columnTypes),
  unit: z
    .enum(timeUnits)
    .optional()
    .describe("Of a timestamp: the parts of a second it keeps; default ms. All values are UTC and end in Z."),
  nullable: z.boolean().default(true),
  default: z.unknown().optional().describe('A value, or {"sql": "current_timestamp"}.'),
  unique: z.boolean().default(false),
  check: z.string().min(1).max(500).optional().describe("An SQL condition on this row, e.g. `price >= 0`."),
  references: referenceSchema.optional(),
  description: z.string().max(500).optional(),
});

export type TableColumn = z.output<typeof tableColumnSchema> & { name: string };

/**
 * Digits behind the second that every value of a timestamp column has: 0 (no point), 3, 6 or 9. So the one form of a timestamp is
 * `YYYY-MM-DDTHH:MM:SS`, a point and exactly so many digits, and `Z`: then text order is time order.
 */
export function timestampDigits(column: { unit?: TimeUnit | undefined }): number {
  return fractionDigits[column.unit ?? "ms"];
}

/** What holds of the table as a whole. */
export interface TableConstraints {
  primaryKey: string[];
  unique: string[][];
  checks: string[];
}

/** A table as the server works with it. */
export interface Table {
  id: string;
  name: string;
  description: string;
  columns: TableColumn[];
  constraints: TableConstraints;
  searched: string[];
  history: boolean;
  dataVersion: number;
}

/** A change of a row. States are JSON texts, so that whole numbers keep their digits. */
export interface RowChange {
  seq: number;
  action: "insert" | "update" | "delete";
  by: string;
  at: string;
  before: string | null;
  after: string | null;
}

const columnDefinition = z.union([z.enum(columnTypes), tableColumnSchema]);
const columnsSchema = z.record(tableColumnNameSchema, columnDefinition);
const columnListSchema = z.array(z.string().min(1).max(128)).min(1).max(20);
const descriptionSchema = z.string().max(1_000);

/** How an argument names a table of the team. */
export const tableNameSchema = z.string().min(1).max(128).describe("The table's name.");

export const createTableSchema = z.object({
  table_name: relationNameSchema.describe("An SQL identifier."),
  schema: columnsSchema.describe(
    'Column to type, or to {type, nullable, default, unique, check, references, …}, e.g. {"title": "text", "price": {"type": "decimal", "nullable": false}}. Types: int, float, bool, text, date, timestamp, decimal, json, binary.',
  ),
  primary_key: z
    .union([z.string().min(1).max(128), columnListSchema])
    .optional()
    .describe("A column or several; default: an int column `id`, which numbers the rows by itself."),
  unique: z
    .array(z.union([z.string().min(1).max(128), columnListSchema]))
    .max(20)
    .default([])
    .describe("Columns, or lists of columns, whose values occur once."),
  checks: z
    .array(z.string().min(1).max(500))
    .max(20)
    .default([])
    .describe("SQL conditions on each row, e.g. `low <= high`."),
  full_text: z.array(z.string().max(128)).max(20).default([]).describe("Text columns to search by words."),
  history: z.boolean().default(false).describe("true: keep each change of each row (row_history)."),
  description: descriptionSchema.default("").describe("What its rows are."),
});
export type CreateTable = z.output<typeof createTableSchema>;

export const alterTableSchema = z.object({
  table_name: tableNameSchema,
  rename_to: relationNameSchema.optional(),
  description: descriptionSchema.optional(),
  add_columns: columnsSchema.default({}).describe("As schema of create_table."),
  rename_columns: z.record(z.string().max(128), tableColumnNameSchema).default({}).describe("Old name to new name."),
  drop_columns: z.array(z.string().max(128)).max(90).default([]).describe("With their values, at once."),
  describe_columns: z.record(z.string().max(128), z.string().max(500)).default({}).describe("Column to description."),
  add_full_text: z.array(z.string().max(128)).max(20).default([]).describe("Columns to search by words."),
  remove_full_text: z.array(z.string().max(128)).max(20).default([]),
  history: z.boolean().optional().describe("Keep each change of each row from now on, or stop."),
});
export type AlterTable = z.output<typeof alterTableSchema>;

export const createIndexSchema = z.object({
  table_name: tableNameSchema,
  columns: z.array(z.string().min(1).max(128)).max(10).default([]).describe("In order."),
  unique: z.boolean().default(false).describe("true: these values may occur once."),
  name: z
    .string()
    .regex(
      /^[A-Za-z_][A-Za-z0-9_]{0,62}$/,
      "use a letter or underscore, then letters, digits or underscores, 63 at most",
    )
    .optional()
    .describe("Default: by_ and the columns."),
  drop_index: z.string().max(128).optional().describe("Instead: the name of an index to drop."),
});
export type CreateIndex = z.output<typeof createIndexSchema>;

export const tableIndexSchema = z.object({ name: z.string(), columns: z.array(z.string()), unique: z.boolean() });
export type TableIndex = z.output<typeof tableIndexSchema>;

export const dropTableSchema = z.object({
  table_name: tableNameSchema,
  confirm: z.string().max(200).optional().describe("From the refusal of the same call."),
});
export type DropTable = z.output<typeof dropTableSchema>;

export const restoreTableSchema = z.object({
  table_name: z.string().min(1).max(128).describe("The name it had when it was dropped."),
  rename_to: relationNameSchema.optional().describe("Another name, when that one is taken."),
});
export type RestoreTable = z.output<typeof restoreTableSchema>;

export const importTableSchema = z.object({
  table_name: relationNameSchema.describe(
    "Made when it is missing, with types taken from the source; otherwise rows are added.",
  ),
  data_ref: dataRefSchema.optional(),
  text: z.string().max(frameLimits.inlineBytes).optional().describe("Instead: CSV, NDJSON or a JSON array."),
  text_format: z.enum(["csv", "json", "ndjson"]).default("csv"),
  columns: z
    .record(z.string().max(128), z.union([z.string().min(1).max(128), z.null()]))
    .default({})
    .describe("Source column to table column; null leaves it out. Others keep their names."),
  mode: z.enum(["auto", "create", "append"]).default("auto"),
  primary_key: z
    .union([z.string().min(1).max(128), columnListSchema])
    .optional()
    .describe("Of a new table; default `id`, which numbers the rows when the source has none."),
  description: descriptionSchema.default("").describe("Of a new table."),
});
export type ImportTable = z.output<typeof importTableSchema>;

/** As the workspace is told: the source is a frame or table by then. */
export type ImportRows = Pick<ImportTable, "table_name" | "columns" | "mode" | "primary_key" | "description"> & {
  ref: string;
};

export const exportTableSchema = z.object({
  table_name: tableNameSchema,
  to: z.enum(["frame", "dataset"]).default("frame").describe("dataset: its next version, or a new one, as NDJSON."),
  name: z.string().max(128).optional().describe("Of the frame (optional) or the dataset."),
  limit: pageArguments.limit,
  format: pageArguments.format,
});
export type ExportTable = z.output<typeof exportTableSchema>;

export const rowHistorySchema = z.object({
  table_name: tableNameSchema,
  key: z
    .union([
      z.string().max(1_000),
      z.int(),
      z.record(z.string().max(128), z.union([z.string().max(1_000), z.number()])),
    ])
    .optional()
    .describe("The row: its primary key's value, or {column: value} for each column of it. Left out: all rows."),
  limit: z.int().min(1).max(listLimits.maxEntries).default(listLimits.toolEntries),
  cursor: cursorSchema,
});

export const listTablesSchema = z.object({
  limit: z.int().min(1).max(listLimits.maxEntries).default(listLimits.toolEntries),
  cursor: cursorSchema,
});

const shownTable = {
  name: z.string(),
  description: z.string(),
  rows: z.int(),
  bytes: z.int().describe("Of its values, measured on some of many rows."),
  columns: z.array(z.object({ name: z.string(), type: z.string() })),
  primary_key: z.array(z.string()),
  full_text: z.array(z.string()),
  history: z.boolean(),
  created_by: z.string(),
  created_at: z.string(),
  updated_by: z.string(),
  updated_at: z.string(),
};
/** A table as lists show it. */
export const shownTableSchema = z.object(shownTable);
export type ShownTable = z.infer<typeof shownTableSchema>;

export const describedTableSchema = z.object({
  ...shownTable,
  columns: z.array(
    z.object({
      name: z.string(),
      type: z.string(),
      unit: z.string().optional(),
      nullable: z.boolean(),
      primary_key: z.boolean(),
      default: z.unknown().optional(),
      unique: z.boolean(),
      check: z.string().optional(),
      references: z.object({ table: z.string(), column: z.string(), on_delete: z.string() }).optional(),
      description: z.string().optional(),
    }),
  ),
  unique: z.array(z.array(z.string())),
  checks: z.array(z.string()),
  indexes: z.array(tableIndexSchema),
  referenced_by: z.array(z.object({ table: z.string(), column: z.string(), refers_to: z.string() })),
  sources: z.array(z.object({ dataset: z.string(), version: z.int() })).describe("Datasets that its rows came from."),
  sample: z.array(z.string()).describe("The first rows as JSON texts."),
});
export type DescribedTable = z.infer<typeof describedTableSchema>;

export const listedTablesSchema = z.object({
  tables: z.array(shownTableSchema),
  dropped: z.array(z.object({ name: z.string(), restorable_until: z.string() })),
  ...pageFields,
});

export const historySchema = z.object({
  changes: z.array(
    z.object({
      seq: z.int(),
      action: z.enum(["insert", "update", "delete"]),
      by: z.string(),
      at: z.string(),
      before: z.unknown().describe("null before an insert."),
      after: z.unknown().describe("null after a delete."),
    }),
  ),
  ...pageFields,
});
