// Rows as people and scripts want them: a table on a terminal, NDJSON in a pipe, JSON or CSV when asked. Runs under Node.
import type { Input, OptionSpec } from "./command.ts";
import { usageError } from "./errors.ts";
import { isRecord } from "./json.ts";
import { type Output, plural, valueTable } from "./output.ts";
import type { Rows } from "./wire.ts";

const formats = ["table", "ndjson", "csv"] as const;
type Format = (typeof formats)[number];

const terminalRows = 20;
const pageRows = 1_000;

export const rowOptions: Readonly<Record<string, OptionSpec>> = {
  format: {
    type: "text",
    value: "FORMAT",
    help: "table, ndjson or csv; default table on a terminal, ndjson in a pipe.",
  },
  limit: {
    type: "text",
    short: "n",
    value: "N",
    help: `At most so many rows; default ${terminalRows} on a terminal, else all.`,
  },
  all: { type: "flag", help: "All rows." },
};

/**
 * Reads rows page by page, as many as are wanted, and prints them. `ask` gets a page: its size, the cursor, and whether more than one page
 * may be wanted. What is left out is said on standard error, in a pipe too.
 */
export async function printRows(
  output: Output,
  input: Input,
  ask: (page: { limit: number; cursor: string | undefined; isMore: boolean }) => Promise<Rows>,
): Promise<void> {
  const format = formatOf(input, output);
  const wanted = limitOf(input, output);
  const rows: unknown[] = [];
  let answer: Rows;
  let cursor: string | undefined;
  do {
    const limit = Math.min(pageRows, wanted - rows.length);
    answer = await ask({ limit, cursor, isMore: wanted > pageRows });
    rows.push(...answer.rows);
    cursor = answer.next_cursor;
  } while (cursor !== undefined && rows.length < wanted);
  const { total, next_cursor, ...rest } = answer;
  const isCut = rows.length < total;
  const shown = { ...rest, rows, returned: rows.length, total, truncated: isCut, ...(isCut ? { next_cursor } : {}) };
  await output.result(shown, () => textOf(rows, format));
  for (const note of answer.notes ?? []) output.note(`Note: ${note}`);
  if (isCut && !output.json) output.warn(`${plural(rows.length, "row")} of ${total}; --all gets the rest.`);
}

function formatOf(input: Input, output: Output): Format {
  const asked = input.text("format");
  if (asked === undefined) return output.isTerminal ? "table" : "ndjson";
  const format = formats.find((one) => one === asked);
  if (format !== undefined) return format;
  throw usageError(`--format takes ${formats.join(", ")}, not "${asked}".`);
}

function limitOf(input: Input, output: Output): number {
  const asked = input.text("limit");
  if (input.flag("all")) return Number.POSITIVE_INFINITY;
  if (asked === undefined) return output.isTerminal ? terminalRows : Number.POSITIVE_INFINITY;
  const limit = Number(asked);
  if (Number.isInteger(limit) && limit > 0) return limit;
  throw usageError(`--limit takes a whole number above 0, not "${asked}".`);
}

function textOf(rows: readonly unknown[], format: Format): string {
  switch (format) {
    case "table":
      return valueTable(rows);
    case "ndjson":
      return rows.map((row) => JSON.stringify(row)).join("\n");
    case "csv":
      return csvOf(rows);
  }
}

function csvOf(rows: readonly unknown[]): string {
  const keys = [...new Set(rows.flatMap((row) => (isRecord(row) ? Object.keys(row) : [])))];
  if (!rows.every(isRecord)) return ["value", ...rows.map(csvCell)].join("\n");
  return [keys.map(csvCell), ...rows.map((row) => keys.map((key) => csvCell(row[key])))]
    .map((row) => row.join(","))
    .join("\n");
}

function csvCell(value: unknown): string {
  if (value === null || value === undefined) return "";
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
