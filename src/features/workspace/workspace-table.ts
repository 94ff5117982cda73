// What the workspace keeps besides what users make: whose it is, what has a name, and what the team's log has yet to hear. Runs in the workspace.
import { integer, sqliteTable, text } from "drizzle-orm/sqlite-core";
import type { RelationKind, Source } from "./schema.ts";
import type { Told } from "./workspace.ts";

/** One row: which life of which team this is. */
export const life = sqliteTable("sd_life", {
  id: integer("id").primaryKey(),
  team: text("team").notNull(),
  incarnation: text("incarnation").notNull(),
  createdAt: integer("created_at", { mode: "timestamp_ms" }).notNull(),
});

/** Everything that SQL can name: tables and frames, in one space of names. */
export const relations = sqliteTable("sd_relations", {
  /** `tbl_…` or `df_…`. */
  id: text("id").primaryKey(),
  kind: text("kind").$type<RelationKind>().notNull(),
  /** As it was given; null for a frame without one. */
  name: text("name"),
  /** The name in lower case, as SQL compares names: unique. Null in what has none or was dropped. */
  key: text("key").unique(),
  /** The datasets that what it holds came from. */
  sources: text("sources_json", { mode: "json" }).$type<Source[]>().notNull(),
  createdBy: text("created_by").notNull(),
  createdAt: integer("created_at", { mode: "timestamp_ms" }).notNull(),
});

/** What was done here and is yet to be told to the team's object: written with the change, removed once it was heard. */
export const outbox = sqliteTable("sd_outbox", {
  seq: integer("seq").primaryKey({ autoIncrement: true }),
  told: text("told_json", { mode: "json" }).$type<Told>().notNull(),
});
