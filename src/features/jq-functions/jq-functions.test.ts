// The rules of the function library: what is refused and with which words, what a program pulls in, what a change breaks.
import { describe, expect, it } from "vitest";
import { describeError } from "../../core/errors.ts";
import { runJq } from "../../engines/jq/run.ts";
import {
  checkFunction,
  compileAdHoc,
  compileProgram,
  type FunctionLibrary,
  findDependants,
  requireNothingBroken,
  withFunction,
} from "./jq-functions.ts";

/** A library of these definitions, saved in this order. */
function libraryOf(...definitions: string[]): FunctionLibrary {
  let library: FunctionLibrary = new Map();
  for (const definition of definitions) library = withFunction(library, check(library, definition));
  return library;
}

function check(library: FunctionLibrary, definition: string, changes: Record<string, unknown> = {}) {
  const name = /def\s+(\w+)/.exec(definition)?.[1] ?? "none";
  return checkFunction(library, { name, definition, ...changes });
}

function errorOf(attempt: () => unknown): { code: string; message: string; hint?: string } {
  try {
    attempt();
  } catch (error) {
    const { code, message, hint } = describeError(error);
    return { code, message, ...(hint === undefined ? {} : { hint }) };
  }
  throw new Error("nothing was thrown");
}

describe("checkFunction", () => {
  it("finds arity, parameters and what is called", () => {
    const library = libraryOf("def double: . * 2;", "def add_up($a; $b): $a + $b;");
    const checked = check(library, "def both(f; $x): def inner: double; add_up(f | inner; $x) | both(f; $x)?;");
    expect(checked).toEqual({
      name: "both",
      definition: "def both(f; $x): def inner: double; add_up(f | inner; $x) | both(f; $x)?;",
      arity: 2,
      depends_on: ["add_up", "double"],
      parameters: [{ name: "f" }, { name: "$x" }],
      shadowsBuiltin: false,
    });
  });

  it("takes parameter notes with or without the dollar sign", () => {
    const parameters = [{ name: "f" }, { name: "x", type: "number", description: "to add" }];
    expect(check(new Map(), "def g(f; $x): f + $x;", { parameters }).parameters).toEqual([
      { name: "f" },
      { name: "$x", type: "number", description: "to add" },
    ]);
  });

  const refused: [string, FunctionLibrary, string, Record<string, unknown>, Record<string, unknown>][] = [
    [
      "another name",
      new Map(),
      "def a: 1;",
      { name: "b" },
      {
        code: "invalid_argument",
        message: "The definition is of a, but the name given is b.",
        hint: "Give both the same name.",
      },
    ],
    [
      "other parameters",
      new Map(),
      "def f($a; $b): 1;",
      { parameters: [{ name: "b" }, { name: "a" }] },
      {
        code: "invalid_argument",
        message: "The parameters listed are (b; a), but the definition of f takes ($a; $b).",
        hint: "List the same names in the same order, or leave parameters out to have them found.",
      },
    ],
    [
      "an unknown function near one of the library",
      libraryOf("def margin($r; $c): $r - $c;"),
      "def f: 1 |\n  margn(1; 2);",
      {},
      {
        code: "jq_unknown_name",
        message:
          "line 2, column 3: there is no function margn with 2 arguments, neither in jq nor in the team's library.",
        hint: "Did you mean margin?",
      },
    ],
    [
      "an unknown function near a builtin",
      new Map(),
      "def f: flaten;",
      {},
      {
        code: "jq_unknown_name",
        message:
          "line 1, column 8: there is no function flaten with no arguments, neither in jq nor in the team's library.",
        hint: "Did you mean flatten?",
      },
    ],
    [
      "another arity of the library's",
      libraryOf("def margin($r; $c): $r - $c;"),
      "def f: margin(1);",
      {},
      {
        code: "jq_unknown_name",
        message: "line 1, column 8: margin is called with 1 argument; it takes 2.",
        hint: "Call it as `margin(a; b)`; jq separates arguments with a semicolon.",
      },
    ],
    [
      "another arity of a builtin",
      new Map(),
      "def f: map(1; 2);",
      {},
      {
        code: "jq_unknown_name",
        message: "line 1, column 8: map is called with 2 arguments; it takes 1.",
        hint: "Call it as `map(a)`; jq separates arguments with a semicolon.",
      },
    ],
    [
      "an unknown variable",
      new Map(),
      "def f($total): $totl;",
      {},
      {
        code: "jq_unknown_name",
        message: "line 1, column 16: $totl is not defined here.",
        hint: "Declare it as a parameter, or bind it with `as` before it is used.",
      },
    ],
    [
      "a builtin's name",
      new Map(),
      "def map(f): [.[] | f];",
      {},
      {
        code: "jq_builtin_clash",
        message: "jq has a builtin map of its own (1 argument).",
        hint: "Choose another name, or pass allow_builtin_name: true; calls with the same number of arguments then mean the library's function.",
      },
    ],
    [
      "a circle of two",
      libraryOf("def a: 1;", "def b: a;"),
      "def a: b;",
      {},
      {
        code: "jq_cycle",
        message: "Functions would call each other in a circle: a -> b -> a.",
        hint: "jq defines functions one after the other, so only a function calling itself may recurse; put the shared part in one function and nest helpers inside it.",
      },
    ],
    [
      "a circle of three",
      libraryOf("def a: 1;", "def b: a;", "def c: b;"),
      "def a: c;",
      {},
      {
        code: "jq_cycle",
        message: "Functions would call each other in a circle: a -> c -> b -> a.",
        hint: "jq defines functions one after the other, so only a function calling itself may recurse; put the shared part in one function and nest helpers inside it.",
      },
    ],
  ];
  for (const [what, library, definition, changes, expected] of refused) {
    it(`refuses ${what}`, () => {
      expect(errorOf(() => check(library, definition, changes))).toEqual(expected);
    });
  }

  it("refuses what is closed, and every form that is not one def", () => {
    const codes = [
      "def f: $ENV;",
      "def f: env;",
      "def f: input_filename;",
      "1",
      "def f: 1; def g: 2;",
      "def f: 1; f",
      "def f: (",
    ];
    expect(codes.map((definition) => errorOf(() => check(new Map(), definition)).code)).toEqual([
      "jq_forbidden",
      "jq_forbidden",
      "jq_forbidden",
      "jq_syntax",
      "jq_syntax",
      "jq_syntax",
      "jq_syntax",
    ]);
  });

  it("allows a builtin's name when said, and from then on the call means the library's", async () => {
    const shadowing = withFunction(new Map(), check(new Map(), 'def floor: "mine";', { allow_builtin_name: true }));
    const { program, functions } = compileProgram(shadowing, "1.5 | floor", []);
    expect(functions).toEqual(["floor"]);
    expect(await outputsOf(program)).toEqual(['"mine"']);
  });

  it("refuses a chain of functions that no program could hold", () => {
    const long = (name: string, body: string): string => `def ${name}: "${"x".repeat(30_000)}" | ${body};`;
    const library = libraryOf(long("a", "1"), long("b", "a"));
    expect(errorOf(() => check(library, long("c", "b")))).toEqual({
      code: "jq_program_length",
      message:
        "With the 3 functions it pulls in the program is 90046 characters; the limit is 65536 (limit programChars).",
      hint: "Shorten the functions or split the work over several tools.",
    });
  });
});

