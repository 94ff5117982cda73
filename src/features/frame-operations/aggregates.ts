// What groupby and pivot compute of the values of a group. null and NaN are no values, as pandas has it; whole numbers and decimals stay exact. Pure.

import { AppError } from "../../core/errors.ts";
import { familyOf } from "../../engines/frame/expressions/types.ts";
import {
  comparer,
  decimalNumber,
  reader,
  type Value,
  type ValueType,
  wholeNumber,
  writer,
} from "../../engines/frame/expressions/values.ts";
import { roundedOff, wholeSum } from "../../engines/frame/float-sums.ts";
import { type Cell, type Column, fitsInt64, type Json, typeText } from "../../engines/frame/types.ts";
import { type Held, keyBytes } from "./reading.ts";

export const aggregates = [
  ...(["count", "size", "sum", "mean", "min", "max", "nunique", "first", "last"] as const),
  ...(["std", "var", "median", "any", "all", "list"] as const),
] as const;
export type Aggregate = (typeof aggregates)[number];

/**
 * One computation over a column for all groups at once. Groups are numbered from 0; what is kept of each stands in arrays by that number, since
 * there may be as many groups as rows.
 */
export interface Computation {
  type: ValueType;
  add: (group: number, cell: Cell) => void;
  /** After all rows: each group's result, and its type, which may have become known only now. */
  end: (groups: number) => { type: ValueType; cell: (group: number) => Cell };
}

type Add = (group: number, value: Exclude<Value, null>, cell: Cell) => void;
interface Kept {
  add: Add;
  cell: (group: number) => Cell;
}

const int: ValueType = { type: "int" };
const float: ValueType = { type: "float" };
const writeFloat = writer(float);

/** Throws `invalid_argument` for a column that the aggregate is not for. */
export function computationOf(aggregate: Aggregate, column: Column, held: Held): Computation {
  const family = familyOf(column);
  const { name: _name, special: _special, ...own } = column;
  const wrong = (needs: string) => unfit(aggregate, column, needs);
  switch (aggregate) {
    case "size":
    case "count":
      return computed(column, int, counted());
    case "nunique":
      return computed(column, int, uniques(column, held));
    case "first":
    case "last":
      return computed(column, own, ending(aggregate === "first"));
    case "list":
      return computed(column, { type: "json" }, listed(held));
    case "min":
    case "max":
      if (family === "json" || family === "binary") throw wrong("values that have an order");
      return computed(column, own, extreme(column, aggregate === "max" ? 1 : -1));
    case "any":
    case "all":
      if (family !== "bool") throw wrong("true and false");
      return computed(column, { type: "bool" }, decided(aggregate === "any"));
    case "sum":
      if (family !== "number" && family !== "bool") throw wrong("numbers");
      return sumOf(column, own);
    case "mean":
      if (family !== "number" && family !== "bool") throw wrong("numbers");
      return computed(column, float, mean(column));
    case "std":
    case "var":
      if (family !== "number") throw wrong("numbers");
      return computed(column, float, spread(toNumber(column), aggregate === "std"));
    case "median":
      if (family !== "number") throw wrong("numbers");
      return median(column, held);
  }
}

/** Sees the values there are, and none of the missing. */
function valuesOnly(column: Column, add: Add): Computation["add"] {
  const read = reader(column);
  return (group, cell) => {
    const value = read(cell);
    if (value !== null && !Number.isNaN(value)) add(group, value, cell);
  };
}

function computed(column: Column, type: ValueType, { add, cell }: Kept): Computation {
  return { type, add: valuesOnly(column, add), end: () => ({ type, cell }) };
}

function unfit(aggregate: Aggregate, column: Column, needs: string): AppError {
  return new AppError(
    "invalid_argument",
    `${aggregate} needs ${needs}; the column ${JSON.stringify(column.name)} is ${typeText(column)}.`,
    {
      hint: "derive makes a column of another type with CAST, e.g. CAST(x AS float); count, nunique, first, last and list take any.",
    },
  );
}

/** How a number of this column becomes a float. */
export function toNumber({ type, scale = 0 }: Column): (value: Value) => number {
  return type === "decimal" ? (value) => decimalNumber(value as bigint, scale) : (value) => Number(value);
}

function counted(): Kept {
  const counts: number[] = [];
  return {
    add: (group) => {
      counts[group] = (counts[group] ?? 0) + 1;
    },
    cell: (group) => counts[group] ?? 0,
  };
}

