// Making a table: its definition is checked, then SQLite gets it. Rules on records; runs in the workspace.
import { AppError } from "../../core/errors.ts";
import { isRawNumber } from "../../core/exact-json.ts";
import { newId } from "../../core/ids.ts";
import { didYouMean, nearNames } from "../../core/near-names.ts";
import type { WorkspaceDeps } from "../../durable/workspace-deps.ts";
import { quoteName } from "../../engines/sql/identifiers.ts";
import { tableLimits } from "../../workspace-limits.ts";
import type { Caller } from "../access/access.ts";
import type { Reader, Source } from "../workspace/schema.ts";
import { insertRelation } from "../workspace/store.ts";
import { unionOfSources } from "../workspace/workspace.ts";
import { tableError } from "./ddl-errors.ts";
import { requireExpression } from "./ddl-expression.ts";
import { createTableSql, nameList, uniqueLists } from "./ddl-sql.ts";
import { createSearch, createSearchTriggers, dropSearchTriggers, requireSearchable } from "./full-text.ts";
import { createHistoryTriggers, dropHistoryTriggers } from "./row-history.ts";
import type { CreateTable, Table, TableColumn } from "./schema.ts";
import {
  allStored,
  noteWriter,
  requireRoom,
  requireTable,
  type StoredTable,
  saveTable,
  type TableDeps,
} from "./table-store.ts";

/** The column that a table has when it names no primary key. */
const defaultKey: TableColumn = { name: "id", type: "int", nullable: false, unique: false };

/** Makes a table without rows. Throws `already_exists`, `invalid_argument`, `not_found` for a table it refers to, and at limits. */
export function createTable(deps: WorkspaceDeps, by: Caller, reader: Reader, input: CreateTable): Promise<StoredTable> {
  return deps.change(by, () => {
    const table = addTable(deps, by, reader, input);
    return {
      result: requireTable(deps, table.name, reader),
      audit: [{ action: "table.create", target: { kind: "table", name: table.name }, after: auditedTable(table) }],
      events: [{ kind: "table", name: table.name, change: "created" }],
    };
  });
}

/** As `createTable`, within a transaction; `sources` when it is made for rows of datasets. */
export function addTable(
  deps: TableDeps,
  by: Caller,
  reader: Reader,
  input: CreateTable,
  sources: readonly Source[] = [],
): Table {
  requireRoom(deps);
  if (allStored(deps).length >= tableLimits.tables) throw tooMany("tables", tableLimits.tables, "Drop one first.");
  requireName(input.table_name);
  const table = definedTable(input);
  const parents = referencedTables(deps, reader, table);
  insertRelation(deps.db, {
    id: table.id,
    kind: "table",
    name: table.name,
    // Whoever writes to it learns which rows there are in the tables that it refers to.
    sources: unionOfSources(sources, ...parents.map((parent) => parent.sources)),
    createdBy: by.actor.username,
    createdAt: new Date(deps.now()),
  });
  noteWriter(deps, by);
  buildTable(deps, table);
  saveTable(deps, by, table);
  return table;
}

/** Gives SQLite a table's definition, with all that belongs to it. */
export function buildTable(deps: TableDeps, table: Table): void {
  try {
    deps.sql.exec(createTableSql(table));
  } catch (error) {
    throw refusedDefinition(error, table);
  }
  for (const columns of uniqueLists(table)) addUnique(deps, table, columns);
  createSearch(deps, table);
  createTriggers(deps, table);
}

/** Triggers of search and of history: taken away before a table's columns change, made anew after. */
export function createTriggers(deps: TableDeps, table: Table): void {
  createSearchTriggers(deps, table);
  createHistoryTriggers(deps, table);
}

export function dropTriggers(deps: TableDeps, table: Pick<Table, "id">): void {
  dropSearchTriggers(deps, table);
  dropHistoryTriggers(deps, table);
}

