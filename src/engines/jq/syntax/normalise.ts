// The one form of all programs that differ in spelling and in literals only: what tells that people ask the same thing. Pure; runs anywhere.
import type {
  BindStep,
  Definition,
  Expression,
  ObjectEntry,
  Pattern,
  PatternEntry,
  Program,
  Step,
  StringNode,
  Suffix,
} from "./ast.ts";
import { hintOfCall, hintOfComparison, hintOfOperator, lastField, parameterWord } from "./literal-hints.ts";
import { mergeTexts, printQuery } from "./print-query.ts";
import type { Span } from "./source.ts";
import { walkNames } from "./walk.ts";

/** A literal, or a caller's parameter where it is read, in the order of the text. */
export interface LiteralPlace {
  /** JSON text; undefined for a parameter of which no value was given. */
  readonly value: string | undefined;
  /** The parameter that is read here, when it is not a literal. */
  readonly parameter: string | undefined;
  /** Where it stands in the program text. */
  readonly span: Span;
  /** It is `{$x}`: what takes its place must begin with the key. */
  readonly shorthand: boolean;
  /** What a parameter in its place may be called: the field it is compared with, the argument it is. */
  readonly hint: string;
}

export interface NormalForm {
  /** jq in which every literal is a variable: `$p1`, `$p2`, … in the order of the text. */
  readonly text: string;
  readonly literals: readonly LiteralPlace[];
}

export interface NormaliseOptions {
  /** Variables bound from outside, without "$", and their values as JSON text where known. Each place that reads one counts as a literal. */
  readonly parameters?: ReadonlyMap<string, string | undefined>;
  /** Names of the arguments of the library's functions, by `name/arity`. */
  readonly argumentNames?: ReadonlyMap<string, readonly string[]>;
}

/**
 * Programs that are equal but for spelling and literals have the same text: white space, comments, needless parentheses, `.["a"]` for `.a`
 * and names of variables make no difference. Strings, numbers and booleans are literals, and so is each place that reads a caller's parameter.
 * null, the text around an interpolation, field names and object keys belong to the form. Never throws.
 */
export function normalise(program: Pick<Program, "query">, options: NormaliseOptions = {}): NormalForm {
  const parameters = options.parameters ?? new Map();
  const kept = keptNames(program.query, parameters);
  const state: State = {
    literals: [],
    parameters,
    argumentNames: options.argumentNames ?? new Map(),
    place: freePrefix("p", kept),
    variable: freePrefix("v", kept),
    variables: 0,
  };
  const query = visit({ state, names: new Map(), asText: false, hint: "value", subject: undefined }, program.query);
  return { text: printQuery(query), literals: state.literals };
}

/** The same program with nothing taken out: what equal but for spelling means to people who read it. */
export function tidy(query: Expression): Expression {
  const state: State = {
    literals: [],
    parameters: new Map(),
    argumentNames: new Map(),
    place: "p",
    variable: undefined,
    variables: 0,
  };
  return visit({ state, names: new Map(), asText: true, hint: "", subject: undefined }, query);
}

interface State {
  readonly literals: LiteralPlace[];
  readonly parameters: ReadonlyMap<string, string | undefined>;
  readonly argumentNames: ReadonlyMap<string, readonly string[]>;
  /** What the variables of places and of bindings begin with; undefined: bindings keep their names. */
  readonly place: string;
  readonly variable: string | undefined;
  variables: number;
}

interface Scope {
  readonly state: State;
  /** The names in the form of the variables in scope. */
  readonly names: ReadonlyMap<string, string>;
  /** Literals stay as they are: inside keys. */
  readonly asText: boolean;
  /** What a literal that stands right here would be called. */
  readonly hint: string;
  /** The field that `.` was read from in the step before. */
  readonly subject: string | undefined;
}

