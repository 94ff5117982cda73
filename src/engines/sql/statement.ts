// One statement of SQL: that it is one, what it does, the names in it, and its text with other tokens put in. Pure.
import { AppError } from "../../core/errors.ts";
import { sqlLimits } from "../../workspace-limits.ts";
import { placeOf, placeText, type Token, tokenize } from "./tokens.ts";

/** One `name AS (…)` of a WITH. */
export interface Cte {
  name: string;
  /** Tokens between its parentheses: the first, and the closing parenthesis. */
  from: number;
  to: number;
}

export interface Statement {
  sql: string;
  tokens: readonly Token[];
  /** The first word: select, with, values, insert … in lower case. */
  first: string;
  /** What it does in the end: the word after the common table expressions when it begins with WITH; undefined when that cannot be read. */
  verb: string | undefined;
  /** The common table expressions at its beginning. */
  ctes: readonly Cte[];
  /** The token after those, 0 without any. */
  body: number;
  /** It began with EXPLAIN QUERY PLAN; the rest is what stands here. */
  isPlan: boolean;
}

/**
 * Reads one statement. Throws `sql_invalid` for none, several, parentheses that do not match, or what is no token; `too_large` for a text that
 * is too long; `sql_forbidden` for a plain EXPLAIN.
 */
export function parseStatement(sql: string): Statement {
  if (sql.length > sqlLimits.chars) {
    throw new AppError(
      "too_large",
      `The statement has ${sql.length} characters; ${sqlLimits.chars} are the most (limit chars).`,
      {
        hint: "Send long lists of values as a parameter with JSON and json_each(?), or load them as a frame.",
        details: { limit: "chars", value: sqlLimits.chars, characters: sql.length },
      },
    );
  }
  const all = tokenize(sql);
  while (all.at(-1)?.text === ";") all.pop();
  const tokens = all;
  if (tokens.length === 0)
    throw new AppError("sql_invalid", "There is no statement.", {
      hint: "Write one, e.g. SELECT count(*) FROM orders.",
    });
  requireOne(sql, tokens);
  requireBalanced(sql, tokens);
  const isPlan = wordsAt(tokens, 0, ["explain", "query", "plan"]);
  if (!isPlan && isWord(tokens[0], "explain"))
    throw new AppError("sql_forbidden", "EXPLAIN alone is not offered.", { hint: "Use EXPLAIN QUERY PLAN SELECT …" });
  return shapeOf(sql, isPlan ? tokens.slice(3) : tokens, isPlan);
}

function shapeOf(sql: string, tokens: Token[], isPlan: boolean): Statement {
  const first = tokens[0]?.kind === "word" ? tokens[0].value : "";
  if (first !== "with") return { sql, tokens, first, verb: first, ctes: [], body: 0, isPlan };
  const clause = withClause(tokens, 0);
  const next = clause === undefined ? undefined : tokens[clause.end];
  const verb = next?.kind === "word" ? next.value : undefined;
  return { sql, tokens, first, verb, ctes: clause?.ctes ?? [], body: clause?.end ?? 0, isPlan };
}

function requireOne(sql: string, tokens: readonly Token[]): void {
  const end = tokens.find(({ text }) => text === ";");
  if (end === undefined) return;
  const place = placeOf(sql, end.start);
  throw new AppError(
    "sql_invalid",
    `The statement ends at ${placeText(place)} and more follows: one statement a call.`,
    {
      hint: "Send each statement in a call of its own.",
      details: { ...place },
    },
  );
}

function requireBalanced(sql: string, tokens: readonly Token[]): void {
  const open: Token[] = [];
  for (const token of tokens) {
    if (token.text === "(") open.push(token);
    if (token.text === ")" && open.pop() === undefined) throw unbalanced(sql, token);
  }
  const left = open.pop();
  if (left !== undefined) throw unbalanced(sql, left);
}

function unbalanced(sql: string, token: Token): AppError {
  const place = placeOf(sql, token.start);
  return new AppError("sql_invalid", `The parenthesis at ${placeText(place)} has no counterpart.`, {
    hint: "Each ( needs one ) after it.",
    details: { ...place },
  });
}

/** True for this keyword; a quoted name is none. */
export function isWord(token: Token | undefined, word: string): boolean {
  return token?.kind === "word" && token.value === word;
}

