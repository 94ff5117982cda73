// What a dataset is: fields described once, for MCP, REST and storage.
import * as z from "zod";
import { datasetNameSchema } from "../../core/names.ts";
import { listQuerySchema } from "../../core/paging.ts";
import { datasetLimits, listLimits } from "../../limits.ts";
import { visibilitySchema } from "../access/schema.ts";

export const datasetFormatSchema = z.enum(["json", "ndjson", "csv"]);
export type DatasetFormat = z.infer<typeof datasetFormatSchema>;

/** One field of the inferred schema: a path like `address.city` or `tags[]`. */
const schemaFieldSchema = z.object({
  path: z.string(),
  types: z.array(z.enum(["string", "number", "boolean", "null", "array", "object"])),
  /** Share of the looked-at records that have it, 0 to 1. */
  present: z.number(),
  /** A few values, cut short. */
  examples: z.array(z.unknown()),
});

const datasetSchemaSchema = z.object({
  fields: z.array(schemaFieldSchema),
  /** Records looked at to infer it. */
  records_examined: z.int(),
  /** True when there were more fields than are kept. */
  fields_cut: z.boolean(),
});
export type DatasetSchema = z.infer<typeof datasetSchemaSchema>;

/** A dataset as every surface shows it. Times are ISO 8601. */
export const datasetSchema = z.object({
  id: z.string(),
  name: datasetNameSchema,
  description: z.string(),
  kind: z.enum(["records", "whole"]).describe("records: a list of records; whole: one JSON document."),
  format: datasetFormatSchema.describe("The format it was uploaded in."),
  version: z.int(),
  etag: z.string(),
  bytes: z.int(),
  record_count: z.int(),
  schema: datasetSchemaSchema,
  created_by: z.string(),
  created_at: z.string(),
  updated_by: z.string(),
  updated_at: z.string(),
  revision: z.int(),
  visibility: visibilitySchema.optional().describe("Who sees it; left out: everyone in the team."),
});

/** What the edge needs besides: where the bytes are, the sample, and whether it is gone. */
export type Dataset = z.infer<typeof datasetSchema> & { r2_key: string; sample: string[]; deleted: boolean };

/** What an ingest finds out about the content it stored. */
export type DatasetContent = Pick<Dataset, "kind" | "format" | "bytes" | "etag" | "record_count" | "schema" | "sample">;

/** What an upload made: the dataset as of its new version, and what the uploader should know about the content. */
export interface Committed {
  dataset: Dataset;
  created: boolean;
  notes: string[];
}

/** A dataset in a list: without its schema. */
export const datasetSummarySchema = datasetSchema.omit({ schema: true });
export type DatasetSummary = z.infer<typeof datasetSummarySchema>;

export const descriptionSchema = z
  .string()
  .max(datasetLimits.descriptionChars)
  .describe("What the data is and how to read it; kept from the version before when left out.");

export const createUploadSchema = z.strictObject({
  format: datasetFormatSchema,
  description: descriptionSchema.optional(),
});

export const completeUploadSchema = z.strictObject({
  parts: z.int().min(1).optional().describe("How many parts there must be, numbered from 1."),
});

export const partNumberSchema = z.coerce.number().int().min(1).max(datasetLimits.parts);

/** An upload in parts as requests see it. */
export interface UploadStatus {
  upload_id: string;
  dataset: string;
  format: DatasetFormat;
  expires_at: string;
  part_max_bytes: number;
  parts: { part: number; bytes: number; etag: string }[];
}

/** The query string of the list. */
export const datasetListQuerySchema = listQuerySchema({ preset: listLimits.restEntries, max: listLimits.maxEntries });

/** Where a file is kept that becomes no dataset. */
export function fileKey(team: string, id: string): string {
  return `teams/${team}/files/${id}`;
}
