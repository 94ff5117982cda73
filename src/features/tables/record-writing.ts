// Inserting records: one transaction, every value checked, each record that breaks a rule named by its number. Runs in the workspace.
import { AppError } from "../../core/errors.ts";
import { isRecord, parseExact } from "../../core/exact-json.ts";
import type { WorkspaceDeps } from "../../durable/workspace-deps.ts";
import type { Row } from "../../engines/frame/types.ts";
import { quoteName } from "../../engines/sql/identifiers.ts";
import { resultLimits } from "../../limits.ts";
import { sqlLimits, tableLimits } from "../../workspace-limits.ts";
import type { Caller } from "../access/access.ts";
import type { Reader } from "../workspace/schema.ts";
import { ChangeWriter } from "./change-log.ts";
import { columnNamed } from "./filters.ts";
import { readIds, readRows } from "./read-rows.ts";
import { type RecordValues, refusing } from "./record-errors.ts";
import { recordText, returningList } from "./record-reading.ts";
import type { Table, TableColumn } from "./schema.ts";
import { bumpTable, noteWriter, requireRoom, requireTable, type TableDeps } from "./table-store.ts";
import { boundValue, kindOf, type ReadValue, type SqlValue, sqlOfCell, sqlOfJson, valueBytes } from "./values.ts";

export interface InsertRequest {
  table: string;
  /** The records as JSON text, an array of objects: numbers keep all their digits that way. */
  records: string;
  onConflict: "error" | "ignore" | "update";
  /** Columns by which a record is known; the primary key when left out. */
  conflictColumns?: string[] | undefined;
}

export interface Inserted {
  table: string;
  inserted: number;
  updated: number;
  ignored: number;
  /** Row numbers of what was inserted or updated, in the order of the records. */
  rowIds: string[];
  /** Those records as JSON texts, as many as an answer holds. */
  records: string[];
  /** By which what was updated can be put back. */
  undo?: { undoRef: string; undoUntil: number };
}

/**
 * Inserts records, all or none. Throws `not_found`, `invalid_argument` and `constraint_failed` naming the record's number, and `too_large`.
 */
export async function insertRecords(
  deps: WorkspaceDeps,
  request: InsertRequest,
  reader: Reader,
  by: Caller,
): Promise<Inserted> {
  return await deps.change(by, () => {
    const table = requireTable(deps, request.table, reader);
    requireRoom(deps);
    const records = recordsOf(table, request.records);
    noteWriter(deps, by);
    const inserter = new Inserter(deps, table, request);
    records.forEach((values, index) => {
      inserter.add(values, `Record ${index + 1}`);
    });
    const result = inserter.finish(by);
    if (result.inserted + result.updated === 0) return { result, audit: [] };
    bumpTable(deps, table.id, by);
    const { inserted, updated, ignored, undo } = result;
    const sample = result.rowIds.slice(0, tableLimits.sampleRows);
    const after = {
      inserted,
      updated,
      ignored,
      row_ids: sample,
      ...(undo === undefined ? {} : { undo_ref: undo.undoRef }),
    };
    return {
      result,
      audit: [{ action: "record.insert", target: { kind: "table", name: table.name }, after }],
      events: [{ kind: "table", name: table.name, change: "updated" }],
    };
  });
}

function recordsOf(table: Table, json: string): RecordValues[] {
  const records = parseExact(json);
  if (!Array.isArray(records)) throw new Error("records are an array");
  return records.map((record: unknown, index) => valuesOf(table, record, `Record ${index + 1}`));
}

/** The values of one record by column, checked. Throws `invalid_argument`, `too_large`. */
export function valuesOf(table: Table, record: unknown, place: string): RecordValues {
  if (!isRecord(record)) {
    throw new AppError(
      "invalid_argument",
      `${place}: a record is an object of columns and values, not ${kindOf(record)}.`,
      {
        hint: 'For example {"name": "Ada", "born": "1815-12-10"}.',
      },
    );
  }
  const values = new Map<string, SqlValue>();
  for (const [name, value] of Object.entries(record)) {
    const column = columnNamed(table, name, place);
    if (values.has(column.name)) {
      throw new AppError("invalid_argument", `${place}: the column "${column.name}" is given twice.`, {
        hint: "Upper and lower case are alike in the names of columns.",
      });
    }
    values.set(column.name, sqlOfJson(column, value, place));
  }
  requireRowSize(values.values(), place);
  return values;
}

