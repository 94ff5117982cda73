// The functions of expressions: an allow-list, each with the kinds of values it takes. Pure.
import { didYouMean, nearNames } from "../../../core/near-names.ts";
import type { Json } from "../types.ts";
import type { Scope } from "./compile.ts";
import { condition } from "./compile.ts";
import {
  counterOf,
  dateOf,
  formatCodes,
  formatTime,
  partNames,
  partOf,
  startOf,
  timeOf,
  timestampText,
  unitNames,
  unknownCode,
} from "./dates.ts";
import { callNumeric, numericNames } from "./numeric.ts";
import { expressionError, type Node } from "./syntax.ts";
import {
  comparable,
  describe,
  type Evaluate,
  type Family,
  familyOf,
  literalAs,
  requireLength,
  type Typed,
  textOfValue,
  unified,
} from "./types.ts";
import type { Value, ValueType } from "./values.ts";

type CallNode = Node & { kind: "call" };

interface Made {
  type: ValueType | undefined;
  run: Evaluate;
}

interface Definition {
  least: number;
  most: number;
  make: (use: Use) => Made;
}

/** One call, while it is typed. */
export interface Use {
  scope: Scope;
  node: CallNode;
  args: readonly Typed[];
}

const text: ValueType = { type: "text" };
const bool: ValueType = { type: "bool" };
const int: ValueType = { type: "int" };

/** Throws `expression_invalid` for an argument of another kind. */
export function requireKind({ scope, node }: Use, arg: Typed | undefined, family: Family, what: string): void {
  if (arg === undefined) return;
  const own = familyOf(arg.type);
  if (own === family || own === "null") return;
  const casts: Partial<Record<Family, string>> = { text: "text", number: "float", time: "date" };
  const cast = casts[family];
  throw expressionError(scope.source, arg.node, `${node.name}() takes ${what}, not ${describe(scope.source, arg)}.`, {
    ...(cast === undefined ? {} : { hint: `CAST(x AS ${cast}) makes one of it.` }),
  });
}

/** A function of values none of which is null; of null it gives null. */
export function strict(
  args: readonly Typed[],
  type: ValueType | undefined,
  compute: (...values: Value[]) => Value,
): Made {
  const run: Evaluate = (row) => {
    const values: Value[] = [];
    for (const arg of args) {
      const value = arg.run(row);
      if (value === null) return null;
      values.push(value);
    }
    return compute(...values);
  };
  return { type, run };
}

/** Of texts, then whole numbers from `numbers` on. */
function ofText(
  least: number,
  most: number,
  type: ValueType,
  compute: (...values: never[]) => Value,
  numbers = most,
): Definition {
  return {
    least,
    most,
    make: (use) => {
      for (const [index, arg] of use.args.entries()) {
        const isNumber = index >= numbers;
        requireKind(use, arg, isNumber ? "number" : "text", isNumber ? "a number" : "text");
      }
      return strict(use.args, type, compute as (...values: Value[]) => Value);
    },
  };
}

const characters = (value: string): string[] => [...value];

/** As SQLite has it: the first character is 1, from the end it is counted backwards. */
function substr(value: string, start: number | bigint, length?: number | bigint): string {
  const chars = characters(value);
  let [from, count] = [Number(start), length === undefined ? Number.POSITIVE_INFINITY : Number(length)];
  if (from > 0) from -= 1;
  else if (from < 0) from += chars.length;
  else if (length !== undefined && count > 0) count -= 1;
  if (count < 0) [from, count] = [from + count, -count];
  const end = from + count;
  return chars.slice(Math.max(0, from), Math.max(0, end)).join("");
}

function trimmer(sides: "both" | "left" | "right"): (value: string, set?: string) => string {
  return (value, set) => {
    const chars = characters(value);
    const cut = new Set(characters(set ?? " \t\n\r\f\v"));
    let [from, to] = [0, chars.length];
    while (sides !== "right" && from < to && cut.has(chars[from] ?? "")) from += 1;
    while (sides !== "left" && to > from && cut.has(chars[to - 1] ?? "")) to -= 1;
    return chars.slice(from, to).join("");
  };
}

/** The place of the first occurrence, from 1; 0 when there is none. */
function place(value: string, part: string): number {
  const index = value.indexOf(part);
  return index < 0 ? 0 : characters(value.slice(0, index)).length + 1;
}

