// The types of an expression's parts: which can be compared, what two come to together, and how one is made the other. Pure.

import { frameLimits } from "../../../workspace-limits.ts";
import type { Row } from "../types.ts";
import { type LogicalType, type TimeUnit, timeUnits, typeText } from "../types.ts";
import { dateOf, timeOf, timestampText, unitFor } from "./dates.ts";
import { expressionError, type Node } from "./syntax.ts";
import { comparer, decimalNumber, decimalOf, decimalText, type Value, type ValueType } from "./values.ts";

export type Evaluate = (row: Row) => Value;

/** A part of an expression, typed. `type` undefined: it is null and nothing else. */
export interface Typed {
  node: Node;
  type: ValueType | undefined;
  run: Evaluate;
}

export type Family = "number" | "text" | "bool" | "time" | "json" | "binary" | "null";

export function familyOf(type: ValueType | undefined): Family {
  switch (type?.type) {
    case undefined:
      return "null";
    case "int":
    case "int64":
    case "float":
    case "decimal":
      return "number";
    case "date":
    case "timestamp":
      return "time";
    default:
      return type?.type as Exclude<LogicalType, "int" | "int64" | "float" | "decimal" | "date" | "timestamp">;
  }
}

export const isWhole = (type: ValueType | undefined): boolean => type?.type === "int" || type?.type === "int64";

/** `column "amount" (float)`, `the text 'x'`, `length(name)` (int): how an error names a part. */
export function describe(source: string, { node, type }: Typed): string {
  if (node.kind === "text") return `the text ${shorten(`'${node.value}'`)}`;
  if (node.kind === "null") return "NULL";
  const kind = type === undefined ? "null" : typeText({ name: "", ...type });
  if (node.kind === "number") return `the number ${node.text}`;
  if (node.kind === "column") return `the column ${JSON.stringify(node.name)} (${kind})`;
  return `${shorten(source.slice(node.start, node.end))} (${kind})`;
}

function shorten(text: string): string {
  return text.length <= 40 ? text : `${text.slice(0, 39)}…`;
}

/** Two parts as values of one type, by which they are compared. Throws `expression_invalid` at `place` for what cannot be. */
export function comparable(
  source: string,
  left: Typed,
  right: Typed,
): { left: Evaluate; right: Evaluate; compare: (a: Value, b: Value) => number } {
  const [a, b] = matched(source, left, right);
  if (a.type === undefined || b.type === undefined) {
    const place = (a.type === undefined ? a : b).node;
    throw expressionError(source, place, "a comparison with NULL is never true.", {
      hint: "Write IS NULL or IS NOT NULL; of pandas' methods, .isnull() or .notnull().",
    });
  }
  const common = common2(a.type, b.type);
  if (common === undefined || familyOf(common) === "json") throw incomparable(source, a, b);
  // A whole number is compared with a float exactly, without becoming one.
  const isPlain = familyOf(common) === "number" && common.type !== "decimal" && !hasDecimal(a) && !hasDecimal(b);
  return isPlain
    ? { left: a.run, right: b.run, compare: comparer({ type: "float" }) }
    : { left: converted(a, common), right: converted(b, common), compare: comparer(common) };
}

const hasDecimal = ({ type }: Typed): boolean => type?.type === "decimal";

function incomparable(source: string, left: Typed, right: Typed) {
  const names = [describe(source, left), describe(source, right)];
  const place = { start: Math.min(left.node.start, right.node.start), end: Math.max(left.node.end, right.node.end) };
  return expressionError(source, place, `${names[0]} and ${names[1]} cannot be compared.`, {
    hint:
      hintFor(left, right) ??
      hintFor(right, left) ??
      "Make them one type: CAST(x AS text), CAST(x AS int), CAST(x AS date) and so on.",
  });
}

