// whoami, tokens and connections over REST. Runs at the edge.
import { defineRoute, restList, section, toolRoutes } from "../../route.ts";
import { connectionTools } from "./connection-tools.ts";
import { connectionIdSchema, connectionSchema, findConnection } from "./connections.ts";
import { tokenIdSchema, tokenSchema } from "./schema.ts";
import { findToken } from "./token-calls.ts";
import { accessTools } from "./tools.ts";

/** What changes of a token or connection by itself. */
const used = ["last_used_at"];

export const accessRoutes = section("Access", [
  ...toolRoutes(accessTools, {
    whoami: { method: "GET", path: "/whoami" },
    list_tokens: { method: "GET", path: "/tokens", volatile: used, ...restList },
    create_token: {
      method: "POST",
      path: "/tokens",
      status: 201,
      unstored: true,
      example: { request: { label: "nightly", role: "viewer", scopes: ["data:read"], expires_in_days: 90 } },
    },
    revoke_token: { method: "DELETE", path: "/tokens/:id", status: 204 },
  }),
  defineRoute({
    operation: "get_token",
    method: "GET",
    path: "/tokens/:id",
    summary: "Read a token",
    description: "One live token, never its text: yours, or as admin anyone's.",
    permission: "tokens:own",
    params: tokenIdSchema,
    answer: tokenSchema,
    volatile: used,
    handler: (call, { params }) => findToken(call, params.id),
  }),
  ...toolRoutes(connectionTools, {
    list_connections: { method: "GET", path: "/connections", volatile: used, ...restList },
    revoke_connection: { method: "DELETE", path: "/connections/:id", status: 204 },
  }),
  defineRoute({
    operation: "get_connection",
    method: "GET",
    path: "/connections/:id",
    summary: "Read an OAuth connection",
    description: "One client that is signed in to this team by OAuth: yours, or as admin anyone's.",
    permission: "tokens:own",
    params: connectionIdSchema,
    answer: connectionSchema,
    volatile: used,
    handler: (call, { params }) => findConnection(call, params.id),
  }),
]);
