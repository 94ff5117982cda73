// Numbers, days and texts computed with operators. Whole numbers are exact to 64 bits, decimals to 38 digits. Pure.

import { dayNumber } from "../calendar.ts";
import { fitsInt64 } from "../types.ts";
import type { Scope } from "./compile.ts";
import { textOfDay } from "./dates.ts";
import { type BinaryOperator, expressionError, type Node } from "./syntax.ts";
import { describe, type Evaluate, familyOf, isWhole, requireLength, type Typed } from "./types.ts";
import { decimalNumber, type Value, type ValueType, wholeNumber } from "./values.ts";

type Operator = Exclude<BinaryOperator, "and" | "or">;
type Whole = number | bigint;

const decimalDigits = 38;
const decimalMost = 10n ** BigInt(decimalDigits);

/** The typed result of an operator over one or two parts. Throws `expression_invalid`, also when a row's result does not fit its type. */
export function arithmetic(scope: Scope, node: Node, operator: Operator, parts: readonly Typed[]): Typed {
  const families = parts.map(({ type }) => familyOf(type));
  if (
    operator === "||" ||
    (operator === "+" &&
      parts.length === 2 &&
      families.every((family) => family === "text" || family === "null") &&
      families.includes("text"))
  ) {
    return joined(scope, node, parts);
  }
  const [left, right] = parts;
  const isDated = left?.type?.type === "date" || right?.type?.type === "date";
  if (isDated && left !== undefined && right !== undefined) return dated(scope, node, operator, left, right);
  for (const part of parts) requireNumber(scope, operator, part);
  return withNulls(node, parts, numeric(scope, node, operator, parts));
}

function requireNumber({ source }: Scope, operator: Operator, part: Typed): void {
  const family = familyOf(part.type);
  if (family === "number" || family === "null") return;
  const hint =
    part.type?.type === "timestamp"
      ? "Of times, date_diff('hour', a, b) counts what lies between them."
      : family === "text"
        ? "CAST(x AS float) makes a number of text; || joins texts."
        : "CAST(x AS int) makes a number of it.";
  throw expressionError(source, part.node, `${operator} takes numbers, not ${describe(source, part)}.`, { hint });
}

interface Computed {
  type: ValueType | undefined;
  compute: (a: Value, b: Value) => Value;
}

function withNulls(node: Node, [left, right]: readonly Typed[], { type, compute }: Computed): Typed {
  const run: Evaluate = (row) => {
    const a = left?.run(row) ?? null;
    if (a === null) return null;
    const b = right === undefined ? 0 : right.run(row);
    return b === null ? null : compute(a, b);
  };
  return { node, type, run };
}

function numeric(scope: Scope, node: Node, operator: Operator, parts: readonly Typed[]): Computed {
  const types = parts.map(({ type }) => type);
  if (types.some((type) => type === undefined))
    return { type: types.find((type) => type !== undefined) ?? { type: "int" }, compute: () => null };
  if (types.every(isWhole) && operator !== "/" && operator !== "**") return whole(scope, node, operator, types);
  const isExact = operator === "+" || operator === "-" || operator === "*";
  if (isExact && types.every((type) => type?.type === "decimal" || isWhole(type)))
    return decimal(scope, node, operator, types);
  const [a, b] = types.map(toFloat);
  const compute = floats[operator as keyof typeof floats];
  if (parts.length === 1) return { type: { type: "float" }, compute: (value) => -(a?.(value) ?? 0) };
  return { type: { type: "float" }, compute: (x, y) => compute(a?.(x) ?? 0, b?.(y) ?? 0) };
}

/** How a number of this type becomes a float. */
export function toFloat(type: ValueType | undefined): (value: Value) => number {
  const { scale = 0 } = type ?? {};
  return type?.type === "decimal" ? (value) => decimalNumber(value as bigint, scale) : (value) => Number(value);
}

/** Division by zero gives null: there is no such number. */
const floats = {
  "+": (a: number, b: number) => a + b,
  "-": (a: number, b: number) => a - b,
  "*": (a: number, b: number) => a * b,
  "/": (a: number, b: number) => (b === 0 ? null : a / b),
  "//": (a: number, b: number) => (b === 0 ? null : Math.floor(a / b)),
  "%": (a: number, b: number) => (b === 0 ? null : floorRest(a, b)),
  "**": (a: number, b: number) => a ** b,
};

/** The rest has the sign of what is divided by, so that a = (a // b) * b + a % b. */
function floorRest(a: number, b: number): number {
  const rest = a % b;
  return rest !== 0 && rest < 0 !== b < 0 ? rest + b : rest;
}

