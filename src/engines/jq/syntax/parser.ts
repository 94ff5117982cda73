// The grammar of jq 1.7.1: programs, pipelines, operators, control structures. Runs at the edge and in the object.
// Chains (pipes, operators, suffixes, elif) are loops and lists, so only real nesting uses the stack.
import type { AppError } from "../../../core/errors.ts";
import type { BindStep, Definition, Directive, Expression, IfBranch, Parameter, Program, Step } from "./ast.ts";
import { constantKind } from "./constants.ts";
import type { Cursor, Grammar } from "./cursor.ts";
import {
  expect,
  expectClose,
  expectKind,
  isAt,
  lastEnd,
  nested,
  openCursor,
  peek,
  take,
  takeIf,
  unexpected,
} from "./cursor.ts";
import type { Token } from "./lexer.ts";
import { assignmentLevel, comparisonLevel, operatorLevels } from "./operators.ts";
import { isStringAhead, parsePatterns, parseString } from "./parse-structures.ts";
import { parseTerm } from "./parse-terms.ts";
import { describePosition, syntaxError } from "./source.ts";

const negationOperandLevel = 8;

const noModules = "Modules are not available here; save shared code as a function of the team's library.";

const grammar: Grammar = { expression: parseExpression, term: parseTerm };

/**
 * Parses a jq program. Throws `jq_syntax` with line and column, `jq_program_length` or `jq_nesting`.
 * Names are not resolved here: see `analyse`.
 */
export function parseProgram(text: string): Program {
  const cursor = openCursor(text, grammar);
  const directives = parseDirectives(cursor);
  if (peek(cursor).kind === "end") throw missingQuery(cursor);
  const query = parseExpression(cursor);
  if (peek(cursor).kind !== "end") throw trailing(cursor);
  return { text, directives, query, start: 0, end: text.length };
}

/** Parses the definitions at the start of a text and says where they end. For `parseDefinition`. */
export function parseLeadingDefinitions(text: string): { definitions: Definition[]; rest: Token } {
  const cursor = openCursor(text, grammar);
  const definitions: Definition[] = [];
  while (isAt(cursor, "keyword", "def")) definitions.push(parseDef(cursor));
  return { definitions, rest: peek(cursor) };
}

function missingQuery(cursor: Cursor): AppError {
  return syntaxError(
    cursor.text,
    peek(cursor).start,
    "the program is empty",
    'Write a query; "." gives the input unchanged.',
  );
}

function trailing(cursor: Cursor): AppError {
  const found = peek(cursor);
  if (found.kind === "symbol" && [")", "]", "}"].includes(found.text)) {
    const hint = `Remove the "${found.text}", or add its opening counterpart before it.`;
    return syntaxError(cursor.text, found.start, `"${found.text}" closes nothing that is open`, hint);
  }
  return unexpected(cursor, "an operator or the end of the program");
}

function parseDirectives(cursor: Cursor): Directive[] {
  const directives: Directive[] = [];
  while (isAt(cursor, "keyword", "module") || isAt(cursor, "keyword", "import") || isAt(cursor, "keyword", "include")) {
    const token = take(cursor);
    const what = token.text === "module" ? "module" : token.text === "import" ? "import" : "include";
    if (what === "module") {
      if (directives.length > 0)
        throw syntaxError(cursor.text, token.start, '"module" can only stand at the very start', noModules);
      parseMetadata(cursor);
    } else {
      if (!isStringAhead(cursor)) throw unexpected(cursor, `a string after "${what}"`, noModules);
      const path = parseString(cursor);
      if (constantKind(path) === undefined) {
        throw syntaxError(cursor.text, path.start, `the path after "${what}" must be a plain string`, noModules);
      }
      if (what === "import") parseImportName(cursor);
      if (!isAt(cursor, "symbol", ";")) parseMetadata(cursor);
    }
    expect(cursor, "symbol", ";", `to end the "${what}"`, noModules);
    directives.push({ what, start: token.start, end: lastEnd(cursor) });
  }
  return directives;
}

