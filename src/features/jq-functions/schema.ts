// What a jq function of the team's library is: fields described once, for MCP, REST, YAML and storage.
import * as z from "zod";
import { identifierSchema } from "../../core/names.ts";
import { cursorSchema } from "../../core/paging.ts";
import { listLimits } from "../../limits.ts";

const functionParameterSchema = z.object({
  name: z.string().min(1).max(64).describe("As in the def, with or without the dollar sign."),
  type: z.string().max(40).optional().describe("What callers should pass: number, string, array …"),
  description: z.string().max(500).optional(),
});
export type FunctionParameter = z.infer<typeof functionParameterSchema>;

export const listFunctionsSchema = z.object({
  query: z.string().max(200).optional().describe("Words that the name or description must hold."),
  limit: z.int().min(1).max(listLimits.maxEntries).optional().describe(`Default ${listLimits.toolEntries}.`),
  cursor: cursorSchema,
});

export const saveFunctionSchema = z.object({
  name: identifierSchema.describe("The function's name; must be the name in the def."),
  definition: z
    .string()
    .min(1)
    .describe("One jq def, e.g. `def margin($r; $c): ($r - $c) / $r;`. Nest helpers inside it."),
  description: z.string().max(2000).optional().describe("What it computes, for people and models choosing a function."),
  parameters: z
    .array(functionParameterSchema)
    .max(32)
    .optional()
    .describe("Documents the def's parameters; found from the def when left out."),
  allow_builtin_name: z.boolean().optional().describe("Save it although jq has a builtin of this name."),
  reason: z.string().max(500).optional().describe("Why it changed, kept in its history."),
});
export type SaveFunction = z.infer<typeof saveFunctionSchema>;

/** A function as YAML files carry it. */
export const yamlFunctionSchema = saveFunctionSchema
  .extend({
    depends_on: z
      .array(z.string())
      .optional()
      .describe("Found from the definition; when given, checked against what was found."),
  })
  .strict();
export type YamlFunction = z.infer<typeof yamlFunctionSchema>;

export const sources = ["yaml", "manual", "learned"] as const;
export type Source = (typeof sources)[number];

export const versionActions = ["create", "update", "rollback", "deactivate", "restore"] as const;
export type VersionAction = (typeof versionActions)[number];

/** A function as every surface shows it. Times are ISO 8601. */
export const jqFunctionSchema = z.object({
  id: z.string(),
  name: z.string(),
  definition: z.string(),
  arity: z.int(),
  description: z.string(),
  parameters: z.array(functionParameterSchema),
  depends_on: z.array(z.string()).describe("Library functions it calls directly."),
  version: z.int(),
  is_active: z.boolean(),
  source: z.enum(sources),
  created_by: z.string(),
  created_at: z.string(),
  updated_by: z.string(),
  updated_at: z.string(),
  revision: z.int(),
});
export type JqFunction = z.infer<typeof jqFunctionSchema>;

/** One entry of a function's history. */
export const functionVersionSchema = z.object({
  version: z.int(),
  action: z.enum(versionActions),
  definition: z.string(),
  description: z.string(),
  is_active: z.boolean(),
  reason: z.string().nullable(),
  proposal_id: z.string().nullable().describe("The proposal that was approved; null: saved directly."),
  author: z.string(),
  created_at: z.string(),
});
export type FunctionVersion = z.infer<typeof functionVersionSchema>;
/** All that its author wrote. */
export type WholeFunctionVersion = FunctionVersion & { parameters: FunctionParameter[]; allow_builtin_name: boolean };

/** What a save did. */
export const saveOutcomes = ["created", "updated", "unchanged"] as const;
export type SaveOutcome = (typeof saveOutcomes)[number];

/** Said of a save that brought a deactivated function or tool back. */
export const revivedNote = "was deactivated and is in use again; nothing of its old definition was kept";