describe("compileProgram", () => {
  it("puts callees first, each once, and runs", async () => {
    const library = libraryOf("def one: 1;", "def two: one + one;", "def four: two + two;", "def unused: 9;");
    const compiled = compileProgram(library, "four + two + ${n}", ["n"]);
    expect({ ...compiled, program: compiled.program.replaceAll(/ +/g, " ") }).toEqual({
      program: "def one: 1;\ndef two: one + one;\ndef four: two + two;\nfour + two + $n ",
      bindings: [{ parameter: "n", variable: "n" }],
      pure: true,
      functions: ["one", "two", "four"],
      required: ["four", "two"],
      warnings: [],
    });
    expect(await outputsOf(compiled.program, { n: "3" })).toEqual(["9"]);
  });

  it("is the same object for the same content, another for another definition", () => {
    const first = compileProgram(libraryOf("def a: 1;"), "a", []);
    expect(compileProgram(libraryOf("def a: 1;"), "a", [])).toBe(first);
    expect(compileProgram(libraryOf("def a: 2;"), "a", []).program).toBe("def a: 2;\na");
  });

  it("is impure when a function it reaches is", () => {
    const library = libraryOf("def stamp: now;", "def outer: stamp;");
    expect([compileProgram(library, "outer", []).pure, compileProgram(library, "1", []).pure]).toEqual([false, true]);
  });

  it("warns of parameters never used", () => {
    expect(compileProgram(new Map(), "1", ["n"]).warnings).toEqual(["the parameter n is never used"]);
  });

  it("keeps functions apart when one ends in a comment", async () => {
    const library = libraryOf("def a: 1; # the first", "def b: a + 1; # more \\");
    expect(await outputsOf(compileProgram(library, "b", []).program)).toEqual(["2"]);
  });
});

