// A signed-in browser: the cookie it carries and what the server makes of it. Runs at the edge.
import { AppError } from "../../core/errors.ts";
import { base64Url, sha256Hex } from "../../core/ids.ts";
import { personClient } from "../../platform/person-client.ts";
import { clearCookie, readCookie, setCookie } from "./cookies.ts";
import { isForEveryone, readProviders } from "./providers.ts";

const cookieName = "__Host-session";
const secretBytes = 32;

/** Who is signed in with this browser, as of this request. */
export interface Session {
  personId: string;
  sessionId: string;
  /** How they signed in: a provider's id, `passkey` or `link`. */
  provider: string;
  displayName: string;
  /** Unix milliseconds: the sooner of idle and absolute expiry. */
  expiresAt: number;
  /** Addresses verified by providers that this deployment offers to everyone. */
  verifiedEmails: string[];
  /** The same with providers that are for some teams alone: `verifiedEmailsFor` says which count where. */
  emails: readonly { email: string; provider: string }[];
  /** A text that only pages of this session know, for what a form or link must prove. */
  csrf: string;
}

/** The session of a request, or undefined when nobody is signed in. Asks the person's object, so a revoked session ends at once. */
export async function readSession(request: Request, env: Env): Promise<Session | undefined> {
  const cookie = parseCookie(readCookie(request, cookieName));
  if (cookie === undefined) return undefined;
  const found = await personClient(env, cookie.personId).findSession(await sha256Hex(cookie.secret));
  if (found === undefined) return undefined;
  const csrf = (await sha256Hex(`csrf ${cookie.secret}`)).slice(0, 43);
  return { personId: cookie.personId, ...found, verifiedEmails: trustedEmails(env, found.emails), csrf };
}

/** The addresses that count in a team: also those that a provider of that team alone has verified. */
export function verifiedEmailsFor(session: Session, env: Env, team: string): string[] {
  return trustedEmails(env, session.emails, team);
}

/** A provider that was taken out of the configuration, or is for other teams, vouches for nobody. */
function trustedEmails(env: Env, emails: Session["emails"], team?: string): string[] {
  const { providers } = readProviders(env);
  const trusted = emails.filter(({ provider }) => {
    const found = providers.find(({ id }) => id === provider);
    return found !== undefined && (found.teams === undefined || (team !== undefined && found.teams.includes(team)));
  });
  return [...new Set(trusted.map(({ email }) => email))];
}

/** A new session's secret: what its cookie holds and the digest its person's object keeps. */
export async function makeSessionSecret(personId: string): Promise<{ cookie: string; hash: string }> {
  const secret = base64Url(crypto.getRandomValues(new Uint8Array(secretBytes)));
  return { cookie: `${personId}.${secret}`, hash: await sha256Hex(secret) };
}

/** The `Set-Cookie` value of a session. */
export function sessionCookie(cookie: string, maxAgeMs: number): string {
  return setCookie(cookieName, cookie, maxAgeMs);
}

/** The `Set-Cookie` value that forgets it. */
export function clearedSessionCookie(): string {
  return clearCookie(cookieName);
}

/** Sends a browser to the sign-in page, and back to `returnTo` (a path of this origin) once it is done. */
export function signInRedirect(request: Request, returnTo: string): Response {
  const url = new URL("/sign-in", request.url);
  const path = safeReturnTo(request, returnTo);
  if (path !== "/") url.searchParams.set("return_to", path);
  return new Response(null, {
    status: 303,
    headers: { location: url.pathname + url.search, "cache-control": "no-store" },
  });
}

/** `returnTo` as a path of this origin; `/` for anything else. */
export function safeReturnTo(request: Request, returnTo: string | null | undefined): string {
  if (returnTo === null || returnTo === undefined || !/^\/(?![/\\])/.test(returnTo)) return "/";
  const origin = new URL(request.url).origin;
  try {
    const url = new URL(returnTo, origin);
    // Removing dot segments can leave two slashes in front, which a browser takes for another host.
    return url.origin === origin && !url.pathname.startsWith("//") ? url.pathname + url.search : "/";
  } catch {
    return "/";
  }
}

/** Throws `forbidden` unless a page of this very origin sent the request. For every request that changes something for a cookie's owner. */
export function requireSameOrigin(request: Request): void {
  // Browsers alone write this header. Older ones do not, nor do any on plain http; they say where a form was sent from.
  const site = request.headers.get("sec-fetch-site");
  const isOurs = site === null ? request.headers.get("origin") === new URL(request.url).origin : site === "same-origin";
  if (isOurs) return;
  throw new AppError("forbidden", "This request did not come from a page of this site, so nothing was done.", {
    hint: "Open the page here and use its own buttons.",
  });
}

/**
 * Throws `forbidden` for a session that only some teams accept, where it would change how its person signs in: else whoever runs those teams'
 * identity provider could give themselves a way into the person's other teams.
 */
export function requireOwnWays(env: Env, { provider }: Session): void {
  if (isForEveryone(readProviders(env), provider)) return;
  throw new AppError(
    "forbidden",
    "You signed in with an account of some teams alone, so your other ways to sign in stay as they are.",
    {
      hint: "Sign in another way first, then change them on your account page.",
    },
  );
}

function parseCookie(text: string | undefined): { personId: string; secret: string } | undefined {
  const found = /^(per_[A-Za-z0-9_-]{22,43})\.([A-Za-z0-9_-]{43})$/.exec(text ?? "");
  const [, personId, secret] = found ?? [];
  return personId === undefined || secret === undefined ? undefined : { personId, secret };
}
