// What people write by habit from other languages, and the fix that the error names. Runs in workerd.
import { describe, expect, it } from "vitest";
import { AppError, isAppError } from "../../../core/errors.ts";
import { parseProgram } from "./parser.ts";

function refusal(program: string): { code: string; message: string; hint: string | undefined } {
  try {
    parseProgram(program);
  } catch (error) {
    if (isAppError(error)) return { code: error.code, message: error.message, hint: error.hint };
    throw error;
  }
  throw new AppError("internal", `accepted: ${program}`);
}

const refused: readonly (readonly [program: string, message: string, hint: string])[] = [
  [".a === 1", 'line 1, column 6: expected an expression, found "="', 'Compare with "==" or "!="; jq has no "===".'],
  [".a !== 1", 'line 1, column 6: expected an expression, found "="', 'Compare with "==" or "!="; jq has no "===".'],
  [".a <> 1", 'line 1, column 5: expected an expression, found ">"', 'Write "!=" for "<>".'],
  [
    "'a'",
    'line 1, column 1: "\'" means nothing in jq outside a string',
    "Strings take double quotes in jq: write \"text\", not 'text'.",
  ],
  [
    "{'a': 1}",
    'line 1, column 2: "\'" means nothing in jq outside a string',
    "Strings take double quotes in jq: write \"text\", not 'text'.",
  ],
  [".a && .b", 'line 1, column 4: "&" means nothing in jq outside a string', 'jq writes "and" for "&&" and for "&".'],
  [
    ".a || .b",
    'line 1, column 5: expected an expression, found "|"',
    'jq writes "or" for "||", and "//" for a default value.',
  ],
  [
    "!.a",
    'line 1, column 1: "!" means nothing in jq outside a string',
    'Write "| not" after the condition, or "!=" to compare.',
  ],
  [
    "! .a",
    'line 1, column 1: "!" means nothing in jq outside a string',
    'Write "| not" after the condition, or "!=" to compare.',
  ],
  [
    "if 1 2 end",
    'line 1, column 6: expected "then" after the condition of the "if" at line 1, column 1, found "2"',
    "Write: if condition then value else other end.",
  ],
  [
    "def f .a; f",
    'line 1, column 7: expected ":" after the name and parameters of "f", found ".a"',
    "Write: def name(f; $x): body;.",
  ],
  [
    "def f(a, b): 1; f(1;2)",
    'line 1, column 8: parameters are separated by ";", found ","',
    "Write: def f(a; b): …;, and call it as f(1; 2).",
  ],
  [
    "def f(): 1; f",
    'line 1, column 7: expected a parameter name, found ")"',
    "Parameters are names or $names: def f(g; $x): …. Without parameters leave the parentheses out.",
  ],
  ["f()", 'line 1, column 1: "f()" has empty parentheses', "A call without arguments has no parentheses: f."],
  [
    "map(x => x.a)",
    'line 1, column 8: expected an expression, found ">"',
    "jq has no arrow functions: write map(.price) or select(.price > 1).",
  ],
  ["[1,]", 'line 1, column 4: expected an expression, found "]"', 'Remove the "," before it.'],
  ["[,1]", 'line 1, column 2: expected an expression, found ","', "Put a value before and after every comma."],
  [
    "{a:1,,b:2}",
    'line 1, column 6: expected an object key, found ","',
    'Keys are names, strings, $variables or (expressions): {a: 1, "b c": 2, (.key): 3}.',
  ],
  [
    "{a: if . then 1 end}",
    'line 1, column 5: an object value cannot start with "if"',
    "Put it in parentheses: {key: (if …)}.",
  ],
  ["{1: 2}", 'line 1, column 2: expected an object key, found "1"', 'Object keys are strings: write "1".'],
  [
    "{.a: 2}",
    'line 1, column 2: expected an object key, found ".a"',
    "Write the key without its dot ({a} or {a: …}), or compute it: {(.a): …}.",
  ],
  [
    "{(1): 2}",
    'line 1, column 3: cannot use the number "1" as an object key',
    'Object keys are strings: write {"1": …} or {(.key | tostring): …}.',
  ],
  [
    ". as x | 1",
    'line 1, column 6: expected a variable, [array] or {object} pattern, found "x"',
    'Variables start with "$": as $x | ….',
  ],
  [
    ". as {a} | $a",
    'line 1, column 8: expected ":" and a pattern after the key, found "}"',
    "Bind the key to a variable: {name: $name}, or shorter {$name}.",
  ],
  [
    ". as [] | 1",
    'line 1, column 7: expected a variable, [array] or {object} pattern, found "]"',
    "Write for example: . as {name: $name, tags: [$first]} | ….",
  ],
  [
    "1 == 2 == 3",
    'line 1, column 8: "==" cannot follow another operator of its kind without parentheses',
    'Join two comparisons with "and": 1 < .a and .a < 3.',
  ],
  [
    ".a = .b = 1",
    'line 1, column 9: "=" cannot follow another operator of its kind without parentheses',
    'Compare with "=="; to assign twice, pipe: .a = 1 | .b = 1.',
  ],
  [".a++", 'line 1, column 4: expected an expression, found "+"', 'jq has no "++"; write . + 1.'],
  [".a ** 2", 'line 1, column 5: expected an expression, found "*"', "Raise to a power with pow(.; 2)."],
  [
    ". foo",
    'line 1, column 3: expected a field name right after ".", found "foo"',
    'Write a field without a space, .name, or in quotes: .["unusual name"].',
  ],
  [
    ".foo. bar",
    'line 1, column 7: expected a field name, a string or "[" after ".", found "bar"',
    'Write a field without a space, .name, or in quotes: .["unusual name"].',
  ],
  [
    "\u0024{x}",
    'line 1, column 2: expected a variable name right after "$", found "{"',
    "Placeholders like \u0024{name} work in tool templates only; write $name here.",
  ],
  ["| .a", 'line 1, column 1: expected an expression, found "|"', 'Put an expression on both sides of "|".'],
  [".a | | .b", 'line 1, column 6: expected an expression, found "|"', 'Put an expression on both sides of "|".'],
  [
    "end",
    'line 1, column 1: expected an expression, found "end"',
    'Remove this "end": every "if" before it is already closed.',
  ],
  ["then 1", 'line 1, column 1: expected an expression, found "then"', '"then" belongs after "if condition".'],
  [
    "else",
    'line 1, column 1: expected an expression, found "else"',
    '"else" belongs between "if … then …" and "end"; one "if" has one "else", further tests use "elif".',
  ],
  [
    "catch 1",
    'line 1, column 1: expected an expression, found "catch"',
    '"catch" belongs after "try expression"; put a longer expression in parentheses: try (…) catch ….',
  ],
  [")", 'line 1, column 1: expected an expression, found ")"', 'Remove the ")", or open it earlier.'],
  [
    "reduce -1 as $x (0;1)",
    'line 1, column 8: expected an expression, found "-"',
    "Put a negative value in parentheses: (-1).",
  ],
  [
    ".a\r\n| .b",
    "line 1, column 3: the character U+000D means nothing in jq outside a string",
    "Save the program with \\n line ends, not \\r\\n.",
  ],
  [
    "\u00a0.a",
    "line 1, column 1: the character U+00A0 means nothing in jq outside a string",
    "Use plain spaces and line ends (\\n) between words.",
  ],
  [
    "\ufeff.a",
    "line 1, column 1: the character U+FEFF means nothing in jq outside a string",
    "Remove the byte order mark at the start of the program.",
  ],
  ["“a”", 'line 1, column 1: "“" means nothing in jq outside a string', 'Use straight quotes: "text".'],
  [
    ".é",
    'line 1, column 2: "é" means nothing in jq outside a string',
    'Names are ASCII in jq; put other field names in quotes: .["…"] or ."…".',
  ],
  [
    '.a ~ "x"',
    'line 1, column 4: "~" means nothing in jq outside a string',
    'Match a regular expression with test("…"): select(.name | test("^A")).',
  ],
  [".a ^ 2", 'line 1, column 4: "^" means nothing in jq outside a string', "Raise to a power with pow(.; 2)."],
  [
    "@",
    'line 1, column 1: "@" means nothing in jq outside a string',
    'A format is "@" and a name, as in @csv or @base64 "…".',
  ],
  [
    "`a`",
    'line 1, column 1: "`" means nothing in jq outside a string',
    'Strings take double quotes in jq, with \\(expression) inside: "total: \\(.total)".',
  ],
  [
    'import "a"; 1',
    'line 1, column 11: expected "as" and a name after the path, found ";"',
    "Modules are not available here; save shared code as a function of the team's library.",
  ],
  [
    "include a; 1",
    'line 1, column 9: expected a string after "include", found "a"',
    "Modules are not available here; save shared code as a function of the team's library.",
  ],
  [
    'def f: 1; import "a" as a; 1',
    'line 1, column 11: expected an expression, found "import"',
    "Modules are not available here; save shared code as a function of the team's library.",
  ],
  [
    ".a\\\n| .b",
    'line 1, column 3: "\\" means nothing in jq outside a string',
    "Outside a string jq has no backslash; a long program needs no line continuation.",
  ],
  ["def if: 1; 2", 'line 1, column 5: expected a name after "def", found "if"', "Write: def name(f; $x): body;."],
  [
    ".a.(b)",
    'line 1, column 4: expected a field name, a string or "[" after ".", found "("',
    "Read a computed field with .[expression].",
  ],
  [".a[*]", 'line 1, column 4: expected an expression, found "*"', "Take all values with .[]."],
  [
    "x -> y",
    'line 1, column 4: expected an expression, found ">"',
    "jq has no arrow functions: write map(.price) or select(.price > 1).",
  ],
  ['{"a": }', 'line 1, column 7: expected an expression, found "}"', 'Add a value after ":".'],
  ["{a: }", 'line 1, column 5: expected an expression, found "}"', 'Add a value after ":".'],
  ["f(1,)", 'line 1, column 5: expected an expression, found ")"', 'Remove the "," before it.'],
  ["f(;1)", 'line 1, column 3: expected an expression, found ";"', 'Add a value after "(".'],
  [
    ". | as $x | 1",
    'line 1, column 5: expected an expression, found "as"',
    "Bind a name to a single term: (expression) as $name | ….",
  ],
  [
    "if . then else 1 end",
    'line 1, column 11: expected an expression, found "else"',
    '"else" belongs between "if … then …" and "end"; one "if" has one "else", further tests use "elif".',
  ],
  [
    "module 1; 1",
    "line 1, column 8: module metadata must be a constant object",
    "Modules are not available here; save shared code as a function of the team's library.",
  ],
  ["%", 'line 1, column 1: expected an expression, found "%"', 'Put a value before the "%".'],
];

describe("a mistake gets its fix", () => {
  it.each(refused)("%j", (program, message, hint) => {
    expect(refusal(program)).toEqual({ code: "jq_syntax", message, hint });
  });
});
