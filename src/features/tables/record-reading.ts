// Querying records: filter, search, order and page, every value read without loss. Runs in the workspace.
import { AppError } from "../../core/errors.ts";
import { parseExact } from "../../core/exact-json.ts";
import type { WorkspaceDeps } from "../../durable/workspace-deps.ts";
import { quoteName } from "../../engines/sql/identifiers.ts";
import { resultLimits } from "../../limits.ts";
import type { Reader } from "../workspace/schema.ts";
import { columnNamed, conditionOf, recordAlias } from "./filters.ts";
import { decimalKeySql } from "./literals.ts";
import { readIds, readNumber, readRows } from "./read-rows.ts";
import type { ColumnType, Table, TableColumn } from "./schema.ts";
import { requireTable, searchTable } from "./table-store.ts";
import { jsonOfRead, type ReadValue, readValue, type SqlValue } from "./values.ts";

export interface RecordQuery {
  table: string;
  /** As JSON text: numbers keep all their digits that way. */
  filters?: string | undefined;
  /** All when left out. */
  columns?: string[] | undefined;
  /** `column`, `column asc` or `column desc`. */
  orderBy: string[];
  /** Words to look for, where the table has full-text search. */
  search?: string | undefined;
  offset: number;
  limit: number;
  /** Only the total. */
  countOnly: boolean;
  /** The version that a cursor was made for. */
  version?: number | undefined;
}

export interface QueriedRecords {
  table: string;
  columns: { name: string; type: ColumnType }[];
  /** JSON texts; fewer than asked for when they come to more bytes than an answer holds. */
  records: string[];
  total: number;
  /** Of the table's rows, for a cursor. */
  version: number;
}

/** Throws `not_found`, `invalid_argument`, and `cursor_stale` when the table was written to since the cursor was made. */
export function queryRecords(
  deps: Pick<WorkspaceDeps, "db" | "sql" | "now">,
  query: RecordQuery,
  reader: Reader,
): QueriedRecords {
  const table = requireTable(deps, query.table, reader);
  if (query.version !== undefined && query.version !== table.dataVersion) {
    throw new AppError(
      "cursor_stale",
      `The records of "${table.name}" have changed since this page's cursor was made.`,
      {
        hint: "Make the same call without a cursor to start again.",
      },
    );
  }
  const columns = chosenColumns(table, query.columns);
  const from = sourceOf(table, query);
  const order = orderOf(table, query.orderBy, query.search !== undefined);
  const total = readNumber(deps.sql, `SELECT count(*) FROM ${from.sql}`, from.params);
  const { dataVersion: version, name } = table;
  const shown = columns.map(({ name, type }) => ({ name, type }));
  if (query.countOnly) return { table: name, columns: shown, records: [], total, version };
  // Row numbers first: how many of the records fit is known only when they are read.
  const rowId = `CAST(${recordAlias}.rowid AS TEXT)`;
  const page = `SELECT ${rowId} FROM ${from.sql} ORDER BY ${order} LIMIT ${query.limit} OFFSET ${query.offset}`;
  const records = readRecords(deps, table, columns, readIds(deps.sql, page, from.params));
  return { table: name, columns: shown, records, total, version };
}

/** The records of these row numbers in that order, as JSON texts, until they come to more bytes than an answer holds. */
function readRecords(
  deps: Pick<WorkspaceDeps, "sql">,
  table: Table,
  columns: readonly TableColumn[],
  ids: readonly string[],
): string[] {
  const list = columns.map((column) => readValue(column, quoteName(column.name))).join(", ");
  const statement = `SELECT ${list} FROM ${quoteName(table.name)} WHERE rowid = CAST(? AS INTEGER)`;
  const records: string[] = [];
  let bytes = 0;
  for (const id of ids) {
    if (bytes > resultLimits.rowsBytes) break;
    const record = recordText(columns, readRows<ReadValue[]>(deps.sql, statement, [id])[0] ?? []);
    records.push(record);
    bytes += record.length + 1;
  }
  return records;
}

/** What RETURNING or SELECT names so that `recordText` can write it, after the row's number. */
export function returningList(columns: readonly TableColumn[]): string {
  return ["CAST(rowid AS TEXT)", ...columns.map((column) => readValue(column, quoteName(column.name)))].join(", ");
}

