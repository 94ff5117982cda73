// The past of functions and tools over REST, beside the library's own routes. Runs at the edge.
import { type Context, Hono } from "hono";
import * as z from "zod";
import type { CallContext, TeamRoutes } from "../../context.ts";
import { cursorSchema, listQuerySchema } from "../../core/paging.ts";
import { parseWith } from "../../core/parse.ts";
import { listLimits } from "../../limits.ts";
import { jsonBody } from "../../platform/request-body.ts";
import { historyLimits } from "../../workflow-limits.ts";
import { callerOf, guarded } from "../access/access.ts";
import type { SavedTool } from "../jq-tools/rpc.ts";
import { compareVersions, readBlame, readHistory } from "./reading.ts";
import { restoreFunction, rollbackFunction } from "./restoring.ts";
import { type EntryKind, entryKindSchema } from "./schema.ts";

/** How tools are saved: another feature's edge half, which the surface passes in. */
export interface ToolChanges {
  rollbackTool: (context: CallContext, name: string, version: number, reason: string | undefined) => Promise<SavedTool>;
  restoreTool: (context: CallContext, name: string, reason: string | undefined) => Promise<SavedTool>;
}

const versionsQuery = listQuerySchema({ preset: listLimits.versions, max: listLimits.maxVersions });
const deactivatedQuery = listQuerySchema({ preset: listLimits.restEntries, max: listLimits.maxEntries }).extend({
  kind: entryKindSchema.optional(),
});
const version = z.coerce.number().int().min(1);
const compareQuery = z.object({ from: version.optional(), to: version.optional() });
const blameQuery = z.object({
  field: z.string().max(40).optional(),
  limit: z.coerce.number().int().min(1).max(historyLimits.maxBlameLines).optional(),
  cursor: cursorSchema,
});
const reason = z.string().max(500).optional();
const rollbackBody = z.strictObject({ version: z.int().min(1), reason });

/** The routes of one kind under /functions or /tools; `what` names the kind in refusals. */
function reading(kind: EntryKind, what: string): Hono<TeamRoutes> {
  const entryOf = (c: Context<TeamRoutes>) => ({ kind, name: c.req.param("name") ?? "" });
  return new Hono<TeamRoutes>()
    .get("/:name/versions", guarded("data:read", `read the history of ${what}`), async (c) => {
      const page = parseWith(versionsQuery, c.req.query(), "versions");
      const { isActive: _active, name: _name, ...shown } = await readHistory(c.get("call"), entryOf(c), page);
      return c.json(shown);
    })
    .get("/:name/compare", guarded("data:read", `compare versions of ${what}`), async (c) =>
      c.json(await compareVersions(c.get("call"), entryOf(c), parseWith(compareQuery, c.req.query(), "compare"))),
    )
    .get("/:name/blame", guarded("data:read", `read who wrote ${what}`), async (c) =>
      c.json(await readBlame(c.get("call"), entryOf(c), parseWith(blameQuery, c.req.query(), "blame"))),
    );
}

/** Everything under /library that looks back or goes back. */
export function historyRoutes({ rollbackTool, restoreTool }: ToolChanges): Hono<TeamRoutes> {
  return new Hono<TeamRoutes>()
    .get("/deactivated", guarded("data:read", "list what is out of use"), async (c) => {
      const call = c.get("call");
      const query = parseWith(deactivatedQuery, c.req.query(), "deactivated");
      return c.json(await call.stub.history().deactivated(query, call.actor));
    })
    .route("/functions", reading("function", "functions"))
    .route("/tools", reading("tool", "tools"))
    .post("/functions/:name/rollback", guarded("library:write", "roll functions back"), async (c) => {
      const body = parseWith(rollbackBody, await jsonBody(c.req.raw), "rollback");
      return c.json((await rollbackFunction(c.get("call"), c.req.param("name"), body.version, body.reason)).function);
    })
    .post("/tools/:name/rollback", guarded("library:write", "roll tools back"), async (c) => {
      const body = parseWith(rollbackBody, await jsonBody(c.req.raw), "rollback");
      return c.json((await rollbackTool(c.get("call"), c.req.param("name"), body.version, body.reason)).tool);
    })
    .delete("/functions/:name", guarded("library:write", "deactivate functions"), async (c) => {
      const call = c.get("call");
      return c.json((await call.stub.functions().deactivate(c.req.param("name"), callerOf(call))).function);
    })
    .post("/functions/:name/restore", guarded("library:write", "restore functions"), async (c) =>
      c.json((await restoreFunction(c.get("call"), c.req.param("name"), undefined)).function),
    )
    .delete("/tools/:name", guarded("library:write", "deactivate tools"), async (c) => {
      const call = c.get("call");
      return c.json((await call.stub.tools().deactivate(c.req.param("name"), callerOf(call))).tool);
    })
    .post("/tools/:name/restore", guarded("library:write", "restore tools"), async (c) =>
      c.json((await restoreTool(c.get("call"), c.req.param("name"), undefined)).tool),
    );
}
