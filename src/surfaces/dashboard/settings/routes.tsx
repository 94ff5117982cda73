// The team's settings pages, one address a tab. Runs at the edge.
import { Hono } from "hono";
import { guarded } from "../../../features/access/access.ts";
import { formActions } from "../actions.ts";
import type { DashboardRoutes } from "../routes.ts";
import { backupActions, backupsPage } from "./backups.tsx";
import { dangerActions, dangerPage } from "./danger.tsx";
import { generalActions, generalPage } from "./general.tsx";
import { libraryActions, libraryPage } from "./library.tsx";
import { notificationActions, notificationsPage } from "./notifications.tsx";
import { signInActions, signInPage } from "./sign-in.tsx";
import { webhookActions, webhooksPage } from "./webhooks.tsx";

export const settingsRoutes = new Hono<DashboardRoutes>()
  .get("/", guarded("people:read"), (c) => generalPage(c))
  .post("/", guarded("settings:manage"), formActions(generalActions, generalPage))
  .get("/sign-in", guarded("settings:manage"), (c) => signInPage(c))
  .post("/sign-in", guarded("settings:manage"), formActions(signInActions, signInPage))
  .get("/webhooks", guarded("webhooks:manage"), (c) => webhooksPage(c))
  .post("/webhooks", guarded("webhooks:manage"), formActions(webhookActions, webhooksPage))
  .get("/notifications", guarded("notifications:own"), (c) => notificationsPage(c))
  .post("/notifications", guarded("notifications:own"), formActions(notificationActions, notificationsPage))
  .get("/backups", guarded("backups:manage"), (c) => backupsPage(c))
  .post("/backups", guarded("backups:manage"), formActions(backupActions, backupsPage))
  .get("/library", guarded("data:read"), (c) => libraryPage(c))
  .post("/library", guarded("library:write"), formActions(libraryActions, libraryPage))
  .get("/danger", guarded("owners:manage"), (c) => dangerPage(c))
  .post("/danger", guarded("owners:manage"), formActions(dangerActions, dangerPage));
