// One function of an import: what becomes of it, and whether the library stands it. Runs at the edge.
import {
  type CheckedFunction,
  checkFunction,
  checkListed,
  requireCompiles,
  requireNothingBroken,
  toolUses,
  withFunction,
} from "../jq-functions/jq-functions.ts";
import { type JqFunction, revivedNote } from "../jq-functions/schema.ts";
import { fileSide, functionSide, isSameFunction, nextFunction } from "./comparing.ts";
import { type Decision, decide } from "./deciding.ts";
import { differenceBetween, type Outcome, record, standsHere } from "./outcomes.ts";
import type { Planning, Step } from "./planning.ts";
import { freshName, renameFunction, rewriteFunction } from "./renaming.ts";
import type { BundleFunction } from "./schema.ts";
import { type FunctionContent, functionHash } from "./sharing.ts";

/** Plans a function, after all it calls. Throws what is wrong with it. */
export async function planFunction(
  planning: Planning,
  step: Step<BundleFunction>,
  waiting: ReadonlySet<string>,
): Promise<void> {
  const { context, renaming } = planning;
  const input = rewriteFunction(step.input, renaming.renames);
  const { name } = input;
  const here = context.catalogue.functions.get(name);
  const checked = checkFunction(planning.library, input, planning.library.has(name));
  for (const message of checkListed("depends_on", planning.library, input.depends_on, checked.depends_on))
    planning.warnings.push({ kind: "function", name, message });
  const next = nextFunction(input, checked, here);
  const outcome = { entry: step.entry, content: next, calls: checked.depends_on, ...versions(step.input, here) };
  if (here === undefined) return create(planning, input, checked, outcome, waiting);
  if (isSameFunction(next, here)) return record(planning, { ...outcome, action: "same" });
  const decision = decideFunction(planning, step.input, input, next, here);
  if (decision.action === "rename") return rename(planning, input, decision, outcome, waiting);
  const changed = { ...outcome, ...decision, diff: differenceBetween(planning, contentOf(here), contentOf(next)) };
  if (decision.action !== "update") return record(planning, changed);
  await requireStands(planning, checked, waiting);
  record(planning, changed, { list: "functions", input: savable(planning, input), base: here.version });
}

function decideFunction(
  planning: Planning,
  original: BundleFunction,
  input: BundleFunction,
  next: FunctionContent,
  here: JqFunction,
): Decision {
  const { strategy, hashes } = planning;
  if (input.definition !== original.definition) {
    return { action: "rename", why: "it calls a function that gets another name", conflict: true };
  }
  const file = fileSide(functionHash(next), original);
  return decide(strategy, file, functionSide(here, hashes.functions[here.name]));
}

async function create(
  planning: Planning,
  input: BundleFunction,
  checked: CheckedFunction,
  outcome: Outcome,
  waiting: ReadonlySet<string>,
): Promise<void> {
  await requireStands(planning, checked, waiting);
  const revived = planning.standing.inactive.functions.includes(input.name);
  if (revived) planning.warnings.push({ kind: "function", name: input.name, message: `${input.name} ${revivedNote}` });
  record(
    planning,
    { ...outcome, action: "create" },
    { list: "functions", input: savable(planning, input), base: null },
  );
}

async function rename(
  planning: Planning,
  input: BundleFunction,
  decision: Decision,
  outcome: Outcome,
  waiting: ReadonlySet<string>,
): Promise<void> {
  const { context, renaming, library } = planning;
  const { functions } = context.catalogue;
  const under = (name: string) => {
    const moved = renameFunction(input, name);
    const checked = checkFunction(library, moved);
    return { moved, checked, content: nextFunction(moved, checked) };
  };
  // A second import finds what the first one left.
  const isHere = (name: string): boolean => {
    const here = functions.get(name);
    return here !== undefined && isSameFunction(under(name).content, here);
  };
  const isFree = (name: string) => (!functions.has(name) && !standsHere(planning, "functions", name)) || isHere(name);
  const as = freshName(renaming, input.name, isFree);
  const { moved, checked, content } = under(as);
  renaming.renames.set(input.name, { arity: checked.arity, to: as });
  renaming.takenNames.add(as);
  const named = { ...outcome, content, calls: checked.depends_on, why: decision.why, conflict: true, as };
  if (functions.has(as)) return record(planning, { ...named, action: "same" });
  await requireStands(planning, checked, waiting);
  record(planning, { ...named, action: "rename" }, { list: "functions", input: savable(planning, moved), base: null });
}

/** Carries the library forward, once the real engine and all that uses the function agree to it. */
async function requireStands(
  planning: Planning,
  checked: CheckedFunction,
  waiting: ReadonlySet<string>,
): Promise<void> {
  const { context, library: before, compile } = planning;
  const { name } = checked;
  const after = withFunction(before, checked);
  if (before.get(name)?.definition !== checked.definition) {
    const tools = toolUses(context.catalogue);
    requireNothingBroken({ before, after, name, doing: "Saving" }, tools);
    await requireCompiles(after, tools, name, compile, waiting);
  }
  planning.library = after;
}

/** The function as a save takes it. */
function savable({ reason }: Planning, input: BundleFunction) {
  const { name, definition, description, parameters, allow_builtin_name } = input;
  const why = input.reason ?? reason;
  return {
    ...{ name, definition },
    ...(description === undefined ? {} : { description }),
    ...(parameters === undefined ? {} : { parameters }),
    ...(allow_builtin_name === undefined ? {} : { allow_builtin_name }),
    ...(why === undefined ? {} : { reason: why }),
  };
}

function versions(file: BundleFunction, here: JqFunction | undefined) {
  return { versionThere: file.version, versionHere: here?.version };
}

function contentOf({ description, definition, parameters }: FunctionContent): FunctionContent {
  return { description, definition, parameters };
}
