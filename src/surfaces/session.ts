// The door of every request to a team: the token becomes an actor, the team's definitions an immutable catalogue. Runs at the edge.
import type { CallContext } from "../context.ts";
import { AppError } from "../core/errors.ts";
import { teamSlugSchema } from "../core/names.ts";
import { type Blocked, failedAttempt } from "../platform/address-client.ts";
import { personClient } from "../platform/person-client.ts";
import { workspaceClient } from "../platform/workspace-client.ts";
import { teamMeans } from "./background/team-context.ts";
import { bearerOf, readCredential } from "./credential.ts";
import { issuerOrigin, publicOrigin, readGrantToken, resourceMetadataUrl } from "./oauth/addresses.ts";
import { forgetGrant } from "./oauth/server.ts";
import { waysOffered } from "./sign-in/providers.ts";
import { knownOf } from "./team-catalogue.ts";
import { visibleCatalogue } from "./visible-catalogue.ts";

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
  const means = teamMeans(env, ctx, team);
  const known = knownOf(team);
  const withHead = request.headers.has("if-match") || request.headers.has("if-none-match");
  const entry = await means.stub.enter({ credential, restoring: isRestore(request, team), withHead, ...known.state });
  if (entry === undefined) throw credential.kind === "session" ? notThisSession() : await refusalOf(request, env);
  const origin = publicOrigin(request, env);
  const catalogue = visibleCatalogue(known.updated(entry), entry.actor);
  return {
    ...means,
    workspace: workspaceClient(env.WORKSPACE, team, catalogue.incarnation),
    frameRows: entry.frameRows,
    actor: entry.actor,
    credential,
    logArguments: entry.logArguments,
    client: clientOf(request),
    address: addressOf(request),
    requestId: requestIdOf(request),
    limits: entry.limits,
    ...(entry.auditHead === undefined ? {} : { auditHead: entry.auditHead }),
    catalogue,
    signal: request.signal,
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

/** The same for a team that does not exist and one that the person, or their way of signing in, does not get into. */
function notThisSession(): AppError {
  return new AppError("unauthorized", "You are signed in, but not to a team of this name.", {
    hint: "Your home page lists your teams and how to get into them; an admin of this one can invite you.",
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
