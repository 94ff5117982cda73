// The library over REST: importing YAML, listing functions and tools, taking a function out of use. Runs at the edge.
import { type Context, Hono } from "hono";
import { z } from "zod";
import type { TeamRoutes } from "../../context.ts";
import { AppError } from "../../core/errors.ts";
import { type Page, pageOf } from "../../core/paging.ts";
import { parseWith } from "../../core/parse.ts";
import { libraryLimits } from "../../limits.ts";
import { requirePermission } from "../access/access.ts";
import { importLibrary } from "./import.ts";

const pageSchema = z.object({
  limit: z.coerce.number().int().min(1).max(500).default(100),
  cursor: z.string().max(500).optional(),
});
const pathSchema = z.object({ path: z.string().min(1).max(300).optional() });

export const libraryRoutes = new Hono<TeamRoutes>()
  .post("/", async (c) => {
    const call = c.get("call");
    requirePermission(call.actor, "library:write", "import functions and tools");
    const { path } = parseWith(pathSchema, c.req.query(), "library");
    return c.json(await importLibrary(call, await readText(c.req.raw), path));
  })
  .get("/functions", (c) => {
    const call = c.get("call");
    requirePermission(call.actor, "data:read", "list functions");
    return c.json(pageOfNamed(c, call.catalogue.functions));
  })
  .get("/tools", (c) => {
    const call = c.get("call");
    requirePermission(call.actor, "data:read", "list tools");
    return c.json(pageOfNamed(c, call.catalogue.tools));
  })
  .delete("/functions/:name", async (c) => {
    const call = c.get("call");
    requirePermission(call.actor, "library:write", "deactivate functions");
    const by = { author: call.actor.username, source: "manual" as const };
    return c.json((await call.stub.functions().deactivate(c.req.param("name"), by)).function);
  })
  .post("/functions/:name/restore", async (c) => {
    const call = c.get("call");
    requirePermission(call.actor, "library:write", "restore functions");
    const by = { author: call.actor.username, source: "manual" as const };
    return c.json((await call.stub.functions().restore(c.req.param("name"), by)).function);
  });

function pageOfNamed<Item extends { name: string }>(
  c: Context<TeamRoutes>,
  items: ReadonlyMap<string, Item>,
): Page<Item> {
  const { limit, cursor } = parseWith(pageSchema, c.req.query(), "library");
  const sorted = [...items.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  return pageOf(sorted, { limit, cursor, key: (item) => item.name });
}

/** The body as text, counted while it is read. */
async function readText(request: Request): Promise<string> {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: false });
  let bytes = 0;
  let text = "";
  try {
    for await (const chunk of request.body ?? []) {
      bytes += chunk.byteLength;
      if (bytes > libraryLimits.yamlBytes) throw tooLong();
      text += decoder.decode(chunk, { stream: true });
    }
    return text + decoder.decode();
  } catch (cause) {
    if (!(cause instanceof TypeError)) throw cause;
    throw new AppError("invalid_argument", "The body is not UTF-8 text.", {
      hint: "Send YAML encoded as UTF-8.",
      cause,
    });
  }
}

function tooLong(): AppError {
  return new AppError("too_large", `The YAML is over ${libraryLimits.yamlBytes} bytes (limit yamlBytes).`, {
    hint: "Import it in several files; functions before the tools that call them.",
    details: { limit: "yamlBytes", value: libraryLimits.yamlBytes },
  });
}
