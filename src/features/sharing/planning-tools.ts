// One tool of an import: what becomes of it, and whether it compiles on the library there will be. Runs at the edge.
import { AppError } from "../../core/errors.ts";
import { parseWith } from "../../core/parse.ts";
import { revivedNote } from "../jq-functions/schema.ts";
import { type CheckedTool, checkTool, contentOf, requireToolCompiles } from "../jq-tools/jq-tools.ts";
import type { JqTool, SaveTool } from "../jq-tools/schema.ts";
import { fileSide, isSameTool, toolSide } from "./comparing.ts";
import { type Decision, decide } from "./deciding.ts";
import type { LibraryEntry } from "./library-text.ts";
import { differenceBetween, type Outcome, record, standsHere } from "./outcomes.ts";
import type { Planning, Step } from "./planning.ts";
import { freshName, rewriteTool } from "./renaming.ts";
import { type BundleTool, bundleToolSchema } from "./schema.ts";
import { toolHash } from "./sharing.ts";

/** A file says all there is to a tool: what it leaves out is the default, not what the team had. Pins and weights are the team's. */
export function readTool(entry: LibraryEntry): BundleTool {
  const given = parseWith(bundleToolSchema, entry.value, `tool ${entry.name}`);
  return {
    parameters: [],
    datasets: [],
    dataset_mode: "one",
    null_input: false,
    input: given.null_input === true ? "records" : "whole",
    ...given,
  };
}

/** Plans a tool, after all functions. Throws what is wrong with it. */
export async function planTool(planning: Planning, step: Step<BundleTool>): Promise<void> {
  const { context, standing, strategy } = planning;
  const input = rewriteTool(step.input, planning.renaming.renames);
  const { name } = input;
  const here = context.catalogue.tools.get(name);
  const checked = check(planning, input, here);
  const outcome: Outcome = {
    entry: step.entry,
    content: checked.content,
    calls: checked.requiredFunctions,
    versionThere: step.input.version,
    versionHere: here?.version,
  };
  if (here === undefined) {
    const isTaken = standing.taken.includes(name);
    if (isTaken && strategy !== "rename") throw nameTaken(name);
    return isTaken
      ? rename(planning, input, { why: "the name is taken" }, outcome)
      : save(planning, input, checked, { ...outcome, action: "create" }, null);
  }
  if (isSameTool(checked.content, here)) {
    say(planning, name, checked.warnings);
    return record(planning, { ...outcome, action: "same" });
  }
  const decision = decideTool(planning, step.input, input, checked, here);
  if (decision.action === "rename") return rename(planning, input, decision, outcome);
  const diff = differenceBetween(planning, contentOf(here), checked.content);
  const changed = { ...outcome, ...decision, diff };
  if (decision.action !== "update") return record(planning, changed);
  await save(planning, input, checked, changed, here.version);
}

function check(planning: Planning, input: BundleTool, here: JqTool | undefined): CheckedTool {
  const around = { functions: planning.library, datasets: planning.context.catalogue.datasets };
  return checkTool(around, savable(planning, input), here === undefined ? undefined : contentOf(here));
}

function decideTool(
  { strategy, hashes }: Planning,
  original: BundleTool,
  input: BundleTool,
  { content }: CheckedTool,
  here: JqTool,
): Decision {
  if (input.query !== original.query) {
    return { action: "rename", why: "it calls a function that gets another name", conflict: true };
  }
  const hash = toolHash(content);
  if (hash === toolHash(here)) {
    const why = "only pinned or weight differ";
    return strategy === "overwrite"
      ? { action: "update", why, conflict: false }
      : { action: "skip", why: `${why}, which stay the team's`, conflict: false };
  }
  return decide(strategy, fileSide(hash, original), toolSide(here, hashes.tools[here.name]));
}

async function save(
  planning: Planning,
  input: BundleTool,
  checked: CheckedTool,
  decided: Parameters<typeof record>[1],
  base: number | null,
): Promise<void> {
  await requireToolCompiles({ functions: planning.library }, checked.content, planning.compile);
  const revived = planning.standing.inactive.tools.includes(input.name);
  say(planning, decided.entry.name, revived ? [`${input.name} ${revivedNote}`, ...checked.warnings] : checked.warnings);
  record(planning, decided, { list: "tools", input: savable(planning, input), base });
}

async function rename(
  planning: Planning,
  input: BundleTool,
  { why }: Pick<Decision, "why">,
  outcome: Outcome,
): Promise<void> {
  const { context, renaming } = planning;
  const { tools } = context.catalogue;
  const under = (name: string) => check(planning, { ...input, name }, undefined);
  // A second import finds what the first one left.
  const isHere = (name: string): boolean => {
    const here = tools.get(name);
    return here !== undefined && toolHash(under(name).content) === toolHash(here);
  };
  const isFree = (name: string): boolean => (!tools.has(name) && !standsHere(planning, "tools", name)) || isHere(name);
  const as = freshName(renaming, input.name, isFree);
  renaming.takenNames.add(as);
  const checked = under(as);
  const named = { ...outcome, content: checked.content, calls: checked.requiredFunctions, why, conflict: true, as };
  if (tools.has(as)) return record(planning, { ...named, action: "same" });
  await save(planning, { ...input, name: as }, checked, { ...named, action: "rename" }, null);
}

function say(planning: Planning, name: string, messages: readonly string[]): void {
  for (const message of messages) planning.warnings.push({ kind: "tool", name, message });
}

/** The tool as a save takes it: without what only an export says. */
function savable({ reason }: Planning, input: BundleTool): SaveTool {
  const { version: _version, updated_at: _at, hash: _hash, earlier: _earlier, ...rest } = input;
  const why = input.reason ?? reason;
  return { ...rest, ...(why === undefined ? {} : { reason: why }) };
}

/** The one thing said of a tool that is not shown: its name cannot be had. */
function nameTaken(name: string): AppError {
  return new AppError("already_exists", `The name ${name} is taken.`, {
    hint: "Give it another name in the file, or import with strategy rename.",
    details: { name },
  });
}
