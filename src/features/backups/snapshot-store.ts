// A team's whole state as NDJSON, read in one turn and kept in pieces until it is stored. Synchronous; SQL only. Runs in the team object.

import { AppError } from "../../core/errors.ts";
import { hex } from "../../core/ids.ts";
import { quoteName } from "../../engines/sql/identifiers.ts";
import { backupLimits } from "../../workflow-limits.ts";
import type { BackupFile, BackupReason, SnapshotHead, TableRows } from "./schema.ts";
import { scratchTables } from "./team-state.ts";

/** The object's SQLite without drizzle: tables are read and written whatever their columns are. */
export type RawSql = Pick<SqlStorage, "exec" | "databaseSize">;

/** Who took a snapshot, when and why. */
export interface SnapshotOrigin {
  reason: BackupReason;
  createdBy: string;
  createdAt: number;
}

type Value = ArrayBuffer | string | number | null;

/** Characters that are encoded at a time. */
const batchChars = 128 * 1024;

/** `name` as SQL: names of tables and columns come from the schema, never from a caller. */

export function hasTable(sql: RawSql, name: string): boolean {
  return sql.exec("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", name).toArray().length > 0;
}

/** The tables of the team's state, by name: all there are but scratch and the platform's own, which begin with an underscore, also those of a local server. */
export function stateTables(sql: RawSql): string[] {
  return sql
    .exec<{ name: string }>(
      "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\\_%' ESCAPE '\\' ORDER BY name",
    )
    .toArray()
    .map(({ name }) => name)
    .filter((name) => !scratchTables.has(name));
}

/**
 * Writes tables as NDJSON: per table a line `{"table":…,"columns":[…]}`, then one JSON array a row, in the order of their rowids. Numbers are
 * JavaScript's own, exact both ways; bytes are `{"$hex":…}`. `emit` gets UTF-8 in pieces of any size.
 */
export function writeTables(
  sql: RawSql,
  tables: readonly string[],
  emit: (bytes: Uint8Array) => void,
): { tables: TableRows[]; rows: number; bytes: number } {
  const encoder = new TextEncoder();
  let text = "";
  let bytes = 0;
  const flush = (): void => {
    const encoded = encoder.encode(text);
    text = "";
    bytes += encoded.length;
    emit(encoded);
  };
  const written: TableRows[] = [];
  for (const name of tables) {
    const cursor = sql.exec(`SELECT * FROM ${quoteName(name)} ORDER BY rowid`);
    text += `${JSON.stringify({ table: name, columns: cursor.columnNames })}\n`;
    let rows = 0;
    for (const row of cursor.raw<Value[]>()) {
      text += `${JSON.stringify(row.some(isBytes) ? row.map(plain) : row)}\n`;
      rows++;
      if (text.length >= batchChars) flush();
    }
    written.push({ name, rows });
  }
  flush();
  return { tables: written, rows: written.reduce((sum, { rows }) => sum + rows, 0), bytes };
}

const isBytes = (value: Value): boolean => value instanceof ArrayBuffer;
const plain = (value: Value): unknown => (value instanceof ArrayBuffer ? { $hex: hex(new Uint8Array(value)) } : value);

/** Cuts what is written into pieces of one size. */
export class PieceCutter {
  readonly #piece: (bytes: Uint8Array) => void;
  readonly #size: number;
  #buffer: Uint8Array;
  #used = 0;

  constructor(size: number, piece: (bytes: Uint8Array) => void) {
    this.#size = size;
    this.#piece = piece;
    this.#buffer = new Uint8Array(size);
  }

