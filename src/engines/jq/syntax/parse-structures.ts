// The parts of the jq grammar with braces and quotes: strings, objects, destructuring patterns. Runs at the edge and in the object.
import type { Expression, ObjectEntry, Pattern, PatternEntry, Step, StringNode, StringPart } from "./ast.ts";
import { constantKind } from "./constants.ts";
import type { Cursor } from "./cursor.ts";
import { expect, expectClose, expectKind, isAt, lastEnd, nested, peek, take, takeIf, unexpected } from "./cursor.ts";
import { quoteText, syntaxError } from "./source.ts";

/** True when a string, with or without a format before it, starts at the cursor. */
export function isStringAhead(cursor: Cursor): boolean {
  const { kind } = peek(cursor);
  return kind === "quote" || (kind === "format" && cursor.tokens[cursor.index + 1]?.kind === "quote");
}

/** A string, its format and its interpolations. */
export function parseString(cursor: Cursor): StringNode {
  const { start } = peek(cursor);
  const format = peek(cursor).kind === "format" ? take(cursor).text : undefined;
  expectKind(cursor, "quote", "a string");
  const parts: StringPart[] = [];
  while (peek(cursor).kind !== "quoteEnd") {
    const token = take(cursor);
    if (token.kind === "text") {
      parts.push({ kind: "text", value: token.text, start: token.start, end: token.end });
      continue;
    }
    parts.push(cursor.grammar.expression(cursor));
    if (peek(cursor).kind !== "interpolationEnd") {
      expectClose(cursor, "symbol", ")", token, 'Close the interpolation: "… \\(expression) …".');
    }
    take(cursor);
  }
  take(cursor);
  const node = { kind: "string", parts, start, end: lastEnd(cursor) } as const;
  return format === undefined ? node : { ...node, format };
}

/** `{a: 1, $x, "b c", (e): v}`, from its brace to its closing brace. */
export function parseObject(cursor: Cursor): Expression {
  const opener = take(cursor);
  const entries: ObjectEntry[] = [];
  while (!isAt(cursor, "symbol", "}")) {
    entries.push(nested(cursor, () => parseEntry(cursor)));
    if (takeIf(cursor, "symbol", ",") === undefined) break;
  }
  expectClose(cursor, "symbol", "}", opener, valueHint(cursor, entries));
  return { kind: "object", entries, start: opener.start, end: lastEnd(cursor) };
}

function valueHint(cursor: Cursor, entries: readonly ObjectEntry[]): string {
  const found = peek(cursor);
  if (entries.at(-1)?.value === undefined && found.kind === "symbol" && found.text === ":") {
    return 'Put an unusual key in quotes or parentheses: {"a b": 1, (.key): 2}.';
  }
  const isOver = found.kind === "end" || (found.kind === "symbol" && [")", "]", ";"].includes(found.text));
  if (isOver) return 'Add the missing "}".';
  return "Put a computed value in parentheses: {total: (.price * .count)}.";
}

function parseEntry(cursor: Cursor): ObjectEntry {
  const { start } = peek(cursor);
  const { key, needsValue, takesValue } = parseEntryKey(cursor);
  if (takesValue && takeIf(cursor, "symbol", ":") !== undefined) {
    return { key, value: parseEntryValue(cursor), start, end: lastEnd(cursor) };
  }
  if (needsValue) throw unexpected(cursor, '":" and a value after the object key');
  return { key, start, end: lastEnd(cursor) };
}

function parseEntryKey(cursor: Cursor): { key: string | Expression; needsValue: boolean; takesValue: boolean } {
  const token = peek(cursor);
  if (token.kind === "name" || token.kind === "keyword") {
    return { key: take(cursor).text, needsValue: false, takesValue: true };
  }
  if (token.kind === "variable") {
    take(cursor);
    const key = { kind: "variable", name: token.text, start: token.start, end: token.end } as const;
    return { key, needsValue: false, takesValue: true };
  }
  if (token.kind === "location") {
    take(cursor);
    return { key: { kind: "location", start: token.start, end: token.end }, needsValue: false, takesValue: false };
  }
  if (isStringAhead(cursor)) return { key: parseString(cursor), needsValue: false, takesValue: true };
  if (token.kind === "symbol" && token.text === "(") {
    return { key: parseComputedKey(cursor), needsValue: true, takesValue: true };
  }
  throw unexpected(cursor, "an object key", keyHint(cursor));
}

function keyHint(cursor: Cursor): string {
  const found = peek(cursor);
  if (found.kind === "number") return `Object keys are strings: write "${found.text}".`;
  if (found.kind === "field")
    return `Write the key without its dot ({${found.text}} or {${found.text}: …}), or compute it: {(.${found.text}): …}.`;
  return 'Keys are names, strings, $variables or (expressions): {a: 1, "b c": 2, (.key): 3}.';
}

