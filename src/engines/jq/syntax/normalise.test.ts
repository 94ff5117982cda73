// One form for all spellings: by example, and for random programs printed in several ways and with other literals. Runs in workerd.
import { describe, expect, it } from "vitest";
import { printExpression } from "../../../../test/helpers/print-program.ts";
import { isAppError } from "../../../core/errors.ts";
import { type NormaliseOptions, normalise } from "./normalise.ts";
import { parseProgram } from "./parser.ts";
import { printQuery } from "./print-query.ts";

const formOf = (program: string, options: NormaliseOptions = {}) => normalise(parseProgram(program), options);
const textOf = (program: string): string => formOf(program).text;

describe("one form", () => {
  it.each([
    ['map( select( .region=="EU" ) )', "map(select(.region == $p1))"],
    ['map(select((.region) == "US")) # theirs', "map(select(.region == $p1))"],
    ['.a["b"]', ".a.b"],
    ['.["a b"]."c"', '.["a b"].c'],
    [".a | (.b | .c)", ".a | .b | .c"],
    ["(.a | .b) | .c", ".a | .b | .c"],
    [". | .a | .", ".a"],
    [".", "."],
    ["def f: .; .", "def f: .; ."],
    ["(.a).b", ".a.b"],
    ["limit(5; .[])", "limit($p1; .[])"],
    [".[:10]", ".[:$p1]"],
    [".[-1]", ".[$p1]"],
    [". > -5", ". > $p1"],
    ["1 - 1", "$p1 - $p2"],
    ["(1 + 2) * 3", "($p1 + $p2) * $p3"],
    ["1 - (2 - 3)", "$p1 - ($p2 - $p3)"],
    ["(1 - 2) - 3", "$p1 - $p2 - $p3"],
    ["(.a // .b) // .c", "(.a // .b) // .c"],
    [".a // (.b // .c)", ".a // .b // .c"],
    ['{a: .a, "b": .b, ("c"): .c, d}', "{a, b, c, d}"],
    ['{"a b": .["a b"]}', '{"a b": .["a b"]}'],
    ["{(.key): 1}", "{(.key): $p1}"],
    ['{("x" + .k): "y"}', '{("x" + .k): $p1}'],
    ['"\\(.a) EUR"', '"\\(.a) EUR"'],
    ['"\\(.a + 1) EUR"', '"\\(.a + $p1) EUR"'],
    ["@base64", "@base64"],
    ['@csv "x"', '@csv "x"'],
    ["select(.a == null and .b == true)", "select(.a == null and .b == $p1)"],
    [". as $row | $row.a", ". as $v1 | $v1.a"],
    [". as $x | .[] as $y | {$x, $y}", ". as $v1 | .[] as $v2 | {x: $v1, y: $v2}"],
    [". as {a: $x, $b} | $x + $b", ". as {a: $v1, b: $v2} | $v1 + $v2"],
    [". as {$a: [$b]} | $a", ". as {$a: [$v1]} | $a"],
    ["def f($v1): . as $x | $v1 + $x; f(1)", "def f($v1): . as $v_1 | $v1 + $v_1; f($p1)"],
    ["reduce .[] as $x (0; . + $x)", "reduce .[] as $v1 ($p1; . + $v1)"],
    ["foreach .[] as [$a] (0; 1; [., $a])", "foreach .[] as [$v1] ($p1; $p2; [., $v1])"],
    ["(.a)?", "(.a)?"],
    [".a?", ".a?"],
    ['try error("x") catch .', "try error($p1) catch ."],
    ["if . then 1 else 2 end", "if . then $p1 else $p2 end"],
    ["-(.a)", "-.a"],
    ["label $out | 1, break $out", "label $out | $p1, break $out"],
    ["(. as $x | .a) | .b", "(. as $v1 | .a) | .b"],
    [".a as $x | . as $x | $x", ".a as $v1 | . as $v2 | $v2"],
    ['"x"[0:1]', "$p1[$p2:$p3]"],
  ])("of %j", (program, form) => {
    expect(textOf(program)).toBe(form);
  });

  it("keeps apart what means something else", () => {
    const apart = [
      [".a.b", ".a | .b"],
      [".[0]", '.["0"]'],
      ["map(.a)", ".[] | .a"],
      ["{a: 1}", "{b: 1}"],
      [".a == null", ".a == 1"],
      ["1 - 2 - 3", "1 - (2 - 3)"],
      ["[1, 2]", "[1, 2, 3]"],
      [". as $x | . as $y | $x", ". as $x | . as $y | $y"],
    ];
    expect(apart.filter(([a = "", b = ""]) => textOf(a) === textOf(b))).toEqual([]);
  });
});

