// Values of table columns: what callers give, how SQLite keeps it, and what is shown again, each exactly the other. Pure.

import { AppError } from "../../core/errors.ts";
import { isRawNumber, isRecord } from "../../core/exact-json.ts";
import { exceedsBytes, utf8Bytes } from "../../core/utf8.ts";
import { base64OfBytes, bytesOfBase64, bytesOfHex } from "../../engines/frame/binary.ts";
import { isCalendarDay } from "../../engines/frame/calendar.ts";
import { type Cell, fitsInt64, floatCell } from "../../engines/frame/types.ts";
import { tableLimits } from "../../workspace-limits.ts";
import { decimalOf, timestampOf } from "./literals.ts";
import { type ColumnType, type TableColumn, timestampDigits } from "./schema.ts";

/** What is bound for a value: int and bool as digits (see `boundValue`), float as a number, binary as bytes, the rest as text. */
export type SqlValue = string | number | Uint8Array<ArrayBuffer> | null;
/** A value as a cursor reads `readValue`. */
export type ReadValue = string | number | ArrayBuffer | null;

/** What of a column matters to its values. */
export type ValueColumn = Pick<TableColumn, "name" | "type" | "unit">;

/** What a value of each type is, as errors say it. */
const expected: Record<ColumnType, string> = {
  int: "a whole number of 64 bits",
  float: 'a number, "Infinity" or "-Infinity"',
  bool: "true or false",
  text: "text of whole Unicode characters",
  date: "a day of the calendar, YYYY-MM-DD",
  timestamp: "a time with its zone, e.g. 2026-01-31T12:00:00Z",
  decimal: `a decimal number of ${tableLimits.decimalDigits} digits at most`,
  json: "JSON",
  binary: "bytes in base64",
};

const hints: Partial<Record<ColumnType, string>> = {
  int: `Whole numbers beyond ${Number.MAX_SAFE_INTEGER} are given as digits in a string, for JSON clients round them; no leading zeros.`,
  decimal: 'Give numbers of more than 15 digits as a string, e.g. "0.12345678901234567", for JSON clients round them.',
  json: `Whole numbers beyond ${Number.MAX_SAFE_INTEGER} are given as strings, for JSON clients round them.`,
};

/**
 * The SQLite value of a JSON value of a column. `place` says where it was given ("Record 3", "filters.due.gt"). Null is null in every type.
 * Throws `invalid_argument` that names place, column and what kind of value was given, and `too_large`.
 */
export function sqlOfJson(column: ValueColumn, value: unknown, place: string): SqlValue {
  if (value === null || value === undefined) return null;
  const kept = keep(column, value);
  if (kept === undefined) throw misfit(column, value, place);
  requireCellSize(column, kept, place);
  return kept;
}

/** The SQLite value of a cell as frames keep it (`Cell`): as `sqlOfJson`, but binary is hexadecimal and a float may be "-0". */
export function sqlOfCell(column: ValueColumn, cell: Cell, place: string): SqlValue {
  if (cell === null) return null;
  if (column.type === "binary" && typeof cell === "string") {
    const bytes = bytesOfHex(cell);
    requireCellSize(column, bytes, place);
    return bytes;
  }
  return sqlOfJson(column, column.type === "float" && cell === "-0" ? 0 : cell, place);
}

function keep(column: ValueColumn, value: unknown): Exclude<SqlValue, null> | undefined {
  switch (column.type) {
    case "int":
      return keepInt(value);
    case "float":
      return keepFloat(value);
    case "bool":
      return typeof value === "boolean" ? (value ? "1" : "0") : undefined;
    case "text":
      return typeof value === "string" && value.isWellFormed() ? value : undefined;
    case "date":
      return typeof value === "string" && isCalendarDay(value) ? value : undefined;
    case "timestamp":
      return typeof value === "string" ? timestampOf(value, timestampDigits(column)) : undefined;
    case "decimal":
      return keepDecimal(value);
    case "json":
      return holdsRounded(value) ? undefined : JSON.stringify(value);
    case "binary":
      return typeof value === "string" ? bytesOf(value) : undefined;
  }
}

function keepInt(value: unknown): string | undefined {
  if (typeof value === "number") return Number.isSafeInteger(value) ? String(value) : undefined;
  const digits = isRawNumber(value) ? JSON.stringify(value) : value;
  if (typeof digits !== "string" || !/^(?:0|-?[1-9][0-9]{0,18})$/.test(digits)) return undefined;
  return fitsInt64(BigInt(digits)) ? digits : undefined;
}

function keepFloat(value: unknown): number | undefined {
  if (value === "Infinity") return Number.POSITIVE_INFINITY;
  if (value === "-Infinity") return Number.NEGATIVE_INFINITY;
  const number = isRawNumber(value) ? Number(JSON.stringify(value)) : value;
  // SQLite has no zero below zero.
  return typeof number === "number" && Number.isFinite(number) ? number + 0 : undefined;
}

