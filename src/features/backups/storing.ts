// A snapshot from the team's object into R2: compressed, encrypted where a key is set, with the files of its datasets. Runs at the edge.
import { newId } from "../../core/ids.ts";
import { logFailure } from "../../core/log.ts";
import { digested, type Passed, through } from "../../platform/byte-streams.ts";
import type { TeamClient } from "../../platform/team-client.ts";
import { backupLimits } from "../../workflow-limits.ts";
import { type Caller, systemCaller } from "../access/access.ts";
import { type BackupKey, sealFrames } from "./frames.ts";
import {
  backupPrefix,
  listManifests,
  type Manifest,
  peekManifest,
  recordOf,
  teamPrefix,
  writeManifest,
} from "./manifest.ts";
import type { BackupFile, StorePlan } from "./schema.ts";
import { bytesOf, writeObject } from "./streams.ts";

export interface Store {
  team: string;
  stub: TeamClient;
  bucket: R2Bucket;
  key: BackupKey | undefined;
  now: () => number;
  progress?: ((done: number, total: number | undefined, message: string) => void) | undefined;
  /** Milliseconds after which copying files is left to the next try. */
  copyMs?: number;
}

/** later: files are left to copy; busy: somebody else is storing; gone: there is no such backup. */
export type StoreOutcome = "complete" | "failed" | "later" | "busy" | "gone";

/**
 * Stores a snapshot. Any step may be repeated: files that were copied stay, everything else begins anew under other keys, and what an attempt
 * leaves behind is on the object's list of things to delete.
 */
export async function storeBackup(store: Store, id: string): Promise<StoreOutcome> {
  const backups = store.stub.backups();
  const begun = await backups.beginStoring(id);
  if ("state" in begun) return begun.state;
  try {
    return await storeAll(store, begun);
  } catch (error) {
    await backups.releaseStoring(id).catch(() => undefined);
    throw error;
  }
}

async function storeAll(store: Store, plan: StorePlan): Promise<StoreOutcome> {
  const backups = store.stub.backups();
  const copied = await copyFiles(store, plan);
  if (copied === "later") {
    await backups.releaseStoring(plan.id);
    return "later";
  }
  if ("missing" in copied) {
    await backups.fail(plan.id, `The file ${copied.missing} of a dataset is missing in R2.`);
    return "failed";
  }
  const state = await storeState(store, plan);
  const manifest = manifestOf(store, plan, state, copied.files);
  await writeManifest(store.bucket, store.team, manifest, store.key);
  await backups.complete(recordOf(manifest), state.key);
  return "complete";
}

function manifestOf(
  { key, now }: Store,
  plan: StorePlan,
  state: Manifest["state"],
  files: Manifest["files"],
): Manifest {
  return {
    format: 1,
    ...{ id: plan.id, team: plan.slug, name: plan.name, incarnation: plan.incarnation, reason: plan.reason },
    created_by: plan.createdBy,
    created_at: new Date(plan.createdAt).toISOString(),
    finished_at: new Date(now()).toISOString(),
    ...{ revision: plan.revision, migration: plan.migration, tables: plan.tables, rows: plan.rows },
    ...{ state, files },
    encryption: key === undefined ? null : { cipher: "AES-256-GCM", key_id: key.id },
  };
}

async function storeState(store: Store, plan: StorePlan): Promise<Manifest["state"]> {
  const { team, stub, bucket, key } = store;
  const backups = stub.backups();
  const place = `backups/${plan.id}/${newId("state")}.ndjson.gz${key === undefined ? "" : ".enc"}`;
  const full = `${teamPrefix(team)}${place}`;
  let passed: Passed = { bytes: 0, sha256: "" };
  const plain = digested(snapshotBytes(store, plan), (all) => {
    passed = all;
  });
  const packed = through(plain, new CompressionStream("gzip"));
  await backups.planCopy(plan.id, full);
  const stored = await writeObject(
    bucket,
    full,
    key === undefined ? packed : sealFrames(key, `${plan.slug}/${plan.id}/state`, packed),
    { onMultipart: (id) => backups.planCopyParts(full, id) },
  );
  return { key: place, bytes: passed.bytes, stored_bytes: stored, sha256: passed.sha256 };
}

async function* snapshotBytes({ stub, progress }: Store, { id, chunks }: StorePlan): AsyncGenerator<Uint8Array> {
  const backups = stub.backups();
  for (let at = 0; at < chunks; ) {
    const pieces = await backups.chunks(id, at);
    if (pieces.length === 0) throw new Error(`the snapshot of ${id} ends at piece ${at} of ${chunks}`);
    at += pieces.length;
    progress?.(at, chunks, "storing the team's state");
    yield* pieces;
  }
}

type Copied = Manifest["files"];

