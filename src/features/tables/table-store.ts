// Tables in the workspace's SQLite: what each is, who may read it, and its rows as frames have them. Synchronous; SQL only.
import { and, eq, isNotNull, isNull, lte, sql } from "drizzle-orm";
import { AppError } from "../../core/errors.ts";
import type { WorkspaceDeps } from "../../durable/workspace-deps.ts";
import type { Column, Row } from "../../engines/frame/types.ts";
import { quoteName, quoteText } from "../../engines/sql/identifiers.ts";
import { tableLimits } from "../../workspace-limits.ts";
import type { Caller } from "../access/access.ts";
import type { Reader, Source } from "../workspace/schema.ts";
import { findRelation, type Relation, readableRelations, requireRelation, setSources } from "../workspace/store.ts";
import { mayRead, unionOfSources } from "../workspace/workspace.ts";
import { relations } from "../workspace/workspace-table.ts";
import type { Table, TableColumn } from "./schema.ts";
import { rowJson, sqlValue } from "./table-cells.ts";
import { tables, writer } from "./workspace-table.ts";

export { rowJson } from "./table-cells.ts";

export type TableDeps = Pick<WorkspaceDeps, "db" | "sql" | "now">;

/** A table with all that is kept of it. */
export interface StoredTable extends Table {
  sources: Source[];
  createdBy: string;
  createdAt: number;
  updatedBy: string;
  updatedAt: number;
  /** Unix milliseconds; null while it is in use. */
  droppedAt: number | null;
  purgeAt: number | null;
}

/** The name under which SQLite has the full-text index of a table. */
export function searchTable(name: string): string {
  return `${name}_fts`;
}

/** The table of that name that `reader` may read; undefined otherwise. */
export function findTable(deps: TableDeps, name: string, reader: Reader): StoredTable | undefined {
  const relation = findRelation(deps.db, name, reader);
  return relation?.kind === "table" ? readStored(deps, relation) : undefined;
}

/** The table of that name. Throws `not_found` that offers near names, or says that it was dropped. */
export function requireTable(deps: TableDeps, name: string, reader: Reader): StoredTable {
  const relation = findRelation(deps.db, name, reader);
  const dropped = relation === undefined ? lastDropped(deps, name, reader) : undefined;
  if (dropped === undefined) return readStored(deps, requireRelation(deps.db, name, reader, "table"));
  const until = new Date(dropped.purgeAt ?? 0).toISOString();
  throw new AppError("not_found", `The table "${dropped.name}" was dropped.`, {
    hint: `restore_table brings it back until ${until}.`,
  });
}

/** The table of that name that was dropped last, if `reader` may read it. */
export function lastDropped(deps: TableDeps, name: string, reader: Reader): StoredTable | undefined {
  return everyStored(deps)
    .filter((table) => table.name.toLowerCase() === name.toLowerCase() && mayRead(reader, table.sources))
    .reduce<StoredTable | undefined>(
      (last, table) => ((table.droppedAt ?? -1) > (last?.droppedAt ?? -1) ? table : last),
      undefined,
    );
}

/** All tables that `reader` may read, by name; those that were dropped left out. */
export function listStored(deps: TableDeps, reader: Reader): StoredTable[] {
  const used = new Map(
    deps.db
      .select()
      .from(tables)
      .where(isNull(tables.droppedAt))
      .all()
      .map((row) => [row.id, row]),
  );
  return readableRelations(deps.db, reader, "table").flatMap((relation) => {
    const row = used.get(relation.id);
    return row === undefined ? [] : [stored(relation, row)];
  });
}

/** Every table in use, whoever may read it: for the rules of references. */
export function allStored(deps: TableDeps): StoredTable[] {
  return everyStored(deps).filter(({ droppedAt }) => droppedAt === null);
}

/** Dropped tables that can be restored. */
export function droppedTables(deps: TableDeps): StoredTable[] {
  return everyStored(deps).filter(({ droppedAt }) => droppedAt !== null);
}

