// The full check of a proposal: it compiles with the real engine, breaks nothing, its tests hold, and what it gives. Runs at the edge.
import type { CallContext, Catalogue } from "../../context.ts";
import { AppError, describeError, type ErrorCode, errorCodes, isAppError } from "../../core/errors.ts";
import { proposalLimits } from "../../workflow-limits.ts";
import {
  type CompileCheck,
  checkFunction,
  compileWithEngine,
  type FunctionLibrary,
  findDependants,
  type LibraryUse,
  requireCompiles,
  requireNothingBroken,
  toolUses,
  withFunction,
} from "../jq-functions/jq-functions.ts";
import { checkTool, requireToolCompiles } from "../jq-tools/jq-tools.ts";
import type { ToolContent } from "../jq-tools/schema.ts";
import { isToolContent } from "./content.ts";
import type { Draft } from "./proposing.ts";
import type { FunctionContent, ProposalTest, Validation } from "./schema.ts";
import { type Bench, passing, requireRunnable, runSample, runTest, testName } from "./testing.ts";

/** What a check is of. */
export type Checked = Pick<Draft, "kind" | "name" | "action" | "result">;

/** What the library would be, and what is wrong with getting there. */
interface Outlook {
  library: FunctionLibrary;
  warnings: string[];
  dependants: Validation["dependants"];
}

/**
 * Checks a proposal against the team as it is now: `context` says who asks, so which datasets its tests may read and who is charged for
 * them; that nothing breaks is checked for all tools, also those not shown to them. What is wrong with the proposal is in the result.
 * Throws what has nothing to do with the proposal: `busy`, `rate_limited`.
 */
export async function validateProposal(
  context: CallContext,
  draft: Checked,
  tests: readonly ProposalTest[],
  compile: CompileCheck = compileWithEngine,
): Promise<Validation> {
  const everything = (await context.asSystem())?.catalogue;
  if (everything === undefined) throw new AppError("not_found", "There is no such team.");
  const uses = usesSeenBy(context, everything);
  const catalogue = { ...everything, datasets: context.catalogue.datasets };
  const validation: Validation = {
    ok: false,
    checked_at: new Date(context.now()).toISOString(),
    revision: everything.revision,
    errors: [],
    warnings: [],
    tests: [],
    dependants: { functions: [], tools: [] },
  };
  try {
    requireRunnable(draft.kind, draft.result, tests);
    const { library, warnings, dependants } = await lookAhead(catalogue, uses, draft, compile);
    Object.assign(validation, { warnings, dependants });
    await tryOut({ ...context, catalogue }, draft, library, tests, validation);
  } catch (error) {
    if (!isAppError(error) || passing.has(error.code)) throw error;
    const { code, message, hint } = describeError(error);
    validation.errors.push({ code, message, ...(hint === undefined ? {} : { hint }) });
  }
  validation.ok = validation.errors.length === 0 && validation.tests.every(({ ok }) => ok);
  return validation;
}

/** Throws unless the check found the proposal good: the code of what is wrong with it, or `invalid_argument` for tests that fail. */
export function requireGood(draft: Checked, validation: Validation): void {
  if (validation.ok) return;
  const { errors, tests } = validation;
  const failed = tests.filter(({ ok }) => !ok);
  const parts = [
    ...errors.map(({ message }) => message),
    ...(failed.length === 0
      ? []
      : [`${failed.length} of ${tests.length} tests fail: ${failed.map(({ name }) => name).join(", ")}.`]),
  ];
  const [first] = errors;
  const code: ErrorCode = errorCodes.find((known) => known === first?.code) ?? "invalid_argument";
  throw new AppError(code, `Nothing was proposed of ${draft.name}: ${parts.join(" ")}`, {
    hint:
      first === undefined
        ? "Correct the tests or what they test, and propose it again."
        : (first.hint ?? "Correct it and propose it again."),
    // What the tests gave may come from datasets, so it is not part of our message.
    details: { validation, message: failed.map(({ name, message }) => `${name}: ${message}`).join("\n") },
  });
}

