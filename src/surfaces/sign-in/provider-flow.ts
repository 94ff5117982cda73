// The way to an identity provider and back: a sign-in, or an account added to who is signed in. Runs at the edge.
import * as oauth from "oauth4webapi";
import { AppError } from "../../core/errors.ts";
import type { Identity } from "../../features/sign-in/schema.ts";
import { cleanName, personOfIdentity } from "../../features/sign-in/sign-in.ts";
import { personClient } from "../../platform/person-client.ts";
import { publicOrigin } from "../oauth/addresses.ts";
import { startSession } from "./complete.ts";
import { type ExternalAccount, notOurSignIn, requireDomain } from "./external.ts";
import { seeOther } from "./form.ts";
import { githubAccount, githubAuthorizationUrl } from "./github.ts";
import { oidcAccount, oidcAuthorizationUrl } from "./oidc.ts";
import { clearedPending, type PendingProvider, pendingCookie, readPending } from "./pending.ts";
import { type Provider, readProviders } from "./providers.ts";
import { readSession, requireOwnWays, type Session, safeReturnTo } from "./session-cookie.ts";

/** Sends the browser to the provider. With `link`, the account it comes back with is added to the signed-in person. */
export async function startProvider(request: Request, env: Env, id: string): Promise<Response> {
  const provider = requireProvider(env, id);
  const query = new URL(request.url).searchParams;
  const link = query.get("link");
  const pending: PendingProvider = {
    provider: id,
    state: oauth.generateRandomState(),
    nonce: oauth.generateRandomNonce(),
    verifier: oauth.generateRandomCodeVerifier(),
    returnTo: safeReturnTo(request, query.get("return_to")),
    ...(link === null ? {} : { linkTo: (await requireLinking(request, env, link)).personId }),
  };
  const redirectUri = redirectUriOf(request, env, id);
  const url =
    provider.kind === "github"
      ? await githubAuthorizationUrl(provider, redirectUri, pending)
      : await oidcAuthorizationUrl(provider, redirectUri, pending);
  return seeOther(url.href, await pendingCookie(env, "provider", pending, Date.now()));
}

/** Takes the browser back from the provider. Throws `sign_in_failed`, saying what to do. */
export async function finishProvider(request: Request, env: Env, id: string): Promise<Response> {
  const provider = requireProvider(env, id);
  const callback = new URL(request.url);
  const pending = await readPending(request, env, "provider", Date.now());
  if (pending?.provider !== id || callback.searchParams.get("state") !== pending.state) throw notOurSignIn();
  const redirectUri = redirectUriOf(request, env, id);
  const account =
    provider.kind === "github"
      ? await githubAccount(provider, redirectUri, callback, pending)
      : await oidcAccount(provider, redirectUri, callback, pending);
  requireDomain(provider, account);
  const identity = identityOf(provider, account);
  const cookie =
    pending.linkTo === undefined
      ? await signIn(request, env, identity, account)
      : await link(request, env, identity, pending.linkTo);
  return seeOther(pending.returnTo, clearedPending("provider"), ...cookie);
}

/** Opens a session of the person that the account stands for, or was added to. */
async function signIn(request: Request, env: Env, identity: Identity, account: ExternalAccount): Promise<string[]> {
  const own = await personOfIdentity(identity.issuer, identity.subject);
  const displayName = cleanName(account.name) ?? "New person";
  const first = await startSession(request, env, own, identity.provider, (session) =>
    personClient(env, own).signInWithIdentity({ personId: own, displayName }, identity, session),
  );
  if ("cookie" in first) return [first.cookie];
  const { linkedTo } = first.other;
  const second = await startSession(request, env, linkedTo, identity.provider, (session) =>
    personClient(env, linkedTo).signInAsLinked(identity, session),
  );
  if ("cookie" in second) return [second.cookie];
  // It was removed from that person, and what pointed there stayed behind.
  await personClient(env, own).linkTo({ personId: own, displayName }, null);
  return signIn(request, env, identity, account);
}

/** Adds the account to the person who is signed in and asked for it. */
async function link(request: Request, env: Env, identity: Identity, personId: string): Promise<string[]> {
  const session = await readSession(request, env);
  if (session?.personId !== personId) throw notOurSignIn();
  requireOwnWays(env, session);
  const own = await personOfIdentity(identity.issuer, identity.subject);
  if (own !== personId) {
    await personClient(env, own).linkTo({ personId: own, displayName: session.displayName }, personId);
  }
  await personClient(env, personId).addIdentity(identity);
  return [];
}

/** Only a page of this session knows its csrf text, so no other site can have its own account added here. */
async function requireLinking(request: Request, env: Env, proof: string): Promise<Session> {
  const session = await readSession(request, env);
  if (session !== undefined && session.csrf === proof) {
    requireOwnWays(env, session);
    return session;
  }
  throw new AppError("forbidden", "This link is not from your own account page, so nothing was done.", {
    hint: "Open your account page and use its button.",
  });
}

function requireProvider(env: Env, id: string): Provider {
  const provider = readProviders(env).providers.find((candidate) => candidate.id === id);
  if (provider !== undefined) return provider;
  throw new AppError("not_found", "There is no such way to sign in here.", {
    hint: "The sign-in page lists those there are.",
  });
}

function redirectUriOf(request: Request, env: Env, id: string): string {
  return `${publicOrigin(request, env)}/sign-in/${id}/callback`;
}

function identityOf(provider: Provider, { issuer, subject, email, emailVerified }: ExternalAccount): Identity {
  return { issuer, subject, provider: provider.id, email, emailVerified };
}
