// How a backup comes to be in the object: taken, handed out to be stored, kept and let go. Rules on records; runs in the team object.
import { AppError } from "../../core/errors.ts";
import { newId } from "../../core/ids.ts";
import { logFailure } from "../../core/log.ts";
import type { TeamDeps } from "../../durable/team-deps.ts";
import { backupLimits } from "../../workflow-limits.ts";
import { type Caller, systemCaller } from "../access/access.ts";
import { requireNow } from "../access/caller-store.ts";
import type { AuditEntry } from "../audit/schema.ts";
import { claimObject, noteMultipart, retireObject } from "../datasets/upload-store.ts";
import type { Notice } from "../notifications/schema.ts";
import { readSettings, readTeam } from "../teams/store.ts";
import { noBackup } from "./faults.ts";
import { dropStaging, stagedAt } from "./load-store.ts";
import type { BackupReason, BackupRecord, ShownBackup, StorePlan } from "./schema.ts";
import {
  copiesInUse,
  dropSnapshot,
  noteStored,
  type RawSql,
  readChunks,
  readFiles,
  readHead,
  takeSnapshot,
  waitingHeads,
} from "./snapshot-store.ts";
import {
  type BackupRow,
  completeRow,
  deleteBackup,
  duePreviews,
  expiredBackups,
  insertBackup,
  isAnotherStored,
  listPreviews,
  newestComplete,
  nextTry,
  readBackup,
  toShown,
  updateBackup,
  waitingBackups,
} from "./store.ts";

/** What these rules work with: the features' means, and the object's SQLite as it is. */
export interface BackupDeps {
  deps: TeamDeps;
  sql: RawSql;
}

/** What the system does by itself. */
export const system = (): Caller => systemCaller("system", "backup");

const subject = (id: string) => ({ kind: "backup" as const, name: id });

/**
 * Takes a snapshot of everything, as it is at this moment; it waits in the object until it is stored. What says so in the audit log is part of it.
 * Throws `forbidden`, `busy` when backupLimits.waiting snapshots wait already, `too_large`.
 */
export function takeBackup(
  { deps, sql }: BackupDeps,
  reason: BackupReason,
  by: Caller,
  id = newId("bkp"),
): ShownBackup {
  const caller = requireNow(deps.db, by, "backups:manage");
  const now = deps.now();
  if (waitingBackups(deps.db).length >= backupLimits.waiting) throw tooManyWait();
  return deps.atomically(() => {
    const { username } = caller.actor;
    const row = newRow(id, reason, username, now);
    deps.record(caller, () => {
      insertBackup(deps.db, row);
      return { result: undefined, audit: [{ action: "backup.create", target: subject(id), after: { reason } }] };
    });
    const head = takeSnapshot(sql, id, { reason, createdBy: username, createdAt: now });
    const { revision, migration, rows, bytes } = head;
    updateBackup(deps.db, id, { revision, migration, rows, bytes });
    deps.wakeAt(now + backupLimits.retryMs);
    return toShown(requireRow(deps, id));
  });
}

/** The night's backup: taken once however often it is asked for; undefined when the team wants none or has it. */
export function takeNightly(backup: BackupDeps, night: string): string | undefined {
  const { deps } = backup;
  const id = `bkp_night_${night}`;
  const known = readBackup(deps.db, id);
  if (known !== undefined) return known.state === "taken" ? id : undefined;
  if (readTeam(deps.db).deletedAt !== null || !readSettings(deps.db).nightly_backups) return undefined;
  return takeBackup(backup, "nightly", system(), id).id;
}

function newRow(id: string, reason: BackupReason, createdBy: string, now: number): BackupRow {
  return {
    ...{ id, reason, createdBy, state: "taken", createdAt: new Date(now), finishedAt: null },
    ...{ revision: 0, migration: "", rows: 0, bytes: 0, storedBytes: 0, objects: 0, objectBytes: 0 },
    ...{ sha256: null, encrypted: false, error: null, leasedUntil: null },
  };
}

/** Gives snapshots that were taken before a migration, when this table may not have been there, their rows. */
export function adoptSnapshots({ deps, sql }: BackupDeps): void {
  for (const { id, head, origin } of waitingHeads(sql)) {
    if (readBackup(deps.db, id) !== undefined) continue;
    const { revision, migration, rows, bytes } = head;
    deps.record(system(), () => {
      const row = newRow(id, origin.reason, origin.createdBy, origin.createdAt);
      insertBackup(deps.db, { ...row, revision, migration, rows, bytes });
      deps.wakeAt(deps.now());
      const after = { reason: origin.reason };
      return { result: undefined, audit: [{ action: "backup.create", target: subject(id), after }] };
    });
  }
}

/** Notes that no snapshot could be taken before a migration, which went ahead since it is all or nothing by itself. */
export function noteMissedSnapshot(deps: TeamDeps, why: unknown): void {
  const id = newId("bkp");
  logFailure("backup_before_migration_failed", { team: readTeam(deps.db).slug }, why);
  insertBackup(deps.db, newRow(id, "migration", "system", deps.now()));
  endFailed(deps, requireRow(deps, id), "No snapshot could be taken before the migration; the log has the reason.");
}

