// Suggestions, tool performance and explanations over REST. Runs at the edge.
import { restList, section, toolRoutes } from "../../route.ts";
import type { BuiltInTool } from "../../tool.ts";

const shows = { shows: "get_suggestion" } as const;

/** `tools` holds this feature's. */
export const learningRoutes = (tools: readonly BuiltInTool[]) => [
  ...section(
    "Suggestions",
    toolRoutes(tools, {
      list_suggestions: { method: "GET", path: "/suggestions", ...restList },
      get_suggestion: { method: "GET", path: "/suggestions/:id" },
      propose_suggestion: { method: "POST", path: "/suggestions/:id/propose", status: 201, ...shows },
      dismiss_suggestion: { method: "POST", path: "/suggestions/:id/dismiss", ...shows },
    }),
  ),
  ...section(
    "Queries",
    toolRoutes(tools, {
      explain_query: {
        method: "POST",
        path: "/query/explain",
        example: { request: { dataset: "orders", query: "map(.total) | add" } },
      },
    }),
  ),
  ...section(
    "Library",
    toolRoutes(tools, {
      tool_performance: { method: "GET", path: "/performance" },
      optimize_tool: { method: "POST", path: "/library/tools/:name/optimize" },
    }),
  ),
];