/** Names that stay as they are: parameters of definitions, which are functions too, `{$name: pattern}`, which is a key too, and jq's own. */
function keptNames(query: Expression, parameters: ReadonlyMap<string, unknown>): Set<string> {
  const kept = new Set<string>();
  walkNames(query, {
    freeVariable: ({ name }) => {
      if (!parameters.has(name)) kept.add(name);
    },
  });
  const look = (value: unknown): void => {
    if (typeof value !== "object" || value === null) return;
    const node = value as { kind?: unknown; params?: Definition["params"]; entries?: readonly PatternEntry[] };
    if (node.kind === "def") for (const { name, isVariable } of node.params ?? []) if (isVariable) kept.add(name);
    if (node.kind === "objectPattern")
      for (const entry of node.entries ?? [])
        if (entry.variable !== undefined && entry.value !== undefined) kept.add(entry.variable);
    for (const member of Object.values(value)) look(member);
  };
  look(query);
  return kept;
}

/** A prefix with which, and a number, no kept name is made. */
function freePrefix(prefix: string, kept: ReadonlySet<string>): string {
  const clashes = [...kept].some((name) => name.startsWith(prefix) && /^[0-9]+$/.test(name.slice(prefix.length)));
  return clashes ? freePrefix(`${prefix}_`, kept) : prefix;
}

function visit(scope: Scope, node: Expression): Expression {
  switch (node.kind) {
    case "group":
      return visit(scope, node.body);
    case "number":
      return literal(scope, numberText(node.text), node);
    case "negate": {
      const inner = withoutGroups(node.operand);
      if (inner.kind === "number" && !scope.asText) return literal(scope, `-${numberText(inner.text)}`, node);
      return { ...node, operand: visit(plain(scope), node.operand) };
    }
    case "constant":
      return node.value === null ? node : literal(scope, String(node.value), node);
    case "string":
      return visitString(scope, node);
    case "variable":
      return visitVariable(scope, node);
    case "pipeline":
      return visitPipeline(scope, node.steps, node);
    case "operation":
      return { ...node, operands: node.operands.map((operand, at) => visit(operandScope(scope, node, at), operand)) };
    case "call":
      return visitCall(scope, node);
    case "access":
      return visitAccess(scope, node);
    case "object":
      return { ...node, entries: node.entries.map((entry) => visitEntry(scope, entry)) };
    case "array":
      return node.body === undefined ? node : { ...node, body: visit(scope, node.body) };
    case "reduce":
    case "foreach":
      return visitLoop(scope, node);
    case "if":
    case "optional":
    case "try":
      return visitControl(plain(scope), node);
    case "identity":
    case "recurse":
    case "location":
    case "format":
    case "break":
      return node;
  }
}

function withoutGroups(node: Expression): Expression {
  return node.kind === "group" ? withoutGroups(node.body) : node;
}

function plain(scope: Scope, hint = "value"): Scope {
  return { ...scope, hint };
}

function visitControl(scope: Scope, node: Extract<Expression, { kind: "if" | "optional" | "try" }>): Expression {
  if (node.kind === "optional") return { ...node, operand: visit(scope, node.operand) };
  if (node.kind === "try") {
    const body = visit(scope, node.body);
    return node.handler === undefined ? { ...node, body } : { ...node, body, handler: visit(scope, node.handler) };
  }
  const branches = node.branches.map(({ condition, body }) => ({
    condition: visit(scope, condition),
    body: visit(scope, body),
  }));
  return node.otherwise === undefined
    ? { ...node, branches }
    : { ...node, branches, otherwise: visit(scope, node.otherwise) };
}

/** JSON's way to write a number that jq reads: `.5` is `0.5`, `5.` is `5`, `007` is `7`; digits are never lost. */
function numberText(text: string): string {
  const [, whole = "", fraction, exponent = ""] = /^([0-9]*)(?:\.([0-9]*))?([eE].*)?$/.exec(text) ?? [];
  const digits = whole.replace(/^0+(?=[0-9])/, "") || "0";
  return `${digits}${fraction === undefined || fraction === "" ? "" : `.${fraction}`}${exponent.toLowerCase()}`;
}

