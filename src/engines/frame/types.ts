// Columns and values of frames and tables: the logical types, and how each value is kept as JSON. Pure.

/** What a column's values are. int: whole numbers within ±(2^53 - 1); int64: whole numbers of 64 bits. */
export const logicalTypes = [
  "int",
  "int64",
  "float",
  "bool",
  "text",
  "date",
  "timestamp",
  "decimal",
  "json",
  "binary",
] as const;
export type LogicalType = (typeof logicalTypes)[number];

/** Parts of a second that a timestamp column counts: all its values are written with as many digits, so that text order is time order. */
export const timeUnits = ["s", "ms", "us", "ns"] as const;
export type TimeUnit = (typeof timeUnits)[number];

export const fractionDigits: Readonly<Record<TimeUnit, number>> = { s: 0, ms: 3, us: 6, ns: 9 };

export interface Column {
  name: string;
  type: LogicalType;
  /** Of a timestamp. */
  unit?: TimeUnit;
  /** Of a timestamp: the zone it is shown in, as IANA names it; its values are UTC and end in Z. Left out: local times of no zone, without Z. */
  timezone?: string;
  /** Of a decimal: digits in all, and behind the point. */
  precision?: number;
  scale?: number;
  /** Of a float: there are values among its that JSON has no number for (NaN, infinities, -0). */
  special?: true;
}

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/**
 * A value as chunks keep it; null in every type is "no value".
 *
 * | type | kept as |
 * | --- | --- |
 * | int | a JSON integer |
 * | int64 | its digits, a string |
 * | float | a JSON number, or one of the strings NaN, Infinity, -Infinity, -0 |
 * | bool | true, false |
 * | text | a string, of whole characters (no half surrogates) |
 * | date | YYYY-MM-DD |
 * | timestamp | YYYY-MM-DDTHH:MM:SS[.fraction][Z], as many digits as the column's unit |
 * | decimal | its digits with `scale` of them behind the point, a string |
 * | json | any JSON value; numbers a double cannot hold are rounded |
 * | binary | lower-case hexadecimal, a string |
 */
export type Cell = Json;
export type Row = Cell[];

/** What a float is kept as. */
export function floatCell(value: number): Cell {
  if (Number.isNaN(value)) return "NaN";
  if (value === Number.POSITIVE_INFINITY) return "Infinity";
  if (value === Number.NEGATIVE_INFINITY) return "-Infinity";
  return Object.is(value, -0) ? "-0" : value;
}

/** The float that a cell of a float column stands for. */
export function floatOf(cell: Cell): number | null {
  return cell === null ? null : Number(cell);
}

const int64Min = -(2n ** 63n);
const int64Max = 2n ** 63n - 1n;

/** True for a whole number of 64 bits. */
export function fitsInt64(value: bigint): boolean {
  return value >= int64Min && value <= int64Max;
}

/** What a type is called where people read it. */
export function typeText({ type, unit, timezone, precision, scale }: Column): string {
  if (type === "timestamp")
    return `timestamp[${[unit ?? "us", ...(timezone === undefined ? [] : [timezone])].join(", ")}]`;
  if (type === "decimal" && precision !== undefined) return `decimal(${precision}, ${scale ?? 0})`;
  return type;
}
