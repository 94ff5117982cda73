// What is read from files and written to them: options described once, for MCP and REST.
import * as z from "zod";
import { logicalTypes } from "../../engines/frame/types.ts";
import { frameLimits } from "../../workspace-limits.ts";
import { relationNameSchema } from "../workspace/schema.ts";

/** Formats that files are read in. */
export const inputFormats = ["csv", "json", "ndjson", "parquet", "arrow"] as const;
export type InputFormat = (typeof inputFormats)[number];

/** Formats that frames are written in: arrow is the IPC file (Feather), arrows the stream. */
export const outputFormats = ["csv", "json", "ndjson", "parquet", "arrow", "arrows"] as const;
export type OutputFormat = (typeof outputFormats)[number];

export const mediaTypes: Readonly<Record<OutputFormat, string>> = {
  csv: "text/csv; charset=utf-8",
  json: "application/json",
  ndjson: "application/x-ndjson",
  parquet: "application/vnd.apache.parquet",
  arrow: "application/vnd.apache.arrow.file",
  arrows: "application/vnd.apache.arrow.stream",
};

export const fileIdPattern = /^fl_[A-Za-z0-9_-]{8,64}$/;

const oneCharacter = z.string().refine((text) => [...text].length === 1 && text.length === 1, "use one character");

/** Which part of a file, and which columns. */
export const partFields = {
  columns: z.array(z.string().min(1)).min(1).max(frameLimits.columns).optional().describe("Only these, in this order."),
  offset: z.int().min(0).optional().describe("Rows to skip: next_offset of the call before."),
  limit: z
    .int()
    .min(1)
    .max(frameLimits.maxRows)
    .optional()
    .describe("Rows to load; default all that a frame may have."),
};

export const typesSchema = z
  .record(z.string(), z.enum(logicalTypes))
  .optional()
  .describe('Types by column, e.g. {"zip": "text"}.');

/** How CSV is written. */
export const csvFields = {
  delimiter: oneCharacter.optional().describe("Default: found out, of , ; tab |."),
  header: z
    .union([z.boolean(), z.array(z.string()).min(1).max(2_000)])
    .optional()
    .describe("false: no header row; a list: no header row, these are the names."),
  quote: z
    .union([oneCharacter, z.literal("")])
    .optional()
    .describe('Default "; empty: quotes mean nothing.'),
  skip_rows: z.int().min(0).max(10_000).optional().describe("Lines to skip at the start."),
  comment: oneCharacter.optional().describe("Lines that begin with it are left out."),
  na_values: z.array(z.string()).max(100).optional().describe("Further texts that mean null."),
};

/** Everything that can be said of a file to be read. */
export const fileOptionsSchema = z.object({
  ...partFields,
  ...csvFields,
  types: typesSchema,
  names: z.array(z.string()).optional(),
});
export type FileOptions = z.infer<typeof fileOptionsSchema>;

const listText = z.string().transform((text) => text.split(","));
const flag = z.enum(["true", "false"]).transform((text) => text === "true");
const jsonText = z.string().transform((text, context): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    context.addIssue({ code: "custom", message: "must be JSON" });
    return z.NEVER;
  }
});

/** The same as a query string: lists with commas, types as JSON. */
export const uploadQuerySchema = z.strictObject({
  format: z.enum(inputFormats).optional(),
  name: relationNameSchema.optional(),
  columns: listText.pipe(partFields.columns.unwrap()).optional(),
  offset: z.coerce.number().pipe(partFields.offset.unwrap()).optional(),
  limit: z.coerce.number().pipe(partFields.limit.unwrap()).optional(),
  delimiter: csvFields.delimiter,
  header: z.union([flag, listText]).optional(),
  quote: csvFields.quote,
  skip_rows: z.coerce.number().pipe(csvFields.skip_rows.unwrap()).optional(),
  comment: csvFields.comment,
  na_values: listText.optional(),
  names: listText.optional(),
  types: jsonText.pipe(typesSchema.unwrap()).optional(),
});

/** How a frame is written as CSV. */
export const csvOutputFields = {
  delimiter: oneCharacter.optional().describe("Default comma."),
  header: z.boolean().optional().describe("false: without the names."),
  crlf: z.boolean().optional().describe("true: lines end in CRLF, as Excel has it."),
};

export const downloadQuerySchema = z.strictObject({
  delimiter: csvOutputFields.delimiter,
  header: flag.optional(),
  crlf: flag.optional(),
});
