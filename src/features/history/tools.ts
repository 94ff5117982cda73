// The past of functions and tools as MCP tools: versions, differences, who wrote which line, going back. Runs at the edge.
import * as z from "zod";
import type { CallContext } from "../../context.ts";
import { readsOnly, replaces } from "../../core/define-tool.ts";
import { markdownTable } from "../../core/markdown.ts";
import { cursorSchema, moreLines, pageFields } from "../../core/paging.ts";
import { fenceUntrusted } from "../../core/untrusted.ts";
import { listLimits } from "../../limits.ts";
import { defineTool } from "../../tool.ts";
import { historyLimits } from "../../workflow-limits.ts";
import { callerOf } from "../access/access.ts";
import type { SavedFunction } from "../jq-functions/rpc.ts";
import { jqFunctionSchema, saveOutcomes } from "../jq-functions/schema.ts";
import { compareVersions, readBlame, readHistory } from "./reading.ts";
import { restoreFunction, rollbackFunction } from "./restoring.ts";
import {
  blameFieldSchema,
  blameSchema,
  comparisonSchema,
  deactivatedSchema,
  type EntryKind,
  entryKindSchema,
  type Version,
  versionSchema,
} from "./schema.ts";

const name = z.string().max(100);
const version = z.int().min(1);
const reason = z.string().max(500).optional().describe("Kept in the history.");
const savedSchema = z.object({ outcome: z.enum(saveOutcomes), function: jqFunctionSchema });

const historyInput = z.object({
  name,
  limit: z.int().min(1).max(listLimits.maxVersions).optional().describe(`Default ${listLimits.versions}.`),
  cursor: cursorSchema,
});
const historyOutput = z.object({
  name: z.string(),
  versions: z.array(versionSchema.extend({ diff: z.string().describe("Against the version before.") })),
  ...pageFields,
});

async function answerHistory(context: CallContext, kind: EntryKind, input: z.output<typeof historyInput>) {
  const { items, isActive, ...data } = await readHistory(context, { kind, name: input.name }, input);
  const lines = items.map(({ diff, ...made }) => `${describeVersion(made)}${diff === "" ? "" : `\n${diff}`}`);
  const head = `${data.name}: ${data.returned} of ${data.total} versions${isActive ? "" : ", deactivated"}`;
  // Reasons and definitions are people's words.
  const shown = lines.length === 0 ? [] : [fenceUntrusted(lines.join("\n"), "versions")];
  return { text: [head, ...shown, ...moreLines(data)].join("\n"), data: { ...data, versions: items } };
}

/** `v3 · update · ada · 2026-01-02T… · faster · approved as prp_…` */
function describeVersion(made: Version): string {
  const approved = made.proposal_id === null ? undefined : `approved as ${made.proposal_id}`;
  const parts = [`v${made.version}`, made.action, made.author, made.created_at, made.reason ?? undefined, approved];
  return parts.filter((part) => part !== undefined).join(" · ");
}

function answerSaved({ outcome, function: saved }: SavedFunction, done: string) {
  const state = saved.is_active ? "" : "deactivated, ";
  const calls = saved.depends_on.length === 0 ? "" : ` It calls ${saved.depends_on.join(", ")}.`;
  const text =
    outcome === "unchanged"
      ? `${saved.name} is unchanged: ${state}version ${saved.version}.`
      : `${done}, version ${saved.version}.${calls}`;
  return { text, data: { outcome, function: saved } };
}

