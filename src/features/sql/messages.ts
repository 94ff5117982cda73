// What SQLite says of a statement, in our own words; its own stay in the details, where they are fenced. Runs everywhere.
import { AppError } from "../../core/errors.ts";
import { didYouMean, nearNames } from "../../core/near-names.ts";
import { allowedFunctions } from "../../engines/sql/functions.ts";
import type { Rendered } from "../../engines/sql/statement.ts";
import { placeOf, placeText, type Token } from "../../engines/sql/tokens.ts";

/** What is known when a statement fails. */
export interface FailureContext {
  sql: string;
  tokens: readonly Token[];
  /** What ran, where the user's part begins in it, and that part. */
  text: string;
  userAt: number;
  rendered: Rendered;
  /** Tables, frames and datasets that could have been named; columns of those that were. */
  relations: readonly string[];
  columns: readonly string[];
  /** Names kept from the reader. */
  kept: readonly string[];
}

const useInstead: Readonly<Record<string, string>> = {
  now: "SQLite has no now(): use datetime('now') or CURRENT_TIMESTAMP.",
  median: "SQLite has no median(): use describe, or a window with row_number().",
  percentile: "SQLite has no percentile(): use describe, or a window with row_number().",
  stddev: "SQLite has no stddev(): use describe, or sqrt(avg(x*x) - avg(x)*avg(x)).",
  regexp: "SQLite has no regular expressions here: use LIKE or GLOB, or filter with jq.",
  date_trunc: "SQLite has no date_trunc(): use strftime('%Y-%m-01', d) or date(d, 'start of month').",
  extract: "SQLite has no extract(): use strftime('%Y', d).",
  to_char: "SQLite has no to_char(): use strftime or printf.",
  left: "SQLite has no left(): use substr(s, 1, n).",
  right: "SQLite has no right(): use substr(s, -n).",
  generate_series:
    "SQLite has no generate_series(): use WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10) SELECT i FROM n.",
  isnull: "Use ifnull(a, b) or a IS NULL.",
  len: "Use length(s).",
  if: "Use iif(condition, a, b) or CASE.",
  power: "Use pow(x, y).",
  log10: "Use log(x), which is to base 10; ln(x) is the natural one.",
  json_pretty: "json(x) writes JSON without blanks.",
  soundex: "SQLite has no soundex() here.",
  concat_agg: "Use group_concat(s, ',').",
  array_agg: "Use json_group_array(x).",
};

type Maker = (found: readonly string[], context: FailureContext, place: Place) => Words;
interface Words {
  code?: "sql_invalid" | "sql_forbidden" | "not_found" | "constraint_failed" | "too_large";
  message: string;
  hint: string;
  near?: readonly string[];
  /** The name that nothing has, as the caller wrote it. */
  name?: string;
}
interface Place {
  text: string;
  /** SQLite came to the end of the user's part. */
  isEnd?: boolean;
  details: Record<string, unknown>;
}

