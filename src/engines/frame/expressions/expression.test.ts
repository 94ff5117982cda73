import { describe, expect, it } from "vitest";
import { isAppError } from "../../../core/errors.ts";
import type { Column, Row } from "../types.ts";
import { compileCondition, compileExpression } from "./expression.ts";
import { writer } from "./values.ts";

const columns: Column[] = [
  { name: "amount", type: "int" },
  { name: "big", type: "int64" },
  { name: "x", type: "float", special: true },
  { name: "ok", type: "bool" },
  { name: "name", type: "text" },
  { name: "day", type: "date" },
  { name: "at", type: "timestamp", unit: "us", timezone: "Europe/Berlin" },
  { name: "local", type: "timestamp", unit: "s" },
  { name: "price", type: "decimal", precision: 10, scale: 2 },
  { name: "doc", type: "json" },
  { name: "raw", type: "binary" },
  { name: "two words", type: "int" },
  { name: "empty", type: "int" },
  { name: "geo.lat", type: "float" },
  { name: "nan", type: "float", special: true },
  { name: "date", type: "text" },
];
const row: Row = [
  ...[7, "9007199254740993", 1.5, true, "Äpfel & Birnen", "2024-02-29", "2024-02-29T23:30:00.000001Z"],
  ...["2024-03-01T08:05:09", "12.50", { a: [1, { b: "z" }], n: 5 }, "00ff", 3, null, 52.5, "NaN", "2024-05-06"],
];

/** The value as a frame keeps it, and its type. */
function run(source: string): unknown {
  const { type, run: evaluate } = compileExpression(source, columns);
  const value = evaluate(row, 1);
  return [type?.type ?? "null", type === undefined ? value : writer(type)(value)];
}

function refusal(
  source: string,
  compile: (source: string) => unknown = run,
): { message: string; hint: string | undefined } {
  try {
    compile(source);
  } catch (error) {
    if (!isAppError(error)) throw error;
    expect(error.code).toBe("expression_invalid");
    return { message: error.message, hint: error.hint };
  }
  throw new Error(`"${source}" was not refused`);
}

