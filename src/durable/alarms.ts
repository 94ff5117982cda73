// When the team object wakes and what it does then: hands expired work to the queue and trims the log. Idempotent. Runs in the object.
import { dayMs, hourMs } from "../core/durations.ts";
import { logFailure } from "../core/log.ts";
import { mergePeriods, trimPeriods } from "../features/activity/store.ts";
import { sweepProposals } from "../features/approvals/settling.ts";
import { trimSettled } from "../features/approvals/store.ts";
import { holdsFiles } from "../features/backups/store.ts";
import { takeDueObjects } from "../features/datasets/store.ts";
import { sweepKeys } from "../features/idempotency/store.ts";
import { trimPatterns } from "../features/learning/store.ts";
import { trimFeed } from "../features/live/store.ts";
import { trimExecutions } from "../features/metrics/store.ts";
import { executions } from "../features/metrics/table.ts";
import { sweepNotifications } from "../features/notifications/sweeping.ts";
import { trimInvitations } from "../features/people/store.ts";
import { duePurge } from "../features/teams/lifecycle.ts";
import { backgroundLimits } from "../limits.ts";
import type { BackgroundMessage } from "../surfaces/background/messages.ts";
import { backupLimits } from "../workflow-limits.ts";
import type { Db } from "./db.ts";
import type { TeamDeps } from "./team-deps.ts";

/**
 * Sends due R2 objects to the queue (the object itself never touches R2) and trims the execution log.
 * The next alarm is set first, so that a queue that fails does not end them.
 * Rows stay until the consumer reports them gone, so a lost message is sent again by the next sweep.
 */
export async function sweepTeam(deps: TeamDeps, queue: Queue<BackgroundMessage>, team: string): Promise<void> {
  const now = deps.now();
  const wakeAt = (time: number | undefined): void => (time === undefined ? undefined : deps.wakeAt(time));
  trimExecutions(deps.db, now);
  trimPatterns(deps.db, now);
  deps.atomically(() => mergePeriods(deps.db, now));
  const hasPeriods = trimPeriods(deps.db, now);
  if (hasPeriods || hasExecutions(deps.db)) deps.wakeAt(now + dayMs);
  const nextKeyAt = sweepKeys(deps.db, now);
  // Hourly at most: keys that are over are as good as gone, so one sweep may take many.
  if (nextKeyAt !== undefined) deps.wakeAt(nextKeyAt > now ? Math.max(nextKeyAt, now + hourMs) : now + 1_000);
  // A snapshot that waits to be stored lists files that may be due by now.
  const { due, nextDueAt } = holdsFiles(deps.db)
    ? { due: [], nextDueAt: now + backupLimits.retryMs }
    : takeDueObjects(deps.db, now);
  wakeAt(nextDueAt);
  wakeAt(trimInvitations(deps.db, now));
  wakeAt(trimFeed(deps.db, now));
  wakeAt(sweepProposals(deps, now));
  const nextSettledAt = trimSettled(deps.db, now);
  if (nextSettledAt !== undefined) deps.wakeAt(Math.max(nextSettledAt, now + hourMs));
  wakeAt(sweepNotifications(deps, now));
  const purge = duePurge(deps);
  if (purge !== undefined) await queue.send({ type: "purge_team", team, ...purge });
  if (due.length > 0) await queue.send({ type: "delete_objects", team, objects: due });
}

/** Sends what may get lost: a queue that refuses it is noted, and the next sweep asks again. */
export async function sendHint(
  queue: Queue<BackgroundMessage>,
  message: BackgroundMessage,
  delayMs = 0,
): Promise<void> {
  const delaySeconds = Math.min(Math.ceil(delayMs / 1000), backgroundLimits.delaySeconds);
  try {
    await queue.send(message, delaySeconds > 0 ? { delaySeconds } : {});
  } catch (error) {
    logFailure("background_message_not_sent", { team: message.team, type: message.type }, error);
  }
}

function hasExecutions(db: Db): boolean {
  return db.select({ seq: executions.seq }).from(executions).limit(1).get() !== undefined;
}
