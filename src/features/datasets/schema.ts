// What a dataset is: fields described once, for MCP, REST and storage.
import * as z from "zod";
import { datasetNameSchema } from "../../core/names.ts";
import { pageFields } from "../../core/paging.ts";
import { datasetLimits } from "../../limits.ts";
import { visibilitySchema } from "../access/schema.ts";

export const datasetFormatSchema = z.enum(["json", "ndjson", "csv"]);
export type DatasetFormat = z.infer<typeof datasetFormatSchema>;

export const typesSchema = z.array(z.enum(["string", "number", "boolean", "null", "array", "object"]));

/** One field of the inferred schema: a path like `address.city` or `tags[]`. */
const schemaFieldSchema = z.object({
  path: z.string(),
  types: typesSchema,
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

/** A version of a dataset as lists show it. */
export const versionSchema = datasetSchema
  .pick({ version: true, kind: true, format: true, etag: true, bytes: true, record_count: true, description: true })
  .extend({
    current: z.boolean(),
    written_by: z.string(),
    written_at: z.string(),
    kept_until: z.string().optional().describe("Until when it can be read and restored; the current one is kept."),
    same_content_as: z.int().optional().describe("The newest older version with the very same content."),
  });
export type VersionSummary = z.infer<typeof versionSchema>;

/** One version with what it looks like. */
export const shownVersionSchema = versionSchema
  .omit({ same_content_as: true })
  .extend({ name: datasetNameSchema, schema: datasetSchemaSchema, sample: z.array(z.string()) });

/** A version for the edge: where its bytes are, too. */
export type DatasetVersion = z.infer<typeof shownVersionSchema> & { r2_key: string };

export const historySchema = z.object({
  dataset: datasetNameSchema,
  versions: z.array(versionSchema).describe("The newest first; the first is the current one."),
});
export type DatasetHistory = z.infer<typeof historySchema>;

/** A deleted dataset that can still be brought back. */
export const deletedDatasetSchema = z.object({
  name: datasetNameSchema,
  version: z.int(),
  versions: z.int().describe("Versions kept of it, the last one included."),
  kind: datasetSchema.shape.kind,
  bytes: z.int(),
  record_count: z.int(),
  deleted_by: z.string(),
  deleted_at: z.string(),
  restorable_until: z.string(),
});
export type DeletedDataset = z.infer<typeof deletedDatasetSchema>;

export const deletedListSchema = z.object({ datasets: z.array(deletedDatasetSchema), ...pageFields });

export const deleteDatasetSchema = z.object({
  dataset: datasetNameSchema,
  confirm: z.string().optional().describe("From the refusal of the same call without it."),
});

export const restoreDatasetSchema = z.object({
  dataset: datasetNameSchema,
  version: z
    .int()
    .min(1)
    .optional()
    .describe("The version to make current again. Left out: undo the deletion, as the dataset was."),
});

export const versionNumberSchema = z.coerce.number().int().min(1).max(Number.MAX_SAFE_INTEGER);

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
  digest: z
    .string()
    .max(200)
    .optional()
    .describe("Of all parts one after another, in the form of a digest field: sha-256=:<base64>:"),
});

export const partNumberSchema = z.int().min(1).max(datasetLimits.parts);

/** A part that arrived whole. */
export const storedPartSchema = z.object({
  part: z.int(),
  bytes: z.int().describe("Unpacked, if it was sent compressed."),
  etag: z.string().describe("The SHA-256 of these bytes, in quotes."),
});

const expiresAt = z.string().describe("When what arrived is deleted unless it is completed.");
const partLimits = { part_max_bytes: z.int(), parts_max: z.int() };

export const createdUploadSchema = z.object({ upload_id: z.string(), ...partLimits, expires_at: expiresAt });

/** An upload in parts as requests see it. */
export const uploadStatusSchema = z.object({
  upload_id: z.string(),
  dataset: z.string(),
  format: datasetFormatSchema,
  state: z
    .enum(["open", "completing", "completed"])
    .describe("completed: its version is there; ask for the completion again to have its answer."),
  expires_at: expiresAt,
  ...partLimits,
  bytes: z.int().describe("Of the parts that arrived."),
  parts: z.array(storedPartSchema),
});
export type UploadStatus = z.infer<typeof uploadStatusSchema>;

/** A dataset as an upload made it. */
export const committedSchema = datasetSchema.extend({
  notes: z.array(z.string()).optional().describe("What to know about the content."),
});

/** A dataset with what it looks like. */
export const describedDatasetSchema = datasetSchema.extend({
  sample: z.array(z.string()).describe("The first records as JSON texts."),
  modes: z.object({ whole: z.boolean(), records: z.boolean() }).describe("How query_dataset can read it."),
});

/** The etag of a dataset with its description and visibility; `etag` is its content's alone. A change takes either. */
export function stateEtag({ etag, revision }: Pick<Dataset, "etag" | "revision">): string {
  return `"${etag.replaceAll('"', "")}-${revision}"`;
}

/** Where a file is kept that becomes no dataset. */
export function fileKey(team: string, id: string): string {
  return `teams/${team}/files/${id}`;
}
