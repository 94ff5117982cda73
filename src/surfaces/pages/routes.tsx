// The pages of who is signed in: home, account, a new team. Runs at the edge.
import { Hono, type MiddlewareHandler } from "hono";
import { AppError } from "../../core/errors.ts";
import { cleanName, personOfIdentity } from "../../features/sign-in/sign-in.ts";
import { signInLimits } from "../../limits.ts";
import { personClient } from "../../platform/person-client.ts";
import type { LoggedRoutes } from "../request-log.ts";
import { endAllSessions, endSession } from "../sign-in/complete.ts";
import { createMyTeam, mayCreateTeam } from "../sign-in/create-team.ts";
import { readForm, seeOther } from "../sign-in/form.ts";
import { readProviders } from "../sign-in/providers.ts";
import {
  clearedSessionCookie,
  readSession,
  requireOwnWays,
  type Session,
  signInRedirect,
} from "../sign-in/session-cookie.ts";
import { accountPage, lastWayPage } from "./account.tsx";
import { connectedApps, endApp } from "./apps.tsx";
import { homePage, restoreMyTeam, welcomePage } from "./home.tsx";
import { newTeamPage } from "./new-team.tsx";
import { renderProblem } from "./problem-page.tsx";

interface PageRoutes {
  Bindings: Env;
  Variables: LoggedRoutes["Variables"] & { session: Session; form: URLSearchParams };
}

/** Behind it a person is signed in, and a form was sent by one of our own pages. */
const signedIn: MiddlewareHandler<PageRoutes> = async (c, next) => {
  const session = await readSession(c.req.raw, c.env);
  const url = new URL(c.req.url);
  // What a form wanted is lost with the session: the page it was on is where to go on.
  const page = url.pathname.startsWith("/account") ? "/account" : url.pathname;
  if (session === undefined) return signInRedirect(c.req.raw, page);
  c.set("session", session);
  if (c.req.method === "POST") c.set("form", await readForm(c.req.raw));
  await next();
};

const ownPages = new Hono<PageRoutes>()
  .use("/account/*", signedIn)
  .use("/teams/*", signedIn)
  .get("/account", async (c) => {
    const session = c.get("session");
    const account = await personClient(c.env, session.personId).account();
    if (account === undefined) return signInRedirect(c.req.raw, "/account");
    const apps = await connectedApps(c.req.raw, c.env, session);
    return accountPage({ account, apps, session, config: readProviders(c.env), url: new URL(c.req.url) });
  })
  .post("/account/name", async (c) => {
    const name = requireText(cleanName(c.get("form").get("display_name")), "A name");
    await personClient(c.env, c.get("session").personId).rename(name);
    return seeOther("/account?done=name");
  })
  .post("/account/sessions/revoke", async (c) => {
    const id = c.get("form").get("id") ?? "";
    const { personId, sessionId } = c.get("session");
    await endSession(c.env, personId, id);
    return id === sessionId ? seeOther("/", clearedSessionCookie()) : seeOther("/account?done=session");
  })
  .post("/account/sign-out-everywhere", async (c) => {
    await endAllSessions(c.env, c.get("session").personId);
    return seeOther("/", clearedSessionCookie());
  })
  .post("/account/apps/disconnect", async (c) => {
    const form = c.get("form");
    const app = { slug: form.get("team") ?? "", id: form.get("id") ?? "" };
    await endApp(c.req.raw, c.env, c.get("session"), app);
    return seeOther("/account?done=disconnected");
  })
  .post("/account/passkeys/rename", async (c) => {
    const form = c.get("form");
    const label = requireText(cleanName(form.get("label"), signInLimits.passkeyLabelChars), "A name for the passkey");
    await personClient(c.env, c.get("session").personId).renamePasskey(form.get("id") ?? "", label);
    return seeOther("/account?done=passkey-renamed");
  })
  .post("/account/passkeys/remove", async (c) => {
    const form = c.get("form");
    const session = c.get("session");
    requireOwnWays(c.env, session);
    const id = form.get("id") ?? "";
    const outcome = await personClient(c.env, session.personId).removePasskey(id, form.get("confirm") === "yes");
    if (outcome === "last") return lastWayPage(session, { action: "/account/passkeys/remove", fields: { id } });
    return seeOther("/account?done=removed");
  })
  .post("/account/identities/remove", async (c) => {
    const form = c.get("form");
    const session = c.get("session");
    requireOwnWays(c.env, session);
    const [issuer, subject] = [form.get("issuer") ?? "", form.get("subject") ?? ""];
    const isConfirmed = form.get("confirm") === "yes";
    const outcome = await personClient(c.env, session.personId).removeIdentity(issuer, subject, isConfirmed);
    if (outcome === "last") {
      const comesBack = (await personOfIdentity(issuer, subject)) === session.personId;
      return lastWayPage(session, { action: "/account/identities/remove", fields: { issuer, subject }, comesBack });
    }
    if (outcome === "removed") await unlink(c.env, session, issuer, subject);
    return seeOther("/account?done=removed");
  })
  .post("/teams/restore", async (c) => {
    const slug = c.get("form").get("team") ?? "";
    await restoreMyTeam(c.req.raw, c.env, c.get("session"), slug);
    return seeOther(`/?${new URLSearchParams({ restored: slug })}`);
  })
  .get("/teams/new", (c) => {
    requireMayCreate(c.env, c.get("session"));
    return newTeamPage(c.req.raw, c.env, c.get("session"));
  })
  .post("/teams/new", async (c) => {
    const form = c.get("form");
    const session = c.get("session");
    requireMayCreate(c.env, session);
    const input = { slug: (form.get("slug") ?? "").trim(), name: (form.get("name") ?? "").trim() };
    try {
      const joined = await createMyTeam(c.req.raw, c.env, session, { ...input, requestId: c.get("requestId") });
      return seeOther(`/?${new URLSearchParams({ joined })}`);
    } catch (error) {
      return newTeamPage(c.req.raw, c.env, session, { input, error });
    }
  });

ownPages.onError((error, c) => renderProblem(error, { requestId: c.get("requestId"), person: c.get("session") }));

export const pageRoutes = new Hono<LoggedRoutes>()
  .get("/", async (c) => {
    const session = await readSession(c.req.raw, c.env);
    return session === undefined ? welcomePage() : homePage(c.req.raw, c.env, session);
  })
  .onError((error, c) => renderProblem(error, { requestId: c.get("requestId") }))
  .route("/", ownPages);

/** What points from the removed account to this person goes too. */
async function unlink(env: Env, { personId, displayName }: Session, issuer: string, subject: string): Promise<void> {
  const own = await personOfIdentity(issuer, subject);
  if (own !== personId) await personClient(env, own).linkTo({ personId: own, displayName }, null);
}

function requireMayCreate(env: Env, session: Session): void {
  if (mayCreateTeam(env, session)) return;
  throw new AppError("forbidden", "This deployment does not let you create teams.", {
    hint: "Ask its operator for a team, or whoever runs yours for an invitation.",
  });
}

function requireText(text: string | undefined, what: string): string {
  if (text !== undefined) return text;
  throw new AppError("invalid_argument", `${what} is needed.`, { hint: "Go back and enter one." });
}
