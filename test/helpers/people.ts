// People of a test team: how they come in, what they may, and how they call over REST. Runs in workerd.
import { createExecutionContext, waitOnExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { newId, randomSecret, sha256Hex } from "../../src/core/ids.ts";
import { type Caller, type Role, systemCaller } from "../../src/features/access/access.ts";
import { makeToken } from "../../src/features/access/token.ts";
import type { Accepted } from "../../src/features/people/schema.ts";
import type { TeamClient } from "../../src/platform/team-client.ts";
import { app } from "../../src/surfaces/app.ts";

export const operator = systemCaller("operator", "test");

/** An open invitation's digest, as the operator makes it. */
export async function invite(
  client: TeamClient,
  input: { role?: Role; email?: string; username?: string; expiresAt?: number; by?: Caller; signsIn?: boolean } = {},
): Promise<{ id: string; hash: string; secret: string }> {
  const secret = randomSecret();
  const hash = await sha256Hex(secret);
  const { role, email, username, expiresAt = Date.now() + 60_000, by = operator, signsIn = false } = input;
  const { id } = await client.people().invite({ hash, role, email, username, expiresAt, signsIn }, by);
  return { id, hash, secret };
}

/** A person who is signed in with a browser, and is in no team yet. */
export function aPerson(name: string, verifiedEmails: string[] = [], provider = "passkey") {
  const personId = newId("per");
  const { actor } = systemCaller("system", "test");
  const credential = { kind: "session" as const, id: newId("ses"), label: provider };
  const caller: Caller = {
    actor: { ...actor, userId: personId, username: name, credential },
    client: "browser",
    address: null,
    requestId: "test",
  };
  return { personId, displayName: name, verifiedEmails, caller };
}

/** Someone who joined by a link. */
export async function join(client: TeamClient, role: Role, name: string): Promise<Accepted & { personId: string }> {
  const { hash } = await invite(client, { role });
  const person = aPerson(name);
  return { ...(await client.people().acceptInvitation({ hash, ...person })), personId: person.personId };
}

/** A member with a token, made by the operator. */
export async function member(
  client: TeamClient,
  username: string,
  role: Role,
  tokenRole: Role = role,
  expiresAt: number | null = null,
): Promise<{ id: string; token: string; hash: string }> {
  const { token, hash, prefix } = await makeToken();
  const row = { username, role: tokenRole, label: "test", hash, prefix, expiresAt };
  if (tokenRole !== role) await member(client, username, role);
  const { id } = await client.access().createToken(row, operator);
  return { id, token, hash };
}

/** Who that token stands for now, as a caller; fails when it stands for nobody. */
export async function callerBy(client: TeamClient, token: { hash: string }, actFor?: string): Promise<Caller> {
  const credential = { kind: "token" as const, hash: token.hash, ...(actFor === undefined ? {} : { actFor }) };
  const entry = await client.enter({ credential });
  if (entry === undefined) throw new Error("the token is not good");
  return { actor: entry.actor, client: null, address: null, requestId: "test" };
}

/** True while the token opens the team's door. */
export async function isGood(client: TeamClient, token: { hash: string }): Promise<boolean> {
  return (await client.enter({ credential: { kind: "token", hash: token.hash } })) !== undefined;
}

export interface Answer {
  status: number;
  headers: Headers;
  body: Record<string, unknown>;
}

/** One request to the Worker, with everything it does after its answer. */
export async function send(
  method: string,
  path: string,
  options: { token?: string; body?: unknown; headers?: Record<string, string> } = {},
): Promise<Answer> {
  const ctx = createExecutionContext();
  const headers = new Headers(options.headers);
  if (options.token !== undefined) headers.set("authorization", `Bearer ${options.token}`);
  const init = { method, headers, ...(options.body === undefined ? {} : { body: JSON.stringify(options.body) }) };
  const response = await app.fetch(new Request(`http://localhost${path}`, init), env, ctx);
  const text = await response.text();
  await waitOnExecutionContext(ctx);
  const isJson = response.headers.get("content-type")?.includes("json") === true;
  return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : { text } };
}