const definitions: ReadonlyMap<string, Definition> = new Map<string, Definition>([
  ["lower", ofText(1, 1, text, (value: string) => value.toLowerCase())],
  ["upper", ofText(1, 1, text, (value: string) => value.toUpperCase())],
  ["length", ofText(1, 1, int, (value: string) => characters(value).length)],
  ["trim", ofText(1, 2, text, trimmer("both"))],
  ["ltrim", ofText(1, 2, text, trimmer("left"))],
  ["rtrim", ofText(1, 2, text, trimmer("right"))],
  ["substr", ofText(2, 3, text, substr, 1)],
  [
    "left",
    ofText(
      2,
      2,
      text,
      (value: string, count: number) =>
        characters(value)
          .slice(0, Math.max(0, Number(count)))
          .join(""),
      1,
    ),
  ],
  ["replace", { least: 3, most: 3, make: replace }],
  ["instr", ofText(2, 2, int, place)],
  ["contains", ofText(2, 2, bool, (value: string, part: string) => value.includes(part))],
  ["icontains", ofText(2, 2, bool, (value: string, part: string) => value.toLowerCase().includes(part.toLowerCase()))],
  ["starts_with", ofText(2, 2, bool, (value: string, part: string) => value.startsWith(part))],
  ["ends_with", ofText(2, 2, bool, (value: string, part: string) => value.endsWith(part))],
  ["concat", { least: 1, most: 50, make: concat }],
  ["coalesce", { least: 1, most: 50, make: coalesce }],
  ["fillna", { least: 2, most: 2, make: fillna }],
  ["nullif", { least: 2, most: 2, make: nullIf }],
  ["iif", { least: 2, most: 3, make: iif }],
  ["min", { least: 2, most: 50, make: (use) => extreme(use, -1) }],
  ["max", { least: 2, most: 50, make: (use) => extreme(use, 1) }],
  ["date", { least: 1, most: 1, make: date }],
  ["date_diff", { least: 3, most: 3, make: dateDiff }],
  ["date_trunc", { least: 2, most: 2, make: dateTrunc }],
  ["strftime", { least: 2, most: 2, make: strftime }],
  ...partNames.map((name): [string, Definition] => [name, { least: 1, most: 1, make: (use) => timePart(use, name) }]),
  ["json_extract", { least: 2, most: 2, make: jsonExtract }],
]);

const aliases: Readonly<Record<string, string>> = {
  ...{ len: "length", char_length: "length", substring: "substr", strpos: "instr", position: "instr" },
  ...{ startswith: "starts_with", endswith: "ends_with", ifnull: "coalesce", nvl: "coalesce", if: "iif" },
  ...{ least: "min", greatest: "max", datediff: "date_diff", pow: "power", ceiling: "ceil", strip: "trim" },
};

const aggregates = /^(sum|avg|mean|count|median|std|stddev|var|variance|nunique|first|last|group_concat|string_agg)$/;
const windows = /^(row_number|rank|dense_rank|lag|lead|ntile|shift|cumsum)$/;

/** All functions, without their other names. */
export const functionNames: readonly string[] = [...definitions.keys(), ...numericNames].filter(
  (name) => name !== "icontains" && name !== "fillna",
);

/** The typed result of a call. Throws `expression_invalid` for a function there is not and for arguments it does not take. */
export function callFunction(scope: Scope, node: CallNode, args: readonly Typed[]): Typed {
  const name = Object.hasOwn(aliases, node.name) ? (aliases[node.name] ?? node.name) : node.name;
  const definition = definitions.get(name);
  const use = { scope, node, args };
  const isAggregate = args.length === 1 && (name === "min" || name === "max");
  if (isAggregate || aggregates.test(name)) {
    throw expressionError(scope.source, node.namePlace, `${node.name}() is over many rows, an expression over one.`, {
      hint: "groupby computes it; min and max of an expression take two values or more.",
    });
  }
  if (definition === undefined) {
    const numeric = callNumeric(name, use);
    if (numeric !== undefined) return { node, ...numeric };
    throw noFunction(scope, node);
  }
  requireCount(use, definition.least, definition.most);
  return { node, ...definition.make(use) };
}

function noFunction({ source }: Scope, { name, namePlace }: CallNode) {
  const near = nearNames(name, [...functionNames, ...Object.keys(aliases)]);
  const hint = windows.test(name)
    ? "sql_frame runs window functions."
    : (didYouMean(near) ?? `Functions are ${functionNames.join(", ")}.`);
  return expressionError(source, namePlace, `there is no function ${name}().`, { hint, details: { near } });
}

