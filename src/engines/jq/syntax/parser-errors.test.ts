// Broken structure: what is unclosed, missing or out of place, and how the error says so. Runs in workerd.
import { describe, expect, it } from "vitest";
import { AppError, isAppError } from "../../../core/errors.ts";
import { jqLimits } from "../../../limits.ts";
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
  [
    ".[0",
    'line 1, column 4: expected "]" to close the "[" that opened at line 1, column 2, found the end of the program',
    'Add the missing "]".',
  ],
  [
    "(.a | .b",
    'line 1, column 9: expected ")" to close the "(" that opened at line 1, column 1, found the end of the program',
    'Add the missing ")".',
  ],
  [
    "{a: 1",
    'line 1, column 6: expected "}" to close the "{" that opened at line 1, column 1, found the end of the program',
    'Add the missing "}".',
  ],
  ['"abc', "line 1, column 1: this string is never closed", 'Add the missing " at its end.'],
  [
    '"a\\(1',
    'line 1, column 6: expected ")" to close the "\\(" that opened at line 1, column 3, found the end of the program',
    'Close the interpolation: "… \\(expression) …".',
  ],
  [
    'f("x" "y")',
    'line 1, column 7: expected ")" to close the "(" that opened at line 1, column 2, found a string',
    'Join two values with "|", "," or "+"; inside a string write \\" for a quote.',
  ],
  [
    "if .a then 1 elsif .b then 2 end",
    'line 1, column 14: expected "end" to close the "if" that opened at line 1, column 1, found "elsif"',
    'jq writes "elif".',
  ],
  [
    "if .a then 1 else if .b then 2 else 3 end",
    'line 1, column 42: expected "end" to close the "if" that opened at line 1, column 1, found the end of the program',
    'Write "elif" for "else if"; "else if" opens a second "if" that needs its own "end".',
  ],
  [
    "if .a then 1",
    'line 1, column 13: expected "end" to close the "if" that opened at line 1, column 1, found the end of the program',
    'Every "if" ends with "end": if condition then value else other end.',
  ],
  [
    "if .a\n  | 2",
    'line 2, column 6: expected "then" after the condition of the "if" at line 1, column 1, found the end of the program',
    "Write: if condition then value else other end.",
  ],
  [
    "def f: 1",
    'line 1, column 9: expected ";" to end the definition of "f" that began at line 1, column 1, found the end of the program',
    'A definition ends with ";": def name: body;.',
  ],
  [
    "def f: 1; ",
    'line 1, column 1: the program ends after the definition of "f" and has no query',
    "Add what to compute after the definition, for example: f.",
  ],
  [
    "SELECT * FROM t",
    'line 1, column 15: expected an operator or the end of the program, found "t"',
    "This looks like SQL; in jq write for example: [.[] | select(.amount > 10)] | group_by(.region) | map({region: .[0].region, total: (map(.amount) | add)}).",
  ],
  [
    "select .a from .b",
    'line 1, column 11: expected an operator or the end of the program, found "from"',
    "This looks like SQL; in jq write for example: [.[] | select(.amount > 10)] | group_by(.region) | map({region: .[0].region, total: (map(.amount) | add)}).",
  ],
  [
    ".[] | select(.a > 1) where x",
    'line 1, column 22: expected an operator or the end of the program, found "where"',
    "This looks like SQL; in jq write for example: [.[] | select(.amount > 10)] | group_by(.region) | map({region: .[0].region, total: (map(.amount) | add)}).",
  ],
  [
    "let x = 1",
    'line 1, column 5: expected an operator or the end of the program, found "x"',
    "This is not jq: bind a name with value as $name | …, define a function with def name(f): …;, loop with map(…) or reduce.",
  ],
  [
    "const f = 1",
    'line 1, column 7: expected an operator or the end of the program, found "f"',
    "This is not jq: bind a name with value as $name | …, define a function with def name(f): …;, loop with map(…) or reduce.",
  ],
  [
    "function f(x) { return x }",
    'line 1, column 10: expected an operator or the end of the program, found "f"',
    "This is not jq: bind a name with value as $name | …, define a function with def name(f): …;, loop with map(…) or reduce.",
  ],
  [
    ".map(x => x.a)",
    'line 1, column 5: expected an operator or the end of the program, found "("',
    'A function is called with "|", not with ".": … | map(…).',
  ],
  [
    ".length()",
    'line 1, column 8: expected an operator or the end of the program, found "("',
    'A function is called with "|", not with ".": … | length(…).',
  ],
  [
    ".a.map(.b)",
    'line 1, column 7: expected an operator or the end of the program, found "("',
    'A function is called with "|", not with ".": … | map(…).',
  ],
  [
    ".a ? .b : .c",
    'line 1, column 9: expected an operator or the end of the program, found ":"',
    "An object is written in braces: {name: .name}. A choice is: if a then b else c end.",
  ],
  [
    ".a ?? 1",
    'line 1, column 7: expected an operator or the end of the program, found "1"',
    'jq writes "//" for "??": .a // 1.',
  ],
  [
    ".a?//1",
    'line 1, column 3: expected an operator or the end of the program, found "?//"',
    'Put a space between "?" and "//": .a? // 1.',
  ],
  ["1,", "line 1, column 3: expected an expression, found the end of the program", 'Add a value after ",".'],
  [
    "{a: .b + 1}",
    'line 1, column 8: expected "}" to close the "{" that opened at line 1, column 1, found "+"',
    "Put a computed value in parentheses: {total: (.price * .count)}.",
  ],
  [
    "{a b}",
    'line 1, column 4: expected "}" to close the "{" that opened at line 1, column 1, found "b"',
    "Put a computed value in parentheses: {total: (.price * .count)}.",
  ],
  [
    '{"a" "b"}',
    'line 1, column 6: expected "}" to close the "{" that opened at line 1, column 1, found a string',
    "Put a computed value in parentheses: {total: (.price * .count)}.",
  ],
  [
    ".a as $x",
    'line 1, column 9: expected "|" after the variables of "as", found the end of the program',
    "A binding is followed by what uses it: … as $x | ….",
  ],
  ["label x | 1", 'line 1, column 7: expected a $name after "label", found "x"', "Write: label $out | … break $out …."],
  ["break $x", 'line 1, column 1: no "label $x" encloses this "break $x"', "Write: label $out | … break $out …."],
  [
    "break",
    'line 1, column 6: expected a $label after "break", found the end of the program',
    "Write: label $out | … break $out ….",
  ],
  [
    "label $a | break $b",
    'line 1, column 12: no "label $b" encloses this "break $b"',
    "Write: label $out | … break $out ….",
  ],
  [
    '"\\d"',
    'line 1, column 2: unknown escape "\\d" in a string',
    'jq knows \\n \\t \\r \\b \\f \\/ \\" \\\\ \\uXXXX and \\(expression); in a regular expression double the backslash: "\\\\d".',
  ],
  [
    '"\\u12"',
    'line 1, column 2: a "\\u" escape needs four hexadecimal digits',
    'Write for example "\\u00e9", or the character itself.',
  ],
  [
    '"\\ud800"',
    "line 1, column 2: this \\u escape is the first half of a surrogate pair and the second half is missing",
    'Write both halves, as in "\\ud83d\\ude00", or the character itself.',
  ],
  [
    ".foo.1",
    'line 1, column 5: expected an operator or the end of the program, found ".1"',
    "Take an element by its number with .[1].",
  ],
  [
    ".[1:2:3]",
    'line 1, column 6: expected "]" to close the "[" that opened at line 1, column 2, found ":"',
    "A slice has one colon: .[1:2].",
  ],
  [
    ".[:]",
    'line 1, column 4: expected the end of the slice after ":", found "]"',
    "Write .[1:], .[:2] or .[1:2]; . alone is the whole value.",
  ],
  [".a.[1:2]", 'line 1, column 6: a slice cannot follow ".["', "Write .a[1:2] without the dot before the bracket."],
  [
    "$x y",
    'line 1, column 4: expected an operator or the end of the program, found "y"',
    'Join two values with "|", "," or an operator.',
  ],
  [
    "$",
    'line 1, column 2: expected a variable name right after "$", found the end of the program',
    "Write a variable without a space: $name.",
  ],
  [
    "1;",
    'line 1, column 2: expected an operator or the end of the program, found ";"',
    'A program does not end with ";". It separates the arguments of a call, f(a; b), and ends a def.',
  ],
  [
    ".a;",
    'line 1, column 3: expected an operator or the end of the program, found ";"',
    'A program does not end with ";". It separates the arguments of a call, f(a; b), and ends a def.',
  ],
  [
    ".a |",
    "line 1, column 5: expected an expression, found the end of the program",
    'Put an expression on both sides of "|".',
  ],
  [
    ".a end",
    'line 1, column 4: expected an operator or the end of the program, found "end"',
    'Remove this "end": every "if" before it is already closed.',
  ],
  [
    "a)",
    'line 1, column 2: ")" closes nothing that is open',
    'Remove the ")", or add its opening counterpart before it.',
  ],
  [
    "[1}",
    'line 1, column 3: expected "]" to close the "[" that opened at line 1, column 1, found "}"',
    'Add the missing "]".',
  ],
  [
    "{a:1]",
    'line 1, column 5: expected "}" to close the "{" that opened at line 1, column 1, found "]"',
    'Add the missing "}".',
  ],
  [
    '"a" "b"',
    "line 1, column 5: expected an operator or the end of the program, found a string",
    'Join two values with "|", "," or "+"; inside a string write \\" for a quote.',
  ],
  [
    "1 2",
    'line 1, column 3: expected an operator or the end of the program, found "2"',
    'Join two values with "|", "," or an operator.',
  ],
  [
    ".a .b c",
    'line 1, column 7: expected an operator or the end of the program, found "c"',
    'Join two values with "|", "," or an operator.',
  ],
  [
    "reduce .[] as $x (0)",
    'line 1, column 20: expected ";" between the start and the update of "reduce", found ")"',
    "Write: reduce .[] as $x (0; . + $x). A longer source goes in parentheses.",
  ],
  [
    "reduce .[] as $x (0; 1; 2)",
    'line 1, column 23: expected ")" to close the "(" that opened at line 1, column 18, found ";"',
    "Write: reduce .[] as $x (0; . + $x). A longer source goes in parentheses.",
  ],
  [
    "reduce .[]",
    'line 1, column 11: expected "as" after the source of "reduce", found the end of the program',
    "Write: reduce .[] as $x (0; . + $x). A longer source goes in parentheses.",
  ],
  [
    "foreach .[] as $x (0)",
    'line 1, column 21: expected ";" between the start and the update of "foreach", found ")"',
    "Write: foreach .[] as $x (0; . + $x; .). A longer source goes in parentheses.",
  ],
  ["try", "line 1, column 4: expected an expression, found the end of the program", 'Add a value after "try".'],
  ["", "line 1, column 1: the program is empty", 'Write a query; "." gives the input unchanged.'],
  ["  # nothing", "line 1, column 12: the program is empty", 'Write a query; "." gives the input unchanged.'],
  [
    "def",
    'line 1, column 4: expected a name after "def", found the end of the program',
    "Write: def name(f; $x): body;.",
  ],
  [
    "(.a",
    'line 1, column 4: expected ")" to close the "(" that opened at line 1, column 1, found the end of the program',
    'Add the missing ")".',
  ],
  [
    "(.a)?.b",
    'line 1, column 6: expected an operator or the end of the program, found ".b"',
    'Put "|" before this: … | .field.',
  ],
  [
    "if . then 1 else 2 end.a",
    'line 1, column 23: expected an operator or the end of the program, found ".a"',
    'Put "|" after "end": if … end | .field.',
  ],
  [".*", "line 1, column 3: expected an expression, found the end of the program", "Take all values with .[]."],
  [
    ".a..b",
    'line 1, column 3: expected an operator or the end of the program, found ".."',
    'Join two values with "|", "," or an operator.',
  ],
  [
    "1.a",
    'line 1, column 3: expected an operator or the end of the program, found "a"',
    "A name cannot start with a digit; put an unusual field name in quotes.",
  ],
  [
    "for x in . : x",
    'line 1, column 5: expected an operator or the end of the program, found "x"',
    "This is not jq: bind a name with value as $name | …, define a function with def name(f): …;, loop with map(…) or reduce.",
  ],
  [
    "while true do 1",
    'line 1, column 7: expected an operator or the end of the program, found "true"',
    "This is not jq: bind a name with value as $name | …, define a function with def name(f): …;, loop with map(…) or reduce.",
  ],
  [
    '.["a"',
    'line 1, column 6: expected "]" to close the "[" that opened at line 1, column 2, found the end of the program',
    'Add the missing "]".',
  ],
  ['.["a]', "line 1, column 3: this string is never closed", 'Add the missing " at its end.'],
  ["not(", "line 1, column 5: expected an expression, found the end of the program", 'Add a value after "(".'],
  [
    ".a as [$x, $y | 1",
    'line 1, column 15: expected "]" to close the "[" that opened at line 1, column 7, found "|"',
    'Add the missing "]" to the pattern.',
  ],
  [
    ". as {a:$x | 1",
    'line 1, column 12: expected "}" to close the "{" that opened at line 1, column 6, found "|"',
    'Add the missing "}" to the pattern.',
  ],
  ['@base64 "x', "line 1, column 9: this string is never closed", 'Add the missing " at its end.'],
  [
    '"\\(1;2)"',
    'line 1, column 5: expected ")" to close the "\\(" that opened at line 1, column 2, found ";"',
    'Close the interpolation: "… \\(expression) …".',
  ],
  ['.a == "x', "line 1, column 7: this string is never closed", 'Add the missing " at its end.'],
  [
    "try error catch",
    "line 1, column 16: expected an expression, found the end of the program",
    'Add a value after "catch".',
  ],
  [
    "def f(x: 1; f(1)",
    'line 1, column 8: expected ")" to close the "(" that opened at line 1, column 6, found ":"',
    "Close the parameters before the colon: def f(x): …;.",
  ],
  [
    "1 | def f: 2;",
    'line 1, column 5: the program ends after the definition of "f" and has no query',
    "Add what to compute after the definition, for example: f.",
  ],
  ['"a" + ', "line 1, column 7: expected an expression, found the end of the program", 'Add a value after "+".'],
  [
    "[.[] | {a: .b, c: .d}",
    'line 1, column 22: expected "]" to close the "[" that opened at line 1, column 1, found the end of the program',
    'Add the missing "]".',
  ],
  [".a and", "line 1, column 7: expected an expression, found the end of the program", 'Add a value after "and".'],
  ["- ", "line 1, column 3: expected an expression, found the end of the program", 'Add a value after "-".'],
  [
    "a::b::",
    'line 1, column 5: expected an operator or the end of the program, found ":"',
    "An object is written in braces: {name: .name}. A choice is: if a then b else c end.",
  ],
];

