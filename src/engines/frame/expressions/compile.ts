// Makes a function of an expression's tree: every part is typed first, so that what cannot be is refused before a row is read. Pure; makes no code.
import { didYouMean, nearNames } from "../../../core/near-names.ts";
import { frameLimits } from "../../../workspace-limits.ts";
import { type Column, fitsInt64, type Row } from "../types.ts";
import { arithmetic } from "./arithmetic.ts";
import { castTo } from "./cast.ts";
import { timeOf, timestampText, unitFor } from "./dates.ts";
import { callFunction } from "./functions.ts";
import { likeMatcher } from "./like.ts";
import { type CompareOperator, expressionError, type Node } from "./syntax.ts";
import { comparable, describe, type Evaluate, familyOf, type Typed, unified } from "./types.ts";
import { reader, type Value, wholeNumber } from "./values.ts";

/** What the parts of one expression share. */
export interface Scope {
  source: string;
  columns: readonly Column[];
  /** The row that is being computed, from 1: for errors. */
  row: { number: number };
}

const tests: Readonly<Record<CompareOperator, (order: number) => boolean>> = {
  "=": (order) => order === 0,
  "!=": (order) => order !== 0,
  "<": (order) => order < 0,
  "<=": (order) => order <= 0,
  ">": (order) => order > 0,
  ">=": (order) => order >= 0,
};

/** The typed, runnable form of a part. Throws `expression_invalid`. */
export function compileNode(scope: Scope, node: Node): Typed {
  switch (node.kind) {
    case "null":
      return { node, type: undefined, run: () => null };
    case "bool":
      return constant(node, { type: "bool" }, node.value);
    case "number":
      return numberLiteral(scope, node, node.text);
    case "text":
      return constant(node, { type: "text" }, node.value);
    case "typed":
      return timeLiteral(scope, node, node.type, node.value);
    case "column":
      return columnOf(scope, node, node.name);
    case "unary":
      return node.operator === "not"
        ? negation(scope, node, node.operand)
        : arithmetic(scope, node, "-", [compileNode(scope, node.operand)]);
    case "binary":
      return node.operator === "and" || node.operator === "or"
        ? logical(scope, node, node.operator)
        : arithmetic(scope, node, node.operator, [compileNode(scope, node.left), compileNode(scope, node.right)]);
    case "compare":
      return comparison(scope, node, node.operator, compileNode(scope, node.left), compileNode(scope, node.right));
    case "between":
      return between(scope, node);
    case "in":
      return membership(scope, node);
    case "isNull":
      return nullTest(scope, node);
    case "like":
      return like(scope, node);
    case "case":
      return choice(scope, node);
    case "cast":
      return castTo(scope, node, compileNode(scope, node.value));
    case "call":
      return callFunction(
        scope,
        node,
        node.args.map((arg) => compileNode(scope, arg)),
      );
  }
}

function constant(node: Node, type: Typed["type"], value: Value): Typed {
  return { node, type, run: () => value };
}

function numberLiteral({ source }: Scope, node: Node, text: string): Typed {
  if (!/^-?\d+$/.test(text)) return constant(node, { type: "float" }, Number(text));
  const value = BigInt(text);
  if (!fitsInt64(value)) {
    throw expressionError(source, node, "this whole number is beyond 64 bits.", {
      hint: `Write ${text}.0 for a float.`,
    });
  }
  const plain = wholeNumber(value);
  return constant(node, { type: typeof plain === "bigint" ? "int64" : "int" }, plain);
}

function timeLiteral({ source }: Scope, node: Node, type: string, text: string): Typed {
  const time = timeOf(text);
  if (time === undefined || (type === "date" && text.length !== 10)) {
    throw expressionError(source, node, `'${text}' is no ${type}.`, {
      hint: "Write a date as '2024-12-31', a time as '2024-12-31T23:59:00'.",
    });
  }
  if (type === "date") return constant(node, { type: "date" }, text);
  const unit = unitFor(time.fraction.length);
  const zone = time.hasZone ? { timezone: "UTC" } : {};
  return constant(node, { type: "timestamp", unit, ...zone }, timestampText(time, unit, time.hasZone));
}

