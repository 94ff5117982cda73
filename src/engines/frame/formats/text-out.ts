// Rows as CSV and JSON. Pure.
import { base64OfHex } from "../binary.ts";
import { cellJson } from "../output.ts";
import type { Cell, Column, Row } from "../types.ts";

export interface CsvOutput {
  delimiter?: string | undefined;
  header?: boolean | undefined;
  /** CRLF at the ends of lines, as Excel has it. */
  crlf?: boolean | undefined;
}

/**
 * Rows as CSV (RFC 4180). Nothing is null, "" the empty text. A float is written with a point or an exponent, so that it is read as one
 * again; binary is base64. What a spreadsheet takes for a formula is written as it is: whoever opens it there decides.
 */
export async function* csvText(
  columns: readonly Column[],
  batches: AsyncIterable<readonly Row[]>,
  { delimiter = ",", header = true, crlf = false }: CsvOutput = {},
): AsyncGenerator<string> {
  const end = crlf ? "\r\n" : "\n";
  const special = (text: string): boolean => text === "" || /["\r\n]/.test(text) || text.includes(delimiter);
  const field = (text: string): string => (special(text) ? `"${text.replaceAll('"', '""')}"` : text);
  if (header) yield `${columns.map(({ name }) => field(name)).join(delimiter)}${end}`;
  for await (const rows of batches) {
    let text = "";
    for (const row of rows) {
      const cells = columns.map((column, index) => {
        const cell = row[index] ?? null;
        return cell === null ? "" : field(cellText(column, cell));
      });
      text += cells.join(delimiter) + end;
    }
    yield text;
  }
}

function cellText({ type }: Column, cell: Exclude<Cell, null>): string {
  if (type === "json") return JSON.stringify(cell);
  if (type === "binary") return base64OfHex(String(cell));
  if (type === "float") return floatText(cell);
  return String(cell);
}

/** Always with a point, an exponent or a name. */
function floatText(cell: Exclude<Cell, null>): string {
  const text = cell === "-0" ? "-0.0" : String(cell);
  return /^-?\d+$/.test(text) ? `${text}.0` : text;
}

/** Rows as JSON records: one array, or one record a line. Values as `recordJson` writes them, floats always with a point or exponent. */
export async function* jsonText(
  columns: readonly Column[],
  batches: AsyncIterable<readonly Row[]>,
  format: "json" | "ndjson",
): AsyncGenerator<string> {
  const keys = columns.map(({ name }, index) => `${index === 0 ? "{" : ","}${JSON.stringify(name)}:`);
  let before = "[";
  for await (const rows of batches) {
    let text = "";
    for (const row of rows) {
      const record = columns.map((column, index) => `${keys[index]}${outputJson(column, row[index] ?? null)}`).join("");
      text += format === "json" ? `${before}${record}}` : `${record}}\n`;
      before = ",\n";
    }
    yield text;
  }
  if (format === "json") yield before === "[" ? "[]" : "]";
}

function outputJson(column: Column, cell: Cell): string {
  return column.type === "float" && typeof cell === "number" ? floatText(cell) : cellJson(column, cell);
}
