// Running a query for what it costs and gives, whole and past every cache: how drafts and rewritten programs are compared. Runs at the edge.
import type { CallContext } from "../../context.ts";
import { describeError, type ErrorDescription, isAppError } from "../../core/errors.ts";
import { learningLimits } from "../../workflow-limits.ts";
import { type RowsQuery, runQuery } from "../query/query.ts";

/** A query without a page. */
export type WholeQuery = Omit<RowsQuery, "page" | "trial">;

export interface Measured {
  steps: number;
  ms: number;
  bytesRead: number;
  /** Outputs of the run, kept or not. */
  total: number;
  outputBytes: number;
  memoryBytes: number;
  /** The outputs as JSON texts; fewer than `total` when they were over `learningLimits.comparedBytes`. */
  outputs: string[];
}

export type Attempt = { ran: Measured } | { failure: ErrorDescription };

/** Runs it to its end and counts as a run of the engine. Throws what running throws. */
export async function measure(context: CallContext, query: WholeQuery): Promise<Measured> {
  const all = { offset: 0, limit: Number.MAX_SAFE_INTEGER, maxBytes: learningLimits.comparedBytes };
  const outcome = await runQuery(context, query, all);
  context.execution.steps = (context.execution.steps ?? 0) + outcome.steps;
  return {
    steps: outcome.steps,
    ms: Math.round(outcome.engineMs * 100) / 100,
    bytesRead: outcome.inputBytes,
    total: outcome.total,
    outputBytes: outcome.outputBytes,
    memoryBytes: outcome.memoryBytes,
    outputs: outcome.outputs,
  };
}

/** The same, with what the program or a limit says against it as data. Throws what is wrong otherwise: a rate, a dataset that gave way. */
export async function attempt(context: CallContext, query: WholeQuery): Promise<Attempt> {
  try {
    return { ran: await measure(context, query) };
  } catch (error) {
    if (isAppError(error) && isOwnFault(error.code)) return { failure: describeError(error) };
    throw error;
  }
}

function isOwnFault(code: string): boolean {
  return (
    code.startsWith("jq_") || ["dataset_too_large_for_whole", "result_too_large", "invalid_argument"].includes(code)
  );
}

/** True when all outputs are the same, and all of them were kept to be compared. */
export function isSameResult(a: Measured, b: Measured): boolean {
  return (
    a.total === b.total &&
    a.outputs.length === a.total &&
    b.outputs.length === b.total &&
    a.outputs.every((output, at) => output === b.outputs[at])
  );
}
