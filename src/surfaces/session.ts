// The door of every request to a team: the token becomes an actor, the team's definitions an immutable catalogue. Runs at the edge.
import type { CallContext, Catalogue } from "../context.ts";
import { AppError } from "../core/errors.ts";
import { Lru } from "../core/lru.ts";
import { teamSlugSchema } from "../core/names.ts";
import type { TeamChanges, TeamEntry } from "../durable/team-object.ts";
import { tokenHash } from "../features/access/token.ts";
import { cacheLimits } from "../limits.ts";
import { teamClient } from "../platform/team-client.ts";

// Per isolate: what each team looked like at the newest revision seen. Only ever handed out after the team's object accepted the token.
// What a catalogue with nothing in it counts for.
const emptyCatalogueChars = 4096;
// A catalogue weighs as much as the text it came in, differences added up; one that outgrows the cache so is read anew at its true size.
const catalogues = new Lru<{ catalogue: Catalogue; chars: number }>(
  cacheLimits.catalogueChars,
  cacheLimits.catalogueChars,
);

/**
 * Authenticates a request to `/t/<team>/…`. Throws `unauthorized`, the same for a missing, wrong, expired or revoked token, another team's
 * token and a team that does not exist: nothing is learned about the team. Throws `team_unavailable` when its storage is unusable.
 */
export async function enterTeam(
  request: Request,
  env: Env,
  ctx: Pick<ExecutionContext, "waitUntil">,
  team: string,
): Promise<CallContext> {
  const hash = await tokenHash(bearerOf(request));
  if (hash === undefined || !teamSlugSchema.safeParse(team).success) throw unauthorized(request);
  const stub = teamClient(env.TEAM, team);
  const known = catalogues.get(team);
  const { incarnation, revision } = known?.catalogue ?? {};
  const entry = await stub.enter({
    tokenHash: hash,
    ...(incarnation === undefined || revision === undefined ? {} : { incarnation, revision }),
  });
  if (entry === undefined) throw unauthorized(request);
  const catalogue = updateCatalogue(team, known, entry);
  return {
    team,
    actor: entry.actor,
    client: clientOf(request),
    requestId: requestIdOf(request),
    catalogue,
    stub,
    files: env.FILES,
    background: env.BACKGROUND,
    now: () => Date.now(),
    waitUntil: (promise) => ctx.waitUntil(promise),
    signal: request.signal,
    execution: {},
  };
}

/** What names a request in answers and logs: the platform's id, or one of our own. */
export function requestIdOf(request: Request): string {
  return request.headers.get("cf-ray") ?? crypto.randomUUID();
}

/** The bearer token of a request, if any. */
export function bearerOf(request: Request): string | undefined {
  return /^Bearer +(\S+) *$/i.exec(request.headers.get("authorization") ?? "")?.[1];
}

function unauthorized(request: Request): AppError {
  const presented = request.headers.has("authorization");
  return new AppError("unauthorized", presented ? "This token is not valid here." : "A token is needed.", {
    hint: "Send `Authorization: Bearer <token>` with a current token of this team; its owner or operator issues them.",
    details: { presented },
  });
}

function clientOf(request: Request): string | undefined {
  return request.headers.get("user-agent")?.slice(0, 200);
}

function updateCatalogue(
  team: string,
  known: { catalogue: Catalogue; chars: number } | undefined,
  entry: TeamEntry,
): Catalogue {
  if (entry.changes === undefined && known !== undefined) return known.catalogue;
  const changes = entry.changes === undefined ? undefined : (JSON.parse(entry.changes) as TeamChanges);
  const old = changes?.full === false ? known : undefined;
  const base = old?.catalogue;
  const catalogue: Catalogue = {
    team,
    name: entry.name,
    incarnation: entry.incarnation,
    revision: entry.revision,
    functions: merge(base?.functions, changes?.functions ?? [], (item) => item.is_active),
    tools: merge(base?.tools, changes?.tools ?? [], (item) => item.is_active && item.approval_status === "approved"),
    datasets: merge(base?.datasets, changes?.datasets ?? [], (item) => !item.deleted),
  };
  const newest = catalogues.get(team)?.catalogue;
  const isNewer = newest === undefined || newest.incarnation !== entry.incarnation || newest.revision < entry.revision;
  const chars = (old?.chars ?? emptyCatalogueChars) + (entry.changes?.length ?? 0);
  if (isNewer) catalogues.set(team, { catalogue, chars }, chars);
  return catalogue;
}

/** A new map, so that calls under way keep the state they began with; sorted by name, which lists and cursors rely on. */
function merge<Item extends { name: string }>(
  base: ReadonlyMap<string, Item> | undefined,
  changed: readonly Item[],
  isLive: (item: Item) => boolean,
): ReadonlyMap<string, Item> {
  if (base !== undefined && changed.length === 0) return base;
  const merged = new Map(base);
  for (const item of changed) {
    if (isLive(item)) merged.set(item.name, item);
    else merged.delete(item.name);
  }
  return new Map([...merged].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
}
