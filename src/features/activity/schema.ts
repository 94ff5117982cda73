// A team's activity over time as every surface shows it: fields described once. Runs everywhere.
import * as z from "zod";
import { activityLimits } from "../../limits.ts";

export const activityWindows = ["1h", "24h", "7d", "30d"] as const;
export type ActivityWindow = (typeof activityWindows)[number];

export const teamActivityInputSchema = z.object({
  window: z.enum(activityWindows).optional().describe("Default 24h."),
  limit: z
    .int()
    .min(1)
    .max(activityLimits.maxListed)
    .optional()
    .describe(`Tools and people in each list. Default ${activityLimits.listed}.`),
});

const durations = {
  p50_ms: z.int().nullable(),
  p95_ms: z.int().nullable(),
  p99_ms: z.int().nullable(),
};
const counts = { calls: z.int(), errors: z.int(), ...durations };

const pointSchema = z.object({ at: z.string().describe("When the step begins."), ...counts });
export type ActivityPoint = z.infer<typeof pointSchema>;

const toolSchema = z.object({ tool: z.string(), ...counts, total_ms: z.int() });
export type ToolActivity = z.infer<typeof toolSchema>;

const userSchema = z.object({ user: z.string(), calls: z.int(), errors: z.int() });
export type UserActivity = z.infer<typeof userSchema>;

const queuePointSchema = z.object({
  at: z.string(),
  handled: z.int(),
  failed: z.int().describe("Tries that failed; each message is tried again."),
  dead: z.int().describe("Messages given up on."),
  delay_p95_ms: z.int().nullable().describe("From sending to first delivery."),
});
export type QueuePoint = z.infer<typeof queuePointSchema>;

const holdingFields = {
  team_bytes: z.int().describe("SQLite of the team's object."),
  workspace_bytes: z.int().nullable().describe("SQLite of the workspace: tables and frames. null: not known."),
  frame_bytes: z.int().nullable().describe("Of those, frames' rows."),
  dataset_bytes: z.int().describe("Datasets' files in R2."),
  backup_bytes: z.int().describe("Backups in R2, at least."),
  upload_bytes: z.int().describe("Parts of uploads under way in R2."),
  deliveries_waiting: z.int().describe("Webhooks and mails on their way."),
  deliveries_dead: z.int().describe("Webhooks and mails given up on that the log still holds."),
  deletions_waiting: z.int().describe("Files to be deleted."),
  backups_waiting: z.int().describe("Backups to be stored."),
};
const holdingSchema = z.object(holdingFields);
/** What a team holds and what waits, at one moment. */
export type Holding = z.infer<typeof holdingSchema>;

const holdingPointSchema = z.object({ at: z.string(), ...holdingFields });
export type HoldingPoint = z.infer<typeof holdingPointSchema>;

export const activityFields = {
  from: z.string(),
  step_minutes: z.int(),
  calls: z.int(),
  errors: z.int(),
  people: z.int().describe("People and service accounts that called a tool."),
  ...durations,
  points: z.array(pointSchema).describe("One per step, the oldest first; the last is not over yet."),
  error_codes: z.array(z.object({ code: z.string(), calls: z.int() })),
  tools: z.array(toolSchema).describe("Most called first. hidden: tools not shown to you; other: past a limit."),
  tools_total: z.int(),
  slow_tools: z.array(toolSchema).describe("By p95_ms."),
  failing_tools: z.array(toolSchema).describe("By errors; only those that failed."),
  users: z.array(userSchema).describe("Most calls of tools first."),
  queue: z.array(queuePointSchema).describe("Background work, per step."),
  storage: z
    .array(holdingPointSchema)
    .describe("As last known at each step's end; steps before the first sample are left out."),
  now: holdingSchema,
  last_backup: z.object({ state: z.string(), at: z.string() }).nullable(),
};
export const teamActivitySchema = z.object({ window: z.enum(activityWindows), ...activityFields });
export type TeamActivity = z.infer<typeof teamActivitySchema>;
/** What the team's object answers. */
export type Activity = Omit<TeamActivity, "window">;

/** What a workspace holds. */
export interface WorkspaceSizes {
  sqliteBytes: number;
  frameBytes: number;
}

/** What the team's object knows of it all by itself. */
export interface TeamHolding {
  holding: Omit<Holding, "workspace_bytes" | "frame_bytes">;
  lastBackup: { state: string; at: string } | null;
}

export interface ReadActivity {
  window: ActivityWindow;
  limit: number;
  /** As the caller found it now; null: it did not answer. */
  workspace: WorkspaceSizes | null;
}
