// What a comparison of two versions of a dataset is asked and answers, for MCP and REST.
import * as z from "zod";
import { datasetNameSchema } from "../../../core/names.ts";
import { datasetLimits } from "../../../limits.ts";
import { typesSchema, versionSchema } from "../schema.ts";

const version = z.int().min(1);

export const compareSchema = z.object({
  dataset: datasetNameSchema,
  from: version.optional().describe("Left out: the version before `to` that is kept."),
  to: version.optional().describe("Left out: the current one."),
  key: z
    .string()
    .max(datasetLimits.csvColumnNameChars)
    .optional()
    .describe("The field by which records are matched; left out: one that looks like an id, else whole records."),
  limit: z
    .int()
    .min(1)
    .max(datasetLimits.comparedShownMax)
    .default(datasetLimits.comparedShown)
    .describe("Records of each kind to show."),
});
export type CompareVersions = z.infer<typeof compareSchema>;

const changeSchema = z.object({
  path: z.string(),
  before: z.string().optional().describe("As JSON, cut short; left out: it was not there."),
  after: z.string().optional().describe("As JSON, cut short; left out: it is not there."),
});

export const comparisonSchema = z.object({
  dataset: datasetNameSchema,
  from: versionSchema.omit({ same_content_as: true }),
  to: versionSchema.omit({ same_content_as: true }),
  schema: z.object({
    added: z.array(z.object({ path: z.string(), types: typesSchema })),
    removed: z.array(z.object({ path: z.string(), types: typesSchema })),
    changed: z.array(z.object({ path: z.string(), before: typesSchema, after: typesSchema })),
    complete: z.boolean().describe("false: a schema has more fields than are kept, so some of this may be wrong."),
  }),
  compared: z
    .enum(["key", "records", "document", "nothing"])
    .describe("How: records by a key, whole records, places in the document; nothing where the kinds differ."),
  key: z.string().optional(),
  counts: z
    .object({
      unchanged: z.int().optional().describe("Left out for a document."),
      changed: z.int(),
      added: z.int(),
      removed: z.int(),
    })
    .optional()
    .describe("Records, or places in the document."),
  changed: z
    .array(
      z.object({ key: z.string(), changes: z.array(changeSchema), total: z.int().describe("Places that differ.") }),
    )
    .describe("The first changed records; of a document one entry with an empty key."),
  added: z.array(z.string()).describe("The first records that are new, as JSON, cut short."),
  removed: z.array(z.string()).describe("The first records that are gone, as JSON, cut short."),
  complete: z.boolean().describe("false: the comparison ended early; notes say where."),
  notes: z.array(z.string()),
});
export type Comparison = z.infer<typeof comparisonSchema>;
