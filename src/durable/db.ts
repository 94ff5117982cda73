// The object's database: drizzle over the embedded SQLite, and how its schema moves on. Runs in the object.
import { type DrizzleSqliteDODatabase, drizzle } from "drizzle-orm/durable-sqlite";

export type Db = DrizzleSqliteDODatabase;

/** What drizzle-kit writes to migrations/<object>/migrations.js. */
export interface MigrationSource {
  journal: { entries: { idx: number; tag: string }[] };
  migrations: Record<string, string>;
}

const appliedTable = "applied_migrations";

/** True once this object has been given a schema. Reading alone leaves nothing behind in an object that was never created. */
export function hasSchema(storage: DurableObjectStorage): boolean {
  return (
    storage.sql.exec("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", appliedTable).toArray().length > 0
  );
}

/** The object's database, whether or not it has a schema yet. */
export function openDb(storage: DurableObjectStorage): Db {
  return drizzle(storage);
}

/** True when this object has a schema that is not the newest. */
export function isBehind(storage: DurableObjectStorage, source: MigrationSource): boolean {
  const newest = source.journal.entries.at(-1)?.idx ?? -1;
  return hasSchema(storage) && lastApplied(storage) < newest;
}

function lastApplied(storage: DurableObjectStorage): number {
  return storage.sql.exec<{ last: number | null }>(`SELECT max(idx) AS last FROM ${appliedTable}`).one().last ?? -1;
}

/**
 * Applies the migrations that are missing, all or none: one transaction, so a failing statement leaves schema and data as they were.
 * `upTo` is the tag of the last one that is wanted. Throws an Error that names the migration and keeps SQLite's reason as its cause.
 */
export function migrateDb(storage: DurableObjectStorage, source: MigrationSource, upTo?: string): void {
  const end = upTo === undefined ? Number.POSITIVE_INFINITY : indexOf(source, upTo);
  storage.transactionSync(() => {
    storage.sql.exec(
      `CREATE TABLE IF NOT EXISTS ${appliedTable} (idx INTEGER PRIMARY KEY, tag TEXT NOT NULL, applied_at INTEGER NOT NULL)`,
    );
    const last = lastApplied(storage);
    for (const { idx, tag } of source.journal.entries) {
      if (idx <= last || idx > end) continue;
      applyMigration(storage, source, idx, tag);
      storage.sql.exec(`INSERT INTO ${appliedTable} (idx, tag, applied_at) VALUES (?, ?, ?)`, idx, tag, Date.now());
    }
  });
}

function indexOf(source: MigrationSource, tag: string): number {
  const entry = source.journal.entries.find((known) => known.tag === tag);
  if (entry === undefined) throw new Error(`there is no migration ${tag}`);
  return entry.idx;
}

function applyMigration(storage: DurableObjectStorage, source: MigrationSource, idx: number, tag: string): void {
  const text = source.migrations[`m${String(idx).padStart(4, "0")}`];
  if (text === undefined) throw new Error(`migration ${tag} is listed in the journal but its SQL is missing`);
  for (const statement of text.split("--> statement-breakpoint")) {
    try {
      storage.sql.exec(statement);
    } catch (cause) {
      throw new Error(`migration ${tag} failed at: ${statement.trim().slice(0, 200)}`, { cause });
    }
  }
}
