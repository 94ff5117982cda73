// Imports a library: exactly what its plan says, in slices, one bad entry not stopping the others. Runs at the edge.
import type { CallContext } from "../../context.ts";
import { AppError } from "../../core/errors.ts";
import { libraryLimits } from "../../limits.ts";
import { callerOf } from "../access/access.ts";
import type { CompileCheck } from "../jq-functions/jq-functions.ts";
import type { FunctionResult } from "../jq-functions/rpc.ts";
import type { ToolOrigin, ToolResult } from "../jq-tools/rpc.ts";
import { placeError } from "./placing.ts";
import { type PlannedImport, type PlannedWrite, planImport } from "./planning.ts";
import type { ImportReport, PlanImport } from "./schema.ts";

export interface ImportOptions {
  /** The plan that was agreed to; anything else is refused. */
  expectedPlan?: string | undefined;
  /** Kept with new tools. */
  path?: string | undefined;
  compile?: CompileCheck;
}

/**
 * Imports a library and says of each entry what became of it; the same import again changes nothing. Throws what `planImport` throws, `forbidden`
 * where the team votes on what the caller would save, and `conflict` when team or text are no longer as in the plan that was expected. An entry that
 * changes while the import is under way is left and reported.
 */
export async function importLibrary(
  context: CallContext,
  input: PlanImport,
  { expectedPlan, path, compile }: ImportOptions = {},
): Promise<ImportReport> {
  const planned = await planImport(context, input, {
    mustBeAllowed: true,
    ...(compile === undefined ? {} : { compile }),
  });
  if (expectedPlan !== undefined && expectedPlan !== planned.plan.plan) throw movedOn();
  const report = reportOf(planned);
  const origin: ToolOrigin = { source: "yaml", ...(path === undefined ? {} : { yamlPath: path }) };
  const by = callerOf(context);
  for (const slice of slicesOf(planned.functions)) {
    const guarded = slice.map((write) => write.guarded);
    settle(report, slice, await context.stub.sharing().saveFunctions(guarded, by));
  }
  for (const slice of slicesOf(planned.tools)) {
    const guarded = slice.map((write) => write.guarded);
    settle(report, slice, await context.stub.sharing().saveTools(guarded, by, origin));
  }
  await note(context, planned, report);
  return report;
}

function movedOn(): AppError {
  return new AppError("conflict", "The team or the file is no longer as it was when this was planned.", {
    hint: "Plan again: plan_import, or POST …/library/plan.",
  });
}

/** What is settled before anything is saved. */
function reportOf({ plan, failed }: PlannedImport): ImportReport {
  const left = plan.entries.filter(({ action }) => action === "conflict" || action === "skip");
  return {
    created: [],
    unchanged: plan.entries.filter(({ action }) => action === "same").map(({ kind, name }) => ({ kind, name })),
    updated: [],
    renamed: [],
    skipped: left.map(({ kind, name, why }) => ({ kind, name, why: why ?? "" })),
    failed: [...failed],
    warnings: plan.warnings,
    origin: plan.origin,
  };
}

/** Entries that are saved in one go: as one change that listeners hear of once, and short enough for other calls to come between. */
function slicesOf<Item>(items: readonly Item[]): Item[][] {
  const slices: Item[][] = [];
  for (let at = 0; at < items.length; at += libraryLimits.importSlice)
    slices.push(items.slice(at, at + libraryLimits.importSlice));
  return slices;
}

function settle(
  report: ImportReport,
  writes: readonly PlannedWrite<unknown>[],
  results: readonly (FunctionResult | ToolResult)[],
): void {
  for (const [at, { entry, planned, rewritten }] of writes.entries()) {
    const result = results[at];
    if (result === undefined) continue;
    const { kind, name, as } = planned;
    if ("error" in result) report.failed.push(placeError(entry, result.error, rewritten));
    else if (as !== undefined) report.renamed.push({ kind, name, as });
    else report[result.saved.outcome].push({ kind, name });
  }
}

/** One entry of the audit log says whose the import was; what it wrote has entries of its own. */
async function note(context: CallContext, { plan }: PlannedImport, report: ImportReport): Promise<void> {
  const { created, updated, renamed, skipped, failed } = report;
  if (created.length + updated.length + renamed.length === 0) return;
  const { state, signer, fingerprint, made_by } = plan.origin;
  const counts = Object.fromEntries(
    Object.entries({ created, updated, renamed, skipped, failed }).map(([key, list]) => [key, list.length]),
  );
  const summary = { strategy: plan.strategy, ...counts, origin: { state, signer, fingerprint, made_by } };
  await context.stub.sharing().noteImport(summary, callerOf(context));
}
