// What a jq tool of the team is: fields described once, for MCP, REST, YAML and storage.
import * as z from "zod";
import { datasetNameSchema, identifierSchema } from "../../core/names.ts";
import { cursorSchema } from "../../core/paging.ts";
import { listLimits } from "../../limits.ts";
import { visibilitySchema } from "../access/schema.ts";
import { sources, versionActions } from "../jq-functions/schema.ts";

const toolParameterTypes = ["string", "number", "integer", "boolean", "array", "object"] as const;

const toolParameterSchema = z.object({
  name: identifierSchema,
  type: z.enum(toolParameterTypes),
  description: z.string().max(500).optional(),
  required: z.boolean().optional().describe("Left out: required unless there is a default."),
  default: z.unknown().optional(),
  enum: z.array(z.unknown()).min(1).max(200).optional(),
  min: z.number().optional().describe("Least value of a number, least length of a string or array."),
  max: z.number().optional().describe("Greatest value of a number, greatest length of a string or array."),
  pattern: z.string().max(500).optional().describe("A regular expression a string must match."),
});
export type ToolParameter = z.infer<typeof toolParameterSchema>;

const descriptionSchema = z.string().min(1).max(2000);
const querySchema = z.string().min(1);

export const listToolsSchema = z.object({
  limit: z.int().min(1).max(listLimits.maxEntries).optional().describe(`Default ${listLimits.restEntries}.`),
  cursor: cursorSchema,
});

export const saveToolSchema = z.object({
  name: identifierSchema.describe("Snake case; the name clients call."),
  description: descriptionSchema
    .optional()
    .describe("What it answers and when to use it: all that a model sees before calling. A new tool needs it."),
  query: querySchema.optional().describe("jq, with `${parameter}` where a parameter goes. A new tool needs it."),
  parameters: z.array(toolParameterSchema).max(32).optional(),
  datasets: z
    .array(datasetNameSchema)
    .max(32)
    .optional()
    .describe("Datasets it may read; the first is the default. None: it runs without input."),
  dataset_mode: z
    .enum(["one", "all"])
    .optional()
    .describe("one (default): a `dataset` argument chooses among them; all: `.` is an object holding each by name."),
  input: z
    .enum(["whole", "records"])
    .optional()
    .describe(
      "whole: `.` is the dataset, a list of records as an array; records: runs once per record, any size. Default whole, with null_input records.",
    ),
  null_input: z
    .boolean()
    .optional()
    .describe(
      "jq -n: `.` is null and the query reads records with `inputs`, e.g. `reduce inputs as $r (0; . + $r.amount)`.",
    ),
  required_functions: z
    .array(z.string())
    .optional()
    .describe("Found from the query; when given, checked against what was found."),
  pinned: z.boolean().optional().describe("Listed first in tools/list."),
  weight: z.number().min(-1000).max(1000).optional().describe("Orders lists and search; higher first."),
  reason: z.string().max(500).optional().describe("Why it changed, kept in its history."),
});
export type SaveTool = z.infer<typeof saveToolSchema>;

/** A tool as YAML files carry it: a file says all there is to it. */
export const yamlToolSchema = saveToolSchema.extend({ description: descriptionSchema, query: querySchema }).strict();

/** A tool as every surface shows it. Times are ISO 8601. */
export const jqToolSchema = z.object({
  id: z.string(),
  name: z.string(),
  description: z.string(),
  query: z.string(),
  parameters: z.array(toolParameterSchema),
  datasets: z.array(z.string()),
  dataset_mode: z.enum(["one", "all"]),
  input: z.enum(["whole", "records"]),
  null_input: z.boolean(),
  required_functions: z.array(z.string()).describe("Library functions the query calls directly."),
  source: z.enum(sources),
  approval_status: z.enum(["pending", "approved", "rejected"]),
  is_active: z.boolean(),
  pinned: z.boolean(),
  weight: z.number(),
  version: z.int(),
  created_by: z.string(),
  created_at: z.string(),
  updated_by: z.string(),
  updated_at: z.string(),
  revision: z.int(),
  visibility: visibilitySchema.optional().describe("Who sees it; left out: everyone in the team."),
});
export type JqTool = z.infer<typeof jqToolSchema>;

/** What a version keeps of a tool: everything an author writes. */
export const toolContentSchema = jqToolSchema.pick({
  description: true,
  query: true,
  parameters: true,
  datasets: true,
  dataset_mode: true,
  input: true,
  null_input: true,
  pinned: true,
  weight: true,
});
export type ToolContent = z.infer<typeof toolContentSchema>;

/** One entry of a tool's history. */
export const toolVersionSchema = z.object({
  version: z.int(),
  action: z.enum(versionActions),
  author: z.string(),
  created_at: z.string(),
  reason: z.string().nullable(),
  proposal_id: z.string().nullable().describe("The proposal that was approved; null: saved directly."),
});
export type ToolVersion = z.infer<typeof toolVersionSchema> & { content: ToolContent };
