// Ad hoc jq queries over REST. Runs at the edge.
import { section, toolRoutes } from "../../route.ts";
import { queryTools } from "./tools.ts";

export const queryRoutes = section("Queries", [
  ...toolRoutes(queryTools, {
    query_dataset: {
      method: "POST",
      path: "/query",
      without: ["format"],
      example: {
        request: { dataset: "orders", query: ".[] | select(.total > $least) | {id, total}", params: { least: 100 } },
      },
    },
  }),
]);
