// groupby and value_counts: one row for each combination of values. Pure.
import { AppError } from "../../core/errors.ts";
import { findColumn } from "../../engines/frame/expressions/compile.ts";
import { comparerOf, reader } from "../../engines/frame/expressions/values.ts";
import type { Cell, Column, Row } from "../../engines/frame/types.ts";
import { tooManyRows } from "../frames/frames.ts";
import { type Aggregate, type Computation, computationOf } from "./aggregates.ts";
import { rowKey } from "./keys.ts";
import {
  columnAt,
  columnIndex,
  columnIndexes,
  eachRow,
  freeName,
  Held,
  keyBytes,
  type Made,
  type Rows,
  requireOnce,
} from "./reading.ts";
import { nullable } from "./sorting.ts";

/** One column of the result: an aggregate of a column, or (size) of whole rows. */
export interface Wanted {
  name: string;
  column: string | undefined;
  aggregate: Aggregate;
}

/** What `aggregations` may be given as. */
export type Aggregations =
  | "count"
  | Record<string, Aggregate | Aggregate[] | { column?: string | undefined; op: Aggregate }>;

/** The columns that `aggregations` asks for: {out: {column, op}}, {column: op}, {column: [op, …]}, or "count". */
export function wantedOf(aggregations: Aggregations): Wanted[] {
  if (aggregations === "count") return [{ name: "count", column: undefined, aggregate: "size" }];
  return Object.entries(aggregations).flatMap(([key, value]) => {
    if (typeof value === "string") return [{ name: `${key}_${value}`, column: key, aggregate: value }];
    if (Array.isArray(value)) return value.map((op) => ({ name: `${key}_${op}`, column: key, aggregate: op }));
    if (value.column === undefined && value.op !== "size" && value.op !== "count") {
      throw new AppError("invalid_argument", `The aggregation ${JSON.stringify(key)} names no column.`, {
        hint: `Write {"${key}": {"column": "…", "op": "${value.op}"}}; only size and count need none.`,
      });
    }
    return [{ name: key, column: value.column, aggregate: value.column === undefined ? "size" : value.op }];
  });
}

/** Groups by number, in the order in which they first come. */
interface Groups {
  count: number;
  /** By key column, then group. */
  keys: Cell[][];
  sizes: number[];
}

interface Plan {
  /** Of the input: the place of the column, and what is computed of it; undefined for size. */
  steps: ({ index: number; computation: Computation } | undefined)[];
  columns: Column[];
}

/** The computations and the columns that they give. Throws `not_found`, `invalid_argument`. */
export function planOf(input: Rows, wanted: readonly Wanted[], held: Held): Plan {
  const steps = wanted.map(({ column, aggregate }) => {
    if (column === undefined || aggregate === "size") return undefined;
    // As in SQL's count(*).
    if (column === "*" && aggregate === "count" && findColumn(input.columns, column) < 0) return undefined;
    const index = columnIndex(input.columns, column);
    return { index, computation: computationOf(aggregate, columnAt(input.columns, index), held) };
  });
  const columns = wanted.map(({ name }, place): Column => {
    const type = steps[place]?.computation.type ?? { type: "int" as const };
    const { name: _name, ...own } = type as Column;
    return { ...own, name };
  });
  return { steps, columns };
}

export interface GroupArguments {
  by: string[];
  aggregations: Aggregations;
  sort: boolean;
  dropna: boolean;
}

/** One row a group: its keys, then what was asked of it. In the order of the keys (null last), or as they first come. */
export function groupby(input: Rows, { by, aggregations, sort, dropna }: GroupArguments, maxRows: number): Made {
  const wanted = wantedOf(aggregations);
  requireOnce(by);
  const indexes = columnIndexes(input.columns, by);
  const held = new Held();
  const plan = planOf(input, wanted, held);
  const keyColumns = indexes.map((index) => columnAt(input.columns, index));
  return {
    columns: [...keyColumns, ...plan.columns],
    *rows() {
      const { count, keys, sizes } = gather(input, indexes, plan, { held, dropna, maxRows });
      const ends = plan.steps.map((step) => step?.computation.end(count));
      const order = sort
        ? sortedGroups(keys, count, keyColumns)
        : Uint32Array.from({ length: count }, (_, group) => group);
      const special = new Set<number>();
      for (const group of order) {
        const made = ends.map((end, place) => {
          const cell = end === undefined ? (sizes[group] ?? 0) : end.cell(group);
          if (end?.type.type === "float" && typeof cell === "string") special.add(place);
          return cell;
        });
        yield [...keys.map((column) => column[group] ?? null), ...made];
      }
      const columns = plan.columns.map((column, place): Column => {
        const type = ends[place]?.type ?? column;
        return { ...type, name: column.name, ...(special.has(place) ? { special: true } : {}) };
      });
      return [...keyColumns, ...columns];
    },
  };
}

