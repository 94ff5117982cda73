// The rules of tools: what may be saved, what a call must give, and that no value changes the program.
import { describe, expect, it } from "vitest";
import { withDatasets } from "../../../test/helpers/datasets.ts";
import { freshTeam } from "../../../test/helpers/team.ts";
import { describeError } from "../../core/errors.ts";
import type { RowsQuery } from "../query/query.ts";
import { callTeamTool, checkTool, contentOf, nextContent, toolInputSchema } from "./jq-tools.ts";
import type { JqTool, SaveTool } from "./schema.ts";

const functions = new Map([
  ["margin", { name: "margin", definition: "def margin($r; $c): $r - $c;", arity: 2, depends_on: [] }],
]);

function errorOf(attempt: () => unknown): { code: string; message: string } {
  try {
    attempt();
  } catch (error) {
    const { code, message } = describeError(error);
    return { code, message };
  }
  throw new Error("nothing was thrown");
}

async function rejection(
  promise: Promise<unknown>,
): Promise<{ code: string; message: string; hint: string | undefined }> {
  const error = await promise.then(
    () => new Error("nothing was thrown"),
    (reason: unknown) => reason,
  );
  const { code, message, hint } = describeError(error);
  return { code, message, hint };
}

function aTool(changes: Partial<SaveTool>): JqTool {
  const input = { name: "t", description: "d", query: ".", ...changes };
  const at = "2026-01-01T00:00:00.000Z";
  return {
    id: "tool_t",
    name: input.name,
    ...nextContent(input, undefined),
    required_functions: [],
    source: "manual",
    approval_status: "approved",
    is_active: true,
    version: 3,
    created_by: "ada",
    created_at: at,
    updated_by: "ada",
    updated_at: at,
    revision: 1,
  };
}

