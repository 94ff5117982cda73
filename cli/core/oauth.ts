// OAuth 2.1 as a public client: discovery, registration, PKCE with a redirect to this machine, renewal, revocation. Runs under Node.
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import {
  type AuthorizationServerMetadata,
  checkResourceAllowed,
  discoverOAuthServerInfo,
  exchangeAuthorization,
  OAuthError,
  type OAuthTokens,
  refreshAuthorization,
  registerClient,
  startAuthorization,
} from "@modelcontextprotocol/client";
import type { OAuthCredential } from "./config.ts";
import { CliError } from "./errors.ts";
import { reach } from "./http.ts";
import { textOf } from "./json.ts";
import { signedOut } from "./session.ts";

const hourMs = 3_600_000;

export interface SignIn {
  mcpUrl: string;
  scopes: readonly string[];
  /** Brings the person to the address. */
  open: (address: string) => Promise<void>;
  timeoutMs: number;
}

/** Sends the person to the server's consent page and comes back with tokens. Throws `sign_in_failed`, `unreachable`. */
export async function signIn({ mcpUrl, scopes, open, timeoutMs }: SignIn): Promise<OAuthCredential> {
  const { metadata, resource } = await discover(mcpUrl);
  const callback = await listenForCallback();
  try {
    const scope = scopes.join(" ");
    const client = await oauthStep(() =>
      registerClient(metadata.issuer, {
        metadata,
        clientMetadata: {
          client_name: "Super Data command line",
          redirect_uris: [callback.url],
          grant_types: ["authorization_code", "refresh_token"],
          response_types: ["code"],
          token_endpoint_auth_method: "none",
          application_type: "native",
        },
        scope,
      }),
    );
    const state = crypto.randomUUID();
    const common = { metadata, clientInformation: client, resource };
    const { authorizationUrl, codeVerifier } = await startAuthorization(metadata.issuer, {
      ...common,
      redirectUrl: callback.url,
      scope,
      state,
    });
    await open(authorizationUrl.href);
    const answer = await callback.answer(state, timeoutMs);
    const tokens = await oauthStep(() =>
      exchangeAuthorization(metadata.issuer, {
        ...common,
        authorizationCode: answer.code,
        ...(answer.iss === undefined ? {} : { iss: answer.iss }),
        codeVerifier,
        redirectUri: callback.url,
      }),
    );
    return credentialOf(metadata, client.client_id, resource, scope, tokens);
  } finally {
    callback.close();
  }
}

/** What the server says of its sign-in. Throws `sign_in_failed` when it offers none that fits. */
export async function discover(mcpUrl: string): Promise<{ metadata: AuthorizationServerMetadata; resource: string }> {
  const found = await oauthStep(() => discoverOAuthServerInfo(mcpUrl));
  const { authorizationServerMetadata: metadata, resourceMetadata } = found;
  if (metadata === undefined || resourceMetadata === undefined) {
    throw new CliError("sign_in_failed", `${new URL(mcpUrl).origin} offers no sign-in by OAuth at this address.`, {
      hint: "Check the address (https://HOST/t/TEAM), or store a token: `super-data login URL --token -`.",
    });
  }
  const { resource } = resourceMetadata;
  if (!checkResourceAllowed({ requestedResource: mcpUrl, configuredResource: resource })) {
    throw new CliError("sign_in_failed", `The server names itself ${resource}, not ${mcpUrl}.`, {
      hint: "Sign in at the address it names, or have its operator set PUBLIC_ORIGIN.",
    });
  }
  return { metadata, resource };
}

/** A fresh access token for the profile `name`. Throws `not_signed_in` when the sign-in has ended. */
export async function refresh(credential: OAuthCredential, name: string): Promise<OAuthCredential> {
  const { issuer, client_id, resource, scope, refresh_token, token_endpoint } = credential;
  if (refresh_token === undefined) throw signedOut(name);
  const metadata = {
    issuer,
    token_endpoint,
    authorization_endpoint: `${issuer}/authorize`,
    response_types_supported: ["code"],
  };
  try {
    const tokens = await refreshAuthorization(issuer, {
      metadata,
      clientInformation: { client_id },
      refreshToken: refresh_token,
      resource,
    });
    return { ...credential, ...timed(tokens, scope), refresh_token: tokens.refresh_token ?? refresh_token };
  } catch (error) {
    if (error instanceof OAuthError && ["invalid_grant", "invalid_client"].includes(error.code)) throw signedOut(name);
    throw oauthFailure(error, issuer);
  }
}

