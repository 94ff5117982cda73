// Terms of the jq grammar: literals, variables, calls, brackets and the chain of suffixes after them. Runs at the edge and in the object.
import type { Expression, Suffix } from "./ast.ts";
import type { Cursor } from "./cursor.ts";
import { expectClose, expectKind, isAt, lastEnd, peek, take, takeIf, unexpected } from "./cursor.ts";
import type { Token } from "./lexer.ts";
import { isStringAhead, parseObject, parseString } from "./parse-structures.ts";
import { syntaxError } from "./source.ts";

/** A term and its suffixes: `.a[0].b?`, `f(x)[]`, `"…"`, `(…)`. */
export function parseTerm(cursor: Cursor): Expression {
  const target = parsePrimary(cursor);
  const suffixes: Suffix[] = [];
  for (let suffix = parseSuffix(cursor, target, suffixes); suffix !== undefined; ) {
    suffixes.push(suffix);
    suffix = parseSuffix(cursor, target, suffixes);
  }
  if (suffixes.length === 0) return target;
  return { kind: "access", target, suffixes, start: target.start, end: lastEnd(cursor) };
}

function parsePrimary(cursor: Cursor): Expression {
  const token = peek(cursor);
  const span = { start: token.start, end: token.end };
  switch (token.kind) {
    case "number":
      take(cursor);
      return { kind: "number", text: token.text, ...span };
    case "variable":
      take(cursor);
      return { kind: "variable", name: token.text, ...span };
    case "location":
      take(cursor);
      return { kind: "location", ...span };
    case "name":
      return parseCall(cursor);
    case "field":
      // The leading dot of ".a" is the input; the field itself is read as the first suffix.
      return { kind: "identity", start: token.start, end: token.start };
    case "quote":
      return parseString(cursor);
    case "format":
      if (isStringAhead(cursor)) return parseString(cursor);
      take(cursor);
      return { kind: "format", name: token.text, ...span };
    case "keyword":
      if (token.text === "break") return parseBreak(cursor);
      break;
    case "symbol":
      return parseSymbolTerm(cursor, token);
  }
  throw unexpected(cursor, "an expression");
}

function parseSymbolTerm(cursor: Cursor, token: Token): Expression {
  switch (token.text) {
    case ".":
      return parseDot(cursor);
    case "..":
      take(cursor);
      return { kind: "recurse", start: token.start, end: token.end };
    case "(": {
      take(cursor);
      const body = cursor.grammar.expression(cursor);
      expectClose(cursor, "symbol", ")", token);
      return { kind: "group", body, start: token.start, end: lastEnd(cursor) };
    }
    case "[": {
      take(cursor);
      const body = isAt(cursor, "symbol", "]") ? undefined : cursor.grammar.expression(cursor);
      expectClose(cursor, "symbol", "]", token);
      const node = { kind: "array", start: token.start, end: lastEnd(cursor) } as const;
      return body === undefined ? node : { ...node, body };
    }
    case "{":
      return parseObject(cursor);
    case "$":
      return parseTakenVariable(cursor);
    default:
      throw unexpected(cursor, "an expression");
  }
}

function parseDot(cursor: Cursor): Expression {
  const dot = take(cursor);
  // ."name" reads a field: step back, so that the suffix rule sees the dot and the string together.
  if (isStringAhead(cursor)) {
    cursor.index -= 1;
    return { kind: "identity", start: dot.start, end: dot.start };
  }
  const next = peek(cursor);
  if (next.kind === "name" || next.kind === "variable") throw unexpected(cursor, 'a field name right after "."');
  return { kind: "identity", start: dot.start, end: dot.end };
}

/** jq's own builtins write `$$$$name` to read a variable and free it; programs may too. */
function parseTakenVariable(cursor: Cursor): Expression {
  const { start } = peek(cursor);
  for (let count = 0; count < 3; count++) {
    if (takeIf(cursor, "symbol", "$") === undefined) {
      throw unexpected(cursor, 'a variable name right after "$"', "Write a variable without a space: $name.");
    }
  }
  const token = expectKind(cursor, "variable", 'a variable name right after "$"');
  return { kind: "variable", name: token.text, start, end: token.end };
}