function columnOf({ source, columns }: Scope, node: Node, name: string): Typed {
  const index = findColumn(columns, name);
  const column = columns[index];
  if (column === undefined) {
    const near = nearNames(
      name,
      columns.map((other) => other.name),
    );
    throw expressionError(source, node, `there is no column ${JSON.stringify(name)}.`, {
      hint: didYouMean(near) ?? `The columns are ${columns.map((other) => other.name).join(", ")}.`,
      details: { near },
    });
  }
  const { name: _name, special: _special, ...type } = column;
  const read = reader(column);
  return { node: { ...node, kind: "column", name: column.name }, type, run: (row: Row) => read(row[index]) };
}

/** The place of a column of that name, else of one that differs in case alone; -1 when there is none. */
export function findColumn(columns: readonly Column[], name: string): number {
  const exact = columns.findIndex((column) => column.name === name);
  return exact >= 0 ? exact : columns.findIndex((column) => column.name.toLowerCase() === name.toLowerCase());
}

/** The part as a condition. Throws `expression_invalid` for what is neither true nor false. */
export function condition({ source }: Pick<Scope, "source">, typed: Typed, what: string): Evaluate {
  if (typed.type === undefined || typed.type.type === "bool") return typed.run;
  const hint = {
    number: "Compare it with something: e.g. `x > 0` or `x != 0`.",
    text: "Compare it with something: e.g. `x = 'yes'`.",
    time: "Compare it with something: e.g. `x >= '2024-01-01'`.",
  }[familyOf(typed.type) as string];
  throw expressionError(source, typed.node, `${what} takes true or false, not ${describe(source, typed)}.`, {
    ...(hint === undefined ? {} : { hint }),
  });
}

function negation(scope: Scope, node: Node, operandNode: Node): Typed {
  const operand = condition(scope, compileNode(scope, operandNode), "NOT");
  return {
    node,
    type: { type: "bool" },
    run: (row) => {
      const value = operand(row);
      return value === null ? null : !value;
    },
  };
}

function logical(scope: Scope, node: Node & { kind: "binary" }, operator: "and" | "or"): Typed {
  // A long chain is one list, so that a thousand conditions are not a thousand calls deep.
  const parts = chainOf(node, operator).map((part) =>
    condition(scope, compileNode(scope, part), operator.toUpperCase()),
  );
  const decisive = operator === "or";
  const run: Evaluate = (row) => {
    let unknown = false;
    for (const part of parts) {
      const value = part(row);
      if (value === decisive) return decisive;
      if (value === null) unknown = true;
    }
    return unknown ? null : !decisive;
  };
  return { node, type: { type: "bool" }, run };
}

function chainOf(node: Node & { kind: "binary" }, operator: "and" | "or"): Node[] {
  const parts: Node[] = [];
  let rest: Node = node;
  while (rest.kind === "binary" && rest.operator === operator) {
    parts.push(rest.right);
    rest = rest.left;
  }
  return [rest, ...parts.reverse()];
}

function comparison({ source }: Scope, node: Node, operator: CompareOperator, a: Typed, b: Typed): Typed {
  const { left, right, compare } = comparable(source, a, b);
  const test = tests[operator];
  const run: Evaluate = (row) => {
    const [one, other] = [left(row), right(row)];
    return one === null || other === null ? null : test(compare(one, other));
  };
  return { node, type: { type: "bool" }, run };
}

function between(scope: Scope, node: Node & { kind: "between" }): Typed {
  const value = compileNode(scope, node.value);
  const low = comparison(scope, node, ">=", value, compileNode(scope, node.low));
  const high = comparison(scope, node, "<=", value, compileNode(scope, node.high));
  const run: Evaluate = (row) => {
    const [above, below] = [low.run(row), high.run(row)];
    const within = above === false || below === false ? false : above === null || below === null ? null : true;
    return within === null ? null : within !== node.negated;
  };
  return { node, type: { type: "bool" }, run };
}

