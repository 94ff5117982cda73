// Dependency order, cycles and assembled programs. Runs in workerd.
import { describe, expect, it } from "vitest";
import { isAppError } from "../../../core/errors.ts";
import { analyse, parseProgram } from "./analyse.ts";
import type { LibraryFunction } from "./assemble.ts";
import { assemble, orderFunctions } from "./assemble.ts";
import { positionAt } from "./source.ts";

function library(entries: Record<string, readonly string[]>): ReadonlyMap<string, LibraryFunction> {
  return new Map(
    Object.entries(entries).map(([key, dependsOn]) => {
      const name = key.slice(0, key.indexOf("/"));
      return [key, { name, definition: `def ${name}: 1;`, dependsOn }];
    }),
  );
}

function order(wanted: readonly string[], entries: Record<string, readonly string[]>): string[] {
  const calls = wanted.map((key) => ({
    name: key.slice(0, key.indexOf("/")),
    arity: Number(key.slice(key.indexOf("/") + 1)),
  }));
  return orderFunctions(calls, library(entries)).map((entry) => entry.name);
}

function failure(run: () => unknown): unknown {
  try {
    return run();
  } catch (error) {
    if (isAppError(error)) return { code: error.code, message: error.message, hint: error.hint };
    throw error;
  }
}

const circle = "Break the circle: nest one of them as a helper inside another, or pass it as an argument.";

describe("orderFunctions", () => {
  it("puts each function after those it calls, once", () => {
    expect(
      order(["a/0", "d/0"], { "a/0": ["b/0", "c/1"], "b/0": ["c/1"], "c/1": [], "d/0": ["b/0"], "e/0": [] }),
    ).toEqual(["c", "b", "a", "d"]);
    expect(order([], { "a/0": [] })).toEqual([]);
    expect(order(["a/0", "a/0"], { "a/0": ["a/0"] })).toEqual(["a"]);
  });

  it("follows a chain of thousands", () => {
    const entries = Object.fromEntries(
      Array.from({ length: 5_000 }, (_, index) => [`f${index}/0`, index === 0 ? [] : [`f${index - 1}/0`]]),
    );
    const names = order(["f4999/0"], entries);
    expect([names.length, names[0], names.at(-1)]).toEqual([5_000, "f0", "f4999"]);
  });

  it("shows a cycle, without the way to it", () => {
    expect(failure(() => order(["a/0"], { "a/0": ["b/0"], "b/0": ["a/0"] }))).toEqual({
      code: "jq_cycle",
      message: "The functions call each other in a circle: a -> b -> a.",
      hint: circle,
    });
    expect(
      failure(() => order(["x/0"], { "x/0": ["a/0"], "a/0": ["b/2"], "b/2": ["b/2", "c/0"], "c/0": ["a/0"] })),
    ).toEqual({
      code: "jq_cycle",
      message: "The functions call each other in a circle: a -> b -> c -> a.",
      hint: circle,
    });
  });

  it("names what is missing", () => {
    expect(failure(() => order(["totl/0"], { "total/0": [] }))).toEqual({
      code: "jq_unknown_name",
      message: 'The library has no function "totl" with no arguments.',
      hint: 'Did you mean "total"?',
    });
    expect(failure(() => order(["a/0"], { "a/0": ["zzz/3"] }))).toEqual({
      code: "jq_unknown_name",
      message: 'The library has no function "zzz" with 3 arguments, called by "a".',
      hint: "Save it first, or take the call away.",
    });
    expect(failure(() => order(["a/0"], { "a/0": ["b/1"], "b/2": [] }))).toEqual({
      code: "jq_unknown_name",
      message: 'The function "b", called by "a", takes 2 arguments, and the call gives 1 argument.',
      hint: 'Arguments are separated by ";": f(a; b).',
    });
    expect(failure(() => order(["b/0"], { "b/1": [] }))).toEqual({
      code: "jq_unknown_name",
      message: 'The function "b" takes 1 argument, and the call gives no arguments.',
      hint: 'Arguments are separated by ";": f(a; b).',
    });
  });
});

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
