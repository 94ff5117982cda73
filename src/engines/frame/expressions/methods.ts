// pandas' methods of a column, as the calls and tests they stand for. Pure.
import { didYouMean, nearNames } from "../../../core/near-names.ts";
import { expressionError, type Node, type Place } from "./syntax.ts";

/** What stood between a method's brackets; a list is its items. */
export interface Argument {
  name: string | undefined;
  value: Node | Node[];
  place: Place;
}

interface Use {
  source: string;
  subject: Node;
  /** As it is written: `str.lower`. */
  path: string;
  place: Place;
  /** Where it all stands, the subject included. */
  whole: Place;
  args: readonly Argument[];
}

type Method = (use: Use) => Node;

const calls = (name: string, most = 0, least = 0): Method => {
  return (use) => ({
    ...use.whole,
    ...{ kind: "call", name, namePlace: use.place, args: [use.subject, ...plainArguments(use, least, most)] },
  });
};

const isNull = (negated: boolean): Method => {
  return (use) => {
    plainArguments(use, 0, 0);
    return { ...use.whole, kind: "isNull", value: use.subject, negated, nanToo: true };
  };
};

/** Methods whose own name is written without brackets. */
export const properties: ReadonlySet<string> = new Set([
  ...["dt.year", "dt.month", "dt.day", "dt.hour", "dt.minute", "dt.second", "dt.date"],
  ...["dt.quarter", "dt.dayofweek", "dt.weekday", "dt.day_of_week", "dt.dayofyear", "dt.day_of_year"],
]);

const methods: ReadonlyMap<string, Method> = new Map<string, Method>([
  ["isin", isIn],
  ["between", between],
  ["isnull", isNull(false)],
  ["isna", isNull(false)],
  ["notnull", isNull(true)],
  ["notna", isNull(true)],
  ["fillna", calls("fillna", 1, 1)],
  ["abs", calls("abs")],
  ["round", round],
  ["astype", astype],
  ["clip", clip],
  ["str.contains", contains],
  ["str.startswith", calls("starts_with", 1, 1)],
  ["str.endswith", calls("ends_with", 1, 1)],
  ["str.lower", calls("lower")],
  ["str.upper", calls("upper")],
  ["str.strip", calls("trim", 1)],
  ["str.lstrip", calls("ltrim", 1)],
  ["str.rstrip", calls("rtrim", 1)],
  ["str.len", calls("length")],
  ["str.replace", replace],
  ["dt.strftime", calls("strftime", 1, 1)],
  ...[...properties].map((path): [string, Method] => [path, calls(callOf(path))]),
]);

function callOf(path: string): string {
  const name = path.slice("dt.".length).replaceAll("_", "");
  return name === "weekday" ? "dayofweek" : name;
}

export const methodNames: readonly string[] = [...methods.keys()];

/** The node that a method of `subject` stands for. Throws `expression_invalid` for one there is not and for arguments it does not take. */
export function useMethod(use: Use): Node {
  const method = methods.get(use.path);
  if (method !== undefined) return method(use);
  if (/^str\.(match|fullmatch|extract|findall|count)$/.test(use.path)) throw noRegex(use, use.place);
  const near = nearNames(use.path, methodNames);
  throw expressionError(use.source, use.place, `there is no method .${use.path}.`, {
    hint:
      didYouMean(near.map((name) => `.${name}`)) ??
      "Methods are .isin, .between, .isnull, .fillna, .abs, .round, .astype, .str.contains and others of .str, .dt.year and others of .dt.",
    details: { near },
  });
}

function noRegex({ source }: Use, place: Place) {
  return expressionError(source, place, "regular expressions are not run here.", {
    hint: "Use .str.contains('text'), .str.startswith, LIKE '%…_' or IN; query_dataset takes regular expressions (`test(\"…\")`) over a data_ref, too.",
  });
}

/** The arguments of a method that takes them by place alone. */
function plainArguments(use: Use, least: number, most: number): Node[] {
  const nodes = use.args.map(({ name, value, place }) => {
    if (name !== undefined) throw expressionError(use.source, place, `.${use.path} takes no argument ${name}.`);
    if (Array.isArray(value)) throw expressionError(use.source, place, `.${use.path} takes no list.`);
    return value;
  });
  if (nodes.length < least || nodes.length > most) {
    const takes = least === most ? `${most}` : `${least} to ${most}`;
    const number = most === 0 ? "no arguments" : `${takes} ${takes === "1" ? "argument" : "arguments"}`;
    throw expressionError(use.source, use.place, `.${use.path} takes ${number}, not ${nodes.length}.`);
  }
  return nodes;
}

