// What the queue asks of backups: the nightly one, storing what waits, ending previews. Idempotent. Runs at the edge.
import { deleteUnder } from "../../platform/r2.ts";
import type { Site } from "../../platform/site.ts";
import { readBackupKey } from "./frames.ts";
import { teamPrefix } from "./manifest.ts";
import { type Store, storeInBackground } from "./storing.ts";

/** What a message about backups is handled with. */
export interface BackgroundBackups {
  site: Site;
  bucket: R2Bucket;
  /** Sends the message again, later. */
  again: (backup: string) => Promise<void>;
}

/** Takes and stores the night's backup of a team that wants one; a second message of the same night goes on where the first stopped. */
export async function backupTeam(background: BackgroundBackups, team: string, night: string): Promise<void> {
  const id = await background.site.teamOf(team).backups().takeNightly(night);
  if (id !== undefined) await storeWaiting(background, team, id);
}

export async function storeWaiting(
  { site, bucket, again }: BackgroundBackups,
  team: string,
  id: string,
): Promise<void> {
  const key = await readBackupKey(site.backupSecret);
  const store: Store = { team, stub: site.teamOf(team), bucket, key, now: () => Date.now() };
  if (await storeInBackground(store, id)) await again(id);
}

/** Removes a preview: its object first, so that nobody gets in, then its workspace and files. */
export async function endPreview(
  { site, bucket }: Pick<BackgroundBackups, "site" | "bucket">,
  { team, preview, incarnation }: { team: string; preview: string; incarnation: string },
): Promise<void> {
  const discarded = await site.teamOf(preview).discard(incarnation);
  if (discarded) {
    await site.workspaceOf(preview, incarnation).destroy();
    const { done } = await deleteUnder(bucket, teamPrefix(preview), Date.now() + 1);
    if (!done) throw new Error(`files of the preview ${preview} are left`);
    await site.unregister(preview, incarnation);
  }
  await site.teamOf(team).backups().forgetPreview(preview);
}