function membership(scope: Scope, node: Node & { kind: "in" }): Typed {
  const value = compileNode(scope, node.value);
  const items = node.items.map((item) => compileNode(scope, item));
  const hasNull = items.some((item) => item.type === undefined);
  const pairs = items.filter((item) => item.type !== undefined).map((item) => comparable(scope.source, value, item));
  const { isPandas, negated } = node;
  const run: Evaluate = (row) => {
    const own = value.run(row);
    if (own === null) return isPandas ? hasNull !== negated : pairs.length === 0 && !hasNull ? negated : null;
    let unknown = hasNull && !isPandas;
    for (const { left, right, compare } of pairs) {
      const [one, other] = [left(row), right(row)];
      if (other === null) unknown ||= !isPandas;
      else if (one !== null && compare(one, other) === 0) return !negated;
    }
    return unknown ? null : negated;
  };
  return { node, type: { type: "bool" }, run };
}

function nullTest(scope: Scope, node: Node & { kind: "isNull" }): Typed {
  const { run: value } = compileNode(scope, node.value);
  const { negated, nanToo } = node;
  const run: Evaluate = (row) => {
    const own = value(row);
    return (own === null || (nanToo && Number.isNaN(own))) !== negated;
  };
  return { node, type: { type: "bool" }, run };
}

function like(scope: Scope, node: Node & { kind: "like" }): Typed {
  const name = node.ignoreCase ? "ILIKE" : "LIKE";
  const value = textOf(scope, compileNode(scope, node.value), name);
  const pattern = textOf(scope, compileNode(scope, node.pattern), name);
  const escapeChar = node.escapedBy === undefined ? undefined : escapeOf(scope, node.escapedBy);
  const matches = likeMatcher(escapeChar, node.ignoreCase);
  const run: Evaluate = (row) => {
    const [text, like] = [value(row), pattern(row)];
    if (typeof text !== "string" || typeof like !== "string") return null;
    if (like.length > frameLimits.expressionChars) throw tooLong(scope, node.pattern, name);
    return matches(text, like) !== node.negated;
  };
  return { node, type: { type: "bool" }, run };
}

function tooLong({ source, row }: Scope, pattern: Node, name: string) {
  const { expressionChars } = frameLimits;
  return expressionError(
    source,
    pattern,
    `in row ${row.number} the pattern of ${name} has more than ${expressionChars} characters (limit expressionChars).`,
    { details: { row: row.number, limit: "expressionChars", value: expressionChars } },
  );
}

function textOf({ source }: Scope, typed: Typed, name: string): Evaluate {
  if (typed.type === undefined || typed.type.type === "text") return typed.run;
  throw expressionError(source, typed.node, `${name} takes text, not ${describe(source, typed)}.`, {
    hint: "CAST(x AS text) makes text of it.",
  });
}

function escapeOf({ source }: Scope, node: Node): string {
  if (node.kind === "text" && [...node.value].length === 1) return node.value;
  throw expressionError(source, node, "ESCAPE takes one character in single quotes.");
}

function choice(scope: Scope, node: Node & { kind: "case" }): Typed {
  const subject = node.subject === undefined ? undefined : compileNode(scope, node.subject);
  const conditions = node.branches.map(({ when }) => {
    const typed = compileNode(scope, when);
    return subject === undefined ? condition(scope, typed, "WHEN") : comparison(scope, when, "=", subject, typed).run;
  });
  const results = node.branches.map(({ result }) => compileNode(scope, result));
  if (node.otherwise !== undefined) results.push(compileNode(scope, node.otherwise));
  const { type, runs } = unified(scope.source, results);
  const run: Evaluate = (row) => {
    const found = conditions.findIndex((test) => test(row) === true);
    return runs[found < 0 ? conditions.length : found]?.(row) ?? null;
  };
  return { node, type, run };
}