describe("broken structure is located", () => {
  it.each(refused)("%j", (program, message, hint) => {
    expect(refusal(program)).toEqual({ code: "jq_syntax", message, hint });
  });

  it("has details for a pointer at the place", () => {
    const long = `.first\n| ${"x".repeat(100)} ]${"y".repeat(100)}`;
    const error = (() => {
      try {
        return parseProgram(long);
      } catch (caught) {
        return caught;
      }
    })();
    expect(isAppError(error) && error.details).toEqual({
      line: 2,
      column: 104,
      snippet: `${"x".repeat(38)} ]${"y".repeat(40)}`,
    });
  });
});

describe("limits", () => {
  const deep = jqLimits.programDepth;
  const tooDeep = [
    "(",
    "[",
    "-",
    "try ",
    '"\\(',
    "{a:",
    ". as [",
    "if 1 then ",
    "def f: ",
    ".[",
    "f(",
    "1 + . as $x | ",
  ];

  it.each(tooDeep)("refuses %j nested past programDepth", (opening) => {
    const start = opening === ". as [" ? `. as ${"[".repeat(deep + 9)}` : opening.repeat(deep + 9);
    expect(refusal(start)).toEqual({
      code: "jq_nesting",
      message: expect.stringMatching(
        /^line 1, column \d+: the program nests deeper than the limit programDepth, 200 levels\.$/,
      ),
      hint: "Move inner parts into functions (def name: …;) and call them.",
    });
  });

  it("takes nesting below programDepth", () => {
    const levels = deep - 1;
    expect(parseProgram("[".repeat(levels) + "]".repeat(levels)).query.end).toBe(levels * 2);
  });

  it("refuses a program longer than programChars", () => {
    expect(refusal(" ".repeat(jqLimits.programChars + 1))).toEqual({
      code: "jq_program_length",
      message: "The program has 65537 characters; the limit programChars is 65536.",
      hint: "Shorten it, or pass long data as a parameter instead of writing it into the program.",
    });
  });

  it("refuses a NUL character", () => {
    expect(refusal('.a\n| "\0"')).toEqual({
      code: "jq_syntax",
      message: "line 2, column 4: a program cannot contain a NUL character",
      hint: 'Remove it, or write "\\u0000" inside a string.',
    });
  });
});
