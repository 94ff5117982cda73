// One case: two random frames and a random chain of operations, computed by ours and by the oracle, compared after every step. Runs in Node.
import { isAppError } from "../../src/core/errors.ts";
import type { Cell, Column, Row } from "../../src/engines/frame/types.ts";
import { describeColumns } from "../../src/features/frame-operations/describing.ts";
import { makeOf } from "../../src/features/frame-operations/frame-operations.ts";
import { pickFrom, type Rows } from "../../src/features/frame-operations/reading.ts";
import { withWideColumns } from "../../src/features/frame-operations/row-operations.ts";
import type { Operation } from "../../src/features/frame-operations/schema.ts";
import { randomStep } from "./operations.ts";
import type { Oracle } from "./oracle.ts";
import { type Frame, Random, randomFrame } from "./random.ts";

const maxRows = 2_000;

/** A frame in memory as operations read it, in chunks of a few rows. */
export function inMemory({ columns, rows }: Frame): Rows {
  const chunks = Array.from({ length: Math.ceil(rows.length / 7) }, (_, index) => rows.slice(index * 7, index * 7 + 7));
  const input = { rows: () => chunks.values() as Generator<Row[]> };
  return { columns, count: rows.length, rowBytes: 4_000_000, ...input, pick: (numbers) => pickFrom(input, numbers) };
}

/** What an operation makes of frames in memory. */
export function compute(operation: Operation, frames: readonly Frame[]): Frame {
  return withWideColumns((wide) => {
    const made = makeOf(operation, frames.map(inMemory), maxRows, wide);
    const rows: Row[] = [];
    const source = made.rows();
    for (let next = source.next(); ; next = source.next()) {
      if (next.done === true) return { columns: next.value ?? made.columns, rows };
      rows.push(JSON.parse(JSON.stringify(next.value)) as Row);
    }
  });
}

export interface Difference {
  seed: number;
  step: number;
  operation: unknown;
  sql: string;
  why: string;
}

/** Runs a case. Gives how many steps were compared, and the first difference if there is one. */
export async function runCase(oracle: Oracle, seed: number): Promise<{ steps: number; difference?: Difference }> {
  const random = new Random(seed);
  let frame = randomFrame(random, "a");
  const other = randomFrame(random, "b");
  await oracle.put("other", other);
  let names = 0;
  const length = 1 + random.int(4);
  for (let step = 0; step < length; step++) {
    await oracle.put("input", frame);
    const fresh = () => `n${names++}`;
    const { operation, sql, inexact } = randomStep(
      random,
      { columns: frame.columns, table: "input" },
      { columns: other.columns, table: "other" },
      fresh,
    );
    const difference = (why: string): { steps: number; difference: Difference } => ({
      steps: step,
      difference: { seed, step, operation, sql, why },
    });
    const inputs = operation.operation === "join" || operation.operation === "concat" ? [frame, other] : [frame];
    const ours = attempt(() => compute(operation, inputs));
    if (ours instanceof Error && !isAppError(ours)) throw ours;
    const columns = ours instanceof Error ? [] : ours.columns;
    const theirs = await oracle.ask(sql, columns).catch((error: Error) => error);
    if (ours instanceof Error) {
      // What is beyond 64 bits, or too many rows, is refused; DuckDB says so in its words, or would give them.
      const isExpected = /beyond 64 bits|would have \d+ rows/.test(ours.message);
      if (!isExpected) return difference(`ours refuses: ${ours.message}`);
      break;
    }
    if (theirs instanceof Error) return difference(`the oracle refuses: ${theirs.message}`);
    const why = compare(ours, theirs, inexact);
    if (why !== undefined) return difference(why);
    frame = ours;
  }
  await oracle.put("input", frame);
  const why = await compareDescription(oracle, frame);
  return why === undefined
    ? { steps: length }
    : { steps: length, difference: { seed, step: length, operation: "describe", sql: "", why } };
}

function attempt<T>(run: () => T): T | Error {
  try {
    return run();
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

function compare(ours: Frame, theirs: readonly Row[], inexact: readonly string[]): string | undefined {
  if (ours.rows.length !== theirs.length) return `${ours.rows.length} rows, the oracle ${theirs.length}`;
  for (const [number, row] of ours.rows.entries()) {
    for (const [index, column] of ours.columns.entries()) {
      const [own, their] = [row[index] ?? null, theirs[number]?.[index] ?? null];
      if (!isSame(own, their, column, inexact.includes(column.name))) {
        return `row ${number + 1}, ${column.name} (${column.type}): ${JSON.stringify(own)}, the oracle ${JSON.stringify(their)}`;
      }
    }
  }
  return undefined;
}

function isSame(own: Cell, their: Cell, { type, scale }: Column, isInexact: boolean): boolean {
  if (own === their) return true;
  if (own === null || their === null) return false;
  if (type === "decimal") return Number(own) === Number(their) && String(own).split(".")[1]?.length === scale;
  if (type !== "float") return false;
  // -0 and 0 are one number.
  const [a, b] = [Number(own), Number(their)];
  return a === b || (isInexact && Math.abs(a - b) <= 1e-12 * Math.max(Math.abs(a), Math.abs(b)));
}

/** describe of every column of numbers against the oracle's own aggregates. */
async function compareDescription(oracle: Oracle, frame: Frame): Promise<string | undefined> {
  const lines = describeColumns(inMemory(frame), {}).map((line) => JSON.parse(line) as Record<string, number | null>);
  for (const [index, column] of frame.columns.entries()) {
    if (!["int", "float", "decimal", "text", "date"].includes(column.type)) continue;
    const isNumber = ["int", "float", "decimal"].includes(column.type);
    const name = isNumber ? `CAST("${column.name}" AS DOUBLE)` : `"${column.name}"`;
    const some = `FILTER (WHERE "${column.name}" IS NOT NULL${column.type === "float" ? ` AND NOT isnan("${column.name}")` : ""})`;
    const asked: [string, string][] = [
      ["count", `count("${column.name}")`],
      ["nulls", `count(*) - count("${column.name}")`],
      ["distinct", `count(DISTINCT "${column.name}")`],
    ];
    if (isNumber) {
      asked.push(
        ["min", `min(${name}) ${some}`],
        ["max", `max(${name}) ${some}`],
        ["mean", `avg("${column.name}") ${some}`],
      );
      asked.push(["std", `stddev_samp(${name}) ${some}`]);
      for (const [label, at] of [
        ["25%", 0.25],
        ["50%", 0.5],
        ["75%", 0.75],
      ])
        asked.push([String(label), `quantile_cont(${name}, ${at}) ${some}`]);
    }
    const sql = `SELECT ${asked.map(([, expression]) => `CAST(${expression} AS DOUBLE)`).join(", ")} FROM input`;
    const [theirs = []] = await oracle.ask(
      sql,
      asked.map(([label]) => ({ name: label, type: "float" as const })),
    );
    for (const [place, [label]] of asked.entries()) {
      const own = lines[index]?.[label] ?? null;
      const their = theirs[place] ?? null;
      // Of large numbers that cancel out, a sum of floats keeps as many digits as they leave.
      const size = Math.max(
        1,
        Math.abs(Number(their)),
        1e-4 * Math.max(...["min", "max"].map((end) => Math.abs(Number(lines[index]?.[end] ?? 0) || 0))),
      );
      const isClose =
        own === null || their === null ? own === their : Math.abs(Number(own) - Number(their)) <= 1e-9 * size;
      if (!isClose) return `${column.name} (${column.type}) ${label}: ${own}, the oracle ${their}`;
    }
  }
  return undefined;
}
