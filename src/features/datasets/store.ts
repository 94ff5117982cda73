// Datasets in the team object's SQLite. Synchronous; SQL only.
import { and, asc, count, eq, gt, isNull, lte, min, ne, sql } from "drizzle-orm";
import { newId } from "../../core/ids.ts";
import type { Db } from "../../durable/db.ts";
import { datasetLimits } from "../../limits.ts";
import type { StoredObject } from "../../platform/r2.ts";
import type { Dataset, DatasetContent } from "./schema.ts";
import { datasets, retiredObjects, uploads } from "./table.ts";
import { deleteUpload } from "./upload-store.ts";
import { expireVersions, type VersionRow } from "./version-store.ts";

type Row = typeof datasets.$inferSelect;

/** Objects of one queue message: with long multipart ids they stay under the 128 KB a message may have. */
const objectsPerMessage = 200;

/** What changed after a team revision, deleted ones included; for -1 everything that is not deleted. */
export function changedDatasets(db: Db, since: number): Dataset[] {
  return db
    .select()
    .from(datasets)
    .where(since < 0 ? isNull(datasets.deletedAt) : gt(datasets.revision, since))
    .orderBy(asc(datasets.name))
    .all()
    .map(toDataset);
}

/** The dataset of that name, deleted or not. */
export function readDataset(db: Db, name: string): Dataset | undefined {
  const row = db.select().from(datasets).where(eq(datasets.name, name)).get();
  return row === undefined ? undefined : toDataset(row);
}

/** How many datasets there are, deleted ones left out. */
export function countDatasets(db: Db): number {
  return db.select({ count: count() }).from(datasets).where(isNull(datasets.deletedAt)).get()?.count ?? 0;
}

/** Characters of what the catalogue shows of all datasets but one, deleted ones left out. */
export function definitionChars(db: Db, except: string): number {
  const chars = sql<number>`coalesce(sum(length(${datasets.schema}) + length(${datasets.sample}) + length(${datasets.description})), 0)`;
  const others = and(isNull(datasets.deletedAt), ne(datasets.name, except));
  return db.select({ chars }).from(datasets).where(others).get()?.chars ?? 0;
}

export interface NewVersion {
  name: string;
  /** undefined: as before. */
  description: string | undefined;
  content: DatasetContent;
  r2Key: string;
  by: string;
  now: Date;
  revision: number;
}

/** Writes the next version of a dataset; one that was deleted comes back with its version counting on. */
export function writeVersion(db: Db, before: Dataset | undefined, next: NewVersion): Dataset {
  const { kind, format, etag, bytes, schema, sample, record_count: recordCount } = next.content;
  const content = { kind, format, etag, bytes, schema, sample, recordCount, r2Key: next.r2Key };
  const changed = { ...content, updatedBy: next.by, updatedAt: next.now, revision: next.revision };
  const created = { createdBy: next.by, createdAt: next.now, description: next.description ?? "" };
  if (before === undefined) {
    const fresh = { id: newId("ds"), name: next.name, version: 1, ...changed, ...created };
    return toDataset(db.insert(datasets).values(fresh).returning().get());
  }
  const kept = next.description === undefined ? {} : { description: next.description };
  const update = {
    version: before.version + 1,
    ...changed,
    ...(before.deleted ? { ...created, deletedAt: null } : kept),
  };
  return toDataset(db.update(datasets).set(update).where(eq(datasets.id, before.id)).returning().get());
}

/** Makes a kept version what a dataset was before it was deleted; it is as if it had never been. */
export function reviveDataset(db: Db, id: string, last: VersionRow, revision: number): Dataset {
  const written = { updatedBy: last.writtenBy, updatedAt: last.writtenAt };
  const { kind, format, etag, bytes, schema, sample, recordCount, r2Key, description } = last;
  const content = { kind, format, etag, bytes, schema, sample, recordCount, r2Key, description };
  return toDataset(
    db
      .update(datasets)
      .set({ ...content, ...written, deletedAt: null, revision })
      .where(eq(datasets.id, id))
      .returning()
      .get(),
  );
}

/** Marks a dataset as deleted; a small row stays, so that a version number is never used twice. */
export function markDeleted(db: Db, id: string, change: { by: string; now: Date; revision: number }): Dataset {
  const gone = { description: "", schema: { fields: [], records_examined: 0, fields_cut: false }, sample: [] };
  const marks = { deletedAt: change.now, updatedBy: change.by, updatedAt: change.now, revision: change.revision };
  return toDataset(
    db
      .update(datasets)
      .set({ ...gone, ...marks })
      .where(eq(datasets.id, id))
      .returning()
      .get(),
  );
}

/**
 * R2 objects whose time has come (retired objects, those of expired uploads and of versions kept long enough) and when the next are due. They are given out again
 * after datasetLimits.deletionRetryMs unless `forgetObjects` is called, so a lost message does no harm.
 */
export function takeDueObjects(db: Db, now: number): { due: StoredObject[]; nextDueAt: number | undefined } {
  return db.transaction((tx) => {
    for (const { id } of tx
      .select({ id: uploads.id })
      .from(uploads)
      .where(lte(uploads.expiresAt, new Date(now)))
      .all()) {
      deleteUpload(tx, id, now);
    }
    const nextVersion = expireVersions(tx, now);
    const due = tx
      .select()
      .from(retiredObjects)
      .where(lte(retiredObjects.deleteAfter, new Date(now)))
      .orderBy(asc(retiredObjects.deleteAfter))
      .limit(objectsPerMessage)
      .all();
    const again = new Date(now + datasetLimits.deletionRetryMs);
    for (const { r2Key } of due) {
      tx.update(retiredObjects).set({ deleteAfter: again }).where(eq(retiredObjects.r2Key, r2Key)).run();
    }
    const nextObject = tx
      .select({ at: min(retiredObjects.deleteAfter) })
      .from(retiredObjects)
      .get()
      ?.at?.getTime();
    const nextUpload = tx
      .select({ at: min(uploads.expiresAt) })
      .from(uploads)
      .get()
      ?.at?.getTime();
    const next = Math.min(...[nextObject, nextUpload, nextVersion].map((at) => at ?? Number.POSITIVE_INFINITY));
    return {
      due: due.map(({ r2Key, multipartId }) => ({ r2_key: r2Key, multipart_id: multipartId })),
      nextDueAt: Number.isFinite(next) ? next : undefined,
    };
  });
}

/** Takes deleted objects off the list. */
export function forgetObjects(db: Db, keys: readonly string[]): void {
  db.transaction((tx) => {
    for (const key of keys) tx.delete(retiredObjects).where(eq(retiredObjects.r2Key, key)).run();
  });
}

function toDataset(row: Row): Dataset {
  return {
    id: row.id,
    name: row.name,
    description: row.description,
    kind: row.kind,
    format: row.format,
    version: row.version,
    etag: row.etag,
    bytes: row.bytes,
    record_count: row.recordCount,
    schema: row.schema,
    created_by: row.createdBy,
    created_at: row.createdAt.toISOString(),
    updated_by: row.updatedBy,
    updated_at: row.updatedAt.toISOString(),
    revision: row.revision,
    r2_key: row.r2Key,
    sample: row.sample,
    deleted: row.deletedAt !== null,
    ...(row.visibility === null ? {} : { visibility: row.visibility }),
  };
}
