// The token endpoint: which team's server answers, and what a client's own revocation means for its connection. Runs at the edge.
import { AppError, isAppError } from "../../core/errors.ts";
import type { Caller } from "../../features/access/access.ts";
import { mcpLimits, oauthLimits } from "../../limits.ts";
import { failedAttempt } from "../../platform/address-client.ts";
import { bodyText } from "../../platform/request-body.ts";
import { teamClient } from "../../platform/team-client.ts";
import { addressOf, requestIdOf } from "../session.ts";
import { connectionOfGrant, grantOwner, issuerOrigin, readGrantToken, teamOfResource } from "./addresses.ts";
import { libraryEnv } from "./library-env.ts";
import { forgetGrant, rootServer, teamServer } from "./server.ts";

/** Answers a request to /token: codes and refresh tokens for tokens, and revocation (RFC 7009). */
export async function answerToken(request: Request, env: Env, ctx: ExecutionContext): Promise<Response> {
  const origin = issuerOrigin(request, env);
  const body = await readBody(request);
  if (body instanceof Response) return body;
  // Behind an "&" a leading "?" is part of a name, as the library reads it.
  const form = new URLSearchParams(`&${body ?? ""}`);
  const team = teamOfRequest(origin, form);
  const server = team === undefined ? rootServer(origin) : teamServer(origin, team);
  const deleted: string[] = [];
  const answer = await server.fetch(atOrigin(request, origin, body), libraryEnv(env, deleted), ctx);
  const token = form.get("token");
  if (token !== null && !form.has("grant_type")) await endRevoked(request, env, origin, token, deleted);
  return answer;
}

/** Answers a request to /register (RFC 7591). */
export async function answerRegistration(request: Request, env: Env, ctx: ExecutionContext): Promise<Response> {
  const origin = issuerOrigin(request, env);
  const body = await readBody(request);
  if (body instanceof Response) return body;
  const blocked = body === undefined ? undefined : await failedAttempt(request, env, "registration");
  if (blocked === undefined) return rootServer(origin).fetch(atOrigin(request, origin, body), libraryEnv(env), ctx);
  return refusal(429, "temporarily_unavailable", "Too many clients were registered from this network address.", {
    "retry-after": String(blocked.retryAfter),
  });
}

/** The body of a POST; undefined for other methods, which the library refuses; a refusal when it cannot be read. */
async function readBody(request: Request): Promise<string | undefined | Response> {
  if (request.method !== "POST") return undefined;
  try {
    return await bodyText(request, oauthLimits.requestBytes, tooLarge);
  } catch (error) {
    if (!isAppError(error)) throw error;
    return refusal(error.code === "too_large" ? 413 : 400, "invalid_request", error.message);
  }
}

/** A refusal in the form of the library's. */
function refusal(status: number, error: string, description: string, headers: HeadersInit = {}): Response {
  const answer = Response.json({ error, error_description: description }, { status, headers });
  answer.headers.set("cache-control", "no-store");
  answer.headers.set("access-control-allow-origin", "*");
  return answer;
}

/** The request as sent to the public origin, where the library expects it; behind a proxy it may have come to another. */
export function atOrigin(request: Request, origin: string, body?: string): Request {
  const { pathname, search } = new URL(request.url);
  return new Request(`${origin}${pathname}${search}`, {
    method: request.method,
    headers: request.headers,
    ...(body === undefined ? {} : { body }),
  });
}

/** What the audit log says of a request besides who sent it. */
export function senderOf(request: Request): Pick<Caller, "client" | "address" | "requestId"> {
  return {
    client: request.headers.get("user-agent")?.slice(0, mcpLimits.clientChars) ?? null,
    address: addressOf(request) ?? null,
    requestId: requestIdOf(request),
  };
}

/** The team a token request is about: what it says, else what its own code or token says. The library checks both against the grant. */
function teamOfRequest(origin: string, form: URLSearchParams): string | undefined {
  const resource = form.get("resource");
  if (resource !== null) return teamOfResource(origin, resource);
  const token = form.get("code") ?? form.get("refresh_token") ?? form.get("token");
  return token === null ? undefined : readGrantToken(token)?.team;
}

/** A client that gives back any token of its own is done: its connection ends, and with it every other token of the grant. */
async function endRevoked(
  request: Request,
  env: Env,
  origin: string,
  token: string,
  deleted: readonly string[],
): Promise<void> {
  const parts = readGrantToken(token);
  if (parts === undefined) return;
  const grant = `:${grantOwner(parts.team, parts.personId)}:${parts.grantId}`;
  if (!deleted.some((key) => `${key}:`.includes(`${grant}:`))) return;
  const ended = await teamClient(env.TEAM, parts.team)
    .connections()
    .endByClient(connectionOfGrant(parts.grantId), senderOf(request));
  if (ended !== undefined) await forgetGrant(env, origin, parts.team, ended);
}

function tooLarge(): AppError {
  const limit = oauthLimits.requestBytes;
  return new AppError("too_large", `This request may have ${limit} bytes (limit requestBytes); it has more.`, {
    hint: "Send only the parameters that OAuth defines.",
    details: { limit: "requestBytes", value: limit },
  });
}