/** Most groups have few different values: a set is made for the second of them. */
function uniques(column: Column, held: Held): Kept {
  const isJson = column.type === "json";
  const firsts: Value[] = [];
  const sets = new Map<number, Set<Value>>();
  return {
    add: (group, value) => {
      const key = isJson ? JSON.stringify(value) : value;
      const first = firsts[group];
      if (first === undefined) {
        firsts[group] = key;
        held.add(keyBytes(key));
        return;
      }
      if (first === key) return;
      let set = sets.get(group);
      if (set === undefined) {
        set = new Set([first]);
        sets.set(group, set);
        held.add(250);
      }
      if (set.has(key)) return;
      set.add(key);
      held.add(keyBytes(key));
    },
    cell: (group) => sets.get(group)?.size ?? (firsts[group] === undefined ? 0 : 1),
  };
}

function ending(isFirst: boolean): Kept {
  const cells: Cell[] = [];
  return {
    add: (group, _value, cell) => {
      if (!isFirst || cells[group] === undefined) cells[group] = cell;
    },
    cell: (group) => cells[group] ?? null,
  };
}

/** As JSON: dates, decimals and integers of 64 bits are texts in it. */
function listed(held: Held): Kept {
  const lists: Json[][] = [];
  return {
    add: (group, _value, cell) => {
      let list = lists[group];
      if (list === undefined) {
        list = [];
        lists[group] = list;
        held.add(100);
      }
      list.push(cell === "-0" ? 0 : cell);
      held.add(typeof cell === "string" ? 32 + cell.length : 16);
    },
    cell: (group) => lists[group] ?? [],
  };
}

function extreme(column: Column, sign: number): Kept {
  const compare = comparer(column);
  const best: Value[] = [];
  const cells: Cell[] = [];
  return {
    add: (group, value, cell) => {
      const known = best[group];
      if (known !== undefined && compare(value, known) * sign <= 0) return;
      best[group] = value;
      cells[group] = cell;
    },
    cell: (group) => cells[group] ?? null,
  };
}

/** Of no values: null. */
function decided(decisive: boolean): Kept {
  const states: boolean[] = [];
  return {
    add: (group, value) => {
      states[group] = value === decisive || states[group] === decisive ? decisive : !decisive;
    },
    cell: (group) => states[group] ?? null,
  };
}

/** Adds whole numbers exactly: as doubles as long as those are exact. */
class ExactSums {
  readonly #small: number[] = [];
  readonly #large = new Map<number, bigint>();

  add(group: number, value: number | bigint): void {
    const small = this.#small[group] ?? 0;
    const sum = typeof value === "bigint" ? Number.NaN : small + value;
    if (Number.isSafeInteger(sum)) this.#small[group] = sum;
    else {
      this.#large.set(group, (this.#large.get(group) ?? 0n) + BigInt(small) + BigInt(value));
      this.#small[group] = 0;
    }
  }

  /** undefined: nothing was added. */
  total(group: number): bigint | undefined {
    const small = this.#small[group];
    return small === undefined ? undefined : BigInt(small) + (this.#large.get(group) ?? 0n);
  }
}

/** Adds floats, keeping what each addition rounds off (Neumaier's sum). */
export class FloatSums {
  readonly #sums: number[] = [];
  readonly #lost: number[] = [];

  add(group: number, value: number): void {
    const sum = this.#sums[group] ?? 0;
    this.#lost[group] = (this.#lost[group] ?? 0) + roundedOff(sum, value);
    this.#sums[group] = sum + value;
  }

