// The proof's table of operations: every built-in tool, every route, every method of the protocol. A tool or route that is missing here fails
// src/surfaces/isolation-coverage.test.ts. Runs anywhere.
import { accessRoutes, accessTools } from "./access-operations.ts";
import { approvalRoutes, approvalTools } from "./approvals-operations.ts";
import { backupRoutes, backupTools } from "./backups-operations.ts";
import { dataRoutes, dataTools } from "./data-operations.ts";
import { historyRoutes, historyTools, liveRoutes } from "./history-operations.ts";
import { learningRoutes, learningTools } from "./learning-operations.ts";
import { libraryRoutes, libraryTools } from "./library-operations.ts";
import { notificationRoutes, notificationTools } from "./notifications-operations.ts";
import { pageOperations } from "./page-operations.ts";
import { peopleRoutes, peopleTools } from "./people-operations.ts";
import type { Operations, RouteUse, ToolUse } from "./plan.ts";
import { toolRoutesOf } from "./rest-operations.ts";
import { sharingRoutes, sharingTools } from "./sharing-operations.ts";
import { versionRoutes, versionTools } from "./version-operations.ts";
import { workspaceRoutes, workspaceTools } from "./workspace-operations.ts";

export { siteOperations } from "./site-operations.ts";

export const toolOperations: Operations<ToolUse> = {
  ...dataTools,
  ...versionTools,
  ...libraryTools,
  ...historyTools,
  ...sharingTools,
  ...learningTools,
  ...approvalTools,
  ...backupTools,
  ...accessTools,
  ...peopleTools,
  ...notificationTools,
  ...workspaceTools,
};
export const routeOperations: Operations<RouteUse> = {
  ...toolRoutesOf(toolOperations),
  ...pageOperations,
  "GET /t/:team/metrics": () => ({ needs: ["metrics:read"] }),
  "GET /t/:team/api": () => ({ needs: [] }),
  ...dataRoutes,
  ...versionRoutes,
  ...libraryRoutes,
  ...historyRoutes,
  ...liveRoutes,
  ...sharingRoutes,
  ...learningRoutes,
  ...approvalRoutes,
  ...backupRoutes,
  ...accessRoutes,
  ...peopleRoutes,
  ...notificationRoutes,
  ...workspaceRoutes,
};

/** Routes that are exercised otherwise, and how. */
export const routesElsewhere: Readonly<Record<string, string>> = {
  "ALL /t/:team/mcp": "every tool and method of the protocol, and the streams",
  "ALL /register": "an app registers at the start of a run",
  "GET /authorize": "people connect an app at the start of a run",
  "POST /authorize": "people connect an app at the start of a run",
  "POST /join/:team/:secret": "people sign in by a link at the start of a run",
  "GET /sign-in/:provider": "needs an identity provider; knows no team",
  "GET /sign-in/:provider/callback": "needs an identity provider; knows no team",
  "POST /sign-in/passkey/options": "needs an authenticator; knows no team",
  "POST /sign-in/passkey/verify": "needs an authenticator; knows no team",
  "POST /sign-in/passkey/register/options": "needs an authenticator; knows no team",
  "POST /sign-in/passkey/register/verify": "needs an authenticator; knows no team",
  "POST /sign-out": "ends the caller's own session; knows no team",
  "POST /account/apps/disconnect": "ends the caller's own connections alone; its unit test asks for another person's",
  "POST /account/identities/remove": "of the caller's own account; knows no team",
  "POST /account/name": "of the caller's own account; knows no team",
  "POST /account/passkeys/remove": "of the caller's own account; knows no team",
  "POST /account/passkeys/rename": "of the caller's own account; knows no team",
  "POST /account/sessions/revoke": "of the caller's own account; knows no team",
  "POST /account/sign-out-everywhere": "of the caller's own account; knows no team",
  "POST /teams/new": "makes a team, by the deployment's policy",
  "POST /teams/restore": "restores a deleted team for an owner of it alone; its unit test asks for another person's",
};