/** An index by which values may occur once; throws `constraint_failed` when some do twice. */
export function addUnique(
  deps: TableDeps,
  table: Pick<Table, "id" | "name" | "columns">,
  columns: readonly string[],
): void {
  const name = quoteName(newId(`sd_uq_${table.id}`));
  try {
    deps.sql.exec(`CREATE UNIQUE INDEX ${name} ON ${quoteName(table.name)} (${nameList(columns)})`);
  } catch (error) {
    throw tableError(error, table);
  }
}

/** SQLite's words are kept apart from ours: they quote what the user wrote. */
export function refusedDefinition(error: unknown, table: Pick<Table, "name" | "columns">): unknown {
  const own = tableError(error, table);
  if (own !== error || !(error instanceof Error)) return own;
  return new AppError("invalid_argument", `SQLite does not take this definition of "${table.name}".`, {
    hint: "See details for what it says; checks and defaults are the usual cause.",
    details: { sqlite: error.message },
  });
}

/** Names that a full-text index of another table would take. */
export function requireName(name: string): void {
  if (!/_fts_(data|idx|docsize|config|content)$/i.test(name)) return;
  throw new AppError("invalid_argument", `The name "${name}" may belong to the full-text index of a table.`, {
    hint: "Choose another name.",
  });
}

export function tooMany(limit: string, value: number, hint: string): AppError {
  return new AppError("too_large", `There are ${value} ${limit} already, the most there may be (limit ${limit}).`, {
    hint,
    details: { limit, value },
  });
}

/** The columns that requests define. A default keeps all its digits: it is stored as JSON, which is read as doubles. */
export function definedColumns(schema: CreateTable["schema"]): TableColumn[] {
  return Object.entries(schema).map(([name, column]) => {
    if (typeof column === "string") return { name, type: column, nullable: true, unique: false };
    return { name, ...column, ...(isRawNumber(column.default) ? { default: JSON.stringify(column.default) } : {}) };
  });
}

function definedTable(input: CreateTable): Table {
  const columns = definedColumns(input.schema);
  const asked = typeof input.primary_key === "string" ? [input.primary_key] : input.primary_key;
  const own = columns.find(({ name }) => name.toLowerCase() === "id")?.name;
  if (asked === undefined && own === undefined) columns.unshift(defaultKey);
  requireColumnNames(columns.map(({ name }) => name));
  const named = (list: readonly string[], what: string) => list.map((name) => columnNamed(columns, name, what));
  const primaryKey = named(asked ?? [own ?? defaultKey.name], "primary_key");
  const unique = input.unique.map((list) => named(typeof list === "string" ? [list] : list, "unique"));
  const table: Table = {
    id: newId("tbl"),
    name: input.table_name,
    description: input.description,
    columns: columns.map((column) => (primaryKey.includes(column.name) ? { ...column, nullable: false } : column)),
    constraints: { primaryKey, unique, checks: input.checks },
    searched: named(input.full_text, "full_text"),
    history: input.history,
    dataVersion: 1,
  };
  requireSound(table);
  return table;
}

/** Throws `invalid_argument` for what makes no table: expressions that are none, keys of JSON, search in numbers. */
function requireSound(table: Table): void {
  const { columns, constraints } = table;
  for (const name of new Set([...constraints.primaryKey, ...constraints.unique.flat()])) {
    if (columns.find((column) => column.name === name)?.type !== "json") continue;
    throw new AppError("invalid_argument", `The column "${name}" is json, which is neither a key nor unique.`, {
      hint: "The same JSON can be written in several ways; take a column of another type.",
    });
  }
  for (const column of columns) requireColumnSound(column, columns);
  const names = columns.map(({ name }) => name);
  for (const check of constraints.checks)
    requireExpression(check, { what: `The check \`${check}\``, columns: names, clock: false });
  requireSearchable(columns, table.searched);
}

