// A backup's state staged in an object and loaded from there in one turn. Synchronous; SQL only. Runs in the team object.

import { AppError } from "../../core/errors.ts";
import { newId } from "../../core/ids.ts";
import { quoteName } from "../../engines/sql/identifiers.ts";
import { bufferOf, hasTable, type RawSql } from "./snapshot-store.ts";

type Value = ArrayBuffer | string | number | null;

/** Rows of one table, as they are staged. */
export interface StagedTable {
  name: string;
  columns: string[];
  /** Each row's line, read only when asked for. */
  rows: Iterable<string>;
}

/** Begins to stage: whatever was staged before is dropped. Returns the name under which pieces are taken. */
export function beginStaging(sql: RawSql, now: number): string {
  dropStaging(sql);
  sql.exec("CREATE TABLE restore_staging (session TEXT NOT NULL, started_at INTEGER NOT NULL)");
  sql.exec("CREATE TABLE restore_chunks (at INTEGER PRIMARY KEY, content BLOB NOT NULL)");
  const session = newId("rst");
  sql.exec("INSERT INTO restore_staging (session, started_at) VALUES (?, ?)", session, now);
  return session;
}

/** Adds piece number `at`. Throws `conflict` when another restore has begun meanwhile. */
export function stagePiece(sql: RawSql, session: string, at: number, bytes: Uint8Array): void {
  requireStaging(sql, session);
  sql.exec("INSERT INTO restore_chunks (at, content) VALUES (?, ?)", at, bufferOf(bytes));
}

/** When the staging that is there began (Unix milliseconds); undefined when there is none. */
export function stagedAt(sql: RawSql): number | undefined {
  if (!hasTable(sql, "restore_staging")) return undefined;
  return sql.exec<{ at: number }>("SELECT started_at AS at FROM restore_staging").one().at;
}

export function dropStaging(sql: RawSql): void {
  sql.exec("DROP TABLE IF EXISTS restore_chunks");
  sql.exec("DROP TABLE IF EXISTS restore_staging");
}

/** Leaves a mark in an object that was made for a moment only: what an alarm finds there it clears away. */
export function markTemporary(sql: RawSql): void {
  sql.exec("DROP TABLE restore_chunks");
}

export function isTemporary(sql: RawSql): boolean {
  return hasTable(sql, "restore_staging") && !hasTable(sql, "restore_chunks");
}

export function requireStaging(sql: RawSql, session: string): void {
  const staged = hasTable(sql, "restore_staging")
    ? sql.exec<{ session: string }>("SELECT session FROM restore_staging").one().session
    : undefined;
  if (staged === session) return;
  throw new AppError("conflict", "Another restore of this team has begun meanwhile, so this one ends.", {
    hint: "Wait until the other is done, look at the team, then preview again.",
  });
}