  /** undefined: nothing was added. */
  total(group: number): number | undefined {
    const sum = this.#sums[group];
    return sum === undefined ? undefined : wholeSum(sum, this.#lost[group] ?? 0);
  }
}

function sumOf(column: Column, own: ValueType): Computation {
  if (column.type === "decimal") return decimalSum(column);
  if (column.type === "float") {
    const sums = new FloatSums();
    const add: Add = (group, value) => sums.add(group, Number(value));
    return computed(column, float, { add, cell: (group) => writeFloat(sums.total(group) ?? null) });
  }
  const sums = new ExactSums();
  const type = column.type === "bool" ? int : own;
  const add: Add = (group, value) => sums.add(group, typeof value === "bigint" ? value : Number(value));
  return {
    type,
    add: valuesOnly(column, add),
    end: (groups) => {
      let isWide = type.type === "int64";
      for (let group = 0; group < groups; group++) {
        const total = sums.total(group) ?? 0n;
        if (!fitsInt64(total)) throw beyond64(column);
        isWide ||= typeof wholeNumber(total) === "bigint";
      }
      // One group that needs 64 bits gives them to all.
      const wide: ValueType = isWide ? { type: "int64" } : type;
      const write = writer(wide);
      return {
        type: wide,
        cell: (group) => {
          const total = sums.total(group);
          return total === undefined ? null : write(wholeNumber(total));
        },
      };
    },
  };
}

function beyond64({ name }: Column): AppError {
  return new AppError("invalid_argument", `A sum of the column ${JSON.stringify(name)} is beyond 64 bits.`, {
    hint: "derive a float of it first: CAST(x AS float).",
  });
}

function decimalSum(column: Column): Computation {
  const type: ValueType = { type: "decimal", precision: 38, scale: column.scale ?? 0 };
  const write = writer(type);
  const totals: bigint[] = [];
  return computed(column, type, {
    add: (group, value) => {
      totals[group] = (totals[group] ?? 0n) + BigInt(value as bigint);
    },
    cell: (group) => write(totals[group] ?? null),
  });
}

function mean(column: Column): Kept {
  const counts: number[] = [];
  const count = (group: number) => (counts[group] = (counts[group] ?? 0) + 1);
  if (column.type === "float") {
    const sums = new FloatSums();
    return {
      add: (group, value) => {
        count(group);
        sums.add(group, Number(value));
      },
      cell: (group) => {
        const total = sums.total(group);
        return total === undefined ? null : writeFloat(total / (counts[group] ?? 1));
      },
    };
  }
  const sums = new ExactSums();
  const power = 10n ** BigInt(column.scale ?? 0);
  return {
    add: (group, value) => {
      count(group);
      sums.add(group, typeof value === "bigint" ? value : Number(value));
    },
    cell: (group) => {
      const total = sums.total(group);
      return total === undefined ? null : writeFloat(ratio(total, BigInt(counts[group] ?? 1) * power));
    },
  };
}

/** The nearest float of a fraction of whole numbers, about. */
export function ratio(above: bigint, below: bigint): number {
  if (Number.isSafeInteger(Number(above))) return Number(above) / Number(below);
  const whole = above / below;
  return Number(whole) + Number(above - whole * below) / Number(below);
}

/** The sample's variance (divided by n - 1), by Welford. */
export class Spreads {
  readonly #counts: number[] = [];
  readonly #means: number[] = [];
  readonly #squares: number[] = [];

  add(group: number, value: number): void {
    const count = (this.#counts[group] ?? 0) + 1;
    const before = this.#means[group] ?? 0;
    const delta = value - before;
    const mean = before + delta / count;
    this.#counts[group] = count;
    this.#means[group] = mean;
    this.#squares[group] = (this.#squares[group] ?? 0) + delta * (value - mean);
  }

  /** Of fewer than two values null. */
  variance(group: number): number | null {
    const count = this.#counts[group] ?? 0;
    return count < 2 ? null : (this.#squares[group] ?? 0) / (count - 1);
  }
}

function spread(convert: (value: Value) => number, isRoot: boolean): Kept {
  const spreads = new Spreads();
  return {
    add: (group, value) => spreads.add(group, convert(value)),
    cell: (group) => {
      const value = spreads.variance(group);
      return writeFloat(value === null || !isRoot ? value : Math.sqrt(value));
    },
  };
}

/** All values are kept, each with its group, and put together by group at the end. */
function median(column: Column, held: Held): Computation {
  const convert = toNumber(column);
  const owners: number[] = [];
  const values: number[] = [];
  const add: Add = (group, value) => {
    owners.push(group);
    values.push(convert(value));
    held.add(32);
  };
  return {
    type: float,
    add: valuesOnly(column, add),
    end: (groups) => {
      const ends = new Uint32Array(groups + 1);
      for (const group of owners) ends[group + 1] = (ends[group + 1] ?? 0) + 1;
      for (let group = 0; group < groups; group++) ends[group + 1] = (ends[group + 1] ?? 0) + (ends[group] ?? 0);
      const places = ends.slice();
      const sorted = new Float64Array(values.length);
      for (let index = 0; index < values.length; index++) {
        const group = owners[index] ?? 0;
        const place = places[group] ?? 0;
        sorted[place] = values[index] ?? 0;
        places[group] = place + 1;
      }
      return {
        type: float,
        cell: (group) => writeFloat(quantile(sorted.subarray(ends[group], ends[group + 1]).sort(), 0.5)),
      };
    },
  };
}

/** A quantile of sorted values, between two of them in proportion, as pandas has it by default. */
export function quantile(sorted: Float64Array, at: number): number | null {
  const last = sorted.length - 1;
  const place = last * at;
  const below = sorted[Math.floor(place)];
  const above = sorted[Math.ceil(place)];
  if (below === undefined || above === undefined) return null;
  return below === above ? below : below + (above - below) * (place - Math.floor(place));
}
