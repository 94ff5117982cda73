// Errors as HTTP: RFC 9457 problem bodies, and the challenge that goes with a 401. Runs at the edge.
import { describeError, type ErrorCode, isAppError } from "../../core/errors.ts";
import { logFailure } from "../../core/log.ts";
import { setRefusalHeaders } from "./rate-limits.ts";

const statusOf: Partial<Record<ErrorCode, number>> = {
  unauthorized: 401,
  forbidden: 403,
  insufficient_scope: 403,
  rate_limited: 429,
  idempotency_mismatch: 422,
  idempotency_running: 409,
  idempotency_lost: 409,
  last_owner: 409,
  team_deleted: 410,
  invitation_invalid: 410,
  sign_in_failed: 401,
  not_found: 404,
  already_exists: 409,
  conflict: 409,
  precondition_failed: 412,
  range_not_satisfiable: 416,
  digest_mismatch: 422,
  cursor_stale: 409,
  too_large: 413,
  dataset_too_large_for_whole: 413,
  result_too_large: 413,
  dataset_malformed: 422,
  file_malformed: 422,
  constraint_failed: 409,
  confirmation_required: 409,
  sql_forbidden: 403,
  unsupported: 415,
  backup_unreadable: 422,
  upgrade_required: 426,
  busy: 503,
  team_unavailable: 503,
  internal: 500,
};

/** The HTTP status of an error code; a code not listed is the request's fault: 400. */
export function httpStatus(code: ErrorCode): number {
  return statusOf[code] ?? 400;
}

/**
 * An error as an answer. Logs what is unexpected, shows nothing of it. `teamChallenge` is what the client of a team must bring instead, where
 * there is such; `as` a status that says it better than the code's own.
 */
export function problemResponse(error: unknown, requestId: string, teamChallenge?: string, as?: number): Response {
  if (!isAppError(error)) logFailure("unexpected_error", { request_id: requestId }, error);
  const { code, message, hint, details } = describeError(error);
  const status = as ?? httpStatus(code);
  const body = {
    type: `urn:super-data:error:${code}`,
    title: code.replaceAll("_", " "),
    status,
    code,
    detail: message,
    hint,
    details,
    request_id: requestId,
  };
  const headers = new Headers({
    "content-type": "application/problem+json",
    "x-request-id": requestId,
    "cache-control": "no-store",
  });
  if (teamChallenge !== undefined) headers.set("www-authenticate", teamChallenge);
  else if (status === 401) headers.set("www-authenticate", challenge(details?.presented === true));
  const retryAfter = details?.retry_after ?? (status === 503 ? 5 : undefined);
  if (typeof retryAfter === "number") headers.set("retry-after", String(Math.ceil(retryAfter)));
  if (status === 412 && typeof details?.etag === "string") headers.set("etag", details.etag);
  if (status === 429) setRefusalHeaders(headers, details);
  if (status === 416) headers.set("content-range", `bytes */${String(details?.bytes)}`);
  return new Response(JSON.stringify(body), { status, headers });
}

/** RFC 6750: `error` only when a token was presented. */
function challenge(presented: boolean): string {
  return presented ? 'Bearer realm="super-data", error="invalid_token"' : 'Bearer realm="super-data"';
}
