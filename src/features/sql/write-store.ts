// Running a statement that changes rows of tables: counted first, confirmed when it is much, logged. Runs in the workspace.
import { digestOfCall, requireConfirmation } from "../../core/confirmation.ts";
import { AppError } from "../../core/errors.ts";
import type { WorkspaceDeps } from "../../durable/workspace-deps.ts";
import type { Column, Row } from "../../engines/frame/types.ts";
import { quoteName } from "../../engines/sql/identifiers.ts";
import { ColumnFacts, type Kind, type Raw, rowOf } from "../../engines/sql/result-types.ts";
import { isWord, parseStatement, type Statement } from "../../engines/sql/statement.ts";
import { sqlLimits, tableLimits } from "../../workspace-limits.ts";
import type { Caller } from "../access/access.ts";
import { bumpTable, carrySources, noteWriter, requireRoom, type UserTable } from "../tables/table-store.ts";
import type { Reader } from "../workspace/schema.ts";
import { findRelation } from "../workspace/store.ts";
import { unionOfSources } from "../workspace/workspace.ts";
import { costOf, explain, type Runnable, requireAllowed, requireSteps, type Touched } from "./check-store.ts";
import { requireWriting, writeTarget } from "./forms.ts";
import { forbiddenName, isOfServer, wordsError } from "./messages.ts";
import { inputColumns, type SqlDeps } from "./relations-store.ts";
import type { Missing, SqlRequest, WriteOptions, Written } from "./schema.ts";
import { type Bound, bindStatement, failureOf, missingDataset, runnableTokens } from "./statement-store.ts";

interface PreparedWrite {
  runnable: Runnable;
  touched: Touched;
  failure: (error: unknown) => AppError;
}

/**
 * Runs one INSERT, UPDATE, DELETE or REPLACE. Throws `sql_forbidden`, `sql_invalid`, `not_found`, `constraint_failed`, `too_large`, and
 * `confirmation_required` with how many records it would change; then nothing was changed.
 */
export async function writeSql(
  deps: WorkspaceDeps,
  request: SqlRequest,
  options: WriteOptions,
  reader: Reader,
  by: Caller,
): Promise<Written | Missing> {
  const statement = parseStatement(request.query);
  requireWriting(statement);
  const bound = bindStatement(deps, statement, request, reader);
  requireTarget(deps, bound, reader);
  const prepared = deps.undone(() => prepareWrite(deps, bound));
  if ("outcome" in prepared) return prepared;
  requireRoom(deps);
  const tables = prepared.touched.written;
  const planned = deps.undone(() => run(deps, prepared, options, by));
  if (options.dryRun) return { ...planned, rows: [], total: 0, columns: [] };
  const confirmable = {
    call: await digestOfCall("execute_raw_query", [request.query, request.params]),
    version: tables.reduce((sum, { dataVersion }) => sum + dataVersion, 0),
    count: planned.changed,
  };
  const what = `change ${planned.changed} records of ${planned.tables.join(", ")}`;
  if (planned.changed > tableLimits.unconfirmedRecords) requireConfirmation(confirmable, options.confirm, what);
  return await deps.change(by, () => {
    // Others may have come in between: what is run is checked as it is run.
    const now = prepareWrite(deps, bindStatement(deps, statement, request, reader));
    if ("outcome" in now) throw changedMeanwhile();
    const { written, related } = now.touched;
    const result = run(deps, now, options, by);
    if (result.changed !== planned.changed) throw changedMeanwhile();
    for (const table of written) passSources(deps, table, now.touched);
    for (const id of [...written.map((table) => table.id), ...related]) bumpTable(deps, id, by);
    const audit = { action: "sql.write", target: { kind: "table", name: result.tables.join(", ") } };
    const after = { statement: request.query, changed: result.changed, tables: result.tables };
    const events = written.map(({ name }) => ({ kind: "table" as const, name, change: "updated" as const }));
    return { result, audit: [{ ...audit, after }], events };
  });
}

/** What came from a dataset is for those who may read it, in the table that it is now in, too. */
function passSources(deps: WorkspaceDeps, table: UserTable, { tables, frames }: Touched): void {
  const read = tables.filter(({ id }) => id !== table.id).map(({ sources }) => sources);
  carrySources(deps, table.id, unionOfSources(...read, ...frames.map(({ frame }) => frame.sources)));
}

function changedMeanwhile(): AppError {
  return new AppError(
    "conflict",
    "The statement changes another number of records than a moment ago. Nothing was changed.",
    {
      hint: "Make the call again.",
    },
  );
}

