// Running a statement that reads: its first rows with their types, or all of them into a frame. Runs in the workspace.
import { AppError } from "../../core/errors.ts";
import type { WorkspaceDeps } from "../../durable/workspace-deps.ts";
import { bytesOfHex } from "../../engines/frame/binary.ts";
import type { Column, Row } from "../../engines/frame/types.ts";
import { chunkTable } from "../../engines/frame/view.ts";
import { quoteName } from "../../engines/sql/identifiers.ts";
import { ColumnFacts, type Kind, type Raw, rowOf } from "../../engines/sql/result-types.ts";
import { parseStatement } from "../../engines/sql/statement.ts";
import { frameLimits, sqlLimits } from "../../workspace-limits.ts";
import type { Caller } from "../access/access.ts";
import { writeFrame } from "../frames/frame-writer.ts";
import { tooManyRows } from "../frames/frames.ts";
import type { Frame, Lineage } from "../frames/schema.ts";
import type { Reader } from "../workspace/schema.ts";
import { unionOfSources } from "../workspace/workspace.ts";
import { explain, planOf, type Runnable, requireAllowed } from "./check-store.ts";
import { requireReading } from "./forms.ts";
import type { SqlDeps } from "./relations-store.ts";
import type { Missing, ReadFrame, ReadOptions, ReadRows, SqlRequest } from "./schema.ts";
import { bindStatement, type Prepared, prepareRead } from "./statement-store.ts";

/** The statement's first rows and how many there are, or a frame of them all. Changes nothing else. Throws as `prepareRead`, and `too_large`. */
export function readSql(
  deps: WorkspaceDeps,
  request: SqlRequest,
  options: ReadOptions,
  reader: Reader,
  by: Caller,
): ReadRows | ReadFrame | Missing {
  const statement = parseStatement(request.query);
  requireReading(statement);
  const bound = bindStatement(deps, statement, request, reader);
  const { frame } = options;
  const outcome = deps.undone(() => {
    const prepared = prepareRead(deps, bound);
    if ("outcome" in prepared) return prepared;
    if (statement.isPlan) return showPlan(deps, prepared);
    if (frame === undefined) return readFirst(deps, prepared, options.rows);
    return { prepared, ...readAll(deps, prepared, frame.maxRows) };
  });
  if ("outcome" in outcome || frame === undefined) return outcome as ReadRows | Missing;
  return keepAsFrame(deps, outcome, { ...options, frame }, request, by);
}

/** A row as it was read: what each value is, one letter each, and the values. */
interface RawRow {
  kinds: string;
  values: Raw[];
}

const largest = Number.MAX_SAFE_INTEGER;

/**
 * SQL that gives each row's kinds and values exactly: whole numbers beyond ±(2^53 - 1) as digits, a value that is too large as the kind `x`.
 * Two LIMITs keep the statement a loop of its own, so that no expression of it is evaluated twice, and its rows come one at a time: kept
 * together first, a thousand of them could be gigabytes.
 */
function typed(prepared: Prepared, most: number): Runnable {
  const { names } = prepared;
  const columns = names.map((_, index) => `c${index}`);
  const kinds = columns.map(
    (name) => `iif(octet_length(${name}) > ${sqlLimits.cellBytes}, 'x', substr(typeof(${name}), 1, 1))`,
  );
  const values = columns.map(
    (name) =>
      `CASE WHEN typeof(${name}) = 'integer' AND ${name} NOT BETWEEN -${largest} AND ${largest} THEN CAST(${name} AS TEXT) WHEN octet_length(${name}) > ${sqlLimits.cellBytes} THEN NULL ELSE ${name} END`,
  );
  const grouped = Array.from(
    { length: Math.ceil(kinds.length / 10) },
    (_, group) => `(${kinds.slice(group * 10, group * 10 + 10).join(" || ")})`,
  );
  // A result has 100 columns at most, so with so many the last goes along with the kinds.
  const last = columns.length === frameLimits.columns ? columns.at(-1) : undefined;
  const tail = last === undefined ? "" : ` || ${asText(last)}`;
  const list = last === undefined ? values : values.slice(0, -1);
  const clause = `${quoteName(rowsName)}(${columns.join(", ")}) AS NOT MATERIALIZED`;
  return prepared.compose(
    () => `SELECT ${[`${grouped.join(" || ")}${tail}`, ...list].join(", ")} FROM ${quoteName(rowsName)} LIMIT ${most}`,
    (user) => [`${clause} (SELECT * FROM ${user} LIMIT ${most})`],
  );
}

/** No name of the user's is this. */
const rowsName = "sd:rows";

