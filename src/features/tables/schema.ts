// What a table is: fields described once, for MCP, REST and storage.
import { z } from "zod";
import { columnNameSchema, relationNameSchema } from "../workspace/schema.ts";

/** int: 64 bits. decimal, date, timestamp and json are kept as text and checked; bool as 0 and 1; binary as a blob. */
export const columnTypes = ["int", "float", "bool", "text", "date", "timestamp", "decimal", "json", "binary"] as const;
export type ColumnType = (typeof columnTypes)[number];

export const referenceSchema = z.strictObject({
  table: relationNameSchema,
  column: columnNameSchema,
  on_delete: z.enum(["restrict", "cascade", "set_null"]).default("restrict"),
});

/** A column as requests define it. */
export const tableColumnSchema = z.strictObject({
  type: z.enum(columnTypes),
  nullable: z.boolean().default(true),
  default: z.unknown().optional().describe('A value, or {"sql": "current_timestamp"}.'),
  unique: z.boolean().default(false),
  check: z.string().max(500).optional().describe("An SQL condition on this row, e.g. `price >= 0`."),
  references: referenceSchema.optional(),
  description: z.string().max(500).optional(),
});

export type TableColumn = z.output<typeof tableColumnSchema> & { name: string };

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