/** Throws `too_large` for a record that SQLite would not keep. */
function requireRowSize(values: Iterable<SqlValue>, place: string): void {
  let bytes = 0;
  for (const value of values) bytes += valueBytes(value);
  if (bytes <= tableLimits.rowBytes) return;
  throw new AppError(
    "too_large",
    `${place} has ${bytes} bytes; one record has ${tableLimits.rowBytes} at most (limit rowBytes).`,
    {
      hint: "Split its long values over several records.",
      details: { limit: "rowBytes", value: tableLimits.rowBytes, bytes },
    },
  );
}

/** Inserts one record after the other and counts what became of them. */
class Inserter {
  readonly #deps: WorkspaceDeps;
  readonly #table: Table;
  readonly #onConflict: InsertRequest["onConflict"];
  readonly #keys: TableColumn[];
  readonly #returning: string;
  readonly #result: Inserted;
  #recordBytes = 0;
  #writer: ChangeWriter | undefined;

  constructor(deps: WorkspaceDeps, table: Table, { onConflict, conflictColumns }: InsertRequest) {
    this.#deps = deps;
    this.#table = table;
    this.#onConflict = onConflict;
    const isKeyed = onConflict === "update" || (onConflict === "ignore" && conflictColumns !== undefined);
    this.#keys = isKeyed ? conflictKeys(deps, table, conflictColumns ?? table.constraints.primaryKey) : [];
    this.#returning = ` RETURNING ${returningList(table.columns)}`;
    this.#result = { table: table.name, inserted: 0, updated: 0, ignored: 0, rowIds: [], records: [] };
  }

