// The wall around a team: who gets in, what each role may do, and that an outsider learns nothing.
import { describe, expect, inject, it } from "vitest";
import { call, callError, connectV2, createTeam, createToken, operator, rest, until } from "../helpers/clients.ts";

const server = inject("server");

async function ask(
  url: string,
  headers: Record<string, string>,
  method = "POST",
): Promise<{ status: number; challenge: string; body: Record<string, unknown> }> {
  const response = await fetch(url, {
    method,
    headers: { "content-type": "application/json", accept: "application/json, text/event-stream", ...headers },
    ...(method === "POST" ? { body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/list", params: {} }) } : {}),
  });
  const { request_id: _id, ...body } = (await response.json()) as Record<string, unknown>;
  // The address of the metadata repeats the one that was asked, whether or not there is such a team.
  const own = `, resource_metadata="${new URL(url).origin}/.well-known/oauth-protected-resource${new URL(url).pathname}"`;
  const challenge = (response.headers.get("www-authenticate") ?? "").replace(own, "");
  return { status: response.status, challenge, body };
}

describe("without a good token", () => {
  it("is a 401 with a challenge, and the same for every team, there or not", async () => {
    const other = await createTeam(server, "access-other");
    const nobody = await Promise.all(
      [server.url, other.url, `${server.origin}/t/no-such-team/mcp`].map((url) => ask(url, {})),
    );
    for (const answer of nobody) expect(answer).toEqual(nobody[0]);
    expect(nobody[0]).toMatchObject({
      status: 401,
      challenge: 'Bearer realm="super-data", scope="data:read"',
      body: { code: "unauthorized", detail: "A token is needed." },
    });
    const noSlug = await ask(`${server.origin}/t/No!Team/mcp`, {});
    expect(noSlug).toEqual({ ...nobody[0], challenge: 'Bearer realm="super-data"' });

    const wrong = [
      [server.url, `Bearer ${other.token}`],
      [other.url, `Bearer ${server.token}`],
      [`${server.origin}/t/no-such-team/mcp`, `Bearer ${server.token}`],
      [server.url, "Bearer nonsense"],
      [server.url, `Bearer sdp_${"A".repeat(43)}`],
      [server.url, `Basic ${btoa("a:b")}`],
    ] as const;
    const answers = await Promise.all(wrong.map(([url, authorization]) => ask(url, { authorization })));
    for (const answer of answers) expect(answer).toEqual(answers[0]);
    expect(answers[0]).toMatchObject({
      status: 401,
      challenge: 'Bearer realm="super-data", error="invalid_token", scope="data:read"',
      body: { code: "unauthorized", detail: "This token is not valid here." },
    });
  });

  it("holds for every method and every route of a team", async () => {
    const paths = [
      "/mcp",
      "/api/v1/datasets",
      "/api/v1/datasets/orders",
      "/api/v1/library",
      "/api/v1/executions",
      "/api/v1/nothing",
      "",
    ];
    for (const path of paths) {
      for (const method of ["GET", "POST", "DELETE", "PUT"]) {
        const response = await fetch(`${server.origin}/t/${server.team}${path}`, { method });
        await response.body?.cancel();
        expect([path, method, response.status]).toEqual([path, method, 401]);
      }
    }
  });

  it("ends with revocation and expiry on the next call", async () => {
    const team = await createTeam(server, "access-revoke");
    const { id, token } = await createToken(server, team.team, { username: "leaver", role: "member" });
    const brief = await createToken(server, team.team, {
      username: "leaver",
      role: "viewer",
      expires_in_days: 1 / 86_400,
    });
    expect((await rest({ ...team, token }, "/datasets")).status).toBe(200);
    await operator(server, `/teams/${team.team}/tokens/${id}`, { method: "DELETE" });
    expect((await rest({ ...team, token }, "/datasets")).status).toBe(401);
    await new Promise((resolve) => setTimeout(resolve, 1100));
    expect((await rest({ ...team, token: brief.token }, "/datasets")).status).toBe(401);
  });
});

it("closes the open streams of a token that is revoked, and no other's", async () => {
  const team = await createTeam(server, "access-streams");
  const { id, token } = await createToken(server, team.team, { username: "listener", role: "viewer" });
  const open = async (bearer: string) => {
    const response = await fetch(team.url, {
      headers: { authorization: `Bearer ${bearer}`, accept: "text/event-stream" },
    });
    expect(response.status).toBe(200);
    const state = { ended: false, text: "" };
    void (async () => {
      for await (const chunk of response.body ?? []) state.text += new TextDecoder().decode(chunk);
      state.ended = true;
    })().catch(() => undefined);
    await until(() => state.text.includes("list_changed"), "the stream was open");
    return state;
  };
  const [revoked, kept] = [await open(token), await open(team.token)];
  await operator(server, `/teams/${team.team}/tokens/${id}`, { method: "DELETE" });
  await until(() => revoked.ended, "the revoked token's stream ended");
  expect(kept.ended).toBe(false);
});

describe("roles", () => {
  it("let a viewer read and nothing else", async () => {
    const team = await createTeam(server, "access-roles");
    const viewer = { ...team, ...(await createToken(server, team.team, { username: "viewer", role: "viewer" })) };
    const client = await connectV2(viewer);
    await call(await connectV2(team), "create_dataset", { name: "d", content: '[{"a":1}]', format: "json" });
    expect((await call(client, "query_dataset", { dataset: "d", query: ".[].a" })).data.rows).toEqual([1]);
    const refused = {
      create_dataset: { name: "d", content: "[]", format: "json" },
      save_tool: { name: "t", description: "d", query: "1" },
      save_function: { name: "f", definition: "def f: 1;" },
      deactivate_tool: { name: "t" },
    };
    for (const [tool, args] of Object.entries(refused))
      expect(await callError(client, tool, args)).toMatchObject({ code: "forbidden" });
    const put = await rest(viewer, "/datasets/d", {
      method: "PUT",
      headers: { "content-type": "application/json" },
      body: "[]",
    });
    expect([put.status, ((await put.json()) as { code: string }).code]).toEqual([403, "forbidden"]);
    const { tools } = await client.listTools();
    expect(tools.map((tool) => tool.name)).not.toContain("save_tool");
  });

  it("keep a token no stronger than its person", async () => {
    const team = await createTeam(server, "access-person");
    await createToken(server, team.team, { username: "junior", role: "viewer" });
    await expect(createToken(server, team.team, { username: "junior", role: "owner" })).rejects.toThrow(
      "junior is viewer of this team",
    );
  });
});

it("keeps one team's things out of another's answers", async () => {
  const [a, b] = await Promise.all([createTeam(server, "wall-a"), createTeam(server, "wall-b")]);
  const [clientA, clientB] = await Promise.all([connectV2(a), connectV2(b)]);
  await call(clientA, "create_dataset", { name: "secret_plans", content: '{"plan":"alpha"}', format: "json" });
  await call(clientA, "save_function", { name: "secret_fn", definition: "def secret_fn: 1;" });
  await call(clientA, "save_tool", { name: "secret_tool", description: "secret", query: "secret_fn" });
  const seen = [
    (await call(clientB, "list_datasets")).text,
    (await call(clientB, "list_functions")).text,
    (await call(clientB, "find_tools", { query: "secret", limit: 50 })).text,
    JSON.stringify(await clientB.listTools()),
    JSON.stringify(await clientB.listResources()),
    JSON.stringify(await callError(clientB, "query_dataset", { dataset: "secret_plan", query: "." })),
    JSON.stringify(await callError(clientB, "run_tool", { name: "secret_tool", arguments: {} }))
      .replaceAll('"secret_tool"', "")
      .replaceAll("secret_tool", ""),
  ].join("\n");
  expect(seen).not.toMatch(/secret_plans|secret_fn|alpha/);
  expect((await rest(b, "/datasets/secret_plans")).status).toBe(404);
});

describe("the operator's routes", () => {
  it.each([undefined, "Bearer wrong", "Bearer "])("refuse %s", async (authorization) => {
    const response = await fetch(`${server.origin}/operator/teams/x`, {
      method: "PUT",
      headers: authorization === undefined ? {} : { authorization },
    });
    expect(response.status).toBe(401);
  });

  it("check what they are given", async () => {
    await expect(operator(server, "/teams/Bad_Slug", { method: "PUT" })).rejects.toThrow(/400.*lower-case letters/);
    await expect(
      operator(server, "/teams/demo/tokens", { method: "POST", body: '{"username":"x","role":"god"}' }),
    ).rejects.toThrow(/400.*role/);
    await expect(
      operator(server, "/teams/not-yet/tokens", { method: "POST", body: '{"username":"x","role":"owner"}' }),
    ).rejects.toThrow(/404.*There is no such team/);
    await expect(operator(server, "/teams/demo/tokens", { method: "POST", body: "{" })).rejects.toThrow(
      /400.*not JSON/,
    );
  });
});
