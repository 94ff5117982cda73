// Token buckets that are not full: what a restart of the object must not forget. Runs in the team object.
import { integer, real, sqliteTable, text } from "drizzle-orm/sqlite-core";

export const rateBuckets = sqliteTable("rate_buckets", {
  /** What is limited and whose: `person:usr_…`, `token:tok_…`, `query:usr_…`. */
  key: text("key").primaryKey(),
  /** What is left, in calls; refilled from `updatedAt` on. */
  level: real("level").notNull(),
  updatedAt: integer("updated_at", { mode: "timestamp_ms" }).notNull(),
});