const rules: readonly [RegExp, Maker][] = [
  [/no such table: (?:main\.|temp\.)?(.+)$/, (found, context) => noTable(found[1] ?? "", context)],
  [/no such column: (.+)$/, (found, context, place) => noColumn(found[1] ?? "", context, place)],
  [/table .+ has no column named (.+)$/, (found, context, place) => noColumn(found[1] ?? "", context, place)],
  [/no such function: (.+)$/, (found, context, place) => noFunction(found[1] ?? "", context, place)],
  [/not authorized to use function: (.+)$/, (found, context) => forbiddenFunction(own(found[1] ?? "", context))],
  [/circular reference: (.+)$/, (found, context) => circular(found[1] ?? "", context)],
  [/'(.+)' is not a function$/, (found, context) => notFunction(found[1] ?? "", context)],
  [
    /near "(.+)": syntax error/,
    (found, context, place) =>
      place.isEnd === true
        ? incomplete()
        : {
            message: `SQL cannot be read${place.text}, at ${own(found[1] ?? "", context) ?? "that token"}.`,
            hint: "Check what stands before it: commas, quotes, keywords. Names that are keywords, or have other characters than letters, digits and _, go in double quotes.",
          },
  ],
  [/incomplete input/, incomplete],
  [
    /ambiguous column name: (.+)$/,
    (found, context, place) => ({
      message: `The column ${own(found[1] ?? "", context) ?? "named there"}${place.text} is in several of the tables.`,
      hint: "Write which: table.column.",
    }),
  ],
  [
    /wrong number of arguments to function (.+?)\(\)/,
    (found, context, place) => ({
      message: `The function ${own(found[1] ?? "", context) ?? "called there"}${place.text} takes another number of arguments.`,
      hint: "SQLite's documentation of the function says which.",
    }),
  ],
  [
    /misuse of (?:aliased )?(?:aggregate|window function)/,
    (_found, _context, place) => ({
      message: `An aggregate or window function stands${place.text} where none can.`,
      hint: "Put conditions on aggregates in HAVING, and those on windows around a subquery.",
    }),
  ],
  [
    /UNIQUE constraint failed|PRIMARY KEY constraint failed/,
    () =>
      constraint(
        "a value that occurs already where it must be unique",
        "Use INSERT … ON CONFLICT DO UPDATE, or change the value.",
      ),
  ],
  [
    /NOT NULL constraint failed/,
    () =>
      constraint("null where a value is required", "Give a value for each required column; describe_table names them."),
  ],
  [
    /CHECK constraint failed/,
    () =>
      constraint(
        "a value that breaks a check of the table, or is not one of its column's type",
        "describe_table shows checks and types.",
      ),
  ],
  [
    /FOREIGN KEY constraint failed/,
    () =>
      constraint(
        "a reference to a record that is not there, or takes away one that is referred to",
        "describe_table shows what refers to what.",
      ),
  ],
  [
    /cannot store .+ value in .+ column/,
    () => constraint("a value of another type than its column", "describe_table shows the columns' types."),
  ],
  [
    /datatype mismatch/,
    () => constraint("a value of another type than its column", "describe_table shows the columns' types."),
  ],
  [
    /string or blob too big|SQLITE_TOOBIG/,
    () => ({
      code: "too_large",
      message: "A value that this statement makes is larger than SQLite keeps.",
      hint: "Aggregate less at a time, or shorten texts with substr.",
    }),
  ],
  [
    /too many columns/,
    () => ({
      code: "too_large",
      message: "The result has more than 100 columns.",
      hint: "Name the columns that are needed.",
    }),
  ],
  [
    /too many terms in compound SELECT/,
    () => ({
      message: "UNION, INTERSECT and EXCEPT join at most 5 SELECTs in one statement.",
      hint: "Join some of them in a common table expression first, or use VALUES.",
    }),
  ],
  [
    /LIKE or GLOB pattern too complex/,
    () => ({
      message: "A pattern of LIKE or GLOB has at most 50 bytes.",
      hint: "Use instr(text, part) > 0 for a long part.",
    }),
  ],
  [
    /malformed JSON/,
    () => ({ message: "A text that is read as JSON is none.", hint: "Guard it: CASE WHEN json_valid(x) THEN … END." }),
  ],
  [
    /fts5: |unterminated string|unknown special query/,
    () => ({
      message: "The words after MATCH are no full-text query.",
      hint: 'Write words, "a phrase", prefix*, AND, OR, NOT; quote what holds punctuation: \'"a-b"\'.',
    }),
  ],
  [
    /unable to use function MATCH/,
    () => ({
      message: "MATCH works on a table's full-text index alone.",
      hint: "Write FROM <table>_fts WHERE <table>_fts MATCH '…'; describe_table says whether a table has one.",
    }),
  ],
  [
    /integer overflow/,
    () => ({ message: "A whole number goes beyond 64 bits.", hint: "Use total(x), or CAST(x AS REAL)." }),
  ],
  [
    /Expression tree is too large|parser stack overflow|too many (?:SQL variables|tables|FROM clause terms)|at most \d+ tables in a join/,
    () => ({
      message: "The statement is nested too deeply or joins too much at once.",
      hint: "Split it with common table expressions, or make frames of parts with sql_frame.",
    }),
  ],
  [
    /SELECTs to the left and right of .+ do not have the same number of result columns/,
    () => ({
      message: "The SELECTs of a UNION, INTERSECT or EXCEPT have different numbers of columns.",
      hint: "Give each the same columns in the same order.",
    }),
  ],
  [
    /(?:\d+ columns assigned|has \d+ columns but|\d+ values for \d+ columns|sub-select returns \d+ columns)/,
    () => ({
      message: "The number of values is not that of the columns.",
      hint: "Name the columns, and give a value for each.",
    }),
  ],
  [
    /not authorized|prohibited/,
    () => ({
      code: "sql_forbidden",
      message: "The statement does what is not allowed here.",
      hint: "Only tables, frames, datasets and functions that compute may be used.",
    }),
  ],
];

