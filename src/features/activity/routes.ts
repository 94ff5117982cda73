// A team's activity over time, and its execution log as a file, over REST. Runs at the edge.
import * as z from "zod";
import { defineRoute, section, toolRoutes } from "../../route.ts";
import { listExecutionsSchema } from "../metrics/schema.ts";
import { exportExecutions, exportFormats } from "./exporting.ts";
import { activityTools } from "./tools.ts";

const exportSchema = listExecutionsSchema
  .omit({ limit: true, cursor: true })
  .extend({ format: z.enum(exportFormats).default("ndjson") });

const mediaTypes = { csv: "text/csv; charset=utf-8", ndjson: "application/x-ndjson" };

export const activityRoutes = section("Activity", [
  ...toolRoutes(activityTools, { team_activity: { method: "GET", path: "/activity", unstored: true } }),
  defineRoute({
    operation: "export_executions",
    method: "GET",
    path: "/executions/export",
    summary: "Export the execution log",
    description:
      "Every execution that matches, newest first, as NDJSON or CSV. Members get their own, admins the team's.",
    permission: "data:read",
    what: "read the execution log",
    query: exportSchema,
    answer: { types: ["application/x-ndjson", "text/csv"], description: "One execution a line." },
    unstored: true,
    handler: async (call, { query: { format, ...filter } }) =>
      new Response(exportExecutions(call, filter, format), {
        headers: {
          "content-type": mediaTypes[format],
          "content-disposition": `attachment; filename="${call.team}-executions.${format}"`,
          "cache-control": "no-store",
        },
      }),
  }),
]);