function everyStored(deps: TableDeps): StoredTable[] {
  return deps.db
    .select({ relation: relations, row: tables })
    .from(tables)
    .innerJoin(relations, eq(relations.id, tables.id))
    .orderBy(relations.name)
    .all()
    .map(({ relation, row }) => stored(relation, row));
}

function readStored(deps: TableDeps, relation: Relation): StoredTable {
  const row = deps.db.select().from(tables).where(eq(tables.id, relation.id)).get();
  if (row === undefined) throw new Error(`the table ${relation.id} has a name and nothing else`);
  return stored(relation, row);
}

function stored(relation: Relation, row: typeof tables.$inferSelect): StoredTable {
  const { name, sources, createdBy, createdAt } = relation;
  return { ...row, name: name ?? row.id, sources, createdBy, createdAt: createdAt.getTime() };
}

/** The columns of tables in use that refer to a table, itself included. */
export function referencesTo(
  deps: TableDeps,
  name: string,
): { table: string; from: string; column: string; id: string; sources: Source[] }[] {
  return allStored(deps).flatMap((table) =>
    table.columns.flatMap(({ name: from, references }) =>
      references?.table.toLowerCase() === name.toLowerCase()
        ? [{ table: table.name, from, column: references.column, id: table.id, sources: table.sources }]
        : [],
    ),
  );
}

/** Rows of restricted datasets restrict the table, and all that refer to it: writing there tells which rows are here. */
export function carrySources(deps: TableDeps, id: string, sources: readonly Source[]): void {
  if (sources.length === 0) return;
  const all = allStored(deps);
  const waiting = [id];
  const done = new Set<string>();
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const table = all.find((candidate) => candidate.id === next);
    if (table === undefined || done.has(next)) continue;
    done.add(next);
    setSources(deps.db, next, unionOfSources(table.sources, sources));
    waiting.push(...referencesTo(deps, table.name).map((child) => child.id));
  }
}

/** Writes what a table is. */
export function saveTable(deps: TableDeps, by: Caller, table: Table): void {
  const { id, description, columns, constraints, searched, history, dataVersion } = table;
  const values = { description, columns, constraints, searched, history };
  const updated = { updatedBy: by.actor.username, updatedAt: deps.now() };
  deps.db
    .insert(tables)
    .values({ id, ...values, dataVersion, ...updated })
    .onConflictDoUpdate({
      target: tables.id,
      set: { ...values, ...updated, dataVersion: sql`${tables.dataVersion} + 1` },
    })
    .run();
}

/** Marks a table as dropped, or as in use again. */
export function markDropped(deps: TableDeps, id: string, dropped: { droppedAt: number; purgeAt: number } | null): void {
  deps.db
    .update(tables)
    .set(dropped ?? { droppedAt: null, purgeAt: null })
    .where(eq(tables.id, id))
    .run();
}

export function duePurges(deps: TableDeps): string[] {
  const due = and(isNotNull(tables.purgeAt), lte(tables.purgeAt, deps.now()));
  return deps.db
    .select({ id: tables.id })
    .from(tables)
    .where(due)
    .all()
    .map(({ id }) => id);
}

/** Writes between which the oldest changes of rows stay. */
const trimEvery = 100;

/** Notes that a table's rows were written: cursors and copies of them are out of date. */
export function bumpTable(deps: TableDeps, id: string, by: Caller): void {
  const row = deps.db
    .update(tables)
    .set({ dataVersion: sql`${tables.dataVersion} + 1`, updatedBy: by.actor.username, updatedAt: deps.now() })
    .where(eq(tables.id, id))
    .returning({ history: tables.history, dataVersion: tables.dataVersion })
    .get();
  if (row?.history === true && row.dataVersion % trimEvery === 0) trimHistory(deps, id);
}