describe("literals", () => {
  const literalsOf = (program: string, options: NormaliseOptions = {}) =>
    formOf(program, options).literals.map(({ value, hint, span }) => [
      value,
      hint,
      program.slice(span.start, span.end),
    ]);

  it("come with their values, exact, their places and what they may be called", () => {
    expect(literalsOf('map(select(.region == "EU" and .amount >= 10.50)) | limit(3; .[]) | {n: -7, ok: true}')).toEqual(
      [
        ['"EU"', "region", '"EU"'],
        ["10.50", "min_amount", "10.50"],
        ["3", "count", "3"],
        ["-7", "n", "-7"],
        ["true", "ok", "true"],
      ],
    );
    expect(literalsOf("100000000000000000001, .5, 5., 007, 1E5")).toEqual([
      ["100000000000000000001", "value", "100000000000000000001"],
      ["0.5", "value", ".5"],
      ["5", "value", "5."],
      ["7", "value", "007"],
      ["1e5", "value", "1E5"],
    ]);
  });

  it("are called after the field before them, and after a function's own arguments", () => {
    const argumentNames = new Map([["margin/2", ["$cost", "rate"]]]);
    expect(
      literalsOf('.customer.Name | test("x"), startswith("y"), IN("a", "b"), margin(1; 2), 5 < .maxAge', {
        argumentNames,
      }),
    ).toEqual([
      ['"x"', "name_pattern", '"x"'],
      ['"y"', "name_prefix", '"y"'],
      ['"a"', "name", '"a"'],
      ['"b"', "name", '"b"'],
      ["1", "cost", "1"],
      ["2", "rate", "2"],
      ["5", "min_max_age", "5"],
    ]);
  });

  it("and a caller's parameter, at each place that reads it, are the same form", () => {
    const parameters = new Map([
      ["region", '"EU"'],
      ["n", "2"],
    ]);
    const form = formOf("map(select(.region == $region)) | {$n, m: .[$n]}", { parameters });
    expect(form).toEqual({
      text: "map(select(.region == $p1)) | {n: $p2, m: .[$p3]}",
      literals: [
        { value: '"EU"', parameter: "region", span: { start: 22, end: 29 }, shorthand: false, hint: "region" },
        { value: "2", parameter: "n", span: { start: 35, end: 37 }, shorthand: true, hint: "n" },
        { value: "2", parameter: "n", span: { start: 44, end: 46 }, shorthand: false, hint: "key" },
      ],
    });
    expect(form.text).toBe(textOf('map(select(.region == "US")) | {n: 7, m: .[1]}'));
    expect(textOf(". as $region | $region")).toBe(formOf(". as $region | $region", { parameters }).text);
  });

  it("of strings that look like placeholders survive printing", () => {
    const opening = "$\u007b";
    const query = parseProgram(`"a${opening}x} \\(.b)", "c\\n${opening}"`).query;
    expect(printQuery(query)).toBe('"a$\\u007bx} \\(.b)", "c\\n$\\u007b"');
    expect(printExpression(parseProgram(printQuery(query)).query)).toBe(printExpression(query));
  });
});

