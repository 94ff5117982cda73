// Restoring within a team: first a preview and what would change, then, confirmed, the swap. Runs at the edge.
import type { CallContext } from "../../context.ts";
import { AppError } from "../../core/errors.ts";
import { newId } from "../../core/ids.ts";
import { type Caller, callerOf, systemCaller } from "../access/access.ts";
import { changesBetween, totals } from "./differences.ts";
import { noBackup } from "./faults.ts";
import { readBackupKey } from "./frames.ts";
import { makeTeam } from "./making.ts";
import { readManifest } from "./manifest.ts";
import { keyBeside, restoreFile, type Stored, stageState } from "./reading.ts";
import type { RestoreBackup, RestoreOutcome } from "./schema.ts";
import { type Store, storeBackup, tidyBackups } from "./storing.ts";

/** What a preview's confirm value says once it is opened. */
interface Confirmation {
  revision: number;
  incarnation: string;
  /** Unix milliseconds. */
  until: number;
}

const sealPlace = (backupId: string): string => `restore ${backupId}`;

/** What storing needs of a call. */
export async function storeOf(context: CallContext): Promise<Store> {
  const { team, stub, files, now, progress } = context;
  return { team, stub, bucket: files, key: await readBackupKey(context.site.backupSecret), now, progress };
}

/** Previews, or with the preview's confirm value restores. Throws `not_found`, `backup_unreadable`, `unsupported`, `conflict`, `busy`. */
export async function restoreBackup(context: CallContext, input: RestoreBackup): Promise<RestoreOutcome> {
  const { team, files: bucket } = context;
  // What a deleted one left in the bucket goes later.
  if ((await context.stub.backups().get(input.backup_id)) === undefined) throw noBackup(input.backup_id);
  const key = await readBackupKey(context.site.backupSecret);
  const manifest = await readManifest(bucket, team, input.backup_id, key);
  const stored: Stored = { team, bucket, key, manifest };
  return input.confirm === undefined ? await preview(context, stored) : await swap(context, stored, input.confirm);
}

/** A team of the backup as it would be: what the team made is the backup's, who gets in is who gets in now. */
async function preview(context: CallContext, stored: Stored): Promise<RestoreOutcome> {
  const { stub, team, site, origin } = context;
  const backups = stub.backups();
  const { id } = stored.manifest;
  const incarnation = newId("inc");
  const slug = `${team.slice(0, 25)}-preview-${crypto.randomUUID().slice(0, 6)}`;
  const present = await backups.present();
  const access = await backups.accessState();
  const { expires_at } = await backups.addPreview({ slug, backupId: id, incarnation }, callerOf(context));
  try {
    const copy = { from: stored.manifest.team, slug, incarnation, access, isPreview: true };
    const progress = context.progress === undefined ? {} : { progress: context.progress };
    const made = await makeTeam(site, stored, slug, { copy, ...progress });
    const changes = totals(changesBetween(present.items, made.items), context.actor);
    const confirmation: Confirmation = {
      revision: present.revision,
      incarnation: present.incarnation,
      until: Date.parse(expires_at),
    };
    return {
      outcome: "previewed",
      backup_id: id,
      changes,
      preview: { team: slug, url: `${origin}/t/${slug}`, expires_at },
      confirm: await context.secrets.seal(sealPlace(id), JSON.stringify(confirmation)),
    };
  } catch (error) {
    await backups.endPreview(slug);
    throw error;
  }
}

async function readConfirm(context: CallContext, id: string, confirm: string): Promise<Confirmation> {
  const text = await context.secrets.open(sealPlace(id), confirm);
  if (text === undefined) {
    throw new AppError("invalid_argument", "confirm is not that of a preview of this backup.", {
      hint: "Call restore_backup without confirm; its answer has the value.",
    });
  }
  const confirmation = JSON.parse(text) as Confirmation;
  if (confirmation.until > Date.now()) return confirmation;
  throw new AppError("conflict", "The preview has expired, so nothing was restored.", {
    hint: "Call restore_backup without confirm for a new one.",
  });
}

async function swap(context: CallContext, stored: Stored, confirm: string): Promise<RestoreOutcome> {
  const { stub } = context;
  const backups = stub.backups();
  const { id, migration } = stored.manifest;
  const { revision, incarnation } = await readConfirm(context, id, confirm);
  const present = await backups.present();
  if (present.incarnation !== incarnation) throw otherLife();
  const session = await backups.beginSwap(revision);
  try {
    const stage = (at: number, bytes: Uint8Array) => backups.stage(session, at, bytes);
    if (migration === present.migration) await stageState(stored, stage);
    else await stageConverted(context, stored, stage);
    const files = await restoreFiles(context, stored, new Set(present.files));
    const safetyBackup = await storeSafety(context);
    const request = { session, backupId: id, revision, safetyBackup, files };
    const swapped = await backups.swap(request, callerOf(context));
    await tidyBackups(await storeOf(context));
    return { outcome: "restored", backup_id: id, ...swapped, safety_backup: safetyBackup };
  } finally {
    await backups.endSwap(session);
  }
}

function otherLife(): AppError {
  return new AppError("conflict", "The team was removed and made anew since the preview, so nothing was restored.", {
    hint: "Call restore_backup without confirm to see what would change now.",
  });
}

/** Files that the team does not have any more, copied back under keys of their own: no deletion under way can reach those. */
async function restoreFiles(
  { stub }: CallContext,
  stored: Stored,
  present: ReadonlySet<string>,
): Promise<Record<string, string>> {
  const backups = stub.backups();
  const copied: Record<string, string> = {};
  for (const file of stored.manifest.files) {
    if (present.has(file.r2_key)) continue;
    const target = keyBeside(file.r2_key);
    await backups.planFile(target);
    await restoreFile(stored, file, target, (id) => backups.planFileParts(target, id));
    copied[file.r2_key] = target;
  }
  return copied;
}

/** What the team is now, stored before anything of it is replaced. */
async function storeSafety(context: CallContext): Promise<string> {
  // The key of the request stands for the restore, not for this.
  const { idempotencyId: _key, ...by }: Caller = callerOf(context);
  const { id } = await context.stub.backups().take("restore", by);
  const outcome = await storeBackup(await storeOf(context), id);
  if (outcome === "complete") return id;
  throw new AppError(
    "busy",
    `The team as it is now could not be backed up (${id}: ${outcome}), so nothing was restored.`,
    {
      hint: "Try again in a few minutes; list_backups shows what became of it.",
    },
  );
}

/** A backup of an older schema is loaded into an object of its own, brought up to date there, and read back. */
async function stageConverted(
  { site, team }: CallContext,
  stored: Stored,
  stage: (at: number, bytes: Uint8Array) => Promise<void>,
): Promise<void> {
  // No slug has a slash, so nobody gets in.
  const object = site.teamOf(`${team}/${newId("convert")}`);
  const making = object.making();
  const { migration, incarnation } = stored.manifest;
  const session = await making.begin(migration);
  try {
    await stageState(stored, (at, bytes) => making.stage(session, at, bytes));
    await making.finish({ session, migration, backups: [], temporary: true });
    const backups = object.backups();
    const { id } = await backups.take("restore", systemCaller("system", "convert"));
    const plan = await backups.beginStoring(id);
    if ("state" in plan) throw new Error(`the converted state is ${plan.state}`);
    for (let at = 0; at < plan.chunks; ) {
      for (const piece of await backups.chunks(id, at)) await stage(at++, piece);
    }
  } finally {
    await object.discard(incarnation);
  }
}