function hintFor(one: Typed, other: Typed): string | undefined {
  const family = familyOf(other.type);
  if (familyOf(one.type) === "json") return "Take a value out of it: CAST(json_extract(column, '$.name') AS text).";
  if (one.node.kind === "text" && family === "number") {
    return Number.isFinite(Number(one.node.value)) && one.node.value.trim() !== ""
      ? `Write ${one.node.value} without quotes.`
      : "Write a number without quotes.";
  }
  if (one.node.kind === "number" && family === "text") return `Write '${one.node.text}' in single quotes.`;
  if (one.node.kind === "text" && family === "time")
    return "Write a date as '2024-12-31', a time as '2024-12-31T23:59:00'.";
  if (one.node.kind === "text" && family === "bool") return "Write true or false without quotes.";
  if (one.node.kind === "number" && family === "bool") return "Write true or false, or the column alone.";
  return undefined;
}

/** Texts that stand for dates or times beside such a column, and numbers beside decimals, become those. */
function matched(source: string, left: Typed, right: Typed): [Typed, Typed] {
  return [literalAs(source, left, right), literalAs(source, right, left)];
}

/** A literal as a value of the other part's type, where it is written so. Throws `expression_invalid` for a text that is no time beside one. */
export function literalAs(source: string, one: Typed, other: Typed): Typed {
  const { node } = one;
  if (node.kind === "number" && other.type?.type === "decimal" && one.type?.type === "float") {
    const scale = /\.(\d*)/.exec(node.text)?.[1]?.length ?? 0;
    const value = /[eE]/.test(node.text) ? undefined : decimalOf(node.text, scale);
    return value === undefined ? one : { node, type: { type: "decimal", scale }, run: () => value };
  }
  if (node.kind !== "text" || familyOf(other.type) !== "time") return one;
  const day = dateOf(node.value);
  if (day !== undefined) return { node, type: { type: "date" }, run: () => day };
  const time = timeOf(node.value);
  if (time === undefined) {
    throw expressionError(
      source,
      node,
      `${describe(source, one)} is no date or time, but ${describe(source, other)} is one.`,
      {
        hint: "Write a date as '2024-12-31', a time as '2024-12-31T23:59:00'.",
      },
    );
  }
  const isUtc = time.hasZone || other.type?.timezone !== undefined;
  const unit = unitFor(time.fraction.length);
  const text = timestampText(time, unit, isUtc);
  return { node, type: { type: "timestamp", unit, ...(isUtc ? { timezone: "UTC" } : {}) }, run: () => text };
}

/** The type that values of both can be kept as; undefined when there is none. */
export function common2(a: ValueType, b: ValueType): ValueType | undefined {
  const family = familyOf(a);
  if (family !== familyOf(b)) return undefined;
  if (family === "number") return commonNumber(a, b);
  if (family === "time") return commonTime(a, b);
  return a;
}

function commonNumber(a: ValueType, b: ValueType): ValueType {
  const types = [a.type, b.type];
  if (types.includes("float")) return { type: "float" };
  if (types.includes("decimal")) {
    const scale = Math.max(a.scale ?? 0, b.scale ?? 0);
    const whole = Math.max(wholeDigits(a), wholeDigits(b));
    return { type: "decimal", precision: Math.min(38, whole + scale), scale };
  }
  return { type: types.includes("int64") ? "int64" : "int" };
}

function wholeDigits({ type, precision = 38, scale = 0 }: ValueType): number {
  return type === "decimal" ? precision - scale : 19;
}

function commonTime(a: ValueType, b: ValueType): ValueType | undefined {
  if (a.type === "date" && b.type === "date") return a;
  // A day is the midnight that begins it, in whichever zone the other is.
  if (a.type === "date") return b;
  if (b.type === "date") return a;
  if ((a.timezone === undefined) !== (b.timezone === undefined)) return undefined;
  const unit = timeUnits[Math.max(unitIndex(a.unit), unitIndex(b.unit))] ?? "us";
  return { type: "timestamp", unit, ...(a.timezone === undefined ? {} : { timezone: a.timezone }) };
}

