// The team's tools as MCP tools: read, save, try, undo. Runs at the edge.
import { stringify } from "yaml";
import * as z from "zod";
import { readsOnly, replaces } from "../../core/define-tool.ts";
import { errorText } from "../../core/error-text.ts";
import { AppError } from "../../core/errors.ts";
import { fenceUntrusted } from "../../core/untrusted.ts";
import { defineTool } from "../../tool.ts";
import { callerOf } from "../access/access.ts";
import { saveOutcomes } from "../jq-functions/schema.ts";
import { rowsSchema } from "../results/schema.ts";
import { describeVisibility } from "../visibility/visibility.ts";
import { contentOf, toolInputSchema } from "./jq-tools.ts";
import type { SavedTool } from "./rpc.ts";
import { type DryRun, restoreTool, rollbackTool, saveTool, testInput, testTool } from "./saving.ts";
import { jqToolSchema, saveToolSchema, type ToolContent } from "./schema.ts";

const name = z.string().max(100);
const reason = z.string().max(500).optional().describe("Kept in the history.");
const savedSchema = z.object({ outcome: z.enum(saveOutcomes), tool: jqToolSchema });

const getTool = defineTool({
  name: "get_tool",
  title: "Get a team tool",
  description: "A team tool's definition: query, parameters, datasets, the functions it calls, how often it is used.",
  input: z.object({ name }),
  output: z.object({
    tool: jqToolSchema,
    input_schema: z.record(z.string(), z.unknown()),
    usage_count: z.int(),
    avg_execution_time_ms: z.int().nullable(),
    original_yaml_path: z.string().nullable(),
  }),
  hints: readsOnly,
  permission: "data:read",
  toolset: "jq",
  handler: async (context, input) => {
    const { tool, original_yaml_path } = await context.stub.tools().get(input.name, context.actor);
    const usage = await context.stub.metrics().usage(tool.id);
    const count = usage?.usage_count ?? 0;
    const average = usage?.avg_execution_time_ms ?? null;
    const state = tool.is_active ? tool.approval_status : "deactivated";
    const text = [
      `${tool.name} · v${tool.version} · ${state} · by ${tool.updated_by} · ${count === 0 ? "never used" : count === 1 ? "used once" : `used ${count} times`}${average === null ? "" : `, ${average} ms on average`}`,
      `\`\`\`yaml\n${writeContent(tool)}\n\`\`\``,
      `Calls functions: ${tool.required_functions.join(", ") || "none"}`,
      ...(tool.visibility === undefined ? [] : [`Shown to ${describeVisibility(tool.visibility)}.`]),
    ].join("\n");
    const data = {
      tool,
      input_schema: toolInputSchema(tool),
      usage_count: count,
      avg_execution_time_ms: average,
      original_yaml_path,
    };
    return { text, data };
  },
});

const saveToolTool = defineTool({
  name: "save_tool",
  title: "Save a team tool",
  description:
    "Creates or changes a team tool, callable by everyone at once. Try it with test_tool first. What is left out keeps its value. Where members may not save: propose_tool.",
  input: saveToolSchema,
  output: savedSchema.extend({ warnings: z.array(z.string()) }),
  hints: replaces,
  permission: "library:write",
  toolset: "jq",
  handler: async (context, input) => {
    const { outcome, tool, warnings } = await saveTool(context, input);
    const text = [
      describeSaved({ outcome, tool }, outcome === "created" ? "Created" : "Saved"),
      ...warnings.map((warning) => `Note: ${warning}.`),
    ].join("\n");
    return { text, data: { outcome, tool, warnings } };
  },
});