/** Throws `expression_invalid` for too few or too many arguments. */
export function requireCount({ scope, node, args }: Use, least: number, most: number): void {
  if (args.length >= least && args.length <= most) return;
  const takes = least === most ? `${least}` : `${least} to ${most}`;
  throw expressionError(
    scope.source,
    node,
    `${node.name}() takes ${takes} ${takes === "1" ? "argument" : "arguments"}, not ${args.length}.`,
  );
}

function replace(use: Use): Made {
  const { scope, node, args } = use;
  for (const arg of args) requireKind(use, arg, "text", "text");
  return strict(args, text, (...values) => {
    const [value = "", from = "", to = ""] = values.map(String);
    if (from === "") return value;
    let count = 0;
    for (let at = value.indexOf(from); at >= 0; at = value.indexOf(from, at + from.length)) count += 1;
    requireLength(scope.source, node, scope.row.number, value.length + count * (to.length - from.length));
    return value.replaceAll(from, () => to);
  });
}

function concat({ scope, node, args }: Use): Made {
  const run: Evaluate = (row) => {
    const parts = args.map((arg) => {
      const value = arg.run(row);
      return value === null || arg.type === undefined ? "" : textOfValue(arg.type, value);
    });
    const length = parts.reduce((sum, part) => sum + part.length, 0);
    requireLength(scope.source, node, scope.row.number, length);
    return parts.join("");
  };
  return { type: text, run };
}

function coalesce({ scope, args }: Use): Made {
  const { type, runs } = unified(scope.source, args);
  const run: Evaluate = (row) => {
    for (const one of runs) {
      const value = one(row);
      if (value !== null) return value;
    }
    return null;
  };
  return { type, run };
}

/** As coalesce, and NaN counts as null, as pandas has it. */
function fillna({ scope, args }: Use): Made {
  const { type, runs } = unified(scope.source, args);
  const [first, second] = runs;
  const run: Evaluate = (row) => {
    const value = first?.(row) ?? null;
    return value === null || Number.isNaN(value) ? (second?.(row) ?? null) : value;
  };
  return { type, run };
}

function nullIf({ scope, args: [value, other] }: Use): Made {
  if (value === undefined || other === undefined) throw new Error("two arguments were counted");
  if (value.type === undefined || other.type === undefined) return value;
  const { left, right, compare } = comparable(scope.source, value, other);
  const run: Evaluate = (row) => {
    const [one, two] = [left(row), right(row)];
    return one !== null && two !== null && compare(one, two) === 0 ? null : value.run(row);
  };
  return { type: value.type, run };
}

function iif({ scope, args: [test, ...results] }: Use): Made {
  if (test === undefined) throw new Error("an argument was counted");
  const holds = condition(scope, test, "iif()");
  const { type, runs } = unified(scope.source, results);
  return { type, run: (row) => (holds(row) === true ? runs[0]?.(row) : runs[1]?.(row)) ?? null };
}

/** The least or greatest; null when one of them is null. */
function extreme({ scope, args }: Use, sign: number): Made {
  const { type, runs } = unified(scope.source, args);
  const [first] = args;
  if (type === undefined || first === undefined) return { type, run: () => null };
  const typed = runs.map((run) => ({ node: first.node, type, run }));
  const [head] = typed;
  if (head === undefined) throw new Error("an argument was counted");
  const { compare } = comparable(scope.source, head, head);
  return strict(typed, type, (...values) =>
    values.reduce((best, value) => (compare(value, best) * sign > 0 ? value : best)),
  );
}

/** A text that is written as a date is one here. */
function time(use: Use, index: number): Typed {
  const arg = use.args[index];
  if (arg === undefined) throw new Error("the arguments were counted");
  const typed = literalAs(use.scope.source, arg, { ...arg, type: { type: "date" } });
  requireKind(use, typed, "time", "a date or timestamp");
  return typed;
}

function date(use: Use): Made {
  const [arg] = use.args;
  if (arg?.type?.type === "text" && arg.node.kind !== "text") {
    return strict(
      [arg],
      { type: "date" },
      (value) => dateOf(String(value)) ?? timeOf(String(value))?.seconds.slice(0, 10) ?? null,
    );
  }
  return strict([time(use, 0)], { type: "date" }, (value) => String(value).slice(0, 10));
}

