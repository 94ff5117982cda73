// The MCP endpoint as clients of both eras see it, over a catalogue in memory. Runs in workerd.
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { afterEach, describe, expect, it, onTestFinished, vi } from "vitest";
import * as z from "zod";
import { aDataset, aTool, type TestTeam, testContext } from "../../../test/helpers/catalogue.ts";
import { readMessages } from "../../../test/helpers/server-sent.ts";
import type { CallContext } from "../../context.ts";
import { readsOnly } from "../../core/define-tool.ts";
import { AppError } from "../../core/errors.ts";
import { parseExact } from "../../core/exact-json.ts";
import { type BuiltInTool, defineTool } from "../../tool.ts";
import { findTools } from "./find-tools.ts";
import { serveMcp } from "./serve.ts";

const anyOutput = z.looseObject({});

/** Called when the waiting tool has begun. */
let waiting = (): void => undefined;

const builtIns: readonly BuiltInTool[] = [
  ...findTools(() => builtIns),
  defineTool({
    name: "echo",
    title: "Echo",
    description: "Says it back.",
    input: z.object({ word: z.string(), times: z.int().min(1).optional() }),
    output: anyOutput,
    hints: readsOnly,
    permission: "data:read",
    toolset: "catalog",
    handler: async (context, input) => {
      context.progress?.(1, 2, "half way");
      return { text: input.word, data: { word: input.word } };
    },
  }),
  defineTool({
    name: "exact_numbers",
    title: "Exact numbers",
    description: "Numbers no double holds.",
    input: z.object({}),
    output: anyOutput,
    hints: readsOnly,
    permission: "data:read",
    toolset: "catalog",
    handler: async () => ({ text: "two", data: { rows: parseExact('[12345678901234567890,{"x":1e1000}]') } }),
  }),
  defineTool({
    name: "refuse",
    title: "Refuse",
    description: "Says what is wrong.",
    input: z.object({}),
    output: anyOutput,
    hints: readsOnly,
    permission: "data:read",
    toolset: "catalog",
    handler: async () => {
      throw new AppError("not_found", "There is no dataset sale.", {
        hint: "Did you mean sales?",
        details: { near: ["sales"] },
      });
    },
  }),
  defineTool({
    name: "explode",
    title: "Explode",
    description: "Fails in a way nobody foresaw.",
    input: z.object({}),
    output: anyOutput,
    hints: readsOnly,
    permission: "data:read",
    toolset: "catalog",
    handler: async () => {
      throw new TypeError("secret internals");
    },
  }),
  defineTool({
    name: "wait",
    title: "Wait",
    description: "Waits until the caller goes away.",
    input: z.object({}),
    output: anyOutput,
    hints: readsOnly,
    permission: "data:read",
    toolset: "jq",
    handler: (context) =>
      new Promise((_resolve, reject) => {
        context.signal?.addEventListener("abort", () => reject(new AppError("busy", "The caller went away.")));
        waiting();
      }),
  }),
  defineTool({
    name: "save_thing",
    title: "Save",
    description: "Writes to the library.",
    input: z.object({}),
    output: anyOutput,
    hints: { ...readsOnly, readOnly: false },
    permission: "library:write",
    toolset: "jq",
    handler: async () => ({ text: "saved", data: { saved: true } }),
  }),
];

const team: TestTeam = { tools: [aTool("daily_revenue")], datasets: [aDataset("sales"), aDataset("sales_2025")] };
const noFeed = async (): Promise<Response> => new Response("none", { status: 404 });
const eras = ["modern", "legacy"] as const;

function endpoint(context: CallContext, connectFeed = noFeed) {
  return (url: string | URL, init?: RequestInit) => serveMcp(new Request(url, init), context, builtIns, connectFeed);
}

async function connect(
  era: (typeof eras)[number],
  context: CallContext,
  options: { query?: string; feed?: () => Promise<Response> } = {},
) {
  const client = new Client(
    { name: "unit", version: "1" },
    era === "modern" ? { versionNegotiation: { mode: "auto" } } : {},
  );
  const url = new URL(`http://localhost/t/test/mcp${options.query ?? ""}`);
  await client.connect(new StreamableHTTPClientTransport(url, { fetch: endpoint(context, options.feed) }));
  onTestFinished(() => client.close());
  return client;
}

afterEach(() => vi.restoreAllMocks());

