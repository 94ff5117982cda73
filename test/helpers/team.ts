// A real team for each unit test: its object, and calls that come in through the product's own door. Runs in workerd.
import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import type { CallContext } from "../../src/context.ts";
import { scopes } from "../../src/core/define-tool.ts";
import { describeError } from "../../src/core/errors.ts";
import { type Caller, type Role, systemCaller } from "../../src/features/access/access.ts";
import { makeToken } from "../../src/features/access/token.ts";
import { type TeamClient, teamClient } from "../../src/platform/team-client.ts";
import { builtInTools } from "../../src/surfaces/catalogue.ts";
import { enterTeam } from "../../src/surfaces/session.ts";

export interface FreshTeam {
  slug: string;
  client: TeamClient;
  /** A call of someone's; called again it sees the definitions as they are then, as a new request does. */
  call: (role?: Role, username?: string) => Promise<CallContext>;
  /** The token that `call` comes with. */
  token: (role?: Role, username?: string) => Promise<string>;
}

/** Who writes, for tests that call the team's object directly: nobody of the team, so that they have the role they say. */
export function aCaller(username = "ada", role: Role = "owner"): Caller {
  const credential = { kind: "operator", id: `tok_${username}`, label: "test" } as const;
  return {
    actor: { userId: `usr_${username}`, username, role, scopes, credential },
    client: "test",
    address: null,
    requestId: "request-1",
  };
}

/** A team that no other test knows. */
export async function freshTeam(): Promise<FreshTeam> {
  const slug = `t-${crypto.randomUUID().slice(0, 18)}`;
  const client = teamClient(env.TEAM, slug);
  await client.create({ slug, name: slug });
  const tokens = new Map<string, string>();

  const issue = async (username: string, role: Role): Promise<string> => {
    const { token, hash, prefix } = await makeToken();
    await client
      .access()
      .createToken({ username, role, label: "test", hash, prefix, expiresAt: null }, systemCaller("operator", "test"));
    tokens.set(`${username} ${role}`, token);
    return token;
  };
  const token = async (role: Role = "member", username = "ada"): Promise<string> => {
    // Whoever comes is an owner by person, so that a token of any role can follow one of any other.
    if (!tokens.has(`${username} owner`)) await issue(username, "owner");
    return tokens.get(`${username} ${role}`) ?? (await issue(username, role));
  };
  const call = async (role: Role = "member", username = "ada"): Promise<CallContext> => {
    const headers = { authorization: `Bearer ${await token(role, username)}`, "user-agent": "test" };
    const request = new Request(`https://data.test/t/${slug}/mcp`, { headers });
    const context = await enterTeam(request, env, { waitUntil: () => undefined }, slug);
    return { ...context, now: () => 1_700_000_000_000 };
  };
  return { slug, client, call, token };
}

/** The audit log of a team, oldest first: who did what to what. */
export async function auditLog(
  slug: string,
): Promise<{ username: string; action: string; target: string; before: unknown; after: unknown }[]> {
  return runInDurableObject(env.TEAM.get(env.TEAM.idFromName(slug)), (_object, { storage }) =>
    storage.sql
      .exec<Record<string, string>>("SELECT * FROM audit_log ORDER BY seq")
      .toArray()
      .map((row) => ({
        username: row.username ?? "",
        action: row.action ?? "",
        target: `${row.target_kind} ${row.target_name}`,
        before: JSON.parse(row.before_json ?? "null"),
        after: JSON.parse(row.after_json ?? "null"),
      })),
  );
}

/** Calls a built-in tool by name. */
export async function useTool(context: CallContext, name: string, args: unknown) {
  const tool = builtInTools.find((candidate) => candidate.name === name);
  if (tool === undefined) throw new Error(`no tool ${name}`);
  return tool.call(context, args);
}

/** Code and message of what a promise ends in; of a promise that is kept, those of an unexpected error. */
export async function rejection(promise: Promise<unknown>): Promise<{ code: string; message: string }> {
  const error = await promise.then(
    () => new Error("nothing was thrown"),
    (reason: unknown) => reason,
  );
  const { code, message } = describeError(error);
  return { code, message };
}
