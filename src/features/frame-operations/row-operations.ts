// Operations that take rows as they come: filter, select, rename, derive, distinct, sample, concat. Pure.
import { AppError } from "../../core/errors.ts";
import { compileCondition, compileExpression } from "../../engines/frame/expressions/expression.ts";
import { common2, textOfValue, widening } from "../../engines/frame/expressions/types.ts";
import { decimalOf, isWide, reader, type ValueType, writer } from "../../engines/frame/expressions/values.ts";
import { type Cell, type Column, type Row, typeText } from "../../engines/frame/types.ts";
import { tooManyRows } from "../frames/frames.ts";
import { rowKey } from "./keys.ts";
import {
  columnAt,
  columnIndex,
  columnIndexes,
  eachRow,
  Held,
  keyBytes,
  type Made,
  type Rows,
  renamed,
  requireOnce,
} from "./reading.ts";

/** The rows for which the condition is true; not those for which it is null. */
export function filter(input: Rows, { condition }: { condition: string }): Made {
  const holds = compileCondition(condition, input.columns);
  return {
    columns: [...input.columns],
    *rows() {
      for (const { row, number } of eachRow(input)) if (holds(row, number + 1) === true) yield row;
    },
  };
}

/** The named columns in the order named, or all but those to drop. */
export function select(
  input: Rows,
  { columns, drop }: { columns?: string[] | undefined; drop?: string[] | undefined },
): Made {
  if ((columns === undefined) === (drop === undefined)) {
    throw new AppError("invalid_argument", "Give either columns, to keep, or drop, to leave out.");
  }
  const named = columnIndexes(input.columns, columns ?? drop ?? []);
  const kept =
    drop === undefined ? named : input.columns.map((_, index) => index).filter((index) => !named.includes(index));
  if (kept.length === 0) throw new AppError("invalid_argument", "No column would be left.");
  requireOnce(kept.map((index) => columnAt(input.columns, index).name));
  return {
    columns: kept.map((index) => columnAt(input.columns, index)),
    *rows() {
      for (const { row } of eachRow(input)) yield kept.map((index) => row[index] ?? null);
    },
  };
}

/** The same rows with columns of other names. */
export function rename(input: Rows, { columns }: { columns: Record<string, string> }): Made {
  const names = new Map(Object.entries(columns).map(([from, to]) => [columnIndex(input.columns, from), to]));
  return {
    columns: input.columns.map((column, index) => renamed(column, names.get(index) ?? column.name)),
    *rows() {
      for (const { row } of eachRow(input)) yield row;
    },
  };
}

/** A whole number turned up that an int column cannot have: the operation is run again with that column as int64. */
export class WideColumn extends Error {
  readonly column: string;

  constructor(column: string) {
    super(`${column} has whole numbers beyond 53 bits`);
    this.column = column;
  }
}

/** Runs `make` again for each column that turns out to need 64 bits. */
export function withWideColumns<T>(make: (wide: ReadonlySet<string>) => T): T {
  const wide = new Set<string>();
  for (;;) {
    try {
      return make(wide);
    } catch (error) {
      if (!(error instanceof WideColumn) || wide.has(error.column)) throw error;
      wide.add(error.column);
    }
  }
}

/**
 * The rows with computed columns: a name there is already is replaced in its place, others come after. Each expression sees the columns before
 * it. Throws `WideColumn`.
 */
export function derive(input: Rows, { columns }: { columns: Record<string, string> }, wide: ReadonlySet<string>): Made {
  const made = [...input.columns];
  const steps = Object.entries(columns).map(([name, expression]) => {
    const { type, run } = compileExpression(expression, made);
    const own: ValueType = type?.type === "int" && wide.has(name) ? { type: "int64" } : (type ?? { type: "text" });
    const at = made.findIndex((column) => column.name.toLowerCase() === name.toLowerCase());
    const index = at < 0 ? made.length : at;
    made[index] = { ...own, name };
    return { name, index, run, isInt: own.type === "int", write: writer(own) };
  });
  return {
    columns: made,
    *rows() {
      const special = new Set<number>();
      for (const { row, number } of eachRow(input)) {
        const next = [...row];
        for (const { name, index, run, isInt, write } of steps) {
          const value = run(next, number + 1);
          if (isInt && isWide(value)) throw new WideColumn(name);
          const cell = write(value);
          if (typeof cell === "string" && typeof value === "number") special.add(index);
          next[index] = cell;
        }
        yield next;
      }
      return made.map((column, index) => (special.has(index) ? { ...column, special: true as const } : column));
    },
  };
}

/** The first row of each combination of values. */
export function distinct(input: Rows, { columns }: { columns?: string[] | undefined }): Made {
  const key = rowKey(
    input.columns,
    columns === undefined ? input.columns.map((_, index) => index) : columnIndexes(input.columns, columns),
  );
  return {
    columns: [...input.columns],
    *rows() {
      const seen = new Set<unknown>();
      const held = new Held();
      for (const { row } of eachRow(input)) {
        const own = key(row);
        if (seen.has(own)) continue;
        seen.add(own);
        held.add(keyBytes(own));
        yield row;
      }
    },
  };
}