export const historyTools = [
  defineTool({
    name: "tool_history",
    title: "History of a team tool",
    description: "Versions of a tool, newest first: who, when, why, and what changed. rollback_tool goes back to one.",
    input: historyInput,
    output: historyOutput,
    hints: readsOnly,
    permission: "data:read",
    toolset: "jq",
    handler: (context, input) => answerHistory(context, "tool", input),
  }),

  defineTool({
    name: "function_history",
    title: "History of a jq function",
    description:
      "Versions of a jq function, newest first: who, when, why, and what changed. rollback_function goes back to one.",
    input: historyInput,
    output: historyOutput,
    hints: readsOnly,
    permission: "data:read",
    toolset: "jq",
    handler: (context, input) => answerHistory(context, "function", input),
  }),

  defineTool({
    name: "compare_versions",
    title: "Compare two versions",
    description:
      "What differs between any two versions of a jq function or team tool, field by field, and who made both.",
    input: z.object({
      kind: entryKindSchema,
      name,
      from: version.optional().describe("Left out: the version before `to`."),
      to: version.optional().describe("Left out: the newest."),
    }),
    output: comparisonSchema,
    hints: readsOnly,
    permission: "data:read",
    toolset: "jq",
    handler: async (context, { kind, name: named, ...versions }) => {
      const data = await compareVersions(context, { kind, name: named }, versions);
      const lines = [
        `from ${data.from === null ? "nothing" : describeVersion(data.from)}`,
        `to ${describeVersion(data.to)}`,
        ...data.changes.map(({ field, diff }) => `${field}:\n${diff}`),
      ];
      const notes = [
        ...(data.changes.length === 0 ? ["They hold the same."] : []),
        ...(data.truncated ? [`Cut at ${historyLimits.diffChars} characters (limit diffChars).`] : []),
      ];
      return { text: [fenceUntrusted(lines.join("\n"), "versions"), ...notes].join("\n"), data };
    },
  }),

  defineTool({
    name: "blame",
    title: "Who wrote each line",
    description:
      "For each line of a function's definition or a tool's query: the version that brought it, its author, date and reason.",
    input: z.object({
      kind: entryKindSchema,
      name,
      field: blameFieldSchema.optional().describe("Left out: definition of a function, query of a tool."),
      limit: z
        .int()
        .min(1)
        .max(historyLimits.maxBlameLines)
        .optional()
        .describe(`Lines; default ${historyLimits.blameLines}.`),
      cursor: cursorSchema,
    }),
    output: blameSchema.extend(pageFields),
    hints: readsOnly,
    permission: "data:read",
    toolset: "jq",
    handler: async (context, { kind, name: named, ...input }) => {
      const { items, ...rest } = await readBlame(context, { kind, name: named }, input);
      const who = new Map(rest.versions.map((made) => [made.version, `v${made.version} ${made.author}`]));
      const lines = items.map(({ text, version: by }) => ({ text, who: by === null ? "older" : (who.get(by) ?? "") }));
      const width = Math.max(0, ...lines.map((line) => line.who.length));
      const shown = [
        ...lines.map((line) => `${line.who.padEnd(width)} | ${line.text}`),
        ...rest.versions.map(describeVersion),
      ];
      const text = [
        `${rest.field} of ${named}: ${rest.returned} of ${rest.total} lines`,
        ...(shown.length === 0 ? [] : [fenceUntrusted(shown.join("\n"), "lines and versions")]),
        ...moreLines(rest),
      ].join("\n");
      return { text, data: { ...rest, lines: items } };
    },
  }),

  defineTool({
    name: "list_deactivated",
    title: "List what is out of use",
    description: "Deactivated jq functions and team tools, and who took them out of use. restore_… brings one back.",
    input: z.object({
      kind: entryKindSchema.optional(),
      limit: z.int().min(1).max(listLimits.maxEntries).optional().describe(`Default ${listLimits.toolEntries}.`),
      cursor: cursorSchema,
    }),
    output: z.object({ deactivated: z.array(deactivatedSchema), ...pageFields }),
    hints: readsOnly,
    permission: "data:read",
    toolset: "jq",
    handler: async (context, { kind, limit = listLimits.toolEntries, cursor }) => {
      const { items, ...page } = await context.stub.history().deactivated({ kind, limit, cursor }, context.actor);
      const shown = items.map((item) => ({ ...item, reason: item.reason ?? "" }));
      const columns = ["kind", "name", "version", "deactivated_by", "deactivated_at", "reason"];
      const text = [
        `${page.returned} of ${page.total} deactivated`,
        ...(shown.length === 0 ? [] : [fenceUntrusted(markdownTable(shown, columns), "deactivated")]),
        ...moreLines(page),
      ].join("\n");
      return { text, data: { deactivated: items, ...page } };
    },
  }),

  defineTool({
    name: "rollback_function",
    title: "Roll a jq function back",
    description:
      "Makes an old version of a function the newest again, as a new version, checked against all that uses it.",
    input: z.object({ name, version, reason }),
    output: savedSchema,
    hints: replaces,
    permission: "library:write",
    toolset: "jq",
    handler: async (context, input) =>
      answerSaved(
        await rollbackFunction(context, input.name, input.version, input.reason),
        `Rolled back ${input.name} to version ${input.version}`,
      ),
  }),

  defineTool({
    name: "deactivate_function",
    title: "Deactivate a jq function",
    description: "Takes a jq function that nothing calls out of use; restore_function brings it back.",
    input: z.object({ name, reason }),
    output: savedSchema,
    hints: replaces,
    permission: "library:write",
    toolset: "jq",
    handler: async (context, input) =>
      answerSaved(
        await context.stub.functions().deactivate(input.name, callerOf(context), input.reason),
        `Deactivated ${input.name}`,
      ),
  }),

  defineTool({
    name: "restore_function",
    title: "Restore a jq function",
    description: "Brings a deactivated jq function back, checked against today's library.",
    input: z.object({ name, reason }),
    output: savedSchema,
    hints: { ...replaces, destructive: false },
    permission: "library:write",
    toolset: "jq",
    handler: async (context, input) =>
      answerSaved(await restoreFunction(context, input.name, input.reason), `Restored ${input.name}`),
  }),
];
