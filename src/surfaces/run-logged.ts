// Running a tool for somebody: its outcome noted for the request's log and put into the team's execution log, whichever surface asked. Runs at the edge.
import type { CallContext } from "../context.ts";
import type { ToolAnswer } from "../core/define-tool.ts";
import { isAppError } from "../core/errors.ts";
import { recordExecution } from "../features/metrics/metrics.ts";
import { withoutKeys } from "./mcp/call.ts";
import { noteCall } from "./mcp/trace.ts";

export type Answer = ToolAnswer<Record<string, unknown>>;

/** What came of a tool: its answer, or what it threw. */
export type Outcome = { answer: Answer } | { error: unknown };

/** The work of one call: the tool by its name, the arguments as the log may cut them, and how to run it. */
export interface LoggedWork {
  tool: string;
  args: unknown;
  run: (call: CallContext) => Promise<Answer>;
}

/**
 * Runs a tool and logs the execution once. `show` makes the surface's own answer of the outcome and says how many bytes it has; what the work
 * throws reaches it, too, so nothing is thrown here but what `show` throws. `call.execution` must be this call's own.
 */
export async function runLogged<Shown>(
  call: CallContext,
  { tool, args, run }: LoggedWork,
  show: (outcome: Outcome) => { shown: Shown; bytes: number },
): Promise<Shown> {
  const startedAt = call.now();
  const outcome: Outcome = await run(call).then(
    (answer) => ({ answer }),
    (error: unknown) => ({ error }),
  );
  const { shown, bytes } = show(outcome);
  const isError = "error" in outcome || outcome.answer.isError === true;
  const errorCode = "error" in outcome ? codeOf(call, outcome.error) : undefined;
  const loggedArgs = withoutKeys(args, tool);
  noteCall(call, tool, isError ? (errorCode ?? "failed") : "ok", loggedArgs);
  call.waitUntil(
    recordExecution(call, {
      toolName: tool,
      args: loggedArgs,
      startedAt,
      success: !isError,
      errorCode,
      resultBytes: bytes,
    }),
  );
  return shown;
}

/** What the log calls a failure. A caller who went away is nobody's fault. */
function codeOf({ signal }: CallContext, error: unknown): string {
  if (isAppError(error)) return error.code;
  return signal?.aborted === true ? "cancelled" : "internal";
}
