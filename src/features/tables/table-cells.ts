// A table's values as frames keep them: SQL that writes each as JSON, exactly. Pure: makes SQL, runs nothing.
import type { Column } from "../../engines/frame/types.ts";
import { quoteName, quoteText } from "../../engines/sql/identifiers.ts";

/** Parts joined with || in a balanced tree: SQLite allows expressions a depth of 100, and functions few arguments. */
export function joined(parts: readonly string[]): string {
  if (parts.length <= 1) return parts[0] ?? "''";
  const middle = Math.ceil(parts.length / 2);
  return `(${joined(parts.slice(0, middle))} || ${joined(parts.slice(middle))})`;
}

/** A row as the JSON text of an array of cells, as chunks of frames hold it. */
export function rowJson(columns: readonly Column[]): string {
  const cells = columns.map((column) => cellJson(column, quoteName(column.name)));
  const parts = cells.flatMap((cell, index) => (index === 0 ? [cell] : ["','", cell]));
  return joined(["'['", ...parts, "']'"]);
}

/** A value as the JSON text of a frame's cell; `value` is the SQL expression that gives it. */
export function cellJson(column: Column, value: string): string {
  return `coalesce(${cellText(column, value)}, 'null')`;
}

function cellText(column: Column, value: string): string {
  switch (column.type) {
    case "int":
      return `CAST(${value} AS TEXT)`;
    case "int64":
      return `('"' || ${value} || '"')`;
    case "float":
      return `CASE ${value} WHEN 9e999 THEN '"Infinity"' WHEN -9e999 THEN '"-Infinity"' ELSE ${realText(value)} END`;
    case "bool":
      return `CASE ${value} WHEN 1 THEN 'true' WHEN 0 THEN 'false' END`;
    case "json":
      return value;
    case "binary":
      return `CASE WHEN ${value} IS NOT NULL THEN '"' || lower(hex(${value})) || '"' END`;
    case "decimal":
      return `('"' || (${padded(value, column.scale ?? 0)}) || '"')`;
    default:
      return `CASE WHEN ${value} IS NOT NULL THEN json_quote(${value}) END`;
  }
}

/** 17 digits bring a double back as it was. */
function realText(value: string): string {
  return `CASE WHEN ${value} IS NOT NULL THEN format('%!.17g', ${value}) END`;
}

/** Digits, with so many of them behind the point. */
function padded(value: string, digits: number): string {
  if (digits === 0) return value;
  const zeros = quoteText("0".repeat(digits));
  const missing = `${digits} - (length(${value}) - instr(${value}, '.'))`;
  return `CASE instr(${value}, '.') WHEN 0 THEN ${value} || '.' || ${zeros} ELSE ${value} || substr(${zeros}, 1, ${missing}) END`;
}

/** A value as SQL over frames sees one of its type: decimals as REAL, the rest as the table has it. */
export function sqlValue(column: Column): string {
  const name = quoteName(column.name);
  return column.type === "decimal" ? `CAST(${name} AS REAL)` : name;
}
