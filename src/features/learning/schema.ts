// Suggestions, performance and advice as every surface shows them: fields described once. Runs everywhere.

import * as z from "zod";
import { identifierSchema } from "../../core/names.ts";
import { cursorSchema, pageFields } from "../../core/paging.ts";
import { listLimits } from "../../limits.ts";
import { learningLimits } from "../../workflow-limits.ts";
import { proposalTestSchema } from "../approvals/schema.ts";
import { toolContentSchema } from "../jq-tools/schema.ts";

export const suggestionStates = ["suggested", "proposed", "dismissed"] as const;

export const suggestionSchema = z.object({
  id: z.string(),
  state: z.enum(suggestionStates),
  dataset: z.string(),
  input: z.enum(["whole", "records"]),
  null_input: z.boolean(),
  pattern: z.string().describe("The query with its literals taken out: $p1, $p2, …"),
  people: z.int().describe("Who ran it; counted up to a limit."),
  runs: z.int(),
  average_ms: z.int().nullable().describe("Of runs that were not answered from the cache."),
  first_seen_at: z.string(),
  last_seen_at: z.string(),
  suggested_at: z.string().nullable(),
  settled_by: z.string().nullable().describe("Who dismissed or proposed it."),
  proposal: z.object({ id: z.string(), state: z.string() }).nullable(),
});
export type Suggestion = z.infer<typeof suggestionSchema>;

export const listSuggestionsSchema = z.object({
  state: z.enum(suggestionStates).optional().describe("Default suggested."),
  dataset: z.string().max(200).optional(),
  limit: z.int().min(1).max(listLimits.maxEntries).optional().describe(`Default ${listLimits.toolEntries}.`),
  cursor: cursorSchema,
});
export type ListSuggestions = z.infer<typeof listSuggestionsSchema>;
export const suggestionPageSchema = z.object({ suggestions: z.array(suggestionSchema), ...pageFields });

const suggestionId = z.string().min(1).max(100).describe("As list_suggestions gives it.");
export const suggestionIdSchema = z.object({ id: suggestionId });

/** A place of the pattern, and what stood there. */
const placeSchema = z.object({
  place: z.int(),
  parameter: z.string().nullable().describe("The draft's parameter for it; null: kept as it is."),
  values: z.array(z.object({ value: z.unknown(), runs: z.int() })).describe("Most common first."),
});

export const draftSchema = z.object({
  name: z.string(),
  ...toolContentSchema.shape,
  tests: z.array(proposalTestSchema),
  notes: z.array(z.string()),
});
export type SuggestedTool = z.infer<typeof draftSchema>;

export const suggestionDetailSchema = z.object({
  suggestion: suggestionSchema,
  example: z.string().describe("As someone wrote it."),
  places: z.array(placeSchema),
  draft: draftSchema.nullable().describe("Ran, and gave what the query itself gives."),
  why_no_draft: z.string().nullable(),
});
export type SuggestionDetail = z.infer<typeof suggestionDetailSchema>;

export const proposeSuggestionSchema = suggestionIdSchema.extend({
  name: identifierSchema.optional().describe("In place of the draft's name."),
  description: z.string().min(1).max(2000).optional(),
  query: z.string().min(1).optional(),
  parameters: toolContentSchema.shape.parameters.max(32).optional(),
  tests: z.array(proposalTestSchema).max(50).optional(),
  justification: z.string().min(1).max(2000).optional().describe("Default: how many people ran it how often."),
});
export type ProposeSuggestion = z.infer<typeof proposeSuggestionSchema>;

export const dismissSuggestionSchema = suggestionIdSchema.extend({
  reason: z.string().min(1).max(500).optional(),
});

/** What the object keeps of a pattern, for whoever drafts a tool of it. */
export interface PatternFacts {
  suggestion: Suggestion;
  normalised: string;
  example: string;
  /** Values by place, most common first; JSON texts, or a cut one that is none. */
  places: { value: string; runs: number }[][];
}

const percentiles = z.object({ p50: z.int(), p95: z.int() });

const weekSchema = z.object({ calls: z.int(), failures: z.int(), p95_ms: z.int().nullable() });

