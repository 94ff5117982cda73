// /authorize: a person decides whether an OAuth client may act for them in one team. Runs at the edge.
import {
  AuthorizationError,
  type AuthRequest,
  authorizationErrorRedirect,
  CimdFetchError,
} from "@cloudflare/workers-oauth-provider";
import { scopes } from "../../core/define-tool.ts";
import { AppError, isAppError, undefinedOn } from "../../core/errors.ts";
import { logFailure } from "../../core/log.ts";
import { scopesOfRole } from "../../features/access/connections.ts";
import type { Membership } from "../../features/people/schema.ts";
import { oauthLimits } from "../../limits.ts";
import { personClient } from "../../platform/person-client.ts";
import { bodyText } from "../../platform/request-body.ts";
import { teamClient } from "../../platform/team-client.ts";
import { providerLabel, providerServes, readProviders } from "../sign-in/providers.ts";
import { readSession, requireSameOrigin, type Session, signInRedirect } from "../sign-in/session-cookie.ts";
import {
  canServeOAuth,
  connectionOfGrant,
  grantOwner,
  issuerOrigin,
  publicOrigin,
  readGrantToken,
  resourceOf,
  teamOfResource,
} from "./addresses.ts";
import { baselineScopes } from "./challenge.ts";
import { clientName, consentPage, messagePage } from "./consent-page.tsx";
import { libraryEnv } from "./library-env.ts";
import { forgetGrant, type GrantProps, rootServer, teamServer } from "./server.ts";
import { atOrigin, senderOf } from "./token.ts";

/** Answers GET and POST /authorize. What only a person can act on is shown as a page, what the client must know goes to its redirect URI. */
export async function answerAuthorize(raw: Request, env: Env): Promise<Response> {
  const origin = issuerOrigin(raw, env);
  if (!canServeOAuth(origin)) {
    return messagePage({
      status: 400,
      title: "OAuth needs https",
      lines: [`Apps can be connected here only over https; this server was reached as ${origin}.`],
    });
  }
  try {
    const isForm = raw.method === "POST";
    if (!isForm && publicOrigin(raw, env) !== origin) return redirect(atOrigin(raw, origin).url);
    if (!isForm) return await showConsent(atOrigin(raw, origin), env, origin);
    const body = await bodyText(raw, oauthLimits.requestBytes, () => startAgain("The form is too large."));
    const request = atOrigin(raw, origin, body);
    return await takeDecision(request, new URLSearchParams(body), env, { origin, sender: senderOf(raw) });
  } catch (error) {
    return explain(error);
  }
}

async function showConsent(request: Request, env: Env, origin: string): Promise<Response> {
  const url = new URL(request.url);
  const asked = url.searchParams.getAll("resource");
  if (asked.length === 0) return chooseTeam(request, env, origin);
  const team = asked.length === 1 ? teamOfResource(origin, asked[0] ?? "") : undefined;
  const api = (team === undefined ? rootServer(origin) : teamServer(origin, team)).getOAuthApi(libraryEnv(env));
  const authRequest = await api.parseAuthRequest(request);
  if (team === undefined) {
    return redirect(authorizationErrorRedirect(authRequest, "invalid_target", "resource names no team"));
  }
  if (authRequest.codeChallenge === undefined) {
    // The library leaves this to clients that hold a secret.
    return redirect(authorizationErrorRedirect(authRequest, "invalid_request", "code_challenge is required"));
  }
  const session = await readSession(request, env);
  if (session === undefined) return signInRedirect(request, url.pathname + url.search);
  const admitted = await admit(env, team, session, url.pathname + url.search);
  if (admitted instanceof Response) return admitted;
  const client = await api.describeConsent(authRequest);
  const { handle, headers } = await api.beginConsent(authRequest);
  return consentPage({ session, team, membership: admitted, client, handle, headers });
}

/** A client that does not say which team it means: the person's only one, or the one they pick. */
async function chooseTeam(request: Request, env: Env, origin: string): Promise<Response> {
  const url = new URL(request.url);
  const session = await readSession(request, env);
  if (session === undefined) return signInRedirect(request, url.pathname + url.search);
  const teams = await personClient(env, session.personId).teams();
  const linkTo = (team: string): string => {
    url.searchParams.set("resource", resourceOf(origin, team));
    return url.pathname + url.search;
  };
  const [first] = teams;
  if (first !== undefined && teams.length === 1) return redirect(linkTo(first));
  return messagePage({
    status: teams.length === 0 ? 403 : 200,
    title: teams.length === 0 ? "You are in no team yet" : "Which team is it for?",
    lines: [
      teams.length === 0
        ? "Open an invitation to a team, or create one; then connect again from the app."
        : "The app did not say. It will be connected to the team that you choose, and to no other.",
    ],
    session,
    links: teams.map((team) => ({ href: linkTo(team), text: team })),
  });
}

/** The issuer, and who sent the form, for the audit log. */
interface Here {
  origin: string;
  sender: ReturnType<typeof senderOf>;
}