function whole(scope: Scope, node: Node, operator: Operator, types: readonly (ValueType | undefined)[]): Computed {
  const type: ValueType = { type: types.some((one) => one?.type === "int64") ? "int64" : "int" };
  const [plain, large] = wholes[operator as keyof typeof wholes];
  if (types.length === 1) return { type, compute: (value) => checked64(scope, node, -BigInt(value as Whole)) };
  const isDivision = operator === "//" || operator === "%";
  const compute = (a: Value, b: Value): Value => {
    if (isDivision && b === 0) return null;
    if (typeof a === "number" && typeof b === "number") {
      const result = plain(a, b);
      // What is exact as a double was computed exactly; -0 is 0.
      if (Number.isSafeInteger(result)) return result + 0;
    }
    return checked64(scope, node, large(BigInt(a as Whole), BigInt(b as Whole)));
  };
  return { type, compute };
}

const wholes = {
  "+": [(a: number, b: number) => a + b, (a: bigint, b: bigint) => a + b],
  "-": [(a: number, b: number) => a - b, (a: bigint, b: bigint) => a - b],
  "*": [(a: number, b: number) => a * b, (a: bigint, b: bigint) => a * b],
  "//": [(a: number, b: number) => Math.floor(a / b), (a: bigint, b: bigint) => (a - floorRestOf(a, b)) / b],
  "%": [floorRest, floorRestOf],
} as const;

function floorRestOf(a: bigint, b: bigint): bigint {
  const rest = a % b;
  return rest !== 0n && rest < 0n !== b < 0n ? rest + b : rest;
}

function checked64({ source, row }: Scope, node: Node, value: bigint): Value {
  if (fitsInt64(value)) return wholeNumber(value);
  throw expressionError(source, node, `in row ${row.number} the result is beyond 64 bits.`, {
    hint: "CAST one side AS float to compute with floats.",
    details: { row: row.number },
  });
}

function decimal(scope: Scope, node: Node, operator: Operator, types: readonly (ValueType | undefined)[]): Computed {
  const scales = types.map((type) => type?.scale ?? 0);
  const [a = 0, b = 0] = scales;
  const scale = operator === "*" ? a + b : Math.max(a, b);
  const type: ValueType = { type: "decimal", precision: decimalDigits, scale };
  if (scale > decimalDigits)
    throw expressionError(
      scope.source,
      node,
      `the result has ${scale} digits behind the point; a decimal has ${decimalDigits} at most.`,
      { hint: "CAST one side AS float." },
    );
  const [left, right] = [
    10n ** BigInt(operator === "*" ? 0 : scale - a),
    10n ** BigInt(operator === "*" ? 0 : scale - b),
  ];
  const compute = (x: Value, y: Value): Value => {
    const [one, other] = [BigInt(x as Whole) * left, BigInt(y as Whole) * right];
    const result = operator === "*" ? one * other : operator === "+" ? one + other : one - other;
    if (result < decimalMost && result > -decimalMost) return result;
    throw expressionError(
      scope.source,
      node,
      `in row ${scope.row.number} the result has more than ${decimalDigits} digits.`,
      {
        hint: "CAST one side AS float to compute with floats.",
        details: { row: scope.row.number },
      },
    );
  };
  return types.length === 1 ? { type, compute: (value) => -BigInt(value as Whole) } : { type, compute };
}

function joined({ source, row }: Scope, node: Node, parts: readonly Typed[]): Typed {
  for (const part of parts) {
    if (part.type === undefined || part.type.type === "text") continue;
    throw expressionError(source, part.node, `|| takes text, not ${describe(source, part)}.`, {
      hint: "CAST(x AS text) makes text of it; concat(a, b) does so by itself.",
    });
  }
  return withNulls(node, parts, {
    type: { type: "text" },
    compute: (a, b) => {
      const [left, right] = [String(a), String(b)];
      requireLength(source, node, row.number, left.length + right.length);
      return left + right;
    },
  });
}

/** A day and a number of days, or two days. */
function dated({ source, row }: Scope, node: Node, operator: Operator, left: Typed, right: Typed): Typed {
  if (operator === "-" && left.type?.type === "date" && right.type?.type === "date") {
    return withNulls(node, [left, right], {
      type: { type: "int" },
      compute: (a, b) => dayNumber(String(a)) - dayNumber(String(b)),
    });
  }
  const [day, count] = left.type?.type === "date" ? [left, right] : [right, left];
  const isShift = isWhole(count.type) && (operator === "+" || (operator === "-" && day === left));
  if (!isShift) {
    throw expressionError(
      source,
      node,
      `${operator} does not go with ${describe(source, left)} and ${describe(source, right)}.`,
      {
        hint: "To a date a whole number of days is added; between two dates date_diff('day', a, b) counts.",
      },
    );
  }
  const sign = operator === "-" ? -1 : 1;
  const compute = (date: Value, days: Value): Value => {
    const shifted = textOfDay(dayNumber(String(date)) + sign * Number(days));
    if (shifted !== undefined) return shifted;
    throw expressionError(source, node, `in row ${row.number} the day is outside the years 0 to 9999.`, {
      details: { row: row.number },
    });
  };
  return withNulls(node, [day, count], { type: { type: "date" }, compute });
}
