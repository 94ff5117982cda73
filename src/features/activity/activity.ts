// Windows of time and how they are cut, for a team's activity over time; and reading it at the edge. Runs everywhere.
import type { CallContext } from "../../context.ts";
import { dayMs, hourMs } from "../../core/durations.ts";
import { logFailure } from "../../core/log.ts";
import { activityLimits } from "../../limits.ts";
import type { CallCount } from "../metrics/schema.ts";
import type { Activity, ActivityWindow, TeamActivity } from "./schema.ts";

/** Steps of each window: how many, and how long each is in milliseconds. */
const windows: Readonly<Record<ActivityWindow, { steps: number; stepMs: number }>> = {
  "1h": { steps: 12, stepMs: activityLimits.periodMs },
  "24h": { steps: 24, stepMs: hourMs },
  "7d": { steps: 28, stepMs: 6 * hourMs },
  "30d": { steps: 30, stepMs: dayMs },
};

/** A stretch of time in equal steps, Unix milliseconds; the last step is the one that `now` is in. */
export interface Steps {
  from: number;
  stepMs: number;
  steps: number;
}

/** The steps of a window that ends now. They begin at round times (UTC), so that every period counted lies in one of them. */
export function stepsOf(window: ActivityWindow, now: number): Steps {
  const { steps, stepMs } = windows[window];
  return { from: Math.floor(now / stepMs) * stepMs - (steps - 1) * stepMs, stepMs, steps };
}

/** What the background queue's work is counted under, before its message's type; never shown among the calls. */
export const backgroundPrefix = "background:";

/** False for calls that are no load worth watching: people looking at pages, least of all at this very one, and the feed they follow. */
export function isWork({ tool }: Pick<CallCount, "tool">): boolean {
  return !tool.startsWith("page:") && tool !== "rest:GET /live";
}

/** The tool under which calls of tools are shown that the reader may not know of. */
export const hiddenTool = "hidden";

/**
 * What happened in the team over a window, for whoever may read its metrics: calls and their durations, the busiest, slowest and most failing
 * tools, the busiest people, background work and storage. Of a workspace that does not answer nothing is said.
 */
export async function readActivity(
  context: CallContext,
  input: { window?: ActivityWindow | undefined; limit?: number | undefined },
): Promise<TeamActivity> {
  const { window = "24h", limit = activityLimits.listed } = input;
  const { role, scopes, username, through } = context.actor;
  const asker = { role, scopes, username, ...(through === undefined ? {} : { through }) };
  const workspace = await context.workspace.sizes().catch((error: unknown) => {
    logFailure("workspace_sizes_failed", { team: context.team, request_id: context.requestId }, error);
    return null;
  });
  const found: Activity = await context.stub.activity().read({ window, limit, workspace }, asker);
  return { window, ...found };
}