export const toolPerformanceSchema = z.object({
  tool: z.string(),
  calls: z.int(),
  people: z.int(),
  failures: z.record(z.string(), z.int()).describe("By error code."),
  failure_share: z.number(),
  cache_share: z.number().describe("Of the calls that succeeded."),
  ms: percentiles.nullable().describe("Of runs of the engine that succeeded."),
  steps: percentiles.nullable(),
  this_week: weekSchema,
  week_before: weekSchema,
  trend: z.enum(["slower", "faster", "steady", "failing more", "too few calls"]),
});
export type ToolPerformance = z.infer<typeof toolPerformanceSchema>;

export const performanceInputSchema = z.object({
  name: z.string().max(100).optional().describe("Only this tool."),
  days: z.int().min(1).max(90).optional().describe(`Default ${learningLimits.performanceDays}.`),
});
export const performanceAnswerSchema = z.object({
  days: z.int(),
  tools: z.array(toolPerformanceSchema).describe("Slowest and most failing first."),
  total: z.int(),
});

export const adviceKinds = ["records_mode", "earlier_select", "unused", "result_cap", "shorter_program"] as const;

const measuredSchema = z.object({
  steps: z.int(),
  ms: z.number().describe("Stands still during computation on some platforms; compare steps."),
  memory_bytes: z.int(),
});

export const adviceSchema = z.object({
  kind: z.enum(adviceKinds),
  advice: z.string(),
  query: z.string(),
  input: z.enum(["whole", "records"]),
  null_input: z.boolean(),
  parameters: toolContentSchema.shape.parameters,
  verified: z.string().describe("What was compared."),
  before: measuredSchema,
  after: measuredSchema,
});
export type Advice = z.infer<typeof adviceSchema>;

export const optimizeSchema = z.object({
  name: z.string().describe("A tool of the team."),
  arguments: z.record(z.string(), z.unknown()).optional().describe("As for a call of it."),
});
export const optimizeAnswerSchema = z.object({
  tool: z.string(),
  version: z.int(),
  dataset: z.string().nullable(),
  dataset_version: z.int().nullable(),
  advice: z.array(adviceSchema),
  notes: z.array(z.string()),
});

export const explainInputSchema = z.object({
  dataset: z
    .string()
    .max(200)
    .optional()
    .describe("A dataset, table or frame (name or data_ref). Left out: the tool's, or no input."),
  query: z.string().min(1).optional(),
  tool: z.string().max(100).optional().describe("A tool of the team, in place of query."),
  arguments: z.record(z.string(), z.unknown()).optional().describe("The tool's arguments."),
  params: z.record(identifierSchema, z.unknown()).optional().describe("The query's parameters."),
  input: z.enum(["whole", "records"]).optional(),
  null_input: z.boolean().optional(),
  run: z.boolean().optional().describe("false: do not run it."),
});
export type ExplainInput = z.infer<typeof explainInputSchema>;

export const explanationSchema = z.object({
  program: z.string().describe("What the engine is given: functions first, then the query."),
  functions: z.array(z.string()).describe("Library functions compiled in, in order."),
  required_functions: z.array(z.string()).describe("Those the query calls itself."),
  variables: z.array(z.string()),
  pattern: z.string().describe("The query's normalised form."),
  pure: z.boolean(),
  cacheable: z.boolean(),
  mode: z.object({
    input: z.enum(["whole", "records", "none"]),
    null_input: z.boolean(),
    reads: z.string(),
    why: z.string(),
  }),
  dataset: z
    .object({ name: z.string(), version: z.int().optional(), bytes: z.int(), records: z.int() })
    .nullable()
    .describe("What is read; a table's or frame's bytes are an upper bound."),
  estimated: z.object({ steps: z.int(), from: z.enum(["history", "shape"]), how: z.string() }),
  measured: z
    .object({
      steps: z.int(),
      ms: z.number(),
      bytes_read: z.int(),
      outputs: z.int(),
      output_bytes: z.int(),
      memory_bytes: z.int(),
    })
    .nullable(),
  failure: z.object({ code: z.string(), message: z.string(), hint: z.string().optional() }).nullable(),
  warnings: z.array(z.string()),
});
export type Explanation = z.infer<typeof explanationSchema>;
