// Prints a syntax tree as jq that people read: one spelling, no parentheses that the grammar does not ask for. Runs anywhere.
import type { Expression, ObjectEntry, Pattern, PatternEntry, Step, StringNode, StringPart, Suffix } from "./ast.ts";
import { alternativeLevel, assignmentLevel, comparisonLevel, operatorLevels } from "./operators.ts";

/** How tightly a place holds what stands in it: the operators' levels of the parser, then what may be an operand, then terms. */
const anything = 0;
const negation = 7;
const operand = 9;
const term = 10;

/** What may stand before a suffix without parentheses. */
const suffixed: ReadonlySet<Expression["kind"]> = new Set(["variable", "string", "array", "object", "call"]);
/** A field that is written `.name`. */
const plainName = /^[A-Za-z_][A-Za-z0-9_]*$/;

/**
 * The expression as jq text that means the same. Groups in the tree leave no trace; a variable whose name is `{name}` is printed as the
 * placeholder `${name}` of a template. The characters "${" of a string are written so that no template takes them for a placeholder.
 */
export function printQuery(node: Expression): string {
  return print(node, anything);
}

function print(node: Expression, least: number): string {
  if (node.kind === "group") return print(node.body, least);
  const text = printNode(node);
  return levelOf(node) < least ? `(${text})` : text;
}

function levelOf(node: Expression): number {
  switch (node.kind) {
    case "pipeline":
      return anything;
    case "operation":
      return operatorLevels.get(node.operators[0] ?? "") ?? anything;
    case "negate":
      return negation;
    case "optional":
    case "try":
    case "reduce":
    case "foreach":
    case "if":
      return operand;
    default:
      return term;
  }
}

function printNode(node: Exclude<Expression, { kind: "group" }>): string {
  switch (node.kind) {
    case "pipeline":
      return printSteps(node.steps);
    case "operation":
      return printOperation(node.operators, node.operands);
    case "negate":
      return `-${print(node.operand, negation + 1)}`;
    case "optional":
      return `${printOptional(node.operand)}?`;
    case "try": {
      const handler = node.handler === undefined ? "" : ` catch ${print(node.handler, term)}`;
      return `try ${print(node.body, term)}${handler}`;
    }
    case "reduce":
    case "foreach": {
      const parts = [node.init, node.update, ...(node.extract === undefined ? [] : [node.extract])].map(printQuery);
      return `${node.kind} ${print(node.source, term)} as ${printPatterns(node.patterns)} (${parts.join("; ")})`;
    }
    case "if": {
      const branches = node.branches.map(
        ({ condition, body }) => `if ${printQuery(condition)} then ${printQuery(body)}`,
      );
      return `${branches.join(" el")}${node.otherwise === undefined ? "" : ` else ${printQuery(node.otherwise)}`} end`;
    }
    case "access":
      return printAccess(node.target, node.suffixes);
    default:
      return printTerm(node);
  }
}

type Term = Exclude<
  Expression,
  {
    kind: "group" | "pipeline" | "operation" | "negate" | "optional" | "try" | "reduce" | "foreach" | "if" | "access";
  }
>;

function printTerm(node: Term): string {
  switch (node.kind) {
    case "identity":
      return ".";
    case "recurse":
      return "..";
    case "location":
      return "$__loc__";
    case "number":
      return node.text;
    case "constant":
      return String(node.value);
    case "string":
      return printString(node);
    case "format":
      return `@${node.name}`;
    case "array":
      return node.body === undefined ? "[]" : `[${printQuery(node.body)}]`;
    case "object":
      return `{${node.entries.map(printEntry).join(", ")}}`;
    case "call":
      return node.args.length === 0 ? node.name : `${node.name}(${node.args.map(printQuery).join("; ")})`;
    case "variable":
      return `$${node.name}`;
    case "break":
      return `break $${node.name}`;
  }
}

/** A suffix that carries its own "?" would take one that is meant for the whole. */
function printOptional(inner: Expression): string {
  const bare = ungroup(inner);
  return bare.kind === "access" ? `(${print(bare, anything)})` : print(bare, term);
}

function ungroup(node: Expression): Expression {
  return node.kind === "group" ? ungroup(node.body) : node;
}

function printOperation(operators: readonly string[], operands: readonly Expression[]): string {
  const level = operatorLevels.get(operators[0] ?? "") ?? anything;
  const chains = level !== assignmentLevel && level !== comparisonLevel;
  return operands
    .map((each, index) => {
      // `a // b // c` is a // (b // c), all others group to the left, assignments and comparisons not at all.
      const isFree = chains && (level === alternativeLevel ? index === operands.length - 1 : index === 0);
      const text = print(each, isFree ? level : level + 1);
      if (index === 0) return text;
      return operators[index - 1] === "," ? `, ${text}` : ` ${operators[index - 1]} ${text}`;
    })
    .join("");
}