function parseComputedKey(cursor: Cursor): Expression {
  const opener = take(cursor);
  const body = cursor.grammar.expression(cursor);
  expectClose(cursor, "symbol", ")", opener);
  const kind = constantKind(body);
  if (kind !== undefined && kind !== "string") {
    const shown = quoteText(cursor.text.slice(body.start, body.end));
    const message = `cannot use the ${kind} ${shown} as an object key`;
    throw syntaxError(
      cursor.text,
      body.start,
      message,
      'Object keys are strings: write {"1": …} or {(.key | tostring): …}.',
    );
  }
  return { kind: "group", body, start: opener.start, end: lastEnd(cursor) };
}

/** Values are terms joined by pipes, with a minus before any of them; everything else needs parentheses. */
function parseEntryValue(cursor: Cursor): Expression {
  const steps: Step[] = [];
  do steps.push(parseSignedTerm(cursor));
  while (takeIf(cursor, "symbol", "|") !== undefined);
  const [first] = steps;
  if (
    steps.length === 1 &&
    first !== undefined &&
    first.kind !== "def" &&
    first.kind !== "bind" &&
    first.kind !== "label"
  ) {
    return first;
  }
  return { kind: "pipeline", steps, start: first?.start ?? 0, end: lastEnd(cursor) };
}

function parseSignedTerm(cursor: Cursor): Expression {
  const token = peek(cursor);
  if (takeIf(cursor, "symbol", "-") !== undefined) {
    const operand = nested(cursor, () => parseSignedTerm(cursor));
    return { kind: "negate", operand, start: token.start, end: lastEnd(cursor) };
  }
  if (token.kind === "keyword" && ["if", "reduce", "foreach", "try", "def", "label"].includes(token.text)) {
    const hint = `Put it in parentheses: {key: (${token.text} …)}.`;
    throw syntaxError(cursor.text, token.start, `an object value cannot start with "${token.text}"`, hint);
  }
  return cursor.grammar.term(cursor);
}

/** `$x`, `[…]` or `{…}`, with the `?//` alternatives after it. */
export function parsePatterns(cursor: Cursor): Pattern[] {
  const patterns = [parsePattern(cursor)];
  while (takeIf(cursor, "symbol", "?//") !== undefined) patterns.push(parsePattern(cursor));
  return patterns;
}

function parsePattern(cursor: Cursor): Pattern {
  return nested(cursor, () => {
    const token = peek(cursor);
    if (token.kind === "variable") {
      take(cursor);
      return { kind: "variablePattern", name: token.text, start: token.start, end: token.end };
    }
    if (token.kind === "symbol" && token.text === "[") return parseArrayPattern(cursor);
    if (token.kind === "symbol" && token.text === "{") return parseObjectPattern(cursor);
    const hint = token.kind === "name" ? `Variables start with "$": as $${token.text} | ….` : undefined;
    throw unexpected(
      cursor,
      "a variable, [array] or {object} pattern",
      hint ?? "Write for example: . as {name: $name, tags: [$first]} | ….",
    );
  });
}

function parseArrayPattern(cursor: Cursor): Pattern {
  const opener = take(cursor);
  const items: Pattern[] = [];
  do items.push(parsePattern(cursor));
  while (takeIf(cursor, "symbol", ",") !== undefined);
  expectClose(cursor, "symbol", "]", opener, 'Add the missing "]" to the pattern.');
  return { kind: "arrayPattern", items, start: opener.start, end: lastEnd(cursor) };
}

function parseObjectPattern(cursor: Cursor): Pattern {
  const opener = take(cursor);
  const entries: PatternEntry[] = [];
  do entries.push(parsePatternEntry(cursor));
  while (takeIf(cursor, "symbol", ",") !== undefined);
  expectClose(cursor, "symbol", "}", opener, 'Add the missing "}" to the pattern.');
  return { kind: "objectPattern", entries, start: opener.start, end: lastEnd(cursor) };
}

function parsePatternEntry(cursor: Cursor): PatternEntry {
  const token = peek(cursor);
  const { start } = token;
  if (token.kind === "variable") {
    take(cursor);
    const variable = token.text;
    if (takeIf(cursor, "symbol", ":") === undefined) return { variable, start, end: token.end };
    return { variable, value: parsePattern(cursor), start, end: lastEnd(cursor) };
  }
  const key = parsePatternKey(cursor);
  expect(
    cursor,
    "symbol",
    ":",
    "and a pattern after the key",
    "Bind the key to a variable: {name: $name}, or shorter {$name}.",
  );
  const value = parsePattern(cursor);
  return { ...(typeof key === "string" ? { name: key } : { key }), value, start, end: lastEnd(cursor) };
}

function parsePatternKey(cursor: Cursor): string | Expression {
  const token = peek(cursor);
  if (isStringAhead(cursor)) return parseString(cursor);
  if (token.kind === "symbol" && token.text === "(") return parseComputedKey(cursor);
  if (token.kind === "name" || token.kind === "keyword") return take(cursor).text;
  throw unexpected(
    cursor,
    "a key or a variable in the object pattern",
    "Write for example: . as {name: $name, $id} | ….",
  );
}
