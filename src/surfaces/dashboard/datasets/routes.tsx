// The team's datasets pages. Addresses of pages that are no dataset's begin with "-", as no dataset's name does. Runs at the edge.
import { Hono } from "hono";
import { guarded } from "../../../features/access/access.ts";
import { formActions } from "../actions.ts";
import type { DashboardRoutes } from "../routes.ts";
import { comparePage } from "./compare.tsx";
import { deletedActions, deletedPage } from "./deleted.tsx";
import { datasetActions, datasetPage } from "./detail.tsx";
import { listActions, listPage } from "./list.tsx";
import { uploadActions, uploadPage } from "./upload.tsx";
import { versionActions, versionsPage } from "./versions.tsx";

export const datasetsRoutes = new Hono<DashboardRoutes>()
  .get("/", guarded("data:read"), (c) => listPage(c))
  .post("/", guarded("data:write"), formActions(listActions, listPage))
  .get("/-/deleted", guarded("data:read"), (c) => deletedPage(c))
  .post("/-/deleted", guarded("data:write"), formActions(deletedActions, deletedPage))
  .get("/-/upload", guarded("data:write"), (c) => uploadPage(c))
  .post("/-/upload", guarded("data:write"), formActions(uploadActions, uploadPage))
  .get("/:name", guarded("data:read"), (c) => datasetPage(c))
  .post("/:name", guarded("data:write"), formActions(datasetActions, datasetPage))
  .get("/:name/versions", guarded("data:read"), (c) => versionsPage(c))
  .post("/:name/versions", guarded("data:write"), formActions(versionActions, versionsPage))
  .get("/:name/compare", guarded("data:read"), (c) => comparePage(c));
