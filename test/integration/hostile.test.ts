// Hostile programs and data through the whole product: each ends in its own error, and the next query works.
import { describe, expect, inject, it } from "vitest";
import { call, callError, connectV2, createTeam } from "../helpers/clients.ts";

const server = inject("server");
const team = await createTeam(server, "hostile");
const client = await connectV2(team);
await call(client, "create_dataset", { name: "d", content: '[{"s":"x\\"y"},{"s":"${n}"}]', format: "json" });

const deep = (open: string, close: string, levels: number): string => open.repeat(levels) + close.repeat(levels);

const programs: [string, string, string][] = [
  ["an endless list", "[range(1e18)] | length", "jq_memory"],
  ["endless recursion", "def f: f; f", "jq_steps"],
  ["an endless repeat", "last(repeat(1))", "jq_steps"],
  ["until never", "until(false; .)", "jq_steps"],
  ["a growing recursion", "def f(x): f(x | tojson); f(.)", "jq_memory"],
  ["a giant string", '"a" * 1e9 | length', "jq_memory"],
  ["a giant list", "[range(1e8)] | length", "jq_memory"],
  ["too many outputs", "range(1e12)", "jq_output_count"],
  ["too deep a program", `${deep("[", "]", 5000)}`, "jq_nesting"],
  ["too long a program", `1 ${"+ 1".repeat(40_000)}`, "jq_program_length"],
  ["the environment", "$ENV", "jq_forbidden"],
  ["the environment by function", "env.PATH", "jq_forbidden"],
  ["the file name", "input_filename", "jq_forbidden"],
  ["an import", 'import "a" as a; 1', "jq_forbidden"],
  ["an include", 'include "a"; 1', "jq_forbidden"],
  ["the search path", "get_search_list", "jq_forbidden"],
  ["its own error", 'error("mine")', "jq_runtime"],
  ["halt_error", '"bye" | halt_error', "jq_runtime"],
  ["an unknown function", "frobnicate(.)", "jq_unknown_name"],
  ["an unknown variable", "$nobody", "jq_unknown_name"],
  ["a broken program", ".[] | select(.s ==", "jq_syntax"],
  ["a NUL in the program", '"a\u0000b"', "jq_syntax"],
];

describe("programs", () => {
  it.each(programs)("%s", { timeout: 120_000 }, async (_name, query, code) => {
    expect(await callError(client, "query_dataset", { dataset: "d", query })).toMatchObject({ code });
    expect((await call(client, "query_dataset", { dataset: "d", query: "length", fresh: true })).data.rows).toEqual([
      2,
    ]);
  });

  it("a regular expression that backtracks without end", { timeout: 120_000 }, async () => {
    const error = await callError(client, "query_dataset", {
      dataset: "d",
      query: '("a" * 40 + "b") | test("^(a+)+$")',
    });
    expect(["jq_runtime", "jq_steps"]).toContain(error.code);
    expect((await call(client, "query_dataset", { dataset: "d", query: "length", fresh: true })).data.rows).toEqual([
      2,
    ]);
  });
});

describe("values", () => {
  const hostile = [
    '"; halt_error; "',
    "\\(1+1)",
    "${n}",
    "$ENV",
    '") | error("x',
    "żółć 👩\u200d👩 \u0000 \n",
    "'; drop table tools; --",
    "x".repeat(100_000),
  ];

  it.each(hostile.map((value) => [value.slice(0, 20), value]))(
    "a parameter of %j stays a value",
    async (_name, value) => {
      const query = '{plain: ${v}, text: "<${v}>", direct: $v}';
      const answer = await call(client, "query_dataset", { dataset: "d", query, params: { v: value }, limit: 1 });
      if (value.length > 30_000) {
        expect(answer.isError).toBe(true);
        return;
      }
      expect(answer.data.rows).toEqual([{ plain: value, text: `<${value}>`, direct: value }]);
    },
  );

  it("numbers that no double holds come through as text", async () => {
    const answer = await call(client, "query_dataset", {
      dataset: "d",
      query: "100000000000000000001, 1e1000",
      format: "json",
    });
    expect(answer.text).toContain("100000000000000000001\n1");
    expect(answer.data.total).toBe(2);
  });
});

const malformed: [string, string, string, RegExp][] = [
  ["JSON cut short", "json", '[{"a":1},{"a":', /^Byte 14: /],
  ["a bad NDJSON line", "ndjson", '{"a":1}\n{"a":}\n', /^Line 2, column 6: /],
  ["an unclosed CSV quote", "csv", 'a,b\n1,"x\n', /^Line 2: /],
  ["nesting without end", "json", deep("[", "]", 20_000), /nest/],
  ["nothing at all", "json", " ", /empty/],
];

describe("data", () => {
  it.each(malformed)("%s is refused where it is wrong", async (_name, format, content, where) => {
    const error = await callError(client, "create_dataset", { name: "broken", content, format });
    expect(error.code).toMatch(/^(dataset_malformed|jq_nesting)$/);
    expect(error.message).toMatch(where);
    expect((await call(client, "list_datasets")).text).not.toContain("broken");
  });
});