function parseBreak(cursor: Cursor): Expression {
  const { start } = take(cursor);
  const hint = "Write: label $out | … break $out ….";
  const token = expectKind(cursor, "variable", 'a $label after "break"', hint);
  if (!cursor.labels.includes(token.text)) {
    const message = `no "label $${token.text}" encloses this "break $${token.text}"`;
    throw syntaxError(cursor.text, start, message, hint);
  }
  return { kind: "break", name: token.text, start, end: token.end };
}

function parseCall(cursor: Cursor): Expression {
  const { text: name, start, end } = take(cursor);
  if (!isAt(cursor, "symbol", "(")) {
    if (name === "true" || name === "false") return { kind: "constant", value: name === "true", start, end };
    if (name === "null") return { kind: "constant", value: null, start, end };
    return { kind: "call", name, args: [], start, end };
  }
  const opener = take(cursor);
  if (isAt(cursor, "symbol", ")")) {
    const message = `"${name}()" has empty parentheses`;
    throw syntaxError(cursor.text, start, message, `A call without arguments has no parentheses: ${name}.`);
  }
  const args: Expression[] = [];
  do args.push(cursor.grammar.expression(cursor));
  while (takeIf(cursor, "symbol", ";") !== undefined);
  expectClose(cursor, "symbol", ")", opener);
  return { kind: "call", name, args, start, end: lastEnd(cursor) };
}

function parseSuffix(cursor: Cursor, target: Expression, before: readonly Suffix[]): Suffix | undefined {
  const token = peek(cursor);
  if (token.kind === "field") {
    take(cursor);
    return finishSuffix(cursor, { kind: "field", name: token.text, start: token.start });
  }
  if (token.kind !== "symbol") return undefined;
  if (token.text === "[") return parseBracketSuffix(cursor, token.start, true);
  if (token.text !== ".") return undefined;
  // A dot after ".." or a term needs a string or a bracket; a plain "." that starts a term was taken before.
  take(cursor);
  if (isStringAhead(cursor)) {
    return finishSuffix(cursor, { kind: "stringField", name: parseString(cursor), start: token.start });
  }
  if (!isAt(cursor, "symbol", "[")) {
    const text =
      target.kind === "number" && before.length === 0 ? "a value" : 'a field name, a string or "[" after "."';
    throw unexpected(cursor, text, "Write .name without a space, or take the extra dot away.");
  }
  return parseBracketSuffix(cursor, token.start, false);
}

type OpenSuffix =
  | { kind: "field"; name: string; start: number }
  | { kind: "stringField"; name: ReturnType<typeof parseString>; start: number }
  | { kind: "index"; key: Expression; start: number }
  | { kind: "slice"; from?: Expression; to?: Expression; start: number }
  | { kind: "each"; start: number };

function finishSuffix(cursor: Cursor, suffix: OpenSuffix): Suffix {
  const optional = takeIf(cursor, "symbol", "?") !== undefined;
  return { ...suffix, optional, end: lastEnd(cursor) };
}

function parseBracketSuffix(cursor: Cursor, start: number, allowsSlice: boolean): Suffix {
  const opener = take(cursor);
  if (takeIf(cursor, "symbol", "]") !== undefined) return finishSuffix(cursor, { kind: "each", start });
  if (allowsSlice && takeIf(cursor, "symbol", ":") !== undefined) {
    if (isAt(cursor, "symbol", "]")) {
      throw unexpected(
        cursor,
        'the end of the slice after ":"',
        "Write .[1:], .[:2] or .[1:2]; . alone is the whole value.",
      );
    }
    const to = cursor.grammar.expression(cursor);
    expectClose(cursor, "symbol", "]", opener);
    return finishSuffix(cursor, { kind: "slice", to, start });
  }
  const key = cursor.grammar.expression(cursor);
  const colon = isAt(cursor, "symbol", ":");
  if (colon && !allowsSlice) {
    throw syntaxError(
      cursor.text,
      peek(cursor).start,
      'a slice cannot follow ".["',
      "Write .a[1:2] without the dot before the bracket.",
    );
  }
  if (!colon) {
    expectClose(cursor, "symbol", "]", opener);
    return finishSuffix(cursor, { kind: "index", key, start });
  }
  take(cursor);
  const to = isAt(cursor, "symbol", "]") ? undefined : cursor.grammar.expression(cursor);
  expectClose(cursor, "symbol", "]", opener, "A slice has one colon: .[1:2].");
  return finishSuffix(cursor, { kind: "slice", from: key, ...(to === undefined ? {} : { to }), start });
}
