// Patterns: the same answers as the platform's RegExp, in linear time, and refusals in our own words.
import { describe, expect, it } from "vitest";
import { describeError } from "../../core/errors.ts";
import { compilePattern, matchesPattern, patternBudget } from "./pattern.ts";

const patterns = [
  "",
  "a",
  "^a$",
  "^[a-z]+$",
  "^\\d{4}-\\d{2}-\\d{2}$",
  "^(?:ab|cd)*$",
  "a|^b|c$",
  "^(a|b)?c+$",
  "^[^a-c]$",
  "^\\w+@\\w+\\.[a-z]{2,3}$",
  "\\bcat\\b",
  "\\Bat",
  "^a{2,}$",
  "^a{0,2}b?$",
  "^(a*)*$",
  "^(?<year>\\d+)-x$",
  "^[\\d\\-]+$",
  "^\\u{1F600}$",
  "^\\p{Lu}",
  "^.$",
  "^a+?b*?$",
  "()|x",
  "^[]$",
  "[^]",
  "^\\x41\\u0042$",
];
const values = [
  "",
  "a",
  "b",
  "c",
  "ab",
  "abcd",
  "abab",
  "aaa",
  "bc",
  "2024-01-31",
  "20240131",
  "me@site.org",
  "a cat!",
  "cats",
  "1-x",
  "😀",
  "É",
  "é",
  "\n",
  "AB",
  "aab",
  "d",
  "z9",
];

describe("matchesPattern", () => {
  for (const source of patterns) {
    it(`agrees with the platform on /${source}/`, () => {
      const pattern = compilePattern(source);
      const expected = new RegExp(source, "u");
      expect(values.filter((value) => matchesPattern(pattern, value, patternBudget()))).toEqual(
        values.filter((value) => expected.test(value)),
      );
    });
  }

  it("takes hostile patterns in its stride", () => {
    const value = `${"a".repeat(3_000)}!`;
    for (const source of ["^(a+)+$", "^(a|a)*$", "^(a|aa)+$", "^(.*)*b$", "^(([a-z])+.)+[A-Z]([a-z])+$"]) {
      expect([source, matchesPattern(compilePattern(source), value, patternBudget())]).toEqual([source, false]);
    }
  });

  it("stops when the budget of all values together is spent", () => {
    const pattern = compilePattern("(a?){30}b");
    const budget = patternBudget();
    const value = "a".repeat(1_000);
    expect(matchesPattern(pattern, value, budget)).toBe(false);
    let thrown: unknown;
    try {
      for (let at = 0; at < 100; at++) matchesPattern(pattern, value, budget);
    } catch (error) {
      thrown = error;
    }
    const { code, message } = describeError(thrown);
    expect({ code, message }).toEqual({
      code: "too_large",
      message: "Checking the values against their patterns takes more than 2000000 steps (limit patternSteps).",
    });
  });
});

describe("compilePattern", () => {
  const refused: [string, string, string][] = [
    ["(", "invalid_argument", 'The pattern "(" is not a regular expression.'],
    ["(?=a)", "invalid_argument", 'The pattern "(?=a)" uses lookaround or a modifier.'],
    ["(?<!a)b", "invalid_argument", 'The pattern "(?<!a)b" uses lookaround or a modifier.'],
    ["(a)\\1", "invalid_argument", 'The pattern "(a)\\\\1" uses a backreference.'],
    [
      "a{5000}",
      "too_large",
      "The pattern has more than 200 states once its repetitions are written out (limit patternStates).",
    ],
    [
      "((a{100}){100}){100}",
      "too_large",
      "The pattern has more than 200 states once its repetitions are written out (limit patternStates).",
    ],
    [
      "(?:(?:){99999}){99999}",
      "too_large",
      "The pattern has more than 200 states once its repetitions are written out (limit patternStates).",
    ],
  ];
  for (const [source, code, message] of refused) {
    it(`refuses ${source}`, () => {
      let thrown: unknown;
      try {
        compilePattern(source);
      } catch (error) {
        thrown = error;
      }
      const error = describeError(thrown);
      expect({ code: error.code, message: error.message }).toEqual({ code, message });
    });
  }
});