/** A value as text that goes behind its kind, as `lastOf` reads it. */
function asText(name: string): string {
  const real = `CASE ${name} WHEN 9e999 THEN 'Infinity' WHEN -9e999 THEN '-Infinity' ELSE printf('%!.17g', ${name}) END`;
  return `CASE WHEN octet_length(${name}) > ${sqlLimits.cellBytes} THEN '' ELSE CASE typeof(${name}) WHEN 'null' THEN '' WHEN 'real' THEN ${real} WHEN 'blob' THEN hex(${name}) ELSE CAST(${name} AS TEXT) END END`;
}

function lastOf(kind: string, text: string): Raw {
  if (kind === "i") return Number.isSafeInteger(Number(text)) ? Number(text) : text;
  if (kind === "r") return Number(text);
  if (kind === "b") return bytesOfHex(text).buffer;
  return kind === "t" ? text : null;
}

/** The statement's rows, `most` of them, as they are asked for. What is not read to its end is closed, as an open cursor would keep tables locked. */
function* rawRows(deps: SqlDeps, prepared: Prepared, most: number): Generator<RawRow> {
  const runnable = typed(prepared, most);
  requireAllowed(deps, explain(deps, runnable), prepared.resolved, false);
  const width = prepared.names.length;
  const cursor = deps.sql.exec(runnable.text, ...runnable.values);
  try {
    for (const [first, ...rest] of cursor.raw()) {
      const kinds = String(first).slice(0, width);
      const values = rest as Raw[];
      if (width === frameLimits.columns) values.push(lastOf(kinds.charAt(width - 1), String(first).slice(width)));
      const long = kinds.indexOf("x");
      if (long >= 0) throw tooLong(prepared.names[long] ?? "");
      yield { kinds, values };
    }
  } finally {
    close(cursor);
  }
}

function close(cursor: SqlStorageCursor<Record<string, SqlStorageValue>>): void {
  try {
    cursor.one();
  } catch {
    // Whether there was one row left or not, the statement is closed.
  }
}

function tooLong(column: string): AppError {
  return new AppError(
    "too_large",
    `A value of the column ${JSON.stringify(column)} has more than ${sqlLimits.cellBytes} bytes (limit cellBytes).`,
    {
      hint: "Leave the column out, or shorten it: substr(x, 1, 1000).",
      details: { limit: "cellBytes", value: sqlLimits.cellBytes },
    },
  );
}

/** Runs what reads; errors of SQLite come out as ours. */
function running<T>(prepared: Prepared, most: number, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof AppError) throw error;
    throw prepared.failure(error, typed(prepared, most));
  }
}

/** The columns by what was read, and which of them hold JSON as text. */
interface Typing {
  columns: Column[];
  json: ReadonlySet<number>;
  notes: string[];
}

function typingOf(facts: readonly ColumnFacts[]): Typing {
  const columns = facts.map((fact) => fact.column());
  const json = new Set(
    columns.flatMap(({ type }, index) => (type === "json" && facts[index]?.isMixed === false ? [index] : [])),
  );
  const mixed = columns.filter((_, index) => facts[index]?.isMixed === true).map(({ name }) => JSON.stringify(name));
  const notes =
    mixed.length === 0 ? [] : [`Values of several kinds stand in ${mixed.join(", ")}: each is kept as JSON has it.`];
  return { columns, json, notes };
}

const factsFor = ({ names, inputs }: Prepared): ColumnFacts[] => names.map((name) => new ColumnFacts(name, inputs));

function note(facts: readonly ColumnFacts[], { kinds, values }: RawRow): void {
  for (const [index, fact] of facts.entries()) fact.add((kinds[index] ?? "n") as Kind, values[index] ?? null);
}

function rowFrom({ columns, json }: Typing, { kinds, values }: RawRow): Row {
  const row = rowOf(columns, kinds, values, json);
  if (Array.isArray(row)) return row;
  throw new AppError(
    "conflict",
    `The column ${JSON.stringify(row.misfit.name)} had values of another kind when the statement ran again.`,
    {
      hint: "Give each of its values one type, e.g. CAST(x AS TEXT).",
    },
  );
}

const sizeOf = ({ values }: RawRow): number =>
  values.reduce<number>(
    (sum, value) =>
      sum + (typeof value === "string" ? value.length : value instanceof ArrayBuffer ? value.byteLength * 2 : 8),
    8,
  );

function readFirst(deps: SqlDeps, prepared: Prepared, wanted: number): ReadRows {
  return running(prepared, wanted + 1, () => {
    const rows: RawRow[] = [];
    let bytes = 0;
    let isCut = false;
    for (const row of rawRows(deps, prepared, wanted + 1)) {
      bytes += sizeOf(row);
      isCut = rows.length === wanted || (rows.length > 0 && bytes > sqlLimits.answerBytes);
      if (isCut) break;
      rows.push(row);
    }
    const facts = factsFor(prepared);
    for (const row of rows) note(facts, row);
    const typing = typingOf(facts);
    const total = isCut ? countRows(deps, prepared) : rows.length;
    const notes = [...prepared.notes, ...typing.notes];
    return { outcome: "rows", columns: typing.columns, rows: rows.map((row) => rowFrom(typing, row)), total, notes };
  });
}

