// Under which addresses this deployment is known to OAuth clients. Runs at the edge.
import { teamSlugSchema } from "../../core/names.ts";

/** 127.0.0.1 and localhost are one machine, but only the second is a name, which browsers bind passkeys to. */
const loopbackNumber = "127.0.0.1";
const loopbackName = "localhost";

/** The origin that people and clients use: PUBLIC_ORIGIN where the operator has set it, else that of the request. */
export function publicOrigin(request: Request, env: object): string {
  const set: unknown = Reflect.get(env, "PUBLIC_ORIGIN");
  return new URL(typeof set === "string" && URL.canParse(set) ? set : request.url).origin;
}

/** The OAuth issuer, where people consent: the public origin, on this machine always by name. */
export function issuerOrigin(request: Request, env: object): string {
  const url = new URL(publicOrigin(request, env));
  if (url.protocol === "http:" && url.hostname === loopbackNumber) url.hostname = loopbackName;
  return url.origin;
}

/** The origins under which an issuer's teams are reached: its own, and on this machine the number too. */
function originsOf(issuer: string): string[] {
  const url = new URL(issuer);
  if (url.protocol !== "http:" || url.hostname !== loopbackName) return [issuer];
  url.hostname = loopbackNumber;
  return [issuer, url.origin];
}

/** Everything an issuer calls this team's resource. */
export function resourcesOf(issuer: string, team: string): string[] {
  return originsOf(issuer).map((origin) => resourceOf(origin, team));
}

/** OAuth needs https; plain http is for a server on the same machine. */
export function canServeOAuth(origin: string): boolean {
  const { protocol, hostname } = new URL(origin);
  return protocol === "https:" || /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(hostname);
}

/** A team's OAuth resource (RFC 8707): what its access tokens are for. */
export function resourceOf(origin: string, team: string): string {
  return `${origin}/t/${team}/mcp`;
}

/** Where the metadata of that resource is (RFC 9728). */
export function resourceMetadataUrl(origin: string, team: string): string {
  return `${origin}/.well-known/oauth-protected-resource/t/${team}/mcp`;
}

/** The team that a resource of this issuer names, whether or not there is such a team; undefined when it names none. */
export function teamOfResource(issuer: string, resource: string): string | undefined {
  if (!URL.canParse(resource)) return undefined;
  const url = new URL(resource);
  const slug = originsOf(issuer).includes(url.origin) ? /^\/t\/([^/]+)\/mcp$/.exec(url.pathname)?.[1] : undefined;
  return teamSlugSchema.safeParse(slug).success ? slug : undefined;
}

/** The parts of a code or token of ours, `<team>.<person>:<grant>:<secret>`; undefined for any other text. */
export function readGrantToken(token: string): { team: string; personId: string; grantId: string } | undefined {
  const match = /^([a-z0-9-]{1,40})\.([A-Za-z0-9_-]{1,60}):([A-Za-z0-9_-]{1,40}):[A-Za-z0-9_-]{1,100}$/.exec(token);
  const [, team, personId, grantId] = match ?? [];
  return team === undefined || personId === undefined || grantId === undefined
    ? undefined
    : { team, personId, grantId };
}

/** Whom the OAuth library's grants are filed under: a person in a team, so that each team has grants of its own. */
export function grantOwner(team: string, personId: string): string {
  return `${team}.${personId}`;
}

const connectionPrefix = "con_";

/** The connection of a grant, and the grant of a connection. */
export const connectionOfGrant = (grantId: string): string => connectionPrefix + grantId;
export const grantOfConnection = (connectionId: string): string => connectionId.slice(connectionPrefix.length);
