// The syntax tree of an expression, and how an error points into its text. Pure.
import { AppError, type ErrorDetails } from "../../../core/errors.ts";

/** Where a piece of the text begins and ends, in characters from 0. */
export interface Place {
  start: number;
  end: number;
}

export type CompareOperator = "=" | "!=" | "<" | "<=" | ">" | ">=";
export type BinaryOperator = "+" | "-" | "*" | "/" | "//" | "%" | "**" | "||" | "and" | "or";

export type Node = Place &
  (
    | { kind: "null" }
    | { kind: "bool"; value: boolean }
    | { kind: "number"; text: string }
    | { kind: "text"; value: string }
    /** DATE '…' and TIMESTAMP '…'. */
    | { kind: "typed"; type: string; value: string }
    | { kind: "column"; name: string }
    | { kind: "unary"; operator: "-" | "not"; operand: Node }
    | { kind: "binary"; operator: BinaryOperator; left: Node; right: Node }
    | { kind: "compare"; operator: CompareOperator; left: Node; right: Node }
    | { kind: "between"; value: Node; low: Node; high: Node; negated: boolean }
    /** `isPandas`: null is a value like others, so that the answer is never null. */
    | { kind: "in"; value: Node; items: Node[]; negated: boolean; isPandas: boolean }
    /** `nanToo`: as pandas has it, NaN is no value either. */
    | { kind: "isNull"; value: Node; negated: boolean; nanToo: boolean }
    | { kind: "like"; value: Node; pattern: Node; escapedBy: Node | undefined; negated: boolean; ignoreCase: boolean }
    | { kind: "case"; subject: Node | undefined; branches: { when: Node; result: Node }[]; otherwise: Node | undefined }
    | { kind: "cast"; value: Node; to: string; toPlace: Place; isTry: boolean }
    | { kind: "call"; name: string; namePlace: Place; args: Node[] }
  );

const shownChars = 72;

/** The refusal of an expression: what is wrong, where, and the line with a caret below the place. Code `expression_invalid`. */
export function expressionError(
  source: string,
  place: Place,
  problem: string,
  options: { hint?: string; details?: ErrorDetails } = {},
): AppError {
  const before = source.slice(0, place.start);
  const lineStart = before.lastIndexOf("\n") + 1;
  const line = before.split("\n").length;
  const column = place.start - lineStart + 1;
  const lineEnd = source.indexOf("\n", place.start);
  const text = source.slice(lineStart, lineEnd < 0 ? source.length : lineEnd);
  const from = Math.max(0, Math.min(column - 1 - shownChars / 2, text.length - shownChars));
  const shown = text.slice(from, from + shownChars).replaceAll(/[\t\r]/g, " ");
  const width = Math.max(1, Math.min(place.end - place.start, shown.length - (column - 1 - from)));
  const caret = `${" ".repeat(column - 1 - from)}${"^".repeat(width)}`;
  return new AppError("expression_invalid", `Line ${line}, column ${column}: ${problem}\n  ${shown}\n  ${caret}`, {
    ...(options.hint === undefined ? {} : { hint: options.hint }),
    details: { line, column, ...options.details },
  });
}
