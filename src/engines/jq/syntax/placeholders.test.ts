// Templates become programs whose text no value can touch. Runs in workerd.
import { describe, expect, it } from "vitest";
import { isAppError } from "../../../core/errors.ts";
import { analyse, parseProgram } from "./analyse.ts";
import { compileTemplate } from "./placeholders.ts";

/** Templates here write § for the dollar sign of a placeholder, so that no linter takes them for JavaScript templates. */
function template(text: string): string {
  return text.replaceAll("§", "$");
}

function compile(text: string, parameters: readonly string[]) {
  return compileTemplate(template(text), parameters);
}

function failure(text: string, parameters: readonly string[]): unknown {
  try {
    return compile(text, parameters);
  } catch (error) {
    if (isAppError(error)) return { code: error.code, message: error.message, hint: error.hint };
    throw error;
  }
}

describe("compileTemplate", () => {
  const cases: readonly (readonly [template: string, program: string])[] = [
    [".[] | select(.amount > §{x})", ".[] | select(.amount >  $x )"],
    ["§{x}", " $x "],
    ["[§{x},§{y}]", "[ $x , $y ]"],
    ['"Hi §{x}!"', '"Hi \\($x)!"'],
    ['"§{x}§{y}"', '"\\($x)\\($y)"'],
    ['@base64 "§{x}"', '@base64 "\\($x)"'],
    ['"a \\(§{x} + "b §{y}" + (§{x})) §{y}"', '"a \\( $x  + "b \\($y)" + ( $x )) \\($y)"'],
    ['"\\"§{x}\\\\" | §{x}', '"\\"\\($x)\\\\" |  $x '],
    ['"\\\\(§{x})"', '"\\\\(\\($x))"'],
    ["# §{anything} §{\n§{x} # §{", "# ${anything} ${\n $x  # ${"],
    ['"# §{x}"', '"# \\($x)"'],
    ["{§{x}}", "{ $x }"],
    ["{§{x}: 1, a: §{y}}", "{ $x : 1, a:  $y }"],
    ['{"§{x}": 1}', '{"\\($x)": 1}'],
    ['{"§{x}"}', '{"\\($x)"}'],
    [".[§{x}]", ".[ $x ]"],
    [".[§{x}:§{y}]", ".[ $x : $y ]"],
    ['."§{x}"', '."\\($x)"'],
    ['. as {"§{x}": $v} | $v', '. as {"\\($x)": $v} | $v'],
    ["$x + §{y}", "$x +  $y "],
    ['"cost §§{x}"', '"cost $\\($x)"'],
    ['"§\\u007bx}"', '"$\\u007bx}"'],
    ['"§x {x}"', '"$x {x}"'],
    ["map(.a)\n| §{x}\n| .b", "map(.a)\n|  $x \n| .b"],
  ];

  it.each(cases)("%j", (text, program) => {
    const compiled = compile(text, ["x", "y"]);
    expect(compiled.program).toBe(program);
    expect(compiled.bindings).toEqual([
      { parameter: "x", variable: "x" },
      { parameter: "y", variable: "y" },
    ]);
    expect(analyse(parseProgram(program), { variables: ["x", "y"] }).unknownVariables).toEqual([]);
  });

  it("lists the parameters read, by placeholder or directly", () => {
    expect(compile("§{c} + $a + (1 as $b | $b)", ["a", "b", "c", "d"]).used).toEqual(["a", "c"]);
  });

  it("keeps code outside strings at its columns", () => {
    const text = template("§{x} | f(§{y})");
    expect(compileTemplate(text, ["x", "y"]).program.length).toBe(text.length);
  });

  const aliased: readonly (readonly [template: string, program: string])[] = [
    [". as $x | §{x} + $x", ". as $x |  $param_x  + $x"],
    ['. as {$x} | "§{x}"', '. as {$x} | "\\($param_x)"'],
    [". as [$x] ?// $x | {§{x}, b: §{x}}", ". as [$x] ?// $x | {x: $param_x, b:  $param_x }"],
    ["reduce .[] as $x (0; . + §{x})", "reduce .[] as $x (0; . +  $param_x )"],
    ["def f($x): §{x}; f(1)", "def f($x):  $param_x ; f(1)"],
    ["1 as $x | {§{x}: 1}", "1 as $x | { $param_x : 1}"],
    ["1 as $x | 2 as $param_x | §{x}", "1 as $x | 2 as $param_x |  $_param_x "],
  ];

  it.each(aliased)("reads the parameter even where the template binds its name: %j", (text, program) => {
    const alias = program.includes("$_param_x") ? "_param_x" : "param_x";
    expect(compile(text, ["x"])).toEqual({
      program,
      used: ["x"],
      bindings: [
        { parameter: "x", variable: "x" },
        { parameter: "x", variable: alias },
      ],
    });
  });

  it("reaches parameters by an alias when jq has a meaning for their name", () => {
    expect(compile('§{ENV} + §{__loc__} + "§{ARGS}"', ["ENV", "__loc__", "ARGS"])).toEqual({
      program: ' $param_ENV  +  $param___loc__  + "\\($param_ARGS)"',
      used: ["ENV", "__loc__", "ARGS"],
      bindings: [
        { parameter: "ENV", variable: "param_ENV" },
        { parameter: "__loc__", variable: "param___loc__" },
        { parameter: "ARGS", variable: "param_ARGS" },
      ],
    });
  });
});

