// Programs and data that mean harm, one row each: every run ends in its own error or a documented value, and the next run is right.
import { describe, expect, test } from "vitest";
import { isAppError } from "../../core/errors.ts";
import { jqLimits } from "../../limits.ts";
import { type JqMode, type JqRequest, runJq } from "./run.ts";

const encoder = new TextEncoder();
const steps = 20_000_000;
const memoryHint =
  "The input is small; the program itself builds too much. Look for a list, string or recursion that keeps growing, and keep less of it at once.";
const loopHint =
  "Look for a loop without an end (repeat, range, recurse, until); else read fewer records or do less for each.";
const stackHint =
  "Use reduce or foreach in place of nested definitions, and flatten values nested thousands of levels deep.";
const runtimeHint = "Handle the program's own error with `?` or try/catch, or test the value's type first.";
const moduleHint = "Save the code as a function of the team; it is found by its name.";

const outOfSteps = (value = steps) => ({
  code: "jq_steps",
  message: `The program was stopped after ${value} steps.`,
  hint: loopHint,
  details: { limit: "steps", value },
});
const outOfMemory = {
  code: "jq_memory",
  message: `The program needs more than the ${jqLimits.recordsMemoryBytes} bytes of memory a run may use.`,
  hint: memoryHint,
  details: { limit: "recordsMemoryBytes", value: jqLimits.recordsMemoryBytes },
};
const tooDeep = {
  code: "jq_nesting",
  message: "The program or the data is nested too deep for the engine's stack.",
  hint: stackHint,
  details: undefined,
};
const valueTooDeep = {
  code: "jq_nesting",
  message: "A value is nested deeper than 256 levels.",
  hint: "Flatten it, for example with paths and getpath, before writing it.",
  details: { limit: "valueDepth", value: 256 },
};
const inputTooDeep = {
  code: "jq_nesting",
  message: "A value of the input is nested deeper than the 256 levels jq reads; an object takes two of them.",
  hint: "No program can read it: flatten the data and upload it again.",
  details: { limit: "valueDepth", value: 256 },
};
const forbidden = {
  code: "jq_forbidden",
  message: "Programs may not load modules: there are no files here.",
  hint: moduleHint,
  details: undefined,
};
const failed = (message: string) => ({
  code: "jq_runtime",
  message: "The program failed.",
  hint: runtimeHint,
  details: { message },
});
const noProgram = {
  code: "jq_syntax",
  message: "The program does not compile.",
  hint: "Correct the program.",
  details: { message: 'Top-level program not given (try ".")' },
};
const tooManyOutputs = {
  code: "jq_output_count",
  message: "The program produced more than 1000 outputs.",
  hint: "Select fewer records, aggregate them, or collect outputs into arrays.",
  details: { limit: "outputCount", value: 1000 },
};

async function ending(request: Partial<JqRequest> & { program: string }): Promise<unknown> {
  try {
    const outcome = await runJq({
      input: undefined,
      mode: "records",
      nullInput: request.input === undefined,
      window: { offset: 0, limit: 10, maxBytes: 100_000 },
      ...request,
      limits: { outputCount: 1000, ...request.limits },
    });
    return outcome.outputs;
  } catch (error) {
    if (!isAppError(error)) throw error;
    return { code: error.code, message: error.message, hint: error.hint, details: error.details };
  }
}

async function expectNextRunWorks(): Promise<void> {
  expect(
    await ending({ program: "[.a, ($x|length)]", input: encoder.encode('{"a":"next"}'), args: { x: '"ok"' } }),
  ).toEqual(['["next",2]']);
}

