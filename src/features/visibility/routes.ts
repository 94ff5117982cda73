// PUT visibility/:kind/:name over REST. Mounted at /t/:team/api/v1/visibility. Runs at the edge.
import { Hono } from "hono";
import type { TeamRoutes } from "../../context.ts";
import { parseWith } from "../../core/parse.ts";
import { jsonBody } from "../../platform/request-body.ts";
import { callerOf, guarded } from "../access/access.ts";
import { itemSchema, visibilityBodySchema } from "./schema.ts";

export const visibilityRoutes = new Hono<TeamRoutes>().put("/:kind/:name", guarded("visibility:own"), async (c) => {
  const call = c.get("call");
  const item = parseWith(itemSchema, c.req.param(), "visibility");
  const { visibility } = parseWith(visibilityBodySchema, await jsonBody(c.req.raw), "visibility");
  return c.json(await call.stub.visibility().set({ ...item, visibility }, callerOf(call)));
});