function timePart(use: Use, name: string): Made {
  const compute = partOf(name);
  const arg = time(use, 0);
  if (compute === undefined) throw new Error(`no part ${name}`);
  if (arg.type?.type === "date" && /hour|minute|second/.test(name)) return strict([arg], int, () => 0);
  return strict([arg], int, (value) => compute(String(value)));
}

function literalText({ scope, node }: Use, arg: Typed | undefined, what: string): string {
  if (arg?.node.kind === "text") return arg.node.value;
  throw expressionError(scope.source, arg?.node ?? node, `${node.name}() takes ${what} in single quotes here.`);
}

function dateDiff(use: Use): Made {
  const unit = literalText(use, use.args[0], `a unit (${unitNames.join(", ")})`)
    .toLowerCase()
    .replace(/s$/, "");
  const counter = counterOf(unit);
  if (counter === undefined) throw noUnit(use, unitNames);
  return strict([time(use, 1), time(use, 2)], int, (from, to) => counter(String(to)) - counter(String(from)));
}

function noUnit({ scope, args: [unit], node }: Use, names: readonly string[]) {
  const shown = unit?.node.kind === "text" ? `'${unit.node.value}'` : "this";
  return expressionError(scope.source, unit?.node ?? node, `${shown} is no unit of ${node.name}().`, {
    hint: `Units are ${names.join(", ")}.`,
  });
}

const truncUnits = ["year", "quarter", "month", "week", "day", "hour", "minute", "second"];

/** A date stays a date; of a timestamp, its unit and zone stay. */
function dateTrunc(use: Use): Made {
  const unit = literalText(use, use.args[0], `a unit (${truncUnits.join(", ")})`).toLowerCase();
  if (!truncUnits.includes(unit)) throw noUnit(use, truncUnits);
  const arg = time(use, 1);
  const { type } = arg;
  if (type?.type !== "timestamp")
    return strict([arg], { type: "date" }, (value) => startOf(unit, String(value)) ?? String(value));
  const kept = { hour: 13, minute: 16, second: 19 }[unit];
  return strict([arg], type, (value) => {
    const full = String(value);
    const seconds =
      kept === undefined ? `${startOf(unit, full)}T00:00:00` : `${full.slice(0, kept)}${":00:00".slice(kept - 13)}`;
    return timestampText({ seconds, fraction: "", hasZone: false }, type.unit ?? "us", type.timezone !== undefined);
  });
}

/** strftime(format, time) as SQLite has it, strftime(time, format) as others have. */
function strftime(use: Use): Made {
  const [first] = use.args;
  const isFormatFirst = first?.node.kind === "text" && first.node.value.includes("%");
  const formatArg = use.args[isFormatFirst ? 0 : 1];
  const format = literalText(use, formatArg, "a format");
  const unknown = unknownCode(format);
  if (unknown !== undefined) {
    throw expressionError(use.scope.source, formatArg?.node ?? use.node, `strftime() knows no ${unknown}.`, {
      hint: `It knows ${formatCodes.join(" ")}.`,
    });
  }
  return strict([time(use, isFormatFirst ? 1 : 0)], text, (value) => formatTime(String(value), format));
}

function jsonExtract(use: Use): Made {
  const [value, path] = use.args;
  requireKind(use, value, "json", "JSON");
  const steps = stepsOf(literalText(use, path, "a path"));
  if (steps === undefined) {
    throw expressionError(use.scope.source, path?.node ?? use.node, "this is no path.", {
      hint: "Write e.g. '$.address.city' or '$.items[0]'.",
    });
  }
  const get = (json: Json): Json => {
    let at: Json | undefined = json;
    for (const step of steps) {
      if (typeof at !== "object" || at === null) return null;
      at = Array.isArray(at)
        ? typeof step === "number"
          ? at.at(step)
          : undefined
        : typeof step === "string" && Object.hasOwn(at, step)
          ? at[step]
          : undefined;
    }
    return at ?? null;
  };
  return strict(value === undefined ? [] : [value], { type: "json" }, (json) =>
    typeof json === "bigint" ? null : get(json),
  );
}

function stepsOf(path: string): (string | number)[] | undefined {
  const rest = path.startsWith("$") ? path.slice(1) : `.${path}`;
  const steps: (string | number)[] = [];
  const step = /\.(?:"([^"]+)"|([^.["]+))|\[(-?\d+)\]/y;
  while (step.lastIndex < rest.length) {
    const match = step.exec(rest);
    if (match === null) return undefined;
    steps.push(match[3] === undefined ? (match[1] ?? match[2] ?? "") : Number(match[3]));
  }
  return steps;
}
