// whoami and tokens over REST. Mounted at /t/:team/api/v1/whoami and /tokens. Runs at the edge.
import { Hono } from "hono";
import * as z from "zod";
import type { TeamRoutes } from "../../context.ts";
import { parseWith } from "../../core/parse.ts";
import { listLimits } from "../../limits.ts";
import { jsonBody } from "../../platform/request-body.ts";
import { guarded } from "./access.ts";
import { issueTokenSchema, listTokensSchema, tokenIdSchema } from "./schema.ts";
import { createToken, listTokens, revokeToken, whoAmI } from "./token-calls.ts";

const querySchema = listTokensSchema
  .extend({
    everyone: z.stringbool().optional(),
    limit: z.coerce.number().int().min(1).max(listLimits.maxEntries).optional(),
  })
  .strict();

export const whoamiRoutes = new Hono<TeamRoutes>().get("/", guarded("self:read"), async (c) =>
  c.json(await whoAmI(c.get("call"))),
);

export const tokenRoutes = new Hono<TeamRoutes>()
  .get("/", guarded("tokens:own"), async (c) => {
    const query = parseWith(querySchema, c.req.query(), "query");
    const { items, ...page } = await listTokens(c.get("call"), query, listLimits.restEntries);
    return c.json({ tokens: items, ...page });
  })
  .post("/", guarded("tokens:own"), async (c) => {
    const input = parseWith(issueTokenSchema.strict(), await jsonBody(c.req.raw), "token");
    return c.json(await createToken(c.get("call"), input), 201, { "cache-control": "no-store" });
  })
  .delete("/:id", guarded("tokens:own"), async (c) => {
    const { id } = parseWith(tokenIdSchema, c.req.param(), "token");
    await revokeToken(c.get("call"), id);
    return c.body(null, 204);
  });
