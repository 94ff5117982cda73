// The audit log over REST: search, export as NDJSON, verify. Mounted at /t/:team/api/v1/audit. Runs at the edge.
import { Hono } from "hono";
import * as z from "zod";
import type { TeamRoutes } from "../../context.ts";
import { parseWith } from "../../core/parse.ts";
import { auditLimits, listLimits } from "../../limits.ts";
import { guarded } from "../access/access.ts";
import { exportAuditLog, searchAuditLog, verifyAuditLog } from "./reading.ts";
import { auditFilterSchema, searchAuditSchema, verifyAuditSchema } from "./schema.ts";

const querySchema = searchAuditSchema
  .extend({ limit: z.coerce.number().int().min(1).max(listLimits.maxEntries).default(listLimits.restEntries) })
  .strict();

const reads = guarded("audit:read");

/** `after` lets an export that broke off go on. */
const exportSchema = auditFilterSchema.extend({ after: z.coerce.number().int().min(0).default(0) }).strict();

export const auditRoutes = new Hono<TeamRoutes>()
  .get("/", reads, async (c) => {
    const call = c.get("call");
    const query = parseWith(querySchema, c.req.query(), "audit");
    return c.json(await searchAuditLog(call, query, auditLimits.pageBytes), 200, { "cache-control": "no-store" });
  })
  .get("/export", reads, (c) => {
    const call = c.get("call");
    const { after, ...filter } = parseWith(exportSchema, c.req.query(), "audit");
    return c.body(exportAuditLog(call, filter, after), 200, {
      "content-type": "application/x-ndjson",
      "content-disposition": `attachment; filename="${call.team}-audit.ndjson"`,
      "cache-control": "no-store",
    });
  })
  .get("/verify", reads, async (c) => {
    const call = c.get("call");
    const query = parseWith(verifyAuditSchema.strict(), c.req.query(), "audit");
    return c.json(await verifyAuditLog(call, query), 200, { "cache-control": "no-store" });
  });
