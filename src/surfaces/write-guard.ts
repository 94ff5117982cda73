// What every write passes, over MCP and REST alike: once for its idempotency key, and only as often as limits allow. Runs at the edge.
import type { CallContext } from "../context.ts";
import { type OnceRequest, type OnceResult, runOnce } from "../features/idempotency/idempotency.ts";
import { chargeCall } from "../features/rate-limits/rate-limits.ts";

/** Called once for each write that really runs, before it does; an answer given again costs nothing. Throws `rate_limited`. */
export async function beforeWrite(context: CallContext): Promise<void> {
  await chargeCall(context, "write");
}

/**
 * Runs a write, under its idempotency key if it has one: then `run` gets the call whose writes are marked, and an answer it wants remembered
 * is given again to a retry. Throws what `runOnce` and `run` throw.
 */
export async function guardWrite<Answer>(
  context: CallContext,
  once: OnceRequest | undefined,
  run: (call: CallContext) => Promise<OnceResult<Answer>>,
): Promise<{ answer: Answer; replayed: boolean }> {
  const guarded = async (call: CallContext): Promise<OnceResult<Answer>> => {
    await beforeWrite(call);
    return run(call);
  };
  return once === undefined
    ? { answer: (await guarded(context)).answer, replayed: false }
    : runOnce(context, once, guarded);
}
