// The execution log as every surface shows it: fields described once.
import * as z from "zod";
import { cursorSchema, pageFields } from "../../core/paging.ts";
import { timeSchema } from "../../core/times.ts";
import { listLimits } from "../../limits.ts";

export const executionSchema = z.object({
  id: z.string(),
  tool: z.string(),
  tool_version: z.int().nullable(),
  user: z.string(),
  through: z.string().nullable().describe("The service account that acted for the user, if one did."),
  client: z.string().nullable(),
  parameters: z.string().nullable().describe("The arguments as JSON, cut at a limit."),
  dataset: z.string().nullable(),
  dataset_version: z.int().nullable(),
  executed_at: z.string(),
  duration_ms: z.int(),
  steps: z.int().nullable().describe("Engine steps used; 0 when the answer came from the cache."),
  success: z.boolean(),
  cached: z.boolean(),
  error_code: z.string().nullable(),
  result_bytes: z.int(),
});
export type Execution = z.infer<typeof executionSchema>;

export const listExecutionsSchema = z.object({
  tool: z.string().optional().describe("Only of this tool."),
  user: z.string().optional().describe("Only of this username."),
  failed: z.boolean().optional().describe("true: only failures."),
  outcome: z
    .string()
    .regex(/^[a-z][a-z0-9_]{0,59}$/, "use ok, failed or an error's code")
    .optional()
    .describe("ok, failed (whatever failed), or an error's code."),
  dataset: z.string().min(1).max(500).optional().describe("Only on this dataset."),
  from: timeSchema.optional().describe("ISO 8601."),
  to: timeSchema.optional().describe("ISO 8601."),
  text: z
    .string()
    .min(1)
    .max(200)
    .optional()
    .describe("In the tool's name, the arguments, the dataset, the client or the error's code."),
  limit: z.int().min(1).max(listLimits.maxEntries).optional().describe(`Default ${listLimits.toolEntries}.`),
  cursor: cursorSchema,
});
export type ListExecutions = z.infer<typeof listExecutionsSchema>;

export const executionsSchema = z.object({
  executions: z.array(executionSchema),
  ...pageFields,
  total: z.int().describe("With text, of the executions that this call searched."),
  searched_to: z.string().optional().describe("With text: how far back this call searched; next_cursor goes on."),
});

/** What a Worker reports of one execution. */
export interface ExecutionReport {
  id: string;
  toolId: string | null;
  toolName: string;
  toolVersion: number | null;
  userId: string;
  username: string;
  /** The service account that acted for the user, if one did. */
  through?: string | null;
  client: string | null;
  parameters: string | null;
  dataset: string | null;
  datasetVersion: number | null;
  executedAt: number;
  durationMs: number;
  steps: number | null;
  success: boolean;
  /** It came as far as running, so it counts as a use of its tool. */
  ran: boolean;
  cached: boolean;
  errorCode: string | null;
  resultBytes: number;
  /** Of an ad hoc query that began to be answered: what learning keeps of it. */
  pattern?: QueryPattern;
}

/** An ad hoc query in its normalised form, and the literals it was run with. */
export interface QueryPattern {
  dataset: string;
  input: "whole" | "records";
  nullInput: boolean;
  normalised: string;
  /** As it was written. */
  example: string;
  /** JSON texts in the order of the form's places, each cut at a limit. */
  literals: string[];
}

/** A call that metrics count. */
export interface CallCount {
  /** The tool's name, or what else was called: `rest:GET /datasets`. */
  tool: string;
  /** `ok`, an error's code, or `failed` for a tool that ran and said so itself. */
  outcome: string;
  /** Milliseconds; null: refused before anything was measured. */
  durationMs: number | null;
  /** How many such calls; left out: one. */
  times?: number;
}

/** What a team has counted since it began. */
export interface CallTotal {
  tool: string;
  outcome: string;
  count: number;
  totalDurationMs: number;
  /** Calls per bucket of core/histogram.ts, not cumulative. */
  buckets: number[];
}

/** What a team is and holds at this moment. */
export interface TeamGauges {
  people: number;
  serviceAccounts: number;
  oauthConnections: number;
  openStreams: number;
  datasets: number;
  datasetBytes: number;
  /** Bytes in R2 of datasets' versions that are not current, deleted datasets' included. */
  keptVersionBytes: number;
  functions: number;
  tools: number;
  sqliteBytes: number;
}

export interface TeamMetrics {
  totals: CallTotal[];
  gauges: TeamGauges;
}

/** A message that a queue gave up on, as it comes. */
export interface NewDeadLetter {
  /** The queue's own id. */
  id: string;
  body: unknown;
  type: string;
  team: string | null;
  /** Unix milliseconds. */
  sentAt: number;
}

/** One as the operator is shown it. */
export interface DeadLetter {
  id: string;
  type: string;
  team: string | null;
  message: unknown;
  sent_at: string;
  stored_at: string;
  /** When it was last sent again; null: it waits for somebody to look at it. */
  replayed_at: string | null;
}

/** What a consumer reports of one batch. */
export interface QueueReport {
  queue: string;
  handled: number;
  failed: number;
  deadLetters: number;
  /** Of messages delivered for the first time: milliseconds from sending to delivery. */
  lagsMs: number[];
}

/** What the deployment's object knows of one queue. */
export interface QueueTotal {
  queue: string;
  handled: number;
  failed: number;
  deadLetters: number;
  /** Unix milliseconds. */
  lastHandledAt: number;
  totalLagMs: number;
  /** Messages per bucket of core/histogram.ts, not cumulative. */
  buckets: number[];
}
