// Every endpoint with a request that it would take: routes and tools out of the isolation proof's table, and what stands beside them. Runs in Node.

import { routeOperations, toolOperations } from "../isolation/operations.ts";
import { pageOperations } from "../isolation/page-operations.ts";
import type { Operations, RouteUse, Situation, ToolUse } from "../isolation/plan.ts";
import { mcpAsk } from "../isolation/wire.ts";
import type { Team, World } from "../isolation/world.ts";
import type { Endpoint } from "./requests.ts";
import { siteEndpoints } from "./site.ts";

const listQuery = [
  "limit",
  "cursor",
  "user",
  "failed",
  "tool",
  "everyone",
  "role",
  "text",
  "action",
  "from",
  "to",
  "expected_head",
  "format",
  "description",
  "path",
  "names",
  "sign",
  "plan",
  "strategy",
  "expected_plan",
  "state",
  "dataset",
  "name",
  "days",
  "columns",
  "offset",
  "types",
  "delimiter",
  "quote",
  "header",
  "comment",
  "skip_rows",
  "na_values",
  "crlf",
  "version",
  "key",
  "file",
  "bytes",
];

/** What the world's operations ask, made endpoints; `world` has the victim team. */
export function endpointsOf(world: World, team: Team): Endpoint[] {
  const [person] = team.keys;
  const situation: Situation = { world, team, viewer: person && world.viewerOf(person, team.slug) };
  return [...routes(situation), ...tools(situation), ...protocol(), ...siteEndpoints];
}

function routes(situation: Situation): Endpoint[] {
  return Object.entries(routeOperations satisfies Operations<RouteUse>).map(([name, operation]) => {
    const use = operation(situation);
    const [method = "GET", path = ""] = name.split(" ");
    return {
      name,
      method,
      path,
      query: listQuery,
      auth: "team",
      // A page says what is wrong where it is wrong.
      errors: Object.hasOwn(pageOperations, name) ? "page" : "problem",
      ...(use.json === undefined ? {} : { json: use.json }),
      ...(use.text === undefined ? {} : { text: use.text }),
      ...(use.type === undefined ? {} : { type: use.type }),
      ...(use.headers === undefined ? {} : { headers: use.headers }),
    };
  });
}

function tools(situation: Situation): Endpoint[] {
  return Object.entries(toolOperations satisfies Operations<ToolUse>).map(([name, operation], index) =>
    rpc(`tool ${name}`, index % 2 === 0 ? "2026" : "2025", "tools/call", {
      name,
      arguments: operation(situation).args,
    }),
  );
}

function protocol(): Endpoint[] {
  const methods: [string, Record<string, unknown>][] = [
    ["tools/list", {}],
    ["resources/list", { cursor: "eyJhZnRlciI6IngifQ" }],
    ["resources/read", { uri: "dataset://orders" }],
    [
      "completion/complete",
      { ref: { type: "ref/resource", uri: "tool://{name}" }, argument: { name: "name", value: "a" } },
    ],
    ["initialize", { protocolVersion: "2025-06-18", capabilities: {}, clientInfo: { name: "fuzz", version: "1" } }],
    ["server/discover", {}],
    ["ping", {}],
    ["notifications/cancelled", { requestId: 1, reason: "x" }],
    ["logging/setLevel", { level: "debug" }],
    ["prompts/get", { name: "x" }],
    ["tasks/get", { taskId: "x" }],
  ];
  return methods.flatMap(([method, params]) => [
    rpc(`mcp ${method}`, "2026", method, params),
    rpc(`mcp ${method}`, "2025", method, params),
  ]);
}

function rpc(name: string, era: "2025" | "2026", method: string, params: Record<string, unknown>): Endpoint {
  const ask = mcpAsk(era, "x", method, params);
  return {
    name: `${name} (${era})`,
    method: "POST",
    path: "/t/:team/mcp",
    query: ["toolsets", "tools"],
    json: JSON.parse(ask.body ?? "{}"),
    headers: ask.headers,
    auth: "team",
    errors: "rpc",
  };
}