describe("checkTool", () => {
  it("finds functions, fills in defaults and warns", () => {
    const input: SaveTool = {
      name: "t",
      description: "d",
      query: "margin(.r; .c) + ${limit}",
      parameters: [
        { name: "limit", type: "integer" },
        { name: "unused", type: "string" },
      ],
      datasets: ["sales", "gone"],
    };
    expect(checkTool({ functions, datasets: new Map([["sales", { bytes: 10 }]]) }, input)).toEqual({
      content: {
        description: "d",
        query: "margin(.r; .c) + ${limit}",
        parameters: input.parameters,
        datasets: ["sales", "gone"],
        dataset_mode: "one",
        input: "whole",
        null_input: false,
        pinned: false,
        weight: 0,
      },
      requiredFunctions: ["margin"],
      warnings: [
        "the parameter unused is never used",
        "the parameter limit takes the place of the limit argument that tools have",
        "the dataset gone does not exist yet; calls that read it fail until it is uploaded",
      ],
    });
  });

  it("keeps what a change leaves unsaid", () => {
    const before = contentOf(
      aTool({ datasets: ["a"], null_input: true, weight: 3, parameters: [{ name: "n", type: "integer" }] }),
    );
    expect(checkTool({ functions }, { name: "t", description: "new", query: "1" }, before).content).toEqual({
      ...before,
      description: "new",
      query: "1",
    });
  });

  it("warns of datasets that are too large to be read as a whole", () => {
    const datasets = new Map([
      ["big", { bytes: 5_000_000 }],
      ["half", { bytes: 3_000_000 }],
      ["other", { bytes: 3_000_000 }],
    ]);
    const warningsOf = (changes: Partial<SaveTool>): string[] =>
      checkTool({ functions, datasets }, { name: "t", description: "d", query: ".", ...changes }).warnings;
    expect(warningsOf({ datasets: ["big", "half"] })).toEqual([
      'big is 5000000 bytes and a query may read 4194304 as a whole (limit wholeInputBytes), so calls that read it fail; set input: "records"',
    ]);
    expect(warningsOf({ datasets: ["half", "other"], dataset_mode: "all" })).toEqual([
      "half + other is 6000000 bytes and a query may read 4194304 as a whole (limit wholeInputBytes), so calls that read it fail; read one dataset",
    ]);
    expect(warningsOf({ datasets: ["big"], null_input: true })).toEqual([]);
  });

  const refused: [string, Partial<SaveTool>, string, string][] = [
    [
      "more than an entry may hold",
      { parameters: [{ name: "a", type: "string", default: "x".repeat(100_000) }] },
      "too_large",
      "The tool t is 100051 bytes as JSON; the limit is 98304 (limit entryBytes).",
    ],
    [
      "a required parameter with a default",
      { parameters: [{ name: "a", type: "integer", required: true, default: 7 }] },
      "invalid_argument",
      "parameters: a: required: true and a default exclude each other; a parameter with a default need not be given",
    ],
    [
      "lengths that are none",
      { parameters: [{ name: "a", type: "string", min: -1, max: 2.5 }] },
      "invalid_argument",
      "parameters: a: min -1 is no length; give a whole number from 0 on; a: max 2.5 is no length; give a whole number from 0 on",
    ],
    [
      "patterns that take too long together",
      {
        parameters: [
          {
            name: "a",
            type: "string",
            pattern: "(a?){30}b",
            enum: Array.from({ length: 60 }, (_, at) => "a".repeat(900 + at)),
          },
        ],
      },
      "too_large",
      "Checking the values against their patterns takes more than 2000000 steps (limit patternSteps).",
    ],
    ["a built-in tool's name", { name: "find_tools" }, "already_exists", "find_tools is the name of a built-in tool."],
    [
      "a placeholder without a parameter",
      { query: "${x}" },
      "invalid_argument",
      'line 1, column 1: the placeholder "${x}" names no declared parameter',
    ],
    ["broken jq", { query: ".a |" }, "jq_syntax", ""],
    [
      "an unknown function",
      { query: ".a |\n  margn(1; 2)" },
      "jq_unknown_name",
      "line 2, column 3: there is no function margn with 2 arguments, neither in jq nor in the team's library.",
    ],
    ["an unknown variable", { query: "$y" }, "jq_unknown_name", "line 1, column 1: $y is not defined here."],
    ["the environment", { query: "env.HOME" }, "jq_forbidden", ""],
    [
      "functions not listed",
      { query: "margin(1; 2)", required_functions: [] },
      "invalid_argument",
      "required_functions: the code also calls margin.",
    ],
    [
      "functions that do not exist",
      { required_functions: ["margins"] },
      "jq_unknown_name",
      "required_functions: the library has no function margins.",
    ],
    [
      "parameters twice",
      {
        parameters: [
          { name: "a", type: "string" },
          { name: "a", type: "string" },
        ],
      },
      "invalid_argument",
      "parameters: a: is declared twice",
    ],
    [
      "a default of another type",
      { parameters: [{ name: "a", type: "integer", default: "7" }] },
      "invalid_argument",
      "parameters: a: default: expected an integer, got a string",
    ],
    [
      "a default outside the enum",
      { parameters: [{ name: "a", type: "string", enum: ["x"], default: "y" }] },
      "invalid_argument",
      'parameters: a: default: expected one of "x"; got "y"',
    ],
    [
      "an enum of another type",
      { parameters: [{ name: "a", type: "string", enum: ["x", 1] }] },
      "invalid_argument",
      "parameters: a: enum value 1: expected a string, got a number",
    ],
    [
      "min over max",
      { parameters: [{ name: "a", type: "number", min: 2, max: 1 }] },
      "invalid_argument",
      "parameters: a: min 2 is greater than max 1",
    ],
    [
      "a broken pattern",
      { parameters: [{ name: "a", type: "string", pattern: "(" }] },
      "invalid_argument",
      'parameters: a: The pattern "(" is not a regular expression.',
    ],
    [
      "a pattern for a number",
      { parameters: [{ name: "a", type: "number", pattern: "1" }] },
      "invalid_argument",
      "parameters: a: a pattern is for a string, not for a number",
    ],
    ["a dataset twice", { datasets: ["a", "a"] }, "invalid_argument", "datasets: a is listed twice"],
    [
      "a parameter named dataset beside a choice",
      { query: "${dataset}", datasets: ["a", "b"], parameters: [{ name: "dataset", type: "string" }] },
      "invalid_argument",
      "parameters: dataset is the argument that chooses among the tool's datasets; give the parameter another name",
    ],
    [
      "all of no datasets",
      { dataset_mode: "all" },
      "invalid_argument",
      'dataset_mode: "all" needs at least one dataset',
    ],
    [
      "records of all",
      { dataset_mode: "all", datasets: ["a"], input: "records" },
      "invalid_argument",
      'input: "records" reads one dataset; with dataset_mode "all" use "whole"',
    ],
  ];
  for (const [what, changes, code, message] of refused) {
    it(`refuses ${what}`, () => {
      const error = errorOf(() => checkTool({ functions }, { name: "t", description: "d", query: ".", ...changes }));
      expect(message === "" ? { code: error.code } : error).toEqual(message === "" ? { code } : { code, message });
    });
  }
});

