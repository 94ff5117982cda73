// find_tools and run_tool: what is found, shown and run. Runs in workerd.
import { describe, expect, it } from "vitest";
import * as z from "zod";
import { aTool, type TestTeam, testContext } from "../../../test/helpers/catalogue.ts";
import { readsOnly } from "../../core/define-tool.ts";
import { type BuiltInTool, defineTool } from "../../tool.ts";
import { builtInTools } from "../catalogue.ts";
import { findTools } from "./find-tools.ts";

const builtIns: readonly BuiltInTool[] = [
  ...findTools(() => builtIns),
  defineTool({
    name: "query_dataset",
    title: "Query a dataset",
    description: "Runs jq over a dataset.",
    input: z.object({ dataset: z.string(), limit: z.int().min(1).optional() }),
    output: z.looseObject({}),
    hints: readsOnly,
    permission: "data:read",
    toolset: "catalog",
    handler: async (_context, input) => ({ text: `asked ${input.dataset}`, data: { dataset: input.dataset } }),
  }),
  defineTool({
    name: "save_tool",
    title: "Save a tool",
    description: "Keeps a query as a tool.",
    input: z.object({}),
    output: z.looseObject({}),
    hints: { readOnly: false, destructive: true, idempotent: false, openWorld: false },
    permission: "library:write",
    toolset: "jq",
    handler: async () => ({ text: "saved", data: {} }),
  }),
];

const team: TestTeam = {
  tools: [
    aTool("revenue_by", {
      description: "Revenue by\na field.",
      datasets: ["orders"],
      weight: 2,
      parameters: [
        { name: "group_by", type: "string", enum: ["region", "product"] },
        { name: "limit", type: "integer", default: 5 },
      ],
    }),
    aTool("top_customers", { datasets: ["orders"] }),
  ],
};

async function call(name: "find_tools" | "run_tool", args: unknown, role: "viewer" | "owner" = "owner") {
  const { context } = testContext({ ...team, role });
  const tool = builtIns.find((candidate) => candidate.name === name);
  const answer = await tool?.call(context, args);
  return { text: answer?.text, data: answer?.data, context };
}