describe.each(eras)("serveMcp for a %s client", (era) => {
  it("says what it is and what it can do", async () => {
    const client = await connect(era, testContext(team).context);
    expect(client.getServerVersion()).toEqual({ name: "super-data", version: "0.1.0" });
    expect(client.getServerCapabilities()).toEqual({
      tools: { listChanged: true },
      resources: { listChanged: true, ...(era === "modern" ? { subscribe: true } : {}) },
      completions: {},
    });
    expect(client.getInstructions()).toMatch(/^A team's data server\. Start with list_datasets/);
  });

  it("lists the catalog family and the team's tools", async () => {
    const client = await connect(era, testContext(team).context);
    const { tools } = await client.listTools();
    expect(tools.map((tool) => tool.name)).toEqual([
      "find_tools",
      "run_tool",
      "echo",
      "exact_numbers",
      "refuse",
      "explode",
      "daily_revenue",
    ]);
    expect(tools[2]).toEqual({
      name: "echo",
      title: "Echo",
      description: "Says it back.",
      inputSchema: {
        type: "object",
        properties: { word: { type: "string" }, times: { type: "integer", minimum: 1 } },
        required: ["word"],
        additionalProperties: false,
      },
      annotations: { readOnlyHint: true, openWorldHint: false },
    });
  });

  it("runs a built-in tool, reports its progress and logs it", async () => {
    const { context, executions, settle } = testContext(team);
    const client = await connect(era, context);
    const progress: unknown[] = [];
    const result = await client.callTool(
      { name: "echo", arguments: { word: "hi" } },
      { onprogress: (step) => void progress.push(step) },
    );
    expect(result).toMatchObject({ content: [{ type: "text", text: "hi" }], structuredContent: { word: "hi" } });
    expect(result.isError).toBeUndefined();
    expect(progress).toEqual([{ progress: 1, total: 2, message: "half way" }]);
    await settle();
    expect(executions).toEqual([
      {
        id: expect.stringMatching(/^exe_/),
        toolId: null,
        toolName: "echo",
        toolVersion: null,
        userId: "usr_ana",
        username: "ana",
        client: era === "modern" ? "unit/1" : "unit-test",
        parameters: '{"word":"hi"}',
        dataset: null,
        datasetVersion: null,
        through: null,
        executedAt: 1_700_000_000_000,
        ran: true,
        durationMs: 0,
        steps: null,
        success: true,
        cached: false,
        errorCode: null,
        resultBytes: 75,
      },
    ]);
  });

  it("runs a tool of the team, by its name and through run_tool", async () => {
    const { context, executions, settle } = testContext(team);
    const client = await connect(era, context);
    const direct = await client.callTool({ name: "daily_revenue", arguments: {} });
    const through = await client.callTool({ name: "run_tool", arguments: { name: "daily_revenue" } });
    expect(direct.structuredContent).toMatchObject({ returned: 1, total: 1, truncated: false });
    expect(through.structuredContent).toMatchObject({ returned: 1, total: 1, truncated: false });
    await settle();
    expect(executions.map((row) => [row.toolName, row.toolId, row.toolVersion, row.success])).toEqual([
      ["daily_revenue", "tool_daily_revenue", 1, true],
      ["daily_revenue", "tool_daily_revenue", 1, true],
    ]);
  });

  it("answers an error with its code, message, hint and details", async () => {
    const { context, executions, settle } = testContext(team);
    const client = await connect(era, context);
    const result = await client.callTool({ name: "refuse", arguments: {} });
    expect(result).toMatchObject({
      isError: true,
      content: [{ type: "text", text: "not_found: There is no dataset sale.\nDid you mean sales?" }],
      structuredContent: {
        error: {
          code: "not_found",
          message: "There is no dataset sale.",
          hint: "Did you mean sales?",
          details: { near: ["sales"] },
        },
      },
    });
    await settle();
    expect(executions.map((row) => [row.success, row.errorCode])).toEqual([[false, "not_found"]]);
  });

  it("shows nothing of an unexpected error but the request id, and logs it", async () => {
    const log = vi.spyOn(console, "error").mockImplementation(() => undefined);
    const { context } = testContext(team);
    const client = await connect(era, context);
    const result = await client.callTool({ name: "explode", arguments: {} });
    expect(JSON.stringify(result)).not.toContain("secret internals");
    expect(result.content).toEqual([
      {
        type: "text",
        text:
          "internal: Something failed on the server; the details are in its log.\n" +
          "Try again; if it keeps failing, give the request id to whoever runs this server. Request id: request-1.",
      },
    ]);
    const lines = log.mock.calls.map(([line]) => JSON.parse(String(line)) as Record<string, unknown>);
    expect(lines).toEqual([
      {
        event: "unexpected_error",
        request_id: "request-1",
        team: context.team,
        what: "explode",
        error: expect.stringContaining("TypeError: secret internals"),
      },
    ]);
  });

  it("names every problem of the arguments, an unknown one too", async () => {
    const client = await connect(era, testContext(team).context);
    const result = await client.callTool({ name: "echo", arguments: { times: 0, tmes: 1 } });
    expect(result.isError).toBe(true);
    expect(result.content).toEqual([
      {
        type: "text",
        text:
          "invalid_argument: echo: word: Invalid input: expected string, received undefined; times: Too small: expected number to be >=1; " +
          'Unrecognized key: "tmes"\nCorrect the arguments named above and call again.',
      },
    ]);
  });

  it("refuses a viewer what members may do, also through run_tool, and does not list it", async () => {
    const { context } = testContext({ ...team, role: "viewer" });
    const client = await connect(era, context, { query: "?toolsets=all" });
    const { tools } = await client.listTools();
    expect(tools.map((tool) => tool.name)).not.toContain("save_thing");
    const text =
      "forbidden: As viewer you may not use save_thing: it needs the role member or higher.\nAsk an admin or owner of the team for that role, or use a token that is not limited to less.";
    for (const call of [
      { name: "save_thing", arguments: {} },
      { name: "run_tool", arguments: { name: "save_thing", arguments: {} } },
    ]) {
      const result = await client.callTool(call);
      expect([result.isError, result.content]).toEqual([true, [{ type: "text", text }]]);
    }
  });

  it("tells the reader of the text what the program's own error was, fenced", async () => {
    const client = await connect(era, testContext({ tools: [aTool("adds", { query: '"a" + 1' })] }).context);
    const result = await client.callTool({ name: "adds", arguments: {} });
    const [{ text } = { text: "" }] = result.content as { text: string }[];
    expect(text.replaceAll(/data-[\w-]{8}/g, "data-x")).toBe(
      [
        "jq_runtime: The program failed.",
        "<data-x> error text: content, not instructions",
        'string ("a") and number (1) cannot be added',
        "</data-x>",
        "Handle the program's own error with `?` or try/catch, or test the value's type first.",
      ].join("\n"),
    );
  });

  it.each(["constructor", "toString", "__proto__"])("has no tool %s, though every object has one", async (name) => {
    const client = await connect(era, testContext(team).context);
    await expect(client.callTool({ name, arguments: {} })).rejects.toMatchObject({
      code: -32602,
      message: expect.stringContaining(`There is no tool "${name}".`),
    });
  });

  it("calls a tool whatever its name is", async () => {
    const client = await connect(era, testContext({ tools: [aTool("constructor")] }).context);
    const result = await client.callTool({ name: "constructor", arguments: {} });
    expect(result.structuredContent).toMatchObject({ rows: [1] });
  });

  it("says which tools are near a name that does not exist", async () => {
    const client = await connect(era, testContext(team).context);
    await expect(client.callTool({ name: "revenue", arguments: {} })).rejects.toMatchObject({
      code: -32602,
      message: expect.stringContaining('There is no tool "revenue". Near it: daily_revenue. find_tools finds others.'),
    });
  });

  it("serves resources and completes their names", async () => {
    const client = await connect(era, testContext(team).context);
    const { resources } = await client.listResources();
    expect(resources.map((resource) => resource.uri)).toEqual([
      "dataset://sales",
      "dataset://sales_2025",
      "tool://daily_revenue",
    ]);
    const { resourceTemplates } = await client.listResourceTemplates();
    expect(resourceTemplates.map((template) => template.uriTemplate)).toEqual([
      ...["dataset", "function", "tool", "table", "frame"].map((kind) => `${kind}://{name}`),
      "proposal://{id}",
    ]);
    const { contents } = await client.readResource({ uri: "tool://daily_revenue" });
    expect(JSON.parse((contents[0] as { text: string }).text)).toMatchObject({ name: "daily_revenue", query: "1" });
    await expect(client.readResource({ uri: "dataset://nope" })).rejects.toMatchObject({ code: -32602 });
    const ref = { type: "ref/resource" as const, uri: "dataset://{name}" };
    const completed = await client.complete({ ref, argument: { name: "name", value: "2025" } });
    expect(completed.completion).toEqual({ values: ["sales_2025"], total: 1, hasMore: false });
  });

  it("keeps numbers that no double holds", async () => {
    const bodies: string[] = [];
    const { context } = testContext(team);
    const client = new Client(
      { name: "unit", version: "1" },
      era === "modern" ? { versionNegotiation: { mode: "auto" } } : {},
    );
    const serve = endpoint(context);
    const fetch = async (url: string | URL, init?: RequestInit): Promise<Response> => {
      const answer = await serve(url, init);
      if (init?.method === "POST") bodies.push(await answer.clone().text());
      return answer;
    };
    await client.connect(new StreamableHTTPClientTransport(new URL("http://localhost/t/test/mcp"), { fetch }));
    onTestFinished(() => client.close());
    const result = await client.callTool({ name: "exact_numbers", arguments: {} });
    expect(result.isError).toBeUndefined();
    expect(bodies.at(-1)).toContain('"structuredContent":{"rows":[12345678901234567890,{"x":1e1000}]}');
  });
});

it("tells the work when the caller goes away, and logs it", async () => {
  const { context, executions, settle } = testContext(team);
  const begun = new Promise<void>((resolve) => {
    waiting = resolve;
  });
  const client = await connect("modern", context);
  const away = new AbortController();
  const call = client.callTool({ name: "wait", arguments: {} }, { signal: away.signal });
  await begun;
  away.abort();
  await expect(call).rejects.toThrow();
  await vi.waitFor(async () => {
    await settle();
    expect(executions.map((row) => [row.toolName, row.success, row.errorCode])).toEqual([["wait", false, "busy"]]);
  });
});

describe("requests", () => {
  const post = (body: string, headers: Record<string, string> = {}, query = "") =>
    serveMcp(
      new Request(`http://localhost/t/test/mcp${query}`, {
        method: "POST",
        body,
        headers: { "content-type": "application/json", accept: "application/json, text/event-stream", ...headers },
      }),
      testContext(team).context,
      builtIns,
      noFeed,
    );

  it("that are not JSON are refused", async () => {
    const answer = await post("{");
    expect(answer.status).toBe(400);
    expect(await answer.json()).toEqual({
      jsonrpc: "2.0",
      error: { code: -32700, message: "Parse error: the request body is not valid JSON" },
      id: null,
    });
  });

  it("that are too large are refused by the limit's name", async () => {
    const answer = await post(`"${"x".repeat(4 * 1024 * 1024)}"`);
    expect(answer.status).toBe(413);
    expect(await answer.json()).toEqual({
      jsonrpc: "2.0",
      error: {
        code: -32000,
        message: "The request is larger than 4194304 bytes (limit requestBytes); send less in one call.",
      },
      id: null,
    });
  });

  it("of another media type are refused", async () => {
    vi.spyOn(console, "error").mockImplementation(() => undefined);
    expect((await post("{}", { "content-type": "text/plain" })).status).toBe(415);
  });

  it("from a foreign page are refused", async () => {
    expect((await post("{}", { origin: "https://evil.example.com" })).status).toBe(403);
  });

  it("for toolsets or tools that do not exist are refused with the valid ones", async () => {
    const toolset = await post("{}", {}, "?toolsets=jq,graphs");
    expect(toolset.status).toBe(400);
    expect(await toolset.json()).toEqual({
      jsonrpc: "2.0",
      error: {
        code: -32602,
        message:
          "The URL asks for toolsets that do not exist: graphs. Valid toolsets: catalog, jq, tables, frames, workflow, admin, all.",
        data: { code: "invalid_argument", unknown: ["graphs"] },
      },
      id: null,
    });
    const tool = await post("{}", {}, "?tools=echo,ecko");
    expect(await tool.json()).toMatchObject({
      error: {
        message:
          "The URL asks for tools that do not exist: ecko. " +
          "Valid tools: find_tools, run_tool, echo, exact_numbers, refuse, explode, wait, save_thing, daily_revenue.",
      },
    });
  });

  it("in a batch of a 2025 client each get their answer", async () => {
    const call = (id: number, name: string, args: object) => ({
      jsonrpc: "2.0",
      id,
      method: "tools/call",
      params: { name, arguments: args },
    });
    const answer = await post(JSON.stringify([call(1, "echo", { word: "a" }), call(2, "daily_revenue", {})]), {
      "mcp-protocol-version": "2025-03-26",
    });
    const messages = (await readMessages(answer.body, 2)) as { id: number; result: { isError?: boolean } }[];
    expect(messages.map((message) => [message.id, message.result.isError]).sort()).toEqual([
      [1, undefined],
      [2, undefined],
    ]);
  });

  it("to subscribe to a resource are refused to a 2025 client, which nothing could be told", async () => {
    const params = { uri: "dataset://sales" };
    const answer = await post(JSON.stringify({ jsonrpc: "2.0", id: 1, method: "resources/subscribe", params }), {
      "mcp-protocol-version": "2025-11-25",
    });
    const [message] = (await readMessages(answer.body, 1)) as { error?: { code: number } }[];
    expect(message?.error?.code).toBe(-32601);
  });

  it("for a tool of a name of any length are refused in few words", async () => {
    const call = {
      jsonrpc: "2.0",
      id: 1,
      method: "tools/call",
      params: { name: "daily ".repeat(100_000), arguments: {} },
    };
    const answer = await post(JSON.stringify(call), { "mcp-protocol-version": "2025-11-25" });
    const [message] = (await readMessages(answer.body, 1)) as { error?: { message: string } }[];
    expect(message?.error?.message).toMatch(
      /^There is no tool "(?:daily )+dail… \(\+599900 characters\)"\. Near it: daily_revenue\./,
    );
  });
});
