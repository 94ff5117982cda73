// The outermost surface: who gets in, what an outsider learns, the operator's routes, the log. Driven as HTTP.
import { createExecutionContext, waitOnExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it, vi } from "vitest";
import { toolCall } from "../../test/helpers/tool-call.ts";
import type { NewToken } from "../features/access/schema.ts";
import { app } from "./app.ts";

interface Answer {
  status: number;
  headers: Headers;
  body: Record<string, unknown>;
}

/** One request to the Worker, with everything it does after its answer. */
async function send(path: string, init: RequestInit & { token?: string } = {}): Promise<Answer> {
  const ctx = createExecutionContext();
  const headers = new Headers(init.headers);
  if (init.token !== undefined) headers.set("authorization", `Bearer ${init.token}`);
  const response = await app.fetch(new Request(`http://localhost${path}`, { ...init, headers }), env, ctx);
  const text = await response.text();
  await waitOnExecutionContext(ctx);
  const isJson = response.headers.get("content-type")?.includes("json") === true;
  return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : { text } };
}

const operatorToken = env.OPERATOR_TOKEN;

async function newTeam(): Promise<{ slug: string; owner: string }> {
  const slug = `app-${crypto.randomUUID().slice(0, 12)}`;
  await send(`/operator/teams/${slug}`, { method: "PUT", token: operatorToken, body: '{"name":"App"}' });
  return { slug, owner: (await newToken(slug, "ada", "owner")).token };
}

async function newToken(slug: string, username: string, role: string, days?: number): Promise<NewToken> {
  const answer = await send(`/operator/teams/${slug}/tokens`, {
    method: "POST",
    token: operatorToken,
    body: JSON.stringify({ username, role, ...(days === undefined ? {} : { expires_in_days: days }) }),
  });
  expect(answer.status).toBe(201);
  return answer.body as unknown as NewToken;
}

function mcpCall(slug: string, token: string, name: string, args: Record<string, unknown>): Promise<Answer> {
  const { headers, ...call } = toolCall(name, args);
  return send(`/t/${slug}/mcp`, { ...call, token, headers: { ...headers, "user-agent": "app-test/1" } });
}

function structured(answer: Answer): Record<string, unknown> {
  return (answer.body as { result: { structuredContent: Record<string, unknown> } }).result.structuredContent;
}

describe("an address that ends in a slash", () => {
  const page = { headers: { accept: "text/html" } };

  it("leads a browser to the team's page without it", async () => {
    const { slug, owner } = await newTeam();
    const answer = await send(`/t/${slug}/datasets/?q=a`, { ...page, token: owner });
    expect([answer.status, answer.headers.get("location")]).toEqual([308, `/t/${slug}/datasets?q=a`]);
  });

  it("leads nobody to another host", async () => {
    const answer = await send("//elsewhere.example/", page);
    expect([answer.status, answer.headers.get("location")]).toEqual([404, null]);
  });
});