/** Ends the sign-in at the server. Says whether it did: a server that cannot be reached ends it by itself after a while. */
export async function revoke({
  revocation_endpoint,
  client_id,
  refresh_token,
  access_token,
}: OAuthCredential): Promise<boolean> {
  if (revocation_endpoint === undefined) return false;
  const body = new URLSearchParams({ token: refresh_token ?? access_token, client_id });
  const answer = await reach(revocation_endpoint, { method: "POST", body }).catch(() => undefined);
  await answer?.body?.cancel();
  return answer?.ok === true;
}

function credentialOf(
  metadata: AuthorizationServerMetadata,
  clientId: string,
  resource: string,
  scope: string,
  tokens: OAuthTokens,
): OAuthCredential {
  const revocation_endpoint = textOf(metadata, "revocation_endpoint");
  return {
    kind: "oauth",
    issuer: metadata.issuer,
    token_endpoint: metadata.token_endpoint,
    ...(revocation_endpoint === undefined ? {} : { revocation_endpoint }),
    client_id: clientId,
    resource,
    ...timed(tokens, scope),
    ...(tokens.refresh_token === undefined ? {} : { refresh_token: tokens.refresh_token }),
  };
}

function timed({ access_token, expires_in, scope }: OAuthTokens, asked: string) {
  const lifeMs = expires_in === undefined ? hourMs : expires_in * 1000;
  return { access_token, scope: scope ?? asked, expires_at: Date.now() + lifeMs };
}

async function oauthStep<T>(step: () => Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (error) {
    throw oauthFailure(error);
  }
}

function oauthFailure(error: unknown, origin = "The server"): CliError {
  if (error instanceof CliError) return error;
  if (error instanceof TypeError && error.cause !== undefined) {
    const code = error.cause instanceof Error && "code" in error.cause ? error.cause.code : error.cause;
    return new CliError("unreachable", `${origin} cannot be reached: ${String(code)}.`, { cause: error });
  }
  const words = error instanceof Error ? error.message : String(error);
  return new CliError("sign_in_failed", `Signing in did not work: ${words}`, {
    hint: "`super-data doctor` checks each step; a token works without a browser: `super-data login URL --token -`.",
    cause: error,
  });
}

interface Callback {
  /** Where the browser is sent back to. */
  url: string;
  answer: (state: string, timeoutMs: number) => Promise<{ code: string; iss: string | undefined }>;
  close: () => void;
}

/** A server on this machine alone that waits for the browser to come back. */
async function listenForCallback(): Promise<Callback> {
  let deliver: (parameters: URLSearchParams) => void = () => undefined;
  const arrived = new Promise<URLSearchParams>((resolve) => {
    deliver = resolve;
  });
  let expected: string | undefined;
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? "/", "http://127.0.0.1");
    // What does not carry our state does not come from the page we opened; the real answer may still come.
    const isOurs = pathname === "/callback" && expected !== undefined && searchParams.get("state") === expected;
    const isDone = isOurs && searchParams.has("code");
    response.writeHead(isOurs ? 200 : 404, {
      "content-type": "text/html; charset=utf-8",
      "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'",
      "cache-control": "no-store",
      "referrer-policy": "no-referrer",
      connection: "close",
    });
    response.end(isOurs ? page(isDone) : "Nothing is here.");
    if (isOurs) deliver(searchParams);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/callback`,
    answer: async (state, timeoutMs) => {
      expected = state;
      return readAnswer(await inTime(arrived, timeoutMs));
    },
    close: () => stop(server),
  };
}

function stop(server: Server): void {
  server.close();
  server.closeAllConnections();
}

function readAnswer(parameters: URLSearchParams): { code: string; iss: string | undefined } {
  const code = parameters.get("code");
  if (code !== null) return { code, iss: parameters.get("iss") ?? undefined };
  const isDenied = parameters.get("error") === "access_denied";
  const why = isDenied ? "you did not allow it" : `the server answered "${parameters.get("error") ?? "nothing"}"`;
  throw new CliError("sign_in_failed", `Signing in did not work: ${why}.`, { hint: "Run `super-data login` again." });
}

async function inTime<T>(work: Promise<T>, timeoutMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const error = new CliError("sign_in_failed", `Nobody signed in within ${Math.round(timeoutMs / 1000)} seconds.`, {
      hint: "Run `super-data login` again; without a browser on this machine store a token: `super-data login URL --token -`.",
    });
    timer = setTimeout(() => reject(error), timeoutMs);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

const page = (isDone: boolean): string =>
  `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="color-scheme" content="light dark"><title>Super Data</title>
<body style="font:16px/1.5 system-ui;margin:4rem auto;max-width:32rem;padding:0 1rem"><h1 style="font-size:1.25rem">${
    isDone ? "You are signed in" : "You are not signed in"
  }</h1><p>${isDone ? "The command line goes on by itself." : "The command line says why."} You can close this window.</p></body></html>`;