/** A record as JSON text. */
export function recordText(columns: readonly TableColumn[], values: readonly ReadValue[]): string {
  const members = columns.map(
    (column, index) => `${JSON.stringify(column.name)}:${jsonOfRead(column, values[index] ?? null)}`,
  );
  return `{${members.join(",")}}`;
}

function chosenColumns(table: Table, names: readonly string[] | undefined): TableColumn[] {
  if (names === undefined) return table.columns;
  return [...new Set(names.map((name) => columnNamed(table, name, "columns")))];
}

/** What follows FROM: the table, the search and the condition. */
function sourceOf(table: Table, { filters, search }: RecordQuery): { sql: string; params: SqlValue[] } {
  const condition = conditionOf(table, filters === undefined ? undefined : parseExact(filters));
  const own = `${quoteName(table.name)} AS ${recordAlias}`;
  if (search === undefined) {
    return { sql: condition.sql === "" ? own : `${own} WHERE ${condition.sql}`, params: condition.params };
  }
  const index = quoteName(requireSearch(table));
  const where = [`s.${index} MATCH ?`, ...(condition.sql === "" ? [] : [condition.sql])].join(" AND ");
  return {
    sql: `${own} JOIN ${index} AS s ON s.rowid = ${recordAlias}.rowid WHERE ${where}`,
    params: [searchWords(search), ...condition.params],
  };
}

function requireSearch(table: Table): string {
  if (table.searched.length > 0) return searchTable(table.name);
  throw new AppError("invalid_argument", `search: the table "${table.name}" has no full-text search.`, {
    hint: "alter_table gives it one over columns of text; filters with like find short parts.",
  });
}

/**
 * Words as full-text search takes them: all must be there; `word*` stands for what begins so, "several words" in quotes for just that phrase.
 * Throws `invalid_argument` when there is none.
 */
export function searchWords(search: string): string {
  const words = [...search.matchAll(/"([^"]*)"|(\S+)/g)].flatMap(([, phrase, word = ""]) => {
    const isPrefix = phrase === undefined && word.endsWith("*");
    const text = (phrase ?? word).replaceAll('"', " ").replace(/\*+$/, "").replaceAll("\u0000", " ").trim();
    return text === "" ? [] : [`"${text}"${isPrefix ? "*" : ""}`];
  });
  if (words.length > 0) return words.join(" ");
  throw new AppError("invalid_argument", "search: there is no word in it.", {
    hint: 'Give words that must all occur, e.g. `late deliver*` or `"New York"`.',
  });
}

/** What follows ORDER BY: as asked, else by relevance where there is a search, and last by the primary key, so that the order is always the same. */
function orderOf(table: Table, orderBy: readonly string[], isSearch: boolean): string {
  const asked = orderBy.map((text) => orderTerm(table, text));
  const terms =
    asked.length === 0 && isSearch ? ["s.rank"] : asked.flatMap(({ column, isDown }) => termsOf(column, isDown));
  const named = new Set(asked.map(({ column }) => column.name));
  for (const name of table.constraints.primaryKey)
    if (!named.has(name)) terms.push(`${recordAlias}.${quoteName(name)}`);
  return terms.join(", ");
}

function orderTerm(table: Table, text: string): { column: TableColumn; isDown: boolean } {
  // A name may end in " desc" itself.
  const whole = table.columns.find(({ name }) => name === text);
  if (whole !== undefined) return { column: whole, isDown: false };
  const [, name = text, direction = ""] = /^(.*\S)\s+(asc|desc)$/is.exec(text.trim()) ?? [];
  return { column: columnNamed(table, name.trim(), "order_by"), isDown: direction.toLowerCase() === "desc" };
}

function termsOf(column: TableColumn, isDown: boolean): string[] {
  const reference = `${recordAlias}.${quoteName(column.name)}`;
  const [up, down] = isDown ? [" DESC", ""] : ["", " DESC"];
  if (column.type !== "decimal") return [`${reference}${up}`];
  const { magnitude, key } = decimalKeySql(reference);
  // Below zero the larger digits are the smaller number.
  const isBelow = `${reference} LIKE '-%'`;
  return [
    `${magnitude}${up}`,
    `CASE WHEN ${isBelow} THEN NULL ELSE ${key} END${up}`,
    `CASE WHEN ${isBelow} THEN ${key} END${down}`,
  ];
}
