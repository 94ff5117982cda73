// The execution log over REST. Runs at the edge.
import { restList, section, toolRoutes } from "../../route.ts";
import { metricsTools } from "./tools.ts";

export const executionRoutes = section("Activity", [
  ...toolRoutes(metricsTools, {
    list_executions: { method: "GET", path: "/executions", what: "read the execution log", ...restList },
  }),
]);
