// What a literal may be called when it becomes a parameter: the field it is compared with, or the argument it is. Pure; runs anywhere.
import type { Expression } from "./ast.ts";

/** Arguments of jq's own functions that are usually literals, by `name/arity`; `$field` stands for the field that is looked at. */
const argumentHints: ReadonlyMap<string, readonly string[]> = new Map(
  Object.entries({
    "limit/2": ["count"],
    "first/1": [],
    "nth/1": ["index"],
    "nth/2": ["index"],
    "range/1": ["count"],
    "range/2": ["from", "to"],
    "range/3": ["from", "to", "step"],
    "test/1": ["$field_pattern"],
    "test/2": ["$field_pattern", "flags"],
    "match/1": ["$field_pattern"],
    "match/2": ["$field_pattern", "flags"],
    "capture/1": ["$field_pattern"],
    "scan/1": ["$field_pattern"],
    "sub/2": ["pattern", "replacement"],
    "gsub/2": ["pattern", "replacement"],
    "startswith/1": ["$field_prefix"],
    "endswith/1": ["$field_suffix"],
    "ltrimstr/1": ["prefix"],
    "rtrimstr/1": ["suffix"],
    "contains/1": ["$field_part"],
    "inside/1": ["$field"],
    "index/1": ["part"],
    "rindex/1": ["part"],
    "indices/1": ["part"],
    "has/1": ["key"],
    "split/1": ["separator"],
    "split/2": ["separator", "flags"],
    "join/1": ["separator"],
    "IN/1": ["$field"],
    "flatten/1": ["depth"],
    "pow/2": ["base", "exponent"],
    "strftime/1": ["format"],
    "strptime/1": ["format"],
    "error/1": ["message"],
  }),
);

const plainWord = /^[a-z][a-z0-9_]*$/;

/** A field's name as a parameter's: snake case, undefined where nothing of it is left. */
export function parameterWord(name: string): string | undefined {
  const word = name
    .replaceAll(/([a-z0-9])([A-Z])/g, "$1_$2")
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "_")
    .replaceAll(/^_+|_+$/g, "")
    .slice(0, 40);
  return plainWord.test(word) ? word : undefined;
}

/** The field that an expression reads last: `region` of `.customer.region`; of `.` itself `subject`. */
export function lastField(node: Expression | undefined, subject: string | undefined): string | undefined {
  switch (node?.kind) {
    case "group":
      return lastField(node.body, subject);
    case "identity":
      return subject;
    case "access": {
      const named = node.suffixes.findLast((suffix) => suffix.kind === "field");
      return named?.kind === "field" ? named.name : lastField(node.target, subject);
    }
    case "call":
      return node.args.length === 0 ? subject : undefined;
    case "pipeline": {
      const steps = node.steps.filter(
        (step): step is Expression => step.kind !== "def" && step.kind !== "bind" && step.kind !== "label",
      );
      return steps.reduce<string | undefined>((field, step) => lastField(step, field), subject);
    }
    default:
      return undefined;
  }
}

/** Of `.amount > 5`: min_amount. `literalIsRight` says on which side the literal stands. */
export function hintOfComparison(operator: string, field: string | undefined, literalIsRight: boolean): string {
  const word = field === undefined ? undefined : parameterWord(field);
  if (word === undefined) return "value";
  const isMore = operator.startsWith(">") === literalIsRight;
  if (operator.startsWith(">") || operator.startsWith("<")) return isMore ? `min_${word}` : `max_${word}`;
  return word;
}

/** Of `.price * 1.19`: factor. */
export function hintOfOperator(operator: string, left: Expression | undefined, subject: string | undefined): string {
  if (operator === "*") return "factor";
  if (operator === "/") return "divisor";
  if (operator === "//") return "fallback";
  const assigned = operator === "=" || operator === "|=" ? lastField(left, subject) : undefined;
  return (assigned === undefined ? undefined : parameterWord(assigned)) ?? "value";
}

/** What argument number `at` of a call is called. */
export function hintOfCall(
  key: string,
  at: number,
  subject: string | undefined,
  argumentNames: ReadonlyMap<string, readonly string[]>,
): string {
  const known = argumentNames.get(key)?.[at] ?? argumentHints.get(key)?.[at];
  if (known === undefined) return "value";
  const field = subject === undefined ? undefined : parameterWord(subject);
  const filled = known.startsWith("$field") && field !== undefined ? field + known.slice("$field".length) : known;
  return parameterWord(filled.replace(/^\$(?:field_?)?/, "")) ?? "value";
}