function keepDecimal(value: unknown): string | undefined {
  if (typeof value === "number") {
    // Fifteen digits are what a double is sure to give back.
    return Number.isFinite(value) && Number(value.toPrecision(15)) === value ? decimalOf(String(value)) : undefined;
  }
  const digits = isRawNumber(value) ? JSON.stringify(value) : value;
  return typeof digits === "string" ? decimalOf(digits) : undefined;
}

/** True when there is a whole number in it that may have been another before a client or parser rounded it. */
function holdsRounded(value: unknown): boolean {
  if (typeof value === "number") return Number.isInteger(value) && !Number.isSafeInteger(value);
  if (typeof value !== "object" || value === null || isRawNumber(value)) return false;
  return Object.values(value).some(holdsRounded);
}

function bytesOf(base64: string): Uint8Array<ArrayBuffer> | undefined {
  return /^[A-Za-z0-9+/]*={0,2}$/.test(base64) && base64.length % 4 === 0 ? bytesOfBase64(base64) : undefined;
}

function misfit(column: ValueColumn, value: unknown, place: string): AppError {
  const { name, type } = column;
  const isNaNText = type === "float" && value === "NaN";
  const message = `${place}, column "${name}": ${withArticle(type)} is ${expected[type]}; given was ${isNaNText ? "NaN" : kindOf(value)}.`;
  const hint = isNaNText
    ? "SQLite keeps no NaN: leave the value out, or give null."
    : type === "timestamp"
      ? timestampHint(column)
      : hints[type];
  return new AppError("invalid_argument", message, {
    hint: hint ?? "Correct that value and call again; nothing was changed.",
    details: { column: name, type },
  });
}

function timestampHint(column: ValueColumn): string {
  const digits = timestampDigits(column);
  return `End it with Z or an offset such as +02:00; this column keeps ${digits === 0 ? "whole seconds" : `${digits} digits of a second's fraction`}.`;
}

function withArticle(type: ColumnType): string {
  return type === "int" ? "an int" : type === "json" || type === "binary" || type === "text" ? type : `a ${type}`;
}

/** What kind of value it is, without saying which. */
export function kindOf(value: unknown): string {
  if (value === null) return "null";
  if (typeof value === "string") {
    if (!value.isWellFormed()) return "text with half a character (a lone surrogate)";
    return value === "" ? "empty text" : `text of ${value.length} ${value.length === 1 ? "character" : "characters"}`;
  }
  if (typeof value === "boolean") return "a boolean";
  if (isRawNumber(value)) return "a number beyond that";
  if (typeof value === "number") {
    if (!Number.isInteger(value)) return "a number with a fraction";
    return Number.isSafeInteger(value) ? "a whole number" : "a whole number that JSON clients round";
  }
  return Array.isArray(value)
    ? "an array"
    : isRecord(value) && holdsRounded(value)
      ? "an object with numbers that JSON clients round"
      : "an object";
}

function requireCellSize({ name }: ValueColumn, value: Exclude<SqlValue, null>, place: string): void {
  const limit = tableLimits.cellBytes;
  if (typeof value === "string" ? !exceedsBytes(value, limit) : valueBytes(value) <= limit) return;
  const bytes = valueBytes(value);
  throw new AppError(
    "too_large",
    `${place}, column "${name}": the value has ${bytes} bytes; one value has ${limit} at most (limit cellBytes).`,
    {
      hint: "Split it, or keep it as a dataset and its name here.",
      details: { limit: "cellBytes", value: limit, bytes, column: name },
    },
  );
}

/** Bytes that SQLite keeps of a value, about. */
export function valueBytes(value: SqlValue): number {
  if (value === null) return 0;
  if (typeof value === "number") return 8;
  return typeof value === "string" ? utf8Bytes(value) : value.length;
}

/** The parameter for a value of the column in a statement. */
export function boundValue({ type }: Pick<ValueColumn, "type">): string {
  // A bound JavaScript number is a double; digits become the whole number they say.
  return type === "int" || type === "bool" ? "CAST(? AS INTEGER)" : "?";
}

/** The expression that reads a column without loss; `reference` is the column, quoted. */
export function readValue({ type }: Pick<ValueColumn, "type">, reference: string): string {
  // A cursor rounds whole numbers beyond 2^53.
  return type === "int" ? `CAST(${reference} AS TEXT)` : reference;
}

/** A value as it was read, as JSON text: what was given for it, an int with all its digits. */
export function jsonOfRead({ type }: Pick<ValueColumn, "type">, value: ReadValue): string {
  if (value === null) return "null";
  if (value instanceof ArrayBuffer) return JSON.stringify(base64OfBytes(new Uint8Array(value)));
  switch (type) {
    case "int":
      return String(value);
    case "bool":
      return value === 0 ? "false" : "true";
    case "float":
      return JSON.stringify(typeof value === "number" ? floatCell(value) : value);
    case "json":
      return String(value);
    default:
      return JSON.stringify(value);
  }
}
