// Rows in the order of some of their columns. Pure.
import { AppError } from "../../core/errors.ts";
import { comparerOf, reader, type Value } from "../../engines/frame/expressions/values.ts";
import type { Column, Row } from "../../engines/frame/types.ts";
import { columnAt, columnIndexes, eachRow, Held, inOrder, type Made, type Rows } from "./reading.ts";

export interface SortArguments {
  by: string[];
  descending: boolean | boolean[];
  nulls: "first" | "last";
}

/** The rows sorted; rows that are equal stay in their order. NaN counts as the greatest number. */
export function sort(input: Rows, args: SortArguments): Made {
  const keys = sortKeys(input.columns, args);
  return {
    columns: [...input.columns],
    *rows() {
      yield* inOrder(input, sortedOrder(input, keys));
    },
  };
}

export interface SortKey {
  index: number;
  read: (row: Row) => Value;
  /** How the values that were read are compared. */
  order: (values: readonly Value[]) => (a: Value, b: Value) => number;
}

/** The columns to sort by, each with how its values are compared. Throws `not_found`, `invalid_argument`. */
export function sortKeys(columns: readonly Column[], { by, descending, nulls }: SortArguments): SortKey[] {
  if (Array.isArray(descending) && descending.length !== by.length) {
    throw new AppError("invalid_argument", `descending has ${descending.length} values for ${by.length} columns.`);
  }
  return columnIndexes(columns, by).map((index, place) => {
    const column = columnAt(columns, index);
    if (column.type === "json") {
      throw new AppError("invalid_argument", `The column ${JSON.stringify(column.name)} is json, which has no order.`, {
        hint: "derive a column of what it holds: CAST(json_extract(column, '$.name') AS text).",
      });
    }
    const isDescending = Array.isArray(descending) ? descending[place] === true : descending;
    const read = reader(column);
    return {
      index,
      read: (row) => read(row[index]),
      order: (values) => nullable(comparerOf(column, values), isDescending, nulls),
    };
  });
}

/** Where nulls stand does not depend on the direction. */
export function nullable(
  compare: (a: Value, b: Value) => number,
  isDescending: boolean,
  nulls: "first" | "last",
): (a: Value, b: Value) => number {
  const sign = isDescending ? -1 : 1;
  const nullSign = nulls === "first" ? -1 : 1;
  return (a, b) => {
    if (a === null || b === null) return a === b ? 0 : a === null ? nullSign : -nullSign;
    return sign * compare(a, b);
  };
}

function sortedOrder(input: Rows, keys: readonly SortKey[]): Uint32Array {
  const held = new Held();
  const values: Value[][] = keys.map(() => []);
  for (const { row } of eachRow(input)) {
    for (const [place, { read }] of keys.entries()) {
      const value = read(row);
      held.add(typeof value === "string" ? 24 + value.length : 12);
      values[place]?.push(value);
    }
  }
  const order = Uint32Array.from({ length: input.count }, (_, index) => index);
  const parts = keys.map(({ order: orderOf }, place) => {
    const own = values[place] ?? [];
    return { own, compare: orderOf(own) };
  });
  return order.sort((a, b) => {
    for (const { own, compare } of parts) {
      const result = compare(own[a] ?? null, own[b] ?? null);
      if (result !== 0) return result;
    }
    return a - b;
  });
}
