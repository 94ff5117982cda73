// SQL over REST. Runs at the edge.
import { section, toolRoutes } from "../../route.ts";
import { sqlTools } from "./tools.ts";

export const sqlRoutes = section("SQL", [
  ...toolRoutes(sqlTools, {
    execute_raw_query: {
      method: "POST",
      path: "/sql",
      without: ["format"],
      example: { request: { query: "SELECT region, sum(total) AS total FROM orders GROUP BY region", params: [] } },
    },
    sql_frame: { method: "POST", path: "/sql/frame", without: ["format"] },
  }),
]);