function incomplete(): Words {
  return {
    message: "The statement stops before it is complete.",
    hint: "Finish it: something is expected after its last word.",
  };
}

function constraint(what: string, hint: string): Words {
  return { code: "constraint_failed", message: `The statement would put in ${what}. Nothing was changed.`, hint };
}

/** A name that SQLite repeats, in quotes and as the statement has it; undefined unless it does: then it is not the caller's own word. */
function own(name: string, { tokens }: FailureContext): string | undefined {
  const plain = name.replace(/ at offset \d+$/, "").toLowerCase();
  const written = (part: string): string | undefined => {
    const token = tokens.find(({ text, value }) => text.toLowerCase() === part || value.toLowerCase() === part);
    return token?.kind === "quoted" || token?.kind === "string" ? token.value : token?.text;
  };
  const parts = written(plain) === undefined ? plain.split(".").map(written) : [written(plain)];
  return parts.includes(undefined) ? undefined : `"${parts.join(".")}"`;
}

const lastPart = (name: string): string => name.slice(name.lastIndexOf(".") + 1);

function noTable(name: string, context: FailureContext): Words {
  const near = nearNames(name, context.relations);
  const written = own(name, context);
  return {
    ...(written === undefined ? {} : { name: written.slice(1, -1) }),
    code: "not_found",
    message: `There is no table, frame or dataset ${written ?? "by a name of this statement"}.`,
    hint: didYouMean(near) ?? "list_tables shows the team's tables, list_data its frames, list_datasets its datasets.",
    near,
  };
}

function noColumn(name: string, context: FailureContext, place: Place): Words {
  const near = nearNames(lastPart(name), context.columns);
  return {
    message: `There is no column ${own(name, context) ?? "by a name of this statement"}${place.text}.`,
    hint: didYouMean(near) ?? "describe_table shows a table's columns, list_data those of frames.",
    near,
  };
}

function insteadOf(name: string): string | undefined {
  const key = name.toLowerCase();
  return Object.hasOwn(useInstead, key) ? useInstead[key] : undefined;
}

function noFunction(name: string, context: FailureContext, place: Place): Words {
  const near = nearNames(name, allowedFunctions);
  return {
    message: `There is no function ${own(name, context) ?? "by a name of this statement"}${place.text}.`,
    hint: insteadOf(name) ?? didYouMean(near) ?? "docs/guides/sql.md lists the functions there are.",
    near,
  };
}

/** The refusal of a function that does more than compute. */
export function forbiddenFunction(name: string | undefined): Words {
  const instead = insteadOf(name?.replaceAll('"', "") ?? "");
  return {
    code: "sql_forbidden",
    message: `The function ${name ?? "called there"} may not be used.`,
    hint: instead ?? "Only functions that compute may; docs/guides/sql.md lists them.",
  };
}

function circular(name: string, context: FailureContext): Words {
  if (!context.kept.includes(name.toLowerCase()))
    return {
      message: `The common table expression ${own(name, context) ?? "named there"} refers to itself.`,
      hint: "A recursion begins with a part that does not, before UNION ALL.",
    };
  return keptName(name, context);
}

