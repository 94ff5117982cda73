// Marks on code that is being written: where they are and what they say.
import { describe, expect, it } from "vitest";
import { aFunction } from "../../../../test/helpers/catalogue.ts";
import { type CheckedCode, problemsOf } from "./checking.ts";

const functions = new Map([["half", aFunction("half", { definition: "def half: . / 2;" })]]);

function check(code: string, more: Partial<CheckedCode> = {}) {
  return problemsOf({ functions }, { language: "jq", kind: "query", variables: [], ...more, code });
}

describe("checking jq", () => {
  it("finds nothing wrong with what compiles against the library", () => {
    expect(check("map(half)\n| add")).toEqual([]);
    expect(
      check("select(.region == ${region}) | $n", { kind: "tool", variables: ["region", "n", "", "no name"] }),
    ).toEqual([]);
    expect(check("def quarter: half | half;", { kind: "function" })).toEqual([]);
  });

  it("marks the name that nobody has", () => {
    expect(check(".[]\n  | halff")).toEqual([
      {
        line: 2,
        column: 5,
        length: 5,
        severity: "error",
        message: "there is no function halff with no arguments, neither in jq nor in the team's library.",
        hint: "Did you mean half, halt?",
      },
    ]);
  });

  it("marks a placeholder that is no parameter, whole", () => {
    expect(check('"in ${regio}"', { kind: "tool", variables: ["region"] })).toEqual([
      {
        line: 1,
        column: 5,
        length: 8,
        severity: "error",
        message: 'the placeholder "${regio}" names no declared parameter',
        hint: "Did you mean region? Declared: region.",
      },
    ]);
  });

  it("marks what is no jq", () => {
    expect(check("map(.a")).toMatchObject([{ line: 1, severity: "error" }]);
    expect(check("def a: 1; def b: 2;", { kind: "function" })).toMatchObject([{ line: 1, column: 11, length: 3 }]);
  });

  it("notes what rarely is meant, where it stands in the template", () => {
    expect(check('map("${n}") | map(select(.a = 1))', { kind: "tool", variables: ["n"] })).toEqual([
      {
        line: 1,
        column: 26,
        length: 6,
        severity: "warning",
        message: '"=" assigns here; write "==" to compare.',
      },
    ]);
  });
});

describe("checking SQL", () => {
  it("marks what is no statement", () => {
    expect(check("SELECT 1", { language: "sql" })).toEqual([]);
    expect(check("SELECT 'open\nFROM x", { language: "sql" })).toMatchObject([{ line: 1, severity: "error" }]);
  });
});
