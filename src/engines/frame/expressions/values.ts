// Values of columns as operations compute with them: read out of cells, compared, written back. Pure.
import { type Cell, type Column, fitsInt64, floatCell, type Json } from "../types.ts";

/**
 * A value while it is computed with. int and int64: a number where it is within ±(2^53 - 1), else a bigint, so that each value has one form.
 * decimal: a bigint, of `scale` digits behind the point. float: a number. The rest as cells keep it; null is no value.
 */
export type Value = Json | bigint;

/** What a value of these is: a column without its name. */
export type ValueType = Omit<Column, "name" | "special">;

/** A whole number in its one form. */
export function wholeNumber(value: bigint): number | bigint {
  const plain = Number(value);
  return Number.isSafeInteger(plain) ? plain : value;
}

/** How cells of this type are read. */
export function reader({ type }: ValueType): (cell: Cell | undefined) => Value {
  switch (type) {
    case "int64":
      return (cell) => (typeof cell === "string" ? wholeOf(cell) : (cell ?? null));
    case "float":
      return (cell) => (typeof cell === "string" ? Number(cell) : (cell ?? null));
    case "decimal":
      return (cell) => (typeof cell === "string" ? BigInt(cell.replace(".", "")) : null);
    default:
      return (cell) => cell ?? null;
  }
}

function wholeOf(digits: string): number | bigint {
  return digits.length < 16 ? Number(digits) : wholeNumber(BigInt(digits));
}

/** How values of this type are written as cells. A whole number too large for an int is the caller's to notice: see `isWide`. */
export function writer({ type, scale = 0 }: ValueType): (value: Value) => Cell {
  switch (type) {
    case "int":
      return (value) => (typeof value === "bigint" ? Number(value) : value);
    case "int64":
      return (value) => (value === null ? null : String(value));
    case "float":
      return (value) => (typeof value === "number" ? floatCell(value) : null);
    case "decimal":
      return (value) => (typeof value === "bigint" ? decimalText(value, scale) : null);
    default:
      return (value) => (typeof value === "bigint" ? String(value) : value);
  }
}

/** True for a whole number that an int64 column can have and an int column cannot. */
export function isWide(value: Value): value is bigint {
  return typeof value === "bigint" && fitsInt64(value);
}

/** 12345 with two digits behind the point is 123.45. */
export function decimalText(value: bigint, scale: number): string {
  if (scale === 0) return String(value);
  const digits = String(value < 0n ? -value : value).padStart(scale + 1, "0");
  return `${value < 0n ? "-" : ""}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}

/** The nearest float. */
export function decimalNumber(value: bigint, scale: number): number {
  return Number(decimalText(value, scale));
}

/**
 * The value of decimal digits with `scale` of them behind the point; undefined when it is no number, or has more digits there than fit.
 * `round`: those are rounded instead, halves away from zero.
 */
export function decimalOf(text: string, scale: number, round = false): bigint | undefined {
  const match = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,3}))?$/.exec(text);
  if (match === null) return undefined;
  const [, sign, whole = "", fraction = "", exponent = "0"] = match;
  if (whole === "" && fraction === "") return undefined;
  const digits = BigInt(`${whole}${fraction}` || "0");
  const shift = scale - fraction.length + Number(exponent);
  const value = shift >= 0 ? digits * 10n ** BigInt(shift) : cutDigits(digits, -shift, round);
  return value === undefined ? undefined : sign === "-" ? -value : value;
}

function cutDigits(digits: bigint, count: number, round: boolean): bigint | undefined {
  const power = 10n ** BigInt(count);
  if (digits % power === 0n) return digits / power;
  return round ? (digits + power / 2n) / power : undefined;
}

/** The order of two values of one type: negative, 0 or positive. NaN is equal to itself and after all numbers, text is in the order of Unicode's code points. */
export function comparer({ type }: ValueType): (a: Value, b: Value) => number {
  if (type === "text") return (a, b) => compareText(String(a), String(b));
  if (type === "date" || type === "timestamp" || type === "binary") return (a, b) => compareUnits(String(a), String(b));
  if (type === "json") return (a, b) => compareText(JSON.stringify(a), JSON.stringify(b));
  return compareNumbers;
}

/** `comparer` for these very values: texts of which none has characters from U+D800 on are compared as JavaScript does, which is much faster. */
export function comparerOf(type: ValueType, values: readonly Value[]): (a: Value, b: Value) => number {
  const isPlain =
    type.type === "text" && !values.some((value) => typeof value === "string" && /[\ud800-\uffff]/.test(value));
  return isPlain ? (a, b) => compareUnits(String(a), String(b)) : comparer(type);
}

/** Numbers of any kind, and booleans: false before true. Mixed bigints and numbers are compared exactly. */
export function compareNumbers(a: Value, b: Value): number {
  if (a === b) return 0;
  const [left, right] = [a as number, b as number];
  if (left < right) return -1;
  if (left > right) return 1;
  const [isNone, otherIsNone] = [Number.isNaN(left), Number.isNaN(right)];
  return isNone === otherIsNone ? 0 : isNone ? 1 : -1;
}

function compareUnits(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}

/** By code points, as SQLite's BINARY is: JavaScript's own order puts characters beyond U+FFFF before those from U+E000. */
export function compareText(a: string, b: string): number {
  if (a === b) return 0;
  const shorter = Math.min(a.length, b.length);
  for (let index = 0; index < shorter; index++) {
    const [left, right] = [a.charCodeAt(index), b.charCodeAt(index)];
    if (left !== right) return rank(left) - rank(right);
  }
  return a.length - b.length;
}

function rank(unit: number): number {
  return unit < 0xd800 ? unit : unit < 0xe000 ? unit + 0x10000 : unit;
}

/** A text that is the same for equal values of this type and for no others; null has none of its own. */
export function keyOf({ type }: ValueType): (value: Value) => string {
  if (type === "json") return (value) => JSON.stringify(value);
  // -0 becomes "0".
  return (value) => String(value);
}
