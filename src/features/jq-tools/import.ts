// Imports functions and tools from YAML: in any order, as often as wanted, one bad entry not stopping the others. Runs at the edge.
import type { CallContext } from "../../context.ts";
import { describeError, type ErrorDescription, isAppError } from "../../core/errors.ts";
import { parseWith } from "../../core/parse.ts";
import { parseDefinition } from "../../engines/jq/syntax/analyse.ts";
import { libraryLimits } from "../../limits.ts";
import { type Caller, callerOf } from "../access/access.ts";
import {
  type CompileCheck,
  checkFunction,
  checkListed,
  compileWithEngine,
  type FunctionLibrary,
  requireCompiles,
  requireNothingBroken,
  toolUses,
  withFunction,
} from "../jq-functions/jq-functions.ts";
import type { FunctionResult } from "../jq-functions/rpc.ts";
import { revivedNote, type YamlFunction, yamlFunctionSchema } from "../jq-functions/schema.ts";
import { checkTool } from "./jq-tools.ts";
import { type LibraryEntry, readLibraryYaml } from "./library-yaml.ts";
import type { ToolOrigin, ToolResult } from "./rpc.ts";
import { requireToolCompiles } from "./saving.ts";
import { type ImportReport, type SaveTool, yamlToolSchema } from "./schema.ts";

/**
 * Imports a library in the seed format. The report says of each entry what became of it; a second import of the same text
 * changes nothing. `path` is kept with new tools. Throws `invalid_argument` for text that is no such YAML.
 */
export async function importLibrary(
  context: CallContext,
  yamlText: string,
  path: string | undefined,
  compile: CompileCheck = compileWithEngine,
): Promise<ImportReport> {
  const entries = readLibraryYaml(yamlText);
  const job: Import = {
    context,
    compile,
    by: callerOf(context),
    origin: { source: "yaml", ...(path === undefined ? {} : { yamlPath: path }) },
    report: { created: [], unchanged: [], updated: [], failed: [], warnings: [] },
    library: context.catalogue.functions,
  };
  const unique = dropRepeated(job, entries);
  await importFunctions(
    job,
    unique.filter(({ kind }) => kind === "function"),
  );
  await importTools(
    job,
    unique.filter(({ kind }) => kind === "tool"),
  );
  return job.report;
}

interface Import {
  context: CallContext;
  compile: CompileCheck;
  by: Caller;
  origin: ToolOrigin;
  report: ImportReport;
  /** The functions there will be, as far as the import has come. */
  library: FunctionLibrary;
}

function dropRepeated({ report }: Import, entries: readonly LibraryEntry[]): LibraryEntry[] {
  const seen = new Set<string>();
  return entries.filter((entry) => {
    const key = `${entry.kind} ${entry.name}`;
    if (seen.has(key)) {
      const message = `The ${entry.kind} ${entry.name} is in this YAML twice.`;
      fail(report, entry, { code: "invalid_argument", message, hint: "Keep one of them." });
      return false;
    }
    seen.add(key);
    return true;
  });
}

async function importFunctions(job: Import, entries: readonly LibraryEntry[]): Promise<void> {
  const ready: Step<YamlFunction>[] = [];
  const steps = calleesFirst(job.report, await readEntries(job.report, entries, readFunction));
  const waiting = new Set(steps.map(({ input }) => input.name));
  for (const step of steps) {
    waiting.delete(step.input.name);
    await attempt(job.report, step.entry, async () => {
      await tryFunction(job, step, waiting);
      ready.push(step);
    });
  }
  for (const slice of slicesOf(ready)) {
    const inputs = slice.map(({ input: { depends_on: _, ...input } }) => input);
    const results = await job.context.stub.functions().saveAll(inputs, job.by, job.origin.source);
    settle(job.report, slice, results);
  }
}

/** Entries that are saved in one go: as one change that listeners hear of once, and short enough for other calls to come between. */
function slicesOf<Item>(items: readonly Item[]): Item[][] {
  const slices: Item[][] = [];
  for (let at = 0; at < items.length; at += libraryLimits.importSlice)
    slices.push(items.slice(at, at + libraryLimits.importSlice));
  return slices;
}

async function tryFunction(
  job: Import,
  { entry, input }: Step<YamlFunction>,
  waiting: ReadonlySet<string>,
): Promise<void> {
  const { name } = input;
  const checked = checkFunction(job.library, input, job.library.has(name));
  const after = withFunction(job.library, checked);
  const tools = toolUses(job.context.catalogue);
  for (const message of checkListed("depends_on", job.library, input.depends_on, checked.depends_on))
    job.report.warnings.push({ kind: entry.kind, name, message });
  if (job.library.get(name)?.definition !== input.definition) {
    requireNothingBroken({ before: job.library, after, name, doing: "Saving" }, tools);
    await requireCompiles(after, tools, name, job.compile, waiting);
  }
  job.library = after;
}

