// People with browsers, registered clients and tokens, over the Worker's own HTTP: what the OAuth tests start from. Runs in workerd.
import { createExecutionContext, runInDurableObject, waitOnExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { eq } from "drizzle-orm";
import { expect } from "vitest";
import { base64Url, newId } from "../../src/core/ids.ts";
import { openDb } from "../../src/durable/db.ts";
import type { Role } from "../../src/features/access/access.ts";
import { users } from "../../src/features/access/table.ts";
import { auditLog } from "../../src/features/audit/table.ts";
import { personClient } from "../../src/platform/person-client.ts";
import { teamClient } from "../../src/platform/team-client.ts";
import { app } from "../../src/surfaces/app.ts";
import { makeSessionSecret, sessionCookie } from "../../src/surfaces/sign-in/session-cookie.ts";
import { Browser, textOf } from "./browser.ts";

export const origin = "https://data.test";
export const callback = "https://app.example/callback";

export async function send(request: Request): Promise<Response> {
  const ctx = createExecutionContext();
  const answer = await app.fetch(request, env, ctx);
  await waitOnExecutionContext(ctx);
  return answer;
}

export const get = (path: string, init: RequestInit = {}): Promise<Response> =>
  send(new Request(`${origin}${path}`, init));

export interface Person {
  personId: string;
  browser: Browser;
}

/** Someone with a signed-in browser. */
export async function aPerson(displayName: string, provider = "link"): Promise<Person> {
  const personId = newId("per");
  const { cookie, hash } = await makeSessionSecret(personId);
  await personClient(env, personId).openSession(
    { personId, displayName },
    { hash, provider, userAgent: null, address: null },
  );
  const browser = new Browser([origin], send);
  browser.setCookie(origin, sessionCookie(cookie, 1000_000));
  return { personId, browser };
}

/** A team with this person in it. */
export async function teamOf(person: Person, role: Role = "owner"): Promise<string> {
  const slug = `o-${crypto.randomUUID().slice(0, 18)}`;
  await teamClient(env.TEAM, slug).create({ slug, name: slug });
  await join(slug, person, role);
  return slug;
}

export async function join(slug: string, { personId }: Person, role: Role): Promise<void> {
  await runInDurableObject(env.TEAM.get(env.TEAM.idFromName(slug)), (_object, state) => {
    const row = { id: newId("usr"), username: `u${personId.slice(4, 12)}`.replace(/[-_]/g, "x"), role, personId };
    openDb(state.storage)
      .insert(users)
      .values({ ...row, createdAt: new Date() })
      .run();
  });
  await personClient(env, personId).joinTeam(slug);
}

export async function changePerson(
  slug: string,
  personId: string,
  change: Partial<typeof users.$inferInsert>,
): Promise<void> {
  await runInDurableObject(env.TEAM.get(env.TEAM.idFromName(slug)), (_object, state) => {
    openDb(state.storage).update(users).set(change).where(eq(users.personId, personId)).run();
  });
}

export const auditOf = (slug: string): Promise<string[]> =>
  runInDurableObject(env.TEAM.get(env.TEAM.idFromName(slug)), (_object, state) =>
    openDb(state.storage)
      .select({ action: auditLog.action, kind: auditLog.credentialKind })
      .from(auditLog)
      .all()
      .filter(({ action }) => action.startsWith("connection."))
      .map(({ action, kind }) => `${action} by ${kind}`),
  );

export async function register(metadata: Record<string, unknown> = {}): Promise<string> {
  const answer = await get("/register", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      client_name: "Test app",
      redirect_uris: [callback],
      token_endpoint_auth_method: "none",
      ...metadata,
    }),
  });
  expect(answer.status).toBe(201);
  return ((await answer.json()) as { client_id: string }).client_id;
}

export const verifier = "v".repeat(64);
export const challengeOf = async (text: string): Promise<string> =>
  base64Url(new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text))));

export async function authorizeUrl(
  clientId: string,
  changes: Record<string, string | undefined> = {},
): Promise<string> {
  const values = {
    response_type: "code",
    client_id: clientId,
    redirect_uri: callback,
    state: "st4te",
    scope: "data:read",
    code_challenge: await challengeOf(verifier),
    code_challenge_method: "S256",
    ...changes,
  };
  const given = Object.entries(values).flatMap(([key, value]) => (value === undefined ? [] : [[key, value]]));
  return `${origin}/authorize?${new URLSearchParams(given)}`;
}

export const resource = (team: string): string => `${origin}/t/${team}/mcp`;

export interface Tokens {
  access_token: string;
  refresh_token: string;
  scope: string;
  expires_in: number;
  resource: string;
}

export async function token(
  form: Record<string, string>,
): Promise<{ status: number; body: Tokens & { error?: string } }> {
  const answer = await get("/token", { method: "POST", body: new URLSearchParams(form) });
  const text = await answer.text();
  return { status: answer.status, body: text === "" ? {} : JSON.parse(text) };
}

/** The whole way: consent with the boxes as given, and the code for tokens. */
export async function connect(
  person: Person,
  team: string,
  options: { clientId?: string; scope?: string; tick?: string[]; untick?: string[] } = {},
): Promise<Tokens & { clientId: string }> {
  const clientId = options.clientId ?? (await register());
  const url = await authorizeUrl(clientId, { resource: resource(team), scope: options.scope ?? "data:read" });
  const page = await person.browser.open(url);
  expect(page.status, textOf(page.html)).toBe(200);
  const { tick = [], untick = [] } = options;
  const done = await person.browser.submit(page, { form: 'name="handle"', press: "allow", tick, untick });
  expect(done.left, textOf(done.html)).toBe(true);
  const code = done.url.searchParams.get("code") ?? "";
  const { status, body } = await token({
    grant_type: "authorization_code",
    code,
    client_id: clientId,
    redirect_uri: callback,
    code_verifier: verifier,
    resource: resource(team),
  });
  expect(status, JSON.stringify(body)).toBe(200);
  return { ...body, clientId };
}

export const refresh = (tokens: Tokens & { clientId: string }, more: Record<string, string> = {}) =>
  token({ grant_type: "refresh_token", refresh_token: tokens.refresh_token, client_id: tokens.clientId, ...more });

/** The status of a harmless REST call. */
export async function status(team: string, accessToken: string): Promise<number> {
  const answer = await get(`/t/${team}/api/v1/datasets`, { headers: { authorization: `Bearer ${accessToken}` } });
  await answer.body?.cancel();
  return answer.status;
}

export function call(
  team: string,
  accessToken: string,
  name: string,
  args: Record<string, unknown>,
): Promise<Response> {
  return get(`/t/${team}/mcp`, {
    method: "POST",
    headers: {
      authorization: `Bearer ${accessToken}`,
      "content-type": "application/json",
      accept: "application/json, text/event-stream",
    },
    body: JSON.stringify({ jsonrpc: "2.0", id: 7, method: "tools/call", params: { name, arguments: args } }),
  });
}