/** The lines of what is staged, in flat memory. */
function* stagedLines(sql: RawSql): Generator<string> {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  let rest = "";
  for (let at = 0; ; at++) {
    const piece = sql
      .exec<{ content: ArrayBuffer }>("SELECT content FROM restore_chunks WHERE at = ?", at)
      .toArray()[0];
    if (piece === undefined) break;
    const lines = (rest + decoder.decode(piece.content, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
}

/** The lines of NDJSON in memory. */
export function linesOf(bytes: Uint8Array): string[] {
  return new TextDecoder().decode(bytes).split("\n").slice(0, -1);
}

/** Calls `visit` for every staged table in turn; rows it does not take are skipped. */
export function eachStaged(sql: RawSql, visit: (table: StagedTable) => void): void {
  eachTable(stagedLines(sql), visit);
}

/** The same for NDJSON in memory. */
export function eachTable(lines: Iterable<string>, visit: (table: StagedTable) => void): void {
  const iterator = lines[Symbol.iterator]();
  let next = iterator.next();
  function* rows(): Generator<string> {
    for (next = iterator.next(); next.done !== true && next.value.startsWith("["); next = iterator.next()) {
      yield next.value;
    }
  }
  while (next.done !== true) {
    const { table, columns } = JSON.parse(next.value) as { table: string; columns: string[] };
    const own = rows();
    // A loop that stops early ends its generator, so what is not taken is passed over here.
    visit({ name: table, columns, rows: { [Symbol.iterator]: () => ({ next: () => own.next() }) } });
    while (own.next().done !== true);
  }
}

/** A row's values. */
export function valuesOf(line: string): Value[] {
  return (JSON.parse(line) as unknown[]).map((value) =>
    typeof value === "object" && value !== null && "$hex" in value ? fromHex(String(value.$hex)) : (value as Value),
  );
}

function fromHex(text: string): ArrayBuffer {
  const bytes = Uint8Array.from({ length: text.length / 2 }, (_, at) =>
    Number.parseInt(text.slice(at * 2, at * 2 + 2), 16),
  );
  return bytes.buffer as ArrayBuffer;
}

/** Puts rows into a table that has these columns. `change` may alter a row by column name, or leave it out. */
export function insertRows(
  sql: RawSql,
  { name, columns, rows }: StagedTable,
  change?: (row: Record<string, Value>) => boolean,
): number {
  // What has no type of its own would keep a number as a float; the platform's counters of AUTOINCREMENT are such.
  const place = name === "sqlite_sequence" ? "CAST(? AS INTEGER)" : "?";
  const places = columns.map((column) => (place !== "?" && column === "name" ? "?" : place)).join(", ");
  const insert = `INSERT INTO ${quoteName(name)} (${columns.map(quoteName).join(", ")}) VALUES (${places})`;
  let count = 0;
  for (const line of rows) {
    let values = valuesOf(line);
    if (change !== undefined) {
      const row = Object.fromEntries(columns.map((column, at) => [column, values[at] ?? null]));
      if (!change(row)) continue;
      values = columns.map((column) => row[column] ?? null);
    }
    sql.exec(insert, ...values);
    count++;
  }
  return count;
}

/** Lets rows come before those they refer to, until the end of the transaction; `requireReferences` must be asked before that. */
export function deferReferences(sql: RawSql): void {
  sql.exec("PRAGMA defer_foreign_keys = ON");
}

/** Throws `backup_unreadable` when a row refers to one that is not there. */
export function requireReferences(sql: RawSql): void {
  const broken = sql.exec("PRAGMA foreign_key_check").toArray();
  if (broken.length === 0) return;
  throw new AppError("backup_unreadable", "The backup is not whole: rows of it refer to others that are missing.", {
    hint: "Nothing was changed. Use another backup.",
    details: { rows: broken.length },
  });
}

/**
 * Loads every staged table into an object whose schema is that of the backup and whose tables are empty: bit for bit, but for uploads that were
 * under way, whose parts no backup has.
 */
export function loadAll(sql: RawSql): void {
  deferReferences(sql);
  sql.exec("DELETE FROM applied_migrations");
  const loaded: { name: string; columns: string[] }[] = [];
  eachStaged(sql, (table) => {
    if (!hasTable(sql, table.name)) throw unknownTable(table.name);
    // AUTOINCREMENT fills its counters while rows come in; the last word is the backup's.
    if (table.name === "sqlite_sequence") return;
    loaded.push(table);
    if (table.name === "upload_parts") return;
    insertRows(sql, table, table.name === "uploads" ? (row) => row.state === "completed" : undefined);
  });
  eachStaged(sql, (table) => {
    if (table.name !== "sqlite_sequence") return;
    sql.exec("DELETE FROM sqlite_sequence");
    insertRows(sql, table);
  });
  requireReferences(sql);
}

function unknownTable(name: string): AppError {
  return new AppError("backup_unreadable", `The backup holds a table that this version does not know: ${name}.`, {
    hint: "Deploy the version that took it, or a newer one.",
    details: { table: name },
  });
}