/** Splits off the arguments that are written name=value. */
function named(use: Use, names: readonly string[]): { rest: Use; of: (name: string) => Argument | undefined } {
  const rest = use.args.filter(({ name }) => name === undefined || !names.includes(name));
  return { rest: { ...use, args: rest }, of: (name) => use.args.find((argument) => argument.name === name) };
}

function isIn(use: Use): Node {
  const [only, more] = use.args;
  if (only === undefined || more !== undefined || !Array.isArray(only.value)) {
    throw expressionError(use.source, use.place, ".isin takes a list.", { hint: "Write .isin(['a', 'b'])." });
  }
  return { ...use.whole, kind: "in", value: use.subject, items: only.value, negated: false, isPandas: true };
}

function between(use: Use): Node {
  const { rest, of } = named(use, ["inclusive"]);
  const [low, high] = plainArguments(rest, 2, 2);
  const inclusive = of("inclusive")?.value;
  if (low === undefined || high === undefined) throw new Error("two arguments were counted");
  const how =
    inclusive === undefined ? "both" : !Array.isArray(inclusive) && inclusive.kind === "text" ? inclusive.value : "";
  if (!["both", "neither", "left", "right"].includes(how)) {
    throw expressionError(use.source, use.place, "inclusive is 'both', 'neither', 'left' or 'right'.");
  }
  const { whole, subject } = use;
  const least = how === "both" || how === "left" ? ">=" : ">";
  const most = how === "both" || how === "right" ? "<=" : "<";
  return {
    ...{ ...whole, kind: "binary", operator: "and" },
    left: { ...whole, kind: "compare", operator: least, left: subject, right: low },
    right: { ...whole, kind: "compare", operator: most, left: subject, right: high },
  };
}

function round(use: Use): Node {
  const { rest, of } = named(use, ["decimals"]);
  const decimals = of("decimals")?.value;
  const given = decimals === undefined || Array.isArray(decimals) ? plainArguments(rest, 0, 1) : [decimals];
  return { ...use.whole, kind: "call", name: "round", namePlace: use.place, args: [use.subject, ...given] };
}

function clip(use: Use): Node {
  const { rest, of } = named(use, ["lower", "upper"]);
  const [first, second] = plainArguments(rest, 0, 2);
  const bound = (name: string, plain: Node | undefined): Node | undefined => {
    const value = of(name)?.value ?? plain;
    return value === undefined || Array.isArray(value) || value.kind === "null" ? undefined : value;
  };
  const apply = (name: string, node: Node, limit: Node | undefined): Node =>
    limit === undefined ? node : { ...use.whole, kind: "call", name, namePlace: use.place, args: [node, limit] };
  return apply("min", apply("max", use.subject, bound("lower", first)), bound("upper", second));
}

function astype(use: Use): Node {
  const [type] = plainArguments(use, 1, 1);
  const to = type?.kind === "text" ? type.value : type?.kind === "column" ? type.name : undefined;
  if (type === undefined || to === undefined) {
    throw expressionError(use.source, use.place, ".astype takes a type.", { hint: "Write .astype('int')." });
  }
  return { ...use.whole, kind: "cast", value: use.subject, to, toPlace: type, isTry: false };
}

/** True and False as an argument says them; `otherwise` when it is not given. */
function flag(use: Use, argument: Argument | undefined, otherwise: boolean): boolean {
  if (argument === undefined) return otherwise;
  if (!Array.isArray(argument.value) && argument.value.kind === "bool") return argument.value.value;
  throw expressionError(use.source, argument.place, `${argument.name} is True or False.`);
}

function contains(use: Use): Node {
  const { rest, of } = named(use, ["regex", "case", "na"]);
  if (flag(use, of("regex"), false)) throw noRegex(use, of("regex")?.place ?? use.place);
  const [pattern] = plainArguments(rest, 1, 1);
  if (pattern === undefined) throw new Error("one argument was counted");
  const name = flag(use, of("case"), true) ? "contains" : "icontains";
  const call: Node = { ...use.whole, kind: "call", name, namePlace: use.place, args: [use.subject, pattern] };
  const na = of("na")?.value;
  if (na === undefined || Array.isArray(na)) return call;
  return { ...use.whole, kind: "call", name: "coalesce", namePlace: use.place, args: [call, na] };
}

function replace(use: Use): Node {
  const { rest, of } = named(use, ["regex"]);
  if (flag(use, of("regex"), false)) throw noRegex(use, of("regex")?.place ?? use.place);
  return calls("replace", 2, 2)(rest);
}
