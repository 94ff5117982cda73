// Who sees a dataset or tool, over REST. Runs at the edge.
import { defineRoute, section, toolRoutes } from "../../route.ts";
import { itemSchema, setVisibilitySchema } from "./schema.ts";
import { visibilityTools } from "./tools.ts";

const path = "/visibility/:kind/:name";

export const visibilityRoutes = section("Visibility", [
  defineRoute({
    operation: "get_visibility",
    method: "GET",
    path,
    summary: "Who sees a dataset or tool",
    description: "Everyone, a role and those above it, or the people named.",
    permission: "data:read",
    params: itemSchema,
    answer: setVisibilitySchema,
    handler: (call, { params }) => call.stub.visibility().get(params, call.actor),
  }),
  ...toolRoutes(visibilityTools, {
    set_visibility: { method: "PUT", path, example: { request: { visibility: ["ada", "bo"] } } },
  }),
]);