describe("toolInputSchema", () => {
  it("describes parameters, the dataset and the page", () => {
    const tool = aTool({
      datasets: ["a", "b"],
      parameters: [
        { name: "word", type: "string", description: "A word", min: 1, max: 9, pattern: "^a" },
        { name: "n", type: "integer", default: 7, min: 0 },
        { name: "list", type: "array", required: false, max: 3 },
        { name: "limit", type: "string", enum: ["low", "high"], default: "low" },
      ],
    });
    expect(toolInputSchema(tool)).toEqual({
      type: "object",
      properties: {
        word: { type: "string", description: "A word", minLength: 1, maxLength: 9, pattern: "^a" },
        n: { type: "integer", default: 7, minimum: 0 },
        list: { type: "array", maxItems: 3 },
        limit: { type: "string", enum: ["low", "high"], default: "low" },
        dataset: { type: "string", enum: ["a", "b"], default: "a", description: "Which dataset to read." },
        cursor: { type: "string", maxLength: 2000 },
        format: { type: "string", enum: ["markdown", "json", "csv"] },
        fresh: { type: "boolean" },
        to_frame: { anyOf: [{ type: "boolean" }, { type: "string", maxLength: 63 }] },
      },
      required: ["word"],
      additionalProperties: false,
    });
  });
});

