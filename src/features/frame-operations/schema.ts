// Arguments of the frame operations: fields described once, for tools and for the workspace. Runs everywhere.
import * as z from "zod";
import { resultLimits } from "../../limits.ts";
import { frameLimits } from "../../workspace-limits.ts";
import { asNameSchema } from "../frames/schema.ts";
import { pageArguments } from "../results/schema.ts";
import { columnNameSchema, dataRefSchema } from "../workspace/schema.ts";
import { aggregates } from "./aggregates.ts";
import { fillMethods } from "./filling.ts";
import { joinKinds } from "./joining.ts";

const { limit, format } = pageArguments;

/** What every operation takes that answers with rows. */
const shown = { limit, format };
/** What every operation takes that makes a frame. */
const common = { data_ref: dataRefSchema, name: asNameSchema, ...shown };

const columnArgument = z.string().min(1).max(128);
const columnList = z.array(columnArgument).min(1).max(frameLimits.columns);
/** One name, or a list of them. */
const columnsArgument = z.union([columnArgument.transform((name) => [name]), columnList]);
const expression = z.string().min(1);
const expressions = z.record(columnNameSchema, expression).refine(hasEntries, "name at least one column");
const op = z.enum(aggregates);
const few = z.int().min(1).max(resultLimits.maxRows);

function hasEntries(record: Record<string, unknown>): boolean {
  return Object.keys(record).length > 0;
}

export const operationSchemas = {
  filter: z.object({
    ...common,
    condition: expression.describe("e.g. `amount > 100 and region in ('north', 'south') and name.str.contains('Ltd')`"),
  }),
  select: z.object({
    ...common,
    columns: columnsArgument.optional().describe("To keep, in this order."),
    drop: columnsArgument.optional().describe("To leave out, instead."),
  }),
  rename: z.object({
    ...common,
    columns: z
      .record(columnArgument, columnNameSchema)
      .refine(hasEntries, "name at least one column")
      .describe("{old: new}"),
  }),
  derive: z.object({
    ...common,
    columns: expressions.describe(
      '{"total": "price * quantity", "month": "strftime(\'%Y-%m\', day)"}; each sees those before it.',
    ),
  }),
  distinct: z.object({
    ...common,
    columns: columnsArgument
      .optional()
      .describe("That make rows alike; default all. The first row of each is kept whole."),
  }),
  sample: z.object({
    ...common,
    n: z.int().min(0).max(frameLimits.maxRows).optional(),
    fraction: z.number().min(0).max(1).optional(),
    seed: z
      .int()
      .min(0)
      .max(2 ** 32 - 1)
      .default(0)
      .describe("The same seed draws the same rows."),
  }),
  sort: z.object({
    ...common,
    by: columnsArgument,
    descending: z
      .union([z.boolean(), z.array(z.boolean())])
      .default(false)
      .describe("One for all, or one for each column."),
    nulls: z.enum(["first", "last"]).default("last"),
  }),
  groupby: z.object({
    ...common,
    by: columnsArgument,
    aggregations: z
      .union([
        z.literal("count"),
        z
          .record(
            columnNameSchema,
            z.union([op, z.array(op).min(1), z.strictObject({ column: columnArgument.optional(), op })]),
          )
          .refine(hasEntries, "name at least one"),
      ])
      .default("count")
      .describe(
        '{"total": {"column": "amount", "op": "sum"}}, {"amount": ["sum", "mean"]} (gives amount_sum, amount_mean), or "count".',
      ),
    sort: z.boolean().default(true).describe("By the keys; false: as they first come."),
    dropna: z.boolean().default(false).describe("Leave out groups with a null key."),
  }),
  value_counts: z.object({
    ...common,
    columns: columnsArgument,
    normalize: z.boolean().default(false).describe("Add each one's proportion."),
    dropna: z.boolean().default(false),
  }),
  pivot: z.object({
    ...common,
    index: columnsArgument.describe("Whose values stay rows."),
    columns: columnArgument.describe(`Whose values become columns, ${frameLimits.pivotColumns} at most.`),
    values: columnArgument,
    aggregate: op.default("sum"),
  }),
  fill_null: z.object({
    ...common,
    values: z
      .record(columnArgument, z.union([z.string(), z.number(), z.boolean()]))
      .optional()
      .describe("{column: value}"),
    method: z.enum(fillMethods).optional().describe("Instead: from the row before or after, or the column's average."),
    columns: columnsArgument.optional().describe("With a method; default all."),
    nan: z.boolean().default(false).describe("Fill NaN, too."),
  }),
  join: z.object({
    left: dataRefSchema,
    right: dataRefSchema,
    on: columnsArgument.optional().describe("Columns of both; else left_on and right_on."),
    left_on: columnsArgument.optional(),
    right_on: columnsArgument.optional(),
    how: z.enum(joinKinds).default("inner"),
    suffixes: z
      .tuple([z.string().max(20), z.string().max(20)])
      .default(["_left", "_right"])
      .describe("Of other columns that both have."),
    name: asNameSchema,
    ...shown,
  }),
  concat: z.object({
    data_refs: z.array(dataRefSchema).min(2).max(20),
    mismatch: z.enum(["error", "text"]).default("error").describe("Where types of one column do not go together."),
    name: asNameSchema,
    ...shown,
  }),
};

export type OperationName = keyof typeof operationSchemas;
type ArgumentsOf<Name extends OperationName> = Omit<
  z.output<(typeof operationSchemas)[Name]>,
  "limit" | "format" | "name"
>;

/** An operation that makes a frame, with its arguments. */
export type Operation = { [Name in OperationName]: { operation: Name; args: ArgumentsOf<Name> } }[OperationName];

/** What head and tail take. */
export const peekSchema = z.object({
  data_ref: dataRefSchema,
  n: few.default(10),
  name: asNameSchema,
  format,
});

export const describeSchema = z.object({ data_ref: dataRefSchema, columns: columnsArgument.optional(), ...shown });
