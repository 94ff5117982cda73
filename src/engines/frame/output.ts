// A frame's rows as JSON records, for answers and for jq. Pure.
import { base64OfHex } from "./binary.ts";
import type { Cell, Column, Row } from "./types.ts";

/**
 * A row as the JSON text of a record. int64 becomes a JSON number with all its digits, binary base64; a float that JSON has no number for
 * stays the text it is kept as (NaN, Infinity, -Infinity), and -0 becomes -0.0; decimals are strings.
 */
export function recordJson(columns: readonly Column[], row: Row): string {
  const fields = columns.map(
    (column, index) => `${JSON.stringify(column.name)}:${cellJson(column, row[index] ?? null)}`,
  );
  return `{${fields.join(",")}}`;
}

/** A value as JSON text, as `recordJson` writes it. */
export function cellJson({ type }: Column, cell: Cell): string {
  if (cell === null) return "null";
  if (type === "int64" && typeof cell === "string") return cell;
  if (type === "float" && cell === "-0") return "-0.0";
  if (type === "binary" && typeof cell === "string") return JSON.stringify(base64OfHex(cell));
  return JSON.stringify(cell);
}
