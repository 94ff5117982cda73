// What the tools and routes for proposals take and answer: fields described once, used by MCP and REST alike. Runs everywhere.
import * as z from "zod";
import { identifierSchema } from "../../core/names.ts";
import { cursorSchema, pageFields } from "../../core/paging.ts";
import { listLimits } from "../../limits.ts";
import { approvalLimits } from "../../workflow-limits.ts";
import { saveFunctionSchema } from "../jq-functions/schema.ts";
import { saveToolSchema } from "../jq-tools/schema.ts";
import {
  commentSchema,
  proposalActions,
  proposalKinds,
  proposalSchema,
  proposalStates,
  proposalSummarySchema,
  proposalTestSchema,
  stateFilters,
} from "./schema.ts";

const idField = z.string().min(1).max(100).describe("The proposal's id.");
const justification = z
  .string()
  .trim()
  .min(1)
  .max(approvalLimits.justificationChars)
  .describe("What it is for and why: what those who vote go by.");
const tests = z
  .array(proposalTestSchema.strict())
  .max(approvalLimits.tests)
  .describe("Run when it is submitted and again before it is applied; each says expected or assert.");
const action = z
  .enum(proposalActions)
  .optional()
  .describe("Left out: create, or change where it is in use. deactivate and restore take no content.");

/** A tool's fields that a proposal may change. */
export const toolFieldsSchema = saveToolSchema.omit({ name: true, reason: true });
/** A function's fields that a proposal may change. */
export const functionFieldsSchema = saveFunctionSchema
  .omit({ name: true, reason: true })
  .extend({ definition: saveFunctionSchema.shape.definition.optional() });
export type ChangeFields = z.output<typeof toolFieldsSchema> | z.output<typeof functionFieldsSchema>;

const around = { action, justification, tests: tests.optional() };
export const proposeToolSchema = toolFieldsSchema.extend({ name: saveToolSchema.shape.name, ...around });
export type ProposeTool = z.output<typeof proposeToolSchema>;
export const proposeFunctionSchema = functionFieldsSchema.extend({ name: saveFunctionSchema.shape.name, ...around });
export type ProposeFunction = z.output<typeof proposeFunctionSchema>;

/** A proposal over REST: the same, and of which kind. */
export const proposeSchema = z.discriminatedUnion("kind", [
  proposeToolSchema.extend({ kind: z.literal("tool") }).strict(),
  proposeFunctionSchema.extend({ kind: z.literal("function") }).strict(),
]);

const editFields = {
  content: z
    .record(z.string(), z.unknown())
    .optional()
    .describe('The fields to change, as propose_tool or propose_function takes them, e.g. {"description": "…"}.'),
  justification: justification.optional(),
  tests: tests.optional().describe("All tests anew; left out: as they are."),
};
export const editProposalSchema = z.object({ id: idField, ...editFields });
export const editBodySchema = z.object(editFields).strict();
export type EditCall = z.output<typeof editBodySchema>;

export const proposalIdSchema = z.object({ id: idField });

const vote = z.enum(["approve", "reject"]);
const voteFields = {
  vote,
  comment: z
    .string()
    .trim()
    .min(1)
    .max(approvalLimits.commentChars)
    .optional()
    .describe("Say why, above all to reject."),
  edition: z.int().min(1).optional().describe("The edition you read: refused if it was edited since."),
};
export const voteSchema = z.object({ id: idField, ...voteFields });
export const voteBodySchema = z.object(voteFields).strict();
export type VoteCall = z.output<typeof voteBodySchema>;
export const votedSchema = z.object({
  id: z.string(),
  vote,
  settled: z.enum(["approved", "rejected"]).nullable().describe("What this vote settled; null: the vote goes on."),
  state: z.enum(proposalStates),
  tally: proposalSchema.shape.tally,
  applied_version: z.int().nullable(),
  outcome: z.string().nullable(),
});
export type Voted = z.infer<typeof votedSchema>;

export const commentOnSchema = z.object({
  id: idField,
  comment: z.string().trim().min(1).max(approvalLimits.commentChars).describe("Plain text."),
});
export const commentedSchema = z.object({
  id: z.string(),
  comment: commentSchema,
  total: z.int().describe("Comments on the proposal now."),
});
export type Commented = z.infer<typeof commentedSchema>;

const withdrawFields = { reason: z.string().trim().min(1).max(approvalLimits.commentChars).optional() };
export const withdrawSchema = z.object({ id: idField, ...withdrawFields });
export const withdrawBodySchema = z.object(withdrawFields).strict();
export const withdrawnSchema = z.object({ id: z.string(), state: z.enum(proposalStates) });

export const listProposalsSchema = z.object({
  state: z
    .enum(stateFilters)
    .optional()
    .describe("Left out: every state. open: pending or approved; settled: all others."),
  kind: z.enum(proposalKinds).optional(),
  name: identifierSchema.optional().describe("About this tool or function."),
  author: z.string().max(100).optional().describe("A username."),
  mine_to_vote: z.boolean().optional().describe("Only open ones that you may vote on and have not."),
  limit: z.int().min(1).max(listLimits.maxEntries).optional().describe(`Default ${listLimits.toolEntries}.`),
  cursor: cursorSchema,
});
export type ListProposals = z.output<typeof listProposalsSchema>;
export const proposalsSchema = z.object({ proposals: z.array(proposalSummarySchema), ...pageFields });

/** A proposal with what it would change. */
export const shownProposalSchema = z.object({
  proposal: proposalSchema,
  diff: z.string().describe("From the version it was written against to what is proposed."),
  comments: z.array(commentSchema).describe("What people say of it besides their votes, oldest first."),
});
export type ShownProposal = z.infer<typeof shownProposalSchema>;
