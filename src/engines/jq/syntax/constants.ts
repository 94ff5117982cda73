// Which jq expressions are constants that the compiler folds: object keys of those must be strings. Runs anywhere.
import type { Expression, ObjectEntry } from "./ast.ts";

export type ConstantKind = "string" | "number" | "boolean" | "null" | "array" | "object";

interface Constant {
  readonly kind: ConstantKind;
  readonly value?: number;
}

const comparisons: ReadonlySet<string> = new Set(["==", "!=", "<", "<=", ">", ">="]);

/** The kind of a constant expression, undefined for one that jq only knows when it runs. */
export function constantKind(expression: Expression): ConstantKind | undefined {
  return fold(expression)?.kind;
}

function fold(expression: Expression): Constant | undefined {
  switch (expression.kind) {
    case "number":
      return { kind: "number", value: Number(expression.text) };
    case "constant":
      return { kind: expression.value === null ? "null" : "boolean" };
    case "string":
      return expression.parts.every((part) => part.kind === "text") ? { kind: "string" } : undefined;
    case "location":
      return { kind: "object" };
    case "group":
      return fold(expression.body);
    case "array":
      return foldArray(expression.body);
    case "object":
      return expression.entries.every(isConstantEntry) ? { kind: "object" } : undefined;
    case "operation":
      return foldOperation(expression.operators, expression.operands);
    default:
      return undefined;
  }
}

function foldArray(body: Expression | undefined): Constant | undefined {
  if (body === undefined) return { kind: "array" };
  const items = body.kind === "operation" && body.operators[0] === "," ? body.operands : [body];
  return items.every((item) => fold(item) !== undefined) ? { kind: "array" } : undefined;
}

function isConstantEntry(entry: ObjectEntry): boolean {
  if (typeof entry.key !== "string" && fold(entry.key)?.kind !== "string") return false;
  return entry.value !== undefined && fold(entry.value) !== undefined;
}

function foldOperation(operators: readonly string[], operands: readonly Expression[]): Constant | undefined {
  const [first, ...rest] = operands;
  let left = first === undefined ? undefined : fold(first);
  for (const [index, operand] of rest.entries()) {
    const right = fold(operand);
    if (left === undefined || right === undefined) return undefined;
    left = combine(operators[index] ?? "", left, right);
  }
  return left;
}

function combine(operator: string, left: Constant, right: Constant): Constant | undefined {
  if (comparisons.has(operator)) return { kind: "boolean" };
  if (operator === "+" && left.kind === "null") return right;
  if (operator === "+" && right.kind === "null") return left;
  if (operator === "+" && left.kind === right.kind && left.kind !== "number" && left.kind !== "boolean") return left;
  if (left.value === undefined || right.value === undefined) return undefined;
  if (operator === "+") return { kind: "number", value: left.value + right.value };
  if (operator === "-") return { kind: "number", value: left.value - right.value };
  if (operator === "*") return { kind: "number", value: left.value * right.value };
  if (operator === "/" && right.value !== 0) return { kind: "number", value: left.value / right.value };
  if (operator === "%" && Math.trunc(right.value) !== 0) return { kind: "number", value: left.value % right.value };
  return undefined;
}
