// The team's live feed, for dashboards and scripts: GET /t/:team/live as a WebSocket. Runs at the edge.
import { Hono } from "hono";
import * as z from "zod";
import type { CallContext, TeamRoutes } from "../../context.ts";
import { AppError } from "../../core/errors.ts";
import { parseWith } from "../../core/parse.ts";
import { liveLimits } from "../../workflow-limits.ts";
import { guarded } from "../access/access.ts";
import { openFeed } from "./connect.ts";

const querySchema = z.object({
  since: z
    .string()
    .regex(/^\d{1,15}$/, "use the seq of the last message you saw")
    .transform(Number)
    .optional(),
});

export const liveRoutes = new Hono<TeamRoutes>().get("/", guarded("data:read", "listen to the team's feed"), (c) => {
  const { since } = parseWith(querySchema, c.req.query(), "live");
  if (c.req.header("upgrade")?.toLowerCase() !== "websocket") throw notPlain();
  return listen(c.get("call"), since);
});

async function listen(call: CallContext, since: number | undefined): Promise<Response> {
  const answer = await openFeed(call, since);
  if (answer.webSocket !== null) return new Response(null, { status: 101, webSocket: answer.webSocket });
  if (answer.status !== 429) {
    throw new AppError("unauthorized", "This credential has just ended.", {
      hint: "Come back with a current one.",
      details: { presented: true },
    });
  }
  const limit = (await answer.text()) === "teamListeners" ? "teamListeners" : "personListeners";
  const value = liveLimits[limit];
  const whose = limit === "teamListeners" ? "The team has" : "You have";
  throw new AppError("rate_limited", `${whose} ${value} open feeds and MCP streams (limit ${limit}).`, {
    hint: "Close one that is not needed, or share one among the readers.",
    details: { limit, value },
  });
}

function notPlain(): AppError {
  return new AppError("upgrade_required", "The feed is a WebSocket; this was a plain GET.", {
    hint: "Open it with a WebSocket client: wss://<host>/t/<team>/live?since=<seq>, the token in the Authorization header.",
  });
}
