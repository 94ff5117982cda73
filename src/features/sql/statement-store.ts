// A statement made ready to be read from: its names resolved, its parameters placed, its work bounded, and checked. Runs in the workspace.
import { AppError } from "../../core/errors.ts";
import type { Column } from "../../engines/frame/types.ts";
import { quoteName } from "../../engines/sql/identifiers.ts";
import { type Placed, placeParams } from "../../engines/sql/params.ts";
import {
  allCtes,
  isName,
  isWord,
  namesOf,
  type Rendered,
  readsUnnamedColumns,
  renderTokens,
  type Statement,
} from "../../engines/sql/statement.ts";
import { sqlLimits } from "../../workspace-limits.ts";
import type { Reader } from "../workspace/schema.ts";
import { costOf, explain, type Runnable, requireAllowed, requireSteps, type Touched } from "./check-store.ts";
import { type FailureContext, forbiddenName, isOfServer, isOfUnseen, sqlError, wordsError } from "./messages.ts";
import { inputColumns, type Resolved, resolveRelations, type SqlDeps } from "./relations-store.ts";
import type { Missing, SqlRequest } from "./schema.ts";

/** A statement that may be run as often as it takes. */
export interface Prepared {
  resolved: Resolved;
  touched: Touched;
  /** The names of its columns, each once. */
  names: string[];
  /** Columns of what it reads, whose types results may keep. */
  inputs: Column[];
  steps: number;
  notes: string[];
  /** SQL around the statement, which `body` and `clauses` are given in parentheses; clauses are common table expressions. */
  compose: (body: (user: string) => string, clauses?: (user: string) => string[]) => Runnable;
  /** What is thrown for an error of SQLite's. */
  failure: (error: unknown, runnable: Runnable) => AppError;
}

/** What ran when SQLite was asked to explain: places in its errors count from there. */
const explained = ({ text, values }: Runnable): Runnable => ({ text: `EXPLAIN ${text}`, values });

/** A parsed statement with what its names stand for and its parameters. */
export interface Bound {
  resolved: Resolved;
  placed: ReadonlyMap<number, Placed>;
  request: SqlRequest;
}

export function bindStatement(deps: SqlDeps, statement: Statement, request: SqlRequest, reader: Reader): Bound {
  const placed = placeParams(statement, request.params);
  const resolved = resolveRelations(deps, statement, reader, request.copies);
  requireOpen(resolved);
  return { resolved, placed, request };
}

/** Where `main.x` passes by what keeps x from being found: the tokens of `main`. */
function openings({ statement: { tokens }, kept }: Resolved): number[] {
  return tokens.flatMap((token, at) => {
    const schema = tokens[at - 2];
    if (tokens[at - 1]?.text !== "." || !isName(token) || !kept.includes(token.value.toLowerCase())) return [];
    return schema !== undefined && ["main", "temp"].includes(schema.value.toLowerCase()) ? [at - 2] : [];
  });
}

/** What is the server's own is refused by name. */
function requireOpen(resolved: Resolved): void {
  for (const at of openings(resolved)) {
    const name = resolved.statement.tokens[at + 2]?.value ?? "";
    if (isOfServer(name) && !isOfUnseen(name, resolved.known)) throw wordsError(forbiddenName(`"${name}"`));
  }
}

/** Tokens as they are run, with literals and numbered parameters in place, and the values of those. */
export function runnableTokens(
  { resolved, placed }: Bound,
  from: number,
  to: number,
  before: ReadonlyMap<number, string> = new Map(),
): Rendered & { values: (string | number)[] } {
  const { statement } = resolved;
  const values: (string | number)[] = [];
  // Without its `main.` a name that is kept from the caller is not found, as one that nobody has.
  const instead = new Map<number, string>(
    openings(resolved).flatMap((at) => [[at, ""] as const, [at + 1, ""] as const]),
  );
  for (const [index, place] of placed) {
    if (index < from || index >= to) continue;
    if ("literal" in place) instead.set(index, place.literal);
    else {
      values.push(place.bound);
      instead.set(index, `?${values.length}`);
    }
  }
  return { ...renderTokens(statement, from, to, { before, instead }), values };
}

