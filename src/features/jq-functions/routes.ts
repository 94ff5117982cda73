// The functions of the library over REST. Runs at the edge.
import * as z from "zod";
import { pageFields, pageOf } from "../../core/paging.ts";
import { listLimits } from "../../limits.ts";
import { defineRoute, section, toolRoutes } from "../../route.ts";
import { matchingFunctions } from "./jq-functions.ts";
import { jqFunctionSchema, listFunctionsSchema } from "./schema.ts";
import { functionTools } from "./tools.ts";

export const functionRoutes = section("Library", [
  defineRoute({
    // The tool's own, with functions in full.
    operation: "list_functions",
    method: "GET",
    path: "/library/functions",
    summary: "List jq functions",
    description: "The team's shared jq functions, by name.",
    permission: "data:read",
    what: "list functions",
    query: listFunctionsSchema,
    answer: z.object({ functions: z.array(jqFunctionSchema), ...pageFields }),
    handler: async (call, { query: { query = "", limit = listLimits.restEntries, cursor } }) => {
      const matching = matchingFunctions(call.catalogue.functions, query);
      const { items, ...page } = pageOf(matching, { limit, cursor, key: ({ name }) => name });
      return { functions: items, ...page };
    },
  }),
  ...toolRoutes(functionTools, {
    get_function: { method: "GET", path: "/library/functions/:name" },
    save_function: {
      method: "PUT",
      path: "/library/functions/:name",
      example: { request: { definition: "def half: . / 2;", description: "Half of a number." } },
    },
  }),
]);
