// People, tokens and the team over REST and as tools, and the operator's routes for them: driven as HTTP. Runs in workerd.
import { createExecutionContext, runInDurableObject, waitOnExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { aPerson, member, send } from "../../../test/helpers/people.ts";
import { freshTeam, useTool } from "../../../test/helpers/team.ts";
import { sha256Hex } from "../../core/ids.ts";
import { personClient } from "../../platform/person-client.ts";
import { app } from "../app.ts";
import { enterTeam } from "../session.ts";

async function team() {
  const { slug, client } = await freshTeam();
  const [olga, adam, mia, vic] = [
    await member(client, "olga", "owner"),
    await member(client, "adam", "admin"),
    await member(client, "mia", "member"),
    await member(client, "vic", "viewer"),
  ];
  const api = (method: string, path: string, token: string, body?: unknown, headers: Record<string, string> = {}) =>
    send(method, `/t/${slug}/api/v1${path}`, { token, headers, ...(body === undefined ? {} : { body }) });
  const tool = async (token: string, name: string, args: unknown) => {
    const request = new Request(`http://localhost/t/${slug}/mcp`, { headers: { authorization: `Bearer ${token}` } });
    return useTool(await enterTeam(request, env, { waitUntil: () => undefined }, slug), name, args);
  };
  const sql = (query: string) =>
    runInDurableObject(env.TEAM.get(env.TEAM.idFromName(slug)), (_object, state) =>
      state.storage.sql.exec(query).toArray(),
    );
  return { slug, client, olga, adam, mia, vic, api, tool, sql };
}

describe("whoami", () => {
  it("says who one is, by what, and what one may do, over both surfaces alike", async () => {
    const { slug, api, tool, mia } = await team();
    const { status, body } = await api("GET", "/whoami", mia.token);
    expect([status, body]).toEqual([
      200,
      {
        team: slug,
        team_name: slug,
        username: "mia",
        role: "member",
        scopes: ["data:read", "data:write", "library:write", "admin"],
        credential: { kind: "token", label: "test", expires_at: null },
        through: null,
        permissions: {
          "self:read": true,
          "data:read": true,
          "data:write": true,
          "library:write": true,
          "library:propose": true,
          "notifications:own": true,
          "visibility:own": true,
          "visibility:manage": false,
          "activity:read": false,
          "people:read": true,
          "people:manage": false,
          "owners:manage": false,
          "membership:own": true,
          "tokens:own": true,
          "tokens:manage": false,
          "settings:manage": false,
          "metrics:read": false,
          "audit:read": false,
          "webhooks:manage": false,
          "backups:manage": false,
          "backups:download": false,
        },
      },
    ]);
    const answer = await tool(mia.token, "whoami", {});
    expect(answer.data).toEqual(body);
    expect(answer.text).toBe(
      [
        `mia, member of ${slug}`,
        'By token "test", which does not expire by itself',
        "Scopes: data:read data:write library:write admin",
        "May: self:read, data:read, data:write, library:write, library:propose, notifications:own, visibility:own, people:read, membership:own, tokens:own",
      ].join("\n"),
    );
  });
});

describe("members", () => {
  it("are listed page by page, addresses to admins and to whose they are", async () => {
    const { api, tool, sql, adam, vic } = await team();
    await sql("UPDATE users SET email = username || '@example.org'");
    const first = await api("GET", "/members?limit=3", vic.token);
    expect(first.body).toMatchObject({ returned: 3, total: 4, truncated: true });
    const rest = await api("GET", `/members?limit=3&cursor=${String(first.body.next_cursor)}`, vic.token);
    const seen = [first, rest].flatMap(({ body }) => body.members as { username: string; email: string | null }[]);
    expect(seen.map(({ username, email }) => [username, email])).toEqual([
      ["adam", null],
      ["mia", null],
      ["olga", null],
      ["vic", "vic@example.org"],
    ]);
    const { data } = await tool(adam.token, "list_members", { role: "viewer" });
    expect(data).toEqual({
      members: [
        {
          username: "vic",
          kind: "person",
          display_name: null,
          email: "vic@example.org",
          role: "viewer",
          joined_at: expect.any(String),
          last_active: expect.any(String),
          login: false,
          tokens: 1,
          connections: 0,
        },
      ],
      returned: 1,
      total: 1,
      truncated: false,
    });
    expect((await api("GET", "/members?role=king", adam.token)).status).toBe(400);
  });

  it("are changed, removed, leave and hand over", async () => {
    const { api, olga, adam, mia, vic } = await team();
    const changed = await api("PATCH", "/members/vic", adam.token, { role: "member" });
    expect([changed.status, changed.body.outcome, (changed.body.member as { role: string }).role]).toEqual([
      200,
      "changed",
      "member",
    ]);
    expect((await api("PATCH", "/members/vic", mia.token, { role: "viewer" })).status).toBe(403);
    expect((await api("PATCH", "/members/vicky", adam.token, { role: "viewer" })).body).toMatchObject({
      status: 404,
      detail: "Nobody in this team has the username vicky.",
      hint: "Did you mean vic?",
    });
    expect((await api("POST", "/members/leave", vic.token)).body.username).toBe("vic");
    expect((await api("GET", "/whoami", vic.token)).status).toBe(401);
    expect((await api("DELETE", "/members/mia", adam.token)).status).toBe(200);
    expect((await api("GET", "/whoami", mia.token)).status).toBe(401);
    expect((await api("POST", "/team/transfer", adam.token, { username: "adam" })).status).toBe(403);
    const stuck = await api("POST", "/members/leave", olga.token);
    expect([stuck.status, stuck.body.code]).toEqual([409, "last_owner"]);
    expect((await api("POST", "/team/transfer", olga.token, { username: "adam" })).body).toEqual({
      owner: "adam",
      you: "admin",
    });
    expect((await api("GET", "/whoami", olga.token)).body.role).toBe("admin");
  });

  it("who leave find the team gone from their own list", async () => {
    const { slug, api, client, adam } = await team();
    const invited = await api("POST", "/invitations", adam.token, { role: "viewer" });
    const kim = aPerson("Kim");
    const hash = await sha256Hex(String(invited.body.url).split("/").at(-1) ?? "");
    await client.people().acceptInvitation({ hash, ...kim });
    const person = personClient(env, kim.personId);
    await person.joinTeam(slug);
    expect(await person.teams()).toEqual([slug]);
    await api("DELETE", "/members/kim", adam.token);
    expect(await person.teams()).toEqual([]);
  });
});

describe("invitations", () => {
  it("show their link once, with the role, the address and the days asked for", async () => {
    const { slug, api, tool, adam, sql } = await team();
    const made = await api("POST", "/invitations", adam.token, {
      email: "K@X.org",
      role: "viewer",
      expires_in_days: 2,
    });
    expect([made.status, made.headers.get("cache-control")]).toEqual([201, "no-store"]);
    expect(made.body).toEqual({
      url: expect.stringMatching(new RegExp(`^http://localhost/join/${slug}/[A-Za-z0-9_-]{43}$`)),
      invitation: {
        id: expect.stringMatching(/^inv_/),
        role: "viewer",
        email: "k@x.org",
        username: null,
        state: "open",
        created_by: "adam",
        created_at: expect.any(String),
        expires_at: expect.any(String),
        accepted_by: null,
      },
    });
    const { data, text } = await tool(adam.token, "invite_member", {});
    expect(text).toContain(String(data.url));
    const secret = String(data.url).split("/").at(-1) ?? "";
    const listed = await tool(adam.token, "list_invitations", {});
    expect(JSON.stringify(listed)).not.toContain(secret);
    expect(JSON.stringify(await sql("SELECT * FROM audit_log"))).not.toContain(secret);
    const { id } = data.invitation as { id: string };
    expect((await api("DELETE", `/invitations/${id}`, adam.token)).status).toBe(204);
    const again = await api("DELETE", `/invitations/${id}`, adam.token);
    expect([again.status, again.body.detail]).toEqual([410, "This invitation was revoked."]);
    expect((await tool(adam.token, "list_invitations", { state: "revoked" })).data).toMatchObject({ total: 1 });
  });

  it.each([
    [{ expires_in_days: 31 }, "invite_member: expires_in_days: Too big: expected number to be <=30"],
    [{ email: "nobody" }, "invite_member: email: Invalid email address"],
    [{ signsIn: true }, 'invite_member: Unrecognized key: "signsIn"'],
    [{ role: "owner" }, "As admin you may not make someone an owner: it needs the role owner."],
  ])("%j is refused", async (body, detail) => {
    const { api, adam, mia } = await team();
    expect((await api("POST", "/invitations", adam.token, body)).body.detail).toBe(detail);
    expect((await api("POST", "/invitations", mia.token, body)).status).toBe(403);
  });
});

describe("tokens", () => {
  it("are made, shown once, listed without their text, and revoked", async () => {
    const { api, tool, mia, adam, vic, sql } = await team();
    const made = await api("POST", "/tokens", mia.token, { label: "ci", role: "viewer", scopes: ["data:read"] });
    expect([made.status, made.headers.get("cache-control")]).toEqual([201, "no-store"]);
    const text = String(made.body.token);
    expect(made.body.details).toMatchObject({ username: "mia", label: "ci", prefix: text.slice(0, 8), role: "viewer" });
    const denied = await api("POST", "/tokens", text, {});
    expect([denied.status, denied.body.code]).toEqual([403, "insufficient_scope"]);
    const listed = await api("GET", "/tokens", mia.token);
    expect(listed.body).toMatchObject({ returned: 2, total: 2, truncated: false });
    for (const kept of [listed.body, await sql("SELECT * FROM tokens"), await sql("SELECT * FROM audit_log")]) {
      expect(JSON.stringify(kept)).not.toContain(text);
    }
    expect((await api("GET", "/tokens?everyone=true", mia.token)).status).toBe(403);
    expect((await tool(adam.token, "list_tokens", { everyone: true })).data).toMatchObject({ total: 5 });
    const { id } = made.body.details as { id: string };
    const strange = await api("DELETE", `/tokens/${id}`, vic.token);
    expect([strange.status, strange.body.detail]).toEqual([
      404,
      "There is no live token of that id that you may revoke.",
    ]);
    expect((await api("DELETE", `/tokens/${id}`, mia.token)).status).toBe(204);
    expect((await api("GET", "/whoami", text)).status).toBe(401);
  });

  it("of a service account act for members, which both logs tell", async () => {
    const { slug, tool, adam, sql } = await team();
    const { data, text } = await tool(adam.token, "create_token", { service: "gateway", may_act_for_others: true });
    const token = String(data.token);
    expect(text.split("\n")[1]).toBe(`\`${token}\``);
    const meta = {
      "io.modelcontextprotocol/protocolVersion": "2026-07-28",
      "io.modelcontextprotocol/clientInfo": { name: "t", version: "1" },
      "io.modelcontextprotocol/clientCapabilities": {},
    };
    const params = { name: "whoami", arguments: {}, _meta: meta };
    const answer = await send("POST", `/t/${slug}/mcp`, {
      token,
      headers: {
        "content-type": "application/json",
        accept: "application/json, text/event-stream",
        "mcp-protocol-version": "2026-07-28",
        "mcp-method": "tools/call",
        "mcp-name": "whoami",
        "x-user-id": "mia",
      },
      body: { jsonrpc: "2.0", id: 1, method: "tools/call", params },
    });
    const result = answer.body.result as { structuredContent: Record<string, unknown> };
    expect(result.structuredContent).toMatchObject({ username: "mia", through: "service:gateway" });
    expect(await sql("SELECT tool_name, username, through FROM tool_execution_log")).toEqual([
      { tool_name: "whoami", username: "mia", through: "service:gateway" },
    ]);
    const shown = await tool(adam.token, "list_executions", {});
    expect(shown.data).toMatchObject({ executions: [{ user: "mia", through: "service:gateway" }] });
  });
});

describe("the team", () => {
  it("is described, renamed, set, deleted and restored", async () => {
    const { slug, api, tool, olga, adam, vic } = await team();
    const { body } = await api("GET", "/team", vic.token);
    expect(body).toMatchObject({
      slug,
      name: slug,
      counts: { people: 4, owners: 1, service_accounts: 0, open_invitations: 0, datasets: 0, functions: 0, tools: 0 },
      limits: { people: 1000, service_accounts: 100, open_invitations: 200, tokens_each: 50, datasets: 500 },
    });
    expect((await tool(vic.token, "get_team", {})).data).toEqual(body);
    const renamed = await api("PATCH", "/team", adam.token, { name: "Blue" });
    expect([renamed.body.outcome, (renamed.body.team as { name: string }).name]).toEqual(["changed", "Blue"]);
    expect((await api("PATCH", "/team", vic.token, { name: "Red" })).status).toBe(403);
    const misspelt = { settings: { sign_in_providers: ["passkey", "pass-key"] } };
    const refused = await api("PATCH", "/team", adam.token, misspelt);
    expect([refused.status, refused.body.detail, refused.body.hint]).toEqual([
      400,
      "sign_in_providers: this deployment does not offer pass-key.",
      "It offers passkey. The operator configures others.",
    ]);
    await expect(tool(adam.token, "update_team", misspelt)).rejects.toMatchObject({ message: refused.body.detail });
    const unknown = await api("PATCH", "/team", adam.token, { settings: { colour: "red" } });
    expect([unknown.status, unknown.body.detail]).toEqual([400, 'update_team: settings: Unrecognized key: "colour"']);
    expect((await api("DELETE", "/team", adam.token, { confirm: slug })).status).toBe(403);
    expect((await api("DELETE", "/team", olga.token, {})).status).toBe(400);
    const deleted = await tool(olga.token, "delete_team", { confirm: slug });
    expect(deleted.data).toEqual({ slug, purge_at: expect.any(String) });
    expect((await api("GET", "/team", olga.token)).status).toBe(410);
    expect((await api("POST", "/team/restore", olga.token)).body).toEqual({ slug, restored: true });
    expect((await api("GET", "/team", vic.token)).status).toBe(200);
  });
});

describe("links to pages, of a server on this machine", () => {
  it("call it by name: browsers bind passkeys to names and refuse numbers", async () => {
    const { slug, adam } = await team();
    const origin = "http://127.0.0.1:8787";
    const post = async (path: string, token: string) => {
      const init = { method: "POST", headers: { authorization: `Bearer ${token}` }, body: '{"role":"viewer"}' };
      const ctx = createExecutionContext();
      const response = await app.fetch(new Request(origin + path, init), env, ctx);
      await waitOnExecutionContext(ctx);
      return new URL(((await response.json()) as { url: string }).url).origin;
    };
    const byName = "http://localhost:8787";
    expect(await post(`/t/${slug}/api/v1/invitations`, adam.token)).toBe(byName);
    expect(await post(`/operator/teams/${slug}/invitations`, env.OPERATOR_TOKEN)).toBe(byName);
  });
});

describe("the operator", () => {
  const token = env.OPERATOR_TOKEN;
  const operate = (method: string, path: string, body?: unknown) =>
    send(method, `/operator${path}`, { token, ...(body === undefined ? {} : { body }) });

  it("creates, lists, invites to, deletes and restores teams, and each team's log says so", async () => {
    const slug = `op-${crypto.randomUUID().slice(0, 18)}`;
    expect((await operate("PUT", `/teams/${slug}`, { name: "Op" })).status).toBe(201);
    const listed = await operate("GET", "/teams?limit=500");
    expect(listed.body.teams).toContainEqual({ team: slug, created_by: "operator", created_at: expect.any(String) });
    const invited = await operate("POST", `/teams/${slug}/invitations`, { role: "owner", sign_in: true });
    expect([invited.status, invited.headers.get("cache-control"), invited.body]).toEqual([
      201,
      "no-store",
      {
        id: expect.stringMatching(/^inv_/),
        url: expect.stringMatching(new RegExp(`^http://localhost/join/${slug}/[A-Za-z0-9_-]{43}$`)),
        role: "owner",
        expires_at: expect.any(String),
      },
    ]);
    const deleted = await operate("DELETE", `/teams/${slug}`);
    expect([deleted.status, deleted.body]).toEqual([200, { slug, purge_at: expect.any(String) }]);
    expect((await operate("DELETE", `/teams/${slug}`)).status).toBe(410);
    expect((await operate("POST", `/teams/${slug}/restore`)).body).toEqual({ slug, restored: true });
    const log = await runInDurableObject(env.TEAM.get(env.TEAM.idFromName(slug)), (_object, state) =>
      state.storage.sql.exec("SELECT username, action FROM audit_log ORDER BY seq").toArray(),
    );
    expect(log).toEqual(
      ["team.create", "invitation.create", "team.delete", "team.restore"].map((action) => ({
        username: "operator",
        action,
      })),
    );
  });

  it("pages through all teams", async () => {
    for (let i = 0; i < 3; i++) await operate("PUT", `/teams/page-${crypto.randomUUID().slice(0, 18)}`);
    const seen: string[] = [];
    let cursor = "";
    for (;;) {
      const { body } = await operate("GET", `/teams?limit=2${cursor}`);
      seen.push(...(body.teams as { team: string }[]).map((found) => found.team));
      if (body.next_cursor === undefined) break;
      cursor = `&cursor=${String(body.next_cursor)}`;
    }
    expect(seen).toEqual([...new Set(seen)].sort());
    expect(seen.filter((slug) => slug.startsWith("page-")).length).toBe(3);
  });

  it.each([
    ["PUT", "/teams/admin", undefined, 400, "team: choose another slug: this one is reserved"],
    ["GET", "/teams?cursor=x", undefined, 400, "This cursor is not one of this list or query."],
    ["POST", "/teams/never-made/invitations", { role: "owner" }, 404, "There is no such team."],
    ["DELETE", "/teams/never-made", undefined, 404, "There is no such team."],
    ["POST", "/teams/never-made/restore", undefined, 404, "There is no such team."],
    [
      "POST",
      "/teams/never-made/tokens",
      { username: "system", role: "owner" },
      400,
      "token: username: choose another name: the log has another use for this one",
    ],
  ])("%s %s is refused", async (method, path, body, status, detail) => {
    const answer = await operate(method, path, body);
    expect([answer.status, answer.body.detail]).toEqual([status, detail]);
    expect((await send(method, `/operator${path}`, { token: `sdp_${"A".repeat(43)}` })).status).toBe(401);
  });
});
