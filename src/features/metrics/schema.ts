// The execution log as every surface shows it: fields described once.
import { z } from "zod";
import { cursorSchema } from "../../core/paging.ts";
import { listLimits } from "../../limits.ts";

export const executionSchema = z.object({
  id: z.string(),
  tool: z.string(),
  tool_version: z.int().nullable(),
  user: z.string(),
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
  limit: z.int().min(1).max(listLimits.maxEntries).optional().describe(`Default ${listLimits.toolEntries}.`),
  cursor: cursorSchema,
});
export type ListExecutions = z.infer<typeof listExecutionsSchema>;

/** What a Worker reports of one execution. */
export interface ExecutionReport {
  id: string;
  toolId: string | null;
  toolName: string;
  toolVersion: number | null;
  userId: string;
  username: string;
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
}
