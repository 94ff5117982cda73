// Positions in a jq program and the syntax errors that point at them. Runs at the edge and in the object.
import { AppError } from "../../../core/errors.ts";

const SNIPPET_CHARS = 80;

/** A stretch of program text: offsets in UTF-16 units, the end is exclusive. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** A place as people count it: both from 1, columns in UTF-16 units. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** The line and column of an offset; an offset past the end is taken as the end. */
export function positionAt(text: string, offset: number): Position {
  const bounded = Math.max(0, Math.min(offset, text.length));
  let line = 1;
  let lineStart = 0;
  for (let next = text.indexOf("\n"); next !== -1 && next < bounded; next = text.indexOf("\n", next + 1)) {
    line += 1;
    lineStart = next + 1;
  }
  return { line, column: bounded - lineStart + 1 };
}

/** "line 2, column 5" for an offset. */
export function describePosition(text: string, offset: number): string {
  const { line, column } = positionAt(text, offset);
  return `line ${line}, column ${column}`;
}

/** The line an offset is on, cut to 80 characters around it. */
function snippetAt(text: string, offset: number): string {
  const { column } = positionAt(text, offset);
  const lineStart = Math.min(offset, text.length) - column + 1;
  const lineEnd = text.indexOf("\n", lineStart);
  const line = text.slice(lineStart, lineEnd === -1 ? text.length : lineEnd);
  const from = Math.max(0, Math.min(column - SNIPPET_CHARS / 2, line.length - SNIPPET_CHARS));
  return line.slice(from, from + SNIPPET_CHARS);
}

/** Program text quoted for a message, cut to 30 characters and kept on one line. */
export function quoteText(text: string): string {
  const flat = text.replaceAll("\n", " ");
  return `"${flat.length > 30 ? `${flat.slice(0, 30)}…` : flat}"`;
}

/** A `jq_syntax` AppError whose message starts with the place; details carry line, column and snippet. */
export function syntaxError(text: string, offset: number, message: string, hint?: string): AppError {
  const { line, column } = positionAt(text, offset);
  const options = { details: { line, column, snippet: snippetAt(text, offset) } };
  return new AppError(
    "jq_syntax",
    `line ${line}, column ${column}: ${message}`,
    hint === undefined ? options : { ...options, hint },
  );
}
