// Rows as people and models read them: what fits, how it looks, and what the cut says. Runs everywhere; no I/O.
import type { ToolAnswer } from "../../core/define-tool.ts";
import { AppError } from "../../core/errors.ts";
import { isRawNumber, isRecord, parseExact } from "../../core/exact-json.ts";
import { columnsOf, cutText, markdownCell, markdownTable, ownValue } from "../../core/markdown.ts";
import { moreLines } from "../../core/paging.ts";
import { estimateTokens } from "../../core/tokens.ts";
import { fenceUntrusted, showInvisible } from "../../core/untrusted.ts";
import { resultLimits } from "../../limits.ts";
import type { PageArguments, RowFormat, Rows } from "./schema.ts";

/** Where the outputs of an answer stand among all there are, and what else the answer says of them. */
export interface PagePlace {
  offset: number;
  total: number;
  page: PageArguments;
  /** Makes the cursor of the page that begins at an offset; left out when no further page can be asked for. */
  cursorOf?: (offset: number) => Promise<string> | string;
  about: Pick<Rows, "input" | "cached"> &
    Partial<Pick<Rows, "dataset" | "dataset_version" | "columns" | "data_ref" | "notes">>;
}

/**
 * One page of an answer: as many of `outputs` (JSON texts, beginning at the place's offset) as asked for and as fit, as text and as data.
 * Throws `result_too_large` when the first alone is over the limit.
 */
export async function answerPage(
  outputs: readonly string[],
  { offset, total, page, cursorOf, about }: PagePlace,
): Promise<ToolAnswer<Rows>> {
  const fitting = outputs.slice(0, countThatFits(outputs, page.limit ?? resultLimits.defaultRows)).map(parseExact);
  const maxTokens = page.limit === undefined ? resultLimits.defaultTokens : undefined;
  const rendered = renderWithin(fitting, page.format ?? "markdown", maxTokens);
  const rows = fitting.slice(0, rendered.count);
  const next = offset + rows.length;
  const notes = [...(about.notes ?? []), ...notesOn(rows)];
  const data: Rows = {
    rows,
    returned: rows.length,
    total,
    truncated: next < total,
    ...(next < total && cursorOf !== undefined ? { next_cursor: await cursorOf(next) } : {}),
    ...about,
    ...(notes.length > 0 ? { notes } : {}),
  };
  return { text: describeRows(data, rendered.text, { offset, cut: rendered.cut, format: rendered.format }), data };
}

function notesOn(rows: readonly unknown[]): string[] {
  const notes: string[] = [];
  const [only] = rows;
  if (rows.length === 1 && Array.isArray(only) && only.length > 1 && isRow(only[0], only.length)) {
    notes.push(
      `This one row is an array of ${only.length} items; end the program with \`| .[]\` to get a row per item and page through them.`,
    );
  }
  if (holdsRawNumber(rows))
    notes.push(
      "Numbers beyond double precision are exact in this answer's text; a client that reads them as doubles rounds them.",
    );
  return notes;
}

/** True for what reads better as a row of its own: a record, or one item of many. */
function isRow(item: unknown, count: number): boolean {
  return isRecord(item) || count > resultLimits.defaultRows;
}

function holdsRawNumber(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  return isRawNumber(value) || Object.values(value).some(holdsRawNumber);
}

/**
 * How many of `outputs` (JSON texts) an answer may hold by bytes. At least one.
 * Throws `result_too_large` when the first alone is over the limit.
 */
export function countThatFits(outputs: readonly string[], limit: number): number {
  let bytes = 0;
  for (const [index, output] of outputs.entries()) {
    bytes += output.length + 1;
    if (index === limit) return limit;
    if (bytes > resultLimits.rowsBytes) {
      if (index > 0) return index;
      throw tooLarge(output);
    }
  }
  return Math.min(outputs.length, limit);
}

function tooLarge(output: string): AppError {
  const isArray = output.startsWith("[");
  return new AppError(
    "result_too_large",
    `One output of this program is ${output.length} characters of JSON; an answer holds ${resultLimits.rowsBytes} bytes (limit rowsBytes).`,
    {
      hint: isArray
        ? "It is an array: end the program with `| .[]` to get one row per item and page through them, or keep fewer fields."
        : "Keep only the fields you need, e.g. `{id, name}`, or aggregate before you answer.",
      details: { limit: "rowsBytes", value: resultLimits.rowsBytes, characters: output.length },
    },
  );
}

