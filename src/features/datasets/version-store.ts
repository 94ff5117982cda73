// Versions of datasets that are not current but kept, in the team object's SQLite. Synchronous; SQL only.
import { and, asc, count, desc, eq, isNotNull, lte, min, sql } from "drizzle-orm";
import { dayMs } from "../../core/durations.ts";
import type { Db } from "../../durable/db.ts";
import { datasetLimits } from "../../limits.ts";
import type { Dataset, DatasetVersion, DeletedDataset } from "./schema.ts";
import { datasets, datasetVersions } from "./table.ts";
import { isPointedAt, retireObject } from "./upload-store.ts";

export type VersionRow = typeof datasetVersions.$inferSelect;

/** A Db or a transaction of one. */
type Writer = Pick<Db, "select" | "insert" | "update" | "delete">;

/** Keeps the current version of a dataset as one that is not current any more. Returns until when, in Unix milliseconds. */
export function insertVersion(db: Writer, dataset: Dataset, now: number): number {
  const keptUntil = now + datasetLimits.keptDays * dayMs;
  const { version, description, kind, format, etag, bytes, schema, sample, record_count: recordCount } = dataset;
  const content = { version, description, kind, format, etag, bytes, schema, sample, recordCount };
  const written = { writtenBy: dataset.updated_by, writtenAt: new Date(dataset.updated_at) };
  const row = { datasetId: dataset.id, r2Key: dataset.r2_key, ...content, ...written, keptUntil: new Date(keptUntil) };
  db.insert(datasetVersions).values(row).run();
  return keptUntil;
}

/** Versions kept of a dataset, the newest first; the current one is not among them. */
export function readVersions(db: Writer, datasetId: string): VersionRow[] {
  return db
    .select()
    .from(datasetVersions)
    .where(eq(datasetVersions.datasetId, datasetId))
    .orderBy(desc(datasetVersions.version))
    .all();
}

/** One of them. */
export function readVersion(db: Writer, datasetId: string, version: number): VersionRow | undefined {
  return db.select().from(datasetVersions).where(isVersion(datasetId, version)).get();
}

/** Lets go those beyond the newest datasetLimits.keptVersions. True when there were any. */
export function trimVersions(db: Writer, datasetId: string, now: number): boolean {
  const over = readVersions(db, datasetId).slice(datasetLimits.keptVersions);
  for (const row of over) dropVersion(db, row, now);
  return over.length > 0;
}

/** Lets go those whose time is over. Returns when the next one's is. */
export function expireVersions(db: Writer, now: number): number | undefined {
  const over = db
    .select()
    .from(datasetVersions)
    .where(lte(datasetVersions.keptUntil, new Date(now)))
    .all();
  for (const row of over) dropVersion(db, row, now);
  return db
    .select({ at: min(datasetVersions.keptUntil) })
    .from(datasetVersions)
    .get()
    ?.at?.getTime();
}

/** Keeps all of a dataset's versions at least until then. */
export function prolongVersions(db: Writer, datasetId: string, until: number): void {
  const isSooner = and(eq(datasetVersions.datasetId, datasetId), lte(datasetVersions.keptUntil, new Date(until)));
  db.update(datasetVersions)
    .set({ keptUntil: new Date(until) })
    .where(isSooner)
    .run();
}

/** Takes a version off the list because it is the current one again. Its object stays. */
export function takeVersion(db: Writer, { datasetId, version }: VersionRow): void {
  db.delete(datasetVersions).where(isVersion(datasetId, version)).run();
}

/** Datasets that are deleted and whose last version is kept, with who may see them. */
export function deletedDatasets(db: Writer): (DeletedDataset & Pick<Dataset, "visibility">)[] {
  const isLast = and(eq(datasetVersions.datasetId, datasets.id), eq(datasetVersions.version, datasets.version));
  const kept = db
    .select({ datasetId: datasetVersions.datasetId, versions: count().as("versions") })
    .from(datasetVersions)
    .groupBy(datasetVersions.datasetId)
    .as("kept");
  return db
    .select({ dataset: datasets, last: datasetVersions, versions: kept.versions })
    .from(datasets)
    .innerJoin(datasetVersions, isLast)
    .innerJoin(kept, eq(kept.datasetId, datasets.id))
    .where(isNotNull(datasets.deletedAt))
    .orderBy(asc(datasets.name))
    .all()
    .map(({ dataset, last, versions }) => ({
      ...{ name: dataset.name, version: last.version, versions, kind: last.kind, bytes: last.bytes },
      ...{ record_count: last.recordCount, deleted_by: dataset.updatedBy },
      deleted_at: (dataset.deletedAt ?? dataset.updatedAt).toISOString(),
      restorable_until: last.keptUntil.toISOString(),
      ...(dataset.visibility === null ? {} : { visibility: dataset.visibility }),
    }));
}

/** Bytes in R2 of kept versions, without those that are a current version's, too; each object once. */
export function keptBytes(db: Db): number {
  const current = sql`SELECT ${datasets.r2Key} FROM ${datasets} WHERE ${datasets.deletedAt} IS NULL`;
  const each = db
    .selectDistinct({ r2Key: datasetVersions.r2Key, bytes: datasetVersions.bytes })
    .from(datasetVersions)
    .where(sql`${datasetVersions.r2Key} NOT IN (${current})`)
    .as("each");
  return (
    db
      .select({ bytes: sql<number>`coalesce(sum(${each.bytes}), 0)` })
      .from(each)
      .get()?.bytes ?? 0
  );
}

/** A kept version as the edge gets it. */
export function toVersion(name: string, row: VersionRow): DatasetVersion {
  return {
    ...{ name, version: row.version, current: false, description: row.description, kind: row.kind },
    ...{ format: row.format, etag: row.etag, bytes: row.bytes, record_count: row.recordCount },
    ...{ schema: row.schema, sample: row.sample, written_by: row.writtenBy, r2_key: row.r2Key },
    written_at: row.writtenAt.toISOString(),
    kept_until: row.keptUntil.toISOString(),
  };
}

/** The current version of a dataset likewise. */
export function currentVersion(dataset: Dataset): DatasetVersion {
  const { name, version, description, kind, format, etag, bytes, record_count, schema, sample, r2_key } = dataset;
  const content = { description, kind, format, etag, bytes, record_count, schema, sample, r2_key };
  const written = { written_by: dataset.updated_by, written_at: dataset.updated_at };
  return { name, version, current: true, ...content, ...written };
}

const isVersion = (datasetId: string, version: number) =>
  and(eq(datasetVersions.datasetId, datasetId), eq(datasetVersions.version, version));

/** Readers under way have datasetLimits.retiredGraceMs to end. */
function dropVersion(db: Writer, row: VersionRow, now: number): void {
  takeVersion(db, row);
  if (!isPointedAt(db, row.r2Key)) retireObject(db, row.r2Key, now + datasetLimits.retiredGraceMs);
}
