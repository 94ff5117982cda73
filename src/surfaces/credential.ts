// What a request brings to prove who it is: a token, an OAuth access token or a browser's session. Runs at the edge.

import { type Scope, scopes } from "../core/define-tool.ts";
import { AppError } from "../core/errors.ts";
import { sha256Hex } from "../core/ids.ts";
import { Lru } from "../core/lru.ts";
import type { Credential } from "../features/access/schema.ts";
import { tokenHash } from "../features/access/token.ts";
import { oauthLimits } from "../limits.ts";
import {
  canServeOAuth,
  connectionOfGrant,
  issuerOrigin,
  publicOrigin,
  readGrantToken,
  resourceOf,
} from "./oauth/addresses.ts";
import { type GrantProps, teamServer } from "./oauth/server.ts";
import { providerServes } from "./sign-in/providers.ts";
import { readSession, requireSameOrigin } from "./sign-in/session-cookie.ts";

type ConnectionCredential = Extract<Credential, { kind: "connection" }>;

// Per isolate: access tokens found good, by their SHA-256. It saves the reading of KV alone; the team's object is asked every time.
const goodTokens = new Lru<{ credential: ConnectionCredential; until: number }>(oauthLimits.tokenCacheEntries);

/** The bearer token of a request, if any. */
export function bearerOf(request: Request): string | undefined {
  return /^Bearer +(\S+) *$/i.exec(request.headers.get("authorization") ?? "")?.[1];
}

/**
 * The credential that a request to a team presents, verified as far as the Worker can; undefined when there is none that could be good.
 * Throws `forbidden` for X-User-Id beside anything but a token, and for a write or a feed by session that no page of ours asked for.
 */
export async function readCredential(request: Request, env: Env, team: string): Promise<Credential | undefined> {
  const actFor = request.headers.get("x-user-id");
  if (!request.headers.has("authorization")) return readSessionCredential(request, env, team, actFor);
  const bearer = bearerOf(request);
  const hash = await tokenHash(bearer);
  if (hash !== undefined) return { kind: "token", hash, ...(actFor === null ? {} : { actFor }) };
  const credential = bearer === undefined ? undefined : await readAccessToken(bearer, request, env, team);
  if (credential !== undefined && actFor !== null) throw actsForOthers();
  return credential;
}

/** An access token of a grant of this very team; the grant's name is in the token, so another team's is refused without asking anyone. */
async function readAccessToken(
  token: string,
  request: Request,
  env: Env,
  team: string,
): Promise<ConnectionCredential | undefined> {
  const parts = readGrantToken(token);
  const origin = issuerOrigin(request, env);
  if (parts?.team !== team || !canServeOAuth(origin)) return undefined;
  const resource = resourceOf(publicOrigin(request, env), team);
  const key = await sha256Hex(`${resource} ${token}`);
  const known = goodTokens.get(key);
  const now = Date.now();
  if (known !== undefined && now < known.until && now < known.credential.expiresAt) return known.credential;
  const valid = await teamServer(origin, team).validateToken<GrantProps>(resource, token, env);
  if (valid === null || valid.props.team !== team) return undefined;
  const credential: ConnectionCredential = {
    kind: "connection",
    id: connectionOfGrant(parts.grantId),
    scopes: scopes.filter((scope: Scope) => valid.scope.includes(scope)),
    expiresAt: valid.expiresAt * 1000,
  };
  goodTokens.set(key, { credential, until: now + oauthLimits.tokenCacheMs }, 1);
  return credential;
}

/** A browser's session, for the team's pages, its REST API and its live feed: MCP clients and scrapers of metrics have tokens. */
async function readSessionCredential(
  request: Request,
  env: Env,
  team: string,
  actFor: string | null,
): Promise<Credential | undefined> {
  const { pathname } = new URL(request.url);
  const isFeed = pathname === `/t/${team}/live`;
  if (pathname === `/t/${team}/mcp` || pathname === `/t/${team}/metrics`) return undefined;
  const session = await readSession(request, env);
  if (session === undefined || !providerServes(env, session.provider, team)) return undefined;
  if (isFeed) requireOwnPage(request);
  else if (request.method !== "GET" && request.method !== "HEAD") requireSameOrigin(request);
  if (actFor !== null) throw actsForOthers();
  const { sessionId, personId, provider, expiresAt } = session;
  return { kind: "session", id: sessionId, personId, provider, expiresAt };
}

/** Any page may open a WebSocket to us, and the browser sends our cookie along; whose page it is stands in Origin, which it always writes. */
function requireOwnPage(request: Request): void {
  if (request.headers.get("origin") !== new URL(request.url).origin) {
    throw new AppError("forbidden", "A session opens this feed only from a page of this site.", {
      hint: "Open it from a page here; a script sends `Authorization: Bearer <token>`.",
    });
  }
  requireSameOrigin(request);
}

function actsForOthers(): AppError {
  return new AppError("forbidden", "X-User-Id is honoured only from a service token that may act for others.", {
    hint: "Leave the header out, or have an admin create a service token with may_act_for_others.",
  });
}