function wordsAt(tokens: readonly Token[], at: number, words: readonly string[]): boolean {
  return words.every((word, index) => isWord(tokens[at + index], word));
}

/** True for what can be a name: SQLite takes strings as names, too. */
export function isName(token: Token | undefined): boolean {
  return token?.kind === "word" || token?.kind === "quoted" || token?.kind === "string";
}

/** The index after the parenthesis that closes the one at `open`. */
export function afterClose(tokens: readonly Token[], open: number): number {
  let depth = 0;
  for (let at = open; at < tokens.length; at++) {
    if (tokens[at]?.text === "(") depth += 1;
    if (tokens[at]?.text === ")" && --depth === 0) return at + 1;
  }
  return tokens.length;
}

/** The common table expressions of the WITH at `at`, and the token after them; undefined when it reads as none. */
function withClause(tokens: readonly Token[], start: number): { ctes: Cte[]; end: number } | undefined {
  const ctes: Cte[] = [];
  let at = start + 1;
  if (isWord(tokens[at], "recursive")) at += 1;
  for (;;) {
    const name = tokens[at];
    if (!isName(name)) return undefined;
    at += 1;
    if (tokens[at]?.text === "(") at = afterClose(tokens, at);
    if (!isWord(tokens[at], "as")) return undefined;
    at += 1;
    if (isWord(tokens[at], "not")) at += 1;
    if (isWord(tokens[at], "materialized")) at += 1;
    if (tokens[at]?.text !== "(") return undefined;
    const end = afterClose(tokens, at);
    ctes.push({ name: name?.value ?? "", from: at + 1, to: end - 1 });
    at = end;
    if (tokens[at]?.text !== ",") return { ctes, end: at };
    at += 1;
  }
}

/** All common table expressions, wherever they stand. */
export function allCtes({ tokens }: Statement): Cte[] {
  return tokens.flatMap((token, at) => (isWord(token, "with") ? (withClause(tokens, at)?.ctes ?? []) : []));
}

/** Their names in lower case. */
export function cteNames(statement: Statement): Set<string> {
  return new Set(allCtes(statement).map(({ name }) => name.toLowerCase()));
}

/** Every name and text of the statement in lower case, as it was first written: what may name a table, a column or a function. */
export function namesOf(statement: Statement): Map<string, string> {
  const names = new Map<string, string>();
  for (const token of statement.tokens) {
    if (!isName(token)) continue;
    const written = token.kind === "word" ? token.text : token.value;
    const key = written.toLowerCase();
    if (!names.has(key)) names.set(key, written);
  }
  return names;
}

/** True when columns may be read that are not named: `*` in a list of columns, NATURAL, or a table alone after IN. */
export function readsUnnamedColumns({ tokens }: Statement): boolean {
  return tokens.some((token, at) => {
    if (isWord(token, "natural")) return true;
    if (isWord(token, "in")) return isName(tokens[at + 1]);
    if (token.text !== "*") return false;
    const before = tokens[at - 1];
    return (
      before?.text === "," ||
      before?.text === "." ||
      ["select", "distinct", "all", "returning"].some((word) => isWord(before, word))
    );
  });
}

/** Text that goes before tokens, and tokens that are written otherwise, by the tokens' index. */
export interface Edits {
  before?: ReadonlyMap<number, string>;
  instead?: ReadonlyMap<number, string>;
}

/** Statement text as it is run, and where each of its tokens begins there. */
export interface Rendered {
  sql: string;
  starts: { at: number; token: Token }[];
}

/** The tokens from `from` to before `to` as text: as written, but without comments, and with `edits`. */
export function renderTokens(statement: Statement, from: number, to: number, edits: Edits = {}): Rendered {
  const starts: Rendered["starts"] = [];
  let sql = "";
  let end: number | undefined;
  for (let index = from; index < to; index++) {
    const token = statement.tokens[index];
    if (token === undefined) break;
    const gap = end === undefined ? "" : statement.sql.slice(end, token.start);
    sql += /^[ \t\n\f\r]*$/.test(gap) ? gap : " ";
    sql += edits.before?.get(index) ?? "";
    starts.push({ at: sql.length, token });
    sql += edits.instead?.get(index) ?? token.text;
    end = token.end;
  }
  const last = edits.before?.get(to);
  return { sql: last === undefined ? sql : sql + last, starts };
}
