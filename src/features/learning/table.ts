// Ad hoc queries in normalised form, who repeated them, and what was made of them. Runs in the team object.
import { index, integer, primaryKey, sqliteTable, text } from "drizzle-orm/sqlite-core";

export const queryPatterns = sqliteTable(
  "query_patterns",
  {
    /** A hash of dataset, mode and normalised program. */
    id: text("id").primaryKey(),
    dataset: text("dataset").notNull(),
    input: text("input", { enum: ["whole", "records"] }).notNull(),
    nullInput: integer("null_input", { mode: "boolean" }).notNull(),
    /** The program with its literals taken out and spelled one way. */
    normalised: text("normalised").notNull(),
    /** How someone last wrote it. */
    example: text("example").notNull(),
    runs: integer("runs").notNull(),
    /** Runs that the engine did, as against answers from the cache; the totals are theirs. */
    measuredRuns: integer("measured_runs").notNull(),
    totalDurationMs: integer("total_duration_ms").notNull(),
    totalSteps: integer("total_steps").notNull(),
    firstSeenAt: integer("first_seen_at", { mode: "timestamp_ms" }).notNull(),
    lastSeenAt: integer("last_seen_at", { mode: "timestamp_ms" }).notNull(),
    state: text("state", { enum: ["seen", "suggested", "dismissed", "proposed"] }).notNull(),
    suggestedAt: integer("suggested_at", { mode: "timestamp_ms" }),
    settledBy: text("settled_by"),
    /** How many runs there were when it was dismissed: it comes back when there are twice as many. */
    settledRuns: integer("settled_runs"),
    proposalId: text("proposal_id"),
  },
  (table) => [index("query_patterns_state").on(table.state, table.lastSeenAt)],
);

export const queryPatternUsers = sqliteTable(
  "query_pattern_users",
  {
    patternId: text("pattern_id")
      .notNull()
      .references(() => queryPatterns.id),
    userId: text("user_id").notNull(),
    runs: integer("runs").notNull(),
    lastSeenAt: integer("last_seen_at", { mode: "timestamp_ms" }).notNull(),
  },
  (table) => [primaryKey({ columns: [table.patternId, table.userId] })],
);

/** Literals as they were written, by place: those that vary become parameters. */
export const queryPatternLiterals = sqliteTable(
  "query_pattern_literals",
  {
    patternId: text("pattern_id")
      .notNull()
      .references(() => queryPatterns.id),
    /** Which of the pattern's literals, from 0. */
    place: integer("place").notNull(),
    value: text("value_json").notNull(),
    runs: integer("runs").notNull(),
  },
  (table) => [primaryKey({ columns: [table.patternId, table.place, table.value] })],
);
