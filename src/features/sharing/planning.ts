// Plans an import: what each entry of a file becomes, checked as a save would check it. Writes nothing. Runs at the edge.

import type { CallContext } from "../../context.ts";
import { canonicalJson } from "../../core/canonical-json.ts";
import { AppError, describeError, type ErrorDescription, isAppError } from "../../core/errors.ts";
import { identifierSchema } from "../../core/names.ts";
import { sharingLimits } from "../../workflow-limits.ts";
import { callerOf } from "../access/access.ts";
import { type CompileCheck, compileWithEngine, type FunctionLibrary } from "../jq-functions/jq-functions.ts";
import type { SaveFunction } from "../jq-functions/schema.ts";
import type { SaveTool } from "../jq-tools/schema.ts";
import { calleesFirst, chooseEntries } from "./callees.ts";
import { looksSame } from "./comparing.ts";
import { type LibraryEntry, readLibraryText } from "./library-text.ts";
import { originOf, requireUntampered } from "./origin.ts";
import { placeError } from "./placing.ts";
import { planFunction } from "./planning-functions.ts";
import { planTool, readTool } from "./planning-tools.ts";
import { type Renaming, readFunction } from "./renaming.ts";
import type { EntryHashes, Guarded, Standing } from "./rpc.ts";
import type { ImportPlan, ImportStrategy, PlacedError, PlanImport, PlannedEntry } from "./schema.ts";
import { digestOf } from "./sharing.ts";

/** An entry that was read; its marks are what only an export says. */
export interface Step<Input> {
  entry: LibraryEntry;
  input: Input;
}

/** An entry to save. */
export interface PlannedWrite<Input> {
  entry: LibraryEntry;
  planned: PlannedEntry;
  guarded: Guarded<Input>;
  /** Its jq says new names, so places in it are not those of the file. */
  rewritten: boolean;
}

/** A plan in the making. */
export interface Planning {
  context: CallContext;
  compile: CompileCheck;
  strategy: ImportStrategy;
  standing: Standing;
  hashes: EntryHashes;
  /** The functions there will be, as far as the plan has come. */
  library: FunctionLibrary;
  renaming: Renaming;
  entries: PlannedEntry[];
  failed: PlacedError[];
  warnings: ImportPlan["warnings"];
  /** What each planned entry's content comes to; part of what the plan's token is of. */
  contents: Map<PlannedEntry, string>;
  functions: PlannedWrite<SaveFunction>[];
  tools: PlannedWrite<SaveTool>[];
  /** Characters left for differences. */
  diffRoom: number;
  reason: string | undefined;
}

/** What an import would do, and what it then saves. */
export interface PlannedImport {
  plan: ImportPlan;
  failed: PlacedError[];
  functions: PlannedWrite<SaveFunction>[];
  tools: PlannedWrite<SaveTool>[];
}

/** Until the caller's rights are known nothing else is worth doing: an import that may not be is refused here, a plan says so. */
export interface PlanOptions {
  compile?: CompileCheck;
  mustBeAllowed?: boolean;
}

/**
 * Plans an import. Throws `invalid_argument` for text that is no library and for a signature that does not fit, `too_large`, `not_found` for names
 * the text does not hold; with `mustBeAllowed` what stands against the caller's saving without a vote. What is wrong with an entry is in the plan.
 */
export async function planImport(
  context: CallContext,
  { content, strategy = "skip", names }: PlanImport,
  { compile = compileWithEngine, mustBeAllowed = false }: PlanOptions = {},
): Promise<PlannedImport> {
  const text = readLibraryText(content);
  await requireUntampered(text);
  const entries = chooseEntries(text.entries, names);
  const fingerprint = text.head.signature?.fingerprint;
  const asked = namesOf(entries, strategy);
  const standing = await context.stub.sharing().standing(asked, fingerprint, callerOf(context));
  if (mustBeAllowed && standing.refusal !== undefined) throw asError(standing.refusal);
  const planning: Planning = {
    context,
    compile,
    strategy,
    standing,
    hashes: await hashesHere(context, entries),
    library: context.catalogue.functions,
    renaming: { renames: new Map(), takenNames: new Set(entries.map(({ name }) => name)), text: content },
    entries: [],
    failed: [],
    warnings: [],
    contents: new Map(),
    functions: [],
    tools: [],
    diffRoom: sharingLimits.diffChars,
    reason: text.head.made_by === undefined ? undefined : `imported from ${text.head.made_by.team}`,
  };
  const unique = dropRepeated(planning, entries);
  await planFunctions(planning, unique);
  await planTools(planning, unique);
  return finish(planning, originOf(text.head, standing));
}

function asError({ code, message, hint, details }: ErrorDescription): AppError {
  return new AppError(code, message, {
    ...(hint === undefined ? {} : { hint }),
    ...(details === undefined ? {} : { details }),
  });
}

/** Names that can be names, once each; with `rename` also those that entries may get. */
function namesOf(entries: readonly LibraryEntry[], strategy: ImportStrategy) {
  const of = (kind: LibraryEntry["kind"]): string[] => {
    const own = entries.filter((entry) => entry.kind === kind).map(({ name }) => name);
    const all = strategy === "rename" ? own.flatMap((name) => [name, `${name}_imported`]) : own;
    return [...new Set(all.filter((name) => identifierSchema.safeParse(name).success))];
  };
  return { functions: of("function"), tools: of("tool") };
}

