// Suggestions, performance, advice and explanations as MCP tools. Run at the edge.
import * as z from "zod";
import { readsOnly, replaces } from "../../core/define-tool.ts";
import { markdownTable } from "../../core/markdown.ts";
import { moreLines } from "../../core/paging.ts";
import { fenceUntrusted } from "../../core/untrusted.ts";
import { type BuiltInTool, defineTool } from "../../tool.ts";
import { callerOf } from "../access/access.ts";
import { proposalSchema } from "../approvals/schema.ts";
import { explainQuery } from "./explain.ts";
import { getSuggestion, listSuggestions, type Propose, proposeSuggestion, toolPerformance } from "./learning.ts";
import { optimizeTool } from "./optimize.ts";
import {
  type Advice,
  dismissSuggestionSchema,
  type Explanation,
  explainInputSchema,
  explanationSchema,
  listSuggestionsSchema,
  optimizeAnswerSchema,
  optimizeSchema,
  performanceAnswerSchema,
  performanceInputSchema,
  proposeSuggestionSchema,
  type Suggestion,
  type SuggestionDetail,
  suggestionDetailSchema,
  suggestionIdSchema,
  suggestionPageSchema,
  suggestionSchema,
  type ToolPerformance,
} from "./schema.ts";

/** `propose` is how a proposal is opened. */
export function learningTools(propose: Propose): BuiltInTool[] {
  return [
    listSuggestionsTool,
    getSuggestionTool,
    proposeSuggestionTool(propose),
    dismissSuggestionTool,
    explainQueryTool,
    toolPerformanceTool,
    optimizeToolTool,
  ];
}

const listSuggestionsTool = defineTool({
  name: "list_suggestions",
  title: "List suggestions",
  description:
    "Queries that several people, or one often, ran on a dataset and that no tool answers yet; newest first. get_suggestion drafts a tool of one.",
  input: listSuggestionsSchema,
  output: suggestionPageSchema,
  hints: readsOnly,
  permission: "data:read",
  toolset: "workflow",
  handler: async (context, input) => {
    const { items, ...page } = await listSuggestions(context, input);
    const table = fenceUntrusted(markdownTable(items.map(shownSuggestion)), "suggestions");
    const lines = [
      `${page.returned} of ${page.total} suggestions`,
      ...(items.length === 0 ? [] : [table]),
      ...moreLines(page),
    ];
    return { text: lines.join("\n"), data: { suggestions: items, ...page } };
  },
});

function shownSuggestion({ id, dataset, pattern, people, runs, state, last_seen_at }: Suggestion) {
  return { id, dataset, pattern, people, runs, state, last_seen_at };
}

const getSuggestionTool = defineTool({
  name: "get_suggestion",
  title: "Get a suggestion",
  description:
    "One suggestion with a drafted tool: parameters for the literals that varied, tests. The draft was run and gave what the query gives.",
  input: suggestionIdSchema,
  output: suggestionDetailSchema,
  hints: readsOnly,
  permission: "data:read",
  toolset: "workflow",
  handler: async (context, { id }) => {
    const data = await getSuggestion(context, id);
    return { text: describeSuggestion(data), data };
  },
});

function describeSuggestion({ suggestion, example, draft, why_no_draft }: SuggestionDetail): string {
  const { id, state, dataset, people, runs } = suggestion;
  const head = `${id}: ${state}; ${people} ${people === 1 ? "person" : "people"}, ${runs} runs on ${dataset}.`;
  if (draft === null) return [head, fenceUntrusted(example, "query"), `No draft: ${why_no_draft}`].join("\n");
  const { notes, tests, ...tool } = draft;
  const drafted = fenceUntrusted(JSON.stringify({ ...tool, tests: tests.length }, null, 1), "drafted tool");
  const next =
    state === "proposed"
      ? []
      : [`propose_suggestion ${JSON.stringify({ id })} proposes it; what you pass takes the place of the draft's.`];
  return [head, drafted, ...notes, ...next].join("\n");
}

function proposeSuggestionTool(propose: Propose): BuiltInTool {
  return defineTool({
    name: "propose_suggestion",
    title: "Propose a suggestion",
    description:
      "Opens a proposal of the tool that get_suggestion drafts, to be voted on. name, description, query, parameters and tests take the place of the draft's.",
    input: proposeSuggestionSchema,
    output: z.object({ proposal: proposalSchema, suggestion: suggestionSchema }),
    hints: { readOnly: false, destructive: false, idempotent: false, openWorld: false },
    permission: "library:propose",
    toolset: "workflow",
    handler: async (context, input) => {
      const data = await proposeSuggestion(context, input, propose);
      const { id, name, state } = data.proposal;
      return { text: `Proposed the tool ${name}: ${id} is ${state}.`, data };
    },
  });
}

