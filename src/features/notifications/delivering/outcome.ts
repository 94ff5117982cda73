// What the answer to a try means, and when the next one is. Pure; runs everywhere.
import { notificationLimits } from "../../../workflow-limits.ts";

/** What became of one try. `retry` is a failure that may pass. */
export interface Outcome {
  outcome: "delivered" | "retry" | "dead";
  status?: number;
  /** In our own words. */
  error?: string;
  /** What the receiver asked for. */
  retryAfterMs?: number;
}

/** Answers by which a receiver says that this very request will never do: gone, or a body it does not take. */
const hopeless: ReadonlySet<number> = new Set([400, 410, 413, 415, 422]);

/** Reads a receiver's answer. Everything but 2xx is a failure; all but the hopeless ones are tried again, since receivers get mended. */
export function outcomeOf(status: number, retryAfter: string | null, nowMs: number): Outcome {
  if (status >= 200 && status < 300) return { outcome: "delivered", status };
  const error = `The receiver answered ${status}.`;
  if (hopeless.has(status)) return { outcome: "dead", status, error };
  const retryAfterMs = readRetryAfter(retryAfter, nowMs);
  return { outcome: "retry", status, error, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
}

/** Milliseconds that a Retry-After header asks to wait, in either of its forms (RFC 9110, 10.2.3). */
function readRetryAfter(text: string | null, nowMs: number): number | undefined {
  if (text === null) return undefined;
  if (/^\d{1,9}$/.test(text.trim())) return Number(text) * 1000;
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : Math.max(0, at - nowMs);
}

/**
 * Milliseconds to wait after try number `attempt` (from 1): doubled each time, then between half and all of it by `random` (0 to 1), so that
 * what failed together does not come back together. Never sooner than the receiver asked, never later than the limit.
 */
export function retryDelayMs(attempt: number, retryAfterMs: number | undefined, random: number): number {
  const { retryMs, maxRetryMs } = notificationLimits;
  const whole = Math.min(maxRetryMs, retryMs * 2 ** (attempt - 1));
  return Math.min(maxRetryMs, Math.max(Math.round(whole * (0.5 + random / 2)), retryAfterMs ?? 0));
}