  add(values: RecordValues, place: string): void {
    refusing(
      this.#deps,
      () => ({ table: this.#table, place, values }),
      () => {
        const existing = this.#onConflict === "update" ? this.#existing(values, place) : undefined;
        if (existing === undefined) this.#insert(values);
        else this.#update(existing, values, place);
      },
    );
  }

  finish(by: Caller): Inserted {
    const { updated } = this.#result;
    if (this.#writer === undefined) return this.#result;
    const change = { tableId: this.#table.id, action: "update" as const, records: updated };
    return { ...this.#result, undo: this.#writer.finish(this.#deps, by, change) };
  }

  #insert(values: RecordValues): void {
    const columns = columnsOf(this.#table, values);
    const target = this.#keys.length === 0 ? "" : ` (${this.#keys.map(({ name }) => quoteName(name)).join(", ")})`;
    const conflict = this.#onConflict === "ignore" ? ` ON CONFLICT${target} DO NOTHING` : "";
    const rows = this.#run(`${insertSql(this.#table, columns, 1)}${conflict}`, [...values.values()]);
    if (rows === 0) this.#result.ignored += 1;
    else this.#result.inserted += 1;
  }

  #update(rowId: string, values: RecordValues, place: string): void {
    if (this.#result.rowIds.includes(rowId)) {
      throw new AppError("invalid_argument", `${place}: an earlier record of this call has the same key.`, {
        hint: "Give each key once. Nothing was changed.",
      });
    }
    const columns = columnsOf(this.#table, values).filter((column) => !this.#keys.includes(column));
    if (columns.length === 0) {
      this.#result.ignored += 1;
      return;
    }
    const after = columns.map(({ name }) => values.get(name) ?? null);
    this.#writer ??= new ChangeWriter(this.#deps);
    this.#writer.keepUpdated(this.#table, columns, after, [rowId]);
    const set = columns.map((column) => `${quoteName(column.name)} = ${boundValue(column)}`).join(", ");
    this.#run(`UPDATE ${quoteName(this.#table.name)} SET ${set} WHERE rowid = CAST(? AS INTEGER)`, [...after, rowId]);
    this.#result.updated += 1;
  }

  /** The row that the record is about; undefined when there is none. A null is like no other value. */
  #existing(values: RecordValues, place: string): string | undefined {
    const given = this.#keys.map((column) => {
      const value = values.get(column.name);
      if (value !== undefined) return value;
      // SQLite numbers a record without its number; no other key is guessed.
      if (this.#table.constraints.primaryKey.includes(column.name) && this.#keys.length === 1) return null;
      throw new AppError(
        "invalid_argument",
        `${place}: the column "${column.name}" decides what is updated and has no value.`,
        {
          hint: "Give every record a value for each of conflict_columns.",
        },
      );
    });
    if (given.includes(null)) return undefined;
    const where = this.#keys.map((column) => `${quoteName(column.name)} = ${boundValue(column)}`).join(" AND ");
    const statement = `SELECT CAST(rowid AS TEXT) FROM ${quoteName(this.#table.name)} WHERE ${where}`;
    return readIds(this.#deps.sql, statement, given)[0];
  }

  #run(statement: string, params: SqlValue[]): number {
    const rows = readRows<ReadValue[]>(this.#deps.sql, `${statement}${this.#returning}`, params);
    for (const [rowId, ...read] of rows) {
      this.#result.rowIds.push(String(rowId));
      if (this.#recordBytes > resultLimits.rowsBytes) continue;
      const text = recordText(this.#table.columns, read);
      this.#recordBytes += text.length + 1;
      if (this.#recordBytes <= resultLimits.rowsBytes) this.#result.records.push(text);
    }
    return rows.length;
  }
}

function columnsOf(table: Table, values: RecordValues): TableColumn[] {
  return [...values.keys()].map((name) => columnNamed(table, name, "record"));
}

function insertSql(table: Table, columns: readonly TableColumn[], records: number): string {
  const into = `INSERT INTO ${quoteName(table.name)}`;
  if (columns.length === 0) return `${into} DEFAULT VALUES`;
  const record = `(${columns.map(boundValue).join(", ")})`;
  return `${into} (${columns.map(({ name }) => quoteName(name)).join(", ")}) VALUES ${Array(records).fill(record).join(", ")}`;
}

/** The columns by which records are known: together unique. Throws `invalid_argument`. */
function conflictKeys(deps: TableDeps, table: Table, names: readonly string[]): TableColumn[] {
  const keys = [...new Set(names.map((name) => columnNamed(table, name, "conflict_columns")))];
  const lists = [table.constraints.primaryKey, ...uniqueIndexes(deps, table)];
  const isSame = (list: readonly string[]) =>
    list.length === keys.length && keys.every(({ name }) => list.includes(name));
  if (lists.some(isSame)) return keys;
  const known = lists.map((list) => list.map((name) => `"${name}"`).join(", ")).join("; ");
  throw new AppError(
    "invalid_argument",
    `conflict_columns: no constraint of "${table.name}" makes ${keys.map(({ name }) => `"${name}"`).join(", ")} unique.`,
    { hint: `Unique are ${known}. create_index makes further columns unique.` },
  );
}

function uniqueIndexes(deps: Pick<TableDeps, "sql">, table: Table): string[][] {
  const rows = deps.sql
    .exec<{ index: string; name: string | null }>(
      `SELECT l.name AS "index", i.name FROM pragma_index_list(?) AS l, pragma_index_info(l.name) AS i WHERE l."unique" = 1 AND l.partial = 0 ORDER BY l.seq, i.seqno`,
      table.name,
    )
    .toArray();
  const lists = new Map<string, string[]>();
  for (const { index, name } of rows) lists.set(index, [...(lists.get(index) ?? []), name ?? ""]);
  return [...lists.values()];
}

/**
 * Adds rows, in the encoding of frames, to a table: part of a transaction of the caller's, who has called noteWriter and calls bumpTable. `first` is the
 * number of the first row in errors. Returns how many were added. Throws as `insertRecords`.
 */
export function insertRows(
  deps: TableDeps,
  table: Table,
  columnNames: readonly string[],
  rows: Iterable<Row>,
  first = 1,
): number {
  requireRoom(deps);
  const columns = columnNames.map((name) => columnNamed(table, name, "columns"));
  const atOnce = Math.max(1, Math.floor(sqlLimits.params / Math.max(1, columns.length)));
  let added = 0;
  let batch: SqlValue[][] = [];
  const flush = () => {
    if (batch.length > 0) insertBatch(deps, table, columns, batch, first + added);
    added += batch.length;
    batch = [];
  };
  for (const row of rows) {
    const place = `Row ${first + added + batch.length}`;
    const values = columns.map((column, index) => sqlOfCell(column, row[index] ?? null, place));
    requireRowSize(values, place);
    batch.push(values);
    if (batch.length === atOnce) flush();
  }
  flush();
  return added;
}

function insertBatch(
  deps: TableDeps,
  table: Table,
  columns: readonly TableColumn[],
  batch: readonly SqlValue[][],
  first: number,
): void {
  try {
    deps.sql.exec(insertSql(table, columns, batch.length), ...batch.flat());
    return;
  } catch (error) {
    // SQLite undid the statement but does not say which row it was.
    if (!(error instanceof Error) || !error.message.includes("constraint failed")) throw error;
  }
  for (const [index, row] of batch.entries()) {
    const values = new Map(columns.map(({ name }, at) => [name, row[at] ?? null]));
    refusing(
      deps,
      () => ({ table, place: `Row ${first + index}`, values }),
      () => deps.sql.exec(insertSql(table, columns, 1), ...row),
    );
  }
}
