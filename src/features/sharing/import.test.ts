// YAML imports: the seeds, any order, twice, failing entries with their lines, hostile YAML, and the route.
import { describe, expect, it } from "vitest";
import functionsYaml from "../../../seeds/functions.yaml?raw";
import toolsYaml from "../../../seeds/tools.yaml?raw";
import { apiOf } from "../../../test/helpers/api.ts";
import { withDatasets } from "../../../test/helpers/datasets.ts";
import { freshTeam, rejection } from "../../../test/helpers/team.ts";
import type { CallContext } from "../../context.ts";
import { historyRoutes } from "../history/routes.ts";
import { functionRoutes } from "../jq-functions/routes.ts";
import { callTeamTool } from "../jq-tools/jq-tools.ts";
import { libraryToolRoutes } from "../jq-tools/routes.ts";
import { importLibrary as importWith } from "./importing.ts";
import { shareRoutes } from "./routes.ts";

const importLibrary = (call: CallContext, content: string, path: string | undefined) =>
  importWith(call, { content, strategy: "overwrite" }, { path });
const names = (entries: readonly { name: string }[]): string[] => entries.map(({ name }) => name);
const seedFunctions = ["calculate_efficiency", "analyze_trends", "group_and_aggregate", "round_to", "money", "tally"];
const seedTools = [
  "analyze_performance",
  "trend_analysis",
  "revenue_by",
  "top_customers",
  "orders_between",
  "monthly_revenue",
];

describe("the seeds", () => {
  it("import, and import again unchanged", async () => {
    const team = await freshTeam();
    const first = await importLibrary(await team.call("admin"), functionsYaml, "seeds/functions.yaml");
    expect({ ...first, created: names(first.created) }).toEqual({
      created: seedFunctions,
      unchanged: [],
      updated: [],
      renamed: [],
      skipped: [],
      failed: [],
      warnings: [],
      origin: { state: "unsigned" },
    });
    const second = await importLibrary(await team.call("admin"), toolsYaml, "seeds/tools.yaml");
    expect([names(second.created), second.failed]).toEqual([seedTools, []]);
    expect(second.warnings[0]).toEqual({
      kind: "tool",
      name: "analyze_performance",
      message: "the dataset sales does not exist yet; calls that read it fail until it is uploaded",
    });
    const revision = (await team.call("admin")).catalogue.revision;
    const again = await importLibrary(
      await team.call("admin"),
      `${functionsYaml}\n---\n${toolsYaml}`,
      "seeds/all.yaml",
    );
    expect([names(again.unchanged), again.created, again.updated, again.failed]).toEqual([
      [...seedFunctions, ...seedTools],
      [],
      [],
      [],
    ]);
    const after = await team.call("admin");
    expect(after.catalogue.revision).toBe(revision);
    const { tool, original_yaml_path } = await after.stub.tools().get("trend_analysis", after.actor);
    expect([tool.source, original_yaml_path]).toEqual(["yaml", "seeds/tools.yaml"]);
  });

  it("answer sensibly on data of their form", async () => {
    const team = await freshTeam();
    await importLibrary(await team.call("admin"), `${functionsYaml}\n---\n${toolsYaml}`, undefined);
    const context = await withDatasets(await team.call("admin"), {
      sales: { revenue: 150, cost: 100 },
      metrics: { data: [1, 2, 3, 4, 5, 6, 7, 8] },
      orders: [
        {
          id: 1,
          ordered_at: "2025-01-31T10:00:00Z",
          customer: "A",
          region: "Europe",
          product: "p",
          category: "c",
          quantity: 1,
          amount: 10.5,
          status: "delivered",
          channel: "web",
        },
        {
          id: 2,
          ordered_at: "2025-02-01T10:00:00Z",
          customer: "B",
          region: "Europe",
          product: "p",
          category: "c",
          quantity: 2,
          amount: 20,
          status: "returned",
          channel: "app",
        },
        {
          id: 3,
          ordered_at: "2025-02-02T10:00:00Z",
          customer: "A",
          region: "Asia Pacific",
          product: "q",
          category: "c",
          quantity: 1,
          amount: 5,
          status: "delivered",
          channel: "web",
        },
      ],
    });
    const rows = async (name: string, args: Record<string, unknown>): Promise<unknown[]> => {
      const tool = context.catalogue.tools.get(name);
      if (tool === undefined) throw new Error(`no tool ${name}`);
      return (await callTeamTool(context, tool, args)).data.rows;
    };
    expect(await rows("analyze_performance", { dataset_name: "sales" })).toEqual([
      { dataset: "sales", efficiency: 50, profitable: true },
    ]);
    expect(await rows("trend_analysis", {})).toEqual([
      { original_data: [1, 2, 3, 4, 5, 6, 7, 8], trends: [4, 5], direction: "increasing" },
    ]);
    expect(await rows("revenue_by", {})).toEqual([
      { region: "Europe", revenue: 30.5, orders: 2, average: 15.25 },
      { region: "Asia Pacific", revenue: 5, orders: 1, average: 5 },
    ]);
    expect(await rows("revenue_by", { group_by: "channel", status: "delivered" })).toEqual([
      { channel: "web", revenue: 15.5, orders: 2, average: 7.75 },
    ]);
    expect(await rows("top_customers", { n: 1 })).toEqual([{ customer: "B", spent: 20, orders: 1 }]);
    expect(await rows("orders_between", { from: "2025-02-01", to: "2025-02-28", region: "Asia Pacific" })).toEqual([
      {
        id: 3,
        ordered_at: "2025-02-02T10:00:00Z",
        customer: "A",
        region: "Asia Pacific",
        product: "q",
        quantity: 1,
        amount: 5,
        status: "delivered",
      },
    ]);
    expect(await rows("monthly_revenue", {})).toEqual([
      { month: "2025-01", revenue: 10.5, orders: 1 },
      { month: "2025-02", revenue: 25, orders: 2 },
    ]);
  });
});

