// A table's logical types as SQLite has them: declared types, checks, and defaults as literals. Pure.
import { isRecord } from "../../core/exact-json.ts";
import { hexOfBytes } from "../../engines/frame/binary.ts";
import { quoteName, quoteText } from "../../engines/sql/identifiers.ts";
import { requireExpression } from "./ddl-expression.ts";
import { type ColumnType, type TableColumn, timestampDigits } from "./schema.ts";
import { sqlOfJson } from "./values.ts";

export const sqliteTypes: Readonly<Record<ColumnType, string>> = {
  int: "INTEGER",
  float: "REAL",
  bool: "INTEGER",
  text: "TEXT",
  date: "TEXT",
  timestamp: "TEXT",
  decimal: "TEXT",
  json: "TEXT",
  binary: "BLOB",
};

const digit = "[0-9]";
const datePattern = `${digit.repeat(4)}-${digit.repeat(2)}-${digit.repeat(2)}`;

/** The condition that a column's type puts on its values besides SQLite's own type; undefined where there is none. NULL passes. */
export function typeCheck({ name, type, unit }: Pick<TableColumn, "name" | "type" | "unit">): string | undefined {
  const column = quoteName(name);
  switch (type) {
    case "bool":
      return `${column} IN (0, 1)`;
    case "json":
      return `json_valid(${column})`;
    case "date":
      return isDate(column);
    case "decimal":
      return isDecimal(column);
    case "timestamp":
      return isTimestamp(column, timestampDigits({ unit }));
    default:
      return undefined;
  }
}

/** Digits, and between them a point at most; no sign but a minus, none before zero; no leading zeros: as `decimalOf` writes it. */
function isDecimal(column: string): string {
  const digits = `${column} NOT GLOB '*[^0-9.-]*' AND ${column} NOT GLOB '?*-*' AND ${column} NOT GLOB '*.*.*' AND ${column} GLOB '*[0-9]'`;
  const front = `ltrim(${column}, '-') GLOB '[0-9]*' AND ltrim(${column}, '-') NOT GLOB '0[0-9]*'`;
  return `${digits} AND ${front} AND (${column} NOT GLOB '-*' OR ${column} GLOB '*[1-9]*')`;
}

/** YYYY-MM-DDTHH:MM:SS, a point and exactly so many digits, and Z. */
function isTimestamp(column: string, digits: number): string {
  const time = `substr(${column}, 11, 9) GLOB 'T[0-2][0-9]:[0-5][0-9]:[0-5][0-9]' AND substr(${column}, 12, 2) < '24'`;
  return `${isDate(`substr(${column}, 1, 10)`)} AND ${time} AND ${endsIn(column, digits)}`;
}

function endsIn(column: string, digits: number): string {
  if (digits === 0) return `substr(${column}, 20) = 'Z'`;
  if (digits < 9) return `substr(${column}, 20) GLOB '.${digit.repeat(digits)}Z'`;
  // Patterns may have 50 bytes: nine digits are looked at in two steps.
  return `substr(${column}, 20, 7) GLOB '.${digit.repeat(6)}' AND substr(${column}, 27) GLOB '${digit.repeat(3)}Z'`;
}

/** 30 February becomes 1 March by date(), so a date that stays itself is in the calendar. */
function isDate(value: string): string {
  return `CASE WHEN ${value} GLOB '${datePattern}' THEN date(${value}) IS ${value} ELSE ${value} IS NULL END`;
}

/** The text after DEFAULT: a literal, or an expression in parentheses. Throws `invalid_argument`. */
export function defaultSql(column: TableColumn): string | undefined {
  const value = column.default;
  if (value === undefined) return undefined;
  if (value === null) return "NULL";
  const expression = isRecord(value) && Object.keys(value).join() === "sql" ? value.sql : undefined;
  if (typeof expression === "string") return `(\n${expressionDefault(column, expression)}\n)`;
  return literal(column, value);
}

function expressionDefault(column: TableColumn, expression: string): string {
  const what = `The default of the column "${column.name}"`;
  requireExpression(expression, { what, columns: [], clock: true });
  if (expression.trim().toLowerCase() !== "current_timestamp" || column.type !== "timestamp") return expression;
  const digits = timestampDigits(column);
  const seconds = digits === 0 ? "%S" : `%f${"0".repeat(digits - 3)}`;
  return `strftime('%Y-%m-%dT%H:%M:${seconds}Z', 'now')`;
}

/** A JSON value as SQLite's literal for a column. Throws `invalid_argument` when it is not of the column's type. */
function literal(column: TableColumn, value: unknown): string {
  const kept = sqlOfJson(column, value, "Default");
  if (kept === null) return "NULL";
  if (kept instanceof Uint8Array) return `x'${hexOfBytes(kept)}'`;
  if (typeof kept === "number") return realLiteral(kept);
  return column.type === "int" || column.type === "bool" ? kept : quoteText(kept);
}

function realLiteral(value: number): string {
  if (!Number.isFinite(value)) return value > 0 ? "9e999" : "-9e999";
  return value.toExponential();
}