function printSteps(steps: readonly Step[]): string {
  return steps
    .map((step, index) => {
      const joint = index === steps.length - 1 ? "" : " | ";
      if (step.kind === "def") {
        const params = step.params.map(({ name, isVariable }) => (isVariable ? `$${name}` : name)).join("; ");
        return `def ${step.name}${params === "" ? "" : `(${params})`}: ${printQuery(step.body)}; `;
      }
      if (step.kind === "label") return `label $${step.name}${joint}`;
      if (step.kind === "bind") return `${print(step.source, term)} as ${printPatterns(step.patterns)}${joint}`;
      // The step before the last must not swallow what follows it.
      return `${print(step, 1)}${joint}`;
    })
    .join("");
}

function printAccess(target: Expression, suffixes: readonly Suffix[]): string {
  const bare = ungroup(target);
  const start = bare.kind === "identity" ? "" : suffixed.has(bare.kind) ? printQuery(bare) : `(${printQuery(bare)})`;
  const [first] = suffixes;
  const needsDot = start === "" && first !== undefined && !printSuffix(first).startsWith(".");
  return `${start}${needsDot ? "." : ""}${suffixes.map(printSuffix).join("")}`;
}

function printSuffix(suffix: Suffix): string {
  const mark = suffix.optional ? "?" : "";
  switch (suffix.kind) {
    case "field":
      return plainName.test(suffix.name) ? `.${suffix.name}${mark}` : `[${JSON.stringify(suffix.name)}]${mark}`;
    case "stringField":
      return `.${printString(suffix.name)}${mark}`;
    case "index":
      return `[${printQuery(suffix.key)}]${mark}`;
    case "each":
      return `[]${mark}`;
    case "slice": {
      const [from, to] = [suffix.from, suffix.to].map((end) => (end === undefined ? "" : printQuery(end)));
      return `[${from}:${to}]${mark}`;
    }
  }
}

/** A jq string literal of this text. */
export function quoteString(text: string): string {
  return `"${escapeText(text)}"`;
}

function escapeText(text: string): string {
  return JSON.stringify(text)
    .slice(1, -1)
    .replaceAll(/\$\{/g, "$\\u007b")
    .replaceAll(/\\u[dD][89a-fA-F][0-9a-fA-F]{2}/g, "\\ufffd");
}

function printString(node: StringNode): string {
  const parts = mergeTexts(node.parts).map((part) =>
    typeof part === "string" ? escapeText(part) : `\\(${printQuery(part)})`,
  );
  return `${node.format === undefined ? "" : `@${node.format} `}"${parts.join("")}"`;
}

/** Stretches of text as one each: the lexer cuts them at every escape. */
export function mergeTexts(parts: readonly StringPart[]): (string | Expression)[] {
  const merged: (string | Expression)[] = [];
  for (const part of parts) {
    const last = merged.at(-1);
    if (part.kind !== "text") merged.push(part);
    else if (typeof last === "string") merged[merged.length - 1] = last + part.value;
    else merged.push(part.value);
  }
  return merged;
}

function printEntry({ key, value }: ObjectEntry): string {
  const name = typeof key === "string" ? key : key.kind === "group" ? `(${printQuery(key.body)})` : printQuery(key);
  if (value === undefined) return name;
  const bare = ungroup(value);
  // A value is a term, or terms with pipes between, which read better in parentheses.
  return `${name}: ${bare.kind === "negate" ? `(${printQuery(bare)})` : print(bare, term)}`;
}

function printPatterns(patterns: readonly Pattern[]): string {
  return patterns.map(printPattern).join(" ?// ");
}

function printPattern(pattern: Pattern): string {
  if (pattern.kind === "variablePattern") return `$${pattern.name}`;
  if (pattern.kind === "arrayPattern") return `[${pattern.items.map(printPattern).join(", ")}]`;
  return `{${pattern.entries.map(printPatternEntry).join(", ")}}`;
}

function printPatternEntry({ key, name, variable, value }: PatternEntry): string {
  const shown =
    key === undefined ? (name ?? `$${variable}`) : key.kind === "group" ? `(${printQuery(key.body)})` : printQuery(key);
  return value === undefined ? shown : `${shown}: ${printPattern(value)}`;
}
