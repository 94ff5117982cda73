// Which statements are taken: those that read, those that change rows of a table, and which tool does the rest. Runs everywhere.
import { AppError } from "../../core/errors.ts";
import { isName, isWord, type Statement } from "../../engines/sql/statement.ts";
import type { Token } from "../../engines/sql/tokens.ts";

const reading: ReadonlySet<string> = new Set(["select", "values"]);
const writing: ReadonlySet<string> = new Set(["insert", "update", "delete", "replace"]);

/** What does what SQL is not for here. */
const otherwise: Readonly<Record<string, string>> = {
  create: "create_table makes tables, create_index indexes, sql_frame a frame of a SELECT.",
  alter: "alter_table changes a table's columns.",
  drop: "drop_table takes a table away, drop_data a frame.",
  pragma: "describe_table and list_tables show what tables are; settings cannot be changed.",
  attach: "Data comes in with import_table, read_csv, read_json and read_parquet.",
  detach: "Data comes in with import_table, read_csv, read_json and read_parquet.",
  begin: "Each call is one transaction already.",
  commit: "Each call is one transaction already.",
  end: "Each call is one transaction already.",
  rollback: "undo_change takes a change back; each call is one transaction already.",
  savepoint: "Each call is one transaction already.",
  release: "Each call is one transaction already.",
  vacuum: "Nothing needs it here.",
  reindex: "Nothing needs it here.",
  analyze: "Nothing needs it here.",
};

/** True for a statement that changes rows. */
export function isWriting({ verb, isPlan }: Statement): boolean {
  return !isPlan && verb !== undefined && writing.has(verb);
}

/** Throws `sql_forbidden` unless the statement reads: begins with SELECT, VALUES or WITH, and ends in one of the first two. */
export function requireReading(statement: Statement): void {
  const { first, verb } = statement;
  if (verb === undefined || reading.has(verb)) return;
  if (writing.has(verb)) {
    throw new AppError("sql_forbidden", `This call only reads, and the statement is ${verb.toUpperCase()}.`, {
      hint: "Members change rows with read_only: false; insert_record, update_record and delete_record can be undone.",
    });
  }
  throw notTaken(first);
}

/** Throws `sql_forbidden` unless the statement changes rows, in a form that leaves the transaction alone. */
export function requireWriting(statement: Statement): void {
  const { tokens, first } = statement;
  if (!isWriting(statement)) throw notTaken(first);
  if (tokens.some((token, at) => isWord(token, "or") && isWord(tokens[at + 1], "rollback"))) {
    throw new AppError("sql_forbidden", "OR ROLLBACK would end the transaction that the call runs in.", {
      hint: "Use OR ABORT, OR IGNORE, OR REPLACE, or ON CONFLICT; a failed statement is undone as a whole in any case.",
    });
  }
}

function notTaken(first: string): AppError {
  const hint = Object.hasOwn(otherwise, first) ? otherwise[first] : undefined;
  const word = /^[a-z]+$/.test(first) ? first.toUpperCase() : "something else";
  return new AppError(
    "sql_forbidden",
    `A statement begins with SELECT, WITH or VALUES; this one begins with ${word}.`,
    {
      hint: hint ?? "Write a SELECT. With read_only: false, INSERT, UPDATE, DELETE and REPLACE are taken, too.",
    },
  );
}

/** The table that a statement changes, as it names it; undefined when that cannot be read. */
export function writeTarget({ tokens, body, verb }: Statement): Token | undefined {
  let at = body + 1;
  if (isWord(tokens[at], "or")) at += 2;
  if (verb === "insert" || verb === "replace") at += isWord(tokens[at], "into") ? 1 : 0;
  if (verb === "delete") at += isWord(tokens[at], "from") ? 1 : 0;
  if (isWord(tokens[at], "main") && tokens[at + 1]?.text === ".") at += 2;
  const target = tokens[at];
  return isName(target) ? target : undefined;
}
