// Prints a syntax tree back as jq with every grouping in parentheses. For tests: it shows how a program was understood.
import type {
  Expression,
  ObjectEntry,
  Pattern,
  PatternEntry,
  Step,
  StringNode,
  Suffix,
} from "../../src/engines/jq/syntax/ast.ts";

/** The program as jq text in which parentheses leave nothing to precedence. */
export function printExpression(node: Expression): string {
  switch (node.kind) {
    case "pipeline":
      return `(${printSteps(node.steps)})`;
    case "operation":
      return printOperation(node.operators, node.operands.map(printExpression));
    case "negate":
      return `(-${printExpression(node.operand)})`;
    case "optional":
      return `(${printTerm(node.operand)}?)`;
    case "try": {
      const handler = node.handler === undefined ? "" : ` catch ${printTerm(node.handler)}`;
      return `(try ${printTerm(node.body)}${handler})`;
    }
    case "reduce":
    case "foreach": {
      const extract = node.extract === undefined ? "" : `; ${printExpression(node.extract)}`;
      const loop = `${printExpression(node.init)}; ${printExpression(node.update)}${extract}`;
      return `(${node.kind} ${printExpression(node.source)} as ${printPatterns(node.patterns)} (${loop}))`;
    }
    case "if": {
      const branches = node.branches.map(
        (branch) => `if ${printExpression(branch.condition)} then ${printExpression(branch.body)}`,
      );
      const otherwise = node.otherwise === undefined ? "" : ` else ${printExpression(node.otherwise)}`;
      return `(${branches.join(" el")}${otherwise} end)`;
    }
    case "access":
      return printAccess(node.target, node.suffixes);
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
    case "group":
      return printExpression(node.body);
    case "array":
      return node.body === undefined ? "[]" : `[${printExpression(node.body)}]`;
    case "object":
      return `{${node.entries.map(printEntry).join(", ")}}`;
    case "call":
      return node.args.length === 0 ? node.name : `${node.name}(${node.args.map(printExpression).join("; ")})`;
    case "variable":
      return `$${node.name}`;
    case "break":
      return `(break $${node.name})`;
  }
}

/** An expression where only a term may stand. */
function printTerm(node: Expression): string {
  if (node.kind === "group") return printTerm(node.body);
  const printed = printExpression(node);
  // Of a term with suffixes the parentheses at the start may be its target's alone.
  return printed.startsWith("(") && node.kind !== "access" ? printed : `(${printed})`;
}

function printOperation(operators: readonly string[], operands: readonly string[]): string {
  if (operators[0] === "//") return operands.reduceRight((right, left) => `(${left} // ${right})`);
  return operands.reduce((left, right, index) => `(${left} ${operators[index - 1]} ${right})`);
}

function printSteps(steps: readonly Step[]): string {
  return steps
    .map((step, index) => {
      const joint = index === steps.length - 1 ? "" : " | ";
      if (step.kind === "def") {
        const params = step.params.map((param) => (param.isVariable ? `$${param.name}` : param.name)).join("; ");
        return `def ${step.name}${params === "" ? "" : `(${params})`}: ${printExpression(step.body)}; `;
      }
      if (step.kind === "label") return `label $${step.name}${joint}`;
      if (step.kind === "bind") return `${printExpression(step.source)} as ${printPatterns(step.patterns)}${joint}`;
      return `${printExpression(step)}${joint}`;
    })
    .join("");
}

function printAccess(target: Expression, suffixes: readonly Suffix[]): string {
  const whole = printExpression(target);
  // A dot before a field's own dot would be "..".
  const printed = whole === "." ? "" : whole;
  const start = /^\.?[0-9]/.test(printed) ? `(${printed})` : printed;
  const [first] = suffixes;
  const needsDot = start === "" && first !== undefined && first.kind !== "field" && first.kind !== "stringField";
  return `${start}${needsDot ? "." : ""}${suffixes.map(printSuffix).join("")}`;
}

function printSuffix(suffix: Suffix): string {
  const mark = suffix.optional ? "?" : "";
  switch (suffix.kind) {
    case "field":
      return `.${suffix.name}${mark}`;
    case "stringField":
      return `.${printString(suffix.name)}${mark}`;
    case "index":
      return `[${printExpression(suffix.key)}]${mark}`;
    case "each":
      return `[]${mark}`;
    case "slice": {
      const from = suffix.from === undefined ? "" : printExpression(suffix.from);
      const to = suffix.to === undefined ? "" : printExpression(suffix.to);
      return `[${from}:${to}]${mark}`;
    }
  }
}

function printString(node: StringNode): string {
  const parts = node.parts.map((part) =>
    part.kind === "text" ? JSON.stringify(part.value).slice(1, -1) : `\\(${printExpression(part)})`,
  );
  return `${node.format === undefined ? "" : `@${node.format} `}"${parts.join("")}"`;
}

function printEntry(entry: ObjectEntry): string {
  const isComputed = typeof entry.key !== "string" && entry.key.kind === "group";
  const key = typeof entry.key === "string" ? entry.key : printExpression(entry.key);
  const shown = isComputed && !key.startsWith("(") ? `(${key})` : key;
  return entry.value === undefined ? shown : `${shown}: ${printTerm(entry.value)}`;
}

function printPatterns(patterns: readonly Pattern[]): string {
  return patterns.map(printPattern).join(" ?// ");
}

function printPattern(pattern: Pattern): string {
  if (pattern.kind === "variablePattern") return `$${pattern.name}`;
  if (pattern.kind === "arrayPattern") return `[${pattern.items.map(printPattern).join(", ")}]`;
  return `{${pattern.entries.map(printPatternEntry).join(", ")}}`;
}

function printPatternEntry(entry: PatternEntry): string {
  const key = entry.key === undefined ? (entry.name ?? `$${entry.variable}`) : printKey(entry.key);
  return entry.value === undefined ? key : `${key}: ${printPattern(entry.value)}`;
}

function printKey(key: Expression): string {
  const printed = printExpression(key);
  return key.kind === "group" && !printed.startsWith("(") ? `(${printed})` : printed;
}
