// Records as they were before an update or a deletion, kept so that it can be undone. Synchronous; runs in the workspace.
import { asc, eq, lte, sql } from "drizzle-orm";
import { AppError } from "../../core/errors.ts";
import { newId } from "../../core/ids.ts";
import type { WorkspaceDeps } from "../../durable/workspace-deps.ts";
import { bytesOfHex, hexOfBytes } from "../../engines/frame/binary.ts";
import { floatCell } from "../../engines/frame/types.ts";
import { quoteName } from "../../engines/sql/identifiers.ts";
import { tableLimits } from "../../workspace-limits.ts";
import type { Caller } from "../access/access.ts";
import { readRows } from "./read-rows.ts";
import type { Table, TableColumn } from "./schema.ts";
import type { TableDeps } from "./table-store.ts";
import { type ReadValue, readValue, type SqlValue, type ValueColumn } from "./values.ts";
import { changeChunks, changes } from "./workspace-table.ts";

/** A value as the log keeps it: int as digits, bool as 0 or 1, binary as hexadecimal, infinities by name. */
type KeptValue = string | number | null;

/** What rows that follow each other in the log have in common. */
export interface KeptHead {
  tableId: string;
  kind: "delete" | "update";
  /** Columns whose values were lost: of an update those that it set. */
  columns: string[];
  /** Columns that tell a row from another that has got its number since. */
  keys: string[];
  /** Of an update: what `columns` were set to. */
  after?: KeptValue[];
}

/** A row as it was: its number, the values of `columns`, then those of `keys`. */
export type KeptRow = [rowId: string, ...values: KeptValue[]];

const rowsAtOnce = 100;
const pieceChars = 256 * 1024;

function keptOf({ type }: Pick<ValueColumn, "type">, value: ReadValue | SqlValue): KeptValue {
  if (value === null) return null;
  if (value instanceof ArrayBuffer) return hexOfBytes(new Uint8Array(value));
  if (value instanceof Uint8Array) return hexOfBytes(value);
  return type === "float" && typeof value === "number" ? (floatCell(value) as KeptValue) : value;
}

export function sqlOfKept({ type }: Pick<ValueColumn, "type">, kept: KeptValue): SqlValue {
  if (kept === null) return null;
  if (type === "float") return Number(kept);
  return type === "binary" ? bytesOfHex(String(kept)) : String(kept);
}

/** The JSON array of row numbers, for json_each. */
export function idList(ids: readonly string[]): string {
  return `[${ids.join(",")}]`;
}

/** Writes what a change takes away, in pieces whatever the length of one record. */
export class ChangeWriter {
  readonly #deps: TableDeps;
  readonly #id = newId("undo");
  #head = "";
  #text = "";
  #chunk = 0;
  #chars = 0;

  constructor(deps: TableDeps) {
    this.#deps = deps;
  }

  /** Keeps all of rows that are about to be deleted. Throws `too_large` beyond changedBytes. */
  keepDeleted(table: Table, ids: readonly string[]): void {
    this.#keep(table, table.columns, [], ids, { kind: "delete" });
  }

  /** Keeps the values of columns of rows in which they are about to be set to `after`. Throws `too_large` beyond changedBytes. */
  keepUpdated(table: Table, columns: readonly TableColumn[], after: readonly SqlValue[], ids: readonly string[]): void {
    const isSet = (name: string) => columns.some((column) => column.name === name);
    const keys = table.columns.filter(({ name }) => table.constraints.primaryKey.includes(name) && !isSet(name));
    const kept = columns.map((column, index) => keptOf(column, after[index] ?? null));
    this.#keep(table, columns, keys, ids, { kind: "update", after: kept });
  }

