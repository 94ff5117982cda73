// What is a token of SQL, and what is none. Runs in workerd.
import { describe, expect, it } from "vitest";
import { isAppError } from "../../core/errors.ts";
import { tokenize } from "./tokens.ts";

const shown = (sql: string): string[] => tokenize(sql).map(({ kind, value }) => `${kind} ${value}`);

function refusal(sql: string): string {
  try {
    tokenize(sql);
    return "taken";
  } catch (error) {
    return isAppError(error) ? error.message : String(error);
  }
}

describe("tokenize", () => {
  it.each<[string, string[]]>([
    ["SELECT a.b, 'it''s'", ["word select", "word a", "punct .", "word b", "punct ,", "string it's"]],
    ['"a""b" `c``d` [e"f]', ['quoted a"b', "quoted c`d", 'quoted e"f']],
    ["a->>'$.b'||c<=>d", ["word a", "punct ->>", "string $.b", "punct ||", "word c", "punct <=", "punct >", "word d"]],
    [
      "1 1.5 .5 1e-3 0xFF 1_000 5.",
      ["number 1", "number 1.5", "number .5", "number 1e-3", "number 0xFF", "number 1_000", "number 5."],
    ],
    ["x'00ff' X'' xy", ["blob x'00ff'", "blob X''", "word xy"]],
    ["? ?12 :name @name $name", ["param ?", "param ?12", "param :name", "param @name", "param $name"]],
    ["a -- b 'c\n/* d ' */ e--f", ["word a", "word e"]],
    ["a/* x */b", ["word a", "word b"]],
    ["naïve Ünïcode 名前", ["word naïve", "word ünïcode", "word 名前"]],
    ["a$b _c", ["word a$b", "word _c"]],
    ["'a;b' ;", ["string a;b", "punct ;"]],
    ["", []],
    [" \t\n\f\r", []],
    ["- -1", ["punct -", "punct -", "number 1"]],
  ])("reads %s", (sql, expected) => {
    expect(shown(sql)).toEqual(expected);
  });

  it.each<[string, string]>([
    ["SELECT 'x", "At line 1, column 8 there is a quote (') that does not end."],
    ['SELECT\n  "x', 'At line 2, column 3 there is a quote (") that does not end.'],
    ["SELECT [x", "At line 1, column 8 there is a quote ([) that does not end."],
    ["SELECT `x``", "At line 1, column 8 there is a quote (`) that does not end."],
    ["SELECT 1 /* x", "At line 1, column 10 there is a comment that does not end."],
    ["SELECT 1 /*", "At line 1, column 10 there is a comment that does not end."],
    ["SELECT x'0'", "At line 1, column 8 there is a malformed blob."],
    ["SELECT x'0g'", "At line 1, column 8 there is a malformed blob."],
    ["SELECT x'00", "At line 1, column 8 there is a malformed blob."],
    ["SELECT 1abc", "At line 1, column 8 there is a malformed number."],
    ["SELECT 0x", "At line 1, column 8 there is a malformed number."],
    ["SELECT a\u200bb", "At line 1, column 9 there is the invisible character U+200B."],
    ["SELECT\u00a01", "At line 1, column 7 there is the invisible character U+00A0."],
    ["\ufeffSELECT 1", "At line 1, column 1 there is the invisible character U+FEFF."],
    ["SELECT \u{e0041}x", "At line 1, column 8 there is the invisible character U+E0041."],
    ["SELECT 1\u0000", "At line 1, column 9 there is a NUL character."],
    ["SELECT '\u0000'", "At line 1, column 9 there is a NUL character."],
    ["SELECT\u000b1", "At line 1, column 7 there is the control character U+000B."],
    ["SELECT '\ud800'", "The statement holds half of a character (an unpaired surrogate)."],
    ["SELECT #1", "At line 1, column 8 there is the character #, which SQL has no use for."],
    ["SELECT {x}", "At line 1, column 8 there is the character {, which SQL has no use for."],
    ["SELECT a ! b", "At line 1, column 10 there is the character !, which SQL has no use for."],
    ["SELECT : x", "At line 1, column 8 there is the character :, which SQL has no use for."],
  ])("refuses %j", (sql, message) => {
    expect(refusal(sql)).toBe(message);
  });

  it("keeps invisible characters in texts, which are data", () => {
    expect(shown("'a\u200bb'")).toEqual(["string a\u200bb"]);
  });
});
