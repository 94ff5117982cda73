// A table's definition as SQL. Pure: makes statements, runs nothing. Names are quoted, expressions were checked.
import { quoteName } from "../../engines/sql/identifiers.ts";
import { defaultSql, sqliteTypes, typeCheck } from "./ddl-types.ts";
import type { Table, TableColumn } from "./schema.ts";

const onDelete = { restrict: "", cascade: " ON DELETE CASCADE", set_null: " ON DELETE SET NULL" } as const;

/** Names in quotes, with commas. */
export function nameList(names: readonly string[]): string {
  return names.map(quoteName).join(", ");
}

/** The column that is the row's own number, which SQLite assigns; undefined when the primary key is something else. */
export function rowIdColumn({ columns, constraints }: Pick<Table, "columns" | "constraints">): string | undefined {
  const [only, ...more] = constraints.primaryKey;
  const column = columns.find(({ name }) => name === only);
  return more.length === 0 && column?.type === "int" ? column.name : undefined;
}

/** CREATE TABLE. Uniqueness is kept by indexes (`uniqueLists`), which, unlike constraints, can be taken away again. */
export function createTableSql(table: Pick<Table, "name" | "columns" | "constraints">): string {
  const { primaryKey, checks } = table.constraints;
  const own = rowIdColumn(table);
  const parts = table.columns.map((column) => columnSql(column, { isRowId: column.name === own }));
  if (own === undefined) parts.push(`PRIMARY KEY (${nameList(primaryKey)})`);
  for (const check of checks) parts.push(`CHECK (\n${check}\n)`);
  return `CREATE TABLE ${quoteName(table.name)} (\n${parts.join(",\n")}\n) STRICT`;
}

/** A column as CREATE TABLE and ADD COLUMN take it. A type's check is named, so that its failure can be told from others'. */
export function columnSql(column: TableColumn, { isRowId = false }: { isRowId?: boolean } = {}): string {
  const typed = `${quoteName(column.name)} ${sqliteTypes[column.type]}`;
  // A number that was given to a row is not given to another after it: history and undo know rows by it.
  if (isRowId) return `${typed} PRIMARY KEY AUTOINCREMENT`;
  const preset = defaultSql(column);
  const check = typeCheck(column);
  const parts = [
    typed,
    ...(column.nullable ? [] : ["NOT NULL"]),
    ...(preset === undefined ? [] : [`DEFAULT ${preset}`]),
    ...(check === undefined ? [] : [`CONSTRAINT "type ${column.type}" CHECK (${check})`]),
    ...(column.check === undefined ? [] : [`CHECK (\n${column.check}\n)`]),
    ...(column.references === undefined ? [] : [referenceSql(column.references)]),
  ];
  return parts.join(" ");
}

function referenceSql({ table, column, on_delete }: NonNullable<TableColumn["references"]>): string {
  return `REFERENCES ${quoteName(table)} (${quoteName(column)})${onDelete[on_delete]}`;
}

/** The lists of columns whose values may occur once. */
export function uniqueLists({ columns, constraints }: Pick<Table, "columns" | "constraints">): string[][] {
  return [...columns.filter(({ unique }) => unique).map(({ name }) => [name]), ...constraints.unique];
}
