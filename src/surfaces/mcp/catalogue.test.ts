// tools/list: selection, order, budget, pages. Runs in workerd.
import { encode } from "gpt-tokenizer/encoding/o200k_base";
import { describe, expect, it } from "vitest";
import * as z from "zod";
import { aTool, testContext } from "../../../test/helpers/catalogue.ts";
import type { Toolset } from "../../core/define-tool.ts";
import { estimateTokens } from "../../core/tokens.ts";
import type { JqTool } from "../../features/jq-tools/schema.ts";
import { mcpLimits } from "../../limits.ts";
import { type BuiltInTool, defineTool } from "../../tool.ts";
import { builtInTools } from "../catalogue.ts";
import { listTools, readSelection, unlistedKey } from "./catalogue.ts";
import { findTools } from "./find-tools.ts";

function builtIn(name: string, toolset: Toolset): BuiltInTool {
  return defineTool({
    name,
    title: name,
    description: `Does ${name}.`,
    input: z.object({}),
    output: z.looseObject({}),
    hints: { readOnly: false, destructive: true, idempotent: false, openWorld: false },
    permission: toolset === "admin" ? "people:manage" : "data:read",
    toolset,
    handler: async () => ({ text: "", data: {} }),
  });
}

const builtIns: readonly BuiltInTool[] = [
  ...findTools(() => builtIns),
  builtIn("list_datasets", "catalog"),
  builtIn("save_tool", "jq"),
  builtIn("remove_member", "admin"),
];

function list(tools: readonly JqTool[], query = "", role: "viewer" | "owner" = "owner", cursor?: string) {
  const { context } = testContext({ tools, role });
  const url = new URL(`http://localhost/t/test/mcp${query}`);
  return listTools(context, builtIns, readSelection(url, context, builtIns), cursor);
}
const namesOf = (page: { tools: { name: string }[] }): string[] => page.tools.map((tool) => tool.name);
const catalog = ["find_tools", "run_tool", "list_datasets"];

describe("listTools", () => {
  it("shows the catalog family, then the team's tools: pinned, heavier, by name", () => {
    const tools = [
      aTool("b"),
      aTool("a"),
      aTool("light", { weight: -3 }),
      aTool("heavy", { weight: 2.5 }),
      aTool("pin", { pinned: true, weight: -9 }),
    ];
    const page = list(tools);
    expect(namesOf(page)).toEqual([...catalog, "pin", "heavy", "a", "b", "light"]);
    expect(page._meta).toEqual({ [unlistedKey]: 0 });
    expect(page.nextCursor).toBeUndefined();
  });

  it("stays within the token limit and says how many are left out", () => {
    const tools = Array.from({ length: 60 }, (_, index) => aTool(`tool_${String(index).padStart(2, "0")}`));
    const page = list(tools);
    const shown = page.tools.length - catalog.length;
    expect(estimateTokens(JSON.stringify(page.tools))).toBeLessThanOrEqual(mcpLimits.toolListTokens);
    expect(shown).toBeGreaterThan(5);
    expect(page._meta).toEqual({ [unlistedKey]: 60 - shown });
    expect(page.tools[0]?.description).toMatch(new RegExp(`Not listed here: ${60 - shown} team tools\\.$`));
    expect(namesOf(page).at(3)).toBe("tool_00");
  });

  it("leaves out one that is too large, not those after it", () => {
    const page = list([aTool("huge", { pinned: true, description: "word ".repeat(3000) }), aTool("small")]);
    expect(namesOf(page)).toEqual([...catalog, "small"]);
    expect(page._meta).toEqual({ [unlistedKey]: 1 });
  });

  it("shows the families asked for, and what the actor may not use never", () => {
    expect(namesOf(list([], "?toolsets=jq,admin"))).toEqual(["save_tool", "remove_member"]);
    expect(namesOf(list([], "?toolsets=jq,admin", "viewer"))).toEqual(["save_tool"]);
    expect(namesOf(list([], "?toolsets=all", "viewer"))).toEqual([...catalog, "save_tool"]);
  });

  it("shows exactly the tools asked for by name", () => {
    const page = list([aTool("a"), aTool("b")], "?tools=b,list_datasets&toolsets=admin");
    expect(namesOf(page)).toEqual(["list_datasets", "b"]);
    expect(page._meta).toEqual({ [unlistedKey]: 1 });
  });

  it("pages all, in the same order, though tools come and go between pages", () => {
    const tools = Array.from({ length: 600 }, (_, index) =>
      aTool(`t${String(index).padStart(3, "0")}`, { weight: index % 3 }),
    );
    const first = list(tools, "?toolsets=all");
    expect(first.tools).toHaveLength(mcpLimits.toolListPage);
    const last = first.tools.at(-1)?.name;
    const later = tools.filter((tool) => tool.name !== last);
    const second = list([...later, aTool("newcomer", { pinned: true })], "?toolsets=all", "owner", first.nextCursor);
    expect(second.nextCursor).toBeUndefined();
    const seen = [...namesOf(first), ...namesOf(second)];
    expect(new Set(seen).size).toBe(605);
    expect(seen).toHaveLength(605);
    expect(namesOf(second)).toEqual(namesOf(list(tools, "?toolsets=all", "owner", first.nextCursor)));
  });

  it("refuses a cursor that is none", () => {
    expect(() => list([], "", "owner", "!")).toThrow("This cursor is not one of this list or query.");
  });

  it("advertises a team tool's exact schema and that it changes nothing", () => {
    const tool = aTool("by_region", {
      datasets: ["sales", "sales_2025"],
      parameters: [{ name: "region", type: "string", enum: ["north", "south"], description: "Which part." }],
    });
    expect(list([tool], "?tools=by_region").tools[0]).toMatchObject({
      name: "by_region",
      description: "Answers by region.",
      inputSchema: {
        type: "object",
        properties: {
          region: { type: "string", enum: ["north", "south"], description: "Which part." },
          dataset: { type: "string", enum: ["sales", "sales_2025"] },
        },
        required: ["region"],
        additionalProperties: false,
      },
      annotations: { readOnlyHint: true, openWorldHint: false },
    });
  });

  it("keeps to the limit by a real tokenizer, with the product's own tools and a team's many", () => {
    const tools = Array.from({ length: 60 }, (_, index) =>
      aTool(`revenue_by_region_${index}`, {
        description: "Revenue by region, product or channel over a period, highest first.",
        parameters: [
          { name: "group_by", type: "string", enum: ["region", "product"], description: "What to group by." },
        ],
      }),
    );
    const { context } = testContext({ tools });
    const listed = listTools(
      context,
      builtInTools,
      { kind: "toolsets", toolsets: new Set(["catalog"]) },
      undefined,
    ).tools;
    const catalogNames = builtInTools.filter((tool) => tool.toolset === "catalog").map((tool) => tool.name);
    expect(listed.slice(0, catalogNames.length).map((tool) => tool.name)).toEqual(catalogNames);
    expect(listed.length).toBeGreaterThan(catalogNames.length);
    expect(encode(JSON.stringify(listed)).length).toBeLessThanOrEqual(mcpLimits.toolListTokens);
  });
});
