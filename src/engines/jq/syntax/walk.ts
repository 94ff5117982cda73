// Walks a syntax tree with jq's lexical scoping and reports the names that nothing in the program binds. Runs anywhere.
import type { CallNode, Definition, Expression, ObjectEntry, Pattern, Step, Suffix, VariableNode } from "./ast.ts";
import type { Span } from "./source.ts";

/** What a walk reports, in the order of the text. */
export interface NameVisitor {
  /** A call that no definition or parameter in scope answers. */
  freeCall?(call: CallNode): void;
  /** A variable that no pattern or parameter in scope binds. */
  freeVariable?(variable: VariableNode): void;
  /** A place that binds a variable: a pattern or a `$parameter`; `name` is without "$". */
  binding?(name: string, span: Span): void;
  format?(name: string, span: Span): void;
  objectEntry?(entry: ObjectEntry): void;
  labelOrBreak?(span: Span): void;
  /** `=` as the condition of `if` or the argument of `select`. */
  assignmentAsCondition?(span: Span): void;
}

/** Names in scope with the number of times they are bound: entering adds one, leaving takes it away. */
type Bound = Map<string, number>;

interface Walk {
  readonly visitor: NameVisitor;
  readonly functions: Bound;
  readonly variables: Bound;
}

/** Walks an expression. The depth of the recursion is bounded by the parser's nesting limit. */
export function walkNames(expression: Expression, visitor: NameVisitor): void {
  visit({ visitor, functions: new Map(), variables: new Map() }, expression);
}

function enter(bound: Bound, names: readonly string[]): void {
  for (const name of names) bound.set(name, (bound.get(name) ?? 0) + 1);
}

function leave(bound: Bound, names: readonly string[]): void {
  for (const name of names) bound.set(name, (bound.get(name) ?? 0) - 1);
}

function isBound(bound: Bound, name: string): boolean {
  return (bound.get(name) ?? 0) > 0;
}

function visitAll(walk: Walk, expressions: readonly (Expression | undefined)[]): void {
  for (const expression of expressions) if (expression !== undefined) visit(walk, expression);
}

function visit(walk: Walk, node: Expression): void {
  switch (node.kind) {
    case "pipeline":
      visitPipeline(walk, node.steps);
      return;
    case "operation":
      visitAll(walk, node.operands);
      return;
    case "negate":
    case "optional":
      visit(walk, node.operand);
      return;
    case "try":
      visitAll(walk, [node.body, node.handler]);
      return;
    case "reduce":
    case "foreach":
      visitLoop(walk, node);
      return;
    case "if":
      for (const branch of node.branches) {
        reportAssignment(walk, branch.condition);
        visitAll(walk, [branch.condition, branch.body]);
      }
      visitAll(walk, [node.otherwise]);
      return;
    case "access":
      visit(walk, node.target);
      for (const suffix of node.suffixes) visitSuffix(walk, suffix);
      return;
    case "string":
      if (node.format !== undefined) walk.visitor.format?.(node.format, node);
      for (const part of node.parts) if (part.kind !== "text") visit(walk, part);
      return;
    case "format":
      walk.visitor.format?.(node.name, node);
      return;
    case "group":
      visit(walk, node.body);
      return;
    case "array":
      visitAll(walk, [node.body]);
      return;
    case "object":
      for (const entry of node.entries) visitEntry(walk, entry);
      return;
    case "call":
      visitCall(walk, node);
      return;
    case "variable":
      if (!isBound(walk.variables, node.name)) walk.visitor.freeVariable?.(node);
      return;
    case "break":
      walk.visitor.labelOrBreak?.(node);
      return;
    case "identity":
    case "recurse":
    case "location":
    case "number":
    case "constant":
      return;
  }
}