const tables: Record<string, [source: string, type: string, value: unknown][]> = {
  literals: [
    ["42", "int", 42],
    ["1_000", "int", 1000],
    ["-9223372036854775808", "int64", "-9223372036854775808"],
    ["9007199254740993", "int64", "9007199254740993"],
    [".5", "float", 0.5],
    ["1e3", "float", 1000],
    ["'it''s'", "text", "it's"],
    ['name == "Äpfel & Birnen"', "bool", true],
    ["True", "bool", true],
    ["FALSE", "bool", false],
    ["DATE '2024-12-31'", "date", "2024-12-31"],
    ["TIMESTAMP '2024-12-31 23:59:00.5'", "timestamp", "2024-12-31T23:59:00.500"],
    ["TIMESTAMP '2024-12-31T23:59:00+02:00'", "timestamp", "2024-12-31T21:59:00Z"],
    ["None", "null", null],
    ["amount -- a comment\n + 1 /* and one more */", "int", 8],
  ],
  "names of columns": [
    ["AMOUNT", "int", 7],
    ["`two words`", "int", 3],
    ["[two words]", "int", 3],
    ['"two words"', "int", 3],
    ["df['two words']", "int", 3],
    ['df["two words"]', "int", 3],
    ["df.amount", "int", 7],
    ["geo.lat", "float", 52.5],
    ["date", "text", "2024-05-06"],
    ["date(date)", "date", "2024-05-06"],
  ],
  arithmetic: [
    ["1 + 2 * 3", "int", 7],
    ["(1 + 2) * 3", "int", 9],
    ["amount / 2", "float", 3.5],
    ["amount // 2", "int", 3],
    ["-amount // 2", "int", -4],
    ["-amount % 3", "int", 2],
    ["mod(-amount, 3)", "int", -1],
    ["amount / 0", "float", null],
    ["amount // 0", "int", null],
    ["amount % 0", "int", null],
    ["2 ** 3 ** 2", "float", 512],
    ["-2 ** 2", "float", -4],
    ["big + 1", "int64", "9007199254740994"],
    ["big - big", "int64", "0"],
    ["amount * -0", "int", 0],
    ["price * 3", "decimal", "37.50"],
    ["price + 0.125", "float", 12.625],
    ["price / 2", "float", 6.25],
    ["empty + 1", "int", null],
    ["x + nan", "float", "NaN"],
    ["'a' || 'b'", "text", "ab"],
    ["'a' + 'b'", "text", "ab"],
    ["name || NULL", "text", null],
    ["day + 1", "date", "2024-03-01"],
    ["day - 366", "date", "2023-02-28"],
    ["DATE '2024-03-01' - day", "int", 1],
  ],
  comparisons: [
    ["amount = 7", "bool", true],
    ["amount == 7", "bool", true],
    ["amount <> 7", "bool", false],
    ["amount != 8", "bool", true],
    ["1 < amount <= 7", "bool", true],
    ["big = 9007199254740993", "bool", true],
    ["big > 9007199254740992.0", "bool", true],
    ["price = 12.5", "bool", true],
    ["price < 12.51", "bool", true],
    ["price > x", "bool", true],
    ["name > 'Z'", "bool", true],
    ["'\u{1F600}' > '\uFF5E'", "bool", true],
    ["day < '2024-03-01'", "bool", true],
    ["day = local", "bool", false],
    ["local >= DATE '2024-03-01'", "bool", true],
    ["at < '2024-03-01T00:30:00+01:00'", "bool", false],
    ["at > '2024-02-29T23:30:00'", "bool", true],
    ["local = '2024-03-01 08:05:09.000'", "bool", true],
    ["nan = nan", "bool", true],
    ["nan > 1e308", "bool", true],
    ["empty = 1", "bool", null],
    ["ok = true", "bool", true],
    ["amount between 1 and 7", "bool", true],
    ["amount not between 1 and 7", "bool", false],
    ["empty between 1 and 2", "bool", null],
  ],
  logic: [
    ["ok and amount > 1", "bool", true],
    ["ok & (amount > 10) | name = 'x'", "bool", false],
    ["~ok", "bool", false],
    ["not ok or amount = 7", "bool", true],
    ["!ok", "bool", false],
    ["empty > 1 or ok", "bool", true],
    ["empty > 1 and ok", "bool", null],
    ["empty > 1 and not ok", "bool", false],
    ["null or true", "bool", true],
    ["ok is true", "bool", true],
    ["empty is null", "bool", true],
    ["nan is null", "bool", false],
    ["name is not null", "bool", true],
  ],
  "lists and patterns": [
    ["amount in (1, 7)", "bool", true],
    ["amount in [1, 2]", "bool", false],
    ["amount not in (1, 2)", "bool", true],
    ["amount in (1, null)", "bool", null],
    ["amount in ()", "bool", false],
    ["name in ['Äpfel & Birnen']", "bool", true],
    ['name in ["Äpfel & Birnen"]', "bool", true],
    ["day in ('2024-02-29')", "bool", true],
    ["empty in (1)", "bool", null],
    ["name like '%birnen'", "bool", true],
    ["name like 'äpfel%'", "bool", false],
    ["name ilike 'äpfel%'", "bool", true],
    ["name like '_pfel % Birnen'", "bool", true],
    ["'50%' like '50!%' escape '!'", "bool", true],
    ["'500' like '50!%' escape '!'", "bool", false],
    ["name not like 'x%'", "bool", true],
  ],
  "case and cast": [
    ["case when amount > 5 then 'many' else 'few' end", "text", "many"],
    ["case amount when 1 then 'one' when 7 then 'seven' end", "text", "seven"],
    ["case when empty > 1 then 1 end", "int", null],
    ["case when ok then 1 else 2.5 end", "float", 1],
    ["case when ok then day else '2024-01-01' end", "date", "2024-02-29"],
    ["iif(ok, amount, null)", "int", 7],
    ["CAST('12' AS int)", "int", 12],
    ["CAST(x AS int)", "int", 1],
    ["CAST(amount AS text)", "text", "7"],
    ["CAST(2.0 AS text)", "text", "2.0"],
    ["CAST(price AS text)", "text", "12.50"],
    ["CAST('1.005' AS decimal(10, 2))", "decimal", "1.01"],
    ["CAST(local AS date)", "date", "2024-03-01"],
    ["CAST(day AS timestamp)", "timestamp", "2024-02-29T00:00:00.000000"],
    ["CAST('yes' AS bool)", "bool", true],
    ["TRY_CAST(name AS int)", "int", null],
    ["'12'::float", "float", 12],
    ["name.astype('text')", "text", "Äpfel & Birnen"],
    ["amount.astype(float)", "float", 7],
    ["CAST(json_extract(doc, '$.a[1].b') AS text)", "text", "z"],
    ["CAST(json_extract(doc, '$.n') AS int)", "int", 5],
    ["json_extract(doc, '$.a')", "json", [1, { b: "z" }]],
    ["json_extract(doc, '$.missing.part')", "json", null],
  ],
  functions: [
    ["abs(-3)", "int", 3],
    ["abs(-2.5)", "float", 2.5],
    ["round(2.5)", "float", 3],
    ["round(-2.5)", "float", -3],
    ["round(2.345, 2)", "float", 2.35],
    ["round(price, 1)", "decimal", "12.50"],
    ["round(1250, -2)", "int", 1300],
    ["floor(-1.5)", "float", -2],
    ["ceil(price)", "decimal", "13"],
    ["sqrt(16)", "float", 4],
    ["sqrt(-1)", "float", null],
    ["ln(0)", "float", null],
    ["log10(1000)", "float", 3],
    ["pow(2, 10)", "float", 1024],
    ["sign(-2)", "int", -1],
    ["isnan(nan)", "bool", true],
    ["lower(name)", "text", "äpfel & birnen"],
    ["upper('straße')", "text", "STRASSE"],
    ["length('a\u{1F600}b')", "int", 3],
    ["substr('abcdef', 2, 3)", "text", "bcd"],
    ["substr('abcdef', -2)", "text", "ef"],
    ["left('abc', 2)", "text", "ab"],
    ["trim('  a ')", "text", "a"],
    ["trim('xxaxx', 'x')", "text", "a"],
    ["replace('aba', 'a', 'x')", "text", "xbx"],
    ["instr('h\u{1F600}llo', 'l')", "int", 3],
    ["contains(name, 'Birnen')", "bool", true],
    ["concat('a', null, 1, true)", "text", "a1true"],
    ["coalesce(empty, amount)", "int", 7],
    ["nullif(amount, 7)", "int", null],
    ["min(3, amount, 5)", "int", 3],
    ["greatest('a', 'b')", "text", "b"],
    ["max(1, null)", "int", null],
    ["year(day)", "int", 2024],
    ["year('2020-01-02')", "int", 2020],
    ["date(at)", "date", "2024-02-29"],
    ["date_diff('month', day, '2024-05-01')", "int", 3],
    ["date_diff('hour', '2024-02-29T23:59:59', local)", "int", 9],
    ["date_trunc('month', day)", "date", "2024-02-01"],
    ["date_trunc('hour', at)", "timestamp", "2024-02-29T23:00:00.000000Z"],
    ["date_trunc('week', local)", "timestamp", "2024-02-26T00:00:00"],
    ["strftime('%Y-%m', day)", "text", "2024-02"],
    ["strftime(local, '%d.%m.%y %H:%M:%S %j')", "text", "01.03.24 08:05:09 061"],
  ],
  "methods of pandas": [
    ["name.isin(['x', 'Äpfel & Birnen'])", "bool", true],
    ['df["name"].isin(["x"])', "bool", false],
    ["empty.isin([1])", "bool", false],
    ["empty.isin([1, None])", "bool", true],
    ["amount.between(7, 9)", "bool", true],
    ["amount.between(7, 9, inclusive='neither')", "bool", false],
    ["empty.isnull()", "bool", true],
    ["nan.isna()", "bool", true],
    ["name.notnull()", "bool", true],
    ["empty.fillna(0)", "int", 0],
    ["nan.fillna(0.5)", "float", 0.5],
    ["name.str.contains('&')", "bool", true],
    ['df.name.str.contains("birnen", case=False)', "bool", true],
    ["name.str.contains('x', regex=False, na=False)", "bool", false],
    ["name.str.startswith('Ä')", "bool", true],
    ["name.str.endswith('n')", "bool", true],
    ["name.str.lower().str.len()", "int", 14],
    ["name.str.upper()", "text", "ÄPFEL & BIRNEN"],
    ["' a '.str.strip()", "text", "a"],
    ["name.str.replace('Äpfel', 'Obst')", "text", "Obst & Birnen"],
    ["(-3).abs()", "int", 3],
    ["x.round(0)", "float", 2],
    ["amount.clip(1, 5)", "int", 5],
    ["day.dt.year", "int", 2024],
    ["at.dt.month", "int", 2],
    ["day.dt.dayofweek", "int", 3],
    ["at.dt.date", "date", "2024-02-29"],
    ["at.dt.strftime('%H')", "text", "23"],
  ],
};

