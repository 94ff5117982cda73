// Imports functions and tools from YAML: in any order, as often as wanted, one bad entry not stopping the others. Runs at the edge.
import type { CallContext } from "../../context.ts";
import { AppError, describeError, type ErrorDescription, isAppError } from "../../core/errors.ts";
import { parseWith } from "../../core/parse.ts";
import { parseDefinition } from "../../engines/jq/syntax/analyse.ts";
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
import { type YamlFunction, yamlFunctionSchema } from "../jq-functions/schema.ts";
import { checkTool } from "./jq-tools.ts";
import { type LibraryEntry, readLibraryYaml } from "./library-yaml.ts";
import type { ToolAuthorship, ToolResult } from "./rpc.ts";
import { requireToolCompiles } from "./saving.ts";
import { type ImportReport, type SaveTool, saveToolSchema } from "./schema.ts";

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
    by: { author: context.actor.username, source: "yaml", ...(path === undefined ? {} : { yamlPath: path }) },
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
  by: ToolAuthorship;
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
  const ready: { entry: LibraryEntry; input: YamlFunction }[] = [];
  for (const step of calleesFirst(job.report, await readEntries(job.report, entries, readFunction))) {
    await attempt(job.report, step.entry, async () => {
      await tryFunction(job, step.entry, step.input);
      ready.push(step);
    });
  }
  if (ready.length === 0) return;
  const inputs = ready.map(({ input: { depends_on: _, ...input } }) => input);
  const results = await job.context.stub.functions().saveAll(inputs, { author: job.by.author, source: "yaml" });
  settle(job.report, ready, results);
}

async function tryFunction(job: Import, entry: LibraryEntry, input: YamlFunction): Promise<void> {
  const { name } = input;
  const checked = checkFunction(job.library, input, job.library.has(name));
  const after = withFunction(job.library, checked);
  const tools = toolUses(job.context.catalogue);
  for (const message of checkListed("depends_on", job.library, input.depends_on, checked.depends_on))
    job.report.warnings.push({ kind: entry.kind, name, message });
  if (job.library.get(name)?.definition !== input.definition) {
    requireNothingBroken({ before: job.library, after, name, doing: "Saving" }, tools);
    await requireCompiles(after, tools, name, job.compile);
  }
  job.library = after;
}

async function importTools(job: Import, entries: readonly LibraryEntry[]): Promise<void> {
  const ready: { entry: LibraryEntry; input: SaveTool }[] = [];
  for (const step of await readEntries(job.report, entries, readTool)) {
    await attempt(job.report, step.entry, async () => {
      const around = { functions: job.library, datasets: job.context.catalogue.datasets };
      const { content, warnings } = checkTool(around, step.input);
      for (const message of warnings) job.report.warnings.push({ kind: "tool", name: step.input.name, message });
      await requireToolCompiles(around, content, job.compile);
      ready.push(step);
    });
  }
  if (ready.length === 0) return;
  const results = await job.context.stub.tools().saveAll(
    ready.map(({ input }) => input),
    job.by,
  );
  settle(job.report, ready, results);
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
  return parseWith(yamlFunctionSchema, plain(entry), `function ${entry.name}`);
}

/** A file says all there is to a tool: what it leaves out is the default, not what the team had. Pins and weights are the team's. */
function readTool(entry: LibraryEntry): SaveTool {
  const given = parseWith(saveToolSchema.strict(), plain(entry), `tool ${entry.name}`);
  return {
    parameters: [],
    datasets: [],
    dataset_mode: "one",
    null_input: false,
    input: given.null_input === true ? "records" : "whole",
    ...given,
  };
}

function plain(entry: LibraryEntry): unknown {
  if (entry.value !== undefined) return entry.value;
  throw new AppError(
    "too_large",
    `The ${entry.kind} ${entry.name} uses more aliases than the limit (limit yamlAliases).`,
    {
      hint: "Write the values out.",
    },
  );
}

/** Functions in an order in which each finds those it calls. Those that call each other in a circle fail here, with the circle shown. */
function calleesFirst(report: ImportReport, steps: readonly Step<YamlFunction>[]): Step<YamlFunction>[] {
  const byName = new Map(steps.map((step) => [step.input.name, step]));
  const ordered = new Set<Step<YamlFunction>>();
  const failed = new Set<Step<YamlFunction>>();
  const visit = (step: Step<YamlFunction>, path: readonly Step<YamlFunction>[]): void => {
    if (ordered.has(step) || failed.has(step)) return;
    const from = path.indexOf(step);
    if (from >= 0) {
      const circle = path.slice(from);
      const names = [...circle, step].map(({ input }) => input.name);
      const message = `Functions would call each other in a circle: ${names.join(" -> ")}.`;
      const hint = "Put the shared part in one function and nest helpers inside it.";
      for (const member of circle) {
        failed.add(member);
        fail(report, member.entry, { code: "jq_cycle", message, hint });
      }
      return;
    }
    for (const name of namesCalled(step.input.definition)) {
      const callee = byName.get(name);
      if (callee !== undefined && callee !== step) visit(callee, [...path, step]);
    }
    if (!failed.has(step)) ordered.add(step);
  };
  for (const step of steps) visit(step, []);
  return [...ordered];
}

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
    if ("saved" in result) report[result.saved.outcome].push({ kind: entry.kind, name: result.name });
    else fail(report, entry, result.error);
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
    ...(inCode ?? { line: entry.place.line }),
    code,
    // The place in the YAML stands beside it; a second one inside the message would only confuse.
    message: inCode === undefined ? message : message.replace(/^line \d+, column \d+: /, ""),
    ...(hint === undefined ? {} : { hint }),
  });
}