async function takeDecision(request: Request, form: URLSearchParams, env: Env, here: Here): Promise<Response> {
  const { origin } = here;
  requireSameOrigin(request);
  const session = await readSession(request, env);
  if (session === undefined || form.get("csrf") !== session.csrf) {
    throw startAgain("You have signed in or out since this page was opened.");
  }
  const handle = form.get("handle") ?? "";
  const api = rootServer(origin).getOAuthApi(libraryEnv(env));
  if (form.get("decision") !== "allow") {
    const denied = await api.denyConsent(request, handle);
    return redirect(denied.redirectTo, denied.headers);
  }
  const ticked = scopes.filter((scope) => baselineScopes.includes(scope) || form.getAll("scope").includes(scope));
  const approved = await api.approveConsent(request, handle, { scope: ticked });
  const team = teamOfResource(origin, approved.request.resource ?? "");
  if (team === undefined) throw startAgain("The request names no team.");
  const admitted = await admit(env, team, session, "/");
  if (admitted instanceof Response) return admitted;
  const redirectTo = await connect(env, here, { team, session, admitted, asked: approved.request });
  return redirect(redirectTo, approved.headers);
}

/** Makes the grant, then the connection it stands on. Without the second the code of the first never leaves, so it cannot be used. */
async function connect(
  env: Env,
  { origin, sender }: Here,
  consent: { team: string; session: Session; admitted: Membership; asked: AuthRequest },
): Promise<string> {
  const { team, session, admitted, asked } = consent;
  const api = teamServer(origin, team).getOAuthApi(libraryEnv(env));
  const client = await api.describeConsent(asked);
  const granted = scopesOfRole(admitted.role).filter((scope) => asked.scope.includes(scope));
  const { redirectTo } = await api.completeAuthorization({
    request: asked,
    userId: grantOwner(team, session.personId),
    metadata: {},
    scope: granted,
    props: { team } satisfies GrantProps,
  });
  const grantId = readGrantToken(new URL(redirectTo).searchParams.get("code") ?? "")?.grantId;
  if (grantId === undefined) throw new Error("the OAuth library made a code of another form");
  const id = connectionOfGrant(grantId);
  const connections = teamClient(env.TEAM, team).connections();
  const input = {
    id,
    clientId: asked.clientId,
    clientName: clientName(client),
    redirectHost: new URL(asked.redirectUri).host,
    scopes: granted,
    isSharedClient: client.clientDomain !== undefined,
  };
  const { personId, sessionId, provider } = session;
  try {
    const replaced = await connections.openConnection({ id: sessionId, personId, provider }, input, sender);
    // The library has removed grants of the same client already; these are the ones over the limit.
    await Promise.all(replaced.map((ended) => forgetGrant(env, origin, team, ended)));
  } catch (error) {
    await forgetGrant(env, origin, team, { id, personId });
    throw error;
  }
  return redirectTo;
}

/** The membership, or the page that says why there is none: the same for a team that does not exist and one the person is not in. */
async function admit(env: Env, team: string, session: Session, here: string): Promise<Membership | Response> {
  const membership = await membershipOf(env, team, session.personId);
  if (membership === undefined) {
    return messagePage({
      status: 403,
      title: `You are not in a team “${team}”`,
      lines: [
        `You are signed in as ${session.displayName}. Ask an admin of the team for an invitation and open it, then connect again from the app.`,
        "If you belong to it under another account, sign out above and connect again.",
      ],
      session,
    });
  }
  const { signInProviders } = membership;
  const isAllowed = signInProviders === null || signInProviders.includes(session.provider);
  if (isAllowed && providerServes(env, session.provider, team)) return membership;
  const config = readProviders(env);
  const accepted = signInProviders?.map((id) => providerLabel(config, id)).join(", ");
  return messagePage({
    status: 403,
    title: `The team “${team}” asks for another sign-in`,
    lines: [
      `You signed in through ${providerLabel(config, session.provider)}, which is not for this team.${accepted === undefined ? "" : ` It accepts: ${accepted}.`}`,
    ],
    session,
    links: [{ href: `/sign-in?return_to=${encodeURIComponent(here)}`, text: "Sign in another way" }],
  });
}

function membershipOf(env: Env, team: string, personId: string): Promise<Membership | undefined> {
  return undefinedOn(["not_found", "team_deleted"], teamClient(env.TEAM, team).people().membershipOf(personId));
}

function startAgain(why: string): AppError {
  return new AppError("invalid_argument", why, { hint: "Go back to the app and connect again." });
}

/** What went wrong, to the client where its redirect URI is known to be its own, else to the person. */
async function explain(error: unknown): Promise<Response> {
  if (error instanceof AuthorizationError && error.redirectTo !== undefined) return redirect(error.redirectTo);
  const title = "This app could not be connected";
  const again = "Go back to the app and connect again. If it stays so, its maker has to look into it.";
  if (error instanceof AuthorizationError) {
    return messagePage({ status: 400, title, lines: [`${error.description}.`, again] });
  }
  if (error instanceof CimdFetchError) {
    logFailure("oauth_client_metadata", { reason: error.reason, detail: error.detail });
    return messagePage({
      status: 400,
      title,
      lines: ["The description that the app publishes cannot be read.", again],
    });
  }
  if (!isAppError(error)) throw error;
  const status = error.code === "team_unavailable" ? 503 : error.code === "forbidden" ? 403 : 400;
  return messagePage({ status, title, lines: [error.message, error.hint ?? again] });
}

function redirect(location: string, headers: Headers = new Headers()): Response {
  headers.set("location", location);
  headers.set("cache-control", "no-store");
  return new Response(null, { status: 303, headers });
}
