// What an operation reads: columns and rows of a frame or table alike, and rows by their numbers within a bounded memory. Pure.
import { AppError } from "../../core/errors.ts";
import { didYouMean, nearNames } from "../../core/near-names.ts";
import { findColumn } from "../../engines/frame/expressions/compile.ts";
import type { Column, Row } from "../../engines/frame/types.ts";
import { frameLimits } from "../../workspace-limits.ts";

export interface Rows {
  columns: readonly Column[];
  count: number;
  /** Bytes of a row as JSON, about. */
  rowBytes: number;
  /** All rows in order, some at a time. To be read within one step. */
  rows(): Generator<Row[]>;
  /** The rows with these numbers, which count from 0 and go up. */
  pick(numbers: readonly number[]): Map<number, Row>;
}

/** What an operation gives: columns, and a generator of rows that may end by returning columns whose types became known only then. */
export interface Made {
  columns: Column[];
  // biome-ignore lint/suspicious/noConfusingVoidType: a generator that returns nothing returns void.
  rows: () => Generator<Row, Column[] | void>;
}

/** Every row with its number, from 0. */
export function* eachRow(input: Pick<Rows, "rows">): Generator<{ row: Row; number: number }> {
  let number = 0;
  for (const chunk of input.rows()) for (const row of chunk) yield { row, number: number++ };
}

/** `pick` for what can only be read from its start. */
export function pickFrom(input: Pick<Rows, "rows">, numbers: readonly number[]): Map<number, Row> {
  const picked = new Map<number, Row>();
  let at = 0;
  let start = 0;
  for (const chunk of input.rows()) {
    for (let next = numbers[at]; next !== undefined && next < start + chunk.length; next = numbers[at]) {
      picked.set(next, chunk[next - start] ?? []);
      at += 1;
    }
    if (at === numbers.length) break;
    start += chunk.length;
  }
  return picked;
}

/** Rows that are held at a time when they are not read in their own order. */
export function windowRows(rowBytes: number): number {
  return Math.max(1, Math.floor(frameLimits.windowBytes / Math.max(rowBytes, 1)));
}

/** The rows with these numbers, in the order in which they are named: as many at a time as memory allows. */
export function* inOrder(input: Rows, order: Uint32Array): Generator<Row> {
  const size = windowRows(input.rowBytes);
  for (let start = 0; start < order.length; start += size) {
    const window = order.subarray(start, start + size);
    const picked = input.pick([...new Set(window)].sort((a, b) => a - b));
    for (const number of window) yield picked.get(number) ?? [];
  }
}

/** Counts what an operation holds in memory besides the rows it reads. Throws `too_large`. */
export class Held {
  #bytes = 0;

  add(bytes: number): void {
    this.#bytes += bytes;
    const { operationBytes } = frameLimits;
    if (this.#bytes <= operationBytes) return;
    throw new AppError(
      "too_large",
      `This needs more than ${operationBytes} bytes of memory for its keys and values (limit operationBytes).`,
      {
        hint: "Filter first, name fewer columns, or compute it with sql_frame.",
        details: { limit: "operationBytes", value: operationBytes },
      },
    );
  }
}

/** Bytes that a key of this kind takes in a map, about. */
export function keyBytes(key: unknown): number {
  return typeof key === "string" ? 64 + key.length : 40;
}

/** The places of the columns of these names. Throws `not_found` that offers near names. */
export function columnIndexes(columns: readonly Column[], names: readonly string[]): number[] {
  return names.map((name) => columnIndex(columns, name));
}

export function columnIndex(columns: readonly Column[], name: string): number {
  const index = findColumn(columns, name);
  if (index >= 0) return index;
  const all = columns.map((column) => column.name);
  const near = nearNames(name, all);
  throw new AppError("not_found", `There is no column ${JSON.stringify(name)}.`, {
    hint: didYouMean(near) ?? `The columns are ${all.join(", ")}.`,
    details: { near },
  });
}

/** Throws `invalid_argument` for a column that is named twice. */
export function requireOnce(names: readonly string[]): void {
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined)
    throw new AppError("invalid_argument", `The column ${JSON.stringify(twice)} is named twice.`);
}

/** The column at a place that `columnIndex` gave. */
export function columnAt(columns: readonly Column[], index: number): Column {
  const column = columns[index];
  if (column === undefined) throw new Error(`no column at ${index}`);
  return column;
}

/** A name that none of `taken` is, SQL not telling upper from lower case: the name itself where it is free. */
export function freeName(name: string, taken: readonly string[]): string {
  const keys = new Set(taken.map((other) => other.toLowerCase()));
  for (let number = 1; ; number++) {
    const candidate = number === 1 ? name : `${name}_${number}`;
    if (!keys.has(candidate.toLowerCase())) return candidate;
  }
}

/** A column of another name, or of none of the values that made it special. */
export function renamed(column: Column, name: string): Column {
  return { ...column, name };
}