function gather(
  input: Rows,
  indexes: readonly number[],
  { steps }: Plan,
  { held, dropna, maxRows }: { held: Held; dropna: boolean; maxRows: number },
): Groups {
  const key = rowKey(input.columns, indexes);
  const numbers = new Map<unknown, number>();
  const keys: Cell[][] = indexes.map(() => []);
  const sizes: number[] = [];
  const groupBytes = 24 + 16 * indexes.length + 48 * steps.length;
  for (const { row } of eachRow(input)) {
    if (dropna && indexes.some((index) => isMissing(row, index, input.columns))) continue;
    const own = key(row);
    let group = numbers.get(own);
    if (group === undefined) {
      group = numbers.size;
      if (group === maxRows) throw tooManyRows(maxRows);
      held.add(keyBytes(own) + groupBytes);
      for (const [place, index] of indexes.entries()) keys[place]?.push(row[index] ?? null);
      numbers.set(own, group);
      sizes.push(0);
    }
    sizes[group] = (sizes[group] ?? 0) + 1;
    for (let place = 0; place < steps.length; place++) {
      const step = steps[place];
      if (step !== undefined) step.computation.add(group, row[step.index] ?? null);
    }
  }
  return { count: numbers.size, keys, sizes };
}

function isMissing(row: Row, index: number, columns: readonly Column[]): boolean {
  const cell = row[index] ?? null;
  return cell === null || (cell === "NaN" && columns[index]?.type === "float");
}

/** Groups in the order of their keys, null last; JSON, which has no order, by its text. */
function sortedGroups(keys: readonly Cell[][], count: number, columns: readonly Column[]): Uint32Array {
  const parts = columns.map((column, place) => {
    const read = reader(column);
    const values = (keys[place] ?? []).map((cell) => read(cell));
    return { values, compare: nullable(comparerOf(column, values), false, "last") };
  });
  return Uint32Array.from({ length: count }, (_, group) => group).sort((a, b) => {
    for (const { values, compare } of parts) {
      const result = compare(values[a] ?? null, values[b] ?? null);
      if (result !== 0) return result;
    }
    return a - b;
  });
}

/** Puts what has keys in the order of them. */
export function sortGroups<Keyed extends { keys: Cell[] }>(groups: Keyed[], columns: readonly Column[]): void {
  const keys = columns.map((_, place) => groups.map((group) => group.keys[place] ?? null));
  const sorted = [...sortedGroups(keys, groups.length, columns)].flatMap((number) => groups[number] ?? []);
  for (const [place, group] of sorted.entries()) groups[place] = group;
}

export interface CountArguments {
  columns: string[];
  normalize: boolean;
  dropna: boolean;
}

/** How often each combination of values is there, the most frequent first, then in the order of the values. */
export function valueCounts(input: Rows, { columns, normalize, dropna }: CountArguments, maxRows: number): Made {
  const name = freeName("count", columns);
  const share = freeName("proportion", [...columns, name]);
  const grouped = groupby(
    input,
    { by: columns, aggregations: { [name]: { op: "size" } }, sort: true, dropna },
    maxRows,
  );
  return {
    columns: [...grouped.columns, ...(normalize ? [{ name: share, type: "float" as const }] : [])],
    *rows() {
      const rows = [...grouped.rows()];
      const last = columns.length;
      const count = (row: Row) => Number(row[last]);
      const total = rows.reduce((sum, row) => sum + count(row), 0);
      rows.sort((a, b) => count(b) - count(a));
      for (const row of rows) yield normalize ? [...row, count(row) / total] : row;
    },
  };
}
