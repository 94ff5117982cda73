// The tokens of SQLite's SQL, cut where SQLite cuts them; what it would refuse is refused here with its place. Pure.
import { AppError } from "../../core/errors.ts";

export type TokenKind = "word" | "quoted" | "string" | "blob" | "number" | "param" | "punct";

export interface Token {
  kind: TokenKind;
  /** As it stands in the statement. */
  text: string;
  /** What it means: a name or text without its quotes, a word in lower case; of others the text. */
  value: string;
  start: number;
  end: number;
}

/** Line and column, both from 1, of a character of a text. */
export interface Place {
  line: number;
  column: number;
}

export function placeOf(text: string, at: number): Place {
  const before = text.slice(0, at);
  const line = before.split("\n").length;
  return { line, column: at - before.lastIndexOf("\n") };
}

export function placeText({ line, column }: Place): string {
  return `line ${line}, column ${column}`;
}

const spaces = /[ \t\n\f\r]/;
const nameStart = /[A-Za-z_\u0080-\uffff]/;
const namePart = /[A-Za-z0-9_$\u0080-\uffff]/;
// Zero-width, bidirectional and filler characters and spaces other than ASCII's: SQLite reads them as parts of names, people do not see them.
const unseen = /[\p{Cf}\p{Default_Ignorable_Code_Point}\p{Zs}\p{Zl}\p{Zp}]/u;
const numbers =
  /0[xX][0-9A-Fa-f]+(?:_[0-9A-Fa-f]+)*|(?:[0-9]+(?:_[0-9]+)*(?:\.(?:[0-9]+(?:_[0-9]+)*)?)?|\.[0-9]+(?:_[0-9]+)*)(?:[eE][+-]?[0-9]+(?:_[0-9]+)*)?/y;
const params = /\?[0-9]*|[:@$][A-Za-z0-9_]+/y;
const operators = /->>|->|\|\||<<|>>|<=|>=|<>|==|!=|[-+*/%&|~<>=(),.;]/y;

/**
 * The tokens of a text, without comments. Throws `sql_invalid` with line and column for what is no token: an open quote or comment, an
 * invisible character, a character SQL has no use for, a NUL or half a surrogate pair.
 */
export function tokenize(sql: string): Token[] {
  if (!sql.isWellFormed())
    throw new AppError("sql_invalid", "The statement holds half of a character (an unpaired surrogate).", {
      hint: "Send the text as whole Unicode characters.",
    });
  const nul = sql.indexOf("\u0000");
  if (nul >= 0) throw invalid(sql, nul, "a NUL character", "Take it out; char(0) makes one.");
  const tokens: Token[] = [];
  for (let at = skipBlank(sql, 0); at < sql.length; at = skipBlank(sql, at)) {
    const token = tokenAt(sql, at);
    tokens.push(token);
    at = token.end;
  }
  return tokens;
}

function invalid(sql: string, at: number, what: string, hint: string): AppError {
  const place = placeOf(sql, at);
  return new AppError("sql_invalid", `At ${placeText(place)} there is ${what}.`, { hint, details: { ...place } });
}

/** Past white space and comments. */
function skipBlank(sql: string, from: number): number {
  let at = from;
  for (;;) {
    while (spaces.test(sql[at] ?? "")) at += 1;
    if (sql.startsWith("--", at)) {
      const end = sql.indexOf("\n", at);
      at = end < 0 ? sql.length : end + 1;
    } else if (sql.startsWith("/*", at)) {
      const end = sql.indexOf("*/", at + 2);
      if (end < 0) throw invalid(sql, at, "a comment that does not end", "End it with */.");
      at = end + 2;
    } else return at;
  }
}

function tokenAt(sql: string, at: number): Token {
  const char = sql[at] ?? "";
  if (char === "'" || char === '"' || char === "`" || char === "[") return quotedAt(sql, at, char);
  if ((char === "x" || char === "X") && sql[at + 1] === "'") return blobAt(sql, at);
  if (nameStart.test(char)) return wordAt(sql, at);
  if (/[0-9]/.test(char) || (char === "." && /[0-9]/.test(sql[at + 1] ?? ""))) return numberAt(sql, at);
  const param = matchAt(params, sql, at);
  if (param !== undefined) return { kind: "param", text: param, value: param, start: at, end: at + param.length };
  const operator = matchAt(operators, sql, at);
  if (operator !== undefined)
    return { kind: "punct", text: operator, value: operator, start: at, end: at + operator.length };
  const what = /\p{Cc}/u.test(char)
    ? `the control character ${codePoint(char)}`
    : `the character ${char}, which SQL has no use for`;
  throw invalid(sql, at, what, "Take it out, or quote it: 'text' or \"name\".");
}

function matchAt(pattern: RegExp, sql: string, at: number): string | undefined {
  pattern.lastIndex = at;
  return pattern.exec(sql)?.[0];
}

function codePoint(char: string): string {
  return `U+${(char.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}`;
}

function quotedAt(sql: string, at: number, open: string): Token {
  const close = open === "[" ? "]" : open;
  let value = "";
  for (let from = at + 1; ; ) {
    const end = sql.indexOf(close, from);
    if (end < 0) throw invalid(sql, at, `a quote (${open}) that does not end`, `End it with ${close}.`);
    value += sql.slice(from, end);
    if (open === "[" || sql[end + 1] !== close) {
      const kind = open === "'" ? "string" : "quoted";
      return { kind, text: sql.slice(at, end + 1), value, start: at, end: end + 1 };
    }
    value += close;
    from = end + 2;
  }
}

function blobAt(sql: string, at: number): Token {
  const found = /^[xX]'(?:[0-9A-Fa-f]{2})*'/.exec(sql.slice(at, at + 2 + (sql.indexOf("'", at + 2) - at)))?.[0];
  if (found === undefined)
    throw invalid(sql, at, "a malformed blob", "Write it as x'…' with two hexadecimal digits for each byte.");
  return { kind: "blob", text: found, value: found, start: at, end: at + found.length };
}

function wordAt(sql: string, at: number): Token {
  let end = at;
  while (namePart.test(sql[end] ?? "")) end += 1;
  const text = sql.slice(at, end);
  const hidden = unseen.exec(text);
  if (hidden !== null) {
    const hint = "Take it out, or use a plain space.";
    throw invalid(sql, at + hidden.index, `the invisible character ${codePoint(hidden[0])}`, hint);
  }
  return { kind: "word", text, value: text.toLowerCase(), start: at, end };
}

function numberAt(sql: string, at: number): Token {
  const text = matchAt(numbers, sql, at) ?? "";
  if (namePart.test(sql[at + text.length] ?? ""))
    throw invalid(sql, at, "a malformed number", "Put a space after the number, or quote the name.");
  return { kind: "number", text, value: text, start: at, end: at + text.length };
}
