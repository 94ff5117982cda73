// Undoing an update or a deletion: all records are put back as they were, or none. Runs in the workspace.
import { AppError } from "../../core/errors.ts";
import type { WorkspaceDeps } from "../../durable/workspace-deps.ts";
import { quoteName } from "../../engines/sql/identifiers.ts";
import type { Caller } from "../access/access.ts";
import type { Reader } from "../workspace/schema.ts";
import { mayRead } from "../workspace/workspace.ts";
import {
  type Change,
  findChange,
  type KeptHead,
  type KeptRow,
  markUndone,
  readChange,
  sqlOfKept,
} from "./change-log.ts";
import { rowIdColumn } from "./ddl-sql.ts";
import type { TableColumn } from "./schema.ts";
import { allStored, bumpTable, noteWriter, type StoredTable, type TableDeps } from "./table-store.ts";
import { boundValue, type SqlValue } from "./values.ts";

export interface Undone {
  table: string;
  action: "update" | "delete";
  /** Records put back, those of other tables counted. */
  records: number;
}

const shownKeys = 5;

/**
 * Puts back what `undoRef` names. Throws `not_found` for what is none or is kept no longer, `conflict` when it was undone already, when a table is
 * gone, or when records were changed or their keys taken since; then nothing was changed.
 */
export async function undoChange(deps: WorkspaceDeps, undoRef: string, reader: Reader, by: Caller): Promise<Undone> {
  return await deps.change(by, () => {
    const change = findChange(deps, undoRef);
    const tables = new Map(allStored(deps).map((table) => [table.id, table]));
    const table = change === undefined ? undefined : tables.get(change.tableId);
    if (change === undefined || (table !== undefined && !mayRead(reader, table.sources))) throw noChange(undoRef);
    if (change.undoneAt !== null) {
      throw new AppError("conflict", `This change was undone already, at ${new Date(change.undoneAt).toISOString()}.`, {
        hint: "A change is undone once.",
      });
    }
    noteWriter(deps, by);
    const restorer = new Restorer(deps, tables, reader);
    for (const { head, row } of readChange(deps, undoRef)) restorer.putBack(head, row);
    const { records, touched } = restorer.finish();
    markUndone(deps, undoRef);
    for (const { id } of touched) bumpTable(deps, id, by);
    const name = table?.name ?? change.tableId;
    return {
      result: { table: name, action: change.action, records },
      audit: [{ action: "record.undo", target: { kind: "table", name }, after: undoneOf(change, records) }],
      events: touched.map((each) => ({ kind: "table", name: each.name, change: "updated" })),
    };
  });
}

function undoneOf({ id, action, by, at }: Change, records: number): Record<string, unknown> {
  return { undo_ref: id, action, records, by, at: new Date(at).toISOString() };
}

function noChange(undoRef: string): AppError {
  return new AppError("not_found", `There is no change "${undoRef}" that can be undone.`, {
    hint: "update_record, delete_record and upserts answer with undo_ref; it is kept for 7 days.",
  });
}

/** The columns of a head in the table as it is now. */
interface Target {
  table: StoredTable;
  columns: TableColumn[];
  keys: TableColumn[];
}

/** Puts rows back one by one and gathers those that cannot be. */
class Restorer {
  readonly #deps: TableDeps;
  readonly #tables: ReadonlyMap<string, StoredTable>;
  readonly #reader: Reader;
  readonly #targets = new Map<string, Target>();
  readonly #touched = new Map<string, StoredTable>();
  /** Rows that refer to others which may come later. */
  #waiting: { head: KeptHead; row: KeptRow }[] = [];
  #records = 0;
  #failed = 0;
  readonly #failedKeys: string[] = [];

  constructor(deps: TableDeps, tables: ReadonlyMap<string, StoredTable>, reader: Reader) {
    this.#deps = deps;
    this.#tables = tables;
    this.#reader = reader;
  }

  putBack(head: KeptHead, row: KeptRow): void {
    const target = this.#target(head);
    this.#touched.set(target.table.id, target.table);
    const outcome = attempt(() =>
      head.kind === "delete" ? this.#insert(target, row) : this.#update(target, head, row),
    );
    if (outcome === "waits") this.#waiting.push({ head, row });
    else if (outcome === "done") this.#records += 1;
    else this.#fail(target, row);
  }

