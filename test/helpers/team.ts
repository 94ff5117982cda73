// A real team for each unit test: its object, and calls that come in through the product's own door. Runs in workerd.
import { env } from "cloudflare:workers";
import type { CallContext } from "../../src/context.ts";
import { describeError } from "../../src/core/errors.ts";
import type { Role } from "../../src/features/access/access.ts";
import { makeToken } from "../../src/features/access/token.ts";
import { type TeamClient, teamClient } from "../../src/platform/team-client.ts";
import { builtInTools } from "../../src/surfaces/catalogue.ts";
import { enterTeam } from "../../src/surfaces/session.ts";

export interface FreshTeam {
  slug: string;
  client: TeamClient;
  /** A call of someone's; called again it sees the definitions as they are then, as a new request does. */
  call: (role?: Role, username?: string) => Promise<CallContext>;
}

/** A team that no other test knows. */
export async function freshTeam(): Promise<FreshTeam> {
  const slug = `t-${crypto.randomUUID().slice(0, 18)}`;
  const client = teamClient(env.TEAM, slug);
  await client.create({ slug, name: slug });
  const tokens = new Map<string, string>();

  const issue = async (username: string, role: Role): Promise<string> => {
    const { token, hash, prefix } = await makeToken();
    await client.access().createToken({ username, role, label: "test", hash, prefix, expiresAt: null });
    tokens.set(`${username} ${role}`, token);
    return token;
  };
  const call = async (role: Role = "member", username = "ada"): Promise<CallContext> => {
    // Whoever comes is an owner by person, so that a token of any role can follow one of any other.
    if (!tokens.has(`${username} owner`)) await issue(username, "owner");
    const token = tokens.get(`${username} ${role}`) ?? (await issue(username, role));
    const headers = { authorization: `Bearer ${token}`, "user-agent": "test" };
    const request = new Request(`https://data.test/t/${slug}/mcp`, { headers });
    const context = await enterTeam(request, env, { waitUntil: () => undefined }, slug);
    return { ...context, now: () => 1_700_000_000_000 };
  };
  return { slug, client, call };
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