const testToolTool = defineTool({
  name: "test_tool",
  title: "Try a tool without saving",
  description:
    "Dry run: compiled program, functions pulled in, errors with line and column, first 5 rows. Pass name for a saved tool, query and the rest for a new one, both to try a change.",
  input: saveToolSchema
    .omit({ reason: true, pinned: true, weight: true })
    .partial()
    .extend({
      arguments: z.record(z.string(), z.unknown()).optional().describe("As in a call of the tool; defaults fill in."),
    }),
  output: z.object({
    ok: z.boolean(),
    program: z.string().optional(),
    functions: z.array(z.string()),
    required_functions: z.array(z.string()),
    pure: z.boolean().optional(),
    warnings: z.array(z.string()),
    errors: z.array(
      z.object({
        code: z.string(),
        message: z.string(),
        hint: z.string().optional(),
        line: z.int().optional(),
        column: z.int().optional(),
        details: z.record(z.string(), z.unknown()).optional(),
      }),
    ),
    sample: rowsSchema.optional(),
    messages: z.array(z.string()).optional().describe("What debug and stderr wrote."),
  }),
  hints: readsOnly,
  permission: "data:read",
  toolset: "jq",
  handler: async (context, { arguments: args = {}, name: given, ...changes }) => {
    const saved = given === undefined ? undefined : context.catalogue.tools.get(given);
    if (saved === undefined && changes.query === undefined) {
      throw new AppError(
        "invalid_argument",
        given === undefined
          ? "test_tool: give a name or a query."
          : `test_tool: there is no active tool ${given} and no query is given.`,
        {
          hint: "Pass the name of a team tool, or a query to try.",
        },
      );
    }
    const run = await testTool(context, testInput(saved, given ?? "This tool", changes), args);
    const { sample_text: _, ...data } = run;
    return { text: describeDryRun(run), data };
  },
});

const rollbackToolTool = defineTool({
  name: "rollback_tool",
  title: "Roll a team tool back",
  description: "Makes an old version of a tool the newest again, as a new version, checked against today's functions.",
  input: z.object({ name, version: z.int().min(1), reason }),
  output: savedSchema,
  hints: replaces,
  permission: "library:write",
  toolset: "jq",
  handler: async (context, input) => {
    const saved = await rollbackTool(context, input.name, input.version, input.reason);
    return answerSaved(saved, "Rolled back", `to version ${input.version}, as version ${saved.tool.version}`);
  },
});

const deactivateTool = defineTool({
  name: "deactivate_tool",
  title: "Deactivate a team tool",
  description: "Takes a team tool out of use for everyone; restore_tool brings it back.",
  input: z.object({ name, reason }),
  output: savedSchema,
  hints: replaces,
  permission: "library:write",
  toolset: "jq",
  handler: async (context, input) =>
    answerSaved(await context.stub.tools().deactivate(input.name, callerOf(context), input.reason), "Deactivated"),
});

const restoreToolTool = defineTool({
  name: "restore_tool",
  title: "Restore a team tool",
  description: "Brings a deactivated team tool back, checked against today's functions.",
  input: z.object({ name, reason }),
  output: savedSchema,
  hints: { ...replaces, destructive: false },
  permission: "library:write",
  toolset: "jq",
  handler: async (context, input) => answerSaved(await restoreTool(context, input.name, input.reason), "Restored"),
});

export const toolTools = [getTool, saveToolTool, testToolTool, rollbackToolTool, deactivateTool, restoreToolTool];

function answerSaved({ outcome, tool }: SavedTool, done: string, how?: string) {
  return { text: describeSaved({ outcome, tool }, done, how), data: { outcome, tool } };
}

/** `Rolled back t to version 1, as version 3. It calls f.` */
function describeSaved(
  { outcome, tool }: Pick<SavedTool, "outcome" | "tool">,
  done: string,
  how = `version ${tool.version}`,
): string {
  if (outcome === "unchanged")
    return `${tool.name} is unchanged: ${tool.is_active ? "" : "deactivated, "}version ${tool.version}.`;
  const calls = tool.required_functions.length === 0 ? "" : ` It calls ${tool.required_functions.join(", ")}.`;
  return `${done} ${tool.name}${how.startsWith("to ") ? " " : ", "}${how}.${calls}`;
}

function describeDryRun(run: DryRun): string {
  const lines = [run.ok ? "It works. Nothing was saved." : "It does not work yet. Nothing was saved."];
  for (const error of run.errors) lines.push(errorText(error));
  for (const warning of run.warnings) lines.push(`Note: ${warning}.`);
  if (run.program !== undefined) lines.push(`\`\`\`jq\n${run.program.trimEnd()}\n\`\`\``);
  if (run.sample_text !== undefined) lines.push(run.sample_text);
  if (run.messages !== undefined) lines.push(fenceUntrusted(run.messages.join("\n"), "what debug and stderr wrote"));
  return lines.join("\n");
}

/** A tool's content as YAML, in the form that an import takes. */
function writeContent(content: ToolContent): string {
  return stringify(contentOf(content), { lineWidth: 0 }).trimEnd();
}
