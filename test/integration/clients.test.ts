// The main job through every kind of real client: find a team's tool, call it over sample data, get a small exact answer.
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { Client as ClientV2 } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { afterAll, describe, expect, inject, it } from "vitest";
import { call, callError, connectV1, connectV2, createTeam, until } from "../helpers/clients.ts";

const run = promisify(execFile);
const server = inject("server");
const scratch = mkdtempSync(join(tmpdir(), "super-data-clients-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const eras = [
  ["a 2025-era client (SDK v1)", "v1", connectV1],
  ["a 2026-07-28 client (SDK v2)", "v2", connectV2],
] as const;

describe.each(eras)("%s", (_name, era, connect) => {
  it("finds and runs the seed tools", async () => {
    const client = await connect(server);
    const found = await call<{ tools: { name: string }[] }>(client, "find_tools", { query: "efficiency" });
    expect(found.data.tools[0]?.name).toBe("analyze_performance");
    const answer = await call(client, "run_tool", {
      name: "analyze_performance",
      arguments: { dataset_name: "sales" },
    });
    expect(answer.data.rows).toEqual([{ dataset: "sales", efficiency: expect.any(Number), profitable: true }]);
    const direct = await call(client, "trend_analysis", { window_size: 3, dataset: "timeseries" });
    expect(direct.data.rows).toEqual([
      {
        original_data: expect.any(Array),
        trends: expect.any(Array),
        direction: expect.stringMatching(/^(increasing|decreasing|stable)$/),
      },
    ]);
    await client.close();
  });

  it("queries the large sample dataset, pages through it and reads what is missing", async () => {
    const client = await connect(server);
    const query = { dataset: "orders", query: "select(.quantity >= 2) | {id, region, amount}", input: "records" };
    const first = await call(client, "query_dataset", query);
    expect(first.data).toMatchObject({ returned: 20, truncated: true, next_cursor: expect.any(String) });
    expect(first.data.total).toBeGreaterThan(1000);
    expect(first.text).toContain(`rows 1-20 of ${first.data.total} · orders v1`);
    const second = await call(client, "query_dataset", { ...query, cursor: first.data.next_cursor });
    expect(second.data.total).toBe(first.data.total);
    const both = await call(client, "query_dataset", { ...query, limit: 40 });
    expect(both.data.rows).toEqual([...first.data.rows, ...second.data.rows]);
    await client.close();
  });

  it("is told of a new tool at once, whoever saved it, and can call it", async () => {
    const team = await createTeam(server, `notify-${era}`);
    let changes = 0;
    const listener = await connect(team, () => {
      changes++;
    });
    const author = await connectV2(team);
    await until(() => changes > 0, "the stream was open");
    const before = changes;
    await call(author, "save_tool", {
      name: "fresh_tool",
      description: "Doubles a number.",
      query: "${n} * 2",
      parameters: [{ name: "n", type: "number" }],
    });
    await until(() => changes > before, "the listener was told");
    expect((await call(listener, "fresh_tool", { n: 21 })).data.rows).toEqual([42]);
    const listed = await listener.listTools();
    expect(listed.tools.map((tool) => tool.name)).toContain("fresh_tool");
    await Promise.all([listener.close(), author.close()]);
  });

  it("gets the arguments' schema exactly and errors that say what to do", async () => {
    // By name: which of the team's tools the default list has room for depends on how many there are.
    const client = await connect({ ...server, url: `${server.url}?tools=trend_analysis,query_dataset` });
    const { tools } = await client.listTools();
    const tool = tools.find((entry) => entry.name === "trend_analysis");
    expect(tool?.inputSchema).toMatchObject({
      type: "object",
      additionalProperties: false,
      properties: {
        window_size: { type: "integer", default: 7 },
        dataset: { enum: ["metrics", "timeseries"], default: "metrics" },
      },
    });
    expect(await callError(client, "trend_analysis", { window_size: "seven" })).toMatchObject({
      code: "invalid_argument",
    });
    expect(await callError(client, "query_dataset", { dataset: "order", query: "." })).toMatchObject({
      code: "not_found",
      hint: expect.stringContaining("orders"),
    });
    expect(await callError(client, "query_dataset", { dataset: "orders", query: "." })).toMatchObject({
      code: "dataset_too_large_for_whole",
      hint: expect.stringContaining('input: "records"'),
    });
    expect(
      await callError(client, "query_dataset", { dataset: "sales", query: ".revenue |\n if . > 1 then" }),
    ).toMatchObject({
      code: "jq_syntax",
      message: expect.stringMatching(/line 2, column \d+/),
    });
    await client.close();
  });
});

it("mcp-remote carries a stdio host to the server", async () => {
  const client = new ClientV2({ name: "stdio-host", version: "1" }, { versionNegotiation: { mode: "auto" } });
  await client.connect(
    new StdioClientTransport({
      command: process.execPath,
      args: ["node_modules/.bin/mcp-remote", server.url, "--header", `Authorization:Bearer ${server.token}`],
      env: { ...(process.env as Record<string, string>), MCP_REMOTE_CONFIG_DIR: scratch },
      stderr: "ignore",
    }),
  );
  expect((await call(client, "query_dataset", { dataset: "sales", query: ".revenue > .cost" })).data.rows).toEqual([
    true,
  ]);
  await client.close();
});

describe("the inspector's CLI", () => {
  const inspector = (...args: string[]) =>
    run(
      process.execPath,
      [
        "node_modules/.bin/mcp-inspector",
        "--cli",
        server.url,
        "--transport",
        "http",
        "--header",
        `Authorization: Bearer ${server.token}`,
        ...args,
      ],
      {
        env: { ...process.env, MCP_CATALOG_PATH: join(scratch, "catalog.json") },
      },
    );

  it.each(["legacy", "modern"])("calls a tool in the %s era", async (era) => {
    const { stdout } = await inspector(
      "--protocol-era",
      era,
      "--method",
      "tools/call",
      "--tool-name",
      "query_dataset",
      "--tool-arg",
      "dataset=sales",
      "query=.revenue > 0",
    );
    expect(stdout).toContain("true");
  });

  it("finds nothing wrong with the tools' schemas", async () => {
    const { stderr } = await inspector("--protocol-era", "modern", "--method", "tools/list", "--strict");
    expect(stderr).not.toMatch(/error/i);
  });
});