describe("find_tools", () => {
  it("shows what to call and how", async () => {
    const { text, data } = await call("find_tools", { query: "revenue per region" });
    expect(text).toBe(
      [
        "1 tool. Call: run_tool {name, arguments}.",
        '- **revenue_by**(group_by: "region" | "product", limit?: integer = 5): Revenue by a field.',
        "Team tools also take limit, cursor, format, fresh, to_frame.",
      ].join("\n"),
    );
    expect(data).toMatchObject({
      returned: 1,
      total: 1,
      truncated: false,
      tools: [
        {
          name: "revenue_by",
          description: "Revenue by\na field.",
          kind: "team",
          input_schema: { required: ["group_by"] },
        },
      ],
    });
  });

  it("lists the team's own by weight before the built-in ones for an empty query, and says what is cut", async () => {
    const { text, data } = await call("find_tools", { query: "", limit: 2 });
    expect(text).toBe(
      [
        "2 of 4 tools; for more, raise limit (200 at most) or use narrower words. Call: run_tool {name, arguments}.",
        '- **revenue_by**(group_by: "region" | "product", limit?: integer = 5): Revenue by a field.',
        "- **top_customers**(): Answers top customers.",
        "Team tools also take limit, cursor, format, fresh, to_frame.",
      ].join("\n"),
    );
    expect(data).toMatchObject({ returned: 2, total: 4, truncated: true });
  });

  it("finds built-in tools and only what the caller may use", async () => {
    expect((await call("find_tools", { query: "save a tool" })).text).toMatch(
      /\*\*save_tool\*\*\(\): Keeps a query as a tool\.$/m,
    );
    const hidden = await call("find_tools", { query: "save" }, "viewer");
    expect(hidden.data).toMatchObject({ matched: false });
    expect(hidden.text).not.toContain("save_tool");
  });

  it("shows the team's own when nothing matches, and says so", async () => {
    const { text, data } = await call("find_tools", { query: "zebra" });
    expect(text).toBe(
      [
        'No tool matches "zebra". 2 tools of the team\'s own. Call: run_tool {name, arguments}.',
        '- **revenue_by**(group_by: "region" | "product", limit?: integer = 5): Revenue by a field.',
        "- **top_customers**(): Answers top customers.",
        "Team tools also take limit, cursor, format, fresh, to_frame.",
      ].join("\n"),
    );
    expect(data).toMatchObject({ matched: false, returned: 2, total: 2, truncated: false });
  });

  it("says so when a team has none", async () => {
    const tool = builtIns.find(({ name }) => name === "find_tools");
    const answer = await tool?.call(testContext().context, { query: "zebra" });
    expect(answer?.text).toBe('No tool matches "zebra". Try other words, or an empty query for all.');
  });

  it("gives a signature for each, and the whole schema of the first three", async () => {
    const { data } = await call("find_tools", { query: "" });
    const { tools } = data as { tools: { name: string; signature: string; input_schema?: object }[] };
    expect(tools.map((tool) => [tool.name, tool.signature, tool.input_schema !== undefined])).toEqual([
      ["revenue_by", 'group_by: "region" | "product", limit?: integer = 5', true],
      ["top_customers", "", true],
      ["query_dataset", "dataset: string, limit?: integer", true],
      ["save_tool", "", false],
    ]);
  });

  it("puts the team's tools before the product's for questions about data, and finds the product's by name", async () => {
    const { context } = testContext(team);
    const [find] = builtInTools.filter(({ name }) => name === "find_tools");
    const found = async (query: string): Promise<string[]> => {
      const answer = await find?.call(context, { query });
      const { tools } = (answer?.data ?? { tools: [] }) as { tools: { name: string }[] };
      return tools.map(({ name }) => name);
    };
    expect(await found("best clients")).toEqual(["revenue_by", "top_customers"]);
    expect((await found("what are the top customers of all orders?")).slice(0, 2)).toEqual([
      "top_customers",
      "revenue_by",
    ]);
    expect((await found("save a tool"))[0]).toBe("save_tool");
    expect((await found("test a tool"))[0]).toBe("test_tool");
    expect((await found("list datasets"))[0]).toBe("list_datasets");
    expect((await found("how did calls go: execution log"))[0]).toMatch(/execution/);
  });
});

describe("run_tool", () => {
  it("runs a tool and notes which in the log", async () => {
    const { text, data, context } = await call("run_tool", { name: "query_dataset", arguments: { dataset: "orders" } });
    expect([text, data, context.execution]).toEqual([
      "asked orders",
      { dataset: "orders" },
      { toolName: "query_dataset" },
    ]);
  });

  it("checks the arguments as the tool does", async () => {
    await expect(call("run_tool", { name: "query_dataset", arguments: { datset: "orders" } })).rejects.toMatchObject({
      code: "invalid_argument",
      message: 'query_dataset: dataset: Invalid input: expected string, received undefined; Unrecognized key: "datset"',
    });
  });

  it("refuses what the caller may not use", async () => {
    await expect(call("run_tool", { name: "save_tool" }, "viewer")).rejects.toMatchObject({
      code: "forbidden",
      message: "As viewer you may not use save_tool: it needs the role member or higher.",
    });
  });

  it("does not run itself", async () => {
    await expect(call("run_tool", { name: "run_tool", arguments: { name: "run_tool" } })).rejects.toMatchObject({
      code: "invalid_argument",
      message: "run_tool does not run run_tool.",
      hint: "Call run_tool itself.",
    });
  });

  it("names near tools for one that does not exist", async () => {
    await expect(call("run_tool", { name: "customers" })).rejects.toMatchObject({
      code: "not_found",
      message: 'There is no tool "customers".',
      hint: "Near it: top_customers. find_tools finds others.",
    });
    await expect(call("run_tool", { name: "get_all" })).rejects.toMatchObject({
      hint: "find_tools finds what there is.",
    });
    await expect(call("run_tool", { name: "zzz" })).rejects.toMatchObject({ hint: "find_tools finds what there is." });
  });
});
