// Functions get another name where they are called, and nowhere else.
import { describe, expect, it } from "vitest";
import { type Renames, renameInDefinition, renameInTemplate } from "./rename-calls.ts";

const renames: Renames = new Map([
  ["f", { arity: 0, to: "f_imported" }],
  ["g", { arity: 2, to: "g2" }],
  ["map", { arity: 1, to: "map_imported" }],
]);

describe("renameInTemplate", () => {
  const cases: [what: string, before: string, after: string][] = [
    ["calls", "f | g(f; .a)", "f_imported | g2(f_imported; .a)"],
    ["calls in strings' interpolations", '"f \\(f) g"', '"f \\(f_imported) g"'],
    [
      "not fields, keys, text, comments and variables",
      '.f | {f: "f"} | 1 as $f | $f # f',
      '.f | {f: "f"} | 1 as $f | $f # f',
    ],
    ["not a call with another number of arguments", "g(1) | g(1; 2)", "g(1) | g2(1; 2)"],
    ["not what the query defines itself", "def f: 1; f | f", "def f: 1; f | f"],
    ["outside the scope of its own definition", "(def f: 1; f) | f", "(def f: 1; f) | f_imported"],
    ["a function that has a builtin's name", "map(f)", "map_imported(f_imported)"],
    ["beside placeholders", '${n} | f | "${n} f" | g(${n};f)', '${n} | f_imported | "${n} f" | g2(${n};f_imported)'],
  ];
  for (const [what, before, after] of cases)
    it(`renames ${what}`, () => expect(renameInTemplate(before, ["n"], renames)).toBe(after));

  it("does nothing to what does not parse but say so", () => {
    expect(() => renameInTemplate("f |", [], renames)).toThrow("line 1, column 4");
  });
});

describe("renameInDefinition", () => {
  it("renames what it calls, and with its own name itself and its calls of itself", () => {
    const text = "# f\ndef h($f; a): def k: f; if . then h(1; a) | f else k end; # h";
    expect(renameInDefinition(text, renames)).toBe(text);
    expect(renameInDefinition(text, renames, "h_2")).toBe(
      "# f\ndef h_2($f; a): def k: f; if . then h_2(1; a) | f else k end; # h",
    );
    expect(renameInDefinition("def h: def h: f; h | f;", renames, "x")).toBe(
      "def x: def h: f_imported; h | f_imported;",
    );
    expect(renameInDefinition("def f: if . > 0 then . - 1 | f else g(1; 2) end;", renames, "f_imported")).toBe(
      "def f_imported: if . > 0 then . - 1 | f_imported else g2(1; 2) end;",
    );
  });
});
