// The team's activity pages: executions, the audit log, one's own notifications. Runs at the edge.
import { Hono } from "hono";
import { guarded } from "../../../features/access/access.ts";
import { formActions } from "../actions.ts";
import type { DashboardRoutes } from "../routes.ts";
import { auditPage, verifyPage } from "./audit.tsx";
import { executionsPage } from "./executions.tsx";
import { markAsRead, notificationsPage } from "./notifications.tsx";

const own = guarded("notifications:own");
const audit = guarded("audit:read");

export const activityRoutes = new Hono<DashboardRoutes>()
  .get("/", guarded("data:read", "read the execution log"), (c) => executionsPage(c))
  .get("/audit", audit, (c) => auditPage(c))
  .get("/audit/verify", audit, (c) => verifyPage(c))
  .get("/notifications", own, (c) => notificationsPage(c))
  .post("/notifications", own, formActions({ read: markAsRead }, notificationsPage));
