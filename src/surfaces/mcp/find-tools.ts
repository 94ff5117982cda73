// find_tools and run_tool: everything a caller may use, within reach of a short tool list. Runs at the edge.
import * as z from "zod";
import type { CallContext } from "../../context.ts";
import { idempotencyKey, readsOnly } from "../../core/define-tool.ts";
import { AppError } from "../../core/errors.ts";
import { isRecord } from "../../core/exact-json.ts";
import { cutText } from "../../core/markdown.ts";
import { queryArguments } from "../../features/results/schema.ts";
import { mcpLimits } from "../../limits.ts";
import { type BuiltInTool, defineTool } from "../../tool.ts";
import { runTool, toolNamed } from "./call.ts";
import { type RankedText, rank, wordsOf } from "./ranking.ts";
import { signatureOf } from "./signature.ts";
import { type AnyListedTool, usableTools, wireTool } from "./wire-tool.ts";

const pageArgumentNames: ReadonlySet<string> = new Set(Object.keys(queryArguments));
const descriptionChars = 300;

/** The two tools over all others. `builtIns` is asked at each call, since the list they stand in holds them too. */
export function findTools(builtIns: () => readonly BuiltInTool[]): readonly BuiltInTool[] {
  return [findTool(builtIns), runToolByName(builtIns)];
}

function findTool(builtIns: () => readonly BuiltInTool[]): BuiltInTool {
  return defineTool({
    name: "find_tools",
    title: "Find tools",
    description:
      "Finds tools, the team's own included, by what you want to know or do; call one with run_tool. Many are listed nowhere else.",
    input: z.object({
      query: z.string().max(300).describe("A few words; empty: all, by weight."),
      limit: z.int().min(1).max(mcpLimits.foundToolsMax).optional().describe(`Default ${mcpLimits.foundTools}.`),
    }),
    output: z.object({
      tools: z.array(
        z.object({
          name: z.string(),
          description: z.string(),
          signature: z.string().describe("Its arguments in short."),
          input_schema: z
            .record(z.string(), z.unknown())
            .optional()
            .describe(`Of the first ${mcpLimits.foundSchemas} only.`),
          kind: z.enum(["built_in", "team"]),
        }),
      ),
      matched: z.boolean().describe("False: nothing matches; these are the team's own by weight."),
      returned: z.int(),
      total: z.int(),
      truncated: z.boolean(),
    }),
    hints: readsOnly,
    permission: "data:read",
    toolset: "catalog",
    handler: async (context, input) => {
      const matching = search(context, builtIns(), input.query);
      const matched = matching.length > 0;
      // The words of a question need not be the author's: better the team's main tools than nothing.
      const found = matched ? matching : search(context, builtIns(), "").filter((entry) => entry.kind === "team");
      const shown = found.slice(0, input.limit ?? mcpLimits.foundTools);
      return {
        text: describeFound(matched ? undefined : input.query, shown, found.length),
        data: {
          tools: shown.map(foundRow),
          matched,
          returned: shown.length,
          total: found.length,
          truncated: shown.length < found.length,
        },
      };
    },
  });
}

function runToolByName(builtIns: () => readonly BuiltInTool[]): BuiltInTool {
  return defineTool({
    name: "run_tool",
    title: "Run a tool",
    description: "Runs any tool by name with its arguments, as find_tools shows them.",
    input: z.object({
      name: z.string().min(1).max(100),
      arguments: z.record(z.string(), z.unknown()).optional(),
    }),
    output: z.looseObject({}),
    // It is whatever it runs, so it promises nothing.
    hints: { readOnly: false, destructive: true, idempotent: false, openWorld: false },
    takesKey: false,
    permission: "data:read",
    toolset: "catalog",
    handler: async (context, input) => {
      const entry = toolNamed(context, builtIns(), input.name);
      if (entry === undefined) throw unknownTool(context, builtIns(), input.name);
      if (isMeta(entry)) {
        throw new AppError("invalid_argument", `run_tool does not run ${input.name}.`, {
          hint: `Call ${input.name} itself.`,
        });
      }
      context.execution.toolName = input.name;
      return runTool(context, entry, input.arguments ?? {});
    },
  });
}

function isMeta({ tool }: AnyListedTool): boolean {
  return tool.name === "find_tools" || tool.name === "run_tool";
}

