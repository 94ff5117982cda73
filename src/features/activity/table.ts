// What was called, by whom, and how much was stored, over time. Runs in the team object.
import { integer, primaryKey, sqliteTable, text } from "drizzle-orm/sqlite-core";

/** Calls of a period by tool and outcome: five minutes at first, put together into hours later. */
export const activityCalls = sqliteTable(
  "activity_calls",
  {
    /** When the period began, Unix milliseconds. */
    start: integer("start").notNull(),
    tool: text("tool").notNull(),
    /** `ok` or the error's code. */
    outcome: text("outcome").notNull(),
    calls: integer("calls").notNull(),
    totalMs: integer("total_ms").notNull(),
    maxMs: integer("max_ms").notNull(),
    /** Calls per bucket of core/histogram.ts, not cumulative: columns, so that SQL can add them up. */
    b0: integer("b0").notNull(),
    b1: integer("b1").notNull(),
    b2: integer("b2").notNull(),
    b3: integer("b3").notNull(),
    b4: integer("b4").notNull(),
    b5: integer("b5").notNull(),
    b6: integer("b6").notNull(),
    b7: integer("b7").notNull(),
    b8: integer("b8").notNull(),
    b9: integer("b9").notNull(),
    b10: integer("b10").notNull(),
    b11: integer("b11").notNull(),
    b12: integer("b12").notNull(),
    b13: integer("b13").notNull(),
    b14: integer("b14").notNull(),
  },
  (table) => [primaryKey({ columns: [table.start, table.tool, table.outcome] })],
);

/** Executions of a period by person and tool. */
export const activityUsers = sqliteTable(
  "activity_users",
  {
    start: integer("start").notNull(),
    username: text("username").notNull(),
    tool: text("tool").notNull(),
    calls: integer("calls").notNull(),
    errors: integer("errors").notNull(),
  },
  (table) => [primaryKey({ columns: [table.start, table.username, table.tool] })],
);

/** What the team held and what waited, from time to time. */
export const activitySamples = sqliteTable("activity_samples", {
  /** Unix milliseconds. */
  at: integer("at").primaryKey(),
  teamBytes: integer("team_bytes").notNull(),
  /** Null when the workspace did not answer. */
  workspaceBytes: integer("workspace_bytes"),
  frameBytes: integer("frame_bytes"),
  datasetBytes: integer("dataset_bytes").notNull(),
  backupBytes: integer("backup_bytes").notNull(),
  uploadBytes: integer("upload_bytes").notNull(),
  deliveriesWaiting: integer("deliveries_waiting").notNull(),
  deliveriesDead: integer("deliveries_dead").notNull(),
  deletionsWaiting: integer("deletions_waiting").notNull(),
  backupsWaiting: integer("backups_waiting").notNull(),
});
