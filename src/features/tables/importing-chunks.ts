// Rows of a frame or table put into a table by SQL alone, where no value changes on the way; row by row where one might. Runs in the workspace.
import type { Cell, Column, Row } from "../../engines/frame/types.ts";
import { chunkTable, columnValue } from "../../engines/frame/view.ts";
import { quoteName } from "../../engines/sql/identifiers.ts";
import { tableLimits } from "../../workspace-limits.ts";
import type { Frame } from "../frames/schema.ts";
import { nameList } from "./ddl-sql.ts";
import { insertRows } from "./record-writing.ts";
import { type Table, type TableColumn, timestampDigits } from "./schema.ts";
import { readTable, requireRoom, type TableDeps } from "./table-store.ts";

/** A column on its way from a row's place to the table. */
export interface Path {
  column: Column;
  index: number;
  target: TableColumn;
  convert: (cell: Cell) => Cell;
}

/** Adds a frame's rows to a table, in order; returns how many. Throws as `insertRows`, with the row's number. */
export function insertChunks(
  deps: TableDeps,
  table: Table,
  frame: Pick<Frame, "storage">,
  paths: readonly Path[],
): number {
  const chunks = chunkTable(frame.storage);
  const places = deps.sql
    .exec<{ k: number; n: number; bytes: number }>(`SELECT k, n, length(d) AS bytes FROM ${chunks} ORDER BY k`)
    .toArray();
  const isPlain = paths.every(isUnchanged);
  const statement = isPlain ? plainInsert(table, chunks, paths) : "";
  let added = 0;
  for (const { k, n, bytes } of places) {
    requireRoom(deps);
    // A chunk this small holds no value that is too long.
    if (!isPlain || bytes > tableLimits.cellBytes || !succeeds(deps, statement, k)) {
      const { json } = deps.sql.exec<{ json: string }>(`SELECT json(d) AS json FROM ${chunks} WHERE k = ?`, k).one();
      insertRows(deps, table, namesOf(paths), convertedRows(JSON.parse(json) as Row[], paths), added + 1);
    }
    added += n;
  }
  return added;
}

/** Adds the rows of another table, in order; returns how many. Throws as `insertRows`, with the row's number. */
export function insertFromTable(deps: TableDeps, table: Table, source: Table, paths: readonly Path[]): number {
  requireRoom(deps);
  const { count, rows } = readTable(deps, source);
  const from = nameList(paths.map(({ column }) => column.name));
  const statement = `INSERT INTO ${quoteName(table.name)} (${nameList(namesOf(paths))}) SELECT ${from} FROM ${quoteName(source.name)} ORDER BY rowid`;
  // A table has no NaN, so its floats are what they are.
  const isPlain = paths.every(({ column: { special: _, ...column }, ...path }) => isUnchanged({ column, ...path }));
  if (isPlain && succeeds(deps, statement)) return count;
  return insertRows(deps, table, namesOf(paths), convertedRows(each(rows()), paths));
}

function* each(batches: Generator<Row[]>): Generator<Row> {
  for (const rows of batches) yield* rows;
}

const namesOf = (paths: readonly Path[]): string[] => paths.map(({ target }) => target.name);

function* convertedRows(rows: Iterable<Row>, paths: readonly Path[]): Generator<Row> {
  for (const row of rows) yield paths.map(({ index, convert }) => convert(row[index] ?? null));
}

/** True when SQL gives the table just the value that the frame has: same type, same digits. NaN is for the row's own error to tell of. */
function isUnchanged({ column, target }: Path): boolean {
  if (column.type === "int64") return target.type === "int";
  if (column.type !== target.type || column.special === true) return false;
  return column.type !== "timestamp" || (column.unit !== undefined && unitOf(target) === unitOf(column));
}

const unitOf = (column: { unit?: Column["unit"] }): number => timestampDigits(column);

function plainInsert(table: Table, chunks: string, paths: readonly Path[]): string {
  const values = paths.map(({ column, index }) =>
    column.type === "decimal" ? `value->>${index}` : columnValue(column, index),
  );
  return `INSERT INTO ${quoteName(table.name)} (${nameList(namesOf(paths))}) SELECT ${values.join(", ")} FROM ${chunks}, json_each(${chunks}.d) WHERE ${chunks}.k = ?`;
}

/** False when SQLite refuses a row: then none is in, and the rows are gone through to say which. */
function succeeds(deps: TableDeps, statement: string, ...params: number[]): boolean {
  try {
    deps.sql.exec(statement, ...params);
    return true;
  } catch (error) {
    if (error instanceof Error && /constraint failed|cannot store/.test(error.message)) return false;
    throw error;
  }
}
