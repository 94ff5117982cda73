// Access by OAuth and by session: what opens a team, how far, and what ends it. Driven as HTTP. Runs in workerd.
import { describe, expect, it } from "vitest";
import {
  aPerson,
  auditOf,
  call,
  changePerson,
  connect,
  get,
  join,
  origin,
  refresh,
  register,
  resource,
  send,
  status,
  type Tokens,
  teamOf,
  token,
} from "../../../test/helpers/oauth-worker.ts";
import { oauthLimits } from "../../limits.ts";

describe("tokens", () => {
  it("carry what was ticked, for a quarter of an hour, and open the team alone", async () => {
    const ada = await aPerson("Ada");
    const [team, other] = [await teamOf(ada), await teamOf(ada)];
    const tokens = await connect(ada, team, {
      scope: "data:read library:write",
      tick: ["data:write"],
      untick: ["library:write"],
    });
    expect(tokens).toMatchObject({
      scope: "data:read data:write",
      expires_in: oauthLimits.accessTokenMs / 1000,
      resource: resource(team),
    });
    expect(await status(team, tokens.access_token)).toBe(200);
    expect(await status(other, tokens.access_token)).toBe(401);
    expect(await status(team, tokens.refresh_token)).toBe(401);
    expect(await auditOf(team)).toEqual(["connection.open by session"]);
  });

  it("of two teams of one person live side by side; another consent for a team replaces its own", async () => {
    const ada = await aPerson("Ada");
    const [team, other] = [await teamOf(ada), await teamOf(ada)];
    const clientId = await register();
    const first = await connect(ada, team, { clientId });
    const elsewhere = await connect(ada, other, { clientId });
    const again = await connect(ada, team, { clientId });
    expect(await status(team, first.access_token)).toBe(401);
    expect(await status(team, again.access_token)).toBe(200);
    expect(await status(other, elsewhere.access_token)).toBe(200);
    expect((await refresh(first)).body.error).toBe("invalid_grant");
    expect(await auditOf(team)).toEqual([
      "connection.open by session",
      "connection.open by session",
      "connection.revoke by session",
    ]);
  });

  it("are refreshed for their own team only, and narrowed on request", async () => {
    const ada = await aPerson("Ada");
    const [team, other] = [await teamOf(ada), await teamOf(ada)];
    const tokens = await connect(ada, team, { scope: "data:read data:write" });
    const crossed = await refresh(tokens, { resource: resource(other) });
    expect([crossed.status, crossed.body.error]).toEqual([400, "invalid_grant"]);
    const narrowed = await refresh(tokens, { scope: "data:read" });
    expect(narrowed.body.scope).toBe("data:read");
    expect(await status(team, narrowed.body.access_token)).toBe(200);
  });

  it("end with the membership, and follow the role", async () => {
    const ada = await aPerson("Ada");
    const team = await teamOf(ada);
    const tokens = await connect(ada, team, { scope: "data:read data:write" });
    await changePerson(team, ada.personId, { role: "viewer" });
    const answer = await call(team, tokens.access_token, "create_dataset", { name: "x", content: "[]" });
    expect(await answer.text()).toContain("As viewer you may not use create_dataset");
    await changePerson(team, ada.personId, { removedAt: new Date() });
    expect(await status(team, tokens.access_token)).toBe(401);
    expect((await refresh(tokens)).body).toEqual({
      error: "invalid_grant",
      error_description: "This connection has ended, or its person is no longer in the team. Connect again.",
    });
  });

  it("end when the connection is revoked, by its person or an admin and by nobody else", async () => {
    const [ada, bob] = [await aPerson("Ada"), await aPerson("Bob")];
    const team = await teamOf(ada);
    await join(team, bob, "member");
    const hers = await connect(ada, team, { scope: "data:read admin" });
    const his = await connect(bob, team, { scope: "data:read admin" });
    const list = async (tokens: Tokens, query = ""): Promise<{ id: string; username: string }[]> => {
      const headers = { authorization: `Bearer ${tokens.access_token}` };
      const answer = (await (await get(`/t/${team}/api/v1/connections${query}`, { headers })).json()) as {
        connections: { id: string; username: string }[];
      };
      return answer.connections;
    };
    const revoke = async (tokens: Tokens, id: string): Promise<number> => {
      const headers = { authorization: `Bearer ${tokens.access_token}` };
      return (await get(`/t/${team}/api/v1/connections/${id}`, { method: "DELETE", headers })).status;
    };
    const [own] = await list(his);
    expect(await list(his)).toEqual([
      {
        id: expect.stringMatching(/^con_/),
        username: own?.username,
        client: "Test app",
        client_id: his.clientId,
        host: "app.example",
        scopes: ["data:read", "admin"],
        created_at: expect.any(String),
        last_used_at: expect.any(String),
      },
    ]);
    expect(await list(his, "?everyone=true")).toBeUndefined();
    const all = await list(hers, "?everyone=true");
    expect(all).toHaveLength(2);
    const [herOwn] = await list(hers);
    expect(await revoke(his, herOwn?.id ?? "")).toBe(404);
    expect(await revoke(hers, own?.id ?? "")).toBe(204);
    expect(await status(team, his.access_token)).toBe(401);
    expect((await refresh(his)).body.error).toBe("invalid_grant");
    expect(await revoke(hers, own?.id ?? "")).toBe(404);
    expect(await status(team, hers.access_token)).toBe(200);
  });

  it("of an owner are not ended by an admin", async () => {
    const [ada, mia] = [await aPerson("Ada"), await aPerson("Mia")];
    const team = await teamOf(ada);
    await join(team, mia, "admin");
    const owners = await connect(ada, team);
    const admins = await connect(mia, team, { scope: "data:read admin" });
    const headers = { authorization: `Bearer ${admins.access_token}` };
    const id = `con_${owners.access_token.split(":")[1]}`;
    const answer = await get(`/t/${team}/api/v1/connections/${id}`, { method: "DELETE", headers });
    expect(await answer.json()).toMatchObject({
      code: "forbidden",
      detail: "As admin you may not end an owner's connection: it needs the role owner.",
    });
    expect(await status(team, owners.access_token)).toBe(200);
  });

  it("are listed and ended by tools too", async () => {
    const ada = await aPerson("Ada");
    const team = await teamOf(ada);
    const tokens = await connect(ada, team, { scope: "data:read admin" });
    const read = async (answer: Response) => {
      const data = (await answer.text()).split("\n").find((line) => line.startsWith("data: "));
      const { result } = JSON.parse(data?.slice(6) ?? "null") as {
        result: { content: [{ text: string }]; structuredContent: { connections: { id: string }[] } };
      };
      return result;
    };
    const listed = await read(await call(team, tokens.access_token, "list_connections", {}));
    const [own] = listed.structuredContent.connections;
    expect(listed.content[0].text).toContain("1 of 1 connections");
    expect(listed.content[0].text).toMatch(/Test app *\| *app\.example *\| *data:read admin/);
    const ended = await read(await call(team, tokens.access_token, "revoke_connection", { id: own?.id }));
    expect(ended.content[0].text).toBe(`Connection ${own?.id} has ended.`);
    expect(await status(team, tokens.access_token)).toBe(401);
  });

  it.each(["access_token", "refresh_token"] as const)(
    "end when the client gives back its %s; not for a guess",
    async (kind) => {
      const ada = await aPerson("Ada");
      const team = await teamOf(ada);
      const tokens = await connect(ada, team);
      const giveBack = (text: string, clientId: string) => token({ token: text, client_id: clientId });
      const guess = tokens[kind].replace(/[^:]+$/, "A".repeat(48));
      expect((await giveBack(guess, tokens.clientId)).status).toBe(200);
      expect((await giveBack(tokens[kind], await register())).status).toBe(200);
      expect(await status(team, tokens.access_token)).toBe(200);
      expect((await giveBack(tokens[kind], tokens.clientId)).status).toBe(200);
      expect(await status(team, tokens.access_token)).toBe(401);
      expect((await refresh(tokens)).body.error).toBe("invalid_grant");
      expect(await auditOf(team)).toEqual(["connection.open by session", "connection.revoke by connection"]);
    },
  );

  it("cannot be ended by who only names it beside a token of their own", async () => {
    const [ada, eve] = [await aPerson("Ada"), await aPerson("Eve")];
    const [hers, own] = [await connect(ada, await teamOf(ada)), await connect(eve, await teamOf(eve))];
    const team = /^[^.]+/.exec(hers.access_token)?.[0] ?? "";
    const body = `?token=${encodeURIComponent(hers.access_token)}&token=${encodeURIComponent(own.access_token)}&client_id=${own.clientId}`;
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    expect((await send(new Request(`${origin}/token`, { method: "POST", headers, body }))).status).toBe(200);
    expect(await status(team, hers.access_token)).toBe(200);
  });

  it("name no one to act for", async () => {
    const ada = await aPerson("Ada");
    const team = await teamOf(ada);
    const tokens = await connect(ada, team);
    const headers = { authorization: `Bearer ${tokens.access_token}`, "x-user-id": "bob" };
    expect((await get(`/t/${team}/api/v1/datasets`, { headers })).status).toBe(403);
  });
});

