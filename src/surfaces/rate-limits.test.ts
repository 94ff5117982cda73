// Rate limits as callers meet them: headers, refusals over REST and MCP, addresses that guess. Driven as HTTP, in workerd.
import { createExecutionContext, waitOnExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { toolCall } from "../../test/helpers/tool-call.ts";
import type { NewToken } from "../features/access/schema.ts";
import { app } from "./app.ts";

interface Answer {
  status: number;
  headers: Headers;
  body: Record<string, unknown>;
}

interface Ask extends RequestInit {
  token?: string;
  address?: string;
  env?: Record<string, unknown>;
}

async function send(path: string, { token, address, env: variables, ...init }: Ask = {}): Promise<Answer> {
  const ctx = createExecutionContext();
  const headers = new Headers(init.headers);
  if (token !== undefined) headers.set("authorization", `Bearer ${token}`);
  if (address !== undefined) headers.set("cf-connecting-ip", address);
  const request = new Request(`http://localhost${path}`, { ...init, headers });
  const response = await app.fetch(request, { ...env, ...variables }, ctx);
  const text = await response.text();
  await waitOnExecutionContext(ctx);
  const isJson = response.headers.get("content-type")?.includes("json") === true;
  return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : { text } };
}

async function newToken(slug: string, username: string, role: string): Promise<string> {
  const path = `/operator/teams/${slug}/tokens`;
  const body = JSON.stringify({ username, role });
  const answer = await send(path, { method: "POST", token: env.OPERATOR_TOKEN, body });
  return (answer.body as unknown as NewToken).token;
}

/** A team with these limits, set by its owner as owners do. */
async function newTeam(rates: Record<string, number> = {}): Promise<{ slug: string; owner: string; member: string }> {
  const slug = `rates-${crypto.randomUUID().slice(0, 12)}`;
  await send(`/operator/teams/${slug}`, { method: "PUT", token: env.OPERATOR_TOKEN, body: "{}" });
  const owner = await newToken(slug, "ada", "owner");
  const member = await newToken(slug, "ben", "member");
  const body = JSON.stringify({ settings: { rate_limits: rates } });
  const headers = { "content-type": "application/json" };
  const changed = await send(`/t/${slug}/api/v1/team`, { method: "PATCH", token: owner, headers, body });
  expect(changed.status).toBe(200);
  return { slug, owner, member };
}

function callTool(slug: string, token: string, name: string, args: Record<string, unknown>): Promise<Answer> {
  return send(`/t/${slug}/mcp`, { ...toolCall(name, args), token });
}

const dataset = (version: number) => ({ name: "numbers", content: `[{"n":${version}}]`, format: "json" });

function resultOf(answer: Answer): { isError?: boolean; structuredContent: { error: Record<string, unknown> } } {
  return answer.body.result as ReturnType<typeof resultOf>;
}

