// Compact Markdown for models and people: tables and values. Runs everywhere.

/** One table cell: no pipes or line breaks that would end it; objects and arrays as JSON, a missing value as nothing. */
export function markdownCell(value: unknown): string {
  if (value === undefined) return "";
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return text
    .replaceAll("\\", "\\\\")
    .replaceAll("|", "\\|")
    .replaceAll(/\r\n|\r|\n/g, "⏎");
}

/** Cuts a text to `max` characters and says how many are missing. */
export function cutText(text: string, max: number): string {
  if (text.length <= max) return text;
  const end = text.charCodeAt(max - 1) >= 0xd800 && text.charCodeAt(max - 1) <= 0xdbff ? max - 1 : max;
  return `${text.slice(0, end)}… (+${text.length - end} characters)`;
}

/** A Markdown table of records; columns default to every key in order of first appearance. Cells longer than `maxCell` are cut, with what is missing. */
export function markdownTable(
  rows: readonly Readonly<Record<string, unknown>>[],
  columns: readonly string[] = columnsOf(rows),
  maxCell = 400,
): string {
  const line = (cells: readonly string[]): string => `|${cells.join("|")}|`;
  const head = line(columns.map(markdownCell));
  const rule = line(columns.map(() => "-"));
  const body = rows.map((row) => line(columns.map((column) => cutText(markdownCell(ownValue(row, column)), maxCell))));
  return [head, rule, ...body].join("\n");
}

/** The record's own value under that key: data may call a column `constructor`, which every object inherits. */
export function ownValue(record: Readonly<Record<string, unknown>>, key: string): unknown {
  return Object.hasOwn(record, key) ? record[key] : undefined;
}

/** Every key of the records, in order of first appearance. */
export function columnsOf(rows: readonly Readonly<Record<string, unknown>>[]): string[] {
  const columns = new Set<string>();
  for (const row of rows) for (const key of Object.keys(row)) columns.add(key);
  return [...columns];
}
