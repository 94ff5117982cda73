// What the team object does on its own: hands expired work to the queue and trims the log. Idempotent. Runs in the object.
import { takeDueObjects } from "../features/datasets/store.ts";
import { trimExecutions } from "../features/metrics/store.ts";
import type { BackgroundMessage } from "../surfaces/background/messages.ts";
import type { TeamDeps } from "./team-deps.ts";

/**
 * Sends due R2 objects to the queue (the object itself never touches R2) and trims the execution log.
 * Rows stay until the consumer reports them gone, so a lost message is sent again by the next sweep.
 */
export async function sweepTeam(deps: TeamDeps, queue: Queue<BackgroundMessage>, team: string): Promise<void> {
  const now = deps.now();
  trimExecutions(deps.db, now);
  const { due, nextDueAt } = takeDueObjects(deps.db, now);
  if (due.length > 0) await queue.send({ type: "delete_objects", team, objects: due });
  if (nextDueAt !== undefined) deps.wakeAt(nextDueAt);
}
