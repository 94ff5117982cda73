// Proposing, voting and reading proposals as MCP tools. Runs at the edge.
import { adds, readsOnly, replaces } from "../../core/define-tool.ts";
import { moreLines } from "../../core/paging.ts";
import { fenceUntrusted } from "../../core/untrusted.ts";
import { listLimits } from "../../limits.ts";
import { type BuiltInTool, defineTool } from "../../tool.ts";
import { commentOn, editProposal, listProposals, propose, readProposal, voteOn, withdrawProposal } from "./calls.ts";
import {
  commentedSchema,
  commentOnSchema,
  editProposalSchema,
  listProposalsSchema,
  proposalIdSchema,
  proposalsSchema,
  proposeFunctionSchema,
  proposeToolSchema,
  type ShownProposal,
  shownProposalSchema,
  type Voted,
  votedSchema,
  voteSchema,
  withdrawnSchema,
  withdrawSchema,
} from "./calls-schema.ts";
import { describeInFull, describeList, describeNeeds } from "./showing.ts";

export const approvalTools: readonly BuiltInTool[] = [
  defineTool({
    name: "propose_tool",
    title: "Propose a team tool",
    description:
      "Proposes a new team tool or a change of one for the team to vote on; use it where save_tool is not allowed. Checked and tested first: nothing is stored unless all of it holds.",
    input: proposeToolSchema,
    output: shownProposalSchema,
    hints: adds,
    permission: "library:propose",
    toolset: "workflow",
    handler: async (context, input) => answerProposed(await propose(context, "tool", input), "Proposed"),
  }),
  defineTool({
    name: "propose_function",
    title: "Propose a jq function",
    description: "The same for a shared jq function; what uses it is checked, too.",
    input: proposeFunctionSchema,
    output: shownProposalSchema,
    hints: adds,
    permission: "library:propose",
    toolset: "workflow",
    handler: async (context, input) => answerProposed(await propose(context, "function", input), "Proposed"),
  }),
  defineTool({
    name: "edit_proposal",
    title: "Edit a proposal",
    description:
      "Changes an open proposal of yours, also to resolve a conflict. Votes begin anew. What is left out stays.",
    input: editProposalSchema,
    output: shownProposalSchema,
    hints: replaces,
    permission: "library:propose",
    toolset: "workflow",
    handler: async (context, { id, ...input }) => answerProposed(await editProposal(context, id, input), "Edited"),
  }),
  defineTool({
    name: "list_proposals",
    title: "List proposals",
    description: "Proposals, newest first. mine_to_vote: those that wait for your vote.",
    input: listProposalsSchema,
    output: proposalsSchema,
    hints: readsOnly,
    permission: "data:read",
    toolset: "workflow",
    handler: async (context, input) => {
      const { items, ...page } = await listProposals(context, input, listLimits.toolEntries);
      const table = items.length === 0 ? [] : [describeList(items)];
      const text = [`${page.returned} of ${page.total} proposals`, ...table, ...moreLines(page)].join("\n");
      return { text, data: { proposals: items, ...page } };
    },
  }),
  defineTool({
    name: "get_proposal",
    title: "Get a proposal",
    description:
      "What a proposal changes, why, how its check and tests went, a sample, votes, comments, conflicts. Read it before you vote.",
    input: proposalIdSchema,
    output: shownProposalSchema,
    hints: readsOnly,
    permission: "data:read",
    toolset: "workflow",
    handler: async (context, { id }) => {
      const shown = await readProposal(context, id);
      return { text: describeInFull(shown), data: shown };
    },
  }),
  defineTool({
    name: "vote_on_proposal",
    title: "Vote on a proposal",
    description:
      "Approves or rejects an open proposal; voting again changes your vote. Enough approvals put it in use at once. Vote only as your user decided.",
    input: voteSchema,
    output: votedSchema,
    hints: replaces,
    permission: "library:propose",
    toolset: "workflow",
    handler: async (context, { id, ...input }) => {
      const data = await voteOn(context, id, input);
      return { text: describeVote(data), data };
    },
  }),
  defineTool({
    name: "comment_on_proposal",
    title: "Comment on a proposal",
    description: "Says something of a proposal without a vote: a question, an answer. Its author and voters are told.",
    input: commentOnSchema,
    output: commentedSchema,
    hints: adds,
    permission: "library:propose",
    toolset: "workflow",
    handler: async (context, { id, comment }) => {
      const data = await commentOn(context, id, comment);
      return { text: `Said. ${id} has ${data.total} ${data.total === 1 ? "comment" : "comments"}.`, data };
    },
  }),
  defineTool({
    name: "withdraw_proposal",
    title: "Withdraw a proposal",
    description: "Takes back an open proposal of yours.",
    input: withdrawSchema,
    output: withdrawnSchema,
    hints: replaces,
    permission: "library:propose",
    toolset: "workflow",
    handler: async (context, { id, reason }) => {
      const data = await withdrawProposal(context, id, reason);
      return { text: `The proposal ${id} is withdrawn.`, data };
    },
  }),
];

function answerProposed(shown: ShownProposal, done: string) {
  return { text: `${done}.\n${describeInFull(shown)}`, data: shown };
}

function describeVote({ id, vote, settled, state, tally, applied_version, outcome }: Voted): string {
  const voted = vote === "approve" ? "You approve" : "You reject";
  if (settled === null) {
    const needs = describeNeeds({ state, tally, auto_approve_at: null, expires_at: null });
    return `${voted} ${id}. It has ${needs}.`;
  }
  if (settled === "rejected") return `${voted} ${id}. With that it is rejected.`;
  if (state === "applied")
    return `${voted} ${id}. With that it is approved, and applied as version ${applied_version}.`;
  if (state === "approved") return `${voted} ${id}. With that it is approved; it is applied in a moment.`;
  if (state === "pending")
    return `${voted} ${id}. It was approved, but what it changes has moved on and the two conflict: get_proposal shows both.`;
  const why = outcome === null ? "" : `\n${fenceUntrusted(outcome, "why")}`;
  return `${voted} ${id}. It was approved, but is ${state} now.${why}`;
}
