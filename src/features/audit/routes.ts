// The audit log over REST: search, export as NDJSON, verify. Runs at the edge.
import * as z from "zod";
import { auditLimits, listLimits } from "../../limits.ts";
import { defineRoute, section, toolRoutes } from "../../route.ts";
import { exportAuditLog, searchAuditLog } from "./reading.ts";
import { auditFilterSchema, searchAnswerSchema, searchAuditSchema } from "./schema.ts";
import { auditTools } from "./tools.ts";

const unstored = { unstored: true } as const;

const exportSchema = auditFilterSchema.extend({
  after: z.int().min(0).default(0).describe("The seq behind which an export that broke off goes on."),
});

export const auditRoutes = section("Audit log", [
  defineRoute({
    // The tool's own, with longer pages than a model is given.
    operation: "search_audit_log",
    method: "GET",
    path: "/audit",
    summary: "Search the audit log",
    description:
      "Who changed what in this team, when and through what, with the values before and after; newest first.",
    permission: "audit:read",
    query: searchAuditSchema,
    answer: searchAnswerSchema,
    ...unstored,
    handler: (call, { query }) =>
      searchAuditLog(call, { ...query, limit: query.limit ?? listLimits.restEntries }, auditLimits.pageBytes),
  }),
  defineRoute({
    operation: "export_audit_log",
    method: "GET",
    path: "/audit/export",
    summary: "Export the audit log",
    description:
      "Every entry with its hash, oldest first, one JSON object a line; what `super-data audit verify` checks.",
    permission: "audit:read",
    query: exportSchema,
    answer: { types: ["application/x-ndjson"], description: "One entry a line." },
    ...unstored,
    handler: async (call, { query: { after, ...filter } }) =>
      new Response(exportAuditLog(call, filter, after), {
        headers: {
          "content-type": "application/x-ndjson",
          "content-disposition": `attachment; filename="${call.team}-audit.ndjson"`,
          "cache-control": "no-store",
        },
      }),
  }),
  ...toolRoutes(auditTools, { verify_audit_log: { method: "GET", path: "/audit/verify", ...unstored } }),
]);