function literal(scope: Scope, value: string, node: Expression): Expression {
  if (scope.asText) return node;
  return place(scope, { value, parameter: undefined, span: spanOf(node), shorthand: false, hint: scope.hint });
}

function place({ state }: Scope, at: LiteralPlace): Expression {
  state.literals.push(at);
  return { kind: "variable", name: `${state.place}${state.literals.length}`, ...at.span };
}

const spanOf = ({ start, end }: Span): Span => ({ start, end });

function visitString(scope: Scope, node: StringNode): Expression {
  const text = constantText(node);
  if (text !== undefined && !scope.asText) return literal(scope, JSON.stringify(text), node);
  const parts = mergeTexts(node.parts).map((part) =>
    typeof part === "string" ? ({ kind: "text", value: part, ...spanOf(node) } as const) : visit(plain(scope), part),
  );
  return { ...node, parts };
}

/** The text of a string without interpolations and format. */
function constantText(node: Expression | undefined): string | undefined {
  if (node?.kind === "group") return constantText(node.body);
  if (node?.kind !== "string" || node.format !== undefined) return undefined;
  const parts = mergeTexts(node.parts);
  return parts.every((part) => typeof part === "string") ? parts.join("") : undefined;
}

function visitVariable(scope: Scope, node: Extract<Expression, { kind: "variable" }>): Expression {
  const known = scope.names.get(node.name);
  if (known !== undefined) return { ...node, name: known };
  if (!scope.state.parameters.has(node.name)) return node;
  const value = scope.state.parameters.get(node.name);
  const at = { value, parameter: node.name, span: spanOf(node), shorthand: false, hint: scope.hint };
  return place(scope, at);
}

type Operation = Extract<Expression, { kind: "operation" }>;

/** A literal is called after what stands beside it. */
function operandScope(scope: Scope, { operators, operands }: Operation, at: number): Scope {
  const operator = operators[Math.max(0, at - 1)] ?? "";
  if (operator === ",") return scope;
  if (/^(?:[<>]=?|[!=]=)$/.test(operator)) {
    const other = operands[at === 0 ? 1 : 0];
    return plain(scope, hintOfComparison(operator, lastField(other, scope.subject), at > 0));
  }
  return plain(scope, hintOfOperator(operator, operands[0], scope.subject));
}

function visitCall(scope: Scope, node: Extract<Expression, { kind: "call" }>): Expression {
  const key = `${node.name}/${node.args.length}`;
  const args = node.args.map((arg, at) =>
    visit(plain(scope, hintOfCall(key, at, scope.subject, scope.state.argumentNames)), arg),
  );
  return { ...node, args };
}

const plainName = /^[A-Za-z_][A-Za-z0-9_]*$/;

function visitAccess(scope: Scope, node: Extract<Expression, { kind: "access" }>): Expression {
  const target = visit(plain(scope), node.target);
  const suffixes = node.suffixes.map((suffix) => visitSuffix(scope, suffix));
  return target.kind === "access"
    ? { ...node, target: target.target, suffixes: [...target.suffixes, ...suffixes] }
    : { ...node, target, suffixes };
}

function visitSuffix(scope: Scope, suffix: Suffix): Suffix {
  const { start, end, optional } = suffix;
  const common = { start, end, optional };
  if (suffix.kind === "slice") {
    const from = suffix.from === undefined ? {} : { from: visit(plain(scope, "from"), suffix.from) };
    const to =
      suffix.to === undefined ? {} : { to: visit(plain(scope, suffix.from === undefined ? "count" : "to"), suffix.to) };
    return { kind: "slice", ...from, ...to, ...common };
  }
  const key = suffix.kind === "stringField" ? suffix.name : suffix.kind === "index" ? suffix.key : undefined;
  if (key === undefined) return suffix;
  const name = constantText(key);
  if (name !== undefined) {
    if (plainName.test(name)) return { kind: "field", name, ...common };
    return {
      kind: "index",
      key: { kind: "string", parts: [{ kind: "text", value: name, ...spanOf(key) }], ...spanOf(key) },
      ...common,
    };
  }
  return {
    kind: "index",
    key: visit(plain(scope, withoutGroups(key).kind === "variable" ? "key" : "index"), key),
    ...common,
  };
}

