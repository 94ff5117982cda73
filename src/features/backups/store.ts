// Backups and previews as rows in the team object's SQLite. Synchronous; SQL only.
import { and, asc, desc, eq, gt, lte, ne } from "drizzle-orm";
import { dayMs } from "../../core/durations.ts";
import type { Db } from "../../durable/db.ts";
import { backupLimits } from "../../workflow-limits.ts";
import type { BackupRecord, ShownBackup, ShownPreview } from "./schema.ts";
import { backups, restorePreviews } from "./table.ts";

export type BackupRow = typeof backups.$inferSelect;
export type PreviewRow = typeof restorePreviews.$inferSelect;

export function insertBackup(db: Db, row: BackupRow): void {
  db.insert(backups).values(row).run();
}

export function readBackup(db: Db, id: string): BackupRow | undefined {
  return db.select().from(backups).where(eq(backups.id, id)).get();
}

export function updateBackup(db: Db, id: string, change: Partial<BackupRow>): void {
  db.update(backups).set(change).where(eq(backups.id, id)).run();
}

export function deleteBackup(db: Db, id: string): void {
  db.delete(backups).where(eq(backups.id, id)).run();
}

/** Newest first. */
export function listBackups(db: Db): BackupRow[] {
  return db.select().from(backups).orderBy(desc(backups.createdAt), desc(backups.id)).all();
}

/** Snapshots that wait to be stored. */
export function waitingBackups(db: Db): BackupRow[] {
  return db.select().from(backups).where(eq(backups.state, "taken")).orderBy(asc(backups.createdAt)).all();
}

/** True while somebody stores another backup of the team: they share copies of files. */
export function isAnotherStored(db: Db, id: string, now: number): boolean {
  const others = and(eq(backups.state, "taken"), ne(backups.id, id), gt(backups.leasedUntil, new Date(now)));
  return db.select({ id: backups.id }).from(backups).where(others).get() !== undefined;
}

/** While a snapshot waits, the files it lists must stay. */
export function holdsFiles(db: Db): boolean {
  return db.select({ id: backups.id }).from(backups).where(eq(backups.state, "taken")).limit(1).get() !== undefined;
}

/** The newest complete backup. */
export function newestComplete(db: Db): BackupRow | undefined {
  return db
    .select()
    .from(backups)
    .where(eq(backups.state, "complete"))
    .orderBy(desc(backups.createdAt), desc(backups.id))
    .limit(1)
    .get();
}

/** Backups that are too many or too old, and failed ones that are; the newest complete one never is. */
export function expiredBackups(db: Db, keep: { count: number; days: number }, now: number): string[] {
  const oldest = now - keep.days * dayMs;
  const all = listBackups(db);
  const complete = all.filter(({ state }) => state === "complete");
  const isOld = ({ createdAt }: BackupRow): boolean => createdAt.getTime() < oldest;
  return [
    ...complete.filter((row, at) => at > 0 && (at >= keep.count || isOld(row))),
    ...all.filter((row) => row.state === "failed" && isOld(row)),
  ].map(({ id }) => id);
}

/** The rows of what a bucket has, in place of those there were. */
export function replaceBackups(db: Db, records: readonly BackupRecord[]): void {
  db.delete(backups).run();
  for (const record of records) insertBackup(db, completeRow(record));
}

/** The row of a complete backup. */
export function completeRow({ createdAt, finishedAt, ...record }: BackupRecord): BackupRow {
  return {
    ...record,
    state: "complete",
    createdAt: new Date(createdAt),
    finishedAt: new Date(finishedAt),
    error: null,
    leasedUntil: null,
  };
}

export function toShown(row: BackupRow): ShownBackup {
  return {
    id: row.id,
    reason: row.reason,
    state: row.state,
    created_by: row.createdBy,
    created_at: row.createdAt.toISOString(),
    finished_at: row.finishedAt?.toISOString() ?? null,
    revision: row.revision,
    migration: row.migration,
    rows: row.rows,
    bytes: row.bytes,
    stored_bytes: row.storedBytes,
    files: row.objects,
    file_bytes: row.objectBytes,
    encrypted: row.encrypted,
    sha256: row.sha256,
    error: row.error,
  };
}

export function insertPreview(db: Db, row: PreviewRow): void {
  db.insert(restorePreviews).values(row).run();
}

export function listPreviews(db: Db): PreviewRow[] {
  return db.select().from(restorePreviews).orderBy(desc(restorePreviews.createdAt)).all();
}

export function expirePreview(db: Db, slug: string, now: number): void {
  const expiresAt = new Date(now);
  db.update(restorePreviews)
    .set({ expiresAt })
    .where(and(eq(restorePreviews.slug, slug), gt(restorePreviews.expiresAt, expiresAt)))
    .run();
}

export function duePreviews(db: Db, now: number): PreviewRow[] {
  return db
    .select()
    .from(restorePreviews)
    .where(lte(restorePreviews.expiresAt, new Date(now)))
    .all();
}

export function deletePreview(db: Db, slug: string): void {
  db.delete(restorePreviews).where(eq(restorePreviews.slug, slug)).run();
}

export function toShownPreview({ slug, backupId, createdBy, createdAt, expiresAt }: PreviewRow): ShownPreview {
  return {
    team: slug,
    backup_id: backupId,
    created_by: createdBy,
    created_at: createdAt.toISOString(),
    expires_at: expiresAt.toISOString(),
  };
}

/** When a snapshot is asked for again, or given up. */
export function nextTry(row: BackupRow, now: number): number {
  return Math.min(now + backupLimits.retryMs, row.createdAt.getTime() + backupLimits.storeWithinMs);
}