/**
 * Hands a snapshot to whoever stores it now. `state` says when there is nothing to do; "busy": somebody else is at it or at another one.
 */
export function beginStoring(
  { deps, sql }: BackupDeps,
  id: string,
): StorePlan | { state: "busy" | "complete" | "failed" | "gone" } {
  const row = readBackup(deps.db, id);
  if (row === undefined) return { state: "gone" };
  if (row.state !== "taken") return { state: row.state };
  const now = deps.now();
  const isLeased = row.leasedUntil !== null && row.leasedUntil.getTime() > now;
  if (isLeased || isAnotherStored(deps.db, id, now)) return { state: "busy" };
  const snapshot = readHead(sql, id);
  if (snapshot === undefined) throw new Error(`the snapshot of ${id} is gone`);
  lease(deps, id);
  const { slug, name, incarnation } = readTeam(deps.db);
  return {
    ...snapshot.head,
    ...{ id, slug, name, incarnation, reason: row.reason, createdBy: row.createdBy },
    createdAt: row.createdAt.getTime(),
    files: readFiles(sql, id).map(({ isReused: _isReused, ...file }) => file),
    newest: newestComplete(deps.db)?.id ?? null,
  };
}

function lease(deps: TeamDeps, id: string): void {
  updateBackup(deps.db, id, { leasedUntil: new Date(deps.now() + backupLimits.leaseMs) });
}

/** Somebody else may store it at once. */
export function releaseStoring({ deps }: BackupDeps, id: string): void {
  if (readBackup(deps.db, id)?.state === "taken") updateBackup(deps.db, id, { leasedUntil: null });
}

/** The next pieces of a snapshot; whoever asks for them is alive. */
export function nextChunks({ deps, sql }: BackupDeps, id: string, at: number): Uint8Array[] {
  requireTaken(deps, id);
  lease(deps, id);
  return readChunks(sql, id, at);
}

/** Notes an object that is about to be written for a snapshot: unless it is claimed later, the sweep deletes it. */
export function planCopy({ deps }: BackupDeps, id: string, key: string): void {
  requireTaken(deps, id);
  lease(deps, id);
  retireObject(deps.db, key, deps.now() + backupLimits.storeWithinMs);
}

export function planCopyParts({ deps }: BackupDeps, key: string, multipartId: string): void {
  if (!noteMultipart(deps.db, key, multipartId)) throw ended();
}

/** Notes a file that a restore is about to copy back, likewise. */
export function planRestoredFile({ deps }: BackupDeps, key: string): void {
  retireObject(deps.db, key, deps.now() + backupLimits.stagingMs);
  deps.wakeAt(deps.now() + backupLimits.stagingMs);
}

/** A file's copy is there. */
export function fileStored({ deps, sql }: BackupDeps, id: string, r2Key: string, storedKey: string): void {
  requireTaken(deps, id);
  deps.atomically(() => {
    lease(deps, id);
    claimObject(deps.db, keyOf(deps, storedKey));
    noteStored(sql, id, r2Key, storedKey, false);
  });
}

/** Copies that an earlier backup made serve this one, too. False when that backup has gone since. */
export function reuseCopies(
  { deps, sql }: BackupDeps,
  id: string,
  from: string,
  pairs: readonly [string, string][],
): boolean {
  requireTaken(deps, id);
  if (readBackup(deps.db, from)?.state !== "complete") return false;
  deps.atomically(() => {
    for (const [r2Key, storedKey] of pairs) noteStored(sql, id, r2Key, storedKey, true);
  });
  return true;
}

const keyOf = (deps: TeamDeps, stored: string): string => `teams/${readTeam(deps.db).slug}/${stored}`;

/** All of it is stored: the working copy goes. Throws `conflict` when it was given up meanwhile. */
export function completeBackup({ deps, sql }: BackupDeps, record: BackupRecord, stateKey: string): ShownBackup {
  requireTaken(deps, record.id);
  deps.atomically(() => {
    updateBackup(deps.db, record.id, completeRow(record));
    claimObject(deps.db, keyOf(deps, stateKey));
    dropSnapshot(sql, record.id);
  });
  return toShown(requireRow(deps, record.id));
}

/** Gives a snapshot up: nothing of it stays, and admins hear why. */
export function failBackup({ deps, sql }: BackupDeps, id: string, why: string): void {
  const row = readBackup(deps.db, id);
  if (row?.state !== "taken") return;
  deps.atomically(() => {
    const now = deps.now();
    const own = readFiles(sql, id).flatMap(({ stored_key, isReused }) =>
      stored_key === null || isReused ? [] : [stored_key],
    );
    for (const key of [...own, `backups/${id}/manifest.json`]) retireObject(deps.db, keyOf(deps, key), now);
    dropSnapshot(sql, id);
    endFailed(deps, row, why);
    deps.wakeAt(now);
  });
}

