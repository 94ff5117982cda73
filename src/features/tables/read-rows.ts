// Reading a statement's rows as arrays, in the order of its columns. The statement was put together here. Runs in the workspace.
import type { SqlValue } from "./values.ts";

/** All rows of a statement. */
export function readRows<Row extends SqlStorageValue[]>(
  sql: SqlStorage,
  statement: string,
  params: readonly SqlValue[] = [],
): Row[] {
  return [...sql.exec(statement, ...params).raw<Row>()];
}

/** The first column of each row: row numbers as text, exact. */
export function readIds(sql: SqlStorage, statement: string, params: readonly SqlValue[]): string[] {
  return readRows<string[]>(sql, statement, params).flatMap(([id]) => id ?? []);
}

/** The one number that a statement reads. */
export function readNumber(sql: SqlStorage, statement: string, params: readonly SqlValue[]): number {
  return readRows<number[]>(sql, statement, params)[0]?.[0] ?? 0;
}