function visitEntry(scope: Scope, entry: ObjectEntry): ObjectEntry {
  const { key } = entry;
  const name = typeof key === "string" ? key : constantText(key);
  if (name !== undefined) return namedEntry(scope, name, entry);
  if (typeof key === "string") return entry;
  if (key.kind === "variable" && entry.value === undefined) return variableEntry(scope, key, entry);
  const visited = visitKey(scope, key);
  return { ...entry, key: visited, ...(entry.value === undefined ? {} : { value: visit(plain(scope), entry.value) }) };
}

/** `{a}`, `{"a"}`, `{("a"): .a}` and `{a: .a}` are one. */
function namedEntry(scope: Scope, name: string, entry: ObjectEntry): ObjectEntry {
  const span = spanOf(entry);
  const key: ObjectEntry["key"] = plainName.test(name)
    ? name
    : { kind: "string", parts: [{ kind: "text", value: name, ...span }], ...span };
  const value = entry.value && visit(plain(scope, parameterWord(name) ?? "value"), entry.value);
  const [only, ...more] = value?.kind === "access" && value.target.kind === "identity" ? value.suffixes : [];
  const isItself = only?.kind === "field" && only.name === name && !only.optional && more.length === 0;
  return value === undefined || isItself ? { key, ...span } : { key, value, ...span };
}

/** `{$x}` is `{x: $x}`. */
function variableEntry(scope: Scope, key: Extract<Expression, { kind: "variable" }>, entry: ObjectEntry): ObjectEntry {
  const { literals } = scope.state;
  const before = literals.length;
  const value = visitVariable(plain(scope, parameterWord(key.name) ?? "value"), key);
  const taken = literals[before];
  if (taken !== undefined) literals[before] = { ...taken, shorthand: true };
  if (value.kind === "variable" && value.name === key.name) return entry;
  return { key: key.name, value, ...spanOf(entry) };
}

/** Text in a key is part of the form; a computed key keeps the parentheses it needs. */
function visitKey(scope: Scope, key: Expression): Expression {
  const inside = { ...scope, asText: true };
  return key.kind === "group" ? { ...key, body: visit(inside, key.body) } : visit(inside, key);
}

function visitPipeline(scope: Scope, steps: readonly Step[], span: Span): Expression {
  let inner = plain(scope, scope.hint);
  const visited: Step[] = [];
  for (const step of steps) {
    if (step.kind === "def") visited.push(visitDefinition(inner, step));
    else if (step.kind === "label") visited.push(step);
    else if (step.kind === "bind") {
      const bound = visitBinding(inner, step);
      visited.push(bound.step);
      inner = { ...inner, names: bound.names };
    } else {
      const done = visit(inner, step);
      visited.push(
        ...(done.kind === "pipeline" && (step === steps.at(-1) || isFlat(done.steps)) ? done.steps : [done]),
      );
      inner = { ...inner, subject: lastField(step, inner.subject) };
    }
  }
  const kept = visited.filter((step, at) => step.kind !== "identity" || !isNeedless(visited, at));
  const [only] = kept;
  if (kept.length === 1 && only !== undefined && isExpression(only)) return only;
  return { kind: "pipeline", steps: kept, ...spanOf(span) };
}

function isExpression(step: Step | undefined): step is Expression {
  return step !== undefined && step.kind !== "def" && step.kind !== "bind" && step.kind !== "label";
}

function isFlat(steps: readonly Step[]): boolean {
  return steps.every(isExpression);
}