/** The error of something that ran, where the user's part is `rendered` and begins at `userAt`. */
export function failureOf(
  { resolved, request }: Bound,
  rendered: Rendered,
  userAt: number,
  text: string,
  error: unknown,
): AppError {
  const context: FailureContext = {
    ...{ sql: resolved.statement.sql, tokens: resolved.statement.tokens, text, userAt, rendered, kept: resolved.kept },
    relations: [...resolved.known, ...request.datasets, ...request.copies.map(({ name }) => name)],
    columns: inputColumns(resolved).map(({ name }) => name),
  };
  return sqlError(error, context);
}

/** The dataset that a statement lacks by what SQLite says, if it is one that can be had. */
export function missingDataset(error: unknown, { datasets }: SqlRequest): Missing | undefined {
  const name = error instanceof Error ? /no such table: (.+?)(?:: SQLITE_ERROR)?$/.exec(error.message)?.[1] : undefined;
  const dataset = datasets.find((candidate) => candidate.toLowerCase() === name?.toLowerCase());
  return dataset === undefined ? undefined : { outcome: "missing", dataset };
}

const wordOf = "WITH RECURSIVE";

/**
 * Checks a statement that reads, and makes it ready. To be called in a transaction that is undone. Throws `sql_invalid`, `sql_forbidden`,
 * `not_found`, `too_large`; says so when a dataset's copy is missing.
 */
export function prepareRead(deps: SqlDeps, bound: Bound): Prepared | Missing {
  const { resolved, request } = bound;
  const { statement } = resolved;
  const limited = recursionLimits(statement, bound);
  const user = runnableTokens(bound, 0, statement.tokens.length, limited.before);
  const whole = `(\n${user.sql}\n)`;
  const compose: Prepared["compose"] = (body, clauses) => {
    const all = [...resolved.clauses, ...(clauses?.(whole) ?? [])];
    return { text: `${all.length === 0 ? "" : `${wordOf} ${all.join(", ")} `}${body(whole)}`, values: user.values };
  };
  const failure: Prepared["failure"] = (error, { text }) =>
    failureOf(bound, user, text.lastIndexOf(whole) + 2, text, error);
  const probe = compose((user) => `SELECT * FROM (SELECT * FROM ${user} LIMIT -1) LIMIT 0`);
  const attempt = <T>(work: () => T, runnable = probe): T => {
    try {
      return work();
    } catch (error) {
      if (error instanceof AppError) throw error;
      throw failure(error, runnable);
    }
  };
  let touched: Touched;
  try {
    touched = requireAllowed(deps, explain(deps, probe), resolved, false);
  } catch (error) {
    if (error instanceof AppError) throw error;
    const missing = missingDataset(error, request);
    if (missing !== undefined) return missing;
    throw failure(error, explained(probe));
  }
  const steps = attempt(() => boundWork(deps, bound, probe, limited.own));
  const { names, notes } = attempt(() => columnsOf(deps, probe));
  const inputs = inputColumns(touched);
  const said = [...notes, ...roundedDecimals(statement, touched)];
  return { resolved, touched, names, notes: said, steps, compose, failure, inputs };
}

/** Frames give decimals to SQL as floating point: said of those that it may round. */
function roundedDecimals(statement: Statement, { frames }: Touched): string[] {
  const names = namesOf(statement);
  const isAll = readsUnnamedColumns(statement);
  return frames.flatMap(({ name, frame }) =>
    frame.columns.flatMap((column) => {
      const isLong = column.type === "decimal" && (column.precision ?? 0) > 15;
      if (!isLong || !(isAll || names.has(column.name.toLowerCase()))) return [];
      return [`The decimals of ${name}.${column.name} are floating point in SQL, exact up to 15 digits.`];
    }),
  );
}

