// `tools test`: a dry run of a saved tool, or of a folder's files with their test cases; nothing is saved. Runs under Node.
import { stat } from "node:fs/promises";
import { argumentOptions, readArguments } from "../../core/arguments.ts";
import type { Command, Context, Input } from "../../core/command.ts";
import { CliError, exitCodes } from "../../core/errors.ts";
import { type JsonRecord, textOf } from "../../core/json.ts";
import { type Tools, withTools } from "../../core/mcp.ts";
import { plural, valueTable } from "../../core/output.ts";
import { readAllPages } from "../../core/pages.ts";
import type { LibraryTool, NamedEntry, Page, PlannedEntry } from "../../core/wire.ts";
import { type DryRun, judge, readCases, type TestCase } from "../../library/cases.ts";
import { authored, type FileEntry, readFolder } from "../../library/files.ts";
import { type PushPlan, planPush } from "../../library/push-plan.ts";
import { defaultFolder } from "./pull.ts";

export const testTools: Command = {
  usage: "[DIR|FILE|NAME]",
  words: [0, 1],
  about: `With the NAME of a saved tool: what it compiles to, its functions and its first rows. With a folder (default ${defaultFolder}): every function and tool of its
YAML files is checked against the team as a push would, and the cases of its *.test.yaml files are run with the files' own definitions:

  tests:
    - tool: revenue_by
      name: regions
      arguments: { group_by: region }
      expect: { total: 4 }                       # or rows: [{…}], of which the first 5 are compared, or error: CODE`,
  options: argumentOptions,
  examples: [
    "super-data tools test",
    "super-data tools test library",
    "super-data tools test revenue_by --arg group_by=region",
  ],
  run: async (context, input) => {
    const [word = defaultFolder] = input.words;
    const isPlace = (await stat(word).catch(() => undefined)) !== undefined;
    if (isPlace || input.words.length === 0 || /[/\\]|\.ya?ml$/.test(word)) return testFolder(context, word);
    return testSaved(context, input, word);
  },
};

async function testSaved({ output, session }: Context, input: Input, name: string): Promise<number> {
  const team = await session();
  const tools = await readAllPages(team.api, "/library/tools", (page: Page & { tools: LibraryTool[] }) => page.tools);
  const tool = tools.find((one) => one.name === name);
  if (tool === undefined) {
    throw new CliError("not_found", `The team has no tool ${name}, and there is no such folder.`, {
      hint: "`super-data tools list` shows them.",
    });
  }
  const args = readArguments(input, (argument) => tool.parameters.find((one) => one.name === argument)?.type);
  const { data } = await withTools(team, (mcp) =>
    mcp.call<DryRun & JsonRecord>("test_tool", { name, arguments: args }),
  );
  await output.result(data, () => {
    const errors = data.errors.map(
      (one) => `error: ${placed(one)}${one.message}${one.hint === undefined ? "" : `\n  ${one.hint}`}`,
    );
    const functions = Array.isArray(data.functions) && data.functions.length > 0 ? data.functions.join(", ") : "none";
    const rows =
      data.sample === undefined
        ? []
        : [valueTable(data.sample.rows), `${data.sample.returned} of ${plural(data.sample.total, "row")}`];
    return [`${name}: ${data.ok ? "ok" : "failed"}`, `Functions: ${functions}`, ...errors, ...rows].join("\n");
  });
  return data.ok ? exitCodes.ok : exitCodes.failed;
}

const placed = ({ line, column }: { line?: number; column?: number }): string =>
  line === undefined ? "" : `line ${line}${column === undefined ? "" : `:${column}`}: `;

interface Checked extends NamedEntry {
  place: string;
  ok: boolean;
  why?: string;
}

