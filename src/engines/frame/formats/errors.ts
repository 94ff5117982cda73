// Errors of files that are not what their format says, or hold what a frame cannot. Pure.
import { AppError, type ErrorDetails } from "../../../core/errors.ts";
import { frameLimits } from "../../../workspace-limits.ts";
import type { LogicalType } from "../types.ts";

/** A file that is not what its format says. */
export function malformedFile(message: string, hint: string, details: ErrorDetails = {}): AppError {
  return new AppError("file_malformed", message, { hint, details });
}

/** What a value should have been. */
const kinds: Record<LogicalType, string> = {
  int: "a whole number within ±(2^53 - 1)",
  int64: "a whole number of 64 bits",
  float: "a number",
  bool: "true or false",
  text: "text",
  date: "a date (YYYY-MM-DD)",
  timestamp: "a time (YYYY-MM-DDTHH:MM:SS)",
  decimal: "a decimal number of that many digits",
  json: "JSON",
  binary: "base64",
};

/** A value that does not fit the type its column was given. `where`: `Line 3`, `Row 3`. */
export function doesNotFit(where: string, column: string, type: LogicalType): AppError {
  return malformedFile(
    `${where}, column ${JSON.stringify(column)}: this value is not ${kinds[type]}.`,
    `Correct it, name it in na_values, or give the column the type text with types: {${JSON.stringify(column)}: "text"}.`,
    { column, type },
  );
}

/** A cell over the limit. */
export function cellTooLong(where: string, column: string): AppError {
  const limit = frameLimits.cellBytes;
  return new AppError(
    "too_large",
    `${where}, column ${JSON.stringify(column)}: this value is longer than ${limit} bytes (limit cellBytes).`,
    { hint: "Leave the column out with `columns`.", details: { limit: "cellBytes", value: limit, column } },
  );
}

/** More bytes than can be read at once; `what` opens the message. */
export function tooManyBytes(
  what: string,
  limit: "documentBytes" | "inlineBytes" | "uploadBytes",
  hint: string,
): AppError {
  const value = frameLimits[limit];
  return new AppError("too_large", `${what} may have ${value} bytes (limit ${limit}); this has more.`, {
    hint,
    details: { limit, value },
  });
}
