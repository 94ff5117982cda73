// The team's tables and frames. Addresses of pages that are no table's begin with "-", as no table's name does. Runs at the edge.
import { Hono } from "hono";
import { guarded } from "../../../features/access/access.ts";
import { formActions } from "../actions.ts";
import type { DashboardRoutes } from "../routes.ts";
import { framePage } from "./frame.tsx";
import { frameActions, framesPage } from "./frames.tsx";
import { tableActions, tablePage } from "./table.tsx";
import { tablesActions, tablesPage } from "./tables.tsx";

export const tablesRoutes = new Hono<DashboardRoutes>()
  .get("/", guarded("data:read"), (c) => tablesPage(c))
  .post("/", guarded("data:write"), formActions(tablesActions, tablesPage))
  .get("/-/frames", guarded("data:read"), (c) => framesPage(c))
  .post("/-/frames", guarded("data:write"), formActions(frameActions, framesPage))
  .get("/-/frames/:ref", guarded("data:read"), (c) => framePage(c))
  .post("/-/frames/:ref", guarded("data:write"), formActions(frameActions, framePage))
  .get("/:name", guarded("data:read"), (c) => tablePage(c))
  .post("/:name", guarded("data:write"), formActions(tableActions, tablePage));
