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

/**
 * Applies the migrations that are missing, all or none: one transaction, so a failing statement leaves schema and data as they were.
 * Throws an Error that names the migration and keeps SQLite's reason as its cause.
 */
export function migrateDb(storage: DurableObjectStorage, source: MigrationSource): void {
  storage.transactionSync(() => {
    storage.sql.exec(
      `CREATE TABLE IF NOT EXISTS ${appliedTable} (idx INTEGER PRIMARY KEY, tag TEXT NOT NULL, applied_at INTEGER NOT NULL)`,
    );
    const last =
      storage.sql.exec<{ last: number | null }>(`SELECT max(idx) AS last FROM ${appliedTable}`).one().last ?? -1;
    for (const { idx, tag } of source.journal.entries) {
      if (idx <= last) continue;
      applyMigration(storage, source, idx, tag);
      storage.sql.exec(`INSERT INTO ${appliedTable} (idx, tag, applied_at) VALUES (?, ?, ?)`, idx, tag, Date.now());
    }
  });
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