describe("step-up", () => {
  it.each([
    ["direct", "create_dataset", { name: "x", content: "[]" }],
    ["through run_tool", "run_tool", { name: "create_dataset", arguments: { name: "x", content: "[]" } }],
  ])(
    "a call %s that lacks only a scope is refused over HTTP, naming all scopes to ask for",
    async (_how, name, args) => {
      const ada = await aPerson("Ada");
      const team = await teamOf(ada);
      const tokens = await connect(ada, team);
      const answer = await call(team, tokens.access_token, name, args);
      expect(answer.status).toBe(403);
      expect(answer.headers.get("www-authenticate")).toBe(
        `Bearer realm="super-data", error="insufficient_scope", resource_metadata="https://data.test/.well-known/oauth-protected-resource/t/${team}/mcp", scope="data:read data:write"`,
      );
      expect(await answer.json()).toMatchObject({
        id: 7,
        error: { data: { code: "insufficient_scope", needs: "data:write" } },
      });
    },
  );

  it("is offered over REST too, and the tools to step up for are listed", async () => {
    const ada = await aPerson("Ada");
    const team = await teamOf(ada);
    const tokens = await connect(ada, team);
    const headers = { authorization: `Bearer ${tokens.access_token}` };
    const answer = await get(`/t/${team}/api/v1/datasets/x`, { method: "PUT", headers, body: "[]" });
    expect([answer.status, answer.headers.get("www-authenticate")]).toEqual([
      403,
      expect.stringContaining('error="insufficient_scope"'),
    ]);
    const listed = await get(`/t/${team}/mcp?toolsets=all`, {
      method: "POST",
      headers: { ...headers, "content-type": "application/json", accept: "application/json, text/event-stream" },
      body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/list" }),
    });
    expect(await listed.text()).toContain('"save_tool"');
  });

  it("is not for a role that would not allow it", async () => {
    const ada = await aPerson("Ada");
    const team = await teamOf(ada, "viewer");
    const tokens = await connect(ada, team);
    const answer = await call(team, tokens.access_token, "create_dataset", { name: "x", content: "[]" });
    expect(answer.status).toBe(200);
    expect(await answer.text()).toContain("As viewer you may not");
  });
});

describe("a browser's session", () => {
  it("opens the REST API of its teams, not MCP, and writes only from our own pages", async () => {
    const ada = await aPerson("Ada");
    const team = await teamOf(ada);
    const cookie = ada.browser.cookies(origin);
    const put = (from: Record<string, string>) =>
      get(`/t/${team}/api/v1/datasets/x`, {
        method: "PUT",
        headers: { cookie, "content-type": "application/json", ...from },
        body: "[]",
      });
    expect((await get(`/t/${team}/api/v1/datasets`, { headers: { cookie } })).status).toBe(200);
    for (const other of [await teamOf(await aPerson("Eve")), "no-such-team"]) {
      const refused = await get(`/t/${other}/api/v1/datasets`, { headers: { cookie } });
      expect([refused.status, ((await refused.json()) as { detail: string }).detail]).toEqual([
        401,
        "You are signed in, but not to a team of this name.",
      ]);
    }
    expect((await get(`/t/${team}/mcp`, { method: "POST", headers: { cookie } })).status).toBe(401);
    expect((await put({})).status).toBe(403);
    expect((await put({ origin: "https://evil.example" })).status).toBe(403);
    expect((await put({ origin })).status).toBe(201);
  });
});
