// What plot takes and answers.
import * as z from "zod";
import { plotKinds } from "../../engines/plot/types.ts";
import { frameLimits } from "../../workspace-limits.ts";
import { columnNameSchema, dataRefSchema } from "../workspace/schema.ts";

export const aggregates = ["sum", "mean", "min", "max", "count"] as const;
export type Aggregate = (typeof aggregates)[number];

export const plotInputSchema = z.object({
  data_ref: dataRefSchema,
  kind: z.enum(plotKinds),
  x: columnNameSchema.describe("Column along x; of a pie its slices, of a histogram its values."),
  y: z
    .union([columnNameSchema, z.array(columnNameSchema).min(1).max(frameLimits.plotSeries)])
    .optional()
    .describe("Numeric column or columns. Left out: rows are counted."),
  group: columnNameSchema.optional().describe("Column with a series for each of its values; with one y."),
  agg: z
    .enum(aggregates)
    .optional()
    .describe("What becomes of several rows with one x, all kinds but scatter and histogram; default sum."),
  bins: z.int().min(1).max(200).optional().describe("Of a histogram."),
  title: z.string().min(1).max(200).optional(),
});
export type PlotInput = z.infer<typeof plotInputSchema>;
/** The chart alone, whatever it is drawn of. */
export type PlotSpec = Omit<PlotInput, "data_ref">;

export const plotAnswerSchema = z.object({
  data_ref: z.string().describe("What was read."),
  kind: z.enum(plotKinds),
  title: z.string(),
  rows: z.int().describe("Rows read."),
  left_out: z.int().describe("Rows without a value to draw."),
  points: z.int(),
  series: z.array(z.object({ name: z.string(), points: z.int(), min: z.number(), max: z.number() })),
});
export type PlotAnswer = z.infer<typeof plotAnswerSchema>;
