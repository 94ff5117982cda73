// Every URL this Worker answers. Runs at the edge.
import { Hono } from "hono";
import type { TeamRoutes } from "../context.ts";
import { AppError, isAppError } from "../core/errors.ts";
import { openFeed } from "../features/live/connect.ts";
import { liveRoutes } from "../features/live/routes.ts";
import { builtInTools } from "./catalogue.ts";
import { dashboardRoutes, isForPage, pageRefusal } from "./dashboard/app.tsx";
import { operatorPages } from "./dashboard/operator/routes.tsx";
import { mcpCors } from "./mcp/cors.ts";
import { mcpRateRefusal } from "./mcp/errors.ts";
import { readAllowedOrigins } from "./mcp/guard.ts";
import { serveMcp } from "./mcp/serve.ts";
import { teamChallenge } from "./oauth/challenge.ts";
import { oauthRoutes } from "./oauth/routes.ts";
import { renderProblem, wantsPage } from "./pages/problem-page.tsx";
import { pageRoutes } from "./pages/routes.tsx";
import { type LoggedRoutes, requestLog } from "./request-log.ts";
import { apiApp, unknownAddress } from "./rest/api.ts";
import { restCompression, strongValidators } from "./rest/compression.ts";
import { restCors } from "./rest/cors.ts";
import { healthRoutes } from "./rest/health.ts";
import { deploymentMetricsRoutes, teamMetricsRoutes } from "./rest/metrics.ts";
import { operatorRoutes } from "./rest/operator.ts";
import { problemResponse } from "./rest/problem.ts";
import { referenceRoutes } from "./rest/reference.tsx";
import { enterTeam } from "./session.ts";
import { joinRoutes } from "./sign-in/join.tsx";
import { signInRoutes } from "./sign-in/routes.tsx";

/** Behind a team's URL: whatever is mounted here has an authenticated call context. */
const teamApp = new Hono<TeamRoutes>()
  .use(async (c, next) => {
    c.set("call", await enterTeam(c.req.raw, c.env, c.executionCtx, c.req.param("team") ?? ""));
    await next();
  })
  .all("/mcp", (c) =>
    serveMcp(
      c.req.raw,
      c.get("call"),
      builtInTools,
      (since) => openFeed(c.get("call"), since),
      readAllowedOrigins(c.env),
    ),
  )
  .route("/", dashboardRoutes)
  .route("/", referenceRoutes)
  .route("/live", liveRoutes)
  .route("/metrics", teamMetricsRoutes)
  .use("/api/v1/*", strongValidators)
  .route("/api/v1", apiApp)
  .all("/api/v1/*", unknownAddress);

export const app = new Hono<LoggedRoutes>()
  .use(requestLog)
  .route("/health", healthRoutes)
  .route("/metrics", deploymentMetricsRoutes)
  .use("/operator/*", operatorPages)
  .route("/operator", operatorRoutes)
  .route("/", oauthRoutes)
  .route("/", signInRoutes)
  .route("/", joinRoutes)
  .route("/", pageRoutes)
  .use("/t/:team/mcp", mcpCors)
  .use("/t/:team/api/v1/*", restCors, restCompression)
  .route("/t/:team", teamApp)
  .notFound((c) => {
    const { pathname, search } = new URL(c.req.url);
    const isPlace = /^\/(t|operator)\/[^/].*\/$|^\/operator\/$/.test(pathname);
    if (isPlace && c.req.method === "GET" && wantsPage(c.req.raw)) {
      return c.redirect(pathname.replace(/\/+$/, "") + search, 308);
    }
    const error = new AppError("not_found", "There is nothing at this address.", {
      hint: "A team's MCP endpoint is /t/<team>/mcp.",
    });
    const requestId = c.get("requestId");
    return wantsPage(c.req.raw) ? renderProblem(error, { requestId }) : problemResponse(error, requestId);
  })
  .onError((error, c) => {
    if (isMcpRefusal(c.req.path, error)) return mcpRateRefusal(error);
    if (isForPage(c.req.raw)) return pageRefusal(c.req.raw, c.env, error);
    return problemResponse(error, c.get("requestId"), teamChallenge(c.req.raw, c.env, error));
  });

/** An MCP client reads the answer of its endpoint as JSON-RPC, so a request refused for its rate is answered in it. */
function isMcpRefusal(path: string, error: unknown): error is AppError {
  return /^\/t\/[^/]+\/mcp$/.test(path) && isAppError(error) && error.code === "rate_limited";
}
