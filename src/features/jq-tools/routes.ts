// The library over REST: listing functions and tools. Runs at the edge.
import { type Context, Hono } from "hono";
import type { TeamRoutes } from "../../context.ts";
import { listQuerySchema, type Page, pageOf } from "../../core/paging.ts";
import { parseWith } from "../../core/parse.ts";
import { listLimits } from "../../limits.ts";
import { guarded } from "../access/access.ts";

const querySchema = listQuerySchema({ preset: listLimits.restEntries, max: listLimits.maxEntries });

export const libraryRoutes = new Hono<TeamRoutes>()
  .get("/functions", guarded("data:read", "list functions"), (c) => {
    const call = c.get("call");
    return c.json(pageOfNamed(c, call.catalogue.functions));
  })
  .get("/tools", guarded("data:read", "list tools"), (c) => {
    const call = c.get("call");
    return c.json(pageOfNamed(c, call.catalogue.tools));
  });

function pageOfNamed<Item extends { name: string }>(
  c: Context<TeamRoutes>,
  items: ReadonlyMap<string, Item>,
): Page<Item> {
  const { limit, cursor } = parseWith(querySchema, c.req.query(), "library");
  const sorted = [...items.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  return pageOf(sorted, { limit, cursor, key: (item) => item.name });
}