  write(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; ) {
      const part = bytes.subarray(at, at + this.#size - this.#used);
      this.#buffer.set(part, this.#used);
      this.#used += part.length;
      at += part.length;
      if (this.#used === this.#size) this.end();
    }
  }

  /** Gives out what is left, if anything. */
  end(): void {
    if (this.#used === 0) return;
    this.#piece(this.#buffer.slice(0, this.#used));
    this.#used = 0;
  }
}

function makeScratch(sql: RawSql): void {
  sql.exec(
    "CREATE TABLE IF NOT EXISTS backup_heads (backup_id TEXT PRIMARY KEY, origin TEXT NOT NULL, head TEXT NOT NULL)",
  );
  sql.exec(
    "CREATE TABLE IF NOT EXISTS backup_chunks (backup_id TEXT NOT NULL, at INTEGER NOT NULL, content BLOB NOT NULL, PRIMARY KEY (backup_id, at))",
  );
  sql.exec(
    "CREATE TABLE IF NOT EXISTS backup_files (backup_id TEXT NOT NULL, r2_key TEXT NOT NULL, bytes INTEGER NOT NULL, sha256 TEXT NOT NULL, kind TEXT NOT NULL, stored_key TEXT, is_reused INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (backup_id, r2_key))",
  );
}

/**
 * Reads the whole state into pieces that wait to be stored. To be run in a transaction, so that nothing half-written stays. Works on any schema
 * that the team has had. Throws `too_large` over backupLimits.stateBytes, before a migration over migrationStateBytes.
 */
export function takeSnapshot(sql: RawSql, id: string, origin: SnapshotOrigin): SnapshotHead {
  requireSize(sql, origin.reason === "migration" ? "migrationStateBytes" : "stateBytes");
  makeScratch(sql);
  let chunks = 0;
  const cutter = new PieceCutter(backupLimits.chunkBytes, (bytes) => {
    sql.exec("INSERT INTO backup_chunks (backup_id, at, content) VALUES (?, ?, ?)", id, chunks++, bufferOf(bytes));
  });
  const written = writeTables(sql, stateTables(sql), (bytes) => cutter.write(bytes));
  cutter.end();
  sql.exec(
    `INSERT INTO backup_files (backup_id, r2_key, bytes, sha256, kind)
     SELECT DISTINCT ?, r2_key, bytes, trim(etag, '"'), kind FROM (${contentsOf(sql)})`,
    id,
  );
  const head: SnapshotHead = { ...stateOf(sql), ...written, chunks };
  sql.exec(
    "INSERT INTO backup_heads (backup_id, origin, head) VALUES (?, ?, ?)",
    id,
    JSON.stringify(origin),
    JSON.stringify(head),
  );
  return head;
}

/** The contents of datasets, kept versions included, where the schema has those. Two versions may share one. */
export function contentsOf(sql: RawSql): string {
  const current = "SELECT r2_key, bytes, etag, kind FROM datasets WHERE deleted_at IS NULL";
  if (!hasTable(sql, "dataset_versions")) return current;
  return `${current} UNION SELECT r2_key, bytes, etag, kind FROM dataset_versions`;
}

function requireSize(sql: RawSql, limit: "stateBytes" | "migrationStateBytes"): void {
  const value = backupLimits[limit];
  if (sql.databaseSize <= value) return;
  throw new AppError(
    "too_large",
    `This team's storage is ${sql.databaseSize} bytes; this backup takes ${value} at most (limit ${limit}).`,
    {
      hint: "Export the library instead, and the datasets by their routes.",
      details: { limit, value },
    },
  );
}

function stateOf(sql: RawSql): { revision: number; migration: string } {
  const { revision } = sql.exec<{ revision: number }>("SELECT revision FROM team").one();
  return { revision, migration: migrationOf(sql) };
}

/** The newest migration that the team has had. */
export function migrationOf(sql: RawSql): string {
  return sql.exec<{ tag: string }>("SELECT tag FROM applied_migrations ORDER BY idx DESC LIMIT 1").one().tag;
}

/** A copy of its own: what is bound must not be part of a larger buffer. */
export function bufferOf(bytes: Uint8Array): ArrayBuffer {
  return bytes.slice().buffer as ArrayBuffer;
}

/** A snapshot that waits; undefined when it does not. */
export function readHead(sql: RawSql, id: string): { head: SnapshotHead; origin: SnapshotOrigin } | undefined {
  return waitingHeads(sql).find((waiting) => waiting.id === id);
}

/** All snapshots that wait. */
export function waitingHeads(sql: RawSql): { id: string; head: SnapshotHead; origin: SnapshotOrigin }[] {
  if (!hasTable(sql, "backup_heads")) return [];
  return sql
    .exec<{ id: string; origin: string; head: string }>("SELECT backup_id AS id, origin, head FROM backup_heads")
    .toArray()
    .map(({ id, origin, head }) => ({ id, origin: JSON.parse(origin), head: JSON.parse(head) }));
}

/** Some pieces of a snapshot, from piece `at` on. */
export function readChunks(sql: RawSql, id: string, at: number): Uint8Array[] {
  return sql
    .exec<{ content: ArrayBuffer }>(
      "SELECT content FROM backup_chunks WHERE backup_id = ? AND at >= ? ORDER BY at LIMIT ?",
      id,
      at,
      backupLimits.chunksPerCall,
    )
    .toArray()
    .map(({ content }) => new Uint8Array(content));
}

export function readFiles(sql: RawSql, id: string): (BackupFile & { isReused: boolean })[] {
  if (!hasTable(sql, "backup_files")) return [];
  return sql
    .exec<{
      r2_key: string;
      bytes: number;
      sha256: string;
      kind: string;
      stored_key: string | null;
      is_reused: number;
    }>(
      "SELECT r2_key, bytes, sha256, kind, stored_key, is_reused FROM backup_files WHERE backup_id = ? ORDER BY r2_key",
      id,
    )
    .toArray()
    .map(({ kind, is_reused, ...file }) => ({
      ...file,
      kind: kind === "whole" ? "whole" : "records",
      isReused: is_reused !== 0,
    }));
}

/** Notes where a file's copy is. */
export function noteStored(sql: RawSql, id: string, r2Key: string, storedKey: string, isReused: boolean): void {
  sql.exec(
    "UPDATE backup_files SET stored_key = ?, is_reused = ? WHERE backup_id = ? AND r2_key = ?",
    storedKey,
    isReused ? 1 : 0,
    id,
    r2Key,
  );
}

/** Copies that snapshots under way count on. */
export function copiesInUse(sql: RawSql): ReadonlySet<string> {
  if (!hasTable(sql, "backup_files")) return new Set();
  const rows = sql.exec<{ key: string }>("SELECT stored_key AS key FROM backup_files WHERE stored_key IS NOT NULL");
  return new Set(rows.toArray().map(({ key }) => key));
}

/** Removes a snapshot's working copies; its tables too, with the last. */
export function dropSnapshot(sql: RawSql, id: string): void {
  if (!hasTable(sql, "backup_heads")) return;
  for (const table of ["backup_chunks", "backup_files", "backup_heads"]) {
    sql.exec(`DELETE FROM ${table} WHERE backup_id = ?`, id);
  }
  if (waitingHeads(sql).length > 0) return;
  for (const table of ["backup_chunks", "backup_files", "backup_heads"]) sql.exec(`DROP TABLE ${table}`);
}
