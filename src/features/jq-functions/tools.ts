// The function library as MCP tools. Runs at the edge.
import * as z from "zod";
import type { CallContext } from "../../context.ts";
import { readsOnly, replaces } from "../../core/define-tool.ts";
import { markdownTable } from "../../core/markdown.ts";
import { moreLines, pageFields, pageOf } from "../../core/paging.ts";
import { listLimits } from "../../limits.ts";
import { defineTool } from "../../tool.ts";
import { callerOf } from "../access/access.ts";
import {
  type CompileCheck,
  checkFunction,
  compileWithEngine,
  findDependants,
  matchingFunctions,
  requireCompiles,
  requireNothingBroken,
  toolUses,
  withFunction,
} from "./jq-functions.ts";
import type { SavedFunction } from "./rpc.ts";
import {
  functionVersionSchema,
  type JqFunction,
  jqFunctionSchema,
  listFunctionsSchema,
  revivedNote,
  type SaveFunction,
  saveFunctionSchema,
  saveOutcomes,
} from "./schema.ts";

const listedFunctionSchema = z.object({
  name: z.string(),
  signature: z.string(),
  description: z.string(),
  depends_on: z.array(z.string()),
  version: z.int(),
});

/** `margin($revenue; $cost)`: how a function is called, in jq's words. */
function functionSignature({ name, parameters }: Pick<JqFunction, "name" | "parameters">): string {
  return parameters.length === 0 ? name : `${name}(${parameters.map((parameter) => parameter.name).join("; ")})`;
}

/** Saves a function after the real engine has compiled it and all that depends on it. The object checks again as it saves. */
export async function saveFunction(
  context: CallContext,
  input: SaveFunction,
  compile: CompileCheck = compileWithEngine,
): Promise<SavedFunction> {
  const before = context.catalogue.functions;
  // A builtin's name that was allowed once stays allowed; the object knows for certain.
  const after = withFunction(before, checkFunction(before, input, before.has(input.name)));
  const tools = toolUses(context.catalogue);
  requireNothingBroken({ before, after, name: input.name, doing: "Saving" }, tools);
  await requireCompiles(after, tools, input.name, compile);
  return context.stub.functions().save(input, callerOf(context));
}

export const functionTools = [
  defineTool({
    name: "list_functions",
    title: "List jq functions",
    description: "The team's shared jq functions: what queries and tools may call besides jq's builtins.",
    input: listFunctionsSchema,
    output: z.object({
      functions: z.array(listedFunctionSchema),
      ...pageFields,
    }),
    hints: readsOnly,
    permission: "data:read",
    toolset: "jq",
    handler: async (context, input) => {
      const { items, ...page } = pageOf(matchingFunctions(context.catalogue.functions, input.query ?? ""), {
        limit: input.limit ?? listLimits.toolEntries,
        cursor: input.cursor,
        key: (found) => found.name,
      });
      const functions = items.map((found) => ({
        name: found.name,
        signature: functionSignature(found),
        description: found.description,
        depends_on: found.depends_on,
        version: found.version,
      }));
      const lines = [`${page.returned} of ${page.total} functions`];
      const shown = functions.map((found) => ({ ...found, depends_on: found.depends_on.join(", ") }));
      if (shown.length > 0) lines.push(markdownTable(shown, ["signature", "description", "depends_on"]));
      return { text: [...lines, ...moreLines(page)].join("\n"), data: { functions, ...page } };
    },
  }),

  defineTool({
    name: "get_function",
    title: "Get a jq function",
    description: "One jq function: definition, what it calls, which functions and tools depend on it, its versions.",
    input: z.object({ name: z.string().max(100) }),
    output: z.object({
      function: jqFunctionSchema,
      dependants: z.object({ functions: z.array(z.string()), tools: z.array(z.string()) }),
      versions: z.array(functionVersionSchema),
    }),
    hints: readsOnly,
    permission: "data:read",
    toolset: "jq",
    handler: async (context, { name }) => {
      const { function: found, versions } = await context.stub
        .functions()
        .history(name, { limit: listLimits.functionVersions });
      const dependants = findDependants(context.catalogue.functions, toolUses(context.catalogue), name);
      const lines = [
        `${functionSignature(found)} · v${found.version}${found.is_active ? "" : " · deactivated"}${found.description === "" ? "" : ` · ${found.description}`}`,
        `\`\`\`jq\n${found.definition.trimEnd()}\n\`\`\``,
        ...describeParameters(found),
        `Calls: ${found.depends_on.join(", ") || "no other library function"}`,
        `Used by functions: ${dependants.functions.join(", ") || "none"}; by tools: ${dependants.tools.join(", ") || "none"}`,
        markdownTable(
          versions.map(({ version, action, author, created_at, reason }) => ({
            version,
            action,
            author,
            created_at,
            reason: reason ?? "",
          })),
        ),
      ];
      return { text: lines.join("\n"), data: { function: found, dependants, versions } };
    },
  }),

  defineTool({
    name: "save_function",
    title: "Save a jq function",
    description:
      "Creates or changes a shared jq function. Checked first: it compiles, calls only what exists, makes no circle, and breaks nothing that uses it. Where members may not save: propose_function.",
    input: saveFunctionSchema,
    output: z.object({ outcome: z.enum(saveOutcomes), function: jqFunctionSchema }),
    hints: replaces,
    permission: "library:write",
    toolset: "jq",
    handler: async (context, input) => {
      const saved = await saveFunction(context, input);
      const { name, version, depends_on } = saved.function;
      const calls = depends_on.length === 0 ? "" : ` It calls ${depends_on.join(", ")}.`;
      const revived = saved.revived ? ` It ${revivedNote}.` : "";
      const text =
        saved.outcome === "unchanged"
          ? `${name} is unchanged: version ${version} already holds this.`
          : `${saved.outcome === "created" ? "Created" : "Updated"} ${functionSignature(saved.function)}, version ${version}.${calls}${revived}`;
      return { text, data: { outcome: saved.outcome, function: saved.function } };
    },
  }),
];

function describeParameters({ parameters }: JqFunction): string[] {
  return parameters
    .filter((parameter) => parameter.type !== undefined || parameter.description !== undefined)
    .map(
      ({ name, type, description }) =>
        `- ${name}${type === undefined ? "" : `: ${type}`}${description === undefined ? "" : `, ${description}`}`,
    );
}