async function importTools(job: Import, entries: readonly LibraryEntry[]): Promise<void> {
  const ready: Step<SaveTool>[] = [];
  for (const step of await readEntries(job.report, entries, readTool)) {
    await attempt(job.report, step.entry, async () => {
      const around = { functions: job.library, datasets: job.context.catalogue.datasets };
      const { content, warnings } = checkTool(around, step.input);
      for (const message of warnings) job.report.warnings.push({ kind: "tool", name: step.input.name, message });
      await requireToolCompiles(around, content, job.compile);
      ready.push(step);
    });
  }
  for (const slice of slicesOf(ready)) {
    const inputs = slice.map(({ input }) => input);
    settle(job.report, slice, await job.context.stub.tools().saveAll(inputs, job.by, job.origin));
  }
}

interface Step<Input> {
  entry: LibraryEntry;
  input: Input;
}

async function readEntries<Input>(
  report: ImportReport,
  entries: readonly LibraryEntry[],
  read: (entry: LibraryEntry) => Input,
): Promise<Step<Input>[]> {
  const steps: Step<Input>[] = [];
  for (const entry of entries) await attempt(report, entry, () => void steps.push({ entry, input: read(entry) }));
  return steps;
}

function readFunction(entry: LibraryEntry): YamlFunction {
  return parseWith(yamlFunctionSchema, entry.value, `function ${entry.name}`);
}

/** A file says all there is to a tool: what it leaves out is the default, not what the team had. Pins and weights are the team's. */
function readTool(entry: LibraryEntry): SaveTool {
  const given = parseWith(yamlToolSchema, entry.value, `tool ${entry.name}`);
  return {
    parameters: [],
    datasets: [],
    dataset_mode: "one",
    null_input: false,
    input: given.null_input === true ? "records" : "whole",
    ...given,
  };
}

/** Functions in an order in which each finds those it calls. Those that call each other in a circle fail here, with the circle shown. */
function calleesFirst(report: ImportReport, steps: readonly Step<YamlFunction>[]): Step<YamlFunction>[] {
  const byName = new Map(steps.map((step) => [step.input.name, step]));
  const ordered = new Set<Step<YamlFunction>>();
  const failed = new Set<Step<YamlFunction>>();
  const path = new Set<Step<YamlFunction>>();
  const visit = (step: Step<YamlFunction>): void => {
    if (ordered.has(step) || failed.has(step)) return;
    if (path.has(step)) {
      for (const member of failCircle(report, [...path], step)) failed.add(member);
      return;
    }
    path.add(step);
    for (const name of namesCalled(step.input.definition)) {
      const callee = byName.get(name);
      if (callee !== undefined && callee !== step) visit(callee);
    }
    path.delete(step);
    if (!failed.has(step)) ordered.add(step);
  };
  for (const step of steps) visit(step);
  return [...ordered];
}

/** The steps of `path` from `start` on call each other in a circle. */
function failCircle(
  report: ImportReport,
  path: readonly Step<YamlFunction>[],
  start: Step<YamlFunction>,
): readonly Step<YamlFunction>[] {
  const circle = path.slice(path.indexOf(start));
  const names = [...circle, start].map(({ input }) => input.name);
  const shown = names.length > shownNames ? [...names.slice(0, shownNames), "…", start.input.name] : names;
  const message = `Functions would call each other in a circle: ${shown.join(" -> ")}.`;
  const hint = "Put the shared part in one function and nest helpers inside it.";
  for (const { entry } of circle) fail(report, entry, { code: "jq_cycle", message, hint });
  return circle;
}

const shownNames = 20;

function namesCalled(definition: string): string[] {
  try {
    const { analysis } = parseDefinition(definition);
    return [...analysis.calls, ...analysis.calledBuiltins].map(({ name }) => name);
  } catch (error) {
    // Said again, with its place, when the function is checked.
    if (isAppError(error)) return [];
    throw error;
  }
}

async function attempt(report: ImportReport, entry: LibraryEntry, work: () => void | Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!isAppError(error)) throw error;
    fail(report, entry, describeError(error));
  }
}

function settle(
  report: ImportReport,
  steps: readonly Step<{ name: string }>[],
  results: readonly (FunctionResult | ToolResult)[],
): void {
  for (const [at, result] of results.entries()) {
    const entry = steps[at]?.entry;
    if (entry === undefined) continue;
    const { kind, name } = entry;
    if ("error" in result) fail(report, entry, result.error);
    else {
      report[result.saved.outcome].push({ kind, name });
      if (result.saved.revived) report.warnings.push({ kind, name, message: `${name} ${revivedNote}` });
    }
  }
}

function fail(report: ImportReport, entry: LibraryEntry, error: ErrorDescription): void {
  const { code, message, hint, details } = error;
  const line = details?.line;
  const column = details?.column;
  const inCode = typeof line === "number" && typeof column === "number" ? entry.locate({ line, column }) : undefined;
  report.failed.push({
    kind: entry.kind,
    name: entry.name,
    ...(inCode?.place ?? { line: entry.place.line }),
    code,
    message: inCode === undefined ? message : message.replace(placeInCode, inCode.exact ? "" : "$1 of its jq: "),
    ...(hint === undefined ? {} : { hint }),
  });
}

/** The place in the YAML stands beside the message; one within the jq would be taken for it unless it says so. */
const placeInCode = /^(line \d+, column \d+): /;