describe("a team's limits", () => {
  it("stand on every answer, refusals of other kinds included", async () => {
    const { slug, member } = await newTeam();
    const policy = '"person";q=2400;w=60, "token";q=1200;w=60, "query";q=600;w=60, "write";q=300;w=60';
    const paths = ["/api/v1/datasets", "/api/v1/datasets/none", "/api/v1/nothing", "/metrics"];
    const answers: Answer[] = [];
    for (const path of paths) answers.push(await send(`/t/${slug}${path}`, { token: member }));
    answers.push(await callTool(slug, member, "list_datasets", {}));
    expect(answers.map(({ status }) => status)).toEqual([200, 404, 404, 403, 200]);
    for (const { headers } of answers) {
      expect(headers.get("ratelimit-policy")).toBe(policy);
      // What a request takes is there again after 50 ms, so only the order of magnitude holds.
      expect(headers.get("ratelimit")).toMatch(
        /^"person";r=239\d;t=1, "token";r=119\d;t=1, "query";r=600;t=0, "write";r=300;t=0$/,
      );
    }
  });

  it("refuse over REST with 429, Retry-After and a problem, and over MCP in JSON-RPC", async () => {
    const { slug, member } = await newTeam({ token_per_minute: 2 });
    for (let i = 0; i < 2; i++) expect((await send(`/t/${slug}/api/v1/datasets`, { token: member })).status).toBe(200);
    const rest = await send(`/t/${slug}/api/v1/datasets`, { token: member });
    expect([rest.status, rest.headers.get("retry-after"), rest.headers.get("ratelimit")]).toEqual([
      429,
      "30",
      '"token";r=0;t=30',
    ]);
    expect(rest.body).toEqual({
      type: "urn:super-data:error:rate_limited",
      title: "rate limited",
      status: 429,
      code: "rate_limited",
      detail: "The team allows 2 requests of one token or connection a minute, and they are used up.",
      hint: "Go on in 30 s. An admin can set rate_limits.token_per_minute to 60000 at most with update_team.",
      details: { limit: "token", quota: 2, window_seconds: 60, retry_after: 30 },
      request_id: rest.headers.get("x-request-id"),
    });
    const mcp = await callTool(slug, member, "list_datasets", {});
    expect([mcp.status, mcp.headers.get("retry-after"), mcp.headers.get("ratelimit-policy")]).toEqual([
      429,
      "30",
      '"token";q=2;w=60',
    ]);
    expect(mcp.body).toMatchObject({
      jsonrpc: "2.0",
      id: null,
      error: { code: -32000, data: { code: "rate_limited", limit: "token", retry_after: 30 } },
    });
    // Another token of the same person, and other people, go on.
    const second = await newToken(slug, "ben", "member");
    expect((await send(`/t/${slug}/api/v1/datasets`, { token: second })).status).toBe(200);
  });

  it("hold a person over all their tokens", async () => {
    const { slug, member, owner } = await newTeam({ person_per_minute: 3 });
    const second = await newToken(slug, "ben", "member");
    const statuses: number[] = [];
    for (const token of [member, second, member, second, owner]) {
      statuses.push((await send(`/t/${slug}/api/v1/datasets`, { token })).status);
    }
    expect(statuses).toEqual([200, 200, 200, 429, 200]);
  });

  it("charge writes where they run, over MCP as a tool's error and over REST as a 429, and not for an answer given again", async () => {
    const { slug, member } = await newTeam({ write_per_minute: 2 });
    const once = { ...dataset(1), idempotency_key: "first-write" };
    for (let i = 0; i < 3; i++)
      expect(resultOf(await callTool(slug, member, "create_dataset", once)).isError).not.toBe(true);
    const second = await send(`/t/${slug}/api/v1/datasets/other?format=json`, {
      method: "PUT",
      token: member,
      headers: { "content-type": "application/json" },
      body: "[1]",
    });
    expect(second.headers.get("ratelimit")).toMatch(/"write";r=0;t=60$/);
    const refused = await callTool(slug, member, "create_dataset", { ...dataset(2), name: "third" });
    expect(refused.status).toBe(200);
    expect(resultOf(refused)).toMatchObject({
      isError: true,
      structuredContent: {
        error: { code: "rate_limited", details: { limit: "write", quota: 2, window_seconds: 60, retry_after: 30 } },
      },
    });
    const rest = await send(`/t/${slug}/api/v1/datasets/other`, { method: "DELETE", token: member });
    expect([rest.status, rest.headers.get("retry-after")]).toEqual([429, "30"]);
    // Reading goes on.
    expect((await send(`/t/${slug}/api/v1/datasets/numbers`, { token: member })).status).toBe(200);
  });

  it("charge jq runs and not answers from the cache", async () => {
    const { slug, member } = await newTeam({ query_per_minute: 2 });
    await callTool(slug, member, "create_dataset", dataset(1));
    const ask = (query: string) => callTool(slug, member, "query_dataset", { dataset: "numbers", query });
    const left: (string | undefined)[] = [];
    for (const query of [".[].n", ".[].n", ".[].n", ".[].n + 1"]) {
      left.push(/"query";r=(\d+)/.exec((await ask(query)).headers.get("ratelimit") ?? "")?.[1]);
    }
    expect(left).toEqual(["1", "1", "1", "0"]);
    expect(resultOf(await ask(".[].n + 2")).structuredContent.error).toMatchObject({
      code: "rate_limited",
      message: "The team allows 2 jq runs of one person a minute, and they are used up.",
      details: { retry_after: 30 },
    });
    expect(resultOf(await ask(".[].n")).isError).not.toBe(true);
  });
});

describe("an address that guesses", () => {
  const few = { TOKEN_GUESSES_PER_MINUTE: "1.8" };
  const wrong = (): string => `sdp_${crypto.randomUUID().replaceAll("-", "")}${"A".repeat(11)}`;

  it("is refused once it has presented too many wrong tokens, of teams and of the operator alike, and let off in time", async () => {
    const { slug } = await newTeam();
    const address = "203.0.113.50";
    const paths = [`/t/${slug}/api/v1/datasets`, "/t/no-such-team/mcp", "/operator/teams/x", `/t/${slug}/mcp`];
    const answers: Answer[] = [];
    for (const path of paths) answers.push(await send(path, { token: wrong(), address, env: few, method: "PUT" }));
    expect(answers.map(({ status }) => status)).toEqual([401, 401, 401, 429]);
    const refused = await send(`/t/${slug}/api/v1/datasets`, { token: wrong(), address, env: few });
    expect(refused.status).toBe(429);
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(30);
    expect(refused.body).toMatchObject({
      code: "rate_limited",
      detail: "This network address has presented too many tokens that are not valid.",
      details: { limit: "address" },
    });
    expect(refused.headers.get("ratelimit")).toBeNull();
    // Another address, and whoever brings no token at all, are answered as ever.
    expect((await send(paths[0] ?? "", { token: wrong(), address: "203.0.113.51", env: few })).status).toBe(401);
    expect((await send(paths[0] ?? "", { address, env: few })).status).toBe(401);
  });

  it("keeps nobody out who shares it and brings a good token, whether or not it was used here before", async () => {
    const { slug, owner, member } = await newTeam();
    const address = "203.0.113.60";
    const path = `/t/${slug}/api/v1/datasets`;
    expect((await send(path, { token: member, address, env: few })).status).toBe(200);
    for (let i = 0; i < 4; i++) await send(path, { token: wrong(), address, env: few });
    // Known to be over, so the address's object is not asked again.
    const asleep = { ...few, ADDRESS: undefined };
    expect((await send(path, { token: wrong(), address, env: asleep })).status).toBe(429);
    expect((await send(path, { token: member, address, env: few })).status).toBe(200);
    expect((await send(path, { token: owner, address, env: few })).status).toBe(200);
    expect((await send("/operator/teams/x", { token: env.OPERATOR_TOKEN, address, env: few })).status).not.toBe(429);
  });
});