function generator(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

function randomProgram(random: (below: number) => number, depth: number): string {
  const inner = (): string => randomProgram(random, depth - 1);
  const pick = (choices: readonly string[]): string => choices[random(choices.length)] ?? ".";
  if (depth <= 0)
    return pick([".", ".a", "1", '"s"', "$x", "..", "f", "null", ".[0]?", "@json", ".5", "true", '."b"', "$q"]);
  const forms: (() => string)[] = [
    () => `(${inner()})`,
    () => `[${inner()}]`,
    () => `${inner()} | ${inner()}`,
    () => `(${inner()} | ${inner()}) | ${inner()}`,
    () => `${inner()}, ${inner()}`,
    () => `${inner()} ${pick(["+", "-", "*", "/", "%", "and", "or", "//"])} ${inner()}`,
    () => `(${inner()}) ${pick(["==", "!=", "<", "=", "|=", "//="])} (${inner()})`,
    () => `{a: (${inner()}), "b\\(${inner()})": ., ("c", "d"): 1, $x, ("e"): .e, f, "g h"}`,
    () => `if ${inner()} then ${inner()} elif ${inner()} then ${inner()} end`,
    () => `reduce (${inner()}) as [$x, {a: $y, $z}] (${inner()}; ${inner()})`,
    () => `def f: ${inner()}; ${inner()}`,
    () => `def g($x; h): ${inner()}; ${inner()}`,
    () => `(${inner()}) as $x | ${inner()}`,
    () => `(${inner()}) as [$x] ?// {$x: [$y]} | ${inner()}`,
    () => `label $l | ${inner()}, break $l`,
    () => `try (${inner()}) catch (${inner()})`,
    () => `-(${inner()})?`,
    () => `"\\(${inner()}) t\\nt \\(${inner()})"`,
    () => `.[${inner()}:]?`,
    () => `(${inner()}).b[${inner()}]`,
    () => `g(${inner()}; ${inner()})`,
  ];
  return (forms[random(forms.length)] ?? inner)();
}

/** Other white space and comments wherever the printer left a space, outside strings. */
function respaced(text: string, random: (below: number) => number): string {
  return text.includes('"') ? text : text.replaceAll(" ", () => [" ", "\n", "  ", " # c\n"][random(4)] ?? " ");
}

describe("for random programs", () => {
  const random = generator(42);
  const programs: string[] = [];
  while (programs.length < 2_000) {
    const program = randomProgram(random, 1 + random(4));
    try {
      parseProgram(program);
      programs.push(program);
    } catch (error) {
      if (!isAppError(error)) throw error;
    }
  }
  const parameters = new Map([["q", "1"]]);

  it("what is printed is what was read", () => {
    for (const program of programs) {
      const { query } = parseProgram(program);
      expect(printExpression(parseProgram(printQuery(query)).query), program).toBe(printExpression(query));
    }
  });

  it("the form is the same however the program is printed, and is its own form", () => {
    for (const program of programs) {
      const { query } = parseProgram(program);
      const { text } = formOf(program, { parameters });
      for (const spelling of [
        printQuery(query),
        printExpression(query),
        respaced(printQuery(query), random),
        `(${program}\n)`,
      ])
        expect(formOf(spelling, { parameters }).text, program).toBe(text);
      const places = new Map(formOf(program, { parameters }).literals.map((_, at) => [`p${at + 1}`, "1"]));
      expect(formOf(text, { parameters: places }).text, program).toBe(text);
    }
  });

  it("other literals in the same places are the same form, and are read back", () => {
    let replaced = 0;
    for (const program of programs) {
      const { text, literals } = formOf(program, { parameters });
      let other = program;
      const values = literals.map((place, at) =>
        place.parameter !== undefined ? place.value : place.value?.startsWith('"') ? `"o${at}"` : `${at + 10}`,
      );
      for (const [at, place] of [...literals.entries()].reverse())
        if (place.parameter === undefined)
          other = `${other.slice(0, place.span.start)} ${values[at]} ${other.slice(place.span.end)}`;
      const again = formOf(other, { parameters });
      expect(again.text, program).toBe(text);
      expect(again.literals.map(({ value }) => value)).toEqual(values);
      replaced += literals.length;
    }
    expect(replaced).toBeGreaterThan(2_000);
  });
});