const dismissSuggestionTool = defineTool({
  name: "dismiss_suggestion",
  title: "Dismiss a suggestion",
  description: "Puts a suggestion away. It comes back once it was run twice as often as now.",
  input: dismissSuggestionSchema,
  output: z.object({ suggestion: suggestionSchema }),
  hints: replaces,
  permission: "library:propose",
  toolset: "workflow",
  handler: async (context, { id, reason }) => {
    const suggestion = await context.stub.learning().dismiss(id, callerOf(context), reason);
    return { text: `Dismissed ${id}; it comes back at ${suggestion.runs * 2} runs.`, data: { suggestion } };
  },
});

const explainQueryTool = defineTool({
  name: "explain_query",
  title: "Explain a query",
  description:
    "What becomes of a query, or of a tool's call: compiled program, functions pulled in, how it reads the data and why, estimated and measured steps, bytes read. Runs it unless run is false.",
  input: explainInputSchema,
  output: explanationSchema,
  hints: readsOnly,
  permission: "data:read",
  toolset: "jq",
  handler: async (context, input) => {
    const data = await explainQuery(context, input);
    return { text: describeExplanation(data), data };
  },
});

function describeExplanation(explained: Explanation): string {
  const { program, functions, mode, estimated, measured, failure, warnings, cacheable } = explained;
  const cost =
    measured === null
      ? []
      : [
          `Measured: ${measured.steps} steps, ${measured.ms} ms, ${measured.bytes_read} bytes read, ${measured.outputs} outputs of ${measured.output_bytes} bytes, ${measured.memory_bytes} bytes of memory.`,
        ];
  return [
    fenceUntrusted(program, "program"),
    `Functions: ${functions.length === 0 ? "none" : functions.join(", ")}. ${cacheable ? "Pure: answers may come from the cache." : "Not pure: never answered from the cache."}`,
    `Reads ${mode.reads}. ${mode.why}`,
    `Estimated: ${estimated.steps} steps (${estimated.how}).`,
    ...cost,
    ...(failure === null ? [] : [`It fails: ${failure.code}: ${failure.message}`]),
    ...warnings.map((warning) => `Warning: ${warning}`),
  ].join("\n");
}

const toolPerformanceTool = defineTool({
  name: "tool_performance",
  title: "Tool performance",
  description:
    "How the team's tools did: calls, people, p50 and p95 of milliseconds and steps, failures by code, share of cached answers, this week against the one before. Slowest and most failing first.",
  input: performanceInputSchema,
  output: performanceAnswerSchema,
  hints: readsOnly,
  permission: "data:read",
  toolset: "jq",
  handler: async (context, input) => {
    const data = await toolPerformance(context, input);
    const rows = data.tools.map(shownPerformance);
    const head = `${rows.length} of ${data.total} tools called in the last ${data.days} days`;
    return { text: rows.length === 0 ? head : `${head}\n${markdownTable(rows)}`, data };
  },
});

function shownPerformance(tool: ToolPerformance): Record<string, unknown> {
  const { calls, people, ms, steps, failures, cache_share, trend } = tool;
  const failed = Object.entries(failures).map(([code, times]) => `${code} ${times}`);
  return {
    tool: tool.tool,
    calls,
    people,
    "p50 ms": ms?.p50,
    "p95 ms": ms?.p95,
    "p50 steps": steps?.p50,
    "p95 steps": steps?.p95,
    failures: failed.join(", "),
    cached: `${Math.round(cache_share * 100)}%`,
    trend,
  };
}

const optimizeToolTool = defineTool({
  name: "optimize_tool",
  title: "Optimize a tool",
  description:
    "Queries that give what the tool gives and cost less: each was run beside it on its data with these arguments, and the outputs compared. Changes nothing.",
  input: optimizeSchema,
  output: optimizeAnswerSchema,
  hints: readsOnly,
  permission: "data:read",
  toolset: "jq",
  handler: async (context, input) => {
    const data = await optimizeTool(context, input);
    const count = `${data.advice.length} ${data.advice.length === 1 ? "advice" : "pieces of advice"} for ${data.tool} v${data.version}`;
    return { text: [count, ...data.advice.map(describeAdvice), ...data.notes].join("\n"), data };
  },
});

function describeAdvice({ kind, advice, query, input, null_input, verified, before, after }: Advice): string {
  const mode = `input ${input}${null_input ? ", null_input" : ""}`;
  const cost = `${before.steps} → ${after.steps} steps, ${before.ms} → ${after.ms} ms, ${before.memory_bytes} → ${after.memory_bytes} bytes of memory`;
  return `${kind}: ${advice} ${verified} ${cost} (${mode}).\n${fenceUntrusted(query, "query")}`;
}