/** Copies the files that no earlier backup has, one after the other. */
async function copyFiles(store: Store, plan: StorePlan): Promise<{ files: Copied } | { missing: string } | "later"> {
  const begunAt = store.now();
  const known = await reusable(store, plan);
  const files: Copied = [];
  for (const [at, file] of plan.files.entries()) {
    const there = file.stored_key ?? known.get(file.sha256);
    if (there === undefined && store.copyMs !== undefined && store.now() - begunAt >= store.copyMs) return "later";
    const storedKey = there ?? (await copyFile(store, plan, file));
    if (storedKey === undefined) return { missing: file.r2_key };
    known.set(file.sha256, storedKey);
    if (file.stored_key === null && there !== undefined)
      await store.stub.backups().fileStored(plan.id, file.r2_key, there);
    files.push({ ...file, stored_key: storedKey });
    store.progress?.(at + 1, plan.files.length, "copying datasets' files");
  }
  return { files };
}

/** Copies that this snapshot may share, by content: its own of an earlier attempt, and those of the newest backup under the same key. */
async function reusable({ team, stub, bucket, key }: Store, plan: StorePlan): Promise<Map<string, string>> {
  const own = plan.files.flatMap(({ sha256, stored_key }): [string, string][] =>
    stored_key === null ? [] : [[sha256, stored_key]],
  );
  if (plan.newest === null) return new Map(own);
  const manifest = await peekManifest(bucket, team, plan.newest).catch(() => undefined);
  if (manifest === undefined || manifest.encryption?.key_id !== key?.id) return new Map(own);
  const stored = new Map(manifest.files.map((file) => [file.sha256, file.stored_key]));
  const pairs = plan.files.flatMap(({ r2_key, sha256, stored_key }): [string, string][] => {
    const copy = stored.get(sha256);
    return copy === undefined || stored_key !== null ? [] : [[r2_key, copy]];
  });
  if (pairs.length === 0 || !(await stub.backups().reuseCopies(plan.id, plan.newest, pairs))) return new Map(own);
  const reused = new Map(pairs);
  for (const file of plan.files) file.stored_key ??= reused.get(file.r2_key) ?? null;
  return new Map([
    ...own,
    ...plan.files.flatMap(({ sha256, stored_key }): [string, string][] =>
      stored_key === null ? [] : [[sha256, stored_key]],
    ),
  ]);
}

async function copyFile(
  { team, stub, bucket, key }: Store,
  plan: StorePlan,
  file: BackupFile,
): Promise<string | undefined> {
  const object = await bucket.get(file.r2_key);
  if (object === null) return undefined;
  const backups = stub.backups();
  const storedKey = `backups/files/${file.sha256}-${newId("f")}${key === undefined ? "" : ".enc"}`;
  const full = `${teamPrefix(team)}${storedKey}`;
  await backups.planCopy(plan.id, full);
  const source = bytesOf(object);
  await writeObject(bucket, full, key === undefined ? source : sealFrames(key, filePlace(file.sha256), source), {
    onMultipart: (id) => backups.planCopyParts(full, id),
  });
  await backups.fileStored(plan.id, file.r2_key, storedKey);
  return storedKey;
}

/** What a file's copy is sealed for: its content, since backups share it. */
export const filePlace = (sha256: string): string => `file ${sha256}`;

/** Lets the backups go whose time is over. */
export async function tidyBackups(store: Store): Promise<void> {
  for (const id of await store.stub.backups().overdue()) {
    await removeBackup(store, id, systemCaller("system", "backup"));
  }
}

/** Removes a backup and the copies of files that no other one lists. Throws what `forget` of the object throws. */
export async function removeBackup({ team, stub, bucket }: Store, id: string, by: Caller): Promise<void> {
  const all = await listManifests(bucket, team);
  const others = new Set(
    all.filter((one) => one.id !== id).flatMap(({ files }) => files.map((file) => file.stored_key)),
  );
  const files = all.find((one) => one.id === id)?.files ?? [];
  const own = files.map(({ stored_key }) => stored_key).filter((key) => !others.has(key));
  const page = await bucket.list({ prefix: backupPrefix(team, id) });
  const keys = page.objects.map(({ key }) => key.slice(teamPrefix(team).length));
  await stub.backups().forget(id, [...new Set([...keys, ...own])], by);
}

/** Stores what waits, within the time of one message; then lets go what is over. True: to be asked again. */
export async function storeInBackground(store: Store, id: string): Promise<boolean> {
  const outcome = await storeBackup({ ...store, copyMs: backupLimits.copyMs }, id);
  if (outcome === "complete") {
    // What is overdue is found again after the next backup.
    await tidyBackups(store).catch((error: unknown) => logFailure("backups_not_tidied", { team: store.team }, error));
  }
  return outcome === "later";
}
