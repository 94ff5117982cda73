// What a team holds and what waits to be done for it, out of its features' tables. Runs in the object.
import { count, desc, eq, isNull, max, sum } from "drizzle-orm";
import { logFailure } from "../core/log.ts";
import type { TeamHolding, WorkspaceSizes } from "../features/activity/schema.ts";
import { backups } from "../features/backups/table.ts";
import { datasets, retiredObjects, uploadParts } from "../features/datasets/table.ts";
import { keptBytes } from "../features/datasets/version-store.ts";
import { deliveries } from "../features/notifications/table.ts";
import type { Db } from "./db.ts";
import type { WorkspaceObject } from "./workspace-object.ts";

/** Bytes and messages as the team's object knows them by itself; what the workspace holds, the workspace says. */
export function readHolding(storage: DurableObjectStorage, db: Db): TeamHolding {
  return {
    holding: {
      team_bytes: storage.sql.databaseSize,
      dataset_bytes: datasetBytes(db),
      backup_bytes: backupBytes(db),
      upload_bytes: total(
        db
          .select({ value: sum(uploadParts.bytes) })
          .from(uploadParts)
          .get(),
      ),
      deliveries_waiting: deliveriesIn(db, "pending"),
      deliveries_dead: deliveriesIn(db, "dead"),
      deletions_waiting: total(db.select({ value: count() }).from(retiredObjects).get()),
      backups_waiting: total(db.select({ value: count() }).from(backups).where(eq(backups.state, "taken")).get()),
    },
    lastBackup: lastBackup(db),
  };
}

function total(row: { value: string | number | null } | undefined): number {
  return Number(row?.value ?? 0);
}

/** Of current versions and of those kept beside them. */
function datasetBytes(db: Db): number {
  const current = db
    .select({ value: sum(datasets.bytes) })
    .from(datasets)
    .where(isNull(datasets.deletedAt))
    .get();
  return total(current) + keptBytes(db);
}

/** Backups share files, so of those at least what the largest one lists is stored. */
function backupBytes(db: Db): number {
  const row = db
    .select({ states: sum(backups.storedBytes), files: max(backups.objectBytes) })
    .from(backups)
    .where(eq(backups.state, "complete"))
    .get();
  return Number(row?.states ?? 0) + (row?.files ?? 0);
}

function deliveriesIn(db: Db, state: "pending" | "dead"): number {
  return total(db.select({ value: count() }).from(deliveries).where(eq(deliveries.state, state)).get());
}

function lastBackup(db: Db): TeamHolding["lastBackup"] {
  const row = db
    .select({ state: backups.state, at: backups.createdAt })
    .from(backups)
    .orderBy(desc(backups.createdAt))
    .limit(1)
    .get();
  return row === undefined ? null : { state: row.state, at: row.at.toISOString() };
}

/** What the workspace of this life of the team holds; null when it does not answer. */
export async function sizesOfWorkspace(
  namespace: DurableObjectNamespace<WorkspaceObject>,
  team: string,
  incarnation: string,
): Promise<WorkspaceSizes | null> {
  try {
    const { sqliteBytes, frameBytes } = await namespace.get(namespace.idFromName(`${team}/${incarnation}`)).sizes();
    return { sqliteBytes, frameBytes };
  } catch (error) {
    logFailure("workspace_sizes_failed", { team }, error);
    return null;
  }
}