describe("what is refused", () => {
  const literal = template(
    'Write §{name} with a declared parameter. For the characters "§{" in a string write "§\\u007b".',
  );
  const value = "a placeholder is a value, and here a new name is needed";
  const bind = "Bind a name of your own: … as $item | ….";
  const cases: readonly (readonly [template: string, code: string, message: string, hint: string])[] = [
    [
      "§{nmae}",
      "invalid_argument",
      'line 1, column 1: the placeholder "§{nmae}" names no declared parameter',
      "Did you mean name? Declared: name, age.",
    ],
    [
      '.a\n| "§{zzz}"',
      "invalid_argument",
      'line 2, column 4: the placeholder "§{zzz}" names no declared parameter',
      "Declared: name, age.",
    ],
    ["§{a b}", "jq_syntax", 'line 1, column 1: a placeholder holds one parameter name, found "a b"', literal],
    ["§{ name }", "jq_syntax", 'line 1, column 1: a placeholder holds one parameter name, found " name "', literal],
    ["§{}", "jq_syntax", "line 1, column 1: the placeholder is empty", literal],
    ['"§{"', "jq_syntax", 'line 1, column 2: the placeholder is not closed: "}" is missing', literal],
    ["§{name\n}", "jq_syntax", 'line 1, column 1: the placeholder is not closed: "}" is missing', literal],
    [
      ".a | .§{name}",
      "jq_syntax",
      'line 1, column 7: a placeholder cannot follow "." directly',
      "Read a field whose name is a parameter with .[§{name}].",
    ],
    [". as §{name} | 1", "jq_syntax", `line 1, column 6: ${value}`, bind],
    [". as [{§{name}}] | 1", "jq_syntax", `line 1, column 8: ${value}`, bind],
    ["def f(§{name}): 1; 1", "jq_syntax", `line 1, column 7: ${value}`, bind],
    ["label §{name} | 1", "jq_syntax", `line 1, column 7: ${value}`, bind],
    ["label $name | break §{name}", "jq_syntax", `line 1, column 21: ${value}`, bind],
    [
      '"§{name}" | §{age} | | .',
      "jq_syntax",
      'line 1, column 22: expected an expression, found "|"',
      'Put an expression on both sides of "|".',
    ],
  ];

  it.each(cases)("%j", (text, code, message, hint) => {
    expect(failure(text, ["name", "age"])).toEqual({ code, message: template(message), hint: template(hint) });
  });

  it("says when nothing is declared, and which names cannot be", () => {
    expect(failure("§{x}", [])).toEqual({
      code: "invalid_argument",
      message: template('line 1, column 1: the placeholder "§{x}" names no declared parameter'),
      hint: "No parameters are declared.",
    });
    expect(failure(".", ["b-c"])).toEqual({
      code: "invalid_argument",
      message: 'The parameter name "b-c" cannot be a jq variable.',
      hint: "Use ASCII letters, digits and underscores, and do not start with a digit.",
    });
  });
});

describe("values cannot change a program", () => {
  const hostile = ['" | env | "', "') or 1", "\\(env)", "$ENV", '"; halt; "', "§{name}", "\\", '"', "#", "\n"];

  it.each(hostile)("%j is never in the program", (value) => {
    const parameters = { name: value, other: value };
    const { program, bindings } = compile('"Hi §{name}" + §{other}', Object.keys(parameters));
    // The compiler is given names alone; the values go to the engine as the variables that `bindings` lists.
    expect(program).toBe('"Hi \\($name)" +  $other ');
    expect(bindings.map(({ parameter }) => parameter)).toEqual(Object.keys(parameters));
  });

  it.each(hostile)("%j is no parameter name", (name) => {
    expect(failure(".", [name])).toMatchObject({ code: "invalid_argument" });
  });
});
