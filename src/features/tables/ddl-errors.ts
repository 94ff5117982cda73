// What SQLite says when a write breaks a table's rules, in our words. Runs in the workspace.
import { AppError, isAppError } from "../../core/errors.ts";
import type { ColumnType, Table } from "./schema.ts";

const forms: Readonly<Record<ColumnType, string>> = {
  int: "a whole number of 64 bits",
  float: "a number",
  bool: "true or false",
  text: "text",
  date: "a day of the calendar, YYYY-MM-DD",
  timestamp: "a time in UTC with the column's digits, e.g. 2026-01-31T12:00:00.000Z",
  decimal: "a decimal number in its one form, e.g. -12.50",
  json: "JSON",
  binary: "bytes",
};

/** Our words for an error that SQLite threw on a table; errors that it is no cause of come back as they are. */
export function tableError(error: unknown, table: Pick<Table, "name" | "columns">): unknown {
  if (isAppError(error) || !(error instanceof Error)) return error;
  const { message } = error;
  const unique = /UNIQUE constraint failed: (.+?)(?:: SQLITE|$)/.exec(message)?.[1];
  if (unique !== undefined) return notUnique(table, columnsIn(unique, table), message);
  const missing = /NOT NULL constraint failed: (.+?)(?:: SQLITE|$)/.exec(message)?.[1];
  if (missing !== undefined) {
    const [column = missing] = columnsIn(missing, table);
    return failed(
      `The column "${column}" of "${table.name}" may not be null.`,
      "Give each row a value for it.",
      message,
    );
  }
  const type = /CHECK constraint failed: type (\w+)/.exec(message)?.[1];
  if (type !== undefined) return wrongType(table, type, message);
  const check = /CHECK constraint failed: ([\s\S]+?)(?:: SQLITE_CONSTRAINT|$)/.exec(message)?.[1];
  if (check !== undefined)
    return failed(`A row breaks a check of "${table.name}".`, `describe_table shows the checks.`, check.trim());
  if (message.includes("FOREIGN KEY constraint failed")) return brokenReference(table, message);
  const stored = /cannot store (\w+) value in (\w+) column (.+?)(?:: SQLITE|$)/.exec(message);
  if (stored !== null) {
    const [column = ""] = columnsIn(stored[3] ?? "", table);
    const wanted = table.columns.find(({ name }) => name === column)?.type;
    const what = wanted === undefined ? "another type" : forms[wanted];
    return failed(
      `A value for the column "${column}" of "${table.name}" is not ${what}.`,
      "Correct the value.",
      message,
    );
  }
  return error;
}

function failed(message: string, hint: string, sqlite: string): AppError {
  return new AppError("constraint_failed", message, { hint: `${hint} Nothing was changed.`, details: { sqlite } });
}

/** SQLite names columns as `table.column`, separated by commas: told apart by the names there are. */
function columnsIn(list: string, { name, columns }: Pick<Table, "name" | "columns">): string[] {
  return columns
    .filter((column) => list === `${name}.${column.name}` || list.split(", ").includes(`${name}.${column.name}`))
    .map((column) => column.name);
}

function notUnique(table: Pick<Table, "name">, columns: readonly string[], sqlite: string): AppError {
  const list = columns.map((name) => `"${name}"`).join(", ");
  const what = columns.length === 1 ? `The value of the column ${list}` : `The values of the columns ${list}`;
  return failed(
    `${what} would occur twice in "${table.name}", where each may occur once.`,
    "Give another value, or update the row that has it.",
    sqlite,
  );
}

function wrongType(table: Pick<Table, "name" | "columns">, type: string, sqlite: string): AppError {
  const columns = table.columns.filter((column) => column.type === type);
  const names = columns.map(({ name }) => `"${name}"`).join(" or ");
  const [first] = columns;
  const what = first === undefined ? `a ${type}` : forms[first.type];
  return failed(`A value for the column ${names} of "${table.name}" is not ${what}.`, "Correct the value.", sqlite);
}

function brokenReference(table: Pick<Table, "name" | "columns">, sqlite: string): AppError {
  const own = table.columns.flatMap(({ name, references }) =>
    references === undefined ? [] : [`"${name}" to "${references.table}"."${references.column}"`],
  );
  const refers = own.length === 0 ? "" : ` It refers by ${own.join(", ")}.`;
  return failed(
    `A row of "${table.name}" refers to a row that is not there, or a row that others refer to would go.${refers}`,
    "Insert the row that is referred to first, or delete the rows that refer to it.",
    sqlite,
  );
}
