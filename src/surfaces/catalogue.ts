// Every built-in tool there is, in one readable list. Runs at the edge.

import { connectionTools } from "../features/access/connection-tools.ts";
import { accessTools } from "../features/access/tools.ts";
import { activityTools } from "../features/activity/tools.ts";
import { proposeDrafted } from "../features/approvals/calls.ts";
import { approvalTools } from "../features/approvals/tools.ts";
import { auditTools } from "../features/audit/tools.ts";
import { backupTools } from "../features/backups/tools.ts";
import { datasetTools } from "../features/datasets/tools.ts";
import { uploadDataset } from "../features/datasets/upload.ts";
import { datasetVersionTools } from "../features/datasets/version-tools.ts";
import { frameRefOf } from "../features/frame-files/frame-files.ts";
import { loadFrame } from "../features/frame-files/loading.ts";
import { frameFileTools } from "../features/frame-files/tools.ts";
import { frameOperationTools } from "../features/frame-operations/tools.ts";
import { frameTools } from "../features/frames/tools.ts";
import { historyTools } from "../features/history/tools.ts";
import { functionTools } from "../features/jq-functions/tools.ts";
import { toolTools } from "../features/jq-tools/tools.ts";
import { learningTools } from "../features/learning/tools.ts";
import { metricsTools } from "../features/metrics/tools.ts";
import { notificationTools } from "../features/notifications/tools.ts";
import { peopleTools } from "../features/people/tools.ts";
import { plotTools } from "../features/plots/tools.ts";
import { queryTools } from "../features/query/tools.ts";
import { sharingTools } from "../features/sharing/tools.ts";
import { sqlTools } from "../features/sql/tools.ts";
import { recordTools } from "../features/tables/record-tools.ts";
import { tableTools } from "../features/tables/tools.ts";
import { teamTools } from "../features/teams/tools.ts";
import { visibilityTools } from "../features/visibility/tools.ts";
import type { BuiltInTool } from "../tool.ts";
import { findTools } from "./mcp/find-tools.ts";

export const builtInTools: readonly BuiltInTool[] = [
  ...findTools(() => builtInTools),
  ...datasetTools,
  ...datasetVersionTools,
  ...frameFileTools,
  ...queryTools,
  ...frameTools({ frameRefOf }),
  ...frameOperationTools,
  ...plotTools,
  ...tableTools({ frameRefOf, loadFrame, uploadDataset }),
  ...recordTools,
  ...functionTools,
  ...toolTools,
  ...sharingTools,
  ...historyTools,
  ...approvalTools,
  ...metricsTools,
  ...activityTools,
  ...accessTools,
  ...connectionTools,
  ...peopleTools,
  ...notificationTools,
  ...learningTools(proposeDrafted),
  ...sqlTools,
  ...teamTools,
  ...auditTools,
  ...backupTools,
  ...visibilityTools,
];