function parseMetadata(cursor: Cursor): void {
  const metadata = parseExpression(cursor);
  if (constantKind(metadata) === "object") return;
  throw syntaxError(cursor.text, metadata.start, "module metadata must be a constant object", noModules);
}

function parseImportName(cursor: Cursor): void {
  expect(cursor, "keyword", "as", "and a name after the path", noModules);
  const { kind } = peek(cursor);
  if (kind !== "variable" && kind !== "name") throw unexpected(cursor, 'a name or $name after "as"', noModules);
  take(cursor);
}

/** A whole expression: steps joined by "|", where def, `as` and label open a scope that reaches to its end. */
function parseExpression(cursor: Cursor): Expression {
  return parsePipeline(cursor, undefined);
}

/** `bound` is a binding already read, when the pipeline starts in the middle of an operation: `1 + . as $x | …`. */
function parsePipeline(cursor: Cursor, bound: BindStep | undefined): Expression {
  return nested(cursor, () => {
    const start = bound?.start ?? peek(cursor).start;
    const steps: Step[] = bound === undefined ? [] : [bound];
    const labelsBefore = cursor.labels.length;
    for (;;) {
      const step = parseStep(cursor);
      steps.push(step);
      if (step.kind === "def" || step.kind === "bind" || step.kind === "label") {
        requireBody(cursor, step);
        continue;
      }
      if (takeIf(cursor, "symbol", "|") === undefined) {
        cursor.labels.length = labelsBefore;
        return steps.length === 1 ? step : { kind: "pipeline", steps, start, end: lastEnd(cursor) };
      }
    }
  });
}

/** A better error than "expected an expression" for a program that stops after its definitions. */
function requireBody(cursor: Cursor, step: Step): void {
  if (step.kind !== "def") return;
  if (isAt(cursor, "symbol", ";")) {
    const hint = `Add what is computed after the helper "${step.name}", before the last ";".`;
    throw unexpected(cursor, "an expression", hint);
  }
  if (peek(cursor).kind !== "end") return;
  const message = `the program ends after the definition of "${step.name}" and has no query`;
  throw syntaxError(
    cursor.text,
    step.start,
    message,
    `Add what to compute after the definition, for example: ${step.name}.`,
  );
}

function parseStep(cursor: Cursor): Step {
  if (isAt(cursor, "keyword", "def")) return parseDef(cursor);
  if (isAt(cursor, "keyword", "label")) return parseLabel(cursor);
  if (!startsPlainTerm(cursor)) return parseOperation(cursor, parseOperand(cursor), 1);
  const term = parseTerm(cursor);
  if (isAt(cursor, "keyword", "as")) return parseBinding(cursor, term);
  return parseOperation(cursor, withOptionals(cursor, term), 1);
}

function parseLabel(cursor: Cursor): Step {
  const { start } = take(cursor);
  const hint = "Write: label $out | … break $out ….";
  const { text: name, end } = expectKind(cursor, "variable", 'a $name after "label"', hint);
  expect(cursor, "symbol", "|", "after the label", hint);
  cursor.labels.push(name);
  return { kind: "label", name, start, end };
}

function parseBinding(cursor: Cursor, source: Expression): BindStep {
  take(cursor);
  const patterns = parsePatterns(cursor);
  const end = lastEnd(cursor);
  expect(cursor, "symbol", "|", 'after the variables of "as"', "A binding is followed by what uses it: … as $x | ….");
  return { kind: "bind", source, patterns, start: source.start, end };
}

/** Operators of at least `lowest` strength after an operand. Levels 3 and 6 do not chain. */
function parseOperation(cursor: Cursor, first: Expression, lowest: number): Expression {
  let left = first;
  let openLevel = 0;
  let operators: string[] = [];
  let operands: Expression[] = [];
  for (;;) {
    const token = peek(cursor);
    const level = token.kind === "symbol" || token.kind === "keyword" ? (operatorLevels.get(token.text) ?? 0) : 0;
    if (level < lowest) return left;
    if (level === openLevel && (level === assignmentLevel || level === comparisonLevel)) {
      throw doesNotChain(cursor, token, level);
    }
    take(cursor);
    const right = parseOperation(cursor, parseOperand(cursor), level + 1);
    if (level !== openLevel) {
      operators = [];
      operands = [left];
      openLevel = level;
    }
    operators.push(token.text);
    operands.push(right);
    left = { kind: "operation", operators, operands, start: first.start, end: right.end };
  }
}