describe("hostile programs", () => {
  const programs: [program: string, expected: unknown][] = [
    ["[range(1e18)]|length", outOfMemory],
    ["reduce range(1e18) as $i (0; .+1)", outOfSteps()],
    ["def f: f; f", outOfSteps()],
    ["def f: def g: f; g; f", outOfMemory],
    ["def f: 1+f; f", outOfMemory],
    ["def f(x): f(x|tojson); f(.)", outOfMemory],
    ["repeat(.)", tooManyOutputs],
    ["range(1e9)", tooManyOutputs],
    ["last(repeat(1))", outOfSteps()],
    ["until(false;.)", outOfSteps()],
    ["[recurse(.)]|length", outOfMemory],
    ["[limit(1e9;repeat(1))]|length", outOfMemory],
    ['"a"*1e9|length', outOfMemory],
    ['"a"*1e10|length', outOfMemory],
    ["[range(1e7)]|tojson|length", outOfMemory],
    ['[range(1e6)]|map("\\(.)\\(.)")|join(",")|length', outOfSteps()],
    ['("a"*3000000) as $s|reduce range(1e8) as $i (0; ($s+"b")|0)', outOfSteps()],
    ['("a"*50)|test("^(a+)+$!")', failed("Regex failure: retry-limit-in-match over")],
    ['("a"*30+"!")|test("^(a|a)*$")', failed("Regex failure: retry-limit-in-match over")],
    ['("x"*100000)|test("(x+x+)+y")', failed("Regex failure: retry-limit-in-match over")],
    ['"a"|test("(((((a{1000}){1000}){1000}){1000}){1000})")', ["false"]],
    ['"a"|test("a{100001}")', failed("Regex failure: too big number for repeat range")],
    ['getpath([range(10000)|"a"])', tooDeep],
    ['setpath([range(10000)|"a"];1)|length', tooDeep],
    ["reduce range(100000) as $i (1;[.])|length", tooDeep],
    ["reduce range(300) as $i (1;[.])", valueTooDeep],
    ["reduce range(60) as $i (1;[.,.])|tojson|length", outOfMemory],
    ["reduce range(256) as $i (1;[.])|length", ["1"]],
    ["reduce range(60) as $i (1;[.,.]) | . == (. + [])", ["true"]],
    ["$ENV,env", ["{}", "{}"]],
    ["$ENV.PATH,env.HOME", ["null", "null"]],
    ["input_filename", ["null"]],
    ["get_search_list|length", ["3"]],
    ['import "a" as a; 1', forbidden],
    ['import "/etc/passwd" as $a; $a', forbidden],
    ['include "a"; 1', forbidden],
    ['"a"|modulemeta', forbidden],
    ["halt", []],
    ["1,halt,2", ["1"]],
    ["halt_error", failed("")],
    ['"bye"|halt_error', failed("bye")],
    ['{"a":1}|halt_error(3)', failed('{"a":1}')],
    ['"bye"|halt_error(0)', []],
    ["error(null)", failed("null")],
    ['error({"a":1})', failed('{"a":1}')],
    ['error("a\\nb")', failed("a\nb")],
    ['error("\\u0000x")', failed("")],
    ['error("y"*1000)', failed("y".repeat(500))],
    ['"jq: error (at <unknown>): forged"|stderr|1', failed("forged")],
    [
      "input",
      {
        code: "jq_runtime",
        message: "The program asked for an input after the last.",
        hint: "`input` reads one and fails at the end; `inputs` reads all that are left, which may be none.",
        details: { message: "break" },
      },
    ],
    ["[inputs]", ["[]"]],
    ["try input catch .", ['"break"']],
    ["[limit(0;1,2)]", ["[]"]],
    ['"${name} $__prog \\\\(x) %s"', ['"${name} $__prog \\\\(x) %s"']],
    [
      "1e1000,-1e1000,100000000000000000000,1.000,0.1e-400",
      ["1E+1000", "-1.7976931348623157e+308", "100000000000000000000", "1.000", "1E-401"],
    ],
    ["[nan,infinite,-infinite]", ["[null,1.7976931348623157e+308,-1.7976931348623157e+308]"]],
    [
      "0|strftime([])",
      {
        code: "jq_crash",
        message: "The jq engine failed on this program; no data was lost.",
        hint: "Write the query in another way: smaller steps, fewer levels, shorter paths.",
        details: undefined,
      },
    ],
    [
      "1e18|todate",
      {
        code: "jq_runtime",
        message: "The program computed a date outside the calendar.",
        hint: "Times are seconds since 1970; divide milliseconds by 1000.",
        details: { message: "error converting number of seconds since epoch to datetime" },
      },
    ],
    ["-1 as $x|$x", ["-1"]],
    [
      "--arg",
      {
        code: "jq_syntax",
        message: "The program does not compile (line 1).",
        hint: "Correct the program.",
        details: { message: "arg/0 is not defined at <top-level>, line 1:\n --arg", line: 1 },
      },
    ],
    ["", noProgram],
    ["# only a comment", noProgram],
  ];
  test.each(programs)("%s", async (program, expected) => {
    const endless = JSON.stringify(expected).includes("jq_steps");
    const outcome = await ending({ program, limits: endless ? { steps } : {} });
    if (Array.isArray(expected)) expect(outcome).toEqual(expected);
    else expect(outcome).toMatchObject(expected as object);
    await expectNextRunWorks();
  });

  test("nested brackets and very long programs", async () => {
    expect(await ending({ program: `${"[".repeat(30_000)}${"]".repeat(30_000)}` })).toMatchObject({
      code: expect.stringMatching(/^jq_/),
    });
    expect(await ending({ program: `1${"+1".repeat(5000)}` })).toEqual(["5001"]);
    expect(await ending({ program: `"${"x".repeat(64 * 1024 - 2)}"|length` })).toEqual({
      code: "jq_program_length",
      message: "The program and its functions are longer than 65536 characters.",
      hint: "Pass data as parameters instead of writing it into the program.",
      details: { limit: "programChars", value: 65_536 },
    });
    expect(await ending({ program: `"${"x".repeat(64 * 1024 - 9)}"|length` })).toEqual(["65527"]);
    await expectNextRunWorks();
  });

  test("a NUL in a program is refused, in a value it is kept", async () => {
    expect(await ending({ program: "1\0,2" })).toEqual({
      code: "jq_syntax",
      message: "The program holds a NUL character.",
      hint: 'Remove it; inside a string write "\\u0000".',
      details: undefined,
    });
    expect(await ending({ program: "$x,($x|length)", args: { x: '"a\\u0000b"' } })).toEqual(['"a\\u0000b"', "3"]);
  });
});

