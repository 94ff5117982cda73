// The sign-in page, the way to identity providers and back, and the way out. Runs at the edge.
import { Hono } from "hono";
import { renderPage } from "../pages/page.tsx";
import { renderProblem } from "../pages/problem-page.tsx";
import type { LoggedRoutes } from "../request-log.ts";
import { endSession } from "./complete.ts";
import { countFailure, requireNotBlocked } from "./failures.ts";
import { readForm, seeOther } from "./form.ts";
import { type Offer, offerFor } from "./offers.ts";
import { passkeyRoutes } from "./passkeys.ts";
import { clearedPending } from "./pending.ts";
import { finishProvider, startProvider } from "./provider-flow.ts";
import { providerLabel, readProviders } from "./providers.ts";
import { clearedSessionCookie, readSession, type Session, safeReturnTo } from "./session-cookie.ts";
import { Ways } from "./ways.tsx";

export const signInRoutes = new Hono<LoggedRoutes>()
  .route("/sign-in/passkey", passkeyRoutes)
  .get("/sign-in", async (c) => {
    const url = new URL(c.req.url);
    const team = url.searchParams.get("team");
    const asked = url.searchParams.get("return_to") ?? (team === null ? "/" : `/?${new URLSearchParams({ team })}`);
    const returnTo = safeReturnTo(c.req.raw, asked);
    const [offer, session] = await Promise.all([offerFor(c.env, returnTo), readSession(c.req.raw, c.env)]);
    const way = providerLabel(readProviders(c.env), session?.provider ?? "");
    return signInPage({ offer, session, way, returnTo, url });
  })
  .get("/sign-in/:provider", (c) => {
    requireNotBlocked(c.req.raw);
    return startProvider(c.req.raw, c.env, c.req.param("provider"));
  })
  .get("/sign-in/:provider/callback", (c) => {
    requireNotBlocked(c.req.raw);
    return finishProvider(c.req.raw, c.env, c.req.param("provider"));
  })
  .post("/sign-out", async (c) => {
    await readForm(c.req.raw);
    const session = await readSession(c.req.raw, c.env);
    if (session !== undefined) await endSession(c.env, session.personId, session.sessionId);
    return seeOther("/", clearedSessionCookie());
  })
  .onError(async (error, c) =>
    renderProblem(await countFailure(c.req.raw, c.env, error), {
      requestId: c.get("requestId"),
      headers: { "set-cookie": clearedPending("provider") },
      next: { href: "/sign-in", label: "Back to sign-in" },
    }),
  );

interface SignInPage {
  offer: Offer;
  session: Session | undefined;
  /** How the session signed in. */
  way: string;
  returnTo: string;
  url: URL;
}

function signInPage({ offer, session, way, returnTo, url }: SignInPage): Promise<Response> {
  const { config, team, hasTeamsOwn } = offer;
  const hasWays = config.providers.length > 0 || config.passkeys;
  if (!hasWays && !hasTeamsOwn) return noWaysPage(offer, session);
  return renderPage({
    title: "Sign in",
    script: "passkey.js",
    person: session,
    narrow: true,
    children: (
      <>
        <h1>{team === undefined ? "Sign in" : `Sign in to ${team}`}</h1>
        <Faults offer={offer} />
        {session === undefined ? null : (
          <div class="notice">
            <p>
              You are signed in as {session.displayName} ({way}).{" "}
              <a href={returnTo}>Continue as {session.displayName}</a>, or sign in another way.
            </p>
          </div>
        )}
        {hasWays ? (
          <div class="card">
            <Ways config={config} returnTo={returnTo} url={url} />
          </div>
        ) : null}
        <p class="muted">New here? Open the invitation link that someone of your team sent you.</p>
        {hasTeamsOwn ? <TeamForm /> : null}
      </>
    ),
  });
}

/** For people of teams with an identity provider of their own. */
function TeamForm() {
  return (
    <form class="card" method="get" action="/sign-in">
      <div class="field">
        <label for="team">Does your team have a sign-in of its own?</label>
        <input id="team" name="team" type="text" required maxlength={40} placeholder="The team's name in its URL" />
      </div>
      <button type="submit" class="quiet">
        Show it
      </button>
    </form>
  );
}

/** What the operator has to correct, by the names of the variables alone. */
function Faults({ offer }: { offer: Offer }) {
  const { faults } = offer.config;
  if (faults.length === 0) return null;
  return (
    <div class="warning" role="alert">
      <p>
        Some ways to sign in are missing here, because this server's configuration has mistakes. Its operator corrects:
      </p>
      <ul>
        {faults.map(({ variable, problem }) => (
          <li>
            <code>{variable}</code> {problem}
          </li>
        ))}
      </ul>
    </div>
  );
}

function noWaysPage(offer: Offer, session: Session | undefined): Promise<Response> {
  const { faults } = offer.config;
  return renderPage({
    title: "Sign-in is not set up",
    status: faults.length > 0 ? 500 : 503,
    person: session,
    narrow: true,
    children: (
      <>
        <h1>Sign-in is not set up</h1>
        <Faults offer={offer} />
        <div class="card">
          {offer.team === undefined ? (
            <p>
              This server offers no way to sign in. Its operator configures an identity provider, or passkeys with{" "}
              <code>PASSKEYS=on</code>; the guide is docs/guides/sign-in.md.
            </p>
          ) : (
            <p>
              No way to sign in that the team {offer.team} accepts is set up on this server. An admin of the team
              changes its sign_in_providers, or the operator configures one of them.
            </p>
          )}
          <p>
            <a class="button" href="/">
              Go to the home page
            </a>
          </p>
        </div>
      </>
    ),
  });
}
