// Finding and running tools over REST, the team's own included. Runs at the edge.
import * as z from "zod";
import { defineRoute, section, toolRoutes } from "../../route.ts";
import type { BuiltInTool } from "../../tool.ts";
import { runNamed } from "./run-named.ts";

const nameSchema = z.object({ name: z.string().min(1).max(100).describe("The tool's name.") });
const argumentsSchema = z.object({
  arguments: z.record(z.string(), z.unknown()).optional().describe("As find_tools shows them."),
});
/** Whatever the tool answers with. */
const answer = z.looseObject({});

export const findingRoutes = (tools: readonly BuiltInTool[]) =>
  section("Tools", [
    ...toolRoutes(tools, { find_tools: { method: "GET", path: "/tools", preset: { query: "" } } }),
    defineRoute({
      operation: "run_tool",
      method: "POST",
      path: "/tools/:name/run",
      summary: "Run a tool",
      description:
        "Runs any tool by name, built in or the team's own. One that writes takes the header Idempotency-Key.",
      permission: "data:read",
      // The tool that it runs is guarded and logged.
      writes: false,
      logged: true,
      params: nameSchema,
      body: argumentsSchema,
      answer,
      example: { request: { arguments: { dataset: "orders" } } },
      handler: (call, { params, body, request }) => runNamed(call, tools, params.name, body.arguments ?? {}, request),
    }),
    defineRoute({
      operation: "run_team_tool",
      method: "POST",
      path: "/library/tools/:name/run",
      summary: "Run one of the team's tools",
      description:
        "Runs a tool of the team's own library with its parameters; limit, cursor, fresh and to_frame go along with them.",
      permission: "data:read",
      writes: false,
      params: nameSchema,
      body: argumentsSchema,
      answer,
      example: { request: { arguments: { region: "EU" } } },
      handler: (call, { params, body, request }) => runNamed(call, [], params.name, body.arguments ?? {}, request),
    }),
  ]);