/** `not_found` with the tools whose names come nearest. */
export function unknownTool(context: CallContext, builtIns: readonly BuiltInTool[], name: string): AppError {
  const words = name.slice(0, mcpLimits.unknownNameChars);
  const near = wordsOf(words).length === 0 ? [] : namesOf(search(context, builtIns, words).slice(0, 3));
  return new AppError("not_found", `There is no tool ${JSON.stringify(cutText(name, mcpLimits.unknownNameChars))}.`, {
    hint: near.length > 0 ? `Near it: ${near.join(", ")}. find_tools finds others.` : "find_tools finds what there is.",
    details: { near },
  });
}

function namesOf(entries: readonly AnyListedTool[]): string[] {
  return entries.map(({ tool }) => tool.name);
}

function search(context: CallContext, builtIns: readonly BuiltInTool[], query: string): AnyListedTool[] {
  const usable = usableTools(context, builtIns).filter((entry) => !isMeta(entry));
  return rank(usable.map(rankedText), query).flatMap((index) => usable[index] ?? []);
}

function rankedText(entry: AnyListedTool): RankedText {
  const wire = wireTool(entry);
  if (entry.kind === "built_in") return rankedBuiltIn(entry.tool);
  const properties = isRecord(wire.inputSchema.properties) ? wire.inputSchema.properties : {};
  const names = hiddenArguments(entry);
  const parameters = Object.entries(properties)
    .filter(([name]) => !names.has(name))
    .map(
      ([name, schema]) =>
        `${name} ${isRecord(schema) && typeof schema.description === "string" ? schema.description : ""}`,
    );
  return {
    name: wire.name,
    description: `${wire.title ?? ""} ${wire.description ?? ""}`,
    parameters: parameters.join(" "),
    datasets: entry.tool.datasets.join(" "),
    weight: entry.tool.weight,
    isBuiltIn: false,
  };
}

/** Found by what it does; those that author or administer by their names alone, since their descriptions speak of everything. */
function rankedBuiltIn({ name, title, description, toolset }: BuiltInTool): RankedText {
  return {
    name,
    description: toolset === "catalog" ? `${title} ${description}` : title,
    parameters: "",
    datasets: "",
    weight: 0,
    isBuiltIn: true,
  };
}

/** Arguments every team tool takes, or every tool that writes; said once, not for each. */
function hiddenArguments(entry: AnyListedTool): ReadonlySet<string> {
  if (entry.kind === "built_in") return new Set([idempotencyKey]);
  return pageArgumentNames.difference(new Set(entry.tool.parameters.map((parameter) => parameter.name)));
}

function foundRow(entry: AnyListedTool, index: number) {
  const { name, description, inputSchema } = wireTool(entry);
  return {
    name,
    description: description ?? "",
    signature: signatureOf(inputSchema, hiddenArguments(entry)),
    ...(index < mcpLimits.foundSchemas ? { input_schema: { ...inputSchema } } : {}),
    kind: entry.kind,
  };
}

/** `missed` is the query that nothing matches; then `shown` are the team's own tools. */
function describeFound(missed: string | undefined, shown: readonly AnyListedTool[], total: number): string {
  const miss = missed === undefined ? "" : `No tool matches ${JSON.stringify(missed)}. `;
  if (total === 0) return `${miss}Try other words, or an empty query for all.`;
  const lines = shown.map((entry) => {
    const { name, description, inputSchema } = wireTool(entry);
    const text = cutText((description ?? "").replaceAll(/\s+/g, " "), descriptionChars);
    return `- **${name}**(${signatureOf(inputSchema, hiddenArguments(entry))}): ${text}`;
  });
  const count =
    shown.length === total ? `${total} ${total === 1 ? "tool" : "tools"}` : `${shown.length} of ${total} tools`;
  const more =
    shown.length === total ? "" : `; for more, raise limit (${mcpLimits.foundToolsMax} at most) or use narrower words`;
  const paging = shown.some((entry) => entry.kind === "team")
    ? [`Team tools also take ${[...pageArgumentNames].join(", ")}.`]
    : [];
  const keys = shown.some((entry) => entry.kind === "built_in" && entry.tool.takesKey)
    ? [`Tools that write also take ${idempotencyKey}: repeated with the same one, a call runs once.`]
    : [];
  const whose = missed === undefined ? "" : " of the team's own";
  return [`${miss}${count}${whose}${more}. Call: run_tool {name, arguments}.`, ...lines, ...paging, ...keys].join("\n");
}
