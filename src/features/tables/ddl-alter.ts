// Changing a table's definition: each step as SQLite can do it, and a way out where it cannot. Rules on records; runs in the workspace.
import { AppError } from "../../core/errors.ts";
import type { WorkspaceDeps } from "../../durable/workspace-deps.ts";
import { quoteName } from "../../engines/sql/identifiers.ts";
import type { Caller } from "../access/access.ts";
import type { Reader } from "../workspace/schema.ts";
import { renameRelation } from "../workspace/store.ts";
import { mayRead, unionOfSources } from "../workspace/workspace.ts";
import {
  addUnique,
  auditedTable,
  columnNamed,
  createTriggers,
  definedColumns,
  dropTriggers,
  referencedTables,
  refusedDefinition,
  requireColumnNames,
  requireColumnSound,
  requireName,
} from "./ddl.ts";
import { namesColumn, renameInExpression } from "./ddl-expression.ts";
import { indexesOf } from "./ddl-indexes.ts";
import { columnSql } from "./ddl-sql.ts";
import { createSearch, dropSearch, requireSearchable } from "./full-text.ts";
import type { AlterTable, Table, TableColumn } from "./schema.ts";
import {
  allStored,
  carrySources,
  droppedTables,
  noteWriter,
  referencesTo,
  requireTable,
  type StoredTable,
  saveTable,
  type TableDeps,
} from "./table-store.ts";

/** Changes a table in one transaction: columns dropped, renamed, added; search, history, description; its name last. */
export function alterTable(deps: WorkspaceDeps, by: Caller, reader: Reader, input: AlterTable): Promise<StoredTable> {
  return deps.change(by, () => {
    const before = requireTable(deps, input.table_name, reader);
    const table = structuredClone(before);
    noteWriter(deps, by);
    dropTriggers(deps, table);
    const search = searchAfter(table, input);
    if (search.changes) dropSearch(deps, before);
    for (const name of input.drop_columns)
      dropColumn(deps, reader, table, columnNamed(table.columns, name, "drop_columns"));
    for (const [from, to] of Object.entries(input.rename_columns)) renameColumn(deps, table, from, to);
    addColumns(deps, reader, table, input.add_columns);
    table.searched = search.columns(table);
    requireSearchable(table.columns, table.searched);
    if (input.history !== undefined) table.history = input.history;
    if (input.description !== undefined) table.description = input.description;
    describeColumns(table, input.describe_columns);
    if (input.rename_to !== undefined) renameTable(deps, table, input.rename_to);
    if (search.changes) createSearch(deps, table);
    createTriggers(deps, table);
    saveTable(deps, by, table);
    return {
      result: requireTable(deps, table.name, reader),
      audit: [
        {
          action: "table.alter",
          target: { kind: "table", name: table.name },
          before: auditedTable(before),
          after: auditedTable(table),
        },
      ],
      events: eventsOf(before.name, table.name),
    };
  });
}

function eventsOf(before: string, after: string) {
  if (before === after) return [{ kind: "table" as const, name: after, change: "updated" as const }];
  return [
    { kind: "table" as const, name: before, change: "removed" as const },
    { kind: "table" as const, name: after, change: "created" as const },
  ];
}

/** Whether the full-text index must be made anew, and the columns it has then. */
function searchAfter(table: Table, input: AlterTable): { changes: boolean; columns: (table: Table) => string[] } {
  const named = (list: readonly string[], of: Table, what: string) =>
    list.map((name) => columnNamed(of.columns, name, what));
  const removed = new Set(named(input.remove_full_text, table, "remove_full_text"));
  const touched = [...Object.keys(input.rename_columns), ...input.drop_columns].map((name) => name.toLowerCase());
  const changes =
    input.add_full_text.length + removed.size > 0 ||
    input.rename_to !== undefined ||
    table.searched.some((name) => touched.includes(name.toLowerCase()));
  const kept = table.searched.filter((name) => !removed.has(name));
  table.searched = changes ? kept : table.searched;
  return {
    changes,
    columns: (after) => [...new Set([...after.searched, ...named(input.add_full_text, after, "add_full_text")])],
  };
}

function dropColumn(deps: TableDeps, reader: Reader, table: StoredTable, name: string): void {
  const others = table.columns.filter((column) => column.name !== name);
  requireDroppable(deps, reader, table, name);
  for (const index of indexesOf(deps, table)) {
    if (index.columns.join() === name && index.isConstraint)
      deps.sql.exec(`DROP INDEX ${quoteName(index.internalName)}`);
  }
  try {
    deps.sql.exec(`ALTER TABLE ${quoteName(table.name)} DROP COLUMN ${quoteName(name)}`);
  } catch (error) {
    throw refusedDefinition(error, table);
  }
  table.columns = others;
  table.constraints.unique = table.constraints.unique.filter((list) => list.join() !== name);
  table.searched = table.searched.filter((searched) => searched !== name);
}

