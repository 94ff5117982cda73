// The request log: one line a request, with what an operator needs and nothing that a caller sent. Runs in workerd.
import { createExecutionContext, waitOnExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, expect, it, type MockInstance, vi } from "vitest";
import type { NewToken } from "../features/access/schema.ts";
import { app } from "./app.ts";

let info: MockInstance<typeof console.log>;
let failures: MockInstance<typeof console.error>;
let slug = "";
let owner = "";

type Line = Record<string, unknown>;
const linesOf = (spy: MockInstance): Line[] =>
  spy.mock.calls.map(([text]) => JSON.parse(String(text)) as Line).filter(({ event }) => event === "request");

async function send(path: string, init: RequestInit & { token?: string } = {}): Promise<Response> {
  const ctx = createExecutionContext();
  const headers = new Headers({ "user-agent": "log-test/1", ...(init.headers as Record<string, string>) });
  if (init.token !== undefined) headers.set("authorization", `Bearer ${init.token}`);
  const response = await app.fetch(new Request(`http://localhost${path}`, { ...init, headers }), env, ctx);
  const body = await response.text();
  await waitOnExecutionContext(ctx);
  return new Response(response.status === 204 ? null : body, response);
}

function callTool(name: string, args: Line, era: "modern" | "legacy" = "modern"): Promise<Response> {
  const modern = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientInfo": { name: "tester", version: "2" },
    "io.modelcontextprotocol/clientCapabilities": {},
  };
  const params = { name, arguments: args, ...(era === "modern" ? { _meta: modern } : {}) };
  return send(`/t/${slug}/mcp`, {
    method: "POST",
    token: owner,
    headers: {
      "content-type": "application/json",
      accept: "application/json, text/event-stream",
      ...(era === "modern"
        ? { "mcp-protocol-version": "2026-07-28", "mcp-method": "tools/call", "mcp-name": name }
        : { "mcp-protocol-version": "2025-06-18" }),
    },
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params }),
  });
}

beforeEach(async () => {
  info = vi.spyOn(console, "log").mockImplementation(() => undefined);
  failures = vi.spyOn(console, "error").mockImplementation(() => undefined);
  slug = `log-${crypto.randomUUID().slice(0, 12)}`;
  await send(`/operator/teams/${slug}`, { method: "PUT", token: env.OPERATOR_TOKEN, body: "{}" });
  const body = JSON.stringify({ username: "ada", role: "owner" });
  const made = await send(`/operator/teams/${slug}/tokens`, { method: "POST", token: env.OPERATOR_TOKEN, body });
  owner = ((await made.json()) as NewToken).token;
  info.mockClear();
});
afterEach(() => vi.restoreAllMocks());

it("says who asked for what and how it ended, under the id that the answer bears", async () => {
  const response = await send(`/t/${slug}/api/v1/datasets/none?secret=in-the-query`, { token: owner });
  const id = response.headers.get("x-request-id");
  expect((await response.json()) as Line).toMatchObject({ status: 400, request_id: id });
  expect(linesOf(info)).toEqual([
    {
      event: "request",
      request_id: id,
      team: slug,
      user_id: expect.stringMatching(/^usr_/),
      username: "ada",
      credential_id: expect.stringMatching(/^tok_/),
      route: "/t/:team/api/v1/datasets/:dataset",
      method: "GET",
      status: 400,
      outcome: "invalid_argument",
      duration_ms: expect.any(Number),
      client: "log-test/1",
    },
  ]);
});

it.each(["modern", "legacy"] as const)(
  "names the tool, the client and the era of a %s MCP call, and no argument",
  async (era) => {
    await callTool("describe_dataset", { dataset: "in-the-arguments" }, era);
    const [line, ...more] = linesOf(info);
    expect(more).toEqual([]);
    expect(line).toMatchObject({
      tool: "describe_dataset",
      rpc_method: "tools/call",
      era,
      route: "/t/:team/mcp",
      status: 200,
      outcome: "not_found",
      client: era === "modern" ? "tester/2" : "log-test/1",
    });
    expect(JSON.stringify(line)).not.toContain("in-the-arguments");
  },
);

it("names a refused request's team and reason, and the same id in its problem", async () => {
  const response = await send(`/t/${slug}/api/v1/datasets`, { token: `sdp_${"A".repeat(43)}` });
  const [line] = linesOf(info);
  expect(line).toEqual({
    event: "request",
    request_id: ((await response.json()) as Line).request_id,
    team: slug,
    route: "/t/:team/api/v1/datasets",
    method: "GET",
    status: 401,
    outcome: "unauthorized",
    duration_ms: expect.any(Number),
    client: "log-test/1",
  });
  expect(response.headers.get("x-request-id")).toBe(line?.request_id);
});