/** A 32-bit generator (mulberry32): the same seed gives the same numbers everywhere. */
function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Rows drawn without putting any back, in their own order: each set of that many rows is equally likely. */
export function sample(
  input: Rows,
  { n, fraction, seed }: { n?: number | undefined; fraction?: number | undefined; seed: number },
): Made {
  if ((n === undefined) === (fraction === undefined))
    throw new AppError("invalid_argument", "Give either n or fraction.");
  const size = Math.min(input.count, n ?? Math.round(input.count * (fraction ?? 0)));
  return {
    columns: [...input.columns],
    *rows() {
      const random = randomFrom(seed);
      let missing = size;
      for (const { row, number } of eachRow(input)) {
        if (missing === 0) return;
        if (random() * (input.count - number) >= missing) continue;
        missing -= 1;
        yield row;
      }
    },
  };
}

/** All rows of all inputs; columns of one name are one. `mismatch`: what becomes of a column whose types do not go together. */
export function concat(inputs: readonly Rows[], { mismatch }: { mismatch: "error" | "text" }, maxRows: number): Made {
  const total = inputs.reduce((sum, { count }) => sum + count, 0);
  if (total > maxRows) throw tooManyRows(maxRows, total);
  const columns: Column[] = [];
  for (const input of inputs) {
    for (const column of input.columns) {
      const at = columns.findIndex(({ name }) => name.toLowerCase() === column.name.toLowerCase());
      if (at < 0) columns.push(column);
      else columns[at] = mergedColumn(columnAt(columns, at), column, mismatch);
    }
  }
  return {
    columns,
    *rows() {
      for (const input of inputs) {
        const converts = columns.map((column) => cellFrom(input.columns, column));
        for (const { row, number } of eachRow(input)) yield converts.map((convert) => convert(row, number + 1));
      }
    },
  };
}

function mergedColumn(a: Column, b: Column, mismatch: "error" | "text"): Column {
  const common = common2(a, b);
  const isSpecial = a.special === true || b.special === true;
  const mayRound = common?.type === "float" && (hasMoreDigits(a) || hasMoreDigits(b));
  if (common !== undefined && !(mayRound && mismatch === "text")) {
    const { name: _name, special: _special, ...type } = common as Column;
    return { ...type, name: a.name, ...(isSpecial && type.type === "float" ? { special: true } : {}) };
  }
  if (mismatch === "text" && a.type !== "binary" && b.type !== "binary") return { name: a.name, type: "text" };
  throw new AppError(
    "invalid_argument",
    `The column ${JSON.stringify(a.name)} is ${typeText(a)} in one input and ${typeText(b)} in another.`,
    { hint: 'Cast it with derive, or pass mismatch "text" to make text of both.' },
  );
}

/** How a row of an input gives the cell of a merged column. */
export function cellFrom(columns: readonly Column[], to: Column): (row: Row, number?: number) => Cell {
  const index = columns.findIndex(({ name }) => name.toLowerCase() === to.name.toLowerCase());
  const from = columns[index];
  if (from === undefined) return () => null;
  const convert = cellConverter(from, to);
  return (row, number) => convert(row[index] ?? null, number);
}

/** True of types that hold numbers which a float would round. */
function hasMoreDigits({ type }: ValueType): boolean {
  return type === "int64" || type === "decimal";
}

/** How a cell of one column becomes one of a wider column. What that takes throws `invalid_argument` where it would round a value. */
export function cellConverter(from: Column, to: Column): (cell: Cell, row?: number) => Cell {
  if (from.type === to.type && from.unit === to.unit && from.scale === to.scale) return (cell) => cell;
  const read = reader(from);
  const write = writer(to);
  const widen =
    to.type === "text" ? (value: Parameters<typeof textOfValue>[1]) => textOfValue(from, value) : widening(from, to);
  const isChecked = to.type === "float" && hasMoreDigits(from);
  return (cell, row) => {
    const value = read(cell);
    if (value === null) return null;
    const wide = widen === undefined ? value : widen(value);
    if (isChecked && decimalOf(String(wide), from.scale ?? 0) !== BigInt(value as bigint)) throw wouldRound(from, row);
    return write(wide);
  };
}

function wouldRound(from: Column, row: number | undefined): AppError {
  const where = row === undefined ? "" : `Row ${row}: `;
  return new AppError(
    "invalid_argument",
    `${where}the column ${JSON.stringify(from.name)} is float in another input, which would round this value (${typeText(from)}).`,
    { hint: 'Cast the columns to one type with derive first; concat keeps all digits as text with mismatch "text".' },
  );
}
