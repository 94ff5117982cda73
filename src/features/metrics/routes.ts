// GET executions: the execution log over REST. Runs at the edge.
import { Hono } from "hono";
import * as z from "zod";
import type { TeamRoutes } from "../../context.ts";
import { parseWith } from "../../core/parse.ts";
import { listLimits } from "../../limits.ts";
import { guarded } from "../access/access.ts";
import { listExecutions } from "./metrics.ts";
import { listExecutionsSchema } from "./schema.ts";

const querySchema = listExecutionsSchema
  .extend({
    failed: z.stringbool().optional(),
    limit: z.coerce.number().int().min(1).max(listLimits.maxEntries).optional(),
  })
  .strict();

export const metricsRoutes = new Hono<TeamRoutes>().get(
  "/",
  guarded("data:read", "read the execution log"),
  async (c) => {
    const call = c.get("call");
    const { items, ...page } = await listExecutions(call, parseWith(querySchema, c.req.query(), "query"));
    return c.json({ executions: items, ...page });
  },
);
