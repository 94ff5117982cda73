// Rows, the answer of everything that queries: fields described once. One way to page and one way to say what was cut.
import * as z from "zod";
import { cursorSchema } from "../../core/paging.ts";
import { resultLimits } from "../../limits.ts";

const rowFormats = ["markdown", "json", "csv"] as const;
export type RowFormat = (typeof rowFormats)[number];

/** Arguments that every tool answering with rows takes. */
export const pageArguments = {
  limit: z
    .int()
    .min(1)
    .max(resultLimits.maxRows)
    .optional()
    .describe(
      `Rows; default ${resultLimits.defaultRows} within ${resultLimits.defaultTokens.toLocaleString("en-US")} tokens.`,
    ),
  cursor: cursorSchema,
  format: z.enum(rowFormats).optional().describe("Of the text; default markdown."),
  fresh: z.boolean().optional().describe("true: not from the cache."),
};

/** Those, and what keeps all rows of a query as a frame. */
export const queryArguments = {
  ...pageArguments,
  to_frame: z
    .union([z.boolean(), z.string().max(63)])
    .optional()
    .describe("true or a name: keep all rows as a frame."),
};

export interface PageArguments {
  limit?: number | undefined;
  cursor?: string | undefined;
  format?: RowFormat | undefined;
  fresh?: boolean | undefined;
  to_frame?: boolean | string | undefined;
}

/** A column as answers name it. */
export const shownColumnSchema = z.object({ name: z.string(), type: z.string() });

export const rowsSchema = z.object({
  rows: z.array(z.unknown()).describe("Outputs in order."),
  returned: z.int(),
  total: z.int().describe("All there are."),
  truncated: z.boolean().describe("True when more rows follow these."),
  next_cursor: z.string().optional(),
  dataset: z.string().optional(),
  dataset_version: z.int().optional(),
  input: z.enum(["whole", "records", "none", "sql", "frame"]).describe("How the data was read."),
  columns: z.array(shownColumnSchema).optional().describe("Of a table or frame, in order."),
  data_ref: z.string().optional().describe("A frame that holds all these rows; other tools take it."),
  cached: z.boolean(),
  notes: z.array(z.string()).optional(),
});
export type Rows = z.infer<typeof rowsSchema>;
