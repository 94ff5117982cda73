// What the tools and routes of backups both do. Runs at the edge.
import type { CallContext } from "../../context.ts";
import { AppError } from "../../core/errors.ts";
import { callerOf } from "../access/access.ts";
import { noBackup } from "./faults.ts";
import { storeOf } from "./restoring.ts";
import type { ShownBackup } from "./schema.ts";
import { removeBackup, storeBackup, tidyBackups } from "./storing.ts";

/** Takes a backup and stores it. Throws `busy`, `too_large`; one that could not be stored at once is tried again by itself. */
export async function createBackup(context: CallContext): Promise<ShownBackup> {
  const backups = context.stub.backups();
  const store = await storeOf(context);
  const { id } = await backups.take("manual", callerOf(context));
  if ((await storeBackup(store, id)) === "complete") await tidyBackups(store);
  const backup = await backups.get(id);
  if (backup === undefined) throw noBackup(id);
  if (backup.state !== "failed") return backup;
  throw new AppError("internal", `The backup ${id} failed: ${backup.error}`, { hint: "list_backups shows it." });
}

/** Deletes a backup. Throws `not_found`, `busy`. */
export async function deleteBackup(context: CallContext, id: string): Promise<{ backup_id: string; deleted: boolean }> {
  if ((await context.stub.backups().get(id)) === undefined) throw noBackup(id);
  await removeBackup(await storeOf(context), id, callerOf(context));
  return { backup_id: id, deleted: true };
}
