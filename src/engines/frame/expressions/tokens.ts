// The words of an expression, read one at a time: what a bracket means depends on where it stands. Pure.
import { expressionError, type Place } from "./syntax.ts";

export type Token = Place &
  (
    | { kind: "number" | "word" | "operator"; text: string }
    /** 'text', "name or text" and `name`: what is between the quotes. */
    | { kind: "text" | "quoted" | "backticked"; text: string }
    | { kind: "end"; text: "" }
  );

const operators = [
  ..."** // || == != <> <= >= && :: ->".split(" "),
  ..."= < > + - * / % & | ~ ! ( ) [ ] , . : @ ^ ? ;".split(" "),
];
const blank = /(?:\s|--[^\n]*|\/\*[\s\S]*?\*\/)*/y;
const number = /(?:\d+(?:_\d+)*(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?/y;
const word = /[\p{L}_][\p{L}\p{N}_]*/uy;

/** The first token at or after `position`. Throws `expression_invalid` for a quote that does not end and a character that means nothing. */
export function tokenAt(source: string, position: number): Token {
  const start = position + (match(blank, source, position)?.length ?? 0);
  const char = source[start];
  if (char === undefined) return { kind: "end", text: "", start, end: start };
  if (char === "'") return quoted(source, start, "text");
  if (char === '"') return quoted(source, start, "quoted");
  if (char === "`") return quoted(source, start, "backticked");
  const digits = match(number, source, start);
  if (digits !== undefined) {
    const end = start + digits.length;
    const glued = match(word, source, end);
    if (glued !== undefined) {
      throw expressionError(source, { start, end: end + glued.length }, `"${digits}${glued}" is no number.`, {
        hint: "A column's name that begins with a digit stands in `backticks`.",
      });
    }
    return { kind: "number", text: digits.replaceAll("_", ""), start, end };
  }
  const letters = match(word, source, start);
  if (letters !== undefined) return { kind: "word", text: letters, start, end: start + letters.length };
  const operator = operators.find((text) => source.startsWith(text, start));
  if (operator !== undefined) return { kind: "operator", text: operator, start, end: start + operator.length };
  const [whole = char] = source.slice(start, start + 2);
  throw expressionError(source, { start, end: start + whole.length }, `"${whole}" means nothing in an expression.`, {
    hint: "A column's name with other characters stands in `backticks`, text in 'single quotes'.",
  });
}

function match(pattern: RegExp, source: string, position: number): string | undefined {
  pattern.lastIndex = position;
  return pattern.exec(source)?.[0];
}

/** A quote is doubled within quotes, as SQL has it; a backslash is a character like others. */
function quoted(source: string, start: number, kind: "text" | "quoted" | "backticked"): Token {
  const quote = source[start] ?? "";
  let text = "";
  for (let index = start + 1; index < source.length; index++) {
    const char = source[index] ?? "";
    if (char !== quote) text += char;
    else if (source[index + 1] === quote) {
      text += quote;
      index += 1;
    } else return { kind, text, start, end: index + 1 };
  }
  throw expressionError(source, { start, end: start + 1 }, "this quote is not closed.", {
    hint: `End it with ${quote}; a ${quote} within is doubled.`,
  });
}
