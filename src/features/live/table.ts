// The team's events of late, so that a listener can go on where it stopped. Runs in the team object.
import { index, integer, sqliteTable, text } from "drizzle-orm/sqlite-core";
import type { Visibility } from "../access/access.ts";

export const feedEvents = sqliteTable(
  "feed_events",
  {
    /** Never given twice, nor after a row is gone. */
    seq: integer("seq").primaryKey({ autoIncrement: true }),
    at: integer("at", { mode: "timestamp_ms" }).notNull(),
    event: text("event_json", { mode: "json" }).$type<Record<string, unknown>>().notNull(),
    /** Who may learn of it; null: everyone in the team. */
    visibility: text("visibility_json", { mode: "json" }).$type<Visibility>(),
    /** The one person it is for; null: whoever may see it. */
    userId: text("user_id"),
  },
  (table) => [index("feed_events_time").on(table.at)],
);
