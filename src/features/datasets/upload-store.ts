// Uploads under way, their parts, and R2 objects that nothing points at, in the team object's SQLite. Synchronous; SQL only.
import { and, asc, count, eq, gt, gte, isNull, lt, ne } from "drizzle-orm";
import type { Db } from "../../durable/db.ts";
import type { StoredObject } from "../../platform/r2.ts";
import type { Committed } from "./schema.ts";
import { datasets, datasetVersions, retiredObjects, uploadParts, uploads } from "./table.ts";

export type UploadRow = typeof uploads.$inferSelect;
export type PartRow = typeof uploadParts.$inferSelect;

/** A Db or a transaction of one. */
type Writer = Pick<Db, "select" | "insert" | "update" | "delete">;

/** Notes an upload that begins. */
export function insertUpload(db: Writer, row: UploadRow): void {
  db.insert(uploads).values(row).run();
}

/** An upload under way or completed of late, of any dataset. */
export function readUpload(db: Writer, id: string): UploadRow | undefined {
  return db.select().from(uploads).where(eq(uploads.id, id)).get();
}

/** How many uploads in parts of the team are under way. */
export function countUploads(db: Writer): number {
  const underWay = and(eq(uploads.kind, "parts"), ne(uploads.state, "completed"));
  return db.select({ count: count() }).from(uploads).where(underWay).get()?.count ?? 0;
}

/** Points an upload at the key its content is being written to now. */
export function updateUpload(db: Writer, id: string, change: Pick<UploadRow, "state" | "r2Key">): void {
  db.update(uploads).set(change).where(eq(uploads.id, id)).run();
}

/** Keeps what an upload made until `until`, for a caller who lost the answer. Its parts' objects are due now. */
export function completeUpload(db: Writer, upload: UploadRow, outcome: Committed, now: number, until: number): void {
  deleteUpload(db, upload.id, now);
  const kept: UploadRow = { ...upload, state: "completed", r2Key: "", expiresAt: new Date(until), outcome };
  insertUpload(db, kept);
}

/** The parts that arrived, by number. */
export function readParts(db: Writer, uploadId: string): PartRow[] {
  return db.select().from(uploadParts).where(eq(uploadParts.uploadId, uploadId)).orderBy(asc(uploadParts.part)).all();
}

/** Puts a part in its place and takes its object off the list of those nothing points at. The object it replaces is due at once. */
export function writePart(db: Writer, part: PartRow, now: number): void {
  const before = readParts(db, part.uploadId).find((known) => known.part === part.part);
  if (before !== undefined) retireObject(db, before.r2Key, now);
  db.insert(uploadParts)
    .values(part)
    .onConflictDoUpdate({ target: [uploadParts.uploadId, uploadParts.part], set: part })
    .run();
  claimObject(db, part.r2Key);
}

/** Ends an upload: its parts' objects and what it was writing are due now. Returns them. */
export function deleteUpload(db: Writer, id: string, now: number): StoredObject[] {
  const upload = readUpload(db, id);
  if (upload === undefined) return [];
  const objects = readParts(db, id).map((part): StoredObject => ({ r2_key: part.r2Key, multipart_id: null }));
  for (const { r2_key } of objects) retireObject(db, r2_key, now);
  const written = hastenObject(db, upload.r2Key, now);
  db.delete(uploadParts).where(eq(uploadParts.uploadId, id)).run();
  db.delete(uploads).where(eq(uploads.id, id)).run();
  return written === undefined ? objects : [...objects, written];
}

/** Notes that an object is to be deleted at `dueAt`. */
export function retireObject(db: Writer, r2Key: string, dueAt: number): void {
  db.insert(retiredObjects)
    .values({ r2Key, multipartId: null, deleteAfter: new Date(dueAt) })
    .onConflictDoNothing()
    .run();
}

/** Notes the multipart upload through which a planned object is written. False when the object is no longer planned. */
export function noteMultipart(db: Writer, r2Key: string, multipartId: string): boolean {
  const found = db.update(retiredObjects).set({ multipartId }).where(eq(retiredObjects.r2Key, r2Key)).returning().all();
  return found.length > 0;
}

/** How many objects whose keys begin so are kept for some time yet. */
export function countKept(db: Writer, prefix: string, now: number): number {
  // No LIKE: its patterns may have 50 bytes.
  const isNamed = and(gte(retiredObjects.r2Key, prefix), lt(retiredObjects.r2Key, `${prefix}~`));
  const isKept = and(isNamed, gt(retiredObjects.deleteAfter, new Date(now)));
  return db.select({ count: count() }).from(retiredObjects).where(isKept).get()?.count ?? 0;
}

/** Takes an object off the list because something points at it now. False when it was not on it. */
export function claimObject(db: Writer, r2Key: string): boolean {
  return db.delete(retiredObjects).where(eq(retiredObjects.r2Key, r2Key)).returning().all().length > 0;
}

/**
 * Makes an object that was planned due now; undefined when a dataset, a version or a part points at it. One that was deleted and forgotten
 * already may have been written since by an attempt that had lost its place, so it is noted again.
 */
export function hastenObject(db: Writer, r2Key: string, now: number): StoredObject | undefined {
  if (r2Key === "" || isPointedAt(db, r2Key)) return undefined;
  const deleteAfter = new Date(now);
  const row = db
    .insert(retiredObjects)
    .values({ r2Key, multipartId: null, deleteAfter })
    .onConflictDoUpdate({ target: retiredObjects.r2Key, set: { deleteAfter } })
    .returning()
    .get();
  return { r2_key: row.r2Key, multipart_id: row.multipartId };
}

/** True when a dataset, a kept version or a part is what this object holds. */
export function isPointedAt(db: Writer, r2Key: string): boolean {
  const dataset = db
    .select({ id: datasets.id })
    .from(datasets)
    .where(and(eq(datasets.r2Key, r2Key), isNull(datasets.deletedAt)))
    .get();
  const kept = db
    .select({ version: datasetVersions.version })
    .from(datasetVersions)
    .where(eq(datasetVersions.r2Key, r2Key))
    .get();
  const part = db.select({ part: uploadParts.part }).from(uploadParts).where(eq(uploadParts.r2Key, r2Key)).get();
  return dataset !== undefined || kept !== undefined || part !== undefined;
}