describe("importLibrary", () => {
  it("takes functions in any order and reports each failure with its line", async () => {
    const team = await freshTeam();
    const yaml = [
      "functions:",
      "  - name: outer",
      "    definition: 'def outer: inner + 1;'",
      "  - name: bad",
      "    definition: |",
      "      # a comment",
      "      def bad:",
      "        1 + nope;",
      "  - name: inner",
      "    definition: 'def inner: 1;'",
      "  - name: ping",
      "    definition: 'def ping: pong;'",
      "  - name: pong",
      "    definition: 'def pong: ping;'",
      "tools:",
      "  - name: good",
      "    description: d",
      "    query: outer",
      "  - name: broken",
      "    description: d",
      "    query: |",
      "      outer |",
      "        if . then 1",
      "  - name: odd",
      "    description: d",
      "    query: '.'",
      "    colour: red",
      "  - name: good",
      "    description: again",
      "    query: '1'",
      "  - 7",
    ].join("\n");
    const report = await importLibrary(await team.call("admin"), yaml, undefined);
    expect(names(report.created)).toEqual(["inner", "outer", "good"]);
    expect(
      report.failed.map(({ hint: _, message, ...rest }) => ({
        ...rest,
        message: rest.name === "broken" ? "" : message,
      })),
    ).toEqual([
      {
        kind: "tool",
        name: "good",
        line: 28,
        code: "invalid_argument",
        message: "The tool good is in this YAML twice.",
      },
      {
        kind: "function",
        name: "ping",
        line: 11,
        code: "jq_cycle",
        message: "Functions would call each other in a circle: ping -> pong -> ping.",
      },
      {
        kind: "function",
        name: "pong",
        line: 13,
        code: "jq_cycle",
        message: "Functions would call each other in a circle: ping -> pong -> ping.",
      },
      {
        kind: "function",
        name: "bad",
        line: 8,
        column: 13,
        code: "jq_unknown_name",
        message: "there is no function nope with no arguments, neither in jq nor in the team's library.",
      },
      {
        kind: "tool",
        name: "odd",
        line: 24,
        code: "invalid_argument",
        message: 'tool odd: Unrecognized key: "colour"',
      },
      {
        kind: "tool",
        name: "(without a name)",
        line: 31,
        code: "invalid_argument",
        message: "tool (without a name): Invalid input: expected object, received number",
      },
      { kind: "tool", name: "broken", line: 23, column: 20, code: "jq_syntax", message: "" },
    ]);
  });

  it("updates what changed, resets what the file leaves out, and checks depends_on", async () => {
    const team = await freshTeam();
    const one =
      "functions: [{name: a, definition: 'def a: 1;'}, {name: b, definition: 'def b: a;', depends_on: []}]\ntools: [{name: t, description: d, query: '${n}', parameters: [{name: n, type: integer}]}]";
    const first = await importLibrary(await team.call("admin"), one, undefined);
    expect([names(first.created), first.failed]).toEqual([
      ["a", "t"],
      [
        {
          kind: "function",
          name: "b",
          line: 1,
          code: "invalid_argument",
          message: "depends_on: the code also calls a.",
          hint: "Add what is missing, or leave depends_on out to have them found.",
        },
      ],
    ]);
    const two = "tools: [{name: t, description: d, query: '2'}]\nfunctions: [{name: a, definition: 'def a: 3;'}]";
    const second = await importLibrary(await team.call("admin"), two, undefined);
    expect(names(second.updated)).toEqual(["a", "t"]);
    expect((await team.call("admin")).catalogue.tools.get("t")?.parameters).toEqual([]);
  });

  it("points at the jq's own line, in whichever way it is written", async () => {
    const call = await (await freshTeam()).call("admin");
    const yaml = [
      "tools:",
      "  - name: at_end",
      "    description: d",
      "    query: |",
      "      .a |",
      "",
      "  - name: indented",
      "    description: d",
      "    query: |2",
      "        nope1",
      "  - name: single",
      "    description: d",
      "    query: '1 + nope2'",
      "  - name: plain",
      "    description: d",
      "    query: 1 + nope3",
      "  - name: folded",
      "    description: d",
      "    query: >",
      "      1 +",
      "      nope4",
      "  - name: escaped",
      "    description: d",
      '    query: "\\"a\\" + nope5"',
    ].join("\n");
    const { failed } = await importLibrary(call, yaml, undefined);
    const unknown = "with no arguments, neither in jq nor in the team's library.";
    expect(failed.map(({ name, line, column, message }) => [name, line, column, message])).toEqual([
      ["at_end", 5, 11, failed[0]?.message],
      ["indented", 10, 9, `there is no function nope1 ${unknown}`],
      ["single", 13, 17, `there is no function nope2 ${unknown}`],
      ["plain", 16, 16, `there is no function nope3 ${unknown}`],
      ["folded", 19, undefined, `line 1, column 5 of its jq: there is no function nope4 ${unknown}`],
      ["escaped", 24, undefined, `line 1, column 7 of its jq: there is no function nope5 ${unknown}`],
    ]);
  });

  it("takes a long chain of functions, in slices of one change each", async () => {
    const team = await freshTeam();
    const count = 400;
    const lines = Array.from(
      { length: count },
      (_, at) => `  - {name: f${at}, definition: "def f${at}: ${at + 1 === count ? "1" : `f${at + 1}`};"}`,
    );
    const report = await importLibrary(await team.call("admin"), ["functions:", ...lines].join("\n"), undefined);
    expect([report.failed, report.created.length]).toEqual([[], count]);
    expect((await team.call("admin")).catalogue.revision).toBe(count / 25);
  });

  it("refuses more entries than a team may have before it looks at them", async () => {
    const call = await (await freshTeam()).call("admin");
    const lines = Array.from({ length: 4_000 }, (_, at) => `  - {name: f${at}, definition: "def f${at}: f${at + 1};"}`);
    expect(await rejection(importLibrary(call, ["functions:", ...lines].join("\n"), undefined))).toEqual({
      code: "too_large",
      message: "The YAML holds 4000 functions; the limit of a team is 1000 (limit functions).",
    });
  });

  it("reads many keys, many mistakes and long lines in time that grows with the text only", async () => {
    const call = await (await freshTeam()).call("admin");
    const keys = Array.from({ length: 60_000 }, (_, at) => `k${at}: 1`).join(", ");
    const many = await importLibrary(call, `tools:\n  - {name: t, description: d, query: "1", ${keys}}`, undefined);
    expect(many.failed.map(({ code }) => code)).toEqual(["invalid_argument"]);
    const broken = await rejection(importLibrary(call, `tools: [${"'a' 'b', ".repeat(60_000)}]`, undefined));
    expect(broken.code).toBe("invalid_argument");
  });

  const refused: [string, string, string][] = [
    ["aliases", "tools:\n  - &a {name: t}\n  - *a", "line 3, column 5: aliases are not read; write the value out."],
    ["a key twice", "tools:\n  - name: t\n    name: u", 'line 3, column 5: the key "name" is there twice.'],
    ["a key that is no text", "tools:\n  - ? [a]\n    : 1", "line 2, column 7: a key must be plain text."],
    ["nothing", "", "The YAML holds no functions and no tools."],
    ["a list", "- a", "line 1, column 1: a library is a map."],
    ["another key", "functions: []\npeople: []", 'line 2, column 1: "people" is neither functions nor tools.'],
    ["no list", "tools: 7", "line 1, column 8: tools is a list."],
    ["broken YAML", "tools:\n  - name: 'x", "line 2, column 13: this cannot be read as YAML (MISSING_CHAR)."],
    [
      "custom tags",
      "tools:\n  - !!js/function 'x'",
      "line 2, column 5: this cannot be read as YAML (TAG_RESOLVE_FAILED).",
    ],
  ];
  for (const [what, yaml, message] of refused) {
    it(`refuses ${what}`, async () => {
      expect(await rejection(importLibrary(await (await freshTeam()).call("admin"), yaml, undefined))).toEqual({
        code: "invalid_argument",
        message,
      });
    });
  }

  it("does not expand bombs, prototypes or endless nesting", async () => {
    const call = await (await freshTeam()).call("admin");
    const layers = Array.from({ length: 9 }, (_, at) => `&l${at + 1} [${Array(9).fill(`*l${at}`).join(", ")}]`);
    const bomb = `tools:\n  - name: t\n    description: d\n    query: '1'\n    parameters: [&l0 [x], ${layers.join(", ")}]`;
    expect(await rejection(importLibrary(call, bomb, undefined))).toEqual({
      code: "invalid_argument",
      message: "line 5, column 32: aliases are not read; write the value out.",
    });
    const proto = await importLibrary(
      call,
      "tools:\n  - __proto__: {name: x}\n    name: y\n    description: d\n    query: '1'",
      undefined,
    );
    expect(names(proto.failed)).toEqual(["y"]);
    const deep = await rejection(importLibrary(call, `tools: ${"[".repeat(100_000)}`, undefined));
    expect(deep.code).toBe("invalid_argument");
  });
});

