// Scoping, builtins, forbidden things and library definitions. Runs in workerd.
import { describe, expect, it } from "vitest";
import { isAppError } from "../../../core/errors.ts";
import { analyse, parseDefinition, parseProgram, requireAllowed } from "./analyse.ts";
import { builtinArities, builtinNames, builtins } from "./builtins.ts";

function of(program: string, variables: readonly string[] = []) {
  return analyse(parseProgram(program), { variables });
}

function freeCalls(program: string): string[] {
  return of(program).calls.map(({ name, arity }) => `${name}/${arity}`);
}

function failure(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    if (isAppError(error)) return { code: error.code, message: error.message, hint: error.hint };
    throw error;
  }
  return "no error";
}

describe("calls", () => {
  const cases: readonly (readonly [program: string, free: readonly string[]])[] = [
    ["f", ["f/0"]],
    ["map(f(1; .a))", ["f/2"]],
    ["def f: 1; f", []],
    ["def f: 1; f(2)", ["f/1"]],
    ["f | def f: 1; f", ["f/0"]],
    ["(def f: 1; f) | f", ["f/0"]],
    ["def f: f; f", []],
    ["def f: g; def g: 1; f", ["g/0"]],
    ["def f: def g: 1; g; g", ["g/0"]],
    ["def f(g): g; f(1)", []],
    ["def f(g): g(1); f(1)", ["g/1"]],
    ["def f(g): g; g", ["g/0"]],
    ["def f($x): x; f(1)", []],
    ["def f(x): def x: 2; x; f(1)", []],
    ["[def f: 1; f] | f", ["f/0"]],
    ["1 + def f: 1; f", []],
    ['"\\(f) \\(def g: 1; g)"', ["f/0"]],
    ["{(f): g, h, $__loc__}", ["f/0", "g/0"]],
    [". as {(f): $x} | $x", ["f/0"]],
    ["try f catch g", ["f/0", "g/0"]],
    ["reduce f as $x (g; h)", ["f/0", "g/0", "h/0"]],
    ["foreach f as $x (g; h; i)", ["f/0", "g/0", "h/0", "i/0"]],
    ["if f then g elif h then i else j end", ["f/0", "g/0", "h/0", "i/0", "j/0"]],
    ['.[f] | .[g:h] | .["\\(i)"]? | ."\\(j)"', ["f/0", "g/0", "h/0", "i/0", "j/0"]],
    ["-f, (g)?, [h]", ["f/0", "g/0", "h/0"]],
    ["_modify(.a; 1)", ["_modify/2"]],
    ["map", ["map/0"]],
    ["true, false, null, nan, not", []],
  ];

  it.each(cases)("%j", (program, free) => {
    expect(freeCalls(program)).toEqual(free);
  });

  it("says where a call stands, its name only", () => {
    expect(of(".a | totals(.b; 1)").calls).toEqual([{ name: "totals", arity: 2, start: 5, end: 11 }]);
  });

  it("lists builtins unless the program shadows them", () => {
    expect(of("map(.a) | def map(f): 1; map(2) | length").calledBuiltins).toEqual([
      { name: "map", arity: 1, start: 0, end: 3 },
      { name: "length", arity: 0, start: 34, end: 40 },
    ]);
  });
});

describe("variables", () => {
  const cases: readonly (readonly [program: string, unknown: readonly string[]])[] = [
    ["$x", ["x"]],
    ["$min", []],
    ["1 as $x | $x", []],
    ["(1 as $x | $x) | $x", ["x"]],
    ["$x as $x | $x", ["x"]],
    [". as [$a, {b: $c, $d, $e: [$f]}] | $a + $c + $d + $e + $f", []],
    [". as [$a] ?// {b: $b} | $a, $b", []],
    [". as {a: $x, ($x): $y} | $y", ["x"]],
    [". as {a: $x} ?// {($x): $y} | $y", []],
    ["reduce $s as $x ($x; $x) | $x", ["s", "x", "x"]],
    ["foreach . as [$x] ({$x}; $x; $x)", ["x"]],
    ["def f($x): $x; f(1) | $x", ["x"]],
    ["def f(x): $x; f(1)", ["x"]],
    ["{$x, a: $y, ($z): 1, $min: 2}", ["x", "y", "z"]],
    ["$ARGS, $__loc__", []],
    ["$__prog_args", ["__prog_args"]],
    ['"\\($x) \\(1 as $y | $y) \\($y)"', ["x", "y"]],
    [". as $x | def f: $x; f", []],
    ["1 + 2 as $x | $x", []],
    ["label $x | $x", ["x"]],
    [". as $v | $$$$v", []],
  ];

  it.each(cases)("%j", (program, unknown) => {
    expect(of(program, ["min"]).unknownVariables.map(({ name }) => name)).toEqual(unknown);
  });

  it("lists the declared variables that the program reads free", () => {
    expect(of("$b, ($b as $a | $a), $b", ["a", "b", "c"]).usedVariables).toEqual(["b"]);
  });
});