/** Names of the columns, and a note of those that had to be told apart. */
function columnsOf(deps: SqlDeps, probe: Runnable): { names: string[]; notes: string[] } {
  const cursor = deps.sql.exec(probe.text, ...probe.values);
  const given = cursor.columnNames;
  cursor.toArray();
  const taken = new Set(given.map((name) => name.toLowerCase()));
  const seen = new Set<string>();
  const notes: string[] = [];
  const names = given.map((name) => {
    // SQLite tells columns of one name apart by a colon and a number.
    const plain = nameOf(name);
    const key = plain.toLowerCase();
    if (!seen.has(key) && (plain === name || !taken.has(key))) {
      seen.add(key);
      return plain;
    }
    let count = 2;
    while (seen.has(`${key}_${count}`) || taken.has(`${key}_${count}`)) count += 1;
    seen.add(`${key}_${count}`);
    notes.push(
      `There are several columns ${JSON.stringify(plain)}: one is called ${JSON.stringify(`${plain}_${count}`)} here; give it a name with AS.`,
    );
    return `${plain}_${count}`;
  });
  return { names, notes };
}

/** A column's name as frames may have it. */
function nameOf(given: string): string {
  const name = given
    .replace(/:\d+$/, "")
    .replace(/\p{Cc}+/gu, " ")
    .trim()
    .slice(0, 120)
    .toWellFormed();
  return name === "" ? "column" : name;
}

interface OwnRecursion {
  name: string;
  /** Its closing parenthesis, as a token. */
  to: number;
  /** Its own LIMIT; without one, its rows are counted before the statement runs. */
  limit: number | undefined;
  /** It stands at the beginning of the statement, where it can be counted. */
  isFirst: boolean;
}

/** The statement's recursions. One at its beginning without a LIMIT is given one row more than it may come to, which is then looked for. */
function recursionLimits(
  statement: Statement,
  { placed }: Bound,
): { before: Map<number, string>; own: OwnRecursion[] } {
  const before = new Map<number, string>();
  const own: OwnRecursion[] = [];
  for (const { name, from, to } of allCtes(statement)) {
    const tokens = statement.tokens.slice(from, to);
    const isOwn = tokens.some((token) => isName(token) && token.value.toLowerCase() === name.toLowerCase());
    if (!isOwn || !tokens.some((token) => isWord(token, "union"))) continue;
    const limit = ownLimit(statement, from, to, placed);
    const isFirst = statement.ctes.some((cte) => cte.to === to);
    if (limit === undefined && isFirst) before.set(to, limitText(sqlLimits.recursionRows));
    own.push({ name: name.toLowerCase(), to, limit, isFirst });
  }
  return { before, own };
}

/** One row more than may be shows that there are more. */
const limitText = (rows: number): string => `\nLIMIT ${rows + 1}\n`;

/** The LIMIT of a common table expression's own, outside of its parentheses: a number, or NaN for one that only shows as it runs. */
function ownLimit(statement: Statement, from: number, to: number, placed: Bound["placed"]): number | undefined {
  let depth = 0;
  for (let at = from; at < to; at++) {
    const token = statement.tokens[at];
    if (token?.text === "(") depth += 1;
    if (token?.text === ")") depth -= 1;
    if (depth !== 0 || !isWord(token, "limit")) continue;
    const place = placed.get(at + 1);
    const text = place === undefined ? statement.tokens[at + 1]?.text : "literal" in place ? place.literal : "";
    // What an OFFSET passes over counts for no LIMIT.
    const rows = at + 2 === to && /^[0-9]+$/.test(text ?? "") ? Number(text) : Number.NaN;
    if (rows <= sqlLimits.recursionRows) return rows;
    throw new AppError(
      "too_large",
      `The recursion's LIMIT must be a number up to ${sqlLimits.recursionRows} (limit recursionRows).`,
      {
        hint: "Write the number itself, or leave LIMIT out: then its rows are counted before it runs.",
        details: { limit: "recursionRows", value: sqlLimits.recursionRows },
      },
    );
  }
  return undefined;
}