/** `.` in a pipeline changes nothing, unless it is all that follows a definition or is all there is. */
function isNeedless(steps: readonly Step[], at: number): boolean {
  const rest = steps.slice(at + 1);
  if (rest.some((step) => isExpression(step) && step.kind !== "identity")) return true;
  if (rest.length > 0) return rest.every((step) => step.kind === "identity");
  return (
    isExpression(steps[at - 1]) && steps.slice(0, at).some((step) => isExpression(step) && step.kind !== "identity")
  );
}

function visitDefinition(scope: Scope, definition: Definition): Definition {
  const names = new Map(scope.names);
  for (const { name, isVariable } of definition.params) if (isVariable) names.set(name, name);
  return { ...definition, body: visit({ ...scope, names, hint: "value", subject: undefined }, definition.body) };
}

function visitBinding(scope: Scope, step: BindStep): { step: BindStep; names: ReadonlyMap<string, string> } {
  const source = visit(plain(scope), step.source);
  const { patterns, names } = visitPatterns(scope, step.patterns);
  return { step: { ...step, source, patterns }, names };
}

function visitLoop(scope: Scope, node: Extract<Expression, { kind: "reduce" | "foreach" }>): Expression {
  const source = visit(plain(scope), node.source);
  const init = visit(plain(scope, "start"), node.init);
  const { patterns, names } = visitPatterns(scope, node.patterns);
  const inner = { ...plain(scope), names, subject: undefined };
  const update = visit(inner, node.update);
  const extract = node.extract === undefined ? {} : { extract: visit(inner, node.extract) };
  return { ...node, source, init, patterns, update, ...extract };
}

/** Names are given in the order of the text; keys of several alternatives see all names, as jq has it. */
function visitPatterns(
  scope: Scope,
  patterns: readonly Pattern[],
): { patterns: Pattern[]; names: ReadonlyMap<string, string> } {
  const names = new Map(scope.names);
  const fresh = new Map<string, string>();
  const bind = (name: string, keeps = false): string => {
    const known = fresh.get(name);
    if (known !== undefined) return known;
    const { state } = scope;
    const given = keeps || state.variable === undefined ? name : `${state.variable}${++state.variables}`;
    fresh.set(name, given);
    names.set(name, given);
    return given;
  };
  for (const pattern of patterns) bindAll(pattern, bind);
  const inside = patterns.length > 1 ? { ...scope, names } : scope;
  return { patterns: patterns.map((pattern) => visitPattern(inside, pattern, bind)), names };
}

/** Names that must stay are settled first, wherever else the same name is bound. */
function bindAll(pattern: Pattern, bind: (name: string, keeps?: boolean) => string): void {
  if (pattern.kind === "arrayPattern") for (const item of pattern.items) bindAll(item, bind);
  if (pattern.kind !== "objectPattern") return;
  for (const { variable, value } of pattern.entries) {
    if (variable !== undefined && value !== undefined) bind(variable, true);
    if (value !== undefined) bindAll(value, bind);
  }
}

function visitPattern(scope: Scope, pattern: Pattern, bind: (name: string) => string): Pattern {
  if (pattern.kind === "variablePattern") return { ...pattern, name: bind(pattern.name) };
  if (pattern.kind === "arrayPattern")
    return { ...pattern, items: pattern.items.map((item) => visitPattern(scope, item, bind)) };
  return { ...pattern, entries: pattern.entries.map((entry) => visitPatternEntry(scope, entry, bind)) };
}

function visitPatternEntry(scope: Scope, entry: PatternEntry, bind: (name: string) => string): PatternEntry {
  const { variable, key, value } = entry;
  const span = spanOf(entry);
  if (variable !== undefined && value === undefined) {
    const name = bind(variable);
    if (name === variable) return entry;
    return { name: variable, value: { kind: "variablePattern", name, ...span }, ...span };
  }
  const inner = value === undefined ? {} : { value: visitPattern(scope, value, bind) };
  const name = key === undefined ? entry.name : constantText(key);
  if (name !== undefined && plainName.test(name)) return { name, ...inner, ...span };
  if (key === undefined) return { ...entry, ...inner };
  return { ...entry, key: visitKey(scope, key), ...inner };
}
