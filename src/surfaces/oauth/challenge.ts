// The WWW-Authenticate header of a team's addresses: what a client must bring, and where it learns how (RFC 6750, RFC 9728). Runs at the edge.
import { type Scope, scopes } from "../../core/define-tool.ts";
import { type AppError, isAppError } from "../../core/errors.ts";
import { isRecord } from "../../core/exact-json.ts";
import { teamSlugSchema } from "../../core/names.ts";
import { canServeOAuth, publicOrigin, resourceMetadataUrl } from "./addresses.ts";

/** What a client asks for first; it asks for more once it needs it. */
export const baselineScopes: readonly Scope[] = ["data:read"];

/** The challenge that goes with an error of a team's address; undefined for errors that no other credential would cure. */
export function teamChallenge(request: Request, env: object, error: unknown): string | undefined {
  const origin = publicOrigin(request, env);
  const team = /^\/t\/([^/]+)(?:\/|$)/.exec(new URL(request.url).pathname)?.[1];
  if (team === undefined || !isAppError(error)) return undefined;
  if (!teamSlugSchema.safeParse(team).success || !canServeOAuth(origin)) return undefined;
  const metadataUrl = resourceMetadataUrl(origin, team);
  if (error.code === "unauthorized") {
    const presented = isRecord(error.details) && error.details.presented === true;
    return bearerChallenge(metadataUrl, baselineScopes, presented ? "invalid_token" : undefined);
  }
  return error.code === "insufficient_scope" ? scopeChallenge(metadataUrl, error) : undefined;
}

/** The challenge of a refusal for want of a scope: it names every scope the credential has and the one it lacks, so that asking once is enough. */
export function scopeChallenge(metadataUrl: string, { details }: AppError): string {
  const named = [...(Array.isArray(details?.scopes) ? details.scopes : []), details?.needs];
  const wanted = scopes.filter((scope) => named.includes(scope));
  return bearerChallenge(metadataUrl, wanted, "insufficient_scope");
}

function bearerChallenge(metadataUrl: string, wanted: readonly Scope[], error: string | undefined): string {
  const parts = [
    'realm="super-data"',
    ...(error === undefined ? [] : [`error="${error}"`]),
    `resource_metadata="${metadataUrl}"`,
    `scope="${wanted.join(" ")}"`,
  ];
  return `Bearer ${parts.join(", ")}`;
}
