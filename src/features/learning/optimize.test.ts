// Advice on tools and explanations of queries, with the real engine on real data: what is advised gives the same and costs less. Runs in workerd.
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { aDataset, aFunction, aTool, testContext } from "../../../test/helpers/catalogue.ts";
import type { CallContext } from "../../context.ts";
import { describeError } from "../../core/errors.ts";
import type { TeamClient } from "../../platform/team-client.ts";
import type { JqTool } from "../jq-tools/schema.ts";
import { explainQuery } from "./explain.ts";
import { optimizeTool } from "./optimize.ts";
import type { PatternHistory } from "./rpc.ts";

const records = Array.from({ length: 10_000 }, (_, i) => ({
  id: i,
  region: ["EU", "US", "ASIA"][i % 3],
  amount: (i * 37) % 1000,
}));
const ndjson = `${records.map((record) => JSON.stringify(record)).join("\n")}\n`;

async function contextWith(tools: readonly JqTool[], history?: PatternHistory): Promise<CallContext> {
  await env.FILES.put("optimize-test/sales", ndjson);
  const dataset = aDataset("sales", {
    r2_key: "optimize-test/sales",
    bytes: ndjson.length,
    record_count: records.length,
  });
  const functions = [
    aFunction("half", { definition: "def half: . / 2;" }),
    aFunction("quarter", { definition: "def quarter: half / 2;", depends_on: ["half"] }),
  ];
  const { context } = testContext({ tools, functions, datasets: [dataset] });
  const stub = { ...context.stub, learning: () => ({ history: async () => history }) } as unknown as TeamClient;
  return { ...context, files: env.FILES, stub };
}

async function adviceOn(query: string, changes: Partial<JqTool> = {}, args?: Record<string, unknown>) {
  const context = await contextWith([aTool("t", { query, datasets: ["sales"], ...changes })]);
  return optimizeTool(context, { name: "t", ...(args === undefined ? {} : { arguments: args }) });
}

const queriesOf = ({ advice }: Awaited<ReturnType<typeof optimizeTool>>): string[] =>
  advice.map(({ kind, query, input, null_input }) => `${kind} ${input}${null_input ? " -n" : ""}: ${query}`).sort();

describe("optimize_tool", () => {
  it.each([
    ["sort_by(.amount) | .[0].id", "shorter_program whole: min_by(.amount).id"],
    ["sort_by(.amount)[-1]", "shorter_program whole: max_by(.amount)"],
    ["sort_by(.amount) | reverse | first", "shorter_program whole: max_by(.amount)"],
    [
      "map({region, n: .amount}) | map(select(.n > 990)) | map(.region)",
      "earlier_select whole: map(select(.amount > 990) | {region, n: .amount}) | map(.region)",
    ],
    ["sort_by(.amount) | map(select(.id < 9))", "earlier_select whole: map(select(.id < 9)) | sort_by(.amount)"],
    ["map(select(.id == 7)) | .[0]", "shorter_program whole: first((.[] | select(.id == 7)), null)"],
    ["def unused: 1; map(select(.id == 7)) | length", "unused whole: map(select(.id == 7)) | length"],
  ])("on %j finds %j", async (query, expected) => {
    const found = await adviceOn(query);
    expect(queriesOf(found)).toContain(expected);
    for (const { before, after, kind } of found.advice)
      if (kind !== "unused") expect(after.steps < before.steps || after.memory_bytes < before.memory_bytes).toBe(true);
  });

  it("advises to read records one by one, with parameters in their places", async () => {
    const found = await adviceOn(
      ".[] | select(.region == ${region}) | .id",
      {
        parameters: [
          { name: "region", type: "string", default: "EU" },
          { name: "idle", type: "string", default: "x" },
        ],
      },
      { region: "US" },
    );
    expect(found).toMatchObject({ tool: "t", version: 1, dataset: "sales", dataset_version: 1 });
    const [records] = found.advice.filter(({ kind }) => kind === "records_mode");
    expect(records).toMatchObject({
      query: "select(.region == ${region}) | .id",
      input: "records",
      null_input: false,
      verified: "Both gave the same 3333 outputs.",
    });
    expect(found.advice.filter(({ kind }) => kind === "unused").map(({ parameters }) => parameters)).toEqual([
      [{ name: "region", type: "string", default: "EU" }],
    ]);
  });

  it("collects from inputs where one answer is made of all records", async () => {
    const found = await adviceOn("map(select(.amount > 990).id)");
    expect(queriesOf(found)).toContain("records_mode records -n: [inputs | select(.amount > 990).id]");
  });

  it("caps what gives very many rows, having compared the first ones", async () => {
    const found = await adviceOn("[.[], .[]] | sort_by(.id) | .[]");
    expect(found.advice.filter(({ kind }) => kind === "result_cap")).toEqual([
      {
        kind: "result_cap",
        advice: "Gives the first 1000 of its 20000 outputs unless max_rows asks for more.",
        query: "limit(${max_rows}; [.[], .[]] | sort_by(.id) | .[])",
        input: "whole",
        null_input: false,
        parameters: [{ name: "max_rows", type: "integer", min: 1, default: 1000 }],
        verified: "It gave the first 1000 outputs of the original.",
        before: expect.any(Object),
        after: expect.any(Object),
      },
    ]);
  });

  it("says nothing where the rewritten program gives something else, or costs as much", async () => {
    // The default of what is missing: the first of an empty list is null, which `first(empty)` is not; and here, every other rule fails to save.
    for (const query of ["length", "map(.id) | .[3]", "group_by(.region) | map(length)"]) {
      const { advice, notes } = await adviceOn(query);
      expect([query, advice.filter(({ kind }) => kind !== "records_mode")]).toEqual([query, []]);
      expect(notes[0]).toMatch(
        /^\d+ changes? (?:was|were) tried with these arguments; each advice stands on its own\.$/,
      );
    }
  });

  it("compares nothing that cannot be compared", async () => {
    expect((await adviceOn("now")).notes).toEqual([
      "What it gives depends on the clock, or it writes messages or halts: two runs cannot be compared.",
    ]);
    expect((await adviceOn("error(1)")).notes[0]).toMatch(
      /^It fails with these arguments, so nothing can be compared: /,
    );
    const context = await contextWith([]);
    const error = await optimizeTool(context, { name: "t" }).catch(describeError);
    expect(error).toMatchObject({ code: "not_found", message: "The team has no tool t." });
  });
});

