// What is read from files and written to them: options described once, for MCP and REST.
import * as z from "zod";
import { logicalTypes } from "../../engines/frame/types.ts";
import { frameLimits } from "../../workspace-limits.ts";
import { frameSchema } from "../frames/schema.ts";
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

const commas = "Several with commas between.";
const listText = z.string().transform((text) => text.split(","));
const jsonText = z.string().transform((text, context): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    context.addIssue({ code: "custom", message: "must be JSON" });
    return z.NEVER;
  }
});

/** The same as a query string: lists with commas, types as JSON. */
export const uploadQuerySchema = z.object({
  format: z.enum(inputFormats).optional().describe("Left out: as Content-Type says."),
  name: relationNameSchema.optional().describe("What to call the frame; it is found by its data_ref, too."),
  columns: listText.pipe(partFields.columns.unwrap()).optional().describe(`Only these, in this order. ${commas}`),
  offset: partFields.offset,
  limit: partFields.limit,
  delimiter: csvFields.delimiter,
  header: z
    .union([
      z.boolean(),
      z
        .string()
        .regex(/^(?!(true|false)$)/)
        .pipe(listText),
    ])
    .optional()
    .describe("false: no header row; names with commas between: no header row, these are the names."),
  quote: csvFields.quote,
  skip_rows: csvFields.skip_rows,
  comment: csvFields.comment,
  na_values: listText.optional().describe(`Further texts that mean null. ${commas}`),
  names: listText.optional().describe(`Columns of records that are lists. ${commas}`),
  types: jsonText.pipe(typesSchema.unwrap()).optional().describe('Types by column, as JSON: {"zip": "text"}'),
});

/** How a frame is written as CSV. */
export const csvOutputFields = {
  delimiter: oneCharacter.optional().describe("Default comma."),
  header: z.boolean().optional().describe("false: without the names."),
  crlf: z.boolean().optional().describe("true: lines end in CRLF, as Excel has it."),
};

/** A download's query string. */
export const downloadQuerySchema = z.object(csvOutputFields);

export const formatQuerySchema = z.object({
  format: z.enum(outputFormats).describe("arrow: the file (Feather); arrows: the stream."),
  ...csvOutputFields,
});

/** What was made of an upload. */
export const uploadedFrameSchema = frameSchema.extend({
  file_rows: z.int().describe("Rows of the file."),
  offset: z.int(),
  truncated: z.boolean().describe("True when the file has more rows than were loaded."),
  next_offset: z.int().optional(),
  warning: z.string().optional(),
  notes: z.array(z.string()).optional(),
});

export const keptFileSchema = z.object({
  upload: z.string().describe("What read_csv, read_json and read_parquet take as `upload`."),
  bytes: z.int(),
  expires_at: z.string(),
});