/** The history of what the team has in another form than the file. */
async function hashesHere(context: CallContext, entries: readonly LibraryEntry[]): Promise<EntryHashes> {
  const { functions, tools } = context.catalogue;
  const differs = (entry: LibraryEntry): boolean => {
    const here = (entry.kind === "function" ? functions : tools).get(entry.name);
    return here !== undefined && !looksSame(entry.value, here);
  };
  const found: EntryHashes = { functions: {}, tools: {} };
  const wanted = entries.filter(differs);
  for (let at = 0; at < wanted.length; at += sharingLimits.historySlice) {
    const slice = wanted.slice(at, at + sharingLimits.historySlice);
    const of = (kind: LibraryEntry["kind"]) => slice.filter((entry) => entry.kind === kind).map(({ name }) => name);
    const names = { functions: of("function"), tools: of("tool") };
    const hashes = await context.stub.sharing().hashes(names, context.actor);
    Object.assign(found.functions, hashes.functions);
    Object.assign(found.tools, hashes.tools);
  }
  return found;
}

function dropRepeated(planning: Planning, entries: readonly LibraryEntry[]): LibraryEntry[] {
  const seen = new Set<string>();
  return entries.filter((entry) => {
    const key = `${entry.kind} ${entry.name}`;
    if (seen.has(key)) {
      const message = `The ${entry.kind} ${entry.name} is in this YAML twice.`;
      failEntry(planning, entry, { code: "invalid_argument", message, hint: "Keep one of them." });
      return false;
    }
    seen.add(key);
    return true;
  });
}

async function planFunctions(planning: Planning, entries: readonly LibraryEntry[]): Promise<void> {
  const read = await readEntries(planning, entries, "function", readFunction);
  const steps = calleesFirst(read, ({ entry }, error) => failEntry(planning, entry, error));
  const waiting = new Set(steps.map(({ input }) => input.name));
  for (const step of steps) {
    waiting.delete(step.input.name);
    await attempt(planning, step.entry, () => planFunction(planning, step, waiting));
  }
}

async function planTools(planning: Planning, entries: readonly LibraryEntry[]): Promise<void> {
  for (const step of await readEntries(planning, entries, "tool", readTool))
    await attempt(planning, step.entry, () => planTool(planning, step));
}

async function readEntries<Input>(
  planning: Planning,
  entries: readonly LibraryEntry[],
  kind: LibraryEntry["kind"],
  read: (entry: LibraryEntry) => Input,
): Promise<Step<Input>[]> {
  const steps: Step<Input>[] = [];
  for (const entry of entries) {
    if (entry.kind !== kind) continue;
    await attempt(planning, entry, () => void steps.push({ entry, input: read(entry) }));
  }
  return steps;
}

async function attempt(planning: Planning, entry: LibraryEntry, work: () => void | Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    // The nesting of a value is the sender's, and what walks it does so by recursion.
    if (error instanceof RangeError) failEntry(planning, entry, nestedTooDeep);
    else if (isAppError(error)) failEntry(planning, entry, describeError(error));
    else throw error;
  }
}

const nestedTooDeep: ErrorDescription = {
  code: "invalid_argument",
  message: "A value in it is nested too deep to be read.",
  hint: "Write flatter defaults.",
};

function failEntry(planning: Planning, entry: LibraryEntry, error: ErrorDescription): void {
  const rewritten = planning.renaming.renames.size > 0;
  const placed = placeError(entry, error, rewritten);
  const { kind, name, line, ...said } = placed;
  planning.failed.push(placed);
  planning.entries.push({
    kind,
    name,
    line,
    calls: [],
    error: said,
    action: isMissing(error) ? "missing_dependency" : "invalid",
  });
}

/** A call of, or a claim to need, a function that neither the team nor the file has. */
function isMissing({ code, details }: ErrorDescription): boolean {
  return code === "jq_unknown_name" && (details?.arity !== undefined || Array.isArray(details?.names));
}

function finish(planning: Planning, origin: ImportPlan["origin"]): PlannedImport {
  const { strategy, standing, entries, failed, warnings, functions, tools } = planning;
  const counts: ImportPlan["counts"] = {};
  for (const { action } of entries) counts[action] = (counts[action] ?? 0) + 1;
  const { refusal } = standing;
  const plan: ImportPlan = {
    plan: tokenOf(planning),
    strategy,
    origin,
    may_import: refusal === undefined,
    ...(refusal === undefined ? {} : { refusal: { message: refusal.message, ...hintOf(refusal) } }),
    counts,
    entries,
    warnings,
  };
  return { plan, failed, functions, tools };
}

const hintOf = ({ hint }: ErrorDescription): { hint?: string } => (hint === undefined ? {} : { hint });

/** What the plan is of: the team as it is, and all that would be done. */
function tokenOf({ context, strategy, entries, contents }: Planning): string {
  const { incarnation, revision } = context.catalogue;
  const steps = entries.map((planned) => {
    const { kind, name, as, action } = planned;
    return [kind, name, as ?? null, action, contents.get(planned) ?? null];
  });
  return digestOf(canonicalJson([incarnation, revision, strategy, steps]));
}
