// Walks the tokens of a jq program for the parser: peeking, expecting, depth, errors. Runs at the edge and in the object.
import { AppError } from "../../../core/errors.ts";
import { jqLimits } from "../../../limits.ts";
import type { Expression } from "./ast.ts";
import type { Token, TokenKind } from "./lexer.ts";
import { tokenize } from "./lexer.ts";
import { mistakeHint } from "./mistakes.ts";
import { describePosition, positionAt, quoteText, syntaxError } from "./source.ts";

/** The two rules that every part of the grammar leans on; handed in so that no file imports in a circle. */
export interface Grammar {
  /** A whole expression: pipes, commas, bindings and definitions. */
  expression(cursor: Cursor): Expression;
  /** A single term with its suffixes, as `reduce`, `as` and object values take. */
  term(cursor: Cursor): Expression;
}

export interface Cursor {
  readonly text: string;
  readonly tokens: readonly Token[];
  readonly grammar: Grammar;
  /** Labels in scope, innermost last. */
  readonly labels: string[];
  index: number;
  depth: number;
}

/** A cursor at the start of a program. Throws `jq_program_length` and, for a NUL character, `jq_syntax`. */
export function openCursor(text: string, grammar: Grammar): Cursor {
  if (text.length > jqLimits.programChars) {
    throw new AppError(
      "jq_program_length",
      `The program has ${text.length} characters; the limit programChars is ${jqLimits.programChars}.`,
      {
        hint: "Shorten it, or pass long data as a parameter instead of writing it into the program.",
        details: { limit: "programChars", value: text.length, max: jqLimits.programChars },
      },
    );
  }
  const nul = text.indexOf("\0");
  if (nul !== -1) {
    const hint = 'Remove it, or write "\\u0000" inside a string.';
    throw syntaxError(text, nul, "a program cannot contain a NUL character", hint);
  }
  return { text, tokens: tokenize(text), grammar, labels: [], index: 0, depth: 0 };
}

/** The token at the cursor. Throws `jq_syntax` when the text there is no jq. */
export function peek(cursor: Cursor): Token {
  const token = cursor.tokens[cursor.index];
  if (token === undefined) throw new Error("the token list has no end");
  if (token.problem !== undefined) {
    throw syntaxError(cursor.text, token.problem.offset, token.problem.message, token.problem.hint);
  }
  return token;
}

/** The token at the cursor, which then moves on; it stays on the last one. */
export function take(cursor: Cursor): Token {
  const token = peek(cursor);
  if (token.kind !== "end") cursor.index += 1;
  return token;
}

/** True when the token at the cursor is this symbol or keyword. */
export function isAt(cursor: Cursor, kind: TokenKind, text: string): boolean {
  const token = peek(cursor);
  return token.kind === kind && token.text === text;
}

/** Takes the token when it is this symbol or keyword. */
export function takeIf(cursor: Cursor, kind: "symbol" | "keyword", text: string): Token | undefined {
  return isAt(cursor, kind, text) ? take(cursor) : undefined;
}

/** Where the last taken token ended. */
export function lastEnd(cursor: Cursor): number {
  return cursor.tokens[cursor.index - 1]?.end ?? 0;
}

/** The token at the cursor as a message names it: `"|"`, `a string`, `the end of the program`. */
export function describeFound(cursor: Cursor): string {
  const token = peek(cursor);
  if (token.kind === "end") return "the end of the program";
  if (token.kind === "quote") return "a string";
  return quoteText(cursor.text.slice(token.start, token.end));
}

/** The error "expected …, found …" at the cursor; its hint is the likely fix, else the one given. */
export function unexpected(cursor: Cursor, expected: string, hint?: string): AppError {
  const found = peek(cursor);
  const before2 = cursor.tokens[cursor.index - 2];
  const before = cursor.tokens[cursor.index - 1];
  const message = `expected ${expected}, found ${describeFound(cursor)}`;
  return syntaxError(cursor.text, found.start, message, mistakeHint({ before2, before, found }, hint));
}

/** Takes this symbol or keyword, or throws "expected …". `why` continues the sentence: `after "if" …`. */
export function expect(cursor: Cursor, kind: "symbol" | "keyword", text: string, why: string, hint?: string): Token {
  const token = takeIf(cursor, kind, text);
  if (token === undefined) throw unexpected(cursor, `"${text}" ${why}`, hint);
  return token;
}

/** Takes the closer of a bracket or keyword, or throws an error that says where it opened. */
export function expectClose(
  cursor: Cursor,
  kind: "symbol" | "keyword",
  text: string,
  opener: Token,
  hint?: string,
): Token {
  const shown = quoteText(cursor.text.slice(opener.start, opener.end));
  const why = `to close the ${shown} that opened at ${describePosition(cursor.text, opener.start)}`;
  const found = peek(cursor);
  const isMissing = found.kind === "end" || (found.kind === "symbol" && [")", "]", "}"].includes(found.text));
  const advice = isMissing ? `Add the missing "${text}".` : undefined;
  return expect(cursor, kind, text, why, hint ?? advice);
}

/** Takes a token of this kind, or throws "expected …". */
export function expectKind(cursor: Cursor, kind: TokenKind, expected: string, hint?: string): Token {
  if (peek(cursor).kind !== kind) throw unexpected(cursor, expected, hint);
  return take(cursor);
}

/** Runs a rule one level deeper. Throws `jq_nesting` past the limit `programDepth`. */
export function nested<T>(cursor: Cursor, rule: () => T): T {
  if (cursor.depth >= jqLimits.programDepth) {
    const { line, column } = positionAt(cursor.text, peek(cursor).start);
    throw new AppError(
      "jq_nesting",
      `line ${line}, column ${column}: the program nests deeper than the limit programDepth, ${jqLimits.programDepth} levels.`,
      {
        hint: "Move inner parts into functions (def name: …;) and call them.",
        details: { limit: "programDepth", max: jqLimits.programDepth, line, column },
      },
    );
  }
  cursor.depth += 1;
  const result = rule();
  cursor.depth -= 1;
  return result;
}