function countRows(deps: SqlDeps, prepared: Prepared): number {
  const { text, values } = prepared.compose((user) => `SELECT count(*) AS total FROM ${user}`);
  requireAllowed(deps, explain(deps, { text, values }), prepared.resolved, false);
  return deps.sql.exec<{ total: number }>(text, ...values).one().total;
}

/** What all of a statement's rows come to: their types, and themselves while they are few. */
interface AllRows {
  prepared: Prepared;
  typing: Typing;
  /** Undefined when there are too many to hold: then they are read once more. */
  held: RawRow[] | undefined;
}

const heldRows = 5_000;

function readAll(deps: SqlDeps, prepared: Prepared, maxRows: number): Omit<AllRows, "prepared"> {
  return running(prepared, maxRows + 1, () => {
    const facts = factsFor(prepared);
    let held: RawRow[] | undefined = [];
    let count = 0;
    let bytes = 0;
    for (const row of rawRows(deps, prepared, maxRows + 1)) {
      if (++count > maxRows) throw tooManyRows(maxRows);
      note(facts, row);
      bytes += sizeOf(row);
      if (bytes > 2 * frameLimits.teamBytes) throw tooManyBytes();
      if (count > heldRows || bytes > sqlLimits.answerBytes) held = undefined;
      held?.push(row);
    }
    return { typing: typingOf(facts), held };
  });
}

function tooManyBytes(): AppError {
  return new AppError(
    "too_large",
    `The result has more bytes than all frames of a team may have, ${frameLimits.teamBytes} (limit teamBytes).`,
    {
      hint: "Leave out long columns, or shorten them: substr(x, 1, 1000).",
      details: { limit: "teamBytes", value: frameLimits.teamBytes },
    },
  );
}

function keepAsFrame(
  deps: WorkspaceDeps,
  { prepared, typing, held }: AllRows,
  { rows: shown, frame: wanted }: ReadOptions & { frame: NonNullable<ReadOptions["frame"]> },
  request: SqlRequest,
  by: Caller,
): ReadFrame {
  const first: Row[] = [];
  function* rows(): Generator<Row> {
    for (const raw of held ?? rawRows(deps, prepared, wanted.maxRows + 1)) {
      const row = rowFrom(typing, raw);
      if (first.length < shown) first.push(row);
      yield row;
    }
  }
  const { columns } = typing;
  const sources = unionOfSources(
    ...prepared.touched.tables.map((table) => table.sources),
    ...prepared.touched.frames.map(({ frame }) => frame.sources),
  );
  const lineage = lineageOf(prepared, wanted.operation, request);
  const frame: Frame = writeFrame(deps, by, { name: wanted.name, columns, lineage, sources }, rows, wanted.maxRows);
  return { outcome: "frame", frame, rows: first, notes: [...prepared.notes, ...typing.notes] };
}

function lineageOf({ touched }: Prepared, operation: string, { query, params }: SqlRequest): Lineage {
  return {
    operation,
    inputs: [
      ...touched.tables.map(({ name, dataVersion }) => ({ kind: "table" as const, name, version: dataVersion })),
      ...touched.frames.map(({ name, frame, isDataset }) => {
        const version = isDataset ? frame.sources[0]?.version : undefined;
        return {
          kind: isDataset ? ("dataset" as const) : ("frame" as const),
          name,
          ref: frame.id,
          ...(version === undefined ? {} : { version }),
        };
      }),
    ],
    params: { query, ...(Object.keys(params).length === 0 ? {} : { params }) },
  };
}

/** What SQLite would do for the statement, in its words, with frames by their names. */
function showPlan(deps: SqlDeps, prepared: Prepared): ReadRows {
  const plan = planOf(
    deps,
    prepared.compose((user) => `SELECT * FROM ${user}`),
  );
  const chunks = new Map(prepared.touched.frames.map(({ name, frame }) => [chunkTable(frame.storage), name]));
  const rows = plan.map(
    ({ id, parent, detail }): Row => [
      id,
      parent,
      detail.replace(/\bsd_f_[0-9]+\b/g, (table) => chunks.get(table) ?? table),
    ],
  );
  const columns: Column[] = [
    { name: "id", type: "int" },
    { name: "parent", type: "int" },
    { name: "detail", type: "text" },
  ];
  return { outcome: "rows", columns, rows, total: rows.length, notes: [] };
}