function notFunction(name: string, context: FailureContext): Words {
  if (context.kept.includes(name.toLowerCase())) return keptName(name, context);
  return {
    message: `${own(name, context) ?? "What is called there"} takes no arguments: it is a table.`,
    hint: "Leave out the parentheses after its name.",
  };
}

function keptName(name: string, context: FailureContext): Words {
  return isOfServer(name) && !isOfUnseen(name, context.relations)
    ? forbiddenName(own(name, context))
    : noTable(name, context);
}

/** True for what SQLite keeps a full-text index in when the index's table is none that the caller knows: it is not told of either. */
export function isOfUnseen(name: string, known: readonly string[]): boolean {
  const table = /^(.+)_fts(?:_data|_idx|_docsize|_config)$/i.exec(name)?.[1]?.toLowerCase();
  return table !== undefined && !known.some((each) => each.toLowerCase() === table);
}

/** True for names that are the server's or SQLite's, whoever asks. */
export function isOfServer(name: string): boolean {
  return /^(?:sd_|sqlite_|_cf_|pragma_|fts5|dbstat|bytecode$|tables_used$|applied_migrations$)|_fts(?:_data|_idx|_docsize|_config)$/i.test(
    name,
  );
}

export function forbiddenName(name: string | undefined): Words {
  return {
    code: "sql_forbidden",
    message: `${name ?? "A table of the server"} is the server's own and may not be named.`,
    hint: "list_tables shows the tables there are, describe_table their columns.",
  };
}

export function forbiddenModule(): Words {
  return {
    code: "sql_forbidden",
    message: "A table function of the statement may not be used.",
    hint: "json_each and json_tree may, and <table>_fts of a table with full-text search.",
  };
}

/** The error of a statement that SQLite refuses; `error` is what it threw. */
export function sqlError(error: unknown, context: FailureContext): AppError {
  const said = error instanceof Error ? error.message : String(error);
  const message = said.replace(/: SQLITE_[A-Z]+(?: \(extended: [A-Z_]+\))?$/, "");
  const place = placeIn(message, context);
  const plain = message.replace(/ at offset \d+$/, "");
  for (const [pattern, make] of rules) {
    const found = pattern.exec(plain) ?? pattern.exec(said);
    if (found === null) continue;
    const words = make(found, context, place);
    // What is kept from the caller is said in the words for what is not there.
    const quoted = words.code === "not_found" ? `no such table: ${words.name ?? lastPart(found[1] ?? "")}` : plain;
    return wordsError(words, { ...place.details, sqlite: quoted });
  }
  return wordsError(
    { message: `SQLite refuses the statement${place.text}.`, hint: "What it says is in the details." },
    { ...place.details, sqlite: plain },
  );
}

export function wordsError(
  { code = "sql_invalid", message, hint, near, name }: Words,
  details: Record<string, unknown> = {},
): AppError {
  return new AppError(code, message, {
    hint,
    details: {
      ...details,
      ...(near === undefined || near.length === 0 ? {} : { near }),
      ...(name === undefined ? {} : { name }),
    },
  });
}

/** Where in the user's own text SQLite stumbled. It counts bytes of what ran. */
function placeIn(message: string, { sql, text, userAt, rendered }: FailureContext): Place {
  const offset = / at offset (\d+)$/.exec(message)?.[1];
  const nowhere = { text: "", details: {} };
  if (offset === undefined) return nowhere;
  const bytes = new TextEncoder().encode(text).subarray(0, Number(offset));
  const at = new TextDecoder().decode(bytes).length - userAt;
  if (at >= rendered.sql.length) return { ...nowhere, isEnd: true };
  const token = rendered.starts.findLast((start) => start.at <= at)?.token;
  if (at < 0 || token === undefined) return nowhere;
  const place = placeOf(sql, token.start);
  return { text: ` at ${placeText(place)}`, details: { ...place } };
}