function doesNotChain(cursor: Cursor, token: Token, level: number): AppError {
  const before = cursor.tokens[cursor.index - 1];
  if (before?.end === token.start && before.kind === "symbol") return unexpected(cursor, "a value");
  const hint =
    level === assignmentLevel
      ? 'Compare with "=="; to assign twice, pipe: .a = 1 | .b = 1.'
      : 'Join two comparisons with "and": 1 < .a and .a < 3.';
  return syntaxError(
    cursor.text,
    token.start,
    `"${token.text}" cannot follow another operator of its kind without parentheses`,
    hint,
  );
}

/** An operand with every "?" after it; def, label and `as` inside an operation reach to the end of the expression. */
function parseOperand(cursor: Cursor): Expression {
  if (isAt(cursor, "keyword", "def") || isAt(cursor, "keyword", "label")) return parseExpression(cursor);
  return withOptionals(cursor, parsePrefixed(cursor));
}

function withOptionals(cursor: Cursor, operand: Expression): Expression {
  let result = operand;
  while (isAt(cursor, "symbol", "?")) {
    const { end } = take(cursor);
    // Many "?" in a row mean the same as one; nesting them would only deepen the tree.
    if (result.kind !== "optional") result = { kind: "optional", operand: result, start: operand.start, end };
  }
  return result;
}

/** What `try` and operators take: a term, a control structure, or a minus before an operand. */
function parsePrefixed(cursor: Cursor): Expression {
  const token = peek(cursor);
  if (token.kind === "symbol" && token.text === "-") {
    take(cursor);
    const operand = nested(cursor, () => parseOperation(cursor, parseOperand(cursor), negationOperandLevel));
    return { kind: "negate", operand, start: token.start, end: operand.end };
  }
  if (token.kind === "keyword") {
    if (token.text === "if") return parseIf(cursor);
    if (token.text === "try") return parseTry(cursor);
    if (token.text === "reduce" || token.text === "foreach") return parseLoop(cursor);
    if (token.text === "def" || token.text === "label") return parseExpression(cursor);
  }
  const term = parseTerm(cursor);
  return isAt(cursor, "keyword", "as") ? parsePipeline(cursor, parseBinding(cursor, term)) : term;
}

function parseTry(cursor: Cursor): Expression {
  const { start } = take(cursor);
  const body = nested(cursor, () => parsePrefixed(cursor));
  if (takeIf(cursor, "keyword", "catch") === undefined) return { kind: "try", body, start, end: lastEnd(cursor) };
  const handler = nested(cursor, () => parsePrefixed(cursor));
  return { kind: "try", body, handler, start, end: lastEnd(cursor) };
}

function parseIf(cursor: Cursor): Expression {
  const opener = take(cursor);
  const branches: IfBranch[] = [];
  let keyword = opener;
  do {
    const condition = parseExpression(cursor);
    const why = `after the condition of the "${keyword.text}" at ${describePosition(cursor.text, keyword.start)}`;
    expect(cursor, "keyword", "then", why, "Write: if condition then value else other end.");
    branches.push({ condition, body: parseExpression(cursor) });
    keyword = peek(cursor);
  } while (takeIf(cursor, "keyword", "elif") !== undefined);
  if (takeIf(cursor, "keyword", "else") === undefined) return closeIf(cursor, opener, branches, undefined);
  return closeIf(cursor, opener, branches, parseExpression(cursor));
}

