// The team's own tools over REST. Runs at the edge.
import * as z from "zod";
import { pageFields, pageOf } from "../../core/paging.ts";
import { listLimits } from "../../limits.ts";
import { defineRoute, section, toolRoutes } from "../../route.ts";
import { jqToolSchema, listToolsSchema } from "./schema.ts";
import { toolTools } from "./tools.ts";

export const libraryToolRoutes = section("Library", [
  defineRoute({
    operation: "list_tools",
    method: "GET",
    path: "/library/tools",
    summary: "List the team's tools",
    description:
      "The team's own tools that are in use and shown to you, by name. GET /tools finds them, and the built-in ones, by words.",
    permission: "data:read",
    what: "list tools",
    query: listToolsSchema,
    answer: z.object({ tools: z.array(jqToolSchema), ...pageFields }),
    handler: async (call, { query: { limit = listLimits.restEntries, cursor } }) => {
      const sorted = [...call.catalogue.tools.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
      const { items, ...page } = pageOf(sorted, { limit, cursor, key: ({ name }) => name });
      return { tools: items, ...page };
    },
  }),
  ...toolRoutes(toolTools, {
    get_tool: { method: "GET", path: "/library/tools/:name", volatile: ["usage_count", "avg_execution_time_ms"] },
    save_tool: {
      method: "PUT",
      path: "/library/tools/:name",
      example: {
        request: {
          description: "All orders' total.",
          query: "map(.total) | add",
          datasets: ["orders"],
          input: "whole",
        },
      },
    },
    test_tool: { method: "POST", path: "/library/tools/:name/test", example: { request: { arguments: {} } } },
    rollback_tool: { method: "POST", path: "/library/tools/:name/rollback", shows: "get_tool" },
    deactivate_tool: { method: "DELETE", path: "/library/tools/:name" },
    restore_tool: { method: "POST", path: "/library/tools/:name/restore" },
  }),
  ...toolRoutes(toolTools, {
    test_tool: {
      operation: "test_draft",
      summary: "Test a draft of a tool",
      method: "POST",
      path: "/library/tools/test",
      example: { request: { query: "map(.total) | add", datasets: ["orders"], input: "whole" } },
    },
  }),
]);