/** Throws unless what the statement changes is a table that the reader may read. */
function requireTarget(deps: SqlDeps, { resolved, request }: Bound, reader: Reader): void {
  const target = writeTarget(resolved.statement);
  if (target === undefined) return;
  const name = target.value;
  if (isOfServer(name)) throw wordsError(forbiddenName(`"${name}"`));
  const found = findRelation(deps.db, name, reader);
  if (found?.kind === "table") return;
  const owner = resolved.tables.find(({ searchName }) => searchName?.toLowerCase() === name.toLowerCase());
  if (owner !== undefined) {
    throw new AppError("sql_forbidden", `"${name}" follows its table by itself and is not changed by hand.`, {
      hint: `Change ${owner.name}.`,
    });
  }
  if (found?.kind === "frame") {
    throw new AppError("sql_forbidden", `"${name}" is a frame; frames are not changed.`, {
      hint: "Make another frame with sql_frame, derive or filter; or import_table makes a table of it.",
    });
  }
  const datasets = [...request.datasets, ...request.copies.map((copy) => copy.name)];
  if (datasets.some((dataset) => dataset.toLowerCase() === name.toLowerCase())) {
    throw new AppError("sql_forbidden", `"${name}" is a dataset; SQL does not change datasets.`, {
      hint: "import_table makes a table of it.",
    });
  }
  throw new AppError("not_found", `There is no table "${name}".`, { hint: "list_tables shows the team's tables." });
}

/** The statement with frames and datasets put before it, checked. To be called in a transaction that is undone. */
function prepareWrite(deps: SqlDeps, bound: Bound): PreparedWrite | Missing {
  const { resolved, request } = bound;
  const { statement } = resolved;
  const user = runnableTokens(bound, afterWith(statement), statement.tokens.length);
  const joint = statement.first === "with" ? ", " : " ";
  const clauses =
    resolved.clauses.length === 0 && statement.first !== "with"
      ? ""
      : `WITH RECURSIVE ${resolved.clauses.join(", ")}${resolved.clauses.length === 0 ? "" : joint}`;
  const runnable = { text: `${clauses}${user.sql}`, values: user.values };
  const failure = (error: unknown, prefix = "") =>
    failureOf(bound, user, prefix.length + clauses.length, `${prefix}${runnable.text}`, error);
  try {
    const touched = requireAllowed(deps, explain(deps, runnable), resolved, true);
    const cost = costOf(deps, runnable, resolved);
    if (cost.recursions.length > 0) throw noRecursion();
    requireSteps(cost.steps);
    return { runnable, touched, failure };
  } catch (error) {
    if (error instanceof AppError) throw error;
    const missing = missingDataset(error, request);
    if (missing !== undefined) return missing;
    throw failure(error, "EXPLAIN ");
  }
}

function noRecursion(): AppError {
  return new AppError("sql_forbidden", "A statement that writes has no recursion here.", {
    hint: "Make a frame of the recursive SELECT with sql_frame, and write from that.",
  });
}

/** The token after WITH and RECURSIVE. */
function afterWith({ tokens, first }: Statement): number {
  if (first !== "with") return 0;
  return isWord(tokens[1], "recursive") ? 2 : 1;
}

/** Runs it, in whatever transaction there is. */
function run(
  deps: WorkspaceDeps,
  { runnable, touched, failure }: PreparedWrite,
  { rows: wanted }: WriteOptions,
  by: Caller,
): Written {
  noteWriter(deps, by);
  watchSizes(deps, touched.written);
  try {
    const cursor = deps.sql.exec(runnable.text, ...runnable.values);
    const names = cursor.columnNames;
    const all = cursor.raw();
    const first: Raw[][] = [];
    let total = 0;
    let bytes = 0;
    for (const row of all) {
      total += 1;
      // Rows are shown in order, so that none is left out in between.
      if (first.length === wanted || bytes > sqlLimits.answerBytes) continue;
      bytes += sizeOf(row as Raw[]);
      if (first.length === 0 || bytes <= sqlLimits.answerBytes) first.push(row as Raw[]);
    }
    const { changed } = deps.sql.exec<{ changed: number }>("SELECT changes() AS changed").one();
    for (const { id } of touched.written) for (const name of watches(id)) deps.sql.exec(`DROP TRIGGER ${name}`);
    return {
      outcome: "written",
      changed,
      tables: namesOfTables(touched.written),
      total,
      ...shownRows(names, first, touched),
    };
  } catch (error) {
    throw error instanceof AppError ? error : (tooLong(error) ?? failure(error));
  }
}

