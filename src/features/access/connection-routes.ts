// GET connections, DELETE connections/:id: the OAuth clients that act for people, over REST. Runs at the edge.
import { Hono } from "hono";
import * as z from "zod";
import type { TeamRoutes } from "../../context.ts";
import { parseWith } from "../../core/parse.ts";
import { listLimits } from "../../limits.ts";
import { guarded } from "./access.ts";
import { connectionIdSchema, listConnections, listConnectionsSchema, revokeConnection } from "./connections.ts";

const querySchema = listConnectionsSchema
  .extend({
    everyone: z.stringbool().optional(),
    limit: z.coerce.number().int().min(1).max(listLimits.maxEntries).optional(),
  })
  .strict();

export const connectionRoutes = new Hono<TeamRoutes>()
  .get("/", guarded("tokens:own"), async (c) => {
    const query = parseWith(querySchema, c.req.query(), "query");
    const { items, ...page } = await listConnections(c.get("call"), query, listLimits.restEntries);
    return c.json({ connections: items, ...page });
  })
  .delete("/:id", guarded("tokens:own"), async (c) => {
    const { id } = parseWith(connectionIdSchema, { id: c.req.param("id") }, "connection");
    await revokeConnection(c.get("call"), id);
    return c.body(null, 204);
  });