it("keeps the id through a write under an idempotency key", async () => {
  const headers = { "idempotency-key": "log-test-key", "content-type": "application/json" };
  const response = await send(`/t/${slug}/api/v1/datasets/no!name?format=json`, {
    method: "PUT",
    token: owner,
    headers,
    body: "[1]",
  });
  expect(response.status).toBe(400);
  expect(((await response.json()) as Line).request_id).toBe(response.headers.get("x-request-id"));
  expect(linesOf(info)[0]?.request_id).toBe(response.headers.get("x-request-id"));
});

it("writes nothing that a caller sent: no path, query, cookie, token or unknown name", async () => {
  const secret = "s3cr3t-value";
  await send(`/join/${slug}/${secret}?x=${secret}`, { headers: { cookie: `a=${secret}` } });
  await send(`/t/${secret}!/api/v1/datasets`, { token: secret });
  await send(`/t/${slug}/api/v1/${secret}`, { token: owner, method: "POST", body: secret });
  await callTool(secret, { x: secret });
  const lines = linesOf(info);
  expect(lines.length).toBe(4);
  expect(JSON.stringify([info.mock.calls, failures.mock.calls])).not.toMatch(new RegExp(`${secret}|${owner}`));
});

it("shows arguments only of a team that wants it, cut, and without what stands behind a secret's name", async () => {
  const body = JSON.stringify({ settings: { log_arguments: true } });
  const headers = { "content-type": "application/json" };
  await send(`/t/${slug}/api/v1/team`, { method: "PATCH", token: owner, headers, body });
  info.mockClear();
  await callTool("describe_dataset", { name: "orders", password: "hunter2", note: `sdp_${"B".repeat(43)}` });
  expect(linesOf(info)[0]?.arguments).toBe('{"name":"orders","password":"[redacted]","note":"[redacted]"}');
  info.mockClear();
  await callTool("describe_dataset", { name: "x".repeat(9000) });
  expect(linesOf(info)[0]?.arguments).toBe(`{"name":"${"x".repeat(1991)}…`);
});

it("puts what failed on the server among the errors", async () => {
  const ctx = createExecutionContext();
  const broken = { ...env, TEAM: undefined } as unknown as typeof env;
  const headers = { authorization: `Bearer ${owner}` };
  const response = await app.fetch(new Request(`http://localhost/t/${slug}/api/v1/datasets`, { headers }), broken, ctx);
  await waitOnExecutionContext(ctx);
  expect(response.status).toBe(500);
  expect(linesOf(info)).toEqual([]);
  expect(linesOf(failures)).toMatchObject([
    { request_id: response.headers.get("x-request-id"), status: 500, outcome: "internal", team: slug },
  ]);
});

it("counts REST calls by tool, or by route where there is none, for the team's metrics", async () => {
  for (const name of ["a", "b"]) await send(`/t/${slug}/api/v1/datasets/${name}`, { token: owner });
  await send(`/t/${slug}/api/v1/nothing`, { token: owner });
  const text = await (await send(`/t/${slug}/metrics`, { token: owner })).text();
  const calls = text.split("\n").filter((line) => line.startsWith("super_data_calls_total"));
  expect(calls).toEqual([
    `super_data_calls_total{team="${slug}",tool="describe_dataset",outcome="not_found"} 2`,
    `super_data_calls_total{team="${slug}",tool="rest:unknown",outcome="http_404"} 1`,
  ]);
});

it("lets no answer be taken for another kind of content than it says, whoever gave it", async () => {
  const read = { accept: "text/html" };
  const answers = await Promise.all([
    send(`/t/${slug}/api/v1/datasets`, { token: owner }),
    send(`/t/${slug}/api/v1/nothing`, { token: owner }),
    send(`/t/${slug}/find?q=x`, { token: owner }),
    send(`/t/${slug}/library/completions?language=jq`, { token: owner }),
    send(`/t/${slug}`, { token: owner, headers: read }),
    send("/health"),
  ]);
  expect(answers.map(({ status, headers }) => [status, headers.get("x-content-type-options")])).toEqual([
    [200, "nosniff"],
    [404, "nosniff"],
    [200, "nosniff"],
    [200, "nosniff"],
    [200, "nosniff"],
    [200, "nosniff"],
  ]);
  // Names that a page loads as a part of itself may be opened alone, too.
  const policy = answers[2]?.headers.get("content-security-policy") ?? "";
  expect(policy).toBe(answers[4]?.headers.get("content-security-policy"));
  expect(policy).toContain("frame-ancestors 'none'");
});
