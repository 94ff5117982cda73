// Statements built once per database, not once per call. Runs in objects.
import { getTableColumns, sql } from "drizzle-orm";
import type { SQLiteTable } from "drizzle-orm/sqlite-core";

/** Remembers what `prepare` builds for each database: building a statement costs more than running it. */
export function prepared<Database extends object, Statement>(
  prepare: (db: Database) => Statement,
): (db: Database) => Statement {
  const statements = new WeakMap<Database, Statement>();
  return (db) => {
    const known = statements.get(db);
    if (known !== undefined) return known;
    const statement = prepare(db);
    statements.set(db, statement);
    return statement;
  };
}

/** A row of placeholders, one for each column of `table` but those the database fills in, named as the columns are in code. */
export function placeholders<Table extends SQLiteTable>(
  table: Table,
  filledIn: readonly (keyof Table["$inferInsert"])[] = [],
): Table["$inferInsert"] {
  const names = Object.keys(getTableColumns(table)).filter((name) => !(filledIn as readonly string[]).includes(name));
  return Object.fromEntries(names.map((name) => [name, sql.placeholder(name)])) as Table["$inferInsert"];
}
