// SQL expressions that users write into a table's definition: what they may hold, and their columns' names. Pure.
import { AppError } from "../../core/errors.ts";
import { didYouMean, nearNames } from "../../core/near-names.ts";
import { quoteName } from "../../engines/sql/identifiers.ts";

type TokenKind = "word" | "name" | "number" | "text" | "sign" | "space";
interface Token {
  kind: TokenKind;
  text: string;
  /** Of a word or name: what it names. */
  name: string;
}

const patterns: readonly [TokenKind, RegExp][] = [
  ["space", /\s+/y],
  ["text", /[xX]'[0-9a-fA-F]*'|'(?:[^']|'')*'/y],
  ["name", /"(?:[^"]|"")+"|`(?:[^`]|``)+`|\[[^\]]+\]/y],
  ["number", /0[xX][0-9a-fA-F]+|(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?/y],
  ["word", /[A-Za-z_\u0080-\uffff][A-Za-z0-9_$\u0080-\uffff]*/y],
  ["sign", /->>|->|\|\||<=|>=|<>|==|!=|<<|>>|[-+*/%<>=&|~(),]/y],
];

const keywords: ReadonlySet<string> = new Set(
  (
    "and or not in is null isnull notnull between like glob escape case when then else end cast as collate true false distinct from " +
    "integer real text blob numeric nocase binary rtrim"
  ).split(" "),
);
const clockWords: ReadonlySet<string> = new Set(["current_timestamp", "current_date", "current_time"]);

/** Functions that depend on their arguments alone and make nothing large. */
const functions: ReadonlySet<string> = new Set(
  (
    "abs ceil ceiling coalesce concat concat_ws date datetime exp floor glob hex ifnull iif instr json json_array_length " +
    "json_extract json_type json_valid julianday length like ln log log10 log2 lower ltrim max min mod nullif octet_length pow power " +
    "replace round rtrim sign sqrt strftime substr substring time trim trunc typeof unhex unicode unixepoch upper"
  ).split(" "),
);

/** Where an expression stands, and whose columns it may name. */
export interface ExpressionPlace {
  /** What it is called in errors, e.g. `The check of the column "price"`. */
  what: string;
  columns: readonly string[];
  /** It may ask for the time: a default may, a check may not. */
  clock: boolean;
}

/**
 * Throws `invalid_argument` for anything but one SQL expression made of the row's own columns, literals, operators and functions that do
 * nothing else. What passes stays inside the parentheses that are put around it.
 */
export function requireExpression(text: string, place: ExpressionPlace): void {
  const tokens = tokensOf(text, place).filter(({ kind }) => kind !== "space");
  let depth = 0;
  const known = new Set(place.columns.map((name) => name.toLowerCase()));
  for (const [index, token] of tokens.entries()) {
    const next = tokens[index + 1]?.text;
    if (token.text === "(") depth += 1;
    if (token.text === ")") depth -= 1;
    if (depth < 0) throw refuse(place, "closes a parenthesis that it did not open");
    if (depth === 0 && token.text === ",") throw refuse(place, "is more than one expression");
    if (token.kind === "word") requireWord(token, next, known, place);
    else if (token.kind === "name") requireColumn(token.name, known, place);
    if (token.kind === "word" && token.name.toLowerCase() === "in" && next !== "(")
      throw refuse(place, "has an IN without a list in parentheses");
  }
  if (tokens.length === 0) throw refuse(place, "is empty");
  if (depth > 0) throw refuse(place, "leaves a parenthesis open");
}

function requireWord(token: Token, next: string | undefined, known: ReadonlySet<string>, place: ExpressionPlace): void {
  const word = token.name.toLowerCase();
  if (keywords.has(word) && !known.has(word)) return;
  if (next === "(" && !keywords.has(word)) {
    if (functions.has(word)) return;
    throw refuse(place, `calls ${token.name}(), which a table's definition may not`, {
      hint: `Functions that it may call: ${[...functions].join(", ")}.`,
    });
  }
  if (place.clock && clockWords.has(word)) return;
  if (keywords.has(word)) return;
  requireColumn(token.name, known, place);
}

function requireColumn(name: string, known: ReadonlySet<string>, place: ExpressionPlace): void {
  if (known.has(name.toLowerCase())) return;
  const near = nearNames(name, place.columns);
  const own = place.columns.length === 0 ? "It may name no column." : `The columns are ${place.columns.join(", ")}.`;
  throw refuse(place, `names "${name}", which is no column of the table`, {
    hint: `${didYouMean(near) ?? own} Texts stand in single quotes; subqueries and other statements are not allowed.`,
  });
}

function refuse(place: ExpressionPlace, why: string, { hint = exampleHint }: { hint?: string } = {}): AppError {
  return new AppError("invalid_argument", `${place.what} ${why}.`, { hint });
}

const exampleHint = "Give one SQL condition over the row's columns, e.g. `price >= 0 AND currency IN ('EUR', 'USD')`.";

function tokensOf(text: string, place: ExpressionPlace): Token[] {
  const tokens: Token[] = [];
  for (let at = 0; at < text.length; ) {
    const found = text.startsWith("--", at) || text.startsWith("/*", at) ? undefined : tokenAt(text, at);
    if (found === undefined) {
      throw refuse(place, `holds something at character ${at + 1} that an expression may not`, {
        hint: "Use columns, literals, operators and functions alone: no `;`, no comments, no parameters, no dots between names.",
      });
    }
    tokens.push(found);
    at += found.text.length;
  }
  return tokens;
}

function tokenAt(text: string, at: number): Token | undefined {
  for (const [kind, pattern] of patterns) {
    pattern.lastIndex = at;
    const [found] = pattern.exec(text) ?? [];
    if (found !== undefined) return { kind, text: found, name: nameOf(kind, found) };
  }
  return undefined;
}

function nameOf(kind: TokenKind, text: string): string {
  if (kind !== "name") return text;
  const quote = text[0] ?? "";
  const inner = text.slice(1, -1);
  return quote === "[" ? inner : inner.replaceAll(quote + quote, quote);
}

/** True when the expression names the column. */
export function namesColumn(text: string, column: string): boolean {
  return renameInExpression(text, column, `${column}_`) !== text;
}

/** The expression with a column under its new name. It was let through by `requireExpression`. */
export function renameInExpression(text: string, from: string, to: string): string {
  const tokens = tokensOf(text, { what: "This expression", columns: [], clock: true });
  const wanted = from.toLowerCase();
  return tokens
    .map((token, index) => {
      const isName = token.kind === "name" || (token.kind === "word" && !isFunctionOrType(tokens, index));
      return isName && token.name.toLowerCase() === wanted ? quoteName(to) : token.text;
    })
    .join("");
}

/** True for what is called, and for the type after CAST's AS or the collation after COLLATE, whatever columns there are. */
function isFunctionOrType(tokens: readonly Token[], index: number): boolean {
  const before = tokens.slice(0, index).findLast(({ kind }) => kind !== "space");
  const after = tokens.slice(index + 1).find(({ kind }) => kind !== "space");
  return after?.text === "(" || (before?.kind === "word" && /^(as|collate)$/i.test(before.text));
}