function closeIf(cursor: Cursor, opener: Token, branches: IfBranch[], otherwise: Expression | undefined): Expression {
  const hint =
    otherwise?.kind === "if"
      ? 'Write "elif" for "else if"; "else if" opens a second "if" that needs its own "end".'
      : 'Every "if" ends with "end": if condition then value else other end.';
  expectClose(cursor, "keyword", "end", opener, hint);
  const node = { kind: "if", branches, start: opener.start, end: lastEnd(cursor) } as const;
  return otherwise === undefined ? node : { ...node, otherwise };
}

/** `reduce` and `foreach`. */
function parseLoop(cursor: Cursor): Expression {
  const keyword = take(cursor);
  const isReduce = keyword.text === "reduce";
  const form = isReduce ? "reduce .[] as $x (0; . + $x)" : "foreach .[] as $x (0; . + $x; .)";
  const hint = `Write: ${form}. A longer source goes in parentheses.`;
  const source = parseTerm(cursor);
  expect(cursor, "keyword", "as", `after the source of "${keyword.text}"`, hint);
  const patterns = parsePatterns(cursor);
  const opener = expect(cursor, "symbol", "(", `after the variable of "${keyword.text}"`, hint);
  const init = parseExpression(cursor);
  expect(cursor, "symbol", ";", `between the start and the update of "${keyword.text}"`, hint);
  const update = parseExpression(cursor);
  const extract = !isReduce && takeIf(cursor, "symbol", ";") !== undefined ? parseExpression(cursor) : undefined;
  expectClose(cursor, "symbol", ")", opener, hint);
  const node = { source, patterns, init, update, start: keyword.start, end: lastEnd(cursor) };
  return { kind: isReduce ? "reduce" : "foreach", ...node, ...(extract === undefined ? {} : { extract }) };
}

function parseDef(cursor: Cursor): Definition {
  const { start } = take(cursor);
  const hint = "Write: def name(f; $x): body;.";
  const nameToken = expectKind(cursor, "name", 'a name after "def"', hint);
  const params = isAt(cursor, "symbol", "(") ? parseParams(cursor) : [];
  expect(cursor, "symbol", ":", `after the name and parameters of "${nameToken.text}"`, hint);
  const labels = cursor.labels.length;
  const body = parseExpression(cursor);
  cursor.labels.length = labels;
  const why = `to end the definition of "${nameToken.text}" that began at ${describePosition(cursor.text, start)}`;
  const semicolon = takeIf(cursor, "symbol", ";");
  if (semicolon === undefined) throw unexpected(cursor, `";" ${why}`, 'A definition ends with ";": def name: body;.');
  const nameSpan = { start: nameToken.start, end: nameToken.end };
  return { kind: "def", name: nameToken.text, nameSpan, params, body, start, end: semicolon.end };
}

function parseParams(cursor: Cursor): Parameter[] {
  const opener = take(cursor);
  const params: Parameter[] = [];
  do {
    const token = peek(cursor);
    if (token.kind !== "name" && token.kind !== "variable") {
      const hint = "Parameters are names or $names: def f(g; $x): …. Without parameters leave the parentheses out.";
      const message = `expected a parameter name, found "${cursor.text.slice(token.start, token.end)}"`;
      throw syntaxError(cursor.text, token.start, message, hint);
    }
    take(cursor);
    params.push({ name: token.text, isVariable: token.kind === "variable", start: token.start, end: token.end });
  } while (takeIf(cursor, "symbol", ";") !== undefined);
  if (isAt(cursor, "symbol", ",")) {
    const message = 'parameters are separated by ";", found ","';
    throw syntaxError(cursor.text, peek(cursor).start, message, "Write: def f(a; b): …;, and call it as f(1; 2).");
  }
  expectClose(cursor, "symbol", ")", opener, "Close the parameters before the colon: def f(x): …;.");
  return params;
}

/** True when the cursor is at a term, as against a control structure or a minus. */
function startsPlainTerm(cursor: Cursor): boolean {
  const token = peek(cursor);
  if (token.kind === "keyword") return token.text === "break";
  return !(token.kind === "symbol" && token.text === "-");
}