describe("without a good token", () => {
  it("answers the same 401 for a team that exists and one that does not", async () => {
    const { slug } = await newTeam();
    for (const token of [undefined, "nonsense", `sdp_${"A".repeat(43)}`]) {
      const teams = [slug, "no-such-team", "No!Slug"];
      const answers = await Promise.all(
        teams.map((team) => send(`/t/${team}/api/v1/datasets`, token === undefined ? {} : { token })),
      );
      const seen = answers.map(({ status, headers, body: { request_id: _, ...body } }, at) => ({
        status,
        body,
        challenge: headers.get("www-authenticate")?.replace(teams[at] ?? "", "TEAM"),
      }));
      const bearer = `Bearer realm="super-data"${token === undefined ? "" : ', error="invalid_token"'}`;
      expect(seen[1]).toEqual(seen[0]);
      // What is no slug is no team's address, so there is no metadata to point at.
      expect(seen[2]).toEqual({ ...seen[0], challenge: bearer });
      expect(seen[0]).toEqual({
        status: 401,
        challenge: `${bearer}, resource_metadata="http://localhost/.well-known/oauth-protected-resource/t/TEAM/mcp", scope="data:read"`,
        body: {
          type: "urn:super-data:error:unauthorized",
          title: "unauthorized",
          status: 401,
          code: "unauthorized",
          detail: token === undefined ? "A token is needed." : "This token is not valid here.",
          hint: "Send `Authorization: Bearer <token>` with a current token of this team; its owner or operator issues them.",
          details: { presented: token !== undefined },
        },
      });
    }
  });

  it("refuses another team's token, a revoked one and an expired one", async () => {
    const [a, b] = [await newTeam(), await newTeam()];
    expect((await send(`/t/${a.slug}/api/v1/datasets`, { token: b.owner })).status).toBe(401);
    const leaver = await newToken(a.slug, "leaver", "member");
    const brief = await newToken(a.slug, "brief", "viewer", 0.5 / 86_400);
    expect((await send(`/t/${a.slug}/api/v1/datasets`, { token: leaver.token })).status).toBe(200);
    expect(
      (await send(`/operator/teams/${a.slug}/tokens/${leaver.id}`, { method: "DELETE", token: operatorToken })).status,
    ).toBe(204);
    expect((await send(`/t/${a.slug}/api/v1/datasets`, { token: leaver.token })).status).toBe(401);
    const later = Date.now() + 1_000;
    vi.spyOn(Date, "now").mockReturnValue(later);
    expect((await send(`/t/${a.slug}/api/v1/datasets`, { token: brief.token })).status).toBe(401);
    vi.restoreAllMocks();
  });
});

describe("the operator's routes", () => {
  it("create a team once and say so", async () => {
    const { slug } = await newTeam();
    const again = await send(`/operator/teams/${slug}`, { method: "PUT", token: operatorToken });
    expect([again.status, again.body]).toEqual([200, { team: slug, created: false }]);
  });

  it.each([
    ["PUT", "/teams/Bad_Slug", "", 400, "team: use 1 to 40 lower-case letters, digits and inner hyphens"],
    ["PUT", "/teams/fine", '{"nme":"x"}', 400, 'team: Unrecognized key: "nme"'],
    ["PUT", "/teams/fine", "{", 400, "The request body is not JSON."],
    ["POST", "/teams/never-made/tokens", '{"username":"a","role":"owner"}', 404, "There is no such team."],
    ["DELETE", "/teams/never-made/tokens/tok_1", "", 404, "There is no such team."],
  ])("%s %s %s is refused", async (method, path, body, status, detail) => {
    const answer = await send(`/operator${path}`, { method, token: operatorToken, ...(body === "" ? {} : { body }) });
    expect([answer.status, answer.body.detail]).toEqual([status, detail]);
  });

  it("refuse whoever is not the operator", async () => {
    const { slug, owner } = await newTeam();
    for (const token of [undefined, owner, `${operatorToken}x`, operatorToken.slice(1)]) {
      const answer = await send(`/operator/teams/${slug}/tokens`, {
        method: "POST",
        body: "{}",
        ...(token === undefined ? {} : { token }),
      });
      expect([answer.status, answer.body.code]).toEqual([401, "unauthorized"]);
    }
  });

  it("know no token of another team", async () => {
    const [a, b] = [await newTeam(), await newTeam()];
    const { id } = await newToken(a.slug, "bob", "viewer");
    const answer = await send(`/operator/teams/${b.slug}/tokens/${id}`, { method: "DELETE", token: operatorToken });
    expect([answer.status, answer.body.detail]).toEqual([404, "There is no live token of that id in this team."]);
  });
});

describe("addresses", () => {
  it("tell liveness without secrets and point a lost caller to the endpoint", async () => {
    expect((await send("/health")).body).toEqual({ status: "ok" });
    const lost = await send("/nothing");
    expect([lost.status, lost.body.hint]).toEqual([404, "A team's MCP endpoint is /t/<team>/mcp."]);
  });
});