/** Throws `invalid_argument` for a check that is none, and for a unit of what is no timestamp. */
export function requireColumnSound(column: TableColumn, columns: readonly TableColumn[]): void {
  const names = columns.map(({ name }) => name);
  if (column.check !== undefined)
    requireExpression(column.check, { what: `The check of the column "${column.name}"`, columns: names, clock: false });
  if (column.unit !== undefined && column.type !== "timestamp") {
    throw new AppError("invalid_argument", `The column "${column.name}" is ${column.type}, which has no unit.`, {
      hint: "Give a unit to timestamp columns alone.",
    });
  }
  if (column.references?.on_delete === "set_null" && !column.nullable) {
    throw new AppError(
      "invalid_argument",
      `The column "${column.name}" may not be null, so on_delete cannot be set_null.`,
      {
        hint: "Make it nullable, or take restrict or cascade.",
      },
    );
  }
}

export function requireColumnNames(names: readonly string[]): void {
  const limit = tableLimits.columns;
  if (names.length > limit) {
    throw new AppError(
      "too_large",
      `The table would have ${names.length} columns; it may have ${limit} (limit columns).`,
      {
        hint: "Put what belongs together into a json column, or into another table.",
        details: { limit: "columns", value: limit },
      },
    );
  }
  const chars = names.join("").length;
  if (chars > tableLimits.columnNameChars) {
    throw new AppError(
      "too_large",
      `The columns' names have ${chars} characters; together they may have ${tableLimits.columnNameChars} (limit columnNameChars).`,
      { hint: "Choose shorter names.", details: { limit: "columnNameChars", value: tableLimits.columnNameChars } },
    );
  }
  const seen = new Set<string>();
  for (const name of names) {
    if (seen.has(name.toLowerCase())) {
      throw new AppError("invalid_argument", `Two columns would be called "${name}".`, {
        hint: "SQL does not tell upper from lower case; rename one of them.",
      });
    }
    seen.add(name.toLowerCase());
  }
}

/** The column's name as the table has it. Throws `invalid_argument` that offers near names. */
export function columnNamed(columns: readonly Pick<TableColumn, "name">[], name: string, what: string): string {
  const found = columns.find((column) => column.name.toLowerCase() === name.toLowerCase());
  if (found !== undefined) return found.name;
  const names = columns.map((column) => column.name);
  throw new AppError("invalid_argument", `${what}: there is no column "${name}".`, {
    hint: didYouMean(nearNames(name, names)) ?? `The columns are ${names.join(", ")}.`,
  });
}

/** The tables that a table refers to, itself left out. Throws `not_found`, and `invalid_argument` for a column that does not tell one row. */
export function referencedTables(
  deps: TableDeps,
  reader: Reader,
  table: Pick<Table, "name" | "columns" | "constraints">,
): StoredTable[] {
  return table.columns.flatMap((column) => {
    const { references } = column;
    if (references === undefined) return [];
    const isSelf = references.table.toLowerCase() === table.name.toLowerCase();
    const parent = isSelf ? table : requireTable(deps, references.table, reader);
    references.table = parent.name;
    references.column = columnNamed(parent.columns, references.column, `references of "${column.name}"`);
    requireKey(column, references, parent);
    return isSelf ? [] : [parent as StoredTable];
  });
}

function requireKey(
  column: TableColumn,
  references: NonNullable<TableColumn["references"]>,
  parent: Pick<Table, "name" | "columns" | "constraints">,
): void {
  const target = parent.columns.find(({ name }) => name === references.column);
  const lists = [parent.constraints.primaryKey, ...uniqueLists(parent)];
  if (!lists.some((list) => list.length === 1 && list[0] === references.column)) {
    throw new AppError(
      "invalid_argument",
      `"${column.name}" refers to "${parent.name}"."${references.column}", whose values may occur more than once.`,
      { hint: `Refer to its primary key (${parent.constraints.primaryKey.join(", ")}) or to a column that is unique.` },
    );
  }
  if (target !== undefined && target.type !== column.type) {
    throw new AppError(
      "invalid_argument",
      `"${column.name}" is ${column.type} and refers to "${parent.name}"."${references.column}", which is ${target.type}.`,
      { hint: `Make it ${target.type}.` },
    );
  }
}

/** What the audit log keeps of a table: its definition, never its rows. */
export function auditedTable({ name, description, columns, constraints, searched, history }: Table): object {
  return { name, description, columns, constraints, full_text: searched, history };
}
