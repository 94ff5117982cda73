// What SQLite refuses of a record, in our own words: which record, which constraint, which columns. Runs in the workspace.
import { AppError } from "../../core/errors.ts";
import { quoteName } from "../../engines/sql/identifiers.ts";
import type { Table } from "./schema.ts";
import type { TableDeps } from "./table-store.ts";
import { boundValue, type SqlValue } from "./values.ts";

/** The values of a record by the names of its columns. */
export type RecordValues = ReadonlyMap<string, SqlValue>;

/** What was written when SQLite refused it. `place` is "Record 3", or what else the message begins with. */
interface Attempt {
  table: Table;
  place: string;
  values: RecordValues;
}

/** The error for a statement that SQLite refused: `constraint_failed` where a constraint did, otherwise the same again. */
function refusalOf(deps: Pick<TableDeps, "sql">, error: unknown, attempt: Attempt): unknown {
  const text = error instanceof Error ? error.message : "";
  const match = /^(UNIQUE|NOT NULL|CHECK|FOREIGN KEY) constraint failed(?:: ([\s\S]*?))?: SQLITE_CONSTRAINT/.exec(text);
  if (match === null) return error;
  const [, kind, detail = ""] = match;
  const columns = columnsIn(attempt.table, detail);
  const quoted = columns.map((name) => `"${name}"`).join(", ");
  switch (kind) {
    case "UNIQUE":
      return failed(attempt, text.includes("PRIMARYKEY") ? "primary_key" : "unique", columns, {
        message: `there is a record with the same ${quoted === "" ? "values of a unique index" : quoted} already`,
        hint: `Give another value; insert_record takes on_conflict "ignore" or "update"${columns.length === 0 || text.includes("PRIMARYKEY") ? "" : ` with conflict_columns ${JSON.stringify(columns)}`}.`,
      });
    case "NOT NULL":
      return failed(attempt, "not_null", columns, {
        message: `${quoted} must have a value`,
        hint: "Give a value: the column has no default and takes no null.",
      });
    case "CHECK":
      return checkFailed(attempt, detail);
    default:
      return referenceFailed(deps, attempt);
  }
}

/** Runs a statement's work; what SQLite refuses becomes `constraint_failed`. */
export function refusing<T>(deps: Pick<TableDeps, "sql">, attempt: () => Attempt, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw refusalOf(deps, error, attempt());
  }
}

function failed(
  { table, place }: Attempt,
  constraint: string,
  columns: string[],
  { message, hint, details }: { message: string; hint: string; details?: Record<string, string> },
): AppError {
  return new AppError("constraint_failed", `${place}: ${message}.`, {
    hint: `${hint} Nothing was changed.`,
    details: { table: table.name, constraint, columns, ...details },
  });
}

/** SQLite lists `table.column, table.column`; names may hold dots and commas themselves. */
function columnsIn(table: Table, detail: string): string[] {
  const list = `, ${detail}, `;
  return table.columns.flatMap(({ name }) => (list.includes(`, ${table.name}.${name}, `) ? [name] : []));
}

function checkFailed(attempt: Attempt, check: string): AppError {
  const column = attempt.table.columns.find((candidate) => candidate.check === check);
  return failed(attempt, "check", column === undefined ? [] : [column.name], {
    message:
      column === undefined ? "a check of the table does not hold" : `the check of "${column.name}" does not hold`,
    hint: "describe_table shows what the table checks.",
    details: { check },
  });
}

function referenceFailed(deps: Pick<TableDeps, "sql">, attempt: Attempt): AppError {
  for (const column of attempt.table.columns) {
    const { references } = column;
    const value = attempt.values.get(column.name) ?? null;
    if (references === undefined || value === null) continue;
    const parent = quoteName(references.table);
    const found = deps.sql
      .exec(`SELECT 1 FROM ${parent} WHERE ${quoteName(references.column)} = ${boundValue(column)} LIMIT 1`, value)
      .toArray();
    if (found.length > 0) continue;
    return failed(attempt, "foreign_key", [column.name], {
      message: `no record of "${references.table}" has the "${references.column}" that "${column.name}" refers to`,
      hint: `Insert that record of "${references.table}" first.`,
    });
  }
  return failed(attempt, "foreign_key", [], {
    message: "records of another table refer to the value that would change",
    hint: "Change or delete those first.",
  });
}