describe("the execution log", () => {
  it("holds each call once, with what it was asked, how it ended and who asked", async () => {
    const { slug, owner } = await newTeam();
    await mcpCall(slug, owner, "create_dataset", { name: "d", content: '[{"a":1},{"a":2}]', format: "json" });
    const ok = await mcpCall(slug, owner, "query_dataset", { dataset: "d", query: ".[].a" });
    expect(structured(ok)).toMatchObject({ rows: [1, 2], cached: false });
    const cached = await mcpCall(slug, owner, "query_dataset", { dataset: "d", query: ".[].a" });
    expect(structured(cached)).toMatchObject({ rows: [1, 2], cached: true });
    const fresh = await mcpCall(slug, owner, "query_dataset", { dataset: "d", query: ".[].a", fresh: true });
    expect(structured(fresh)).toMatchObject({ cached: false });
    const inputs = await mcpCall(slug, owner, "query_dataset", { dataset: "d", query: "[inputs.a]", null_input: true });
    expect(structured(inputs)).toMatchObject({ rows: [[1, 2]], input: "records" });
    await mcpCall(slug, owner, "query_dataset", { dataset: "d", query: "error" });
    const { body } = await send(`/t/${slug}/api/v1/executions`, { token: owner });
    const rows = body.executions as Record<string, unknown>[];
    expect(
      rows.map((row) => [row.tool, row.success, row.cached, row.error_code, row.dataset, row.dataset_version]),
    ).toEqual([
      ["query_dataset", false, false, "jq_runtime", "d", 1],
      ["query_dataset", true, false, null, "d", 1],
      ["query_dataset", true, false, null, "d", 1],
      ["query_dataset", true, true, null, "d", 1],
      ["query_dataset", true, false, null, "d", 1],
      ["create_dataset", true, false, null, null, null],
    ]);
    expect(rows[4]).toMatchObject({
      user: "ada",
      client: "test/1",
      parameters: '{"dataset":"d","query":".[].a"}',
      steps: expect.any(Number),
    });
    expect(rows[4]?.steps).toBeGreaterThan(0);
    expect(rows[3]?.steps).toBe(0);
  });

  it("is paged, filtered, and shows members only what is theirs", async () => {
    const { slug, owner } = await newTeam();
    const bob = await newToken(slug, "bob", "member");
    for (const token of [owner, bob.token, owner, bob.token]) await mcpCall(slug, token, "list_datasets", {});
    await mcpCall(slug, owner, "query_dataset", { dataset: "none", query: "." });
    const first = (await send(`/t/${slug}/api/v1/executions?limit=3`, { token: owner })).body;
    expect(first).toMatchObject({ returned: 3, total: 5, truncated: true, next_cursor: expect.any(String) });
    const rest = (
      await send(`/t/${slug}/api/v1/executions?limit=3&cursor=${String(first.next_cursor)}`, { token: owner })
    ).body;
    // Reading the log is in the log, too.
    expect(rest).toMatchObject({ returned: 2, total: 6 });
    expect("next_cursor" in rest).toBe(false);
    const failed = await mcpCall(slug, owner, "list_executions", { failed: true });
    expect(structured(failed)).toMatchObject({
      total: 1,
      executions: [{ tool: "query_dataset", error_code: "not_found" }],
    });
    const mine = (await send(`/t/${slug}/api/v1/executions?user=ada`, { token: bob.token })).body;
    expect((mine.executions as { user: string }[]).map((row) => row.user)).toEqual(["bob", "bob"]);
    const bad = await send(`/t/${slug}/api/v1/executions?limit=0&x=1`, { token: owner });
    expect([bad.status, bad.body.code]).toEqual([400, "invalid_argument"]);
  });
});