/** Removes the oldest changes of a table beyond `tableLimits.historyRows`. */
export function trimHistory(deps: Pick<TableDeps, "sql">, tableId: string): void {
  const oldest = "SELECT seq FROM sd_history WHERE table_id = ? ORDER BY seq DESC LIMIT 1 OFFSET ?";
  deps.sql.exec(
    `DELETE FROM sd_history WHERE table_id = ? AND seq <= (${oldest})`,
    tableId,
    tableId,
    tableLimits.historyRows,
  );
}

/**
 * Says who writes, for the triggers that keep change history. To be called first in every transaction that writes to tables.
 * Makes REPLACE fire the triggers of the rows that it removes, too: SQLite does so only when told, each time the object has been put away.
 */
export function noteWriter(deps: TableDeps, by: Caller): void {
  const values = { username: by.actor.username, at: deps.now() };
  deps.db
    .insert(writer)
    .values({ id: 1, ...values })
    .onConflictDoUpdate({ target: writer.id, set: values })
    .run();
  deps.sql.exec("PRAGMA recursive_triggers = on");
}

/** Throws `too_large` when the workspace has no room for more rows. To be called before rows are added. */
export function requireRoom(deps: TableDeps): void {
  const bytes = deps.sql.databaseSize;
  if (bytes < tableLimits.teamBytes) return;
  throw new AppError(
    "too_large",
    `The team's tables and frames take ${bytes} bytes; they may take ${tableLimits.teamBytes} together (limit teamBytes).`,
    {
      hint: "Drop tables or frames that are no longer needed: list_tables and list_data show them with their sizes.",
      details: { limit: "teamBytes", value: tableLimits.teamBytes, bytes },
    },
  );
}

/** A table as SQL that users write can name it, and what of SQLite belongs to it. */
export interface UserTable {
  id: string;
  name: string;
  /** Its full-text index, by the name SQL can use; undefined when it has none. */
  searchName: string | undefined;
  sources: Source[];
  columns: Column[];
  dataVersion: number;
  history: boolean;
  /** SQLite's own objects of this table: itself, its indexes, its full-text index with shadow tables. */
  internalNames: string[];
  /** Root pages of those in the database's file, as EXPLAIN names them. */
  rootPages: number[];
}

/** The tables that `reader` may read, with what of SQLite belongs to each: for a guard of SQL that users write. */
export function userTables(deps: TableDeps, reader: Reader): UserTable[] {
  return listStored(deps, reader).map((table) => {
    const search = table.searched.length === 0 ? undefined : searchTable(table.name);
    const owned = ownedObjects(deps, table.name, search);
    const { id, name, sources, dataVersion, history } = table;
    return {
      ...{ id, name, searchName: search, sources, dataVersion, history },
      columns: table.columns.map(({ name, type }) => ({ name, type })),
      internalNames: owned.map((object) => object.name),
      rootPages: owned.flatMap(({ rootpage }) => (rootpage > 0 ? [rootpage] : [])),
    };
  });
}

function ownedObjects(deps: TableDeps, name: string, search: string | undefined): { name: string; rootpage: number }[] {
  const names = search === undefined ? [name] : [name, search, ...shadowTables(search)];
  const list = names.map(quoteText).join(", ");
  return deps.sql
    .exec<{ name: string; rootpage: number }>(
      `SELECT name, rootpage FROM sqlite_master WHERE type IN ('table', 'index') AND tbl_name COLLATE NOCASE IN (${list})`,
    )
    .toArray();
}

/** What SQLite keeps a full-text index of another table in. */
export function shadowTables(search: string): string[] {
  return ["data", "idx", "docsize", "config"].map((part) => `${search}_${part}`);
}

/** A table's rows as those of a frame. */
export interface TableRows {
  columns: Column[];
  /** Rows in the order of their row numbers, some at a time. To be read within one step: it holds a cursor. */
  rows(): Generator<Row[]>;
  /** A SELECT of the rows with the columns named in `needed` (all when left out), as `frameView` makes it of a frame. */
  view(needed?: ReadonlySet<string>, raw?: string): string;
  count: number;
}

const rowsAtOnce = 1_000;

