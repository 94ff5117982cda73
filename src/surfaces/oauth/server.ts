// The OAuth library's authorization server, one object a team, all over one KV namespace. Runs at the edge.
import {
  OAuthAuthorizationServer,
  OAuthError,
  type TokenExchangeCallbackOptions,
  type TokenExchangeCallbackResult,
} from "@cloudflare/workers-oauth-provider";
import { type Scope, scopes } from "../../core/define-tool.ts";
import { isAppError } from "../../core/errors.ts";
import { logFailure } from "../../core/log.ts";
import { Lru } from "../../core/lru.ts";
import type { EndedConnection } from "../../features/access/connections.ts";
import { oauthLimits } from "../../limits.ts";
import { teamClient } from "../../platform/team-client.ts";
import { connectionOfGrant, grantOfConnection, grantOwner, readGrantToken, resourcesOf } from "./addresses.ts";

/** What travels encrypted in a grant. Who it is for and which connection it belongs to are in the token's own name. */
export interface GrantProps {
  team: string;
}

const secondMs = 1000;
const servers = new Lru<OAuthAuthorizationServer<Env>>(oauthLimits.cachedServers);

/** The server that issues tokens for this team; whether there is such a team it neither knows nor says. */
export function teamServer(origin: string, team: string): OAuthAuthorizationServer<Env> {
  return serverFor(origin, resourcesOf(origin, team));
}

/** The server for what concerns no team: metadata, registration, and requests that name no team. It issues nothing. */
export function rootServer(origin: string): OAuthAuthorizationServer<Env> {
  return serverFor(origin, [`${origin}/no-team`]);
}

function serverFor(origin: string, resources: readonly string[]): OAuthAuthorizationServer<Env> {
  const key = resources.join(" ");
  const known = servers.get(key);
  if (known !== undefined) return known;
  const made = new OAuthAuthorizationServer<Env>({
    issuer: origin,
    resources,
    authorizeEndpoint: "/authorize",
    tokenEndpoint: "/token",
    clientRegistrationEndpoint: "/register",
    scopesSupported: [...scopes],
    clientIdMetadataDocumentEnabled: true,
    accessTokenTTL: oauthLimits.accessTokenMs / secondMs,
    refreshTokenTTL: oauthLimits.refreshIdleMs / secondMs,
    refreshTokenIdleTTL: oauthLimits.refreshIdleMs / secondMs,
    clientRegistrationTTL: oauthLimits.clientRegistrationMs / secondMs,
    tokenExchangeCallback: checkConnection,
    onError: ({ code, status, internal }) =>
      logFailure("oauth_refused", { code, status, category: internal.category, reason: internal.reason }),
  });
  servers.set(key, made, 1);
  return made;
}

/** Before any token is issued: does the connection stand, and with which scopes? The team's object knows exactly; KV may lag behind. */
async function checkConnection(options: TokenExchangeCallbackOptions<Env>): Promise<TokenExchangeCallbackResult> {
  const { userId, grantId, env } = options;
  const owner = readGrantToken(`${userId}:${grantId}:-`);
  const state = owner === undefined ? undefined : await stateOf(env, owner.team, connectionOfGrant(grantId));
  if (state === undefined) {
    throw new OAuthError("invalid_grant", {
      description: "This connection has ended, or its person is no longer in the team. Connect again.",
    });
  }
  const held: readonly string[] = state.scopes;
  return { accessTokenScope: options.requestedScope.filter((scope) => held.includes(scope)) };
}

async function stateOf(env: Env, team: string, connectionId: string): Promise<{ scopes: Scope[] } | undefined> {
  try {
    return await teamClient(env.TEAM, team).connections().connectionState(connectionId);
  } catch (error) {
    if (isAppError(error) && ["not_found", "team_deleted"].includes(error.code)) return undefined;
    logFailure("oauth_team_unavailable", { team }, error);
    // Not invalid_grant: the library would throw the grant away for it.
    throw new OAuthError("temporarily_unavailable", { description: "Try again in a moment.", statusCode: 503 });
  }
}

/** Removes a grant and its tokens from KV. What has ended already is refused without this; it only tidies up. */
export async function forgetGrant(env: Env, origin: string, team: string, ended: EndedConnection): Promise<void> {
  const api = rootServer(origin).getOAuthApi(env);
  await api.revokeGrant(grantOfConnection(ended.id), grantOwner(team, ended.personId));
}