  #keep(
    table: Table,
    columns: readonly TableColumn[],
    keys: readonly TableColumn[],
    ids: readonly string[],
    about: Pick<KeptHead, "kind" | "after">,
  ): void {
    const names = (list: readonly TableColumn[]) => list.map(({ name }) => name);
    this.#begin({ tableId: table.id, columns: names(columns), keys: names(keys), ...about });
    const all = [...columns, ...keys];
    const list = ["CAST(rowid AS TEXT)", ...all.map((column) => readValue(column, quoteName(column.name)))];
    const select = `SELECT ${list.join(", ")} FROM ${quoteName(table.name)}`;
    for (let start = 0; start < ids.length; start += rowsAtOnce) {
      const wanted = idList(ids.slice(start, start + rowsAtOnce));
      const statement = `${select} WHERE rowid IN (SELECT value FROM json_each(?)) ORDER BY rowid`;
      const rows = readRows<ReadValue[]>(this.#deps.sql, statement, [wanted]);
      for (const [id, ...values] of rows) {
        this.#line(JSON.stringify([String(id), ...all.map((column, index) => keptOf(column, values[index] ?? null))]));
      }
    }
  }

  /** What rows that follow each other have in common is said once. */
  #begin(head: KeptHead): void {
    const text = JSON.stringify(head);
    if (text !== this.#head) this.#line(text);
    this.#head = text;
  }

  #line(json: string): void {
    this.#chars += json.length + 1;
    if (this.#chars > tableLimits.changedBytes) {
      throw new AppError(
        "too_large",
        `These records have more than ${tableLimits.changedBytes} bytes, the most that one change keeps to be undone (limit changedBytes).`,
        {
          hint: "Nothing was changed. Change them in parts, with filters that take fewer records at a time.",
          details: { limit: "changedBytes", value: tableLimits.changedBytes },
        },
      );
    }
    this.#text += `${json}\n`;
    while (this.#text.length > pieceChars) this.#piece();
  }

  #piece(): void {
    const last = this.#text.charCodeAt(pieceChars - 1);
    // A pair of surrogates cut in two would not come back.
    const end = last >= 0xd800 && last <= 0xdbff ? pieceChars - 1 : pieceChars;
    this.#store(this.#text.slice(0, end));
    this.#text = this.#text.slice(end);
  }

  #store(records: string): void {
    this.#deps.db.insert(changeChunks).values({ changeId: this.#id, chunk: this.#chunk, records }).run();
    this.#chunk += 1;
  }

  /** Makes the change one that can be undone, and says by which reference and until when. */
  finish(
    deps: Pick<WorkspaceDeps, "wakeAt">,
    by: Caller,
    change: { tableId: string; action: "update" | "delete"; records: number },
  ): { undoRef: string; undoUntil: number } {
    if (this.#text !== "") this.#store(this.#text);
    const at = this.#deps.now();
    const expiresAt = at + tableLimits.undoMs;
    this.#deps.db
      .insert(changes)
      .values({ id: this.#id, ...change, by: by.actor.username, at, expiresAt, undoneAt: null })
      .run();
    deps.wakeAt(expiresAt);
    return { undoRef: this.#id, undoUntil: expiresAt };
  }
}

/** The rows of a change in the order they were kept, each with its head. */
export function* readChange(deps: TableDeps, id: string): Generator<{ head: KeptHead; row: KeptRow }> {
  let head: KeptHead | undefined;
  for (const line of changeLines(deps, id)) {
    const parsed = JSON.parse(line) as KeptHead | KeptRow;
    if (!Array.isArray(parsed)) head = parsed;
    else if (head !== undefined) yield { head, row: parsed };
  }
}

function* changeLines(deps: TableDeps, id: string): Generator<string> {
  let rest = "";
  const numbers = deps.db
    .select({ chunk: changeChunks.chunk })
    .from(changeChunks)
    .where(eq(changeChunks.changeId, id))
    .orderBy(asc(changeChunks.chunk))
    .all();
  for (const { chunk } of numbers) {
    const piece = deps.db
      .select({ records: changeChunks.records })
      .from(changeChunks)
      .where(sql`${changeChunks.changeId} = ${id} AND ${changeChunks.chunk} = ${chunk}`)
      .get();
    const lines = (rest + (piece?.records ?? "")).split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
}

export type Change = typeof changes.$inferSelect;

/** The change of that reference, as long as it is kept. */
export function findChange(deps: TableDeps, id: string): Change | undefined {
  const row = deps.db.select().from(changes).where(eq(changes.id, id)).get();
  return row === undefined || row.expiresAt <= deps.now() ? undefined : row;
}

export function markUndone(deps: TableDeps, id: string): void {
  deps.db.update(changes).set({ undoneAt: deps.now() }).where(eq(changes.id, id)).run();
}

/** Removes changes that can no longer be undone; says when the next will be due. */
export function sweepChanges(deps: TableDeps & Pick<WorkspaceDeps, "atomically">): number | undefined {
  deps.atomically(() => {
    const due = lte(changes.expiresAt, deps.now());
    const ids = deps.db.select({ id: changes.id }).from(changes).where(due).all();
    for (const { id } of ids) deps.db.delete(changeChunks).where(eq(changeChunks.changeId, id)).run();
    deps.db.delete(changes).where(due).run();
  });
  const next = deps.db
    .select({ at: sql<number | null>`min(${changes.expiresAt})` })
    .from(changes)
    .get();
  return next?.at ?? undefined;
}
