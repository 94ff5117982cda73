// Every URL this Worker answers. Runs at the edge.
import { Hono } from "hono";
import type { TeamRoutes } from "../context.ts";
import { AppError } from "../core/errors.ts";
import { datasetRoutes } from "../features/datasets/routes.ts";
import { libraryRoutes } from "../features/jq-tools/routes.ts";
import { metricsRoutes } from "../features/metrics/routes.ts";
import { teamClient } from "../platform/team-client.ts";
import { builtInTools } from "./catalogue.ts";
import { readAllowedOrigins } from "./mcp/guard.ts";
import { serveMcp } from "./mcp/serve.ts";
import { operatorRoutes } from "./rest/operator.ts";
import { problemResponse } from "./rest/problem.ts";
import { enterTeam, requestIdOf } from "./session.ts";

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
      () => connectFeed(c.env, c.get("call").team, c.get("call").actor.tokenId),
      readAllowedOrigins(c.env),
    ),
  )
  .route("/api/v1/datasets", datasetRoutes)
  .route("/api/v1/library", libraryRoutes)
  .route("/api/v1/executions", metricsRoutes);

export const app = new Hono<{ Bindings: Env }>()
  .get("/health", (c) => c.json({ status: "ok" }))
  .route("/operator", operatorRoutes)
  .route("/t/:team", teamApp)
  .notFound((c) =>
    problemResponse(
      new AppError("not_found", "There is nothing at this address.", {
        hint: "A team's MCP endpoint is /t/<team>/mcp.",
      }),
      requestIdOf(c.req.raw),
    ),
  )
  .onError((error, c) => problemResponse(error, requestIdOf(c.req.raw)));

/** Opens the team's feed. */
function connectFeed(env: Env, team: string, tokenId: string): Promise<Response> {
  return teamClient(env.TEAM, team).fetch("https://team/feed", {
    headers: { upgrade: "websocket", "x-token-id": tokenId },
  });
}
