// How far the team has heard of its workspace. Runs in the team object.
import { integer, sqliteTable, text } from "drizzle-orm/sqlite-core";

/** One row for each life that had a workspace: what it says twice is heard once. */
export const workspaceLog = sqliteTable("workspace_log", {
  incarnation: text("incarnation").primaryKey(),
  lastSeq: integer("last_seq").notNull(),
});
