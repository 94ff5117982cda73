// What a frame is: fields described once, for MCP, REST and storage.
import * as z from "zod";
import { type Column, logicalTypes, timeUnits } from "../../engines/frame/types.ts";
import { columnNameSchema, relationNameSchema, type Source } from "../workspace/schema.ts";

export type FrameState = "loading" | "ready";

/** Where a frame's rows came from. */
export interface Lineage {
  /** The tool or route that made it, e.g. `join`. */
  operation: string;
  inputs: {
    kind: "dataset" | "table" | "frame" | "upload" | "text" | "jq" | "sql";
    name: string;
    version?: number;
    ref?: string;
  }[];
  /** The operation's own arguments, as far as they say what was done. */
  params?: Record<string, unknown>;
}

export const columnSchema = z.object({
  name: columnNameSchema,
  type: z.enum(logicalTypes),
  unit: z.enum(timeUnits).optional(),
  timezone: z.string().optional(),
  precision: z.int().optional(),
  scale: z.int().optional(),
  special: z.literal(true).optional(),
});

const lineageSchema = z.object({
  operation: z.string(),
  inputs: z.array(
    z.object({
      kind: z.enum(["dataset", "table", "frame", "upload", "text", "jq", "sql"]),
      name: z.string(),
      version: z.int().optional(),
      ref: z.string().optional(),
    }),
  ),
  params: z.record(z.string(), z.unknown()).optional(),
});

/** A frame as every surface shows it. Times are ISO 8601. */
export const frameSchema = z.object({
  data_ref: z.string(),
  name: z.string().nullable(),
  columns: z.array(z.object({ name: z.string(), type: z.string() })),
  rows: z.int(),
  bytes: z.int(),
  lineage: lineageSchema,
  created_by: z.string(),
  created_at: z.string(),
  last_used_at: z.string(),
  expires_at: z.string().nullable().describe("null: pinned."),
  pinned: z.boolean(),
});
export type ShownFrame = z.infer<typeof frameSchema>;

/** A frame as the server works with it. */
export interface Frame {
  id: string;
  name: string | null;
  storage: number;
  columns: Column[];
  rows: number;
  chunks: number;
  bytes: number;
  lineage: Lineage;
  sources: Source[];
  createdBy: string;
  createdAt: number;
  lastUsedAt: number;
  expiresAt: number | null;
  pinned: boolean;
}

/** The argument by which what an operation makes gets a name of its own. */
export const asNameSchema = relationNameSchema
  .optional()
  .describe("A name for the result, which SQL and other tools then take; without one it has its data_ref alone.");

/** The operation that the server's own copies of datasets are made by. */
export const copying = "load";

/** A frame as a result says that it was made of it: the server's own copy of a dataset stands for that dataset. */
export function originOf({ id, name, lineage }: Pick<Frame, "id" | "name" | "lineage">): Lineage["inputs"][number] {
  const [dataset] = lineage.inputs;
  return lineage.operation === copying && dataset !== undefined
    ? dataset
    : { kind: "frame", name: name ?? id, ref: id };
}

/** What makes a frame says of it before there are rows. */
export interface NewFrame {
  name?: string | undefined;
  columns: Column[];
  lineage: Lineage;
  sources: Source[];
  /** Made by the server for itself, under this key: a dataset as SQL reads it. */
  copyOf?: string;
}
