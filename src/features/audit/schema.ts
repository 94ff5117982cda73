// The audit log as rows and as every surface shows them: fields described once. Runs everywhere.
import * as z from "zod";
import { cursorSchema, pageFields } from "../../core/paging.ts";
import { timeSchema } from "../../core/times.ts";
import { listLimits } from "../../limits.ts";

/** One thing that a write did, as the feature that did it says it. */
export interface AuditEntry {
  /** `<kind>.<verb>`, e.g. `tool.update`. */
  action: string;
  target: { kind: string; name: string };
  /** The state before and after, where there was one. Secrets are redacted and long values cut when it is written. */
  before?: unknown;
  after?: unknown;
}

const filterFields = {
  actor: z.string().min(1).max(200).optional().describe("Only of this username."),
  action: z
    .string()
    .regex(/^[a-z][a-z0-9_]*\.[a-z0-9_]*$/, "use an action such as tool.update, or a prefix such as tool.")
    .optional()
    .describe("One action (tool.update), or all of a kind (tool.)."),
  target_kind: z.string().min(1).max(100).optional(),
  target_name: z.string().min(1).max(500).optional(),
  from: timeSchema.optional().describe("ISO 8601."),
  to: timeSchema.optional().describe("ISO 8601."),
  text: z.string().min(1).max(200).optional().describe("In the target's name or the values."),
};

export const auditFilterSchema = z.object(filterFields);
/** Times in Unix milliseconds. */
export type AuditFilter = z.output<typeof auditFilterSchema>;

export const searchAuditSchema = z.object({
  ...filterFields,
  limit: z.int().min(1).max(listLimits.maxEntries).optional().describe(`Default ${listLimits.toolEntries}.`),
  cursor: cursorSchema,
});
export type SearchAudit = z.output<typeof searchAuditSchema>;

export const auditEntrySchema = z.object({
  seq: z.int(),
  at: z.string(),
  actor: z.string(),
  user_id: z.string(),
  credential: z.object({ kind: z.string(), id: z.string(), label: z.string() }),
  through: z.string().nullable().describe("The service account that acted for the actor."),
  client: z.string().nullable(),
  address: z.string().nullable(),
  request_id: z.string(),
  action: z.string(),
  target: z.object({ kind: z.string(), name: z.string() }),
  before: z.unknown(),
  after: z.unknown(),
  hash: z.string(),
});
export type ShownEntry = z.infer<typeof auditEntrySchema>;

export const searchAnswerSchema = z.object({
  entries: z.array(auditEntrySchema),
  ...pageFields,
  total: z
    .int()
    .describe("Of the log or the time asked for; with other filters, matches among the entries this call searched."),
  searched_to: z.int().optional().describe("total counts down to this entry; older ones come with next_cursor."),
});

const headPattern = /^([1-9][0-9]{0,15}):([0-9a-f]{64})$/;

/** An entry's number and hash, written `seq:hash`. */
export const headSchema = z
  .string()
  .regex(headPattern, "use <seq>:<hash> as an earlier verification gave it")
  .transform((text) => {
    const [, seq = "", hash = ""] = headPattern.exec(text) ?? [];
    return { seq: Number(seq), hash };
  });

export const verifyAuditSchema = z.object({
  expected_head: headSchema.optional().describe("The head of an earlier verification, as seq:hash; finds a cut end."),
  cursor: cursorSchema,
});
export type VerifyAudit = z.output<typeof verifyAuditSchema>;

export const verdictSchema = z.object({
  ok: z.boolean().describe("No fault in what was checked."),
  complete: z.boolean().describe("false: go on with next_cursor."),
  entries: z.int().describe("Entries checked so far, earlier calls included."),
  head: z.object({ seq: z.int(), hash: z.string() }).describe("The log's last entry."),
  first_bad: z.object({ seq: z.int(), why: z.string() }).optional(),
  next_cursor: z.string().optional(),
});
export type Verdict = z.infer<typeof verdictSchema>;
