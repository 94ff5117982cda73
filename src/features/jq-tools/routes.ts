// The library over REST: importing YAML, listing functions and tools, taking a function out of use. Runs at the edge.
import { type Context, Hono } from "hono";
import { z } from "zod";
import type { TeamRoutes } from "../../context.ts";
import { AppError } from "../../core/errors.ts";
import { listQuerySchema, type Page, pageOf } from "../../core/paging.ts";
import { parseWith } from "../../core/parse.ts";
import { libraryLimits, listLimits } from "../../limits.ts";
import { bodyText } from "../../platform/request-body.ts";
import { callerOf, guarded } from "../access/access.ts";
import { importLibrary } from "./import.ts";

const querySchema = listQuerySchema({ preset: listLimits.restEntries, max: listLimits.maxEntries });
const pathSchema = z.object({ path: z.string().min(1).max(300).optional() });

export const libraryRoutes = new Hono<TeamRoutes>()
  .post("/", guarded("library:write", "import functions and tools"), async (c) => {
    const call = c.get("call");
    const { path } = parseWith(pathSchema, c.req.query(), "library");
    return c.json(await importLibrary(call, await bodyText(c.req.raw, libraryLimits.yamlBytes, tooLong), path));
  })
  .get("/functions", guarded("data:read", "list functions"), (c) => {
    const call = c.get("call");
    return c.json(pageOfNamed(c, call.catalogue.functions));
  })
  .get("/tools", guarded("data:read", "list tools"), (c) => {
    const call = c.get("call");
    return c.json(pageOfNamed(c, call.catalogue.tools));
  })
  .delete("/functions/:name", guarded("library:write", "deactivate functions"), async (c) => {
    const call = c.get("call");
    return c.json((await call.stub.functions().deactivate(c.req.param("name"), callerOf(call))).function);
  })
  .post("/functions/:name/restore", guarded("library:write", "restore functions"), async (c) => {
    const call = c.get("call");
    return c.json((await call.stub.functions().restore(c.req.param("name"), callerOf(call))).function);
  });

function pageOfNamed<Item extends { name: string }>(
  c: Context<TeamRoutes>,
  items: ReadonlyMap<string, Item>,
): Page<Item> {
  const { limit, cursor } = parseWith(querySchema, c.req.query(), "library");
  const sorted = [...items.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  return pageOf(sorted, { limit, cursor, key: (item) => item.name });
}

function tooLong(): AppError {
  return new AppError("too_large", `The YAML is over ${libraryLimits.yamlBytes} bytes (limit yamlBytes).`, {
    hint: "Import it in several files; functions before the tools that call them.",
    details: { limit: "yamlBytes", value: libraryLimits.yamlBytes },
  });
}