describe.each(Object.entries(tables))("%s", (_group, cases) => {
  it.each(cases)("%s", (source, type, value) => {
    expect(run(source)).toEqual([type, value]);
  });
});

describe("an error points at the place and says what to do", () => {
  it.each<[source: string, message: string, hint: string | undefined]>([
    ["amuont > 5", 'Line 1, column 1: there is no column "amuont".\n  amuont > 5\n  ^^^^^^', "Did you mean amount?"],
    [
      "amount > 1 and\n  nmae = 'x'",
      "Line 2, column 3: there is no column \"nmae\".\n    nmae = 'x'\n    ^^^^",
      "Did you mean name, nan?",
    ],
    [
      "name > 3",
      'Line 1, column 1: the column "name" (text) and the number 3 cannot be compared.\n  name > 3\n  ^^^^^^^^',
      "Write '3' in single quotes.",
    ],
    [
      "amount = '7'",
      "Line 1, column 1: the column \"amount\" (int) and the text '7' cannot be compared.\n  amount = '7'\n  ^^^^^^^^^^^^",
      "Write 7 without quotes.",
    ],
    [
      "ok = day",
      'Line 1, column 1: the column "ok" (bool) and the column "day" (date) cannot be compared.\n  ok = day\n  ^^^^^^^^',
      "Make them one type: CAST(x AS text), CAST(x AS int), CAST(x AS date) and so on.",
    ],
    [
      "ok = 1",
      'Line 1, column 1: the column "ok" (bool) and the number 1 cannot be compared.\n  ok = 1\n  ^^^^^^',
      "Write true or false, or the column alone.",
    ],
    [
      'name == "amuont"',
      'Line 1, column 9: there is no column "amuont".\n  name == "amuont"\n          ^^^^^^^^',
      "Did you mean amount? Text stands in single quotes: 'amuont'.",
    ],
    [
      "empty = null",
      "Line 1, column 9: a comparison with NULL is never true.\n  empty = null\n          ^^^^",
      "Write IS NULL or IS NOT NULL; of pandas' methods, .isnull() or .notnull().",
    ],
    [
      "day > 'soon'",
      "Line 1, column 7: the text 'soon' is no date or time, but the column \"day\" (date) is one.\n  day > 'soon'\n        ^^^^^^",
      "Write a date as '2024-12-31', a time as '2024-12-31T23:59:00'.",
    ],
    [
      "day > '2024-02-30'",
      "Line 1, column 7: the text '2024-02-30' is no date or time, but the column \"day\" (date) is one.\n  day > '2024-02-30'\n        ^^^^^^^^^^^^",
      "Write a date as '2024-12-31', a time as '2024-12-31T23:59:00'.",
    ],
    [
      "at > local",
      'Line 1, column 1: the column "at" (timestamp[us, Europe/Berlin]) and the column "local" (timestamp[s]) cannot be compared.\n  at > local\n  ^^^^^^^^^^',
      "Make them one type: CAST(x AS text), CAST(x AS int), CAST(x AS date) and so on.",
    ],
    [
      "lowr(name)",
      "Line 1, column 1: there is no function lowr().\n  lowr(name)\n  ^^^^",
      "Did you mean lower, floor, hour?",
    ],
    [
      "sum(amount) > 1",
      "Line 1, column 1: sum() is over many rows, an expression over one.\n  sum(amount) > 1\n  ^^^",
      "groupby computes it; min and max of an expression take two values or more.",
    ],
    [
      "lag(amount)",
      "Line 1, column 1: there is no function lag().\n  lag(amount)\n  ^^^",
      "sql_frame runs window functions.",
    ],
    [
      "substr(name)",
      "Line 1, column 1: substr() takes 2 to 3 arguments, not 1.\n  substr(name)\n  ^^^^^^^^^^^^",
      undefined,
    ],
    [
      "lower(amount)",
      'Line 1, column 7: lower() takes text, not the column "amount" (int).\n  lower(amount)\n        ^^^^^^',
      "CAST(x AS text) makes one of it.",
    ],
    [
      "amount + name",
      'Line 1, column 10: + takes numbers, not the column "name" (text).\n  amount + name\n           ^^^^',
      "CAST(x AS float) makes a number of text; || joins texts.",
    ],
    [
      "name || amount",
      'Line 1, column 9: || takes text, not the column "amount" (int).\n  name || amount\n          ^^^^^^',
      "CAST(x AS text) makes text of it; concat(a, b) does so by itself.",
    ],
    [
      "amount and ok",
      'Line 1, column 1: AND takes true or false, not the column "amount" (int).\n  amount and ok\n  ^^^^^^',
      "Compare it with something: e.g. `x > 0` or `x != 0`.",
    ],
    [
      "doc = 'x'",
      "Line 1, column 1: the column \"doc\" (json) and the text 'x' cannot be compared.\n  doc = 'x'\n  ^^^^^^^^^",
      "Take a value out of it: CAST(json_extract(column, '$.name') AS text).",
    ],
    [
      "name.str.match('a.*')",
      "Line 1, column 6: regular expressions are not run here.\n  name.str.match('a.*')\n       ^^^^^^^^^",
      "Use .str.contains('text'), .str.startswith, LIKE '%…_' or IN; query_dataset takes regular expressions (`test(\"…\")`) over a data_ref, too.",
    ],
    [
      "name.lowr()",
      "Line 1, column 6: there is no method .lowr.\n  name.lowr()\n       ^^^^",
      "Methods are .isin, .between, .isnull, .fillna, .abs, .round, .astype, .str.contains and others of .str, .dt.year and others of .dt.",
    ],
    [
      "name.str.lower",
      "Line 1, column 6: .str.lower is a method.\n  name.str.lower\n       ^^^^^^^^^",
      "Call it: .str.lower(…).",
    ],
    [
      "CAST(name AS int)",
      "Line 1, column 1: in row 1 the text is no int.\n  CAST(name AS int)\n  ^^^^^^^^^^^^^^^^^",
      "TRY_CAST gives null where a value does not fit.",
    ],
    [
      "CAST(name AS number)",
      'Line 1, column 14: there is no type "number".\n  CAST(name AS number)\n               ^^^^^^',
      "Types are int, int64, float, bool, text, date, timestamp, decimal(p, s) and json.",
    ],
    [
      "big * big",
      "Line 1, column 1: in row 1 the result is beyond 64 bits.\n  big * big\n  ^^^^^^^^^",
      "CAST one side AS float to compute with floats.",
    ],
    [
      "9223372036854775808",
      "Line 1, column 1: this whole number is beyond 64 bits.\n  9223372036854775808\n  ^^^^^^^^^^^^^^^^^^^",
      "Write 9223372036854775808.0 for a float.",
    ],
    [
      "case when ok then 1 else 'x' end",
      "Line 1, column 26: the text 'x' is of another kind than the number 1.\n  case when ok then 1 else 'x' end\n                           ^^^",
      "All results must be of one type; CAST(x AS text) makes text of one.",
    ],
    [
      "amount >",
      "Line 1, column 9: the expression ends here, where a value should.\n  amount >\n          ^",
      undefined,
    ],
    [
      "(amount > 1",
      'Line 1, column 12: the expression ends here, where ")" should.\n  (amount > 1\n             ^',
      undefined,
    ],
    [
      "amount > 1 2",
      'Line 1, column 12: "2" stands here, where the end of the expression should.\n  amount > 1 2\n             ^',
      undefined,
    ],
    [
      "amount > @limit",
      'Line 1, column 10: "@" stands here, where a value should.\n  amount > @limit\n           ^',
      "There are no variables; write the value itself.",
    ],
    [
      "name = 'open",
      "Line 1, column 8: this quote is not closed.\n  name = 'open\n         ^",
      "End it with '; a ' within is doubled.",
    ],
    [
      "3x > 1",
      'Line 1, column 1: "3x" is no number.\n  3x > 1\n  ^^',
      "A column's name that begins with a digit stands in `backticks`.",
    ],
    [
      "amount > €5",
      'Line 1, column 10: "€" means nothing in an expression.\n  amount > €5\n           ^',
      "A column's name with other characters stands in `backticks`, text in 'single quotes'.",
    ],
    [
      "  ",
      "Line 1, column 3: the expression is empty.\n    \n    ^",
      "Write e.g. `amount > 100 and region = 'north'`.",
    ],
  ])("%s", (source, message, hint) => {
    expect(refusal(source)).toEqual({ message, hint });
  });

  it("of a condition that is neither true nor false", () => {
    expect(refusal("amount + 1", (source) => compileCondition(source, columns))).toEqual({
      message: "Line 1, column 1: a condition takes true or false, not amount + 1 (int).\n  amount + 1\n  ^^^^^^^^^^",
      hint: "Compare it with something: e.g. `x > 0` or `x != 0`.",
    });
  });

  it("of one that is too long or too deep", () => {
    expect(refusal("1+".repeat(2_001)).message).toBe(
      "The expression has 4002 characters; 4000 at most are read (limit expressionChars).",
    );
    expect(refusal(`${"(".repeat(41)}1`).message.split("\n")[0]).toBe(
      "Line 1, column 41: it is nested deeper than 40 levels (limit expressionDepth).",
    );
  });
});

it("makes no text larger than a value may be", () => {
  const once = "replace(name, 'n', 'nnnnnnnnnn')";
  const often = (times: number) =>
    Array.from({ length: times }).reduce<string>((inner) => once.replace("name", () => inner), "name");
  expect(refusal(often(8)).message.split("\n")[0]).toBe(
    "Line 1, column 17: in row 1 the text would have 2000012 characters; 1048576 bytes are the most (limit cellBytes).",
  );
});

it("takes long chains without growing deep", () => {
  const source = Array.from({ length: 400 }, (_, n) => `x=${n}`).join(" or ");
  expect(run(source)).toEqual(["bool", false]);
});
