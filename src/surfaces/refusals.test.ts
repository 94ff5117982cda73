// Every tool and every address, refused to each who may not use it, and nothing written by any refusal. What there is comes from the product itself, so a new tool or route is tried, too.
import { createExecutionContext, runInDurableObject, waitOnExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { type Endpoint, endpointsOf } from "../../test/helpers/route-access.ts";
import { type Permission, type Scope, scopes } from "../core/define-tool.ts";
import { newId } from "../core/ids.ts";
import { permissionRules, type Role, roles, systemCaller } from "../features/access/access.ts";
import { makeToken } from "../features/access/token.ts";
import { personClient } from "../platform/person-client.ts";
import { teamClient } from "../platform/team-client.ts";
import { app } from "./app.ts";
import { builtInTools } from "./catalogue.ts";
import { makeSessionSecret, sessionCookie } from "./sign-in/session-cookie.ts";

interface Team {
  slug: string;
  /** A new token of ada, who owns the team. */
  token: (role: Role, narrowedTo?: Scope[]) => Promise<{ id: string; token: string }>;
}

const by = systemCaller("operator", "test");

async function newTeam(): Promise<Team> {
  const slug = `refuse-${crypto.randomUUID().slice(0, 12)}`;
  const client = teamClient(env.TEAM, slug);
  await client.create({ slug, name: "Refuse" });
  const token = async (role: Role, narrowedTo?: Scope[]) => {
    const made = await makeToken();
    const { hash, prefix } = made;
    const row = { username: "ada", role, label: "test", hash, prefix, expiresAt: null, scopes: narrowedTo ?? null };
    const { id } = await client.access().createToken(row, by);
    return { id, token: made.token };
  };
  await token("owner");
  return { slug, token };
}

/** The cookie of someone who is signed in with a browser. */
async function sessionOf(personId: string): Promise<string> {
  const { cookie, hash } = await makeSessionSecret(personId);
  const session = { hash, provider: "link", userAgent: null, address: null };
  await personClient(env, personId).openSession({ personId, displayName: "Kim" }, session);
  return sessionCookie(cookie, 1_000_000).split(";")[0] ?? "";
}

const objectOf = (slug: string) => env.TEAM.get(env.TEAM.idFromName(slug));

/** Tables that a refusal may write to: what was asked, how often, by whom and when last. */
const ownAccounts = new Set([
  "tool_execution_log",
  "call_totals",
  "activity_calls",
  "activity_users",
  "rate_buckets",
  "sqlite_sequence",
]);

/** All that the team's object keeps, but for its accounts of what was asked. */
async function contentOf(slug: string): Promise<Record<string, unknown[]>> {
  return runInDurableObject(objectOf(slug), (_object, { storage }) => {
    const tables = storage.sql
      .exec<{ name: string }>(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\\_cf%' ESCAPE '\\' ORDER BY name",
      )
      .toArray()
      .map(({ name }) => name)
      .filter((name) => !ownAccounts.has(name));
    const rows = tables.map((name) => [
      name,
      storage.sql
        .exec(`SELECT * FROM "${name}"`)
        .toArray()
        .map(({ last_used_at: _used, last_active: _active, ...row }) => row),
    ]);
    return Object.fromEntries(rows);
  });
}

/** The headers that say who asks. */
type Given = Readonly<Record<string, string>>;

const bearing = (token: string): Given => ({ authorization: `Bearer ${token}` });

interface Answer {
  status: number;
  code: unknown;
  needs: unknown;
  challenge: string | null;
}

async function send(path: string, init: RequestInit, more: Given): Promise<Answer> {
  const ctx = createExecutionContext();
  const headers = { ...init.headers, ...more };
  const response = await app.fetch(
    new Request(`http://localhost${path}`, { ...init, headers, redirect: "manual" }),
    env,
    ctx,
  );
  const text = await response.text();
  await waitOnExecutionContext(ctx);
  const type = response.headers.get("content-type") ?? "";
  const json = /^application\/(?:problem\+)?json/.test(type) ? text : (/^data: (\{.*\})$/m.exec(text)?.[1] ?? "{}");
  const body = JSON.parse(json);
  const error = body.result?.structuredContent?.error ?? body.error?.data ?? body;
  const challenge = response.headers.get("www-authenticate");
  return { status: response.status, code: error.code, needs: error.details?.needs, challenge };
}

function mcp(slug: string, method: string, params: Record<string, unknown>, given: Given): Promise<Answer> {
  const message = { jsonrpc: "2.0", id: 1, method, params };
  const headers = {
    "content-type": "application/json",
    accept: "application/json, text/event-stream",
    "mcp-protocol-version": "2025-06-18",
  };
  return send(`/t/${slug}/mcp`, { method: "POST", headers, body: JSON.stringify(message) }, given);
}

/** One thing that can be asked of a team, and the permission it needs. */
interface Way {
  what: string;
  permission: Permission;
  ask: (slug: string, given: Given) => Promise<Answer>;
}

const placeholders: Readonly<Record<string, string>> = { kind: "dataset", part: "1" };

function pathOf({ path }: Pick<Endpoint, "path">, slug: string): string {
  return path.replaceAll(/:(\w+)/g, (_match, name: string) => (name === "team" ? slug : (placeholders[name] ?? "x")));
}

const endpoints = endpointsOf(app);
const tools: readonly Way[] = builtInTools.map(({ name, permission }) => ({
  what: name,
  permission,
  ask: (slug, given) => mcp(slug, "tools/call", { name, arguments: {} }, given),
}));
const routes: readonly Way[] = endpoints.flatMap((endpoint) => {
  if (!("permission" in endpoint.access)) return [];
  const { method } = endpoint;
  const init = method === "GET" ? { method } : { method, body: "{}", headers: { "content-type": "application/json" } };
  return [
    {
      what: `${method} ${endpoint.path}`,
      permission: endpoint.access.permission,
      ask: (slug: string, given: Given) => send(pathOf(endpoint, slug), init, given),
    },
  ];
});

let team: Team;
let elsewhere: Team;
const named = <T>(ways: readonly Way[], outcomes: readonly T[]): Record<string, T> =>
  Object.fromEntries(ways.map(({ what }, at) => [what, outcomes[at] as T]));

/** Asks in every way, each as `givenFor` says; undefined leaves that way out. */
async function refuseAll(
  ways: readonly Way[],
  givenFor: (way: Way) => Given | undefined,
  expected: (way: Way) => Answer,
): Promise<void> {
  const asked: Way[] = [];
  const answers: Answer[] = [];
  const before = await contentOf(team.slug);
  for (const way of ways) {
    const given = givenFor(way);
    if (given === undefined) continue;
    asked.push(way);
    answers.push(await way.ask(team.slug, given));
  }
  expect(named(asked, answers)).toEqual(named(asked, asked.map(expected)));
  expect(await contentOf(team.slug)).toEqual(before);
}

beforeAll(async () => {
  team = await newTeam();
  elsewhere = await newTeam();
});

const challengeOf = (given: string): string | null => expect.stringContaining(given);
const noToken: Answer = { status: 401, code: "unauthorized", needs: undefined, challenge: challengeOf("Bearer") };
const badToken: Answer = { ...noToken, challenge: challengeOf('error="invalid_token"') };

describe.each([
  ["tool", tools, 200],
  ["route", routes, 403],
] as const)("every %s", (_kind, ways, refusedStatus) => {
  // A tool's refusal is a result that a model reads; a route's is HTTP's.
  const refusal = { status: refusedStatus, challenge: null };

  it("is refused without a login", async () => {
    await refuseAll(
      ways,
      () => ({}),
      () => noToken,
    );
  });

  it("is refused to another team's owner", async () => {
    const { token } = await elsewhere.token("owner");
    await refuseAll(
      ways,
      () => bearing(token),
      () => badToken,
    );
  });

  it("is refused to an expired token", async () => {
    const { id, token } = await team.token("owner");
    await runInDurableObject(objectOf(team.slug), (_object, { storage }) => {
      storage.sql.exec("UPDATE tokens SET expires_at = ? WHERE id = ?", Date.now() - 1, id);
    });
    await refuseAll(
      ways,
      () => bearing(token),
      () => badToken,
    );
  });

  it("is refused to a revoked token", async () => {
    const { id, token } = await team.token("owner");
    await teamClient(env.TEAM, team.slug).access().revokeToken(id, by);
    await refuseAll(
      ways,
      () => bearing(token),
      () => badToken,
    );
  });

  it("is refused to a signed-in person who is not in the team", async () => {
    const cookie = await sessionOf(newId("per"));
    await refuseAll(
      ways,
      () => ({ cookie, origin: "http://localhost" }),
      () => noToken,
    );
  });

  it("is refused to the role below the one it needs", async () => {
    const below = new Map<Role, Given>();
    for (const [at, role] of roles.entries()) {
      const weaker = roles[at - 1];
      if (weaker !== undefined) below.set(role, bearing((await team.token(weaker)).token));
    }
    await refuseAll(
      ways,
      // What the weakest role may do, every role may.
      ({ permission }) => below.get(permissionRules[permission].role),
      ({ permission }) => ({ ...refusal, code: "forbidden", needs: permissionRules[permission].role }),
    );
  });

  it("is refused to a token without the scope it needs", async () => {
    const lacking = new Map<string, Given>();
    for (const scope of scopes) {
      const others = scopes.filter((one) => one !== scope);
      lacking.set(scope, bearing((await team.token("owner", others)).token));
    }
    await refuseAll(
      ways,
      // What needs no scope is refused for want of none.
      ({ permission }) => lacking.get(permissionRules[permission].scope ?? ""),
      ({ permission }) => ({
        ...refusal,
        code: "insufficient_scope",
        needs: permissionRules[permission].scope,
        challenge: refusedStatus === 200 ? null : challengeOf('error="insufficient_scope"'),
      }),
    );
  });
});

it("no route writes by the session of an owner who was lured to another site's form", async () => {
  const personId = newId("per");
  const cookie = await sessionOf(personId);
  await runInDurableObject(objectOf(team.slug), (_object, { storage }) => {
    storage.sql.exec("UPDATE users SET person_id = ? WHERE username = 'ada'", personId);
  });
  const [reading, writing] = [true, false].map((reads) =>
    routes.filter(({ what }) => what.startsWith("GET ") === reads),
  );
  const foreign = { cookie, origin: "https://elsewhere.example" };
  await refuseAll(
    writing ?? [],
    () => foreign,
    () => ({ status: 403, code: "forbidden", needs: undefined, challenge: null }),
  );
  const refused: string[] = [];
  for (const { what, ask } of reading ?? []) {
    const { status } = await ask(team.slug, { cookie });
    if (status === 401 || status === 403) refused.push(`${status} ${what}`);
  }
  // A browser's session is for the REST API; a scraper has a token. The feed is opened by pages of this site alone.
  expect(refused).toEqual(["403 GET /t/:team/live", "401 GET /t/:team/metrics"]);
});

describe("what is neither tool nor route of a team", () => {
  it("reads nothing without the scope data:read", async () => {
    const client = teamClient(env.TEAM, team.slug);
    await client.tools().save({ name: "answer", description: "d", query: "42" }, { ...by, actor: { ...by.actor } });
    const { token } = await team.token("owner", ["data:write", "library:write", "admin"]);
    const name = { name: "name", value: "a" };
    const asked: readonly [string, Record<string, unknown>][] = [
      ["resources/list", {}],
      ["resources/read", { uri: "tool://answer" }],
      ["resources/read", { uri: "tool://nothing" }],
      ["completion/complete", { ref: { type: "ref/resource", uri: "tool://{name}" }, argument: name }],
      ["tools/call", { name: "answer", arguments: {} }],
      ["tools/call", { name: "run_tool", arguments: { name: "answer" } }],
    ];
    for (const [method, params] of asked) {
      const { code } = await mcp(team.slug, method, params, bearing(token));
      expect([method, params, code]).toEqual([method, params, "insufficient_scope"]);
    }
  });

  it("is refused to everyone but the operator where it is the operator's", async () => {
    const { token } = await team.token("owner");
    const operators = endpoints.filter(({ access }) => "door" in access && access.door === "operator");
    const ask = async (given: Given) => {
      const answers = await Promise.all(
        operators.map((endpoint) => send(pathOf(endpoint, team.slug), { method: endpoint.method }, given)),
      );
      return answers.map(({ status, code }) => `${status} ${String(code)}`);
    };
    const all = operators.map(() => "401 unauthorized");
    const before = await contentOf(team.slug);
    expect([await ask({}), await ask(bearing(token)), await ask(bearing("nonsense"))]).toEqual([all, all, all]);
    expect(await contentOf(team.slug)).toEqual(before);
    expect(operators.length).toBeGreaterThan(2);
  });

  it("is open to strangers only as far as is written here", async () => {
    const others = endpoints.filter(({ access }) => "door" in access && access.door !== "operator");
    const answers: Record<string, string> = {};
    for (const endpoint of others) {
      const { method, path } = endpoint;
      const ask = async (given: Given) =>
        (await send(pathOf(endpoint, team.slug), { method: method === "ALL" ? "GET" : method }, given)).status;
      // A form of our own pages, and one of somebody else's.
      const own = method === "POST" ? `, ${await ask({ origin: "http://localhost" })} from our own pages` : "";
      answers[`${method} ${path}`] = `${await ask({})}${own}`;
    }
    const toSignIn = "303, 303 from our own pages";
    expect(answers).toEqual({
      "GET /health": "200",
      "GET /health/ready": "200",
      "ALL /.well-known/oauth-authorization-server": "200",
      "ALL /.well-known/oauth-protected-resource/*": "404",
      "GET /.well-known/oauth-protected-resource/t/:team/mcp": "200",
      "ALL /register": "405",
      "ALL /token": "405",
      "GET /authorize": "303",
      "POST /authorize": "403, 400 from our own pages",
      "GET /": "200",
      "GET /sign-in": "200",
      "GET /sign-in/:provider": "404",
      "GET /sign-in/:provider/callback": "404",
      "POST /sign-in/passkey/options": "403, 200 from our own pages",
      "POST /sign-in/passkey/verify": "403, 400 from our own pages",
      "POST /sign-in/passkey/register/options": "403, 401 from our own pages",
      "POST /sign-in/passkey/register/verify": "403, 400 from our own pages",
      "POST /sign-out": "403, 303 from our own pages",
      "GET /join/:team/:secret": "410",
      "POST /join/:team/:secret": "403, 410 from our own pages",
      "GET /account": "303",
      "POST /account/apps/disconnect": toSignIn,
      "POST /account/name": toSignIn,
      "POST /account/sessions/revoke": toSignIn,
      "POST /account/sign-out-everywhere": toSignIn,
      "POST /account/passkeys/rename": toSignIn,
      "POST /account/passkeys/remove": toSignIn,
      "POST /account/identities/remove": toSignIn,
      "GET /teams/new": "303",
      "POST /teams/new": toSignIn,
      "POST /teams/restore": toSignIn,
      "ALL /t/:team/mcp": "401",
    });
  });
});
