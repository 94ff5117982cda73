// Datasets' metadata and uploads under way; the bytes are in R2. Runs in the team object.
import { index, integer, primaryKey, sqliteTable, text } from "drizzle-orm/sqlite-core";
import type { Visibility } from "../access/access.ts";
import type { Committed, DatasetSchema } from "./schema.ts";

export const datasets = sqliteTable(
  "datasets",
  {
    id: text("id").primaryKey(),
    name: text("name").notNull().unique(),
    description: text("description").notNull(),
    /** records: NDJSON in R2; whole: one JSON document. */
    kind: text("kind", { enum: ["records", "whole"] }).notNull(),
    /** What was uploaded. */
    format: text("format", { enum: ["json", "ndjson", "csv"] }).notNull(),
    version: integer("version").notNull(),
    etag: text("etag").notNull(),
    r2Key: text("r2_key").notNull(),
    bytes: integer("bytes").notNull(),
    recordCount: integer("record_count").notNull(),
    schema: text("schema_json", { mode: "json" }).$type<DatasetSchema>().notNull(),
    /** The first records, small, as JSON texts. */
    sample: text("sample_json", { mode: "json" }).$type<string[]>().notNull(),
    createdBy: text("created_by").notNull(),
    createdAt: integer("created_at", { mode: "timestamp_ms" }).notNull(),
    updatedBy: text("updated_by").notNull(),
    updatedAt: integer("updated_at", { mode: "timestamp_ms" }).notNull(),
    deletedAt: integer("deleted_at", { mode: "timestamp_ms" }),
    revision: integer("revision").notNull(),
    /** Null: everyone in the team. */
    visibility: text("visibility_json", { mode: "json" }).$type<Visibility>(),
  },
  (table) => [index("datasets_revision").on(table.revision)],
);

/**
 * Versions that are not current but kept: replaced ones, and all of a deleted dataset, its last one too. Two versions of a dataset may share an
 * object: a restored one is the older one's.
 */
export const datasetVersions = sqliteTable(
  "dataset_versions",
  {
    datasetId: text("dataset_id")
      .notNull()
      .references(() => datasets.id, { onDelete: "cascade" }),
    version: integer("version").notNull(),
    description: text("description").notNull(),
    kind: text("kind", { enum: ["records", "whole"] }).notNull(),
    format: text("format", { enum: ["json", "ndjson", "csv"] }).notNull(),
    etag: text("etag").notNull(),
    r2Key: text("r2_key").notNull(),
    bytes: integer("bytes").notNull(),
    recordCount: integer("record_count").notNull(),
    schema: text("schema_json", { mode: "json" }).$type<DatasetSchema>().notNull(),
    sample: text("sample_json", { mode: "json" }).$type<string[]>().notNull(),
    /** Who made this version, and when. */
    writtenBy: text("written_by").notNull(),
    writtenAt: integer("written_at", { mode: "timestamp_ms" }).notNull(),
    /** After this the sweep lets it go. */
    keptUntil: integer("kept_until", { mode: "timestamp_ms" }).notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.datasetId, table.version] }),
    index("dataset_versions_object").on(table.r2Key),
    index("dataset_versions_expiry").on(table.keptUntil),
  ],
);

/** Uploads that have begun and not ended, whose leftovers in R2 are found here and removed, and uploads in parts completed of late. */
export const uploads = sqliteTable(
  "uploads",
  {
    id: text("id").primaryKey(),
    datasetName: text("dataset_name").notNull(),
    description: text("description"),
    format: text("format", { enum: ["json", "ndjson", "csv"] }).notNull(),
    /** stream: one request; parts: created, then parts put, then completed. */
    kind: text("kind", { enum: ["stream", "parts"] }).notNull(),
    state: text("state", { enum: ["open", "completing", "completed"] }).notNull(),
    /** Where the new version is being written; empty when none is. Each attempt to complete gets a key of its own; only the latest may commit. */
    r2Key: text("r2_key").notNull(),
    createdBy: text("created_by").notNull(),
    createdAt: integer("created_at", { mode: "timestamp_ms" }).notNull(),
    /** After this the sweep removes it and its objects. */
    expiresAt: integer("expires_at", { mode: "timestamp_ms" }).notNull(),
    /** What the completion answered: a caller who lost that answer asks again. */
    outcome: text("outcome_json", { mode: "json" }).$type<Committed>(),
  },
  (table) => [index("uploads_expiry").on(table.expiresAt)],
);

/** Parts that arrived whole. */
export const uploadParts = sqliteTable(
  "upload_parts",
  {
    uploadId: text("upload_id")
      .notNull()
      .references(() => uploads.id, { onDelete: "cascade" }),
    part: integer("part").notNull(),
    r2Key: text("r2_key").notNull(),
    bytes: integer("bytes").notNull(),
    etag: text("etag").notNull(),
  },
  (table) => [primaryKey({ columns: [table.uploadId, table.part] })],
);

/**
 * R2 objects that nothing points at: planned (noted here before the first byte is written, taken out when a dataset or part
 * points at them), let go (kept a while for readers under way) or given up. When due the queue deletes them, so nothing is orphaned.
 */
export const retiredObjects = sqliteTable(
  "retired_objects",
  {
    r2Key: text("r2_key").primaryKey(),
    multipartId: text("multipart_id"),
    deleteAfter: integer("delete_after", { mode: "timestamp_ms" }).notNull(),
  },
  (table) => [index("retired_objects_due").on(table.deleteAfter)],
);
