// CAST: a value as one of another type, or an error that names the row; TRY_CAST gives null instead. Pure.
import { didYouMean, nearNames } from "../../../core/near-names.ts";
import { fitsInt64, fractionDigits, type LogicalType } from "../types.ts";
import { toFloat } from "./arithmetic.ts";
import type { Scope } from "./compile.ts";
import { timeOf, timestampText } from "./dates.ts";
import { expressionError, type Node } from "./syntax.ts";
import { describe, familyOf, type Typed, textOfValue } from "./types.ts";
import { decimalOf, decimalText, type Value, type ValueType, wholeNumber } from "./values.ts";

const typeNames: Readonly<Record<string, LogicalType>> = {
  ...{ int: "int", integer: "int", int32: "int", smallint: "int", tinyint: "int" },
  ...{ int64: "int64", bigint: "int64", long: "int64" },
  ...{ float: "float", float64: "float", float32: "float", double: "float", real: "float" },
  ...{ bool: "bool", boolean: "bool" },
  ...{ text: "text", str: "text", string: "text", varchar: "text", char: "text", object: "text" },
  ...{ date: "date", timestamp: "timestamp", datetime: "timestamp" },
  ...{ decimal: "decimal", numeric: "decimal", json: "json" },
};

/** undefined: the value is none of that type. */
type Convert = (value: Value) => Value | undefined;

/** The part as the type that CAST names. Throws `expression_invalid` for a type there is not, and for one it never becomes. */
export function castTo(scope: Scope, node: Node & { kind: "cast" }, value: Typed): Typed {
  const named = typeNamed(scope, node);
  const to = named.type === "timestamp" && value.type?.unit !== undefined ? { ...named, unit: value.type.unit } : named;
  if (value.type === undefined) return { node, type: to, run: () => null };
  const from = value.type;
  const convert = conversion(from, to);
  if (convert === undefined) {
    throw expressionError(scope.source, node, `${describe(scope.source, value)} does not become a ${to.type}.`);
  }
  const { run } = value;
  return {
    node,
    type: to,
    run: (row) => {
      const own = run(row);
      if (own === null) return null;
      const result = convert(own);
      if (result !== undefined) return result;
      if (node.isTry) return null;
      throw expressionError(scope.source, node, `in row ${scope.row.number} the ${from.type} is no ${to.type}.`, {
        hint: "TRY_CAST gives null where a value does not fit.",
        details: { row: scope.row.number, value: textOfValue(from, own).slice(0, 100) },
      });
    },
  };
}

