// The dashboard: a team's pages, below /t/:team. Runs at the edge.
import { Hono } from "hono";
import { isAppError } from "../../core/errors.ts";
import { guarded } from "../../features/access/access.ts";
import { teamChallenge } from "../oauth/challenge.ts";
import { securityHeaders } from "../pages/page.tsx";
import { renderProblem } from "../pages/problem-page.tsx";
import { problemResponse } from "../rest/problem.ts";
import { requestIdOf } from "../session.ts";
import { readSession, signInRedirect } from "../sign-in/session-cookie.ts";
import { activityRoutes } from "./activity/routes.tsx";
import { datasetsRoutes } from "./datasets/routes.tsx";
import { homeRoutes } from "./home/routes.tsx";
import { libraryRoutes } from "./library/routes.tsx";
import { monitoringRoutes } from "./monitoring/routes.tsx";
import { teamProblem } from "./page.tsx";
import { findByName } from "./palette.tsx";
import { peopleRoutes } from "./people/routes.tsx";
import { playgroundRoutes } from "./playground/routes.tsx";
import { proposalsRoutes } from "./proposals/routes.tsx";
import type { DashboardRoutes } from "./routes.ts";
import { settingsRoutes } from "./settings/routes.tsx";
import { tablesRoutes } from "./tables/routes.tsx";

export const dashboardRoutes = new Hono<DashboardRoutes>()
  .get("/find", guarded("self:read"), (c) => {
    const found = findByName(c.get("call"), c.req.query("q") ?? "");
    return c.html(
      <>
        {found.map(({ kind, label, href }, index) => (
          <a role="option" id={`found-${index}`} aria-selected={index === 0 ? "true" : "false"} href={href}>
            <bdi>{label}</bdi> <span class="tag">{kind}</span>
          </a>
        ))}
        {found.length === 0 ? <p class="muted">Nothing of that name.</p> : null}
      </>,
      200,
      securityHeaders(),
    );
  })
  .route("/", homeRoutes)
  .route("/datasets", datasetsRoutes)
  .route("/tables", tablesRoutes)
  .route("/library", libraryRoutes)
  .route("/playground", playgroundRoutes)
  .route("/proposals", proposalsRoutes)
  .route("/activity", activityRoutes)
  .route("/monitoring", monitoringRoutes)
  .route("/people", peopleRoutes)
  .route("/settings", settingsRoutes)
  .onError((error, c) =>
    isForPage(c.req.raw)
      ? teamProblem(c, error)
      : problemResponse(error, c.get("requestId"), teamChallenge(c.req.raw, c.env, error)),
  );

/** What of a team's address is no page: its endpoints for programs. */
const forPrograms = /^\/t\/[^/]+\/(mcp|live|metrics|api\/v1)(\/|$)/;

/** True for a request that a person's browser makes for a page of a team. */
export function isForPage(request: Request): boolean {
  const { pathname } = new URL(request.url);
  if (!pathname.startsWith("/t/") || forPrograms.test(pathname)) return false;
  return request.headers.has("hx-request") || (request.headers.get("accept") ?? "").includes("text/html");
}

/**
 * What a browser is answered that did not get into the team: the sign-in page, and back from there; or for someone who is signed in, why.
 * A request of htmx is told to load that page whole.
 */
export async function pageRefusal(request: Request, env: Env, error: unknown): Promise<Response> {
  const session = await readSession(request, env);
  const isUnauthorized = isAppError(error) && error.code === "unauthorized";
  if (session === undefined && isUnauthorized) {
    const { pathname, search } = new URL(request.url);
    const redirect = signInRedirect(request, request.method === "GET" ? pathname + search : pathname);
    const location = redirect.headers.get("location") ?? "/sign-in";
    if (!request.headers.has("hx-request")) return redirect;
    return new Response(null, { status: 401, headers: { "hx-redirect": location, "cache-control": "no-store" } });
  }
  return renderProblem(error, { requestId: requestIdOf(request), person: session });
}
