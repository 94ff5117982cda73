// A team made from a stored backup: the preview of a restore, or a team that is gone. Runs at the edge.
import { AppError, isAppError, undefinedOn } from "../../core/errors.ts";
import { newId } from "../../core/ids.ts";
import type { Site } from "../../platform/site.ts";
import { readBackupKey } from "./frames.ts";
import type { MadeTeam } from "./making-rpc.ts";
import { listManifests, readManifest, recordOf, teamPrefix } from "./manifest.ts";
import { restoreFile, type Stored, stageState } from "./reading.ts";
import type { CopyRequest } from "./swap-store.ts";

/**
 * Makes the team `slug` of a backup: its files first, then all of its state at once. Throws `already_exists`, `backup_unreadable`,
 * `unsupported`; what was written is removed then.
 */
export async function makeTeam(
  site: Site,
  stored: Stored,
  slug: string,
  options: {
    copy?: CopyRequest;
    keepsBackups?: boolean;
    progress?: (done: number, total: number | undefined, message: string) => void;
  } = {},
): Promise<MadeTeam> {
  const { manifest, bucket } = stored;
  const { copy, progress } = options;
  const making = site.teamOf(slug).making();
  const session = await making.begin(manifest.migration);
  await stageState(stored, (at, bytes) => making.stage(session, at, bytes));
  const written: string[] = [];
  try {
    for (const [at, file] of manifest.files.entries()) {
      const target = copy === undefined ? file.r2_key : movedKey(file.r2_key, copy);
      written.push(target);
      await restoreFile(stored, file, target);
      progress?.(at + 1, manifest.files.length, "copying datasets' files");
    }
    const kept = options.keepsBackups === true ? await listManifests(bucket, stored.team) : [];
    const backups = kept.map(recordOf);
    const { migration } = manifest;
    const made = await making.finish({ session, migration, backups, ...(copy === undefined ? {} : { copy }) });
    await site.register(made);
    return made;
  } catch (error) {
    // A team that was made in spite of the error needs them, and so does another restore to the slug that has begun meanwhile.
    const isOvertaken = isAppError(error) && error.code === "conflict";
    if (!isOvertaken && !(await isMade(site, slug)))
      for (const key of written) await bucket.delete(key).catch(() => undefined);
    throw error;
  }
}

async function isMade(site: Site, slug: string): Promise<boolean> {
  return await site
    .teamOf(slug)
    .teams()
    .identity()
    .then(
      () => true,
      () => false,
    );
}

const movedKey = (key: string, { from, slug }: CopyRequest): string =>
  `${teamPrefix(slug)}${key.slice(teamPrefix(from).length)}`;

/**
 * Makes a team of what the bucket alone has of it, bit for bit, or as another slug. Throws `not_found`, and what `makeTeam` throws; a team of
 * that slug must not be there.
 */
export async function restoreFromBucket(
  site: Site,
  bucket: R2Bucket,
  input: { team: string; backupId: string; as: string },
): Promise<MadeTeam> {
  const { team, backupId, as } = input;
  const key = await readBackupKey(site.backupSecret);
  const manifest = await readManifest(bucket, team, backupId, key);
  const stored: Stored = { team, bucket, key, manifest };
  if (manifest.team !== team && as === team) {
    throw new AppError("conflict", `This backup is of the team ${manifest.team}, not of ${team}.`, {
      hint: "Copy a team's backups to a bucket under their own team's prefix.",
    });
  }
  if (as === team) return await makeTeam(site, stored, as, { keepsBackups: true });
  const access = await accessNow(site, team, manifest.incarnation);
  const copy = {
    from: manifest.team,
    slug: as,
    incarnation: newId("inc"),
    ...(access === undefined ? {} : { access }),
  };
  return await makeTeam(site, stored, as, { copy });
}

/** Who gets into that life of the team now, so that who was let go since the backup stays out of its copy; undefined when it is gone or cannot be asked. */
function accessNow(site: Site, team: string, incarnation: string): Promise<Uint8Array | undefined> {
  const present = site.teamOf(team);
  const read = async (): Promise<Uint8Array | undefined> => {
    const { incarnation: now } = await present.teams().identity();
    return now === incarnation ? await present.backups().accessState() : undefined;
  };
  return undefinedOn(["not_found", "team_unavailable"], read());
}