/** Rows as text, how many of them it shows, and whether a value in it had to be shortened. */
export interface RenderedRows {
  text: string;
  count: number;
  cut: boolean;
  /** What the text is: JSON lines where a table would be out of proportion to its rows. */
  format: RowFormat;
}

/** Shortens `rows` until their text is within `maxTokens` (at least one row stays) and within textChars, and renders them. */
export function renderWithin(rows: readonly unknown[], asked: RowFormat, maxTokens: number | undefined): RenderedRows {
  const format = asked !== "json" && isOutsizedTable(rows) ? "json" : asked;
  const rendered = renderWithinTokens(rows, format, maxTokens);
  if (rendered.text.length <= resultLimits.textChars) return { ...rendered, format };
  return { ...rendered, text: cutText(rendered.text, resultLimits.textChars), cut: true, format };
}

/** Many columns that most rows lack: a few kilobytes of JSON would become megabytes of empty cells. */
function isOutsizedTable(rows: readonly unknown[]): boolean {
  return rows.length > 1 && rows.length * columnsOf(rows.filter(isRecord)).length > resultLimits.tableCells;
}

function renderWithinTokens(
  rows: readonly unknown[],
  format: RowFormat,
  maxTokens: number | undefined,
): Omit<RenderedRows, "format"> {
  let count = rows.length;
  let text = showInvisible(renderRows(rows, format));
  while (maxTokens !== undefined) {
    const tokens = estimateTokens(text);
    if (tokens <= maxTokens) break;
    if (count <= 1) {
      // One row over the budget: its text is shortened and says so; the data beside it is whole.
      const short = cutText(text, maxTokens * 2);
      return { text: short, count, cut: short !== text };
    }
    count = Math.max(1, Math.min(count - 1, Math.floor((count * maxTokens) / tokens)));
    text = showInvisible(renderRows(rows.slice(0, count), format));
  }
  return { text, count, cut: format === "markdown" && /… \(\+\d+ characters\)/.test(text) };
}

/** Rows as text: a table when all are records, a list of `key: value` for a single record, else one JSON value a line. */
export function renderRows(rows: readonly unknown[], format: RowFormat): string {
  if (format === "json") return rows.map((row) => JSON.stringify(row)).join("\n");
  if (format === "csv") return renderCsv(rows);
  const [first] = rows;
  if (rows.length === 1 && isRecord(first)) {
    return Object.entries(first)
      .map(([key, value]) => `- ${markdownCell(key)}: ${markdownCell(value)}`)
      .join("\n");
  }
  if (rows.length > 0 && rows.every(isRecord)) return markdownTable(rows, columnsOf(rows), resultLimits.cellChars);
  return rows.map((row) => (typeof row === "string" ? row : JSON.stringify(row))).join("\n");
}

function renderCsv(rows: readonly unknown[]): string {
  const records = rows.map((row) => (isRecord(row) ? row : { value: row }));
  const columns = columnsOf(records);
  const lines = [columns, ...records.map((record) => columns.map((column) => ownValue(record, column)))];
  return lines.map((line) => line.map(csvField).join(",")).join("\n");
}

/** A value as a field of a CSV line: texts as they are, what JSON nests as JSON. */
export function csvField(value: unknown): string {
  if (value === undefined || value === null) return "";
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** The whole text of an answer: what it is, the fenced rows, and when something is missing how to get it. */
export function describeRows(
  rows: Rows,
  body: string,
  options: { offset: number; cut: boolean; format: RowFormat },
): string {
  const version = rows.dataset_version === undefined ? "" : ` v${rows.dataset_version}`;
  const from = rows.dataset === undefined ? "" : ` · ${rows.dataset}${version}`;
  const count =
    rows.returned === rows.total
      ? plural(rows.total)
      : `rows ${options.offset + 1}-${options.offset + rows.returned} of ${rows.total}`;
  const lines = [`${count}${from}${rows.cached ? " · cached" : ""}`];
  if (rows.returned > 0) lines.push(fenceUntrusted(body, options.format));
  lines.push(...moreLines(rows));
  if (rows.data_ref !== undefined)
    lines.push(`All ${plural(rows.total)}: data_ref ${rows.data_ref} (read_frame shows them)`);
  if (options.cut)
    lines.push(
      'A value is shortened in this text; structuredContent holds it whole, as does format "json" with a limit.',
    );
  for (const note of rows.notes ?? []) lines.push(note);
  return lines.join("\n");
}

function plural(count: number): string {
  return count === 1 ? "1 row" : `${count} rows`;
}