async function testFolder({ output, session }: Context, folder: string): Promise<number> {
  const local = await readFolder(folder);
  const cases = await readCases(folder);
  const team = await session();
  const push = await planPush(team.api, { folder, local, lock: undefined, isForced: true });
  const entries = push.entries.map(checked);
  const results = cases.length === 0 ? [] : await withTools(team, (tools) => runCases(tools, cases, local, push));
  const failed = entries.filter(({ ok }) => !ok).length + results.filter(({ ok }) => !ok).length;
  await output.result({ ok: failed === 0, entries, cases: results }, () =>
    [
      ...entries
        .filter(({ ok }) => !ok)
        .map(({ kind, name, place, why }) => `${output.paint("red", "failed")} ${place} ${kind} ${name}: ${why}`),
      ...results.map(({ ok, tool, name, place, why }) =>
        ok
          ? `${output.paint("green", "ok")} ${tool}: ${name}`
          : `${output.paint("red", "failed")} ${place} ${tool}: ${name}: ${why}`,
      ),
      `${plural(entries.length, "function or tool", "functions and tools")} checked, ${plural(results.length, "case")} run, ${failed} failed.`,
    ].join("\n"),
  );
  return failed === 0 ? exitCodes.ok : exitCodes.failed;
}

function checked({ kind, name, place, action, error, why }: PushPlan["entries"][number]): Checked {
  const isBad = action === "invalid" || action === "missing_dependency" || error !== undefined;
  return { kind, name, place, ok: !isBad, ...(isBad ? { why: error?.message ?? why ?? action } : {}) };
}

async function runCases(tools: Tools, cases: readonly TestCase[], local: readonly FileEntry[], push: PushPlan) {
  const results: { tool: string; name: string; place: string; ok: boolean; why?: string }[] = [];
  for (const one of cases) {
    const { tool, name, place } = one;
    const why = await outcomeOf(tools, one, local, push);
    results.push({ tool, name, place, ok: why === undefined, ...(why === undefined ? {} : { why }) });
  }
  return results;
}

async function outcomeOf(
  tools: Tools,
  one: TestCase,
  local: readonly FileEntry[],
  push: PushPlan,
): Promise<string | undefined> {
  const entry = local.find(({ kind, name }) => kind === "tool" && name === one.tool);
  const definition = entry === undefined ? { name: one.tool } : definitionOf(entry, local, push.entries);
  try {
    const { data } = await tools.call<DryRun>("test_tool", { ...definition, arguments: one.args });
    return judge(one, data);
  } catch (error) {
    if (!(error instanceof CliError) || !["not_found", "invalid_argument"].includes(error.code)) throw error;
    return one.expect.error === error.code ? undefined : error.message;
  }
}

/** The file's tool as a dry run takes it: what it leaves out is the default, and functions that the team has not got stand before its query. */
function definitionOf(
  { value, name }: FileEntry,
  local: readonly FileEntry[],
  planned: readonly PlannedEntry[],
): JsonRecord {
  const { pinned: _pinned, weight: _weight, ...content } = authored(value);
  const nullInput = content.null_input === true;
  const definitions = newFunctions(name, planned).map((one) => {
    const entry = local.find((other) => other.kind === "function" && other.name === one);
    return textOf(entry?.value, "definition") ?? "";
  });
  return {
    parameters: [],
    datasets: [],
    dataset_mode: "one",
    input: nullInput ? "records" : "whole",
    null_input: false,
    ...content,
    name,
    query: [...definitions, textOf(value, "query") ?? ""].join("\n"),
  };
}

/** The functions that the tool reaches and a push would change, what is called before what calls it. */
function newFunctions(tool: string, planned: readonly PlannedEntry[]): string[] {
  const reached = new Set<string>();
  const visit = (calls: readonly string[]): void => {
    for (const name of calls) {
      if (reached.has(name)) continue;
      reached.add(name);
      visit(planned.find((entry) => entry.kind === "function" && entry.name === name)?.calls ?? []);
    }
  };
  visit(planned.find(({ kind, name }) => kind === "tool" && name === tool)?.calls ?? []);
  const isNew = ({ kind, action, name }: PlannedEntry): boolean =>
    kind === "function" && action !== "same" && reached.has(name);
  return planned.filter(isNew).map(({ name }) => name);
}
