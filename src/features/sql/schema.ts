// SQL as tools take it and as it goes to the workspace: fields described once.
import * as z from "zod";
import type { Column, Row } from "../../engines/frame/types.ts";
import type { SqlParams } from "../../engines/sql/params.ts";
import { sqlLimits } from "../../workspace-limits.ts";
import type { Frame } from "../frames/schema.ts";
import { pageArguments, rowsSchema } from "../results/schema.ts";
import { relationNameSchema } from "../workspace/schema.ts";

const intSchema = z.strictObject({ int: z.string().max(20) });
const paramSchema = z.union([z.null(), z.boolean(), z.number(), z.string(), intSchema]);

export const paramsSchema = z
  .union([
    z.array(paramSchema).max(sqlLimits.params),
    z.record(z.string().max(100), paramSchema).refine((params) => Object.keys(params).length <= sqlLimits.params, {
      message: `give ${sqlLimits.params} parameters at most`,
    }),
  ])
  .optional()
  .describe('A list for ?, or an object for :name. Whole numbers beyond 2^53: {"int": "9007199254740993"}.');

const querySchema = z.string().min(1).max(sqlLimits.chars);

export const rawQuerySchema = z.object({
  query: querySchema.describe(
    "One SQLite statement. FROM takes tables, frames (name or data_ref) and datasets by name; <table>_fts where it has full-text search.",
  ),
  params: paramsSchema,
  read_only: z
    .boolean()
    .default(true)
    .describe("false: INSERT, UPDATE, DELETE or REPLACE on a table may run, for members."),
  limit: pageArguments.limit,
  format: pageArguments.format,
  to_frame: z
    .union([z.boolean(), relationNameSchema])
    .optional()
    .describe("true or a name: keep all rows as a frame, which read_frame pages through."),
  dry_run: z.boolean().optional().describe("Of a write: count what it would change, and change nothing."),
  confirm: z.string().max(200).optional().describe("Of a write that changes much: the token of the refusal."),
});

export type RawQuery = z.output<typeof rawQuerySchema>;

export const rawAnswerSchema = rowsSchema.partial().extend({
  changed: z.int().optional().describe("Records that a write changed, or in a dry run would change."),
  tables: z.array(z.string()).optional().describe("Tables that were written."),
  dry_run: z.boolean().optional(),
});
export type RawAnswer = z.input<typeof rawAnswerSchema>;

export const sqlFrameSchema = z.object({
  query: querySchema.describe("One SELECT over tables, frames (name or data_ref) and datasets by name."),
  name: relationNameSchema.optional().describe("A name for the frame, which SQL and other tools then take."),
  params: paramsSchema,
  limit: pageArguments.limit,
  format: pageArguments.format,
});

/** A dataset's copy, which stands for its name in a statement. */
export interface Copy {
  name: string;
  ref: string;
}

/** A statement as the workspace is sent it. */
export interface SqlRequest {
  query: string;
  params: SqlParams;
  copies: readonly Copy[];
  /** Names of datasets that occur in it and may be asked for. */
  datasets: readonly string[];
}

/** What becomes of rows: the first so many, or a frame of all. */
export interface ReadOptions {
  rows: number;
  frame?: { name?: string | undefined; operation: string; maxRows: number };
}

/** The workspace needs the copy of a dataset before it can go on. */
export interface Missing {
  outcome: "missing";
  dataset: string;
}

export interface ReadRows {
  outcome: "rows";
  columns: Column[];
  rows: Row[];
  total: number;
  notes: string[];
}

export interface ReadFrame {
  outcome: "frame";
  frame: Frame;
  rows: Row[];
  notes: string[];
}

export interface WriteOptions {
  dryRun: boolean;
  confirm?: string | undefined;
  /** Rows of RETURNING to show. */
  rows: number;
}

export interface Written {
  outcome: "written";
  changed: number;
  tables: string[];
  columns: Column[];
  rows: Row[];
  total: number;
  notes: string[];
}
