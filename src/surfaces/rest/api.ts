// The REST API of a team: every route there is, in one readable list. Runs at the edge.
import { accessRoutes } from "../../features/access/routes.ts";
import { activityRoutes } from "../../features/activity/routes.ts";
import { proposalRoutes } from "../../features/approvals/routes.ts";
import { auditRoutes } from "../../features/audit/routes.ts";
import { backupRoutes } from "../../features/backups/routes.ts";
import { findVersion } from "../../features/datasets/calls.ts";
import { datasetRoutes } from "../../features/datasets/routes.ts";
import { datasetVersionRoutes } from "../../features/datasets/version-routes.ts";
import { contentRoutes } from "../../features/frame-files/content-routes.ts";
import { frameFileRoutes } from "../../features/frame-files/routes.ts";
import { frameOperationRoutes } from "../../features/frames/routes.ts";
import { historyRoutes } from "../../features/history/routes.ts";
import { functionRoutes } from "../../features/jq-functions/routes.ts";
import { libraryToolRoutes } from "../../features/jq-tools/routes.ts";
import { learningRoutes } from "../../features/learning/routes.ts";
import { executionRoutes } from "../../features/metrics/routes.ts";
import { notificationRoutes } from "../../features/notifications/routes.ts";
import { peopleRoutes } from "../../features/people/routes.ts";
import { plotRoutes } from "../../features/plots/routes.ts";
import { queryRoutes } from "../../features/query/routes.ts";
import { shareRoutes } from "../../features/sharing/routes.ts";
import { sqlRoutes } from "../../features/sql/routes.ts";
import { tableRoutes } from "../../features/tables/routes.ts";
import { teamRoutes } from "../../features/teams/routes.ts";
import { visibilityRoutes } from "../../features/visibility/routes.ts";
import type { ApiRoute } from "../../route.ts";
import { builtInTools } from "../catalogue.ts";
import { answerUnknown } from "./methods.ts";
import { mountRoutes } from "./mount.ts";
import { documentRoutes } from "./openapi-route.ts";
import { findingRoutes } from "./tool-routes.ts";

export const apiRoutes: readonly ApiRoute[] = [
  ...accessRoutes,
  ...documentRoutes(() => apiRoutes),
  ...datasetRoutes,
  ...datasetVersionRoutes,
  ...contentRoutes(findVersion),
  ...queryRoutes,
  ...findingRoutes(builtInTools),
  ...sqlRoutes,
  ...tableRoutes(builtInTools),
  ...frameFileRoutes,
  ...frameOperationRoutes(builtInTools),
  ...plotRoutes,
  ...functionRoutes,
  ...libraryToolRoutes,
  ...historyRoutes,
  ...proposalRoutes,
  ...learningRoutes(builtInTools),
  ...executionRoutes,
  ...activityRoutes,
  ...shareRoutes,
  ...notificationRoutes,
  ...backupRoutes,
  ...auditRoutes,
  ...peopleRoutes,
  ...teamRoutes,
  ...visibilityRoutes,
];

/** Mounted at /t/:team/api/v1. */
export const apiApp = mountRoutes(apiRoutes, builtInTools);

/** For what is none of them. */
export const unknownAddress = answerUnknown(apiRoutes);