function endFailed(deps: TeamDeps, { id, reason }: BackupRow, why: string): void {
  deps.record(system(), () => {
    updateBackup(deps.db, id, { state: "failed", error: why, finishedAt: new Date(deps.now()), leasedUntil: null });
    const notice: Notice = {
      kind: "backup.failed",
      subject: subject(id),
      title: `The ${reason} backup ${id} failed.`,
      body: `${why} create_backup makes another.`,
      to: "admins",
      visibility: "admin",
    };
    return {
      result: undefined,
      audit: [{ action: "backup.fail", target: subject(id), after: { error: why } }],
      notices: [notice],
    };
  });
}

/** Backups whose time is over by the team's settings. */
export function overdueBackups({ deps }: BackupDeps): string[] {
  const { backups_kept: count, backup_days: days } = readSettings(deps.db);
  return expiredBackups(deps.db, { count, days }, deps.now());
}

/** Says in the audit log that a backup's bytes leave the server. Throws `forbidden`, `not_found`, `busy` while it is being stored. */
export function noteDownload({ deps }: BackupDeps, id: string, by: Caller): void {
  const caller = requireNow(deps.db, by, "backups:download");
  const row = readBackup(deps.db, id);
  if (row === undefined) throw noBackup(id);
  if (row.state === "taken") throw stillStoring(id);
  deps.record(caller, () => ({
    result: undefined,
    audit: [{ action: "backup.download", target: subject(id), after: { encrypted: row.encrypted } }],
  }));
}

/**
 * Lets a backup go with the objects that belong to it alone; those that a snapshot under way counts on stay. Throws `forbidden`, `not_found`,
 * `busy` while it is being stored.
 */
export function forgetBackup({ deps, sql }: BackupDeps, id: string, keys: readonly string[], by: Caller): void {
  const caller = requireNow(deps.db, by, "backups:manage");
  const row = readBackup(deps.db, id);
  if (row === undefined) throw noBackup(id);
  if (row.state === "taken") throw stillStoring(id);
  const inUse = copiesInUse(sql);
  const now = deps.now();
  deps.record(caller, () => {
    for (const key of keys) if (!inUse.has(key)) retireObject(deps.db, keyOf(deps, key), now);
    deleteBackup(deps.db, id);
    deps.wakeAt(now);
    const before = { reason: row.reason, state: row.state, created_at: row.createdAt.toISOString() };
    const audit: AuditEntry[] = [{ action: "backup.delete", target: subject(id), before }];
    return { result: undefined, audit };
  });
}

/**
 * What the alarm does for backups: asks for snapshots that are not stored, gives up those that never will be, ends previews, clears away
 * restores that broke off. Returns when to come again.
 */
export function sweepBackups(backup: BackupDeps, now: number): number | undefined {
  const { deps, sql } = backup;
  const { slug } = readTeam(deps.db);
  const times: number[] = [];
  for (const row of waitingBackups(deps.db)) {
    if (now >= row.createdAt.getTime() + backupLimits.storeWithinMs) {
      failBackup(backup, row.id, `It could not be stored within ${backupLimits.storeWithinMs / 3_600_000} hours.`);
      continue;
    }
    if (row.leasedUntil === null || row.leasedUntil.getTime() <= now) {
      deps.later({ type: "store_backup", team: slug, backup: row.id });
    }
    times.push(nextTry(row, now));
  }
  for (const { slug: preview, incarnation } of duePreviews(deps.db, now)) {
    deps.later({ type: "end_preview", team: slug, preview, incarnation });
  }
  for (const { expiresAt } of listPreviews(deps.db))
    times.push(Math.max(expiresAt.getTime(), now + backupLimits.retryMs));
  const staged = stagedAt(sql);
  if (staged !== undefined && staged + backupLimits.stagingMs <= now) dropStaging(sql);
  else if (staged !== undefined) times.push(staged + backupLimits.stagingMs);
  return times.length === 0 ? undefined : Math.min(...times);
}

function requireRow(deps: TeamDeps, id: string): BackupRow {
  const row = readBackup(deps.db, id);
  if (row === undefined) throw noBackup(id);
  return row;
}

function requireTaken(deps: TeamDeps, id: string): void {
  if (readBackup(deps.db, id)?.state !== "taken") throw ended();
}

function ended(): AppError {
  return new AppError("conflict", "This backup was given up while it was being stored.", {
    hint: "create_backup makes another.",
  });
}

function stillStoring(id: string): AppError {
  return new AppError("busy", `The backup ${id} is still being stored.`, { hint: "Try again in a few minutes." });
}

function tooManyWait(): AppError {
  const { waiting } = backupLimits;
  return new AppError("busy", `${waiting} backups of this team wait to be stored, the most at once (limit waiting).`, {
    hint: "Try again in a few minutes.",
    details: { limit: "waiting", value: waiting },
  });
}
