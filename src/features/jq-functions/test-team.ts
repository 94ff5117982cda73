// A team of its own for each test of the library, and calls made for it. Runs in tests only.
import { env } from "cloudflare:workers";
import type { CallContext, Catalogue } from "../../context.ts";
import type { TeamChanges } from "../../durable/team-object.ts";
import type { Role } from "../access/access.ts";

/** A call of a fresh team; `call()` again sees the definitions as they are then, as a new request does. */
export async function freshTeam(): Promise<{
  slug: string;
  call: (role?: Role, username?: string) => Promise<CallContext>;
}> {
  const slug = `t-${crypto.randomUUID().slice(0, 18)}`;
  const stub = env.TEAM.get(env.TEAM.idFromName(slug));
  await stub.create({ slug, name: slug });
  return {
    slug,
    call: async (role = "member", username = "ada") => callOf(slug, role, username),
  };
}

async function callOf(slug: string, role: Role, username: string): Promise<CallContext> {
  const stub = env.TEAM.get(env.TEAM.idFromName(slug));
  return {
    team: slug,
    actor: { userId: `usr_${username}`, username, role, tokenId: "tok_1" },
    client: "test",
    requestId: "req_1",
    catalogue: await readCatalogue(stub, slug, username, role),
    stub,
    files: env.FILES,
    background: env.BACKGROUND,
    now: () => 1_700_000_000_000,
    waitUntil: () => {},
    signal: undefined,
    execution: {},
  };
}

async function readCatalogue(
  stub: CallContext["stub"],
  slug: string,
  username: string,
  role: Role,
): Promise<Catalogue> {
  const tokenHash = `${slug} ${username} ${role} ${crypto.randomUUID()}`;
  await stub.access().createToken({ username, role, label: "test", hash: tokenHash, prefix: "test", expiresAt: null });
  const entry = await stub.enter({ tokenHash });
  if (entry?.changes === undefined) throw new Error("the team did not let the test in");
  const { functions, tools, datasets } = JSON.parse(entry.changes) as TeamChanges;
  return {
    team: slug,
    name: entry.name,
    incarnation: entry.incarnation,
    revision: entry.revision,
    functions: byName(functions.filter((one) => one.is_active)),
    tools: byName(tools.filter((one) => one.is_active && one.approval_status === "approved")),
    datasets: byName(datasets.filter((one) => !one.deleted)),
  };
}

function byName<Item extends { name: string }>(items: readonly Item[]): ReadonlyMap<string, Item> {
  return new Map(items.map((item) => [item.name, item]));
}
