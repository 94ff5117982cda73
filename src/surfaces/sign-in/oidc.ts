// OpenID Connect with any issuer: discovery, code flow with PKCE and nonce, a validated ID token. Runs at the edge.
import * as oauth from "oauth4webapi";
import { AppError, isAppError } from "../../core/errors.ts";
import { logFailure } from "../../core/log.ts";
import { signInLimits } from "../../limits.ts";
import { codeFlowUrl, type ExternalAccount, providerDown, providerRefused, providerTimeout } from "./external.ts";
import type { PendingProvider } from "./pending.ts";
import { isLoopback, type Provider } from "./providers.ts";

// Per isolate and issuer: what it publishes about itself, which is the same for everyone.
const discovered = new Map<
  string,
  { server: oauth.AuthorizationServer; fetchedAt: number; keys: oauth.JWKSCacheInput }
>();

/** Where to send the browser. Throws `sign_in_failed` when the issuer cannot be reached. */
export async function oidcAuthorizationUrl(
  provider: Provider,
  redirectUri: string,
  pending: Pick<PendingProvider, "state" | "nonce" | "verifier">,
): Promise<URL> {
  const { server } = await discover(provider);
  if (server.authorization_endpoint === undefined) throw providerDown(provider, "no authorization_endpoint");
  return codeFlowUrl(server.authorization_endpoint, provider, redirectUri, pending, {
    response_type: "code",
    scope: "openid email profile",
    nonce: pending.nonce,
  });
}

/** The account behind a callback. Throws `sign_in_failed`, saying what to do; the details are in the log. */
export async function oidcAccount(
  provider: Provider,
  redirectUri: string,
  callback: URL,
  pending: PendingProvider,
): Promise<ExternalAccount> {
  try {
    return await exchange(provider, redirectUri, callback, pending);
  } catch (error) {
    if (isAppError(error)) throw error;
    if (error instanceof oauth.AuthorizationResponseError) {
      logFailure("sign_in_refused", { provider: provider.id, error: error.error });
      throw providerRefused(provider, error.error);
    }
    if (error instanceof oauth.OperationProcessingError && error.code === oauth.JWT_TIMESTAMP_CHECK) {
      logFailure("sign_in_clock_skew", { provider: provider.id }, error);
      throw new AppError(
        "sign_in_failed",
        `The clocks of ${provider.label} and this server differ too much, so its answer does not count.`,
        {
          hint: `Try again. If it stays so, tell whoever runs the provider: its clock must be within ${signInLimits.clockSkewSeconds} seconds.`,
        },
      );
    }
    throw providerDown(provider, error);
  }
}

async function exchange(
  provider: Provider,
  redirectUri: string,
  callback: URL,
  pending: PendingProvider,
): Promise<ExternalAccount> {
  const { server, keys } = await discover(provider);
  const client: oauth.Client = {
    client_id: provider.clientId,
    [oauth.clockTolerance]: signInLimits.clockSkewSeconds,
  };
  const parameters = oauth.validateAuthResponse(server, client, callback, pending.state);
  const options = requestOptions(provider);
  const answer = await oauth.authorizationCodeGrantRequest(
    server,
    client,
    clientAuth(provider, server),
    parameters,
    redirectUri,
    pending.verifier,
    options,
  );
  const tokens = await oauth.processAuthorizationCodeResponse(server, client, answer, {
    expectedNonce: pending.nonce,
    requireIdToken: true,
  });
  await oauth.validateApplicationLevelSignature(server, answer, { ...options, [oauth.jwksCache]: keys });
  const claims = oauth.getValidatedIdTokenClaims(tokens);
  if (claims === undefined) throw new Error("the answer has no ID token");
  const info =
    claims.email === undefined ? await userInfo(provider, server, client, tokens.access_token, claims.sub) : {};
  const all: Record<string, unknown> = { ...info, ...claims };
  const email = textOf(all.email);
  return {
    issuer: server.issuer,
    subject: claims.sub,
    name: textOf(all.name) ?? textOf(all.preferred_username) ?? email,
    email: email ?? null,
    // Some providers write the claim as text.
    emailVerified: all.email_verified === true || all.email_verified === "true",
  };
}

/** Claims that the ID token left out: many issuers give the address only here. */
async function userInfo(
  provider: Provider,
  server: oauth.AuthorizationServer,
  client: oauth.Client,
  accessToken: string,
  subject: string,
): Promise<Record<string, unknown>> {
  if (server.userinfo_endpoint === undefined) return {};
  const answer = await oauth.userInfoRequest(server, client, accessToken, requestOptions(provider));
  return oauth.processUserInfoResponse(server, client, subject, answer);
}

async function discover(
  provider: Provider,
): Promise<{ server: oauth.AuthorizationServer; keys: oauth.JWKSCacheInput }> {
  const known = discovered.get(provider.issuer);
  if (known !== undefined && Date.now() - known.fetchedAt < signInLimits.discoveryMs) return known;
  try {
    const issuer = new URL(provider.issuer);
    const answer = await oauth.discoveryRequest(issuer, { algorithm: "oidc", ...requestOptions(provider) });
    const server = await oauth.processDiscoveryResponse(issuer, answer);
    const entry = { server, fetchedAt: Date.now(), keys: {} };
    discovered.set(provider.issuer, entry);
    return entry;
  } catch (error) {
    throw providerDown(provider, error);
  }
}

/** The way of proving who we are that the issuer takes; the specification's default when it does not say. */
function clientAuth(provider: Provider, server: oauth.AuthorizationServer): oauth.ClientAuth {
  const methods = server.token_endpoint_auth_methods_supported ?? ["client_secret_basic"];
  const post = !methods.includes("client_secret_basic") && methods.includes("client_secret_post");
  return post ? oauth.ClientSecretPost(provider.clientSecret) : oauth.ClientSecretBasic(provider.clientSecret);
}

function requestOptions(provider: Provider): { signal: AbortSignal; [oauth.allowInsecureRequests]: boolean } {
  return { signal: providerTimeout(), [oauth.allowInsecureRequests]: isLoopback(new URL(provider.issuer)) };
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value.trim() !== "" ? value.trim() : undefined;
}
