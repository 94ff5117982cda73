// Rate limits as HTTP says them: the RateLimit fields of draft-ietf-httpapi-ratelimit-headers, and Retry-After. Runs at the edge.
import type { ErrorDetails } from "../../core/errors.ts";
import { type RateState, rateClasses, windowSeconds } from "../../features/rate-limits/rate-limits.ts";

/** Sets RateLimit-Policy and RateLimit (structured field lists, one item a limit) to where the caller's limits stand. */
export function setRateLimitHeaders(headers: Headers, limits: readonly RateState[]): void {
  if (limits.length === 0) return;
  headers.set("ratelimit-policy", limits.map(({ limit, quota }) => policyItem(limit, quota)).join(", "));
  headers.set(
    "ratelimit",
    limits.map(({ limit, remaining, resetSeconds }) => `"${limit}";r=${remaining};t=${resetSeconds}`).join(", "),
  );
}

/** The headers of a refusal, from the details of a `rate_limited` error. */
export function setRefusalHeaders(headers: Headers, details: ErrorDetails | undefined): void {
  const { limit, quota, retry_after: retryAfter } = details ?? {};
  if (typeof retryAfter !== "number") return;
  headers.set("retry-after", String(retryAfter));
  // Limits of an address are not advertised: what they are is no help to anyone but who guesses.
  if (typeof quota !== "number" || !rateClasses.some((known) => known === limit)) return;
  if (!headers.has("ratelimit-policy")) headers.set("ratelimit-policy", policyItem(String(limit), quota));
  if (!headers.has("ratelimit")) headers.set("ratelimit", `"${limit}";r=0;t=${retryAfter}`);
}

function policyItem(limit: string, quota: number): string {
  return `"${limit}";q=${quota};w=${windowSeconds}`;
}
