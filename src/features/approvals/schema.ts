// Proposals as rows and as every surface shows them: fields described once. Runs everywhere.
import * as z from "zod";
import { saveFunctionSchema } from "../jq-functions/schema.ts";
import { toolContentSchema } from "../jq-tools/schema.ts";

export const proposalKinds = ["function", "tool"] as const;
export type ProposalKind = (typeof proposalKinds)[number];

export const proposalActions = ["create", "change", "deactivate", "restore"] as const;
export type ProposalAction = (typeof proposalActions)[number];

/** pending is open to votes; approved waits to be applied; the others are final. */
export const proposalStates = [
  "pending",
  "approved",
  "applied",
  "rejected",
  "withdrawn",
  "expired",
  "superseded",
  "failed",
] as const;
export type ProposalState = (typeof proposalStates)[number];

/** What a list of proposals can be narrowed to: one state, or all that are open (pending, approved) or settled. */
export const stateFilters = [...proposalStates, "open", "settled"] as const;
export type StateFilter = (typeof stateFilters)[number];

export const settledHow = ["votes", "timeout", "veto", "author", "expiry", "other_change", "error"] as const;
export type SettledHow = (typeof settledHow)[number];

/** Everything an author writes of a function. */
export const functionContentSchema = saveFunctionSchema.pick({ definition: true }).extend({
  description: z.string(),
  parameters: saveFunctionSchema.shape.parameters.unwrap(),
  allow_builtin_name: z.boolean(),
});
export type FunctionContent = z.infer<typeof functionContentSchema>;
export const proposalContentSchema = z.union([toolContentSchema, functionContentSchema]);
export type ProposalContent = z.infer<typeof proposalContentSchema>;

/** One test of what is proposed. A function's `expression` is jq that calls it; a tool is called with `arguments`. */
export const proposalTestSchema = z.object({
  name: z.string().min(1).max(100).optional(),
  input: z.unknown().optional().describe("What `.` is. Left out: the dataset, or null."),
  dataset: z.string().max(100).optional().describe("A tool's dataset to run on, when no input is given."),
  arguments: z.record(z.string(), z.unknown()).optional().describe("A tool's parameters."),
  expression: z.string().max(10_000).optional().describe("For a function: jq that calls it, e.g. `margin(10; 4)`."),
  expected: z
    .unknown()
    .optional()
    .describe("What it must give: its one output, or the array of its outputs when it gives several or none."),
  assert: z.string().max(10_000).optional().describe("jq over the array of outputs that must give true."),
});
export type ProposalTest = z.infer<typeof proposalTestSchema>;

const testResultSchema = z.object({
  name: z.string(),
  ok: z.boolean(),
  outputs: z.array(z.unknown()).optional().describe("What it gave, cut at a limit."),
  steps: z.int().optional(),
  message: z.string().optional().describe("Why it failed."),
});

/** What checking a proposal found, as of one team revision. */
export const validationSchema = z.object({
  ok: z.boolean(),
  checked_at: z.string(),
  revision: z.int().describe("The team revision it was checked against."),
  errors: z.array(z.object({ code: z.string(), message: z.string(), hint: z.string().optional() })),
  warnings: z.array(z.string()),
  tests: z.array(testResultSchema),
  dependants: z.object({ functions: z.array(z.string()), tools: z.array(z.string()) }),
  sample: z.array(z.unknown()).optional().describe("First outputs of a run with defaults or the first test."),
  steps: z.int().optional(),
});
export type Validation = z.infer<typeof validationSchema>;

export const conflictSchema = z.object({
  current_version: z.int(),
  theirs: z.string().describe("Diff from the base to what is current now."),
  ours: z.string().describe("Diff from the base to what is proposed."),
  fields: z.array(z.string()).describe("What both changed."),
});
export type Conflict = z.infer<typeof conflictSchema>;

const voteSchema = z.object({
  username: z.string(),
  vote: z.enum(["approve", "reject"]),
  comment: z.string().nullable(),
  voted_at: z.string(),
  weight: z.int().describe("What it counts with the role its author has now; 0 for who left or may not vote."),
});
export type Vote = z.infer<typeof voteSchema>;

/** What somebody says of a proposal, besides their vote. */
export const commentSchema = z.object({
  id: z.int(),
  username: z.string(),
  comment: z.string(),
  edition: z.int().describe("The edition it was said of."),
  commented_at: z.string(),
});
export type Comment = z.infer<typeof commentSchema>;

/** How the votes stand against what the team's settings ask for. */
const tallySchema = z.object({
  approve: z.int().describe("Weight of approvals."),
  reject: z.int(),
  voters: z.int(),
  approve_at: z.int(),
  reject_at: z.int(),
  quorum: z.int(),
});
export type Tally = z.infer<typeof tallySchema>;

/** A proposal as every surface shows it. Times are ISO 8601. */
export const proposalSchema = z.object({
  id: z.string(),
  kind: z.enum(proposalKinds),
  name: z.string(),
  action: z.enum(proposalActions),
  state: z.enum(proposalStates),
  content: proposalContentSchema.nullable().describe("The whole of what is proposed; null to deactivate or restore."),
  base_version: z.int().nullable().describe("The version it was written against; null: there was none."),
  justification: z.string(),
  tests: z.array(proposalTestSchema),
  required_functions: z.array(z.string()),
  validation: validationSchema,
  conflict: conflictSchema.nullable(),
  source: z.enum(["manual", "learned"]),
  author: z.string(),
  edition: z.int().describe("Goes up with every edit; votes are on one edition."),
  created_at: z.string(),
  opened_at: z.string().describe("When this edition was opened to votes."),
  auto_approve_at: z.string().nullable().describe("When it is approved if nobody rejects it; null: never by itself."),
  expires_at: z.string().nullable(),
  votes: z.array(voteSchema),
  tally: tallySchema,
  settled_at: z.string().nullable(),
  settled_by: z.string().nullable(),
  settled_how: z.enum(settledHow).nullable(),
  applied_version: z.int().nullable(),
  outcome: z.string().nullable().describe("Why it failed or was superseded."),
});
export type Proposal = z.infer<typeof proposalSchema>;
/** As lists show it. */
export const proposalSummarySchema = proposalSchema
  .pick({
    id: true,
    kind: true,
    name: true,
    action: true,
    state: true,
    justification: true,
    author: true,
    created_at: true,
    auto_approve_at: true,
    expires_at: true,
    tally: true,
    applied_version: true,
  })
  .extend({
    conflicts: z.boolean().describe("Its base moved on, and its author has to resolve a conflict."),
    comments: z.int().describe("How many; votes' own are not among them."),
  });
export type ProposalSummary = z.infer<typeof proposalSummarySchema>;
