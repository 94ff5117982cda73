// Functions of numbers. Whole numbers and decimals stay exact where the result is one. Pure.
import { arithmetic, toFloat } from "./arithmetic.ts";
import { requireCount, requireKind, strict, type Use } from "./functions.ts";
import { type Evaluate, isWhole, type Typed } from "./types.ts";
import { type Value, type ValueType, wholeNumber } from "./values.ts";

interface Made {
  type: ValueType | undefined;
  run: Evaluate;
}

/** Where there is no such number, as of the root of -1, they give null. */
const floats: Readonly<Record<string, (value: number) => number>> = {
  sqrt: Math.sqrt,
  exp: Math.exp,
  ln: Math.log,
  log: Math.log10,
  log10: Math.log10,
  log2: Math.log2,
  sin: Math.sin,
  cos: Math.cos,
  tan: Math.tan,
  radians: (value) => (value * Math.PI) / 180,
  degrees: (value) => (value * 180) / Math.PI,
};

const others: Readonly<Record<string, { least: number; most: number; make: (use: Use) => Made }>> = {
  abs: { least: 1, most: 1, make: abs },
  sign: { least: 1, most: 1, make: sign },
  floor: { least: 1, most: 1, make: (use) => toWhole(use, Math.floor, (value, power) => -ceilDivision(-value, power)) },
  ceil: { least: 1, most: 1, make: (use) => toWhole(use, Math.ceil, ceilDivision) },
  round: { least: 1, most: 2, make: round },
  power: { least: 2, most: 2, make: (use) => operated(use, "**") },
  mod: { least: 2, most: 2, make: mod },
  isnan: { least: 1, most: 1, make: isNan },
};

export const numericNames: readonly string[] = [...Object.keys(others), ...Object.keys(floats)];

/** The typed result of a function of numbers; undefined when there is none of that name. Throws `expression_invalid`. */
export function callNumeric(name: string, use: Use): Made | undefined {
  if (Object.hasOwn(floats, name)) {
    requireCount(use, 1, 1);
    const compute = floats[name];
    const [arg] = use.args;
    requireKind(use, arg, "number", "a number");
    const convert = toFloat(arg?.type);
    return strict(use.args, { type: "float" }, (value) => defined(compute?.(convert(value)) ?? 0, convert(value)));
  }
  if (!Object.hasOwn(others, name)) return undefined;
  const definition = others[name];
  if (definition === undefined) return undefined;
  requireCount(use, definition.least, definition.most);
  for (const arg of use.args) requireKind(use, arg, "number", "a number");
  return definition.make(use);
}

/** NaN comes of NaN alone; ln(0) is no number either. */
function defined(result: number, argument: number): Value {
  const isUndefined = Number.isNaN(result)
    ? !Number.isNaN(argument)
    : result === Number.NEGATIVE_INFINITY && argument === 0;
  return isUndefined ? null : result;
}

const typeOf = (arg: Typed | undefined): ValueType => arg?.type ?? { type: "int" };

function operated({ scope, node, args }: Use, operator: "**" | "-"): Made {
  const { type, run } = arithmetic(scope, node, operator, args);
  return { type, run };
}

function abs(use: Use): Made {
  const negative = operated(use, "-");
  const [arg] = use.args;
  const run: Evaluate = (row) => {
    const value = arg?.run(row) ?? null;
    if (typeof value === "number" && typeOf(arg).type === "float") return Math.abs(value);
    return value !== null && Number(value) < 0 ? negative.run(row) : value;
  };
  return { type: arg?.type, run };
}

function sign({ args }: Use): Made {
  const isFloat = typeOf(args[0]).type === "float";
  return strict(args, { type: isFloat ? "float" : "int" }, (value) => Math.sign(Number(value)));
}

function ceilDivision(value: bigint, power: bigint): bigint {
  const whole = value / power;
  return value % power > 0n ? whole + 1n : whole;
}

/** A float stays one, since it may be larger than a whole number of 64 bits. */
function toWhole(
  { args }: Use,
  ofFloat: (value: number) => number,
  ofDecimal: (value: bigint, power: bigint) => bigint,
): Made {
  const type = typeOf(args[0]);
  if (isWhole(type)) return strict(args, type, (value) => value);
  if (type.type === "float") return strict(args, type, (value) => ofFloat(Number(value)));
  const { precision = 38, scale = 0 } = type;
  const power = 10n ** BigInt(scale);
  const result: ValueType = { type: "decimal", precision: Math.min(38, precision - scale + 1), scale: 0 };
  return strict(args, result, (value) => ofDecimal(BigInt(value as bigint), power));
}

/** Halves are rounded away from zero. */
function round({ args }: Use): Made {
  const type = typeOf(args[0]);
  if (type.type === "float") {
    return strict(args, type, (value, digits = 0) => roundFloat(Number(value), Number(digits)));
  }
  const { scale = 0 } = type;
  return strict(args, type, (value, digits = 0) => {
    const cut = scale - Number(digits);
    if (cut <= 0) return value;
    const power = 10n ** BigInt(Math.min(cut, 60));
    const whole = BigInt(value as number | bigint);
    const half = power / 2n;
    const rounded = ((whole < 0n ? whole - half : whole + half) / power) * power;
    return type.type === "decimal" ? rounded : wholeNumber(rounded);
  });
}

function roundFloat(value: number, digits: number): number {
  if (!Number.isFinite(value)) return value;
  const power = 10 ** Math.min(Math.abs(digits), 300);
  const scaled = digits < 0 ? value / power : value * power;
  if (!Number.isFinite(scaled)) return value;
  const rounded = Math.sign(value) * Math.round(Math.abs(scaled));
  return digits < 0 ? rounded * power : rounded / power;
}

/** The rest with the sign of what is divided, as SQL has it; `%` is pandas'. */
function mod({ args }: Use): Made {
  const [a, b] = args;
  if (isWhole(typeOf(a)) && isWhole(typeOf(b))) {
    const type: ValueType = { type: [a, b].some((arg) => arg?.type?.type === "int64") ? "int64" : "int" };
    return strict(args, type, (x, y) => {
      if (y === 0) return null;
      return typeof x === "number" && typeof y === "number"
        ? (x % y) + 0
        : wholeNumber(BigInt(x as bigint) % BigInt(y as bigint));
    });
  }
  const [left, right] = [toFloat(a?.type), toFloat(b?.type)];
  return strict(args, { type: "float" }, (x, y) => (right(y) === 0 ? null : left(x) % right(y)));
}

function isNan({ args }: Use): Made {
  return strict(args, { type: "bool" }, (value) => Number.isNaN(value));
}