describe("compileAdHoc", () => {
  it("binds values that look like jq as the text they are", async () => {
    const hostile = ['"', "${x}", "\\(1)", '") | $ENV | ("', "'; drop", "\u0000\u2028😀", "x".repeat(100_000)];
    for (const value of hostile) {
      const { program, args } = compileAdHoc({ functions: new Map() }, '${v}, "<${v}>", $v', { v: value });
      expect(program).toBe(' $v , "<\\($v)>", $v');
      expect(await outputsOf(program, args)).toEqual([value, `<${value}>`, value].map((text) => JSON.stringify(text)));
    }
  });
});

describe("requireNothingBroken", () => {
  const before = libraryOf("def base($a): $a;", "def uses: base(1);");
  const tools = [
    { name: "direct", query: "base(2)", parameters: [], required_functions: ["base"] },
    { name: "indirect", query: "uses", parameters: [], required_functions: ["uses"] },
    { name: "other", query: "map(1)", parameters: [], required_functions: [] },
  ];

  it("names what a new arity breaks, and why", () => {
    const after = withFunction(before, check(before, "def base($a; $b): $a;"));
    expect(errorOf(() => requireNothingBroken({ before, after, name: "base", doing: "Saving" }, tools))).toEqual({
      code: "jq_breaks_dependants",
      message:
        "Saving base like this would break 2 that use it: function uses (line 1, column 11: base is called with 1 argument; it takes 2.); tool direct (line 1, column 1: base is called with 1 argument; it takes 2.).",
      hint: "Change those first, or save this under a new name and move them over one by one.",
    });
  });

  it("names what loses a function", () => {
    const after = new Map(before);
    after.delete("uses");
    expect(
      errorOf(() => requireNothingBroken({ before, after, name: "uses", doing: "Deactivating" }, tools)).message,
    ).toBe(
      "Deactivating uses like this would break 1 that use it: tool indirect (line 1, column 1: there is no function uses with no arguments, neither in jq nor in the team's library.).",
    );
  });

  it("does not let a builtin's meaning change under what calls it", () => {
    const after = withFunction(before, check(before, "def map(f): 1;", { allow_builtin_name: true }));
    expect(errorOf(() => requireNothingBroken({ before, after, name: "map", doing: "Saving" }, tools)).message).toBe(
      "Saving map like this would break 1 that use it: tool other (its calls of map would go from jq's own to the library's).",
    );
  });

  it("lets a new body through", () => {
    const after = withFunction(before, check(before, "def base($x): $x + 1;"));
    expect(requireNothingBroken({ before, after, name: "base", doing: "Saving" }, tools)).toBeUndefined();
  });
});

describe("findDependants", () => {
  it("follows calls through other functions", () => {
    const library = libraryOf("def a: 1;", "def b: a;", "def c: b;", "def d: 1;");
    const tools = [
      { name: "t1", required_functions: ["c"] },
      { name: "t2", required_functions: ["d"] },
    ];
    expect(findDependants(library, tools, "a")).toEqual({ functions: ["b", "c"], tools: ["t1"] });
  });
});

async function outputsOf(program: string, args: Record<string, string> = {}): Promise<string[]> {
  const { outputs } = await runJq({
    program,
    args,
    input: undefined,
    mode: "records",
    nullInput: true,
    window: { offset: 0, limit: 100, maxBytes: 1_000_000 },
  });
  return outputs;
}