describe("callTeamTool", () => {
  async function queryOf(tool: JqTool, args: unknown): Promise<RowsQuery> {
    const context = await withDatasets(await (await freshTeam()).call(), { a: [{ v: 1 }], b: { v: 2 } });
    let seen: RowsQuery | undefined;
    await callTeamTool(context, tool, args, async (_context, query) => {
      seen = query;
      return { text: "", data: { rows: [], returned: 0, total: 0, truncated: false, input: "none", cached: false } };
    });
    if (seen === undefined) throw new Error("no query was made");
    expect(context.execution).toEqual({ toolId: "tool_t", toolName: "t", toolVersion: 3 });
    return seen;
  }

  it("binds values, defaults and nulls, and passes the page on", async () => {
    const tool = aTool({
      query: "[${a}, ${b}, ${c}]",
      datasets: ["a", "b"],
      parameters: [
        { name: "a", type: "object" },
        { name: "b", type: "number", default: 1.5 },
        { name: "c", type: "boolean", required: false },
      ],
    });
    const query = await queryOf(tool, { a: { k: [1] }, b: null, dataset: "b", limit: 3, format: "json" });
    expect({
      args: query.args,
      page: query.page,
      input: query.input,
      nullInput: query.nullInput,
      pure: query.pure,
    }).toEqual({
      args: { a: '{"k":[1]}', b: "1.5", c: "null" },
      page: { limit: 3, format: "json" },
      input: "whole",
      nullInput: false,
      pure: true,
    });
    expect(query.source).toMatchObject({ kind: "one", data: { name: "b" } });
    expect((await queryOf(tool, { a: {} })).source).toMatchObject({ kind: "one", data: { name: "a" } });
  });

  it("reads all datasets as one, or none", async () => {
    expect((await queryOf(aTool({ datasets: ["a", "b"], dataset_mode: "all" }), {})).source).toMatchObject({
      kind: "all",
      data: [{ name: "a" }, { name: "b" }],
    });
    expect((await queryOf(aTool({}), undefined)).source).toEqual({ kind: "none" });
  });

  it("lists every problem of the arguments at once", async () => {
    const tool = aTool({
      query: "[${n}, ${word}, ${pick}, ${list}]",
      parameters: [
        { name: "n", type: "integer", min: 1, max: 5 },
        { name: "word", type: "string", pattern: "^[a-z]+$" },
        { name: "pick", type: "string", enum: ["x", "y"] },
        { name: "list", type: "array", min: 2 },
      ],
    });
    expect(await rejection(queryOf(tool, { n: "3", word: "A!", list: [1], pik: "x" }))).toEqual({
      code: "invalid_argument",
      message:
        't: pik: there is no such argument; did you mean pick?; n: expected an integer, got a string; word: "A!" does not match the pattern ^[a-z]+$; pick: is missing; give a string; list: has 1 items, at least 2 are needed',
      hint: "Parameters: n (integer, required), word (string, required), pick (string, required), list (array, required).",
    });
    expect((await rejection(queryOf(tool, { n: 1.5, word: "a", pick: "z", list: [1, 2] }))).message).toBe(
      't: n: expected an integer, got a number; pick: expected one of "x", "y"; got "z"',
    );
    expect((await rejection(queryOf(tool, [1]))).message).toBe("t: the arguments must be an object.");
  });

  it("says which dataset is wrong or missing, and what to do", async () => {
    const tool = aTool({ datasets: ["gone", "a"] });
    expect(await rejection(queryOf(tool, {}))).toEqual({
      code: "not_found",
      message: "t reads the dataset gone, which this team does not have.",
      hint: 'Pass dataset: "a", or upload gone.',
    });
    expect((await rejection(queryOf(tool, { dataset: "b" }))).message).toBe("t: dataset: expected one of gone, a.");
  });

  it("refuses a tool that is not in use", async () => {
    expect(await rejection(queryOf({ ...aTool({}), is_active: false }, {}))).toEqual({
      code: "forbidden",
      message: "The tool t is deactivated, so it cannot be called.",
      hint: "restore_tool brings it back.",
    });
    expect((await rejection(queryOf({ ...aTool({}), approval_status: "pending" }, {}))).message).toBe(
      "The tool t is pending, so it cannot be called.",
    );
  });

  it("refuses arguments over the limit", async () => {
    const tool = aTool({ query: "${v}", parameters: [{ name: "v", type: "string" }] });
    expect(await rejection(queryOf(tool, { v: "x".repeat(300_000) }))).toEqual({
      code: "too_large",
      message: "t: the arguments are 300008 bytes of JSON; the limit is 262144 (limit paramsBytes).",
      hint: "Send less, or upload the data as a dataset and query that.",
    });
  });

  it("refuses values nested too deep, before the engine meets them", async () => {
    const tool = aTool({ query: "${v} | type", parameters: [{ name: "v", type: "object" }] });
    const nested = (depth: number): object => Array.from({ length: depth - 1 }).reduce<object>((v) => ({ v }), {});
    const context = await (await freshTeam()).call();
    expect((await callTeamTool(context, tool, { v: nested(128) })).data.rows).toEqual(["object"]);
    expect(await rejection(queryOf(tool, { v: nested(129) }))).toEqual({
      code: "jq_nesting",
      message: "v: the value is nested deeper than 256 levels, of which an object takes 2 (limit valueDepth).",
      hint: "Send flatter data.",
    });
  });

  it("never lets a value change the program", async () => {
    const tool = aTool({ query: '{v: ${v}, s: "<${v}>"}', parameters: [{ name: "v", type: "string" }] });
    const context = await (await freshTeam()).call();
    const hostile = [
      '"',
      "\\",
      '"} | $ENV | {"',
      "${v}",
      "$__prog_args",
      "\\(env)",
      "'; rm -rf /",
      "\u0000\u0007",
      "é😀\u2028",
      "\ud800",
      "a\nb # c",
      "x".repeat(100_000),
    ];
    for (const v of hostile) {
      const query = await queryOf(tool, { v });
      expect(query.program).toBe('{v:  $v , s: "<\\($v)>"}');
      const { data } = await callTeamTool({ ...context, execution: {} }, tool, { v, format: "json", limit: 1 }).catch(
        (error) => ({ data: describeError(error) }),
      );
      const clean = v.toWellFormed();
      expect(v.length > 50_000 ? { code: "code" in data ? data.code : "" } : data).toMatchObject(
        v.length > 50_000 ? { code: "result_too_large" } : { rows: [{ v: clean, s: `<${clean}>` }], total: 1 },
      );
    }
  });
});
