// Data frames as rows: what each is; its own rows are in a table of chunks. Runs in the workspace.
import { index, integer, sqliteTable, text } from "drizzle-orm/sqlite-core";
import type { Column } from "../../engines/frame/types.ts";
import type { FrameState, Lineage } from "./schema.ts";

export const frames = sqliteTable(
  "sd_frames",
  {
    /** As in sd_relations, which has its name, its sources and who made it. */
    id: text("id").primaryKey(),
    /** The number in the name of the table that holds its chunks. */
    storage: integer("storage").notNull().unique(),
    state: text("state").$type<FrameState>().notNull(),
    columns: text("columns_json", { mode: "json" }).$type<Column[]>().notNull(),
    rows: integer("rows").notNull(),
    chunks: integer("chunks").notNull(),
    bytes: integer("bytes").notNull(),
    lineage: text("lineage_json", { mode: "json" }).$type<Lineage>().notNull(),
    /** Made by the server for itself: a dataset as SQL reads it. Not listed. */
    isCopyOf: text("is_copy_of").unique(),
    pinned: integer("pinned", { mode: "boolean" }).notNull(),
    lastUsedAt: integer("last_used_at").notNull(),
    /** Unix milliseconds; of a load under way, when it is given up on. A pinned frame has none. */
    expiresAt: integer("expires_at"),
  },
  (table) => [index("sd_frames_expiry").on(table.expiresAt)],
);