function typeNamed({ source }: Scope, { to, toPlace }: Node & { kind: "cast" }): ValueType {
  const [, name = "", precision, scale] = /^([^(]*)(?:\((\d+)(?:,(\d+))?\))?$/.exec(to.toLowerCase()) ?? [];
  const type = Object.hasOwn(typeNames, name) ? typeNames[name] : undefined;
  if (type === undefined) {
    const near = nearNames(name, Object.keys(typeNames));
    throw expressionError(source, toPlace, `there is no type ${JSON.stringify(to)}.`, {
      hint: didYouMean(near) ?? "Types are int, int64, float, bool, text, date, timestamp, decimal(p, s) and json.",
      details: { near },
    });
  }
  if (type === "timestamp") return { type, unit: "us" };
  if (type !== "decimal") return { type };
  const digits = Number(precision ?? 18);
  const behind = Number(scale ?? (precision === undefined ? 3 : 0));
  if (digits >= 1 && digits <= 38 && behind <= digits) return { type, precision: digits, scale: behind };
  throw expressionError(source, toPlace, "a decimal has 1 to 38 digits, and no more behind the point than in all.");
}

function conversion(from: ValueType, to: ValueType): Convert | undefined {
  if (from.type === to.type && from.type !== "decimal" && from.type !== "timestamp") return (value) => value;
  if (from.type === "json") return fromJson(to);
  if (to.type === "text") return from.type === "binary" ? undefined : (value) => textOfValue(from, value);
  const family = familyOf(from);
  switch (to.type) {
    case "int":
    case "int64":
      return family === "number" || family === "text" || family === "bool"
        ? (value) => wholeFrom(from, value)
        : undefined;
    case "float":
      return family === "number"
        ? toFloat(from)
        : family === "text"
          ? (value) => floatFrom(String(value))
          : family === "bool"
            ? Number
            : undefined;
    case "decimal":
      return family === "number" || family === "text" ? (value) => decimalFrom(from, to, value) : undefined;
    case "bool":
      return family === "number"
        ? (value) => !Number.isNaN(value) && value !== 0 && value !== 0n
        : family === "text"
          ? (value) => boolFrom(String(value))
          : undefined;
    case "date":
      return family === "time" || family === "text" ? (value) => dayFrom(String(value)) : undefined;
    case "timestamp":
      return family === "time" || family === "text" ? (value) => timeFrom(String(value), to) : undefined;
    case "json":
      return family === "text" ? (value) => jsonFrom(String(value)) : family === "bool" ? (value) => value : undefined;
    default:
      return undefined;
  }
}

/** Scalars alone, and only of that kind: a JSON text that looks like a number becomes one, a JSON number no boolean. Any value has a text. */
function fromJson(to: ValueType): Convert | undefined {
  const [ofNumber, ofText] = [conversion({ type: "float" }, to), conversion({ type: "text" }, to)];
  return (value) => {
    if (typeof value === "string") return to.type === "bool" ? undefined : ofText?.(value);
    if (to.type === "text") return JSON.stringify(value);
    if (typeof value === "number") return to.type === "bool" ? undefined : ofNumber?.(value);
    return typeof value === "boolean" && to.type === "bool" ? value : undefined;
  };
}

function wholeFrom(from: ValueType, value: Value): Value | undefined {
  if (typeof value === "boolean") return value ? 1 : 0;
  if (from.type === "decimal") return fitted(BigInt(value as bigint) / 10n ** BigInt(from.scale ?? 0));
  if (typeof value === "bigint") return value;
  if (typeof value === "number") return Number.isFinite(value) ? fitted(BigInt(Math.trunc(value))) : undefined;
  const text = String(value).trim();
  return /^[+-]?\d{1,30}$/.test(text) ? fitted(BigInt(text.replace("+", ""))) : undefined;
}

function fitted(value: bigint): Value | undefined {
  return fitsInt64(value) ? wholeNumber(value) : undefined;
}

function floatFrom(text: string): Value | undefined {
  const plain = text.trim();
  if (/^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(plain)) return Number(plain);
  if (/^nan$/i.test(plain)) return Number.NaN;
  const infinite = /^([+-]?)inf(?:inity)?$/i.exec(plain);
  return infinite === null ? undefined : infinite[1] === "-" ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
}

function decimalFrom(from: ValueType, { precision = 38, scale = 0 }: ValueType, value: Value): Value | undefined {
  const text = from.type === "decimal" ? decimalText(value as bigint, from.scale ?? 0) : String(value).trim();
  const result = decimalOf(text, scale, true);
  const most = 10n ** BigInt(precision);
  return result !== undefined && result < most && result > -most ? result : undefined;
}

function boolFrom(text: string): Value | undefined {
  if (/^(true|t|yes|y|1)$/i.test(text.trim())) return true;
  return /^(false|f|no|n|0)$/i.test(text.trim()) ? false : undefined;
}

function dayFrom(text: string): Value | undefined {
  return timeOf(text.trim())?.seconds.slice(0, 10);
}

/** In UTC. undefined also for a fraction that is finer than the unit: none is cut off. */
function timeFrom(text: string, { unit = "us" }: ValueType): Value | undefined {
  const time = timeOf(text.trim());
  if (time === undefined || /[1-9]/.test(time.fraction.slice(fractionDigits[unit]))) return undefined;
  return timestampText(time, unit, false);
}

function jsonFrom(text: string): Value | undefined {
  try {
    return JSON.parse(text) as Value;
  } catch {
    return undefined;
  }
}

/** A value that is not null as one of another type, as CAST makes it; undefined when it is none. */
export function castValue(from: ValueType, to: ValueType, value: Value): Value | undefined {
  return conversion(from, to)?.(value);
}
