// The team itself and its settings. Runs in the team object.
import { integer, sqliteTable, text } from "drizzle-orm/sqlite-core";

/** One row: who this object is. */
export const team = sqliteTable("team", {
  id: integer("id").primaryKey(),
  slug: text("slug").notNull(),
  name: text("name").notNull(),
  /** Made once with the team, so that a cache of another life of the same slug is never believed. */
  incarnation: text("incarnation").notNull(),
  /** Goes up by one with every change that callers can see. */
  revision: integer("revision").notNull(),
  createdAt: integer("created_at", { mode: "timestamp_ms" }).notNull(),
  /** An owner deleted the team: nobody gets in, and at `purgeAt` all of it goes for good. */
  deletedAt: integer("deleted_at", { mode: "timestamp_ms" }),
  purgeAt: integer("purge_at", { mode: "timestamp_ms" }),
});

export const settings = sqliteTable("settings", {
  key: text("key").primaryKey(),
  value: text("value_json", { mode: "json" }).notNull(),
  updatedAt: integer("updated_at", { mode: "timestamp_ms" }).notNull(),
  updatedBy: text("updated_by").notNull(),
});