describe("the library route", () => {
  function appOf(call: CallContext) {
    return apiOf(call, [...functionRoutes, ...libraryToolRoutes, ...historyRoutes, ...shareRoutes]);
  }
  const post = (body: BodyInit) => ({ method: "POST", body });

  it("imports for admins and lists for viewers", async () => {
    const team = await freshTeam();
    const yaml = "functions: [{name: f, definition: 'def f: 1;'}]\ntools: [{name: t, description: d, query: f}]";
    const answer = await appOf(await team.call("admin")).request("/library?path=lib.yaml", post(yaml));
    expect([answer.status, names((await answer.json<{ created: { name: string }[] }>()).created)]).toEqual([
      200,
      ["f", "t"],
    ]);
    const viewer = appOf(await team.call("viewer"));
    const tools = await (await viewer.request("/library/tools?limit=1")).json<{
      tools: { name: string }[];
      total: number;
    }>();
    expect([names(tools.tools), tools.total]).toEqual([["t"], 1]);
    expect(
      names((await (await viewer.request("/library/functions")).json<{ functions: { name: string }[] }>()).functions),
    ).toEqual(["f"]);
    expect(await (await viewer.request("/library", post(yaml))).json()).toMatchObject({
      code: "forbidden",
      message: "As viewer you may not import functions and tools: it needs the role member or higher.",
    });
    expect(await (await viewer.request("/library/functions/f", { method: "DELETE" })).json()).toMatchObject({
      code: "forbidden",
    });
  });

  it("takes a function out of use and back", async () => {
    const team = await freshTeam();
    const app = appOf(await team.call("admin"));
    await app.request("/library", post("functions: [{name: f, definition: 'def f: 1;'}]"));
    const off = await (await app.request("/library/functions/f", { method: "DELETE" })).json();
    expect(off).toMatchObject({ function: { name: "f", is_active: false, version: 2 } });
    const on = await (await app.request("/library/functions/f/restore", { method: "POST" })).json();
    expect(on).toMatchObject({ function: { name: "f", is_active: true, version: 3 } });
  });

  it("refuses bodies over the limit and bytes that are no text", async () => {
    const app = appOf(await (await freshTeam()).call("admin"));
    expect(await (await app.request("/library", post(`# ${"x".repeat(1_048_576)}`))).json()).toMatchObject({
      code: "too_large",
      message: "The YAML is over 1048576 bytes (limit yamlBytes).",
    });
    expect(await (await app.request("/library", post(new Uint8Array([0xff, 0xfe])))).json()).toMatchObject({
      code: "invalid_argument",
      message: "The body is not UTF-8 text.",
    });
  });
});
