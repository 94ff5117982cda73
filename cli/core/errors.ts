// The one error of the command line, what its exit codes mean, and how the server's errors become both. Runs under Node.

/** The exit codes of every command, as docs/guides/command-line.md lists them. */
export const exitCodes = {
  ok: 0,
  /** What was asked for did not work, or what was checked is not good. */
  failed: 1,
  /** The command was not understood. */
  usage: 2,
  /** `--check` found a difference. */
  drift: 2,
  notSignedIn: 3,
  forbidden: 4,
  notFound: 5,
  /** Somebody else changed it, or it exists already. */
  conflict: 6,
  /** The server cannot be reached or is busy: the same command may work later. */
  unavailable: 7,
} as const;

interface CliErrorOptions {
  hint?: string | undefined;
  exitCode?: number | undefined;
  /** HTTP status of the answer that said so. */
  status?: number | undefined;
  requestId?: string | undefined;
  details?: Record<string, unknown> | undefined;
  cause?: unknown;
}

/** What a command ends with when it does not work: `message` says what is wrong, `hint` what to do next. */
export class CliError extends Error {
  readonly code: string;
  readonly hint: string | undefined;
  readonly exitCode: number;
  readonly status: number | undefined;
  readonly requestId: string | undefined;
  readonly details: Record<string, unknown> | undefined;

  constructor(code: string, message: string, options: CliErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "CliError";
    this.code = code;
    this.hint = options.hint;
    this.exitCode = options.exitCode ?? exitCodeOf(code, options.status);
    this.status = options.status;
    this.requestId = options.requestId;
    this.details = options.details;
  }
}

export const usageError = (message: string, hint?: string): CliError => new CliError("usage", message, { hint });

const exitCodeOfCode: Readonly<Record<string, number>> = {
  usage: exitCodes.usage,
  drift: exitCodes.drift,
  unauthorized: exitCodes.notSignedIn,
  not_signed_in: exitCodes.notSignedIn,
  forbidden: exitCodes.forbidden,
  insufficient_scope: exitCodes.forbidden,
  not_found: exitCodes.notFound,
  conflict: exitCodes.conflict,
  already_exists: exitCodes.conflict,
  precondition_failed: exitCodes.conflict,
  unreachable: exitCodes.unavailable,
  busy: exitCodes.unavailable,
  rate_limited: exitCodes.unavailable,
  team_unavailable: exitCodes.unavailable,
};

const exitCodeOfStatus: Readonly<Record<number, number>> = {
  401: exitCodes.notSignedIn,
  403: exitCodes.forbidden,
  404: exitCodes.notFound,
  409: exitCodes.conflict,
  412: exitCodes.conflict,
  429: exitCodes.unavailable,
  502: exitCodes.unavailable,
  503: exitCodes.unavailable,
  504: exitCodes.unavailable,
};

function exitCodeOf(code: string, status: number | undefined): number {
  return exitCodeOfCode[code] ?? (status === undefined ? undefined : exitCodeOfStatus[status]) ?? exitCodes.failed;
}

/** What the server says of an error, over REST (problem+json) and MCP alike. */
export interface ServerError {
  code: string;
  message: string;
  hint?: string | undefined;
  details?: Record<string, unknown> | undefined;
  status?: number | undefined;
  requestId?: string | undefined;
}

/** The server's error as ours; where its own hint speaks of HTTP, the next step on the command line is said instead. */
export function fromServer(error: ServerError): CliError {
  return new CliError(error.code, error.message, { ...error, hint: nextStep(error) ?? error.hint });
}

function nextStep({ code, details }: ServerError): string | undefined {
  if (code === "unauthorized") return "Sign in with `super-data login`, or set SUPER_DATA_TOKEN to a valid token.";
  if (code === "dataset_too_large_for_whole") {
    return "Add --records to run the program once per record, or --null-input and read them with `inputs`, as in: reduce inputs as $r (0; . + $r.amount)";
  }
  if (code === "sql_forbidden")
    return "`query --sql` only reads. Change rows with `super-data tools run` and the tool for it: insert_record, update_record, …";
  if (code !== "insufficient_scope") return undefined;
  const needs = typeof details?.needs === "string" ? details.needs : "the missing one";
  const held = Array.isArray(details?.scopes) ? details.scopes.filter((scope) => typeof scope === "string") : [];
  return `Sign in again with that scope: \`super-data login --scope ${[...new Set([...held, needs])].join(",")}\`.`;
}
