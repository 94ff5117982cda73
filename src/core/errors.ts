// The one error type of the product and its closed list of codes. Runs everywhere; imports nothing from src.

/** Every code a caller can meet. The string is part of the public contract: clients branch on it. */
export const errorCodes = [
  // requests
  "invalid_argument",
  "unauthorized",
  "forbidden",
  "insufficient_scope",
  "rate_limited",
  "not_found",
  "already_exists",
  "conflict",
  "precondition_failed",
  "range_not_satisfiable",
  "digest_mismatch",
  "idempotency_mismatch",
  "idempotency_running",
  "idempotency_lost",
  "last_owner",
  "team_deleted",
  "invitation_invalid",
  "sign_in_failed",
  "too_large",
  "unsupported",
  "upgrade_required",
  "busy",
  // jq: the program is at fault
  "jq_syntax",
  "jq_unknown_name",
  "jq_builtin_clash",
  "jq_cycle",
  "jq_breaks_dependants",
  "jq_forbidden",
  "jq_runtime",
  // jq: a limit was reached
  "jq_steps",
  "jq_memory",
  "jq_output_bytes",
  "jq_output_count",
  "jq_program_length",
  "jq_nesting",
  "jq_crash",
  // datasets and results
  "dataset_malformed",
  "dataset_too_large_for_whole",
  "upload_incomplete",
  "upload_aborted",
  "cursor_invalid",
  "cursor_stale",
  "result_too_large",
  // tables, frames and SQL
  "confirmation_required",
  "constraint_failed",
  "sql_invalid",
  "sql_forbidden",
  "expression_invalid",
  "file_malformed",
  // backups
  "backup_unreadable",
  // the server is at fault
  "team_unavailable",
  "internal",
] as const;

export type ErrorCode = (typeof errorCodes)[number];

/** Plain JSON values that describe an error: a limit's name and value, a line and column, near names. */
export type ErrorDetails = Record<string, unknown>;

/**
 * An error meant for the caller. `message` says what is wrong in our own words, `hint` what to do next.
 * Text from data, databases or third parties never goes into `message`; put it in `details` (fenced when a model reads it).
 */
export class AppError extends Error {
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly details: ErrorDetails | undefined;

  constructor(
    code: ErrorCode,
    message: string,
    options: { hint?: string; details?: ErrorDetails; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "AppError";
    this.code = code;
    this.hint = options.hint;
    this.details = options.details;
  }
}

/** True for an AppError, also for one that crossed a Durable Object RPC boundary, where its class is lost. */
export function isAppError(error: unknown): error is AppError {
  if (error instanceof AppError) return true;
  if (!(error instanceof Error) || !("code" in error)) return false;
  return typeof error.code === "string" && (errorCodes as readonly string[]).includes(error.code);
}

/** What the work gives; undefined when it ends in an AppError of one of these codes. */
export async function undefinedOn<T>(codes: readonly ErrorCode[], work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (isAppError(error) && codes.includes(error.code)) return undefined;
    throw error;
  }
}

/** An error as plain data, for logs, answers and storage. */
export interface ErrorDescription {
  code: ErrorCode;
  message: string;
  hint?: string;
  details?: ErrorDetails;
}

/** Describes an error for others to read. An unexpected one becomes `internal` and shows nothing of itself. */
export function describeError(error: unknown): ErrorDescription {
  if (!isAppError(error)) {
    return {
      code: "internal",
      message: "Something failed on the server; the details are in its log.",
      hint: "Try again; if it keeps failing, give the request id to whoever runs this server.",
    };
  }
  return {
    code: error.code,
    message: error.message,
    ...(error.hint === undefined ? {} : { hint: error.hint }),
    ...(error.details === undefined ? {} : { details: error.details }),
  };
}
