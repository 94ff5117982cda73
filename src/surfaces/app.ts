// Every URL this Worker answers. Runs at the edge.
import { Hono } from "hono";
import type { TeamRoutes } from "../context.ts";
import { AppError, isAppError } from "../core/errors.ts";
import { connectionRoutes } from "../features/access/connection-routes.ts";
import { tokenRoutes, whoamiRoutes } from "../features/access/routes.ts";
import { proposeDrafted } from "../features/approvals/calls.ts";
import { proposalRoutes } from "../features/approvals/routes.ts";
import { auditRoutes } from "../features/audit/routes.ts";
import { backupRoutes } from "../features/backups/routes.ts";
import { datasetRoutes } from "../features/datasets/routes.ts";
import { frameRoutes } from "../features/frame-files/routes.ts";
import { historyRoutes } from "../features/history/routes.ts";
import { libraryRoutes } from "../features/jq-tools/routes.ts";
import { restoreTool, rollbackTool } from "../features/jq-tools/saving.ts";
import { performanceRoutes, suggestionRoutes } from "../features/learning/routes.ts";
import { openFeed } from "../features/live/connect.ts";
import { liveRoutes } from "../features/live/routes.ts";
import { metricsRoutes } from "../features/metrics/routes.ts";
import { deliveryRoutes, notificationRoutes, webhookRoutes } from "../features/notifications/routes.ts";
import { invitationRoutes, memberRoutes } from "../features/people/routes.ts";
import { shareRoutes, signerRoutes } from "../features/sharing/routes.ts";
import { teamRoutes } from "../features/teams/routes.ts";
import { visibilityRoutes } from "../features/visibility/routes.ts";
import { builtInTools } from "./catalogue.ts";
import { mcpCors } from "./mcp/cors.ts";
import { mcpRateRefusal } from "./mcp/errors.ts";
import { readAllowedOrigins } from "./mcp/guard.ts";
import { serveMcp } from "./mcp/serve.ts";
import { teamChallenge } from "./oauth/challenge.ts";
import { oauthRoutes } from "./oauth/routes.ts";
import { renderProblem, wantsPage } from "./pages/problem-page.tsx";
import { pageRoutes } from "./pages/routes.tsx";
import { type LoggedRoutes, requestLog } from "./request-log.ts";
import { healthRoutes } from "./rest/health.ts";
import { guardWrites } from "./rest/idempotency.ts";
import { deploymentMetricsRoutes, teamMetricsRoutes } from "./rest/metrics.ts";
import { operatorRoutes } from "./rest/operator.ts";
import { problemResponse } from "./rest/problem.ts";
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
  .route("/live", liveRoutes)
  .route("/metrics", teamMetricsRoutes)
  .use("/api/v1/*", guardWrites)
  .route("/api/v1/whoami", whoamiRoutes)
  .route("/api/v1/tokens", tokenRoutes)
  .route("/api/v1/members", memberRoutes)
  .route("/api/v1/invitations", invitationRoutes)
  .route("/api/v1/team", teamRoutes)
  .route("/api/v1/notifications", notificationRoutes)
  .route("/api/v1/webhooks", webhookRoutes)
  .route("/api/v1/deliveries", deliveryRoutes)
  .route("/api/v1/connections", connectionRoutes)
  .route("/api/v1/datasets", datasetRoutes)
  .route("/api/v1/frames", frameRoutes)
  .route("/api/v1/library", libraryRoutes)
  .route("/api/v1/library", shareRoutes)
  .route("/api/v1/signers", signerRoutes)
  .route("/api/v1/library", historyRoutes({ rollbackTool, restoreTool }))
  .route("/api/v1/proposals", proposalRoutes)
  .route("/api/v1/suggestions", suggestionRoutes(proposeDrafted))
  .route("/api/v1/performance", performanceRoutes)
  .route("/api/v1/visibility", visibilityRoutes)
  .route("/api/v1/executions", metricsRoutes)
  .route("/api/v1/backups", backupRoutes)
  .route("/api/v1/audit", auditRoutes);

export const app = new Hono<LoggedRoutes>()
  .use(requestLog)
  .route("/health", healthRoutes)
  .route("/metrics", deploymentMetricsRoutes)
  .route("/operator", operatorRoutes)
  .route("/", oauthRoutes)
  .route("/", signInRoutes)
  .route("/", joinRoutes)
  .route("/", pageRoutes)
  .use("/t/:team/mcp", mcpCors)
  .route("/t/:team", teamApp)
  .notFound((c) => {
    const error = new AppError("not_found", "There is nothing at this address.", {
      hint: "A team's MCP endpoint is /t/<team>/mcp.",
    });
    const requestId = c.get("requestId");
    return wantsPage(c.req.raw) ? renderProblem(error, { requestId }) : problemResponse(error, requestId);
  })
  .onError((error, c) => {
    if (isMcpRefusal(c.req.path, error)) return mcpRateRefusal(error);
    return problemResponse(error, c.get("requestId"), teamChallenge(c.req.raw, c.env, error));
  });

/** An MCP client reads the answer of its endpoint as JSON-RPC, so a request refused for its rate is answered in it. */
function isMcpRefusal(path: string, error: unknown): error is AppError {
  return /^\/t\/[^/]+\/mcp$/.test(path) && isAppError(error) && error.code === "rate_limited";
}