/** SQLite drops no column that a key, an index, a reference or another's check stands on. */
function requireDroppable(deps: TableDeps, reader: Reader, table: StoredTable, name: string): void {
  const { primaryKey, unique, checks } = table.constraints;
  const column = table.columns.find((candidate) => candidate.name === name);
  const rebuild = "To do without it, make a new table with create_table and fill it by import_table.";
  const refuse = (why: string, hint: string) =>
    new AppError("invalid_argument", `The column "${name}" of "${table.name}" cannot be dropped: ${why}.`, { hint });
  if (primaryKey.includes(name)) throw refuse("it is of the primary key", rebuild);
  if (column?.references !== undefined) throw refuse(`it refers to "${column.references.table}"`, rebuild);
  const child = referencesTo(deps, table.name).find(({ column: target }) => target === name);
  if (child !== undefined) {
    const by = mayRead(reader, child.sources) ? `"${child.table}"."${child.from}"` : "a table that you do not see";
    throw refuse(`${by} refers to it`, "Drop that column or table first.");
  }
  if (unique.some((list) => list.length > 1 && list.includes(name)))
    throw refuse("it is of what is unique together", rebuild);
  const index = indexesOf(deps, table).find(({ columns, isConstraint }) => !isConstraint && columns.includes(name));
  if (index !== undefined)
    throw refuse(`the index "${index.name}" is on it`, `Call create_index with drop_index "${index.name}" first.`);
  const texts = [...checks, ...table.columns.flatMap((other) => (other.name === name ? [] : (other.check ?? [])))];
  if (texts.some((text) => namesColumn(text, name))) throw refuse("another check names it", rebuild);
}

function renameColumn(deps: TableDeps, table: StoredTable, given: string, to: string): void {
  const from = columnNamed(table.columns, given, "rename_columns");
  if (from === to) return;
  requireColumnNames(table.columns.map((column) => (column.name === from ? to : column.name)));
  try {
    deps.sql.exec(`ALTER TABLE ${quoteName(table.name)} RENAME COLUMN ${quoteName(from)} TO ${quoteName(to)}`);
  } catch (error) {
    throw refusedDefinition(error, table);
  }
  const renamed = (name: string) => (name === from ? to : name);
  const inText = (text: string) => renameInExpression(text, from, to);
  table.columns = table.columns.map((column) => ({
    ...column,
    name: renamed(column.name),
    ...(column.check === undefined ? {} : { check: inText(column.check) }),
  }));
  const { primaryKey, unique, checks } = table.constraints;
  table.constraints = {
    primaryKey: primaryKey.map(renamed),
    unique: unique.map((list) => list.map(renamed)),
    checks: checks.map(inText),
  };
  table.searched = table.searched.map(renamed);
  redirect(deps, table, ({ table: parent, column }) =>
    parent === table.name && column === from ? { column: to } : undefined,
  );
}

/** Writes into the definitions of all tables, dropped ones too, where their references go now. SQLite has followed by itself. */
function redirect(
  deps: TableDeps,
  own: StoredTable,
  change: (references: { table: string; column: string }) => { table?: string; column?: string } | undefined,
): void {
  for (const other of [...allStored(deps), ...droppedTables(deps)]) {
    const table = other.id === own.id ? own : other;
    let isChanged = false;
    for (const { references } of table.columns) {
      const to = references === undefined ? undefined : change(references);
      if (references === undefined || to === undefined) continue;
      Object.assign(references, to);
      isChanged = true;
    }
    if (isChanged && table !== own) rewriteColumns(deps, table);
  }
}

function rewriteColumns(deps: TableDeps, { id, columns }: Table): void {
  deps.sql.exec("UPDATE sd_tables SET columns_json = ? WHERE id = ?", JSON.stringify(columns), id);
}

function addColumns(deps: TableDeps, reader: Reader, table: StoredTable, columns: AlterTable["add_columns"]): void {
  const added = definedColumns(columns);
  if (added.length === 0) return;
  requireColumnNames([...table.columns, ...added].map(({ name }) => name));
  const isEmpty = deps.sql.exec(`SELECT 1 FROM ${quoteName(table.name)} LIMIT 1`).toArray().length === 0;
  for (const column of added) {
    requireColumnSound(column, [...table.columns, column]);
    if (!isEmpty) requireAddable(table, column);
    const parents = referencedTables(deps, reader, { ...table, columns: [...table.columns, column] });
    try {
      deps.sql.exec(`ALTER TABLE ${quoteName(table.name)} ADD COLUMN ${columnSql(column)}`);
    } catch (error) {
      throw refusedDefinition(error, table);
    }
    table.columns.push(column);
    if (column.unique) addUnique(deps, table, [column.name]);
    carrySources(deps, table.id, unionOfSources(...parents.map(({ sources }) => sources)));
  }
}

/** What SQLite does not add to a table that has rows. */
function requireAddable(table: Table, column: TableColumn): void {
  const refuse = (why: string, hint: string) =>
    new AppError(
      "invalid_argument",
      `The column "${column.name}" cannot be added to "${table.name}", which has rows: ${why}.`,
      {
        hint,
      },
    );
  const { default: preset } = column;
  const hasDefault = preset !== undefined && preset !== null;
  if (!column.nullable && !hasDefault)
    throw refuse("they would have no value for it", "Give it a default, or make it nullable.");
  if (typeof preset === "object" && preset !== null && "sql" in preset)
    throw refuse("its default is computed", "Add it without a default, then fill it with update_record.");
  if (hasDefault && column.references !== undefined)
    throw refuse(
      "it refers to another table and has a default",
      "Add it without a default, then fill it with update_record.",
    );
}

function describeColumns(table: Table, descriptions: Readonly<Record<string, string>>): void {
  for (const [given, description] of Object.entries(descriptions)) {
    const name = columnNamed(table.columns, given, "describe_columns");
    table.columns = table.columns.map((column) => (column.name === name ? { ...column, description } : column));
  }
}

function renameTable(deps: TableDeps, table: StoredTable, to: string): void {
  const from = table.name;
  if (from === to) return;
  requireName(to);
  renameRelation(deps.db, table.id, to);
  deps.sql.exec(`ALTER TABLE ${quoteName(from)} RENAME TO ${quoteName(to)}`);
  table.name = to;
  redirect(deps, table, ({ table: parent }) => (parent === from ? { table: to } : undefined));
}
