// Cuts a jq 1.7.1 program into tokens, strings and their interpolations included. Runs at the edge and in the object.
import { invalidCharacterHint } from "./mistakes.ts";
import type { Span } from "./source.ts";
import { quoteText } from "./source.ts";

export type TokenKind =
  | "symbol"
  | "keyword"
  | "name"
  | "field"
  | "variable"
  | "location"
  | "number"
  | "format"
  | "quote"
  | "text"
  | "interpolation"
  | "interpolationEnd"
  | "quoteEnd"
  | "invalid"
  | "end";

/** `text` is the symbol, keyword, name without its sigil, number as written, or the decoded characters of a string. */
export interface Token extends Span {
  readonly kind: TokenKind;
  readonly text: string;
  /** Only on "invalid": what is wrong, and where, when that is not the token's start. */
  readonly problem?: { readonly offset: number; readonly message: string; readonly hint: string };
}

const keywords: ReadonlySet<string> = new Set(
  "as import include module def if then else elif and or end reduce foreach try catch label break".split(" "),
);

const blank = /[ \n\t]+|#[^\n]*/y;
const number = /(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?/y;
const name = /(?:[a-zA-Z_]\w*::)*[a-zA-Z_]\w*/y;
const variable = /\$(?:[a-zA-Z_]\w*::)*[a-zA-Z_]\w*/y;
const field = /\.[a-zA-Z_]\w*/y;
const format = /@\w+/y;
const symbol = /\?\/\/|\/\/=|\/\/|[|+\-*/%<>=!]=|\.\.|[.?=;,:|+\-*/%$<>()[\]{}]/y;
const plainText = /[^"\\]+/y;

const simpleEscapes: ReadonlyMap<string, string> = new Map([
  ["b", "\b"],
  ["f", "\f"],
  ["n", "\n"],
  ["r", "\r"],
  ["t", "\t"],
  ['"', '"'],
  ["\\", "\\"],
  ["/", "/"],
]);

const closerOf: ReadonlyMap<string, string> = new Map([
  ["(", ")"],
  ["[", "]"],
  ["{", "}"],
]);

/** What is open at a place: a bracket (by the closer it needs), a string, or an interpolation, each with its offset. */
interface Open {
  readonly kind: ")" | "]" | "}" | "string" | "interpolation";
  readonly offset: number;
}

interface Scanner {
  readonly text: string;
  readonly tokens: Token[];
  readonly open: Open[];
  at: number;
}

/**
 * The tokens of a program, closed by an "end" token. Text that is no jq ends the list early with an "invalid" token
 * that carries the problem, so that the parser reports whichever error comes first.
 */
export function tokenize(text: string): Token[] {
  const scanner: Scanner = { text, tokens: [], open: [], at: 0 };
  while (scanner.at < text.length) {
    const inString = scanner.open.at(-1)?.kind === "string";
    const token = inString ? scanString(scanner) : scanCode(scanner);
    if (token === undefined) continue;
    scanner.tokens.push(token);
    if (token.kind === "invalid") return scanner.tokens;
    scanner.at = token.end;
  }
  const unclosed = scanner.open.findLast((entry) => entry.kind === "string" || entry.kind === "interpolation");
  if (unclosed?.kind === "string") {
    const message = "this string is never closed";
    scanner.tokens.push(invalid(scanner, unclosed.offset, message, 'Add the missing " at its end.'));
  }
  scanner.tokens.push({ kind: "end", text: "", start: text.length, end: text.length });
  return scanner.tokens;
}

function match(scanner: Scanner, pattern: RegExp): string | undefined {
  pattern.lastIndex = scanner.at;
  return pattern.exec(scanner.text)?.[0];
}

function token(scanner: Scanner, kind: TokenKind, length: number, text: string): Token {
  return { kind, text, start: scanner.at, end: scanner.at + length };
}

function invalid(scanner: Scanner, offset: number, message: string, hint: string): Token {
  return { kind: "invalid", text: "", start: scanner.at, end: scanner.at, problem: { offset, message, hint } };
}

/** The next token outside strings; undefined after white space or a comment, which it steps over. */
function scanCode(scanner: Scanner): Token | undefined {
  const skipped = match(scanner, blank);
  if (skipped !== undefined) {
    scanner.at += skipped.length;
    return undefined;
  }
  if (scanner.text[scanner.at] === '"') {
    scanner.open.push({ kind: "string", offset: scanner.at });
    return token(scanner, "quote", 1, '"');
  }
  return scanWord(scanner) ?? scanSymbol(scanner) ?? invalidCharacter(scanner);
}

function scanWord(scanner: Scanner): Token | undefined {
  const digits = match(scanner, number);
  if (digits !== undefined) return token(scanner, "number", digits.length, digits);
  const word = match(scanner, name);
  if (word !== undefined) return token(scanner, keywords.has(word) ? "keyword" : "name", word.length, word);
  const bound = match(scanner, variable);
  if (bound !== undefined) {
    return token(scanner, bound === "$__loc__" ? "location" : "variable", bound.length, bound.slice(1));
  }
  const property = match(scanner, field);
  if (property !== undefined) return token(scanner, "field", property.length, property.slice(1));
  const formatter = match(scanner, format);
  if (formatter !== undefined) return token(scanner, "format", formatter.length, formatter.slice(1));
  return undefined;
}

function scanSymbol(scanner: Scanner): Token | undefined {
  const found = match(scanner, symbol);
  if (found === undefined) return undefined;
  const closer = closerOf.get(found);
  if (closer === ")" || closer === "]" || closer === "}") {
    scanner.open.push({ kind: closer, offset: scanner.at });
    return token(scanner, "symbol", 1, found);
  }
  const top = scanner.open.at(-1)?.kind;
  if (found === ")" && top === "interpolation") {
    scanner.open.pop();
    return token(scanner, "interpolationEnd", 1, found);
  }
  // A closer that closes nothing is left to the parser, which knows what is open and since where.
  if (found === top) scanner.open.pop();
  return token(scanner, "symbol", found.length, found);
}

function invalidCharacter(scanner: Scanner): Token {
  const character = String.fromCodePoint(scanner.text.codePointAt(scanner.at) ?? 0);
  const shown = /^[\p{L}\p{N}\p{P}\p{S}]$/u.test(character)
    ? quoteText(character)
    : `the character U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}`;
  const message = `${shown} means nothing in jq outside a string`;
  return invalid(scanner, scanner.at, message, invalidCharacterHint(scanner.text, scanner.at, character));
}

function scanString(scanner: Scanner): Token {
  const plain = match(scanner, plainText);
  if (plain !== undefined) return token(scanner, "text", plain.length, plain);
  if (scanner.text[scanner.at] === '"') {
    scanner.open.pop();
    return token(scanner, "quoteEnd", 1, '"');
  }
  if (scanner.text[scanner.at + 1] === "(") {
    scanner.open.push({ kind: "interpolation", offset: scanner.at });
    return token(scanner, "interpolation", 2, "\\(");
  }
  return scanEscape(scanner);
}

function scanEscape(scanner: Scanner): Token {
  const letter = scanner.text[scanner.at + 1] ?? "";
  if (letter === "u") return scanUnicodeEscape(scanner);
  const decoded = simpleEscapes.get(letter);
  if (decoded !== undefined) return token(scanner, "text", 2, decoded);
  const hint =
    letter === "'"
      ? "A single quote needs no backslash inside a string."
      : 'jq knows \\n \\t \\r \\b \\f \\/ \\" \\\\ \\uXXXX and \\(expression); in a regular expression double the backslash: "\\\\d".';
  return invalid(scanner, scanner.at, `unknown escape ${quoteText(`\\${letter}`)} in a string`, hint);
}

function hexEscapeAt(text: string, offset: number): number | undefined {
  const found = /^\\u([0-9a-fA-F]{4})/.exec(text.slice(offset, offset + 6))?.[1];
  return found === undefined ? undefined : Number.parseInt(found, 16);
}

function scanUnicodeEscape(scanner: Scanner): Token {
  const unit = hexEscapeAt(scanner.text, scanner.at);
  if (unit === undefined) {
    const message = 'a "\\u" escape needs four hexadecimal digits';
    return invalid(scanner, scanner.at, message, 'Write for example "\\u00e9", or the character itself.');
  }
  if (unit >= 0xdc00 && unit <= 0xdfff) return token(scanner, "text", 6, "\ufffd");
  if (unit < 0xd800 || unit > 0xdfff) return token(scanner, "text", 6, String.fromCharCode(unit));
  const low = hexEscapeAt(scanner.text, scanner.at + 6);
  if (low === undefined || low < 0xdc00 || low > 0xdfff) {
    const message = "this \\u escape is the first half of a surrogate pair and the second half is missing";
    return invalid(scanner, scanner.at, message, 'Write both halves, as in "\\ud83d\\ude00", or the character itself.');
  }
  return token(scanner, "text", 12, String.fromCharCode(unit, low));
}