describe("what an answer depends on", () => {
  const cases: readonly (readonly [program: string, pure: boolean, readsInput: boolean])[] = [
    [".a | map(.b)", true, false],
    ["now", false, false],
    ["0 | localtime | mktime | todate", true, false],
    ["[inputs]", true, true],
    ["try input catch .", true, true],
    ["input_line_number", false, false],
    ["debug", false, false],
    ['debug("x")', false, false],
    ["stderr", false, false],
    ["halt_error", false, false],
    ["def now: 1; now", true, false],
    ["def f: now; 1", false, false],
    ["$ENV", false, false],
  ];

  it.each(cases)("%j", (program, pure, readsInput) => {
    const analysis = of(program);
    expect([analysis.pure, analysis.readsInput]).toEqual([pure, readsInput]);
  });

  it("warns of an assignment used as a condition", () => {
    expect(of("map(select(.a = 1)) | if .b = 2 then 1 end | select(.c == 3) | .d = 4").warnings).toEqual([
      { message: '"=" assigns here; write "==" to compare', start: 11, end: 17 },
      { message: '"=" assigns here; write "==" to compare', start: 25, end: 31 },
    ]);
  });

  it("names formats that do not exist", () => {
    expect(of('@base65, @csv, @xml "a"').unknownFormats).toEqual([
      { name: "base65", start: 0, end: 7 },
      { name: "xml", start: 15, end: 19 },
    ]);
  });
});

describe("requireAllowed", () => {
  const environment = "programs cannot read the server's environment";
  const files = "programs cannot see the server's files or their names";
  const modules = "programs cannot load modules from files";
  const asVariable = "Pass the value as a parameter and read it as $name.";
  const asParameter = "Pass what you need as a parameter and read it as $name.";
  const asFunction = "Save shared code as a function of the team's library and call it by name.";
  const cases: readonly (readonly [program: string, message: string, hint: string])[] = [
    [".a\n| $ENV.PATH", `line 2, column 3: "$ENV" is not available here: ${environment}.`, asVariable],
    ["{$ENV}", `line 1, column 2: "$ENV" is not available here: ${environment}.`, asVariable],
    ['"\\(env)"', `line 1, column 4: "env" is not available here: ${environment}.`, asVariable],
    ["input_filename", `line 1, column 1: "input_filename" is not available here: ${files}.`, asParameter],
    ["get_search_list", `line 1, column 1: "get_search_list" is not available here: ${files}.`, asParameter],
    ["get_jq_origin", `line 1, column 1: "get_jq_origin" is not available here: ${files}.`, asParameter],
    ["get_prog_origin", `line 1, column 1: "get_prog_origin" is not available here: ${files}.`, asParameter],
    ["modulemeta", `line 1, column 1: "modulemeta" is not available here: ${modules}.`, asFunction],
    ['import "a" as a; env', `line 1, column 1: "import" is not available here: ${modules}.`, asFunction],
    ['include "a"; 1', `line 1, column 1: "include" is not available here: ${modules}.`, asFunction],
    ["module {}; 1", `line 1, column 1: "module" is not available here: ${modules}.`, asFunction],
  ];

  it.each(cases)("refuses %j", (program, message, hint) => {
    expect(failure(() => requireAllowed(of(program), program))).toEqual({ code: "jq_forbidden", message, hint });
  });

  it("refuses $ENV even when a variable of that name is declared", () => {
    expect(of("$ENV", ["ENV"]).forbidden).toEqual([{ what: "$ENV", start: 0, end: 4 }]);
  });

  it.each(["1 as $ENV | $ENV", "def env: 1; env", '"$ENV env"', ".env", "{env: 1}", '{"$ENV": 1}'])(
    "allows %j",
    (program) => {
      expect(failure(() => requireAllowed(of(program), program))).toBe("no error");
    },
  );
});

describe("parseDefinition", () => {
  it("describes a function and what it needs", () => {
    const definition = parseDefinition(
      "# margin of a row\ndef margin($cost; f): def net: f - $cost; net / price(.) | f; # per cent",
    );
    const { name, arity, params, analysis } = definition;
    expect({ name, arity, params, calls: analysis.calls }).toEqual({
      name: "margin",
      arity: 2,
      params: [
        { name: "cost", isVariable: true },
        { name: "f", isVariable: false },
      ],
      calls: [{ name: "price", arity: 1, start: 66, end: 71 }],
    });
  });

  it("resolves recursion", () => {
    expect(parseDefinition("def f($n): if $n > 0 then f($n - 1) else g end;").analysis.calls).toEqual([
      { name: "g", arity: 0, start: 41, end: 42 },
    ]);
  });

  const write = "Write one definition: def name(f; $x): body;.";
  const cases: readonly (readonly [text: string, message: string, hint: string])[] = [
    ["", "line 1, column 1: the function is empty", write],
    [".a", 'line 1, column 1: a function starts with "def", and this does not', write],
    [
      "def a: 1;\ndef b: a;",
      'line 2, column 1: a function is one definition, and "b" is a second one after "a"',
      'Nest helpers inside, def a: def b: …; …;, or save "b" as a function of its own.',
    ],
    [
      "def a: 1; a",
      'line 1, column 11: a function is only its definition, and a query follows the definition of "a"',
      'End the text after the ";" of "a"; the query belongs in a tool.',
    ],
    [
      "def a: 1",
      'line 1, column 9: expected ";" to end the definition of "a" that began at line 1, column 1, found the end of the program',
      'A definition ends with ";": def name: body;.',
    ],
    [
      "def a: def b: 1; ;",
      'line 1, column 18: expected an expression, found ";"',
      'Add what is computed after the helper "b", before the last ";".',
    ],
  ];

  it.each(cases)("refuses %j", (text, message, hint) => {
    expect(failure(() => parseDefinition(text))).toEqual({ code: "jq_syntax", message, hint });
  });
});

describe("names", () => {
  it("knows the builtins", () => {
    expect([builtins.size, builtinNames().length, builtinArities("range"), builtinArities("nope")]).toEqual([
      219,
      190,
      [1, 2, 3],
      [],
    ]);
    expect([...builtins.values()].filter(({ kind }) => kind === "forbidden").map(({ name }) => name)).toEqual([
      "env",
      "get_jq_origin",
      "get_prog_origin",
      "get_search_list",
      "input_filename",
      "modulemeta",
    ]);
  });
});
