// Rows by the values of some of their columns: equal values have equal keys. Pure.
import { common2, widening } from "../../engines/frame/expressions/types.ts";
import { reader, type Value, type ValueType } from "../../engines/frame/expressions/values.ts";
import type { Cell, Column, Row } from "../../engines/frame/types.ts";
import { columnAt } from "./reading.ts";

export type Key = string | number | boolean | null;

/** A key of the columns at these places: null equals null, NaN NaN, -0 0; JSON is equal when it is written alike. */
export function rowKey(columns: readonly Column[], indexes: readonly number[]): (row: Row) => Key {
  const [first] = indexes;
  const fields = indexes.map((index) => ({ index, isJson: columnAt(columns, index).type === "json" }));
  if (first !== undefined && indexes.length === 1) {
    const isJson = fields[0]?.isJson === true;
    return (row) => cellKey(row[first], isJson);
  }
  return (row) => {
    const texts = fields.map(({ index, isJson }) => part(cellKey(row[index], isJson)));
    // Joined at once: a text put together step by step keeps its pieces in memory.
    return texts.join("");
  };
}

function cellKey(cell: Cell | undefined, isJson: boolean): Key {
  if (cell === undefined || cell === null) return null;
  if (isJson) return JSON.stringify(cell);
  return cell === "-0" ? 0 : (cell as Key);
}

/** Its length before it keeps two parts from running into one another. */
function part(key: Key): string {
  if (key === null) return "-";
  const text = String(key);
  return `${text.length}:${text}`;
}

/** Keys by which rows of two inputs are matched; undefined for a row with a null among them, which matches none. */
export interface JoinKeys {
  left: (row: Row) => string | undefined;
  right: (row: Row) => string | undefined;
}

/** Keys of pairs of columns, each of two types that can be compared; undefined for the place of the first pair that cannot. */
export function joinKeys(
  pairs: readonly { left: { column: Column; index: number }; right: { column: Column; index: number } }[],
): JoinKeys | { unlike: number } {
  const sides = pairs.map(({ left, right }) => {
    const common = common2(left.column, right.column);
    if (common === undefined || common.type === "json") return undefined;
    return { left: { ...left, to: common }, right: { ...right, to: common } };
  });
  const unlike = sides.indexOf(undefined);
  if (unlike >= 0) return { unlike };
  const known = sides.filter((side) => side !== undefined);
  return { left: sideKey(known.map(({ left }) => left)), right: sideKey(known.map(({ right }) => right)) };
}

function sideKey(parts: readonly { column: Column; index: number; to: ValueType }[]): (row: Row) => string | undefined {
  const readers = parts.map(({ column, index, to }) => {
    const read = reader(column);
    // A whole number and a float meet as the digits of the number that they are.
    const isExact = to.type === "float" && column.type !== "decimal";
    const widen = isExact ? undefined : widening(column, to);
    return (row: Row): Value => {
      const value = read(row[index]);
      return value === null || widen === undefined ? value : widen(value);
    };
  });
  const [only] = readers;
  if (readers.length === 1 && only !== undefined) {
    return (row) => {
      const value = only(row);
      return value === null ? undefined : digits(value);
    };
  }
  return (row) => {
    const parts: string[] = [];
    for (const read of readers) {
      const value = read(row);
      if (value === null) return undefined;
      parts.push(part(digits(value)));
    }
    return parts.join("");
  };
}

function digits(value: Value): string {
  return typeof value === "number" && Number.isInteger(value) && !Number.isSafeInteger(value)
    ? String(BigInt(value))
    : String(value);
}