const unitIndex = (unit: TimeUnit = "us"): number => timeUnits.indexOf(unit);

/** The type of all parts together: of numbers the widest, of dates and timestamps the timestamp. Throws `expression_invalid`. */
export function unified(source: string, parts: readonly Typed[]): { type: ValueType | undefined; runs: Evaluate[] } {
  const witness = parts.find(
    (part) => part.type !== undefined && part.node.kind !== "text" && part.node.kind !== "number",
  );
  const fitting = witness === undefined ? parts : parts.map((part) => literalAs(source, part, witness));
  let common: Typed | undefined;
  for (const part of fitting) {
    if (part.type === undefined) continue;
    if (common?.type === undefined) common = part;
    else {
      const type = common2(common.type, part.type);
      if (type === undefined) {
        throw expressionError(
          source,
          part.node,
          `${describe(source, part)} is of another kind than ${describe(source, common)}.`,
          {
            hint: "All results must be of one type; CAST(x AS text) makes text of one.",
          },
        );
      }
      common = { ...common, type };
    }
  }
  const type = common?.type;
  return { type, runs: fitting.map((part) => (type === undefined ? part.run : converted(part, type))) };
}

/** The part as values of `to`, which is what `common2` gave for its type and another. */
export function converted({ type, run }: Typed, to: ValueType): Evaluate {
  const convert = type === undefined ? undefined : widening(type, to);
  if (convert === undefined) return run;
  return (row) => {
    const value = run(row);
    return value === null ? null : convert(value);
  };
}

/** How a value becomes one of a wider type; undefined where it is that already. */
export function widening(from: ValueType, to: ValueType): ((value: Value) => Value) | undefined {
  if (to.type === "float" && from.type !== "float") {
    const { scale = 0 } = from;
    return from.type === "decimal"
      ? (value) => decimalNumber(BigInt(value as bigint), scale)
      : (value) => Number(value);
  }
  if (to.type === "decimal") {
    const power = 10n ** BigInt((to.scale ?? 0) - (from.type === "decimal" ? (from.scale ?? 0) : 0));
    return from.type === "decimal" && power === 1n ? undefined : (value) => BigInt(value as number | bigint) * power;
  }
  if (to.type === "timestamp") return timeWidening(from, to);
  return undefined;
}

function timeWidening(from: ValueType, to: ValueType): ((value: Value) => Value) | undefined {
  const isUtc = to.timezone !== undefined;
  const unit = to.unit ?? "us";
  if (from.type === "timestamp" && from.unit === to.unit) return undefined;
  return (value) => {
    const text = String(value);
    const seconds = from.type === "date" ? `${text}T00:00:00` : text.slice(0, 19);
    return timestampText({ seconds, fraction: text.slice(20).replace("Z", ""), hasZone: isUtc }, unit, isUtc);
  };
}

/** Throws `expression_invalid` for a text that is longer than a value may be: it would be made only to be refused, and larger at every step. */
export function requireLength(source: string, node: Node, row: number, length: number): void {
  const { cellBytes } = frameLimits;
  if (length <= cellBytes) return;
  throw expressionError(
    source,
    node,
    `in row ${row} the text would have ${length} characters; ${cellBytes} bytes are the most (limit cellBytes).`,
    {
      hint: "Cut it with substr(), or filter out such rows.",
      details: { row, limit: "cellBytes", value: cellBytes },
    },
  );
}

/** A value as text, as CAST makes it. */
export function textOfValue({ type, scale = 0 }: ValueType, value: Value): string {
  if (type === "decimal") return decimalText(BigInt(value as bigint), scale);
  if (type === "float") return floatText(Number(value));
  if (type === "json") return JSON.stringify(value);
  return String(value);
}

function floatText(value: number): string {
  const text = Object.is(value, -0) ? "-0" : String(value);
  return /^-?\d+$/.test(text) ? `${text}.0` : text;
}