/** Bounds the work of a statement before it runs: that of its recursions by counting their rows, then all of it by its plan. */
function boundWork(deps: SqlDeps, bound: Bound, probe: Runnable, own: readonly OwnRecursion[]): number {
  const first = costOf(deps, probe, bound.resolved);
  const sizes = new Map<string, number>();
  for (const { name, stepCost, setupCost } of first.recursions) {
    const named = own.filter((each) => each.name === name);
    const [recursion] = named;
    // Of two by one name, one could be taken for the other.
    if (recursion === undefined || named.length > 1 || (recursion.limit === undefined && !recursion.isFirst))
      throw unboundRecursion();
    const most = Math.min(sqlLimits.recursionRows, Math.floor(sqlLimits.recursionSteps / stepCost));
    if ((recursion.limit ?? 1) > most || setupCost > sqlLimits.steps)
      throw endlessRecursion(name, bound.resolved.statement, most);
    sizes.set(name, recursion.limit ?? most);
  }
  for (const recursion of own) {
    const most = sizes.get(recursion.name);
    if (most === undefined || recursion.limit !== undefined) continue;
    sizes.set(recursion.name, countRecursion(deps, bound, recursion.name, sizes, own));
  }
  const { steps } = sizes.size === 0 ? first : costOf(deps, probe, bound.resolved, sizes);
  requireSteps(steps);
  return steps;
}

/** Rows that a recursion comes to, counted with a LIMIT so that it ends in any case. */
function countRecursion(
  deps: SqlDeps,
  bound: Bound,
  name: string,
  sizes: ReadonlyMap<string, number>,
  own: readonly OwnRecursion[],
): number {
  const { resolved } = bound;
  const most = sizes.get(name) ?? 0;
  const before = new Map<number, string>();
  for (const each of own)
    if (each.isFirst && each.limit === undefined)
      before.set(each.to, limitText(sizes.get(each.name) ?? sqlLimits.recursionRows));
  const user = runnableTokens(bound, 0, resolved.statement.body, before);
  const clauses = resolved.clauses.length === 0 ? "" : `${wordOf} ${resolved.clauses.join(", ")} `;
  const text = `${clauses}SELECT * FROM (\n${user.sql} SELECT count(*) AS rows FROM ${quoteName(name)})`;
  const runnable = { text, values: user.values };
  requireAllowed(deps, explain(deps, runnable), resolved, false);
  requireSteps(costOf(deps, runnable, resolved, sizes).steps);
  const { rows } = deps.sql.exec<{ rows: number }>(text, ...user.values).one();
  if (rows > most) throw endlessRecursion(name, resolved.statement, most);
  return rows;
}

function endlessRecursion(name: string, statement: Statement, most: number): AppError {
  const written = statement.ctes.find((cte) => cte.name.toLowerCase() === name)?.name ?? name;
  return new AppError(
    "too_large",
    `The recursion "${written}" comes to more than ${most} rows, if it ends at all (limits recursionRows, recursionSteps).`,
    {
      hint: "Stop it with a condition such as WHERE n < 1000, with UNION instead of UNION ALL where rows repeat, or with a LIMIT of its own.",
      details: { limit: "recursionRows", value: sqlLimits.recursionRows, most },
    },
  );
}

function unboundRecursion(): AppError {
  return new AppError(
    "too_large",
    "A recursion within a subquery may go on without end, and its rows cannot be counted there.",
    {
      hint: "Put WITH RECURSIVE at the beginning of the statement, each under a name of its own: there its rows are counted before it runs.",
    },
  );
}
