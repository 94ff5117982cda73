// Failed sign-ins count against the address they came from; an address that failed too often waits. Runs at the edge.
import { AppError, isAppError } from "../../core/errors.ts";
import { type Blocked, blockedFor, failedAttempt } from "../../platform/address-client.ts";

const counted = new Set(["sign_in_failed", "invitation_invalid"]);

/**
 * Throws `rate_limited` when the address of the request has failed too often a moment ago, and `forbidden` for what a page elsewhere has a
 * browser load unseen, such as an image: else any page could use up the tries of its visitors' addresses.
 */
export function requireNotBlocked(request: Request): void {
  const site = request.headers.get("sec-fetch-site");
  const isForeign = site === "cross-site" || site === "same-site";
  const destination = request.headers.get("sec-fetch-dest") ?? "document";
  if (isForeign && destination !== "document") {
    throw new AppError("forbidden", "Another site's page asked for this, so nothing was done.", {
      hint: "Open the link itself.",
    });
  }
  const blocked = blockedFor(request, "sign_in");
  if (blocked !== undefined) throw tooMany(blocked);
}

/** The error to show for one that ended a sign-in: itself, or `rate_limited` once the address has failed too often. */
export async function countFailure(request: Request, env: Env, error: unknown): Promise<unknown> {
  if (!isAppError(error) || !counted.has(error.code)) return error;
  const blocked = await failedAttempt(request, env, "sign_in");
  return blocked === undefined ? error : tooMany(blocked);
}

function tooMany({ retryAfter }: Blocked): AppError {
  return new AppError("rate_limited", "Too many sign-ins from your network address have failed.", {
    hint: `Try again in ${retryAfter} seconds.`,
    details: { limit: "sign_in", retry_after: retryAfter },
  });
}