  /** Throws `conflict` unless every row was put back. */
  finish(): { records: number; touched: StoredTable[] } {
    for (let left = Number.POSITIVE_INFINITY; this.#waiting.length > 0 && this.#waiting.length < left; ) {
      const waiting = this.#waiting;
      left = waiting.length;
      this.#waiting = [];
      for (const { head, row } of waiting) this.putBack(head, row);
    }
    for (const { head, row } of this.#waiting) this.#fail(this.#target(head), row);
    if (this.#failed === 0) return { records: this.#records, touched: [...this.#touched.values()] };
    const all = this.#failed + this.#records;
    throw new AppError(
      "conflict",
      `${this.#failed} of ${all} records cannot be put back: they were changed since, what they refer to is gone, or their unique values are taken.`,
      {
        hint: "Nothing was changed. Look at these records with query_records and change them one by one.",
        details: { failed: this.#failed, records: all, row_ids: this.#failedKeys },
      },
    );
  }

  #fail({ table }: Target, [rowId]: KeptRow): void {
    this.#failed += 1;
    if (this.#failedKeys.length < shownKeys) this.#failedKeys.push(`${table.name} ${rowId}`);
  }

  #target(head: KeptHead): Target {
    const key = JSON.stringify([head.tableId, head.columns, head.keys]);
    const known = this.#targets.get(key);
    if (known !== undefined) return known;
    const table = this.#tables.get(head.tableId);
    if (table === undefined || !mayRead(this.#reader, table.sources)) {
      throw new AppError("conflict", "A table that this change touched was dropped since, or is not shown to you.", {
        hint: "restore_table brings back a table that was dropped; then undo the change.",
      });
    }
    const find = (name: string) => {
      const column = table.columns.find((candidate) => candidate.name === name);
      if (column !== undefined) return column;
      throw new AppError(
        "conflict",
        `The table "${table.name}" no longer has the column "${name}" that this change touched.`,
        {
          hint: "Name the column so again, then undo the change.",
        },
      );
    };
    const target = { table, columns: head.columns.map(find), keys: head.keys.map(find) };
    this.#targets.set(key, target);
    return target;
  }

  #insert({ table, columns }: Target, [rowId, ...kept]: KeptRow): boolean {
    const name = quoteName(table.name);
    const values = columns.map((column, index) => sqlOfKept(column, kept[index] ?? null));
    const names = columns.map((column) => quoteName(column.name));
    const bound = columns.map(boundValue);
    // A number that is not the record's key may have been given to another row since; then it gets a new one.
    if (rowIdColumn(table) === undefined && this.#isFree(name, rowId)) {
      names.push("rowid");
      bound.push("CAST(? AS INTEGER)");
      values.push(rowId);
    }
    this.#deps.sql.exec(`INSERT INTO ${name} (${names.join(", ")}) VALUES (${bound.join(", ")})`, ...values);
    return true;
  }

  #isFree(name: string, rowId: string): boolean {
    return this.#deps.sql.exec(`SELECT 1 FROM ${name} WHERE rowid = CAST(? AS INTEGER)`, rowId).toArray().length === 0;
  }

  /** Only where the row still has what the change gave it. */
  #update({ table, columns, keys }: Target, { after = [] }: KeptHead, [rowId, ...kept]: KeptRow): boolean {
    const before: SqlValue[] = columns.map((column, index) => sqlOfKept(column, kept[index] ?? null));
    const set: SqlValue[] = columns.map((column, index) => sqlOfKept(column, after[index] ?? null));
    const own: SqlValue[] = keys.map((column, index) => sqlOfKept(column, kept[columns.length + index] ?? null));
    // A record whose number is its key was found under the key that it was given.
    const moved = columns.findIndex(({ name }) => name === rowIdColumn(table));
    const found = moved < 0 ? rowId : (set[moved] ?? rowId);
    const name = quoteName(table.name);
    const where = [...columns, ...keys]
      .map((column) => `${quoteName(column.name)} IS ${boundValue(column)}`)
      .join(" AND ");
    // Two statements, since one takes 100 values.
    const same = `SELECT 1 FROM ${name} WHERE rowid = CAST(? AS INTEGER) AND ${where}`;
    if (this.#deps.sql.exec(same, found, ...set, ...own).toArray().length === 0) return false;
    const assignments = columns.map((column) => `${quoteName(column.name)} = ${boundValue(column)}`).join(", ");
    this.#deps.sql.exec(`UPDATE ${name} SET ${assignments} WHERE rowid = CAST(? AS INTEGER)`, ...before, found);
    return true;
  }
}

function attempt(work: () => boolean): "done" | "failed" | "waits" {
  try {
    return work() ? "done" : "failed";
  } catch (error) {
    const text = error instanceof Error ? error.message : "";
    if (text.includes("FOREIGN KEY constraint failed")) return "waits";
    if (text.includes("constraint failed")) return "failed";
    throw error;
  }
}
