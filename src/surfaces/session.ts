// The door of every request to a team: the token becomes an actor, the team's definitions an immutable catalogue. Runs at the edge.
import type { CallContext, Catalogue } from "../context.ts";
import { AppError } from "../core/errors.ts";
import { Lru } from "../core/lru.ts";
import { teamSlugSchema } from "../core/names.ts";
import type { TeamChanges, TeamEntry } from "../durable/team-object.ts";
import { makeAnswerSeal } from "../features/idempotency/seal.ts";
import { cacheLimits } from "../limits.ts";
import { type Blocked, failedAttempt } from "../platform/address-client.ts";
import { personClient } from "../platform/person-client.ts";
import { teamClient } from "../platform/team-client.ts";
import { bearerOf, readCredential } from "./credential.ts";
import { issuerOrigin, publicOrigin, readGrantToken, resourceMetadataUrl } from "./oauth/addresses.ts";
import { forgetGrant } from "./oauth/server.ts";
import { waysOffered } from "./sign-in/providers.ts";
import { visibleCatalogue } from "./visible-catalogue.ts";

// Per isolate: what each team looked like at the newest revision seen. Only ever handed out after the team's object accepted the token.
// What a catalogue with nothing in it counts for.
const emptyCatalogueChars = 4096;
// A catalogue weighs as much as the text it came in, differences added up; one that outgrows the cache so is read anew at its true size.
const catalogues = new Lru<{ catalogue: Catalogue; chars: number }>(
  cacheLimits.catalogueChars,
  cacheLimits.catalogueChars,
);
const requestIds = new WeakMap<Request, string>();

/**
 * Authenticates a request to `/t/<team>/…`. Throws `unauthorized`, the same for a missing, wrong, expired or revoked token, another team's
 * token and a team that does not exist: nothing is learned about the team. Throws `rate_limited` when the caller, or with a token that is not
 * good the caller's address, has come too often, and `team_unavailable` when its storage is unusable.
 */
export async function enterTeam(
  request: Request,
  env: Env,
  ctx: Pick<ExecutionContext, "waitUntil">,
  team: string,
): Promise<CallContext> {
  const credential = teamSlugSchema.safeParse(team).success ? await readCredential(request, env, team) : undefined;
  if (credential === undefined) throw await refusalOf(request, env);
  const stub = teamClient(env.TEAM, team);
  const known = catalogues.get(team);
  const { incarnation, revision } = known?.catalogue ?? {};
  const entry = await stub.enter({
    credential,
    restoring: isRestore(request, team),
    ...(incarnation === undefined || revision === undefined ? {} : { incarnation, revision }),
  });
  if (entry === undefined) throw await refusalOf(request, env);
  const origin = publicOrigin(request, env);
  const catalogue = visibleCatalogue(updateCatalogue(team, known, entry), entry.actor);
  return {
    team,
    actor: entry.actor,
    credential,
    logArguments: entry.logArguments,
    client: clientOf(request),
    address: addressOf(request),
    requestId: requestIdOf(request),
    limits: entry.limits,
    catalogue,
    stub,
    files: env.FILES,
    background: env.BACKGROUND,
    now: () => Date.now(),
    waitUntil: (promise) => ctx.waitUntil(promise),
    signal: request.signal,
    answerSeal: makeAnswerSeal(env.OPERATOR_TOKEN),
    execution: {},
    trace: { running: [] },
    resourceMetadataUrl: resourceMetadataUrl(origin, team),
    origin: issuerOrigin(request, env),
    signInWays: () => waysOffered(env, team),
    leftTeam: (personId) => personClient(env, personId).leftTeam(team),
    forgetGrant: (ended) => forgetGrant(env, issuerOrigin(request, env), team, ended),
  };
}

/** The one thing that can be done in a deleted team, and by an owner alone. */
function isRestore(request: Request, team: string): boolean {
  return request.method === "POST" && new URL(request.url).pathname === `/t/${team}/api/v1/team/restore`;
}

/** What names a request in answers and logs: the platform's id, or one of our own. */
export function requestIdOf(request: Request): string {
  const known = requestIds.get(request);
  if (known !== undefined) return known;
  const id = request.headers.get("cf-ray") ?? crypto.randomUUID();
  requestIds.set(request, id);
  return id;
}

/** Where a request came from: what the platform says, never what a caller can write. */
export function addressOf(request: Request): string | undefined {
  return request.headers.get("cf-connecting-ip") ?? undefined;
}

/**
 * What a refused request is answered with. A token that is not good counts against its address, one that is missing does not. Nor does an
 * OAuth access token: it expires four times an hour, and a hosted client calls for thousands of people from one address. A good token never
 * gets here, whatever its neighbours at that address have done.
 */
async function refusalOf(request: Request, env: Env): Promise<AppError> {
  const counts = request.headers.has("authorization") && readGrantToken(bearerOf(request) ?? "") === undefined;
  const failed = counts ? await failedAttempt(request, env, "token") : undefined;
  return failed === undefined ? unauthorized(request) : tooManyGuesses(failed);
}

/** What an address is told that failed too often to prove who it is. */
export function tooManyGuesses({ retryAfter }: Blocked): AppError {
  return new AppError("rate_limited", "This network address has presented too many tokens that are not valid.", {
    hint: `Wait ${retryAfter} s, and check the token before you send it again.`,
    details: { limit: "address", retry_after: retryAfter },
  });
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
