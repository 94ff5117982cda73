// What the team held from time to time, in the team object's SQLite. Synchronous; SQL only.
import { asc, desc, gte, lt, max } from "drizzle-orm";
import { dayMs } from "../../core/durations.ts";
import { prepared } from "../../core/prepared.ts";
import type { Db } from "../../durable/db.ts";
import { activityLimits } from "../../limits.ts";
import type { Steps } from "./activity.ts";
import { timeOf } from "./reading-store.ts";
import type { Holding, HoldingPoint, TeamHolding, WorkspaceSizes } from "./schema.ts";
import { activitySamples } from "./table.ts";

const selectLast = prepared((db: Db) =>
  db
    .select({ at: max(activitySamples.at) })
    .from(activitySamples)
    .prepare(),
);

/** When the next sample is due: in the past when it is overdue; a while from now when there is none yet. */
export function nextSampleAt(db: Db, now: number): number {
  return (selectLast(db).get()?.at ?? now) + activityLimits.sampleMs;
}

/** True when there is no sample yet or the last is old enough. */
export function isSampleDue(db: Db, now: number): boolean {
  const last = selectLast(db).get()?.at ?? null;
  return last === null || now - last >= activityLimits.sampleMs;
}

/** Keeps a sample and removes those that are over the limit of days. */
export function addSample(db: Db, { holding }: TeamHolding, workspace: WorkspaceSizes | null, now: number): void {
  db.insert(activitySamples)
    .values({
      at: now,
      teamBytes: holding.team_bytes,
      workspaceBytes: workspace?.sqliteBytes ?? null,
      frameBytes: workspace?.frameBytes ?? null,
      datasetBytes: holding.dataset_bytes,
      backupBytes: holding.backup_bytes,
      uploadBytes: holding.upload_bytes,
      deliveriesWaiting: holding.deliveries_waiting,
      deliveriesDead: holding.deliveries_dead,
      deletionsWaiting: holding.deletions_waiting,
      backupsWaiting: holding.backups_waiting,
    })
    .onConflictDoNothing()
    .run();
  db.delete(activitySamples)
    .where(lt(activitySamples.at, now - activityLimits.days * dayMs))
    .run();
}

/** What was last known at the end of each step, `now` at the end of the last one. Steps before the first sample are left out. */
export function selectStorage(db: Db, steps: Steps, now: Holding): HoldingPoint[] {
  const before = db
    .select()
    .from(activitySamples)
    .where(lt(activitySamples.at, steps.from))
    .orderBy(desc(activitySamples.at))
    .limit(1)
    .all();
  const during = db
    .select()
    .from(activitySamples)
    .where(gte(activitySamples.at, steps.from))
    .orderBy(asc(activitySamples.at))
    .all();
  const samples = [...before, ...during];
  return Array.from({ length: steps.steps }, (_, place) => {
    if (place === steps.steps - 1) return [{ at: timeOf(steps, place), ...now }];
    const end = steps.from + (place + 1) * steps.stepMs;
    const last = samples.findLast(({ at }) => at < end);
    return last === undefined ? [] : [{ at: timeOf(steps, place), ...holdingOf(last) }];
  }).flat();
}

function holdingOf(sample: typeof activitySamples.$inferSelect): Holding {
  return {
    team_bytes: sample.teamBytes,
    workspace_bytes: sample.workspaceBytes,
    frame_bytes: sample.frameBytes,
    dataset_bytes: sample.datasetBytes,
    backup_bytes: sample.backupBytes,
    upload_bytes: sample.uploadBytes,
    deliveries_waiting: sample.deliveriesWaiting,
    deliveries_dead: sample.deliveriesDead,
    deletions_waiting: sample.deletionsWaiting,
    backups_waiting: sample.backupsWaiting,
  };
}