/** Every tool as a user of functions; those that the caller does not see are not named in errors. */
function usesSeenBy(context: CallContext, everything: Catalogue): LibraryUse[] {
  const isSystem = context.actor.credential.kind === "system";
  return toolUses(everything).map((use) => {
    const visibility = everything.tools.get(use.name)?.visibility ?? "everyone";
    const hidden = isSystem
      ? visibility !== "everyone"
      : !context.catalogue.tools.has(use.name) && visibility !== "everyone";
    return { ...use, hidden };
  });
}

async function lookAhead(
  catalogue: Catalogue,
  uses: readonly LibraryUse[],
  draft: Checked,
  compile: CompileCheck,
): Promise<Outlook> {
  const before: FunctionLibrary = catalogue.functions;
  const none = { functions: [], tools: [] };
  if (draft.result === null) {
    if (draft.kind === "tool") return { library: before, warnings: [], dependants: none };
    const after = new Map(before);
    after.delete(draft.name);
    requireNothingBroken({ before, after, name: draft.name, doing: "Deactivating" }, uses);
    return { library: after, warnings: [], dependants: none };
  }
  if (isToolContent(draft.result)) {
    const warnings = await checkProposedTool(catalogue, draft.name, draft.result, compile);
    return { library: before, warnings, dependants: none };
  }
  const library = await checkProposedFunction(before, uses, { ...draft, result: draft.result }, compile);
  return { library, warnings: [], dependants: findDependants(library, uses, draft.name) };
}

async function checkProposedTool(
  catalogue: Catalogue,
  name: string,
  content: ToolContent,
  compile: CompileCheck,
): Promise<string[]> {
  const { warnings } = checkTool(catalogue, { name, ...content });
  await requireToolCompiles(catalogue, content, compile);
  return warnings;
}

async function checkProposedFunction(
  before: FunctionLibrary,
  uses: readonly LibraryUse[],
  { name, action, result }: Checked & { result: FunctionContent },
  compile: CompileCheck,
): Promise<FunctionLibrary> {
  const checked = checkFunction(before, { name, ...result }, result.allow_builtin_name);
  const after = withFunction(before, checked);
  requireNothingBroken({ before, after, name, doing: action === "restore" ? "Restoring" : "Saving" }, uses);
  await requireCompiles(after, uses, name, compile);
  return after;
}

/** Runs the tests, and where they hold a sample. */
async function tryOut(
  context: CallContext,
  { kind, name, result }: Checked,
  library: FunctionLibrary,
  tests: readonly ProposalTest[],
  validation: Validation,
): Promise<void> {
  if (result === null) return;
  const bench: Bench = { context, kind, name, content: result, library, stepsLeft: proposalLimits.checkSteps };
  for (const [at, test] of tests.entries()) {
    validation.tests.push(await runTest(bench, test, testName(test, at)));
    context.progress?.(at + 1, tests.length, `tests of ${name}`);
  }
  if (isToolContent(result) && validation.tests.every(({ ok }) => ok))
    await takeSample(bench, result, tests[0]?.arguments ?? {}, validation);
  const steps = proposalLimits.checkSteps - bench.stepsLeft;
  if (steps <= 0) return;
  validation.steps = steps;
  context.execution.steps = steps;
}

/** A tool whose arguments or datasets are not all there has no sample; one that fails without them may still be right. */
async function takeSample(
  bench: Bench,
  content: ToolContent,
  args: Readonly<Record<string, unknown>>,
  validation: Validation,
): Promise<void> {
  const { name, context } = bench;
  const lacks = content.parameters.some(
    (parameter) => (parameter.required ?? parameter.default === undefined) && args[parameter.name] === undefined,
  );
  if (lacks || !content.datasets.every((dataset) => context.catalogue.datasets.has(dataset))) return;
  try {
    validation.sample = await runSample(bench, content, args);
  } catch (error) {
    if (!isAppError(error) || passing.has(error.code)) throw error;
    validation.warnings.push(`a run of ${name} for the sample fails: ${error.message}`);
  }
}
