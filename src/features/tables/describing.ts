// What a table is and holds, for those who may read it. Rules on records; runs in the workspace.
import { quoteName } from "../../engines/sql/identifiers.ts";
import { tableLimits } from "../../workspace-limits.ts";
import type { Reader } from "../workspace/schema.ts";
import { mayRead } from "../workspace/workspace.ts";
import { indexesOf } from "./ddl-indexes.ts";
import { recordText, returningList } from "./record-reading.ts";
import type { DescribedTable, ShownTable, Table } from "./schema.ts";
import {
  droppedTables,
  listStored,
  referencesTo,
  requireTable,
  type StoredTable,
  type TableDeps,
} from "./table-store.ts";
import type { ReadValue } from "./values.ts";

/** Rows that a table's size is measured on. */
const measuredRows = 500;

/** The tables that `reader` may read, by name, and those they can restore. */
export function listTables(
  deps: TableDeps,
  reader: Reader,
): { tables: StoredTable[]; dropped: { name: string; restorable_until: string }[] } {
  const now = deps.now();
  const dropped = droppedTables(deps)
    .filter(({ sources, purgeAt }) => mayRead(reader, sources) && (purgeAt ?? 0) > now)
    .map(({ name, purgeAt }) => ({ name, restorable_until: new Date(purgeAt ?? 0).toISOString() }));
  return { tables: listStored(deps, reader), dropped };
}

/** A table as lists show it; counts its rows. */
export function showTable(deps: TableDeps, table: StoredTable): ShownTable {
  const { rows, bytes } = sizeOf(deps, table);
  return {
    name: table.name,
    description: table.description,
    rows,
    bytes,
    columns: table.columns.map(({ name, type }) => ({ name, type })),
    primary_key: table.constraints.primaryKey,
    full_text: table.searched,
    history: table.history,
    created_by: table.createdBy,
    created_at: new Date(table.createdAt).toISOString(),
    updated_by: table.updatedBy,
    updated_at: new Date(table.updatedAt).toISOString(),
  };
}

/** Rows, and the bytes of their values: of many rows as the mean of some says. */
function sizeOf(deps: TableDeps, table: Table): { rows: number; bytes: number } {
  const from = quoteName(table.name);
  const { rows } = deps.sql.exec<{ rows: number }>(`SELECT count(*) AS rows FROM ${from}`).one();
  if (rows === 0) return { rows, bytes: 0 };
  // Sums are put together in a balanced way: SQLite allows expressions a depth of 100.
  const lengths = table.columns.map(({ name }) => `coalesce(octet_length(${quoteName(name)}), 1)`);
  const { mean } = deps.sql
    .exec<{ mean: number }>(
      `SELECT avg(n) AS mean FROM (SELECT ${sumOf(lengths)} AS n FROM ${from} LIMIT ${measuredRows})`,
    )
    .one();
  return { rows, bytes: Math.round(mean * rows) };
}

function sumOf(terms: readonly string[]): string {
  if (terms.length <= 1) return terms[0] ?? "0";
  const middle = Math.ceil(terms.length / 2);
  return `(${sumOf(terms.slice(0, middle))} + ${sumOf(terms.slice(middle))})`;
}

/** All that is to be known of a table, with some of its rows. Throws `not_found`. */
export function describeTable(deps: TableDeps, name: string, reader: Reader): DescribedTable {
  const table = requireTable(deps, name, reader);
  const { constraints } = table;
  const indexes = indexesOf(deps, table).filter(({ isConstraint }) => !isConstraint);
  return {
    ...showTable(deps, table),
    columns: table.columns.map((column) => ({
      ...column,
      primary_key: constraints.primaryKey.includes(column.name),
    })),
    unique: constraints.unique,
    checks: constraints.checks,
    indexes: indexes.map(({ name: index, columns, unique }) => ({ name: index, columns, unique })),
    referenced_by: referencesTo(deps, table.name)
      .filter(({ sources }) => mayRead(reader, sources))
      .map(({ table: child, from, column }) => ({ table: child, column: from, refers_to: column })),
    sources: table.sources.map((source) => ({ dataset: source.name, version: source.version })),
    sample: sampleOf(deps, table),
  };
}

/** The first rows as JSON texts of records. */
function sampleOf(deps: TableDeps, table: StoredTable): string[] {
  const rows = deps.sql
    .exec(
      `SELECT ${returningList(table.columns)} FROM ${quoteName(table.name)} ORDER BY rowid LIMIT ${tableLimits.sampleRows}`,
    )
    .raw();
  return [...rows].map((row) => recordText(table.columns, (row as ReadValue[]).slice(1)));
}
