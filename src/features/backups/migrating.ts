// The snapshot before a migration, taken under whatever schema the team has then; and restores that were never finished. Runs in the team object.
import { newId } from "../../core/ids.ts";
import { backupLimits } from "../../workflow-limits.ts";
import { isTemporary, stagedAt } from "./load-store.ts";
import { hasTable, type RawSql, takeSnapshot, waitingHeads } from "./snapshot-store.ts";

/**
 * Takes a snapshot in a transaction of its own, so that it outlives a migration that fails; after such a failure the team could not be used, so
 * the one that is there is still exact. Returns why when there could be none.
 */
export function snapshotBeforeMigration(
  sql: RawSql,
  transaction: (run: () => void) => void,
  now: number,
): { why: unknown } | undefined {
  const waits = waitingHeads(sql).some(({ id, origin }) => origin.reason === "migration" && !hasRow(sql, id));
  if (waits) return undefined;
  try {
    transaction(() => {
      takeSnapshot(sql, newId("bkp"), { reason: "migration", createdBy: "system", createdAt: now });
    });
    return undefined;
  } catch (why) {
    return { why };
  }
}

function hasRow(sql: RawSql, id: string): boolean {
  return hasTable(sql, "backups") && sql.exec("SELECT 1 FROM backups WHERE id = ?", id).toArray().length > 0;
}

/**
 * For the alarm of an object that is not a team, or is one for a moment only: what a restore left there. "empty": too long ago, so it is to be
 * emptied; a time: to look again then; undefined: there is nothing of the kind.
 */
export function leftOver(sql: RawSql, isTeam: boolean, now: number): "empty" | number | undefined {
  const staged = stagedAt(sql);
  if (staged === undefined || (isTeam && !isTemporary(sql))) return undefined;
  const until = staged + backupLimits.stagingMs;
  return until <= now ? "empty" : until;
}