function visitPipeline(walk: Walk, steps: readonly Step[]): void {
  const functions: string[] = [];
  const variables: string[] = [];
  for (const step of steps) {
    if (step.kind === "def") {
      const key = `${step.name}/${step.params.length}`;
      enter(walk.functions, [key]);
      functions.push(key);
      visitDefinition(walk, step);
    } else if (step.kind === "bind") {
      visit(walk, step.source);
      const names = visitPatterns(walk, step.patterns);
      enter(walk.variables, names);
      variables.push(...names);
    } else if (step.kind === "label") walk.visitor.labelOrBreak?.(step);
    else visit(walk, step);
  }
  leave(walk.functions, functions);
  leave(walk.variables, variables);
}

/** A `$parameter` is in scope both as the variable and as a function without arguments. */
function visitDefinition(walk: Walk, definition: Definition): void {
  const functions = definition.params.map((param) => `${param.name}/0`);
  const variables = definition.params.filter((param) => param.isVariable);
  for (const param of variables) walk.visitor.binding?.(param.name, param);
  const variableNames = variables.map((param) => param.name);
  enter(walk.functions, functions);
  enter(walk.variables, variableNames);
  visit(walk, definition.body);
  leave(walk.functions, functions);
  leave(walk.variables, variableNames);
}

/** The loop's variables are in scope in its update and extract, not in its source or start. */
function visitLoop(walk: Walk, node: Extract<Expression, { kind: "reduce" | "foreach" }>): void {
  visit(walk, node.source);
  const names = visitPatterns(walk, node.patterns);
  visit(walk, node.init);
  enter(walk.variables, names);
  visitAll(walk, [node.update, node.extract]);
  leave(walk.variables, names);
}

/**
 * The names that patterns bind. Key expressions see the scope outside a single pattern; with `?//` alternatives every
 * name of every alternative exists (as null) before the first is tried.
 */
function visitPatterns(walk: Walk, patterns: readonly Pattern[]): string[] {
  const names: string[] = [];
  const keys: Expression[] = [];
  for (const pattern of patterns) collectPattern(walk, pattern, names, keys);
  const visible = patterns.length > 1 ? names : [];
  enter(walk.variables, visible);
  visitAll(walk, keys);
  leave(walk.variables, visible);
  return names;
}

function collectPattern(walk: Walk, pattern: Pattern, names: string[], keys: Expression[]): void {
  if (pattern.kind === "variablePattern") {
    names.push(pattern.name);
    walk.visitor.binding?.(pattern.name, pattern);
  } else if (pattern.kind === "arrayPattern") {
    for (const item of pattern.items) collectPattern(walk, item, names, keys);
  } else {
    for (const entry of pattern.entries) {
      if (entry.variable !== undefined) {
        names.push(entry.variable);
        walk.visitor.binding?.(entry.variable, entry);
      }
      if (entry.key !== undefined) keys.push(entry.key);
      if (entry.value !== undefined) collectPattern(walk, entry.value, names, keys);
    }
  }
}

function visitSuffix(walk: Walk, suffix: Suffix): void {
  if (suffix.kind === "stringField") visit(walk, suffix.name);
  else if (suffix.kind === "index") visit(walk, suffix.key);
  else if (suffix.kind === "slice") visitAll(walk, [suffix.from, suffix.to]);
}

function visitEntry(walk: Walk, entry: ObjectEntry): void {
  walk.visitor.objectEntry?.(entry);
  if (typeof entry.key !== "string") visit(walk, entry.key);
  visitAll(walk, [entry.value]);
}

function visitCall(walk: Walk, call: CallNode): void {
  if (!isBound(walk.functions, `${call.name}/${call.args.length}`)) {
    walk.visitor.freeCall?.(call);
    const [condition] = call.args;
    if (call.name === "select" && condition !== undefined) reportAssignment(walk, condition);
  }
  visitAll(walk, call.args);
}

function reportAssignment(walk: Walk, condition: Expression): void {
  if (condition.kind === "operation" && condition.operators[0] === "=") walk.visitor.assignmentAsCondition?.(condition);
}