/** Reads a table as a frame's rows. Types are exact: a column with integers beyond ±(2^53 - 1) is int64, decimals are padded to one scale. */
export function readTable(deps: Pick<TableDeps, "sql">, table: Table): TableRows {
  const columns = frameColumns(deps, table);
  const from = quoteName(table.name);
  const { count } = deps.sql.exec<{ count: number }>(`SELECT count(*) AS count FROM ${from}`).one();
  return {
    columns,
    count,
    *rows() {
      const cursor = deps.sql.exec<{ json: string }>(`SELECT ${rowJson(columns)} AS json FROM ${from} ORDER BY rowid`);
      let rows: Row[] = [];
      try {
        for (const { json } of cursor) {
          rows.push(JSON.parse(json) as Row);
          if (rows.length < rowsAtOnce) continue;
          yield rows;
          rows = [];
        }
        if (rows.length > 0) yield rows;
      } finally {
        closeCursor(cursor);
      }
    },
    view: (needed, raw) => {
      const wanted = columns.filter(({ name }) => needed === undefined || needed.has(name));
      const list = wanted.map((column) => `${sqlValue(column)} AS ${quoteName(column.name)}`);
      const all = [...(raw === undefined ? [] : [`${rowJson(columns)} AS ${quoteName(raw)}`]), ...list];
      return `SELECT ${all.length === 0 ? "1" : all.join(", ")} FROM ${from}`;
    },
  };
}

/** A cursor that was not read to its end keeps its tables from being dropped; asking it for its one row ends it. */
export function closeCursor(cursor: { one(): unknown }): void {
  try {
    cursor.one();
  } catch {
    // It had no row left, or several: either way it is closed.
  }
}

const aggregatesAtOnce = 60;

/** A table's columns as those of a frame that holds its rows as they are now. */
export function frameColumns(deps: Pick<TableDeps, "sql">, table: Table): Column[] {
  const asked = table.columns.flatMap((column, index) =>
    factsOf(column).map(([fact, sqlText]) => ({ key: `${fact}${index}`, sqlText })),
  );
  const facts: Record<string, number | null> = {};
  for (let start = 0; start < asked.length; start += aggregatesAtOnce) {
    const list = asked.slice(start, start + aggregatesAtOnce).map(({ key, sqlText }) => `${sqlText} AS ${key}`);
    Object.assign(facts, deps.sql.exec(`SELECT ${list.join(", ")} FROM ${quoteName(table.name)}`).one());
  }
  return table.columns.map((column, index) => frameColumn(column, (fact) => facts[`${fact}${index}`] ?? 0));
}

type Fact = "large" | "special" | "scale" | "whole";

/** What must be known of a column's values to give it a frame's type. */
function factsOf({ name, type }: TableColumn): [Fact, string][] {
  const column = quoteName(name);
  if (type === "int") return [["large", `max(${column} NOT BETWEEN -9007199254740991 AND 9007199254740991)`]];
  if (type === "float") return [["special", `max(${column} IN (9e999, -9e999))`]];
  if (type !== "decimal") return [];
  const scale = `CASE instr(${column}, '.') WHEN 0 THEN 0 ELSE length(${column}) - instr(${column}, '.') END`;
  const whole = `length(ltrim(${column}, '-')) - ${scale} - (instr(${column}, '.') > 0)`;
  return [
    ["scale", `max(${scale})`],
    ["whole", `max(${whole})`],
  ];
}

function frameColumn({ name, type, unit }: TableColumn, fact: (name: Fact) => number): Column {
  switch (type) {
    case "int":
      return { name, type: fact("large") === 1 ? "int64" : "int" };
    case "float":
      return fact("special") === 1 ? { name, type, special: true } : { name, type };
    case "decimal":
      return { name, type, precision: Math.max(1, fact("whole") + fact("scale")), scale: fact("scale") };
    case "timestamp":
      return { name, type, unit: unit ?? "ms", timezone: "UTC" };
    default:
      return { name, type };
  }
}