describe("hostile data", () => {
  const nested = (levels: number) => "[".repeat(levels) + "]".repeat(levels);
  const nestedObjects = (levels: number) => `${'{"a":'.repeat(levels - 1)}{}${"}".repeat(levels - 1)}`;
  const malformed = (message: string, details: object) => ({
    code: "dataset_malformed",
    message,
    hint: "Correct the data and upload it again.",
    details,
  });
  const inputs: [what: string, mode: JqMode, input: string | Uint8Array, expected: unknown][] = [
    ["20,000 levels", "whole", nested(20_000), inputTooDeep],
    ["257 levels", "records", nested(257), inputTooDeep],
    ["256 levels", "records", nested(256), [nested(256)]],
    ["128 levels of objects", "records", nestedObjects(128), [nestedObjects(128)]],
    ["129 levels of objects", "records", nestedObjects(129), inputTooDeep],
    ["200,000 levels of objects", "whole", '{"a":'.repeat(200_000), inputTooDeep],
    ["invalid UTF-8 becomes U+FFFD", "whole", new Uint8Array([34, 0xff, 0x61, 0xc3, 34]), ['"\ufffda\ufffd"']],
    [
      "half a surrogate pair",
      "whole",
      '"\\ud800"',
      malformed("The input is not valid JSON near line 1, column 8.", {
        line: 1,
        column: 8,
        problem: "Invalid \\uXXXX\\uXXXX surrogate pair escape",
      }),
    ],
    ["a byte order mark is passed over", "whole", "\ufeff[1]", ["[1]"]],
    [
      "huge numbers stay exact",
      "records",
      "1e1000\n100000000000000000000\n3.141592653589793238462643",
      ["1E+1000", "100000000000000000000", "3.141592653589793238462643"],
    ],
    ["empty", "whole", "", []],
    ["only spaces", "records", " \n\n ", []],
    ["empty, slurped", "slurp", "", ["[]"]],
    [
      "a NUL byte",
      "whole",
      "[1,\0]",
      malformed("The input is not valid JSON near line 1, column 5.", {
        line: 1,
        column: 5,
        problem: "Invalid numeric literal",
      }),
    ],
    [
      "an unfinished text",
      "whole",
      "[1,2",
      malformed("The input is not valid JSON near line 1.", {
        line: 1,
        problem: "Unfinished JSON term",
      }),
    ],
    [
      "a bad word on line 3",
      "records",
      '1\n2\n{"a":nul}\n4\n',
      malformed("The input is not valid JSON near line 3, column 9.", {
        line: 3,
        column: 9,
        problem: "Invalid literal",
      }),
    ],
    [
      "an unfinished string",
      "slurp",
      '["abc',
      malformed("The input is not valid JSON near line 1.", {
        line: 1,
        problem: "Unfinished string",
      }),
    ],
  ];
  test.each(inputs)("%s (%s)", async (_what, mode, input, expected) => {
    const bytes = typeof input === "string" ? encoder.encode(input) : input;
    const outcome = await ending({ program: ".", mode, input: bytes });
    expect(outcome).toEqual(expected);
    const streamed = await ending({ program: ".", mode, input: new Blob([bytes]).stream() });
    expect(streamed).toEqual(expected);
    await expectNextRunWorks();
  });

  test("malformed records read by the program itself are the data's fault, its own parsing is not", async () => {
    const input = encoder.encode('1\n{"a"\n');
    expect(await ending({ program: "[inputs]", nullInput: true, input })).toEqual(
      malformed("The input is not valid JSON near line 2.", {
        line: 2,
        problem: "Unfinished JSON term",
      }),
    );
    expect(await ending({ program: '"[1,"|fromjson' })).toEqual(
      failed("Unfinished JSON term at EOF at line 1, column 3 (while parsing '[1,')"),
    );
  });

  test("deep recursion over a stream ends like one over bytes", async () => {
    const input = () => new Blob(["[1]\n"]).stream();
    expect(await ending({ program: "reduce range(100000) as $i (.;[.])|length", input: input() })).toMatchObject(
      tooDeep,
    );
    expect(await ending({ program: 'getpath([range(10000)|"a"])', input: new Blob(["null"]).stream() })).toMatchObject({
      code: "jq_nesting",
    });
    expect(await ending({ program: "def f: f; f", input: input(), limits: { steps } })).toMatchObject({
      code: "jq_steps",
    });
    await expectNextRunWorks();
  });
});
