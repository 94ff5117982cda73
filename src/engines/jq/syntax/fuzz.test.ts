// Random programs, seeded: the parser and the template compiler throw nothing but AppError, and end. Runs in workerd.
import { describe, expect, it } from "vitest";
import { printExpression } from "../../../../test/helpers/print-program.ts";
import { isAppError } from "../../../core/errors.ts";
import { analyse, parseDefinition, parseProgram } from "./analyse.ts";
import { compileTemplate } from "./placeholders.ts";

/** A small linear congruential generator: the same seed gives the same programs everywhere. */
function generator(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const pieces = [
  ..."( ) [ ] { } . .. , ; : | + - * / % = == != < <= > >= // //= |= += ? ?// $ \\ ' ` & ! # \" \\( é \0 \r \u00a0".split(
    " ",
  ),
  ..."as def if then else elif end reduce foreach try catch label break import include module and or not".split(" "),
  ..."a map $x $__loc__ $ENV .a .b.c @csv @base64 1 2.5 .5 1e9 true null 😀 \ud800".split(" "),
  '"',
  '"a"',
  '"\\n"',
  '"\\(',
  "\\u00e9",
  "\\ud800",
  " ",
  "\n",
  "# c\n",
  `${"$"}{x}`,
  `${"$"}{`,
  "def f(g; $y): g;",
  ". as [$x] |",
  "if . then 1 end",
];

function randomProgram(random: (below: number) => number): string {
  const length = 1 + random(24);
  const glue = random(3) === 0 ? "" : " ";
  return Array.from({ length }, () => pieces[random(pieces.length)] ?? "").join(glue);
}

/** An expression by the grammar, so that most of it parses. */
function randomExpression(random: (below: number) => number, depth: number): string {
  const inner = (): string => randomExpression(random, depth - 1);
  const leaves = [".", ".a", "1", '"s"', "$x", "..", "f", "null", ".[0]?", "@json", "$__loc__"];
  if (depth <= 0) return leaves[random(leaves.length)] ?? ".";
  const forms: (() => string)[] = [
    () => `(${inner()})`,
    () => `[${inner()}]`,
    () => `${inner()} | ${inner()}`,
    () => `${inner()}, ${inner()}`,
    () => `${inner()} ${["+", "-", "*", "/", "%", "and", "or", "//"][random(8)]} ${inner()}`,
    () => `(${inner()}) ${["==", "!=", "<", "=", "|=", "//="][random(6)]} (${inner()})`,
    () => `{a: (${inner()}), "b\\(${inner()})": ., ("c", "d"): 1, $x}`,
    () => `if ${inner()} then ${inner()} elif ${inner()} then ${inner()} end`,
    () => `reduce (${inner()}) as [$x, {a: $y}] (${inner()}; ${inner()})`,
    () => `def f: ${inner()}; ${inner()}`,
    () => `(${inner()}) as $x | ${inner()}`,
    () => `label $l | ${inner()}, break $l`,
    () => `try (${inner()}) catch (${inner()})`,
    () => `-(${inner()})?`,
    () => `"\\(${inner()}) text \\(${inner()})"`,
    () => `.[${inner()}:]?`,
    () => `g(${inner()}; ${inner()})`,
  ];
  return (forms[random(forms.length)] ?? inner)();
}

/** "ok", the code of an AppError, or the text of anything else. */
function outcome(run: () => unknown): string {
  try {
    run();
    return "ok";
  } catch (error) {
    return isAppError(error) ? error.code : String(error);
  }
}

describe("fuzz", () => {
  it("ends every random text with a tree or an AppError", () => {
    const random = generator(7);
    const outcomes = new Set<string>();
    for (let round = 0; round < 20_000; round++) {
      const program = randomProgram(random);
      outcomes.add(outcome(() => analyse(parseProgram(program), { variables: ["x"] })));
      outcomes.add(outcome(() => parseDefinition(program)));
      outcomes.add(outcome(() => compileTemplate(program, ["x"])));
    }
    expect([...outcomes].sort()).toEqual(["invalid_argument", "jq_syntax", "ok"]);
  });

  it("reads back what it prints, for programs made by the grammar", () => {
    const random = generator(11);
    let read = 0;
    for (let round = 0; round < 3_000; round++) {
      const program = randomExpression(random, 1 + random(4));
      if (outcome(() => parseProgram(program)) !== "ok") continue;
      const printed = printExpression(parseProgram(program).query);
      expect(printExpression(parseProgram(printed).query)).toBe(printed);
      read += 1;
    }
    expect(read).toBe(2998);
  });

  it("cuts every prefix of a program with an AppError or a tree", () => {
    const program =
      'def f($a; g): reduce .[] as [$x, {y: $z}] (0; . + "\\($x | @csv "b")"); label $l | if .a? then f(1; .) else break $l end';
    const outcomes = new Set(Array.from(program, (_, at) => outcome(() => parseProgram(program.slice(0, at)))));
    expect([...outcomes].sort()).toEqual(["jq_syntax", "ok"]);
    expect(outcome(() => parseProgram(program))).toBe("ok");
  });
});