describe("explain_query", () => {
  it("shows the program, what it pulls in, how it reads, and what it costs", async () => {
    const context = await contextWith([]);
    const explained = await explainQuery(context, {
      dataset: "sales",
      query: "map(select(.id < ${n}).amount | quarter) | add",
      params: { n: 3 },
    });
    const { estimated, measured, ...rest } = explained;
    expect(rest).toEqual({
      program: "def half: . / 2;\ndef quarter: half / 2;\nmap(select(.id <  $n ).amount | quarter) | add",
      functions: ["half", "quarter"],
      required_functions: ["quarter"],
      variables: ["$n"],
      pattern: "map(select(.id < $p1).amount | quarter) | add",
      pure: true,
      cacheable: true,
      mode: {
        input: "whole",
        null_input: false,
        reads: "once: `.` is all records as one array",
        why: `whole is the default. sales is ${ndjson.length} bytes; as a whole a program may read 4194304 (limit wholeInputBytes).`,
      },
      dataset: { name: "sales", version: 1, bytes: ndjson.length, records: 10_000 },
      failure: null,
      warnings: [],
    });
    expect(measured).toMatchObject({ bytes_read: ndjson.length, outputs: 1, output_bytes: 6 });
    expect(estimated.from).toBe("shape");
    // An order of magnitude, no more is promised.
    const ratio = estimated.steps / (measured?.steps ?? 1);
    expect(ratio).toBeGreaterThan(0.3);
    expect(ratio).toBeLessThan(3);
    expect(context.execution).toMatchObject({ dataset: "sales", ran: true, steps: measured?.steps });
  });

  it("explains a tool's call, estimates from history, and does not run what it is told not to", async () => {
    const tool = aTool("count_of", {
      query: "[inputs | select(.region == ${r})] | length",
      parameters: [{ name: "r", type: "string" }],
      datasets: ["sales"],
      input: "records",
      null_input: true,
    });
    const context = await contextWith([tool], { runs: 9, measured_runs: 4, average_steps: 1234 });
    const explained = await explainQuery(context, { tool: "count_of", arguments: { r: "EU" }, run: false });
    expect(explained).toMatchObject({
      estimated: { steps: 1234, from: "history", how: "the mean of 4 runs of the same pattern" },
      measured: null,
      mode: {
        input: "records",
        null_input: true,
        reads: "once, with `.` null; `input` and `inputs` give the records one by one",
      },
    });
    expect(context.execution.ran).toBeUndefined();
  });

  it("tells what fails as part of the answer, and what it cannot make sense of as an error", async () => {
    const context = await contextWith([]);
    const { failure } = await explainQuery(context, { dataset: "sales", query: 'error("no")' });
    expect(failure?.code).toBe("jq_runtime");
    const wrong = await explainQuery(context, { tool: "t", query: "." }).catch(describeError);
    expect(wrong).toMatchObject({
      code: "invalid_argument",
      message: "explain_query: with tool, query cannot be given.",
    });
    expect((await explainQuery(context, { query: "now" })).warnings).toEqual([
      "It is run each time: what it gives depends on the clock, or it writes messages or halts.",
    ]);
  });
});
