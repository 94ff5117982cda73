// Records as requests give and get them: fields described once. Runs everywhere.
import * as z from "zod";
import { tableLimits } from "../../workspace-limits.ts";
import { pageArguments, rowsSchema } from "../results/schema.ts";
import { tableNameSchema } from "./schema.ts";

const recordSchema = z.record(z.string(), z.unknown());

const filtersSchema = z
  .record(z.string(), z.unknown())
  .describe(
    '{"city": "Oslo", "age": {"gte": 18}, "or": [{"a": 1}, {"b": {"is_null": true}}]}. Operators: eq, ne, gt, gte, lt, lte, in, not_in, between, like, not_like, is_null; and, or, not. As in SQL, only is_null (or eq null) takes records without a value.',
  );

export const insertRecordSchema = z.object({
  table_name: tableNameSchema,
  data: z
    .union([recordSchema, z.array(recordSchema).min(1).max(tableLimits.insertRecords)])
    .describe(
      `A record, or a list of up to ${tableLimits.insertRecords.toLocaleString("en-US")}, as {column: value}. Integers beyond 2^53 and long decimals as strings, timestamps with a zone, binary as base64.`,
    ),
  on_conflict: z
    .enum(["error", "ignore", "update"])
    .default("error")
    .describe("With a record of the same key: refuse, leave it, or update it with the values given."),
  conflict_columns: z
    .array(z.string())
    .min(1)
    .max(10)
    .optional()
    .describe("The unique key meant; default the primary key."),
});
export type InsertRecord = z.output<typeof insertRecordSchema>;

export const queryRecordsSchema = z.object({
  table_name: tableNameSchema,
  filters: filtersSchema.optional(),
  columns: z.array(z.string()).min(1).max(tableLimits.columns).optional().describe("Default all."),
  order_by: z
    .union([z.string(), z.array(z.string()).min(1).max(10)])
    .optional()
    .describe('"column", "column desc", or a list of those.'),
  search: z
    .string()
    .min(1)
    .max(500)
    .optional()
    .describe(
      'Full-text: words that must all occur, word* for a beginning, "a phrase". For tables with full-text search.',
    ),
  count: z.boolean().optional().describe("true: only how many there are."),
  offset: z.int().min(0).max(10_000_000).optional().describe("Records to skip; for further pages use cursor."),
  limit: pageArguments.limit,
  cursor: pageArguments.cursor,
  format: pageArguments.format,
});
export type QueryRecords = z.output<typeof queryRecordsSchema>;
export const queriedRecordsSchema = rowsSchema;

const changeFields = {
  all: z.literal(true).optional().describe("Instead of filters: every record is meant."),
  dry_run: z.boolean().optional().describe("true: only say how many."),
  confirm: z
    .string()
    .max(200)
    .optional()
    .describe(`From the refusal of a call that changes more than ${tableLimits.unconfirmedRecords} records.`),
};

export const updateRecordSchema = z.object({
  table_name: tableNameSchema,
  filters: filtersSchema.optional(),
  data: recordSchema.describe("The columns to set, and their values."),
  ...changeFields,
});
export type UpdateRecord = z.output<typeof updateRecordSchema>;

export const deleteRecordSchema = z.object({
  table_name: tableNameSchema,
  filters: filtersSchema.optional(),
  ...changeFields,
});
export type DeleteRecord = z.output<typeof deleteRecordSchema>;

export const undoChangeSchema = z.object({
  undo_ref: z.string().min(1).max(100).describe("As the update or deletion answered with it."),
});

export const insertedSchema = z.object({
  table: z.string(),
  inserted: z.int(),
  updated: z.int(),
  ignored: z.int(),
  row_ids: z.array(z.unknown()).describe("Row numbers of what was written, in order."),
  rows: z.array(z.unknown()).describe("What was written, as it is now."),
  returned: z.int(),
  total: z.int(),
  truncated: z.boolean().describe("True when more was written than rows shows; row_ids names all of it."),
  undo_ref: z.string().optional().describe("undo_change puts what was updated back as it was."),
  undo_until: z.string().optional(),
});
export type ShownInserted = z.infer<typeof insertedSchema>;

export const changedSchema = z.object({
  table: z.string(),
  changed: z.int().describe("Records of the table; with dry_run those that would be."),
  dry_run: z.boolean(),
  keys: z.array(z.unknown()).describe("Primary keys of the first of them."),
  also: z
    .array(z.object({ table: z.string(), action: z.enum(["delete", "set_null"]), records: z.int() }))
    .optional()
    .describe("Records that refer to those, which go with them or lose the reference."),
  confirm: z.string().optional().describe("Needed by the call that is to do it."),
  undo_ref: z.string().optional().describe("undo_change takes it back."),
  undo_until: z.string().optional(),
});
export type ShownChanged = z.infer<typeof changedSchema>;

export const undoneSchema = z.object({
  table: z.string(),
  undone: z.enum(["update", "delete"]),
  records: z.int().describe("Records put back, those of other tables counted."),
});

/** Records of another table that go or lose their reference with what is deleted. */
export interface AlsoChanged {
  table: string;
  action: "delete" | "set_null";
  records: number;
}

/** What else happens, to be added to a sentence. */
export function describeAlso({ table, action, records }: AlsoChanged): string {
  const what = records === 1 ? "1 record" : `${records} records`;
  return action === "delete" ? `, with ${what} of "${table}"` : `, and take the reference out of ${what} of "${table}"`;
}