const watches = (id: string): string[] => ["INSERT", "UPDATE"].map((event) => quoteName(`sd_size_${id}_${event}`));

/** Refuses values and records that are longer than tables hold: SQLite would take them, and no tool could read the table any more. */
function watchSizes(deps: WorkspaceDeps, written: readonly UserTable[]): void {
  for (const { id, name, columns } of written) {
    const lengths = columns.map((column) => `coalesce(octet_length(NEW.${quoteName(column.name)}), 0)`);
    const longest = groupsOf(lengths, argumentsAtOnce).map((group) => `max(0, ${group.join(", ")})`);
    const sums = groupsOf(lengths, argumentsAtOnce).map((group) => `(${group.join(" + ")})`);
    const over = `CASE WHEN max(0, ${longest.join(", ")}) > ${tableLimits.cellBytes} THEN RAISE(ABORT, 'sd:cellBytes') WHEN ${sums.join(" + ")} > ${tableLimits.rowBytes} THEN RAISE(ABORT, 'sd:rowBytes') END`;
    for (const [index, watch] of watches(id).entries())
      deps.sql.exec(
        `CREATE TRIGGER ${watch} AFTER ${index === 0 ? "INSERT" : "UPDATE"} ON ${quoteName(name)} BEGIN SELECT ${over}; END`,
      );
  }
}

/** SQLite takes 32 arguments of a function and expressions 100 deep. */
const argumentsAtOnce = 20;

function groupsOf(items: readonly string[], size: number): string[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, at) => items.slice(at * size, (at + 1) * size));
}

function tooLong(error: unknown): AppError | undefined {
  const limit = error instanceof Error ? /sd:(cellBytes|rowBytes)/.exec(error.message)?.[1] : undefined;
  if (limit !== "cellBytes" && limit !== "rowBytes") return undefined;
  const value = tableLimits[limit];
  const what = limit === "cellBytes" ? "A value" : "A record";
  return new AppError(
    "too_large",
    `${what} would have more than ${value} bytes (limit ${limit}). Nothing was changed.`,
    {
      hint: "Shorten it, or keep it in parts.",
      details: { limit, value },
    },
  );
}

/** Bytes that a row takes, about. */
const sizeOf = (row: readonly Raw[]): number =>
  row.reduce<number>(
    (sum, value) =>
      sum + (typeof value === "string" ? value.length : value instanceof ArrayBuffer ? value.byteLength * 2 : 8),
    8,
  );

const namesOfTables = (tables: readonly UserTable[]): string[] => tables.map(({ name }) => name);

/** Rows of RETURNING with their types. SQLite gives these as they are, so whole numbers beyond 2^53 come rounded, and that is said. */
function shownRows(
  names: readonly string[],
  rows: readonly Raw[][],
  touched: Touched,
): Pick<Written, "columns" | "rows" | "notes"> {
  const inputs = inputColumns(touched);
  const kindsOf = rows.map((row) => row.map((value, index) => kindOf(value, names[index] ?? "", inputs)).join(""));
  const facts = names.map((name) => new ColumnFacts(name, inputs));
  for (const [at, row] of rows.entries())
    for (const [index, fact] of facts.entries()) fact.add((kindsOf[at]?.[index] ?? "n") as Kind, row[index] ?? null);
  const columns: Column[] = facts.map((fact) => fact.column());
  const json = new Set(
    columns.flatMap(({ type }, index) => (type === "json" && facts[index]?.isMixed === false ? [index] : [])),
  );
  const shown = rows.map((row, at): Row => {
    const made = rowOf(columns, kindsOf[at] ?? "", row, json);
    return Array.isArray(made) ? made : [];
  });
  const isRounded = rows.some((row) =>
    row.some(
      (value) => typeof value === "number" && Math.abs(value) > Number.MAX_SAFE_INTEGER && Number.isInteger(value),
    ),
  );
  const notes = isRounded
    ? ["A number beyond 2^53 in RETURNING may be rounded: read it with SELECT, or RETURNING CAST(x AS TEXT)."]
    : [];
  return { columns, rows: shown, notes };
}

function kindOf(value: Raw, name: string, inputs: readonly Column[]): Kind {
  if (value === null) return "n";
  if (typeof value === "string") return "t";
  if (typeof value !== "number") return "b";
  const isFloat = inputs.some((input) => input.type === "float" && input.name.toLowerCase() === name.toLowerCase());
  return !isFloat && Number.isSafeInteger(value) && !Object.is(value, -0) ? "i" : "r";
}
