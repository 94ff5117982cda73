// Assembled programs: what stands where. Runs in workerd.
import { describe, expect, it } from "vitest";
import { analyse, parseProgram } from "./analyse.ts";
import { assemble } from "./assemble.ts";
import { positionAt } from "./source.ts";

describe("assemble", () => {
  it("says on which line the query starts", () => {
    const functions = [
      { name: "a", definition: "\ndef a:\n  1;  # one\n" },
      { name: "b", definition: "def b: a + 1;" },
    ];
    expect(assemble(functions, ".x\n| b")).toEqual({
      program: "def a:\n  1;  # one\ndef b: a + 1;\n.x\n| b",
      queryLine: 4,
    });
    expect(assemble([], ".x")).toEqual({ program: ".x", queryLine: 1 });
  });

  it("makes a program in which every function is found", () => {
    const { program, queryLine } = assemble([{ name: "a", definition: "def a: 1; # ends in a comment" }], "a, b");
    const [missing, ...others] = analyse(parseProgram(program), { variables: [] }).calls;
    expect([missing?.name, others, positionAt(program, missing?.start ?? 0)]).toEqual([
      "b",
      [],
      { line: queryLine, column: 4 },
    ]);
  });
});
