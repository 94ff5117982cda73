// Proposals as a reader may see them, and in words: what comes out of datasets only to who sees those, and fenced. Runs at the edge.
import type { CallContext } from "../../context.ts";
import { markdownTable } from "../../core/markdown.ts";
import { fenceUntrusted } from "../../core/untrusted.ts";
import { approvalLimits } from "../../workflow-limits.ts";
import { describeProposal, isOpen } from "./approvals.ts";
import type { ShownProposal } from "./calls-schema.ts";
import { contentDiff, isToolContent } from "./content.ts";
import type { Proposal, ProposalContent, ProposalSummary, ProposalTest } from "./schema.ts";

/**
 * The proposal without what its reader may not see: outputs and expectations out of datasets that are not shown to them, and names of tools
 * that are not. `result` is what it would put in place, which of a restored tool is not in the proposal.
 */
export function shownTo(
  context: Pick<CallContext, "catalogue">,
  proposal: Proposal,
  result: ProposalContent | null,
): Proposal {
  const { datasets, tools } = context.catalogue;
  const readable = (test: ProposalTest): boolean => datasetsRead(result, test).every((name) => datasets.has(name));
  const { sample, ...validation } = proposal.validation;
  return {
    ...proposal,
    tests: proposal.tests.map((test) => {
      if (readable(test)) return test;
      const { expected: _, assert: __, ...rest } = test;
      return rest;
    }),
    validation: {
      ...validation,
      tests: validation.tests.map((run, at) => {
        const test = proposal.tests[at];
        if (test !== undefined && readable(test)) return run;
        const { outputs: _, message: __, ...rest } = run;
        return rest;
      }),
      dependants: {
        ...validation.dependants,
        tools: validation.dependants.tools.filter((name) => tools.has(name)),
      },
      ...(sample !== undefined && readable({}) ? { sample } : {}),
    },
  };
}

/** The datasets that a test, or a run without one, reads. */
function datasetsRead(result: ProposalContent | null, test: ProposalTest): readonly string[] {
  if (result === null || !isToolContent(result) || test.input !== undefined) return [];
  if (test.dataset !== undefined) return [test.dataset];
  return result.dataset_mode === "all" ? result.datasets : result.datasets.slice(0, 1);
}

/** What changes from the version it was written against. */
export function proposalDiff(proposal: Proposal, base: ProposalContent | null, result: ProposalContent | null): string {
  if (proposal.action === "restore") return contentDiff(null, result);
  return contentDiff(proposal.action === "create" ? null : base, proposal.content);
}

/** `1 of 2 approvals; approved by itself at … if nobody rejects it`: what an open proposal waits for. */
export function describeNeeds({
  state,
  tally,
  auto_approve_at,
  expires_at,
}: Pick<ProposalSummary, "state" | "tally" | "auto_approve_at" | "expires_at">): string {
  if (state === "approved") return "approved, and about to be applied";
  if (!isOpen(state)) return state;
  const { approve, reject, voters, approve_at, reject_at, quorum } = tally;
  const votes = [
    `${approve} of ${approve_at} approvals`,
    ...(reject > 0 ? [`${reject} of ${reject_at} rejections`] : []),
    ...(voters < quorum ? [`${voters} of ${quorum} voters`] : []),
  ].join(", ");
  if (auto_approve_at !== null && reject === 0)
    return `${votes}; approved by itself at ${auto_approve_at} if nobody rejects it`;
  return expires_at === null ? votes : `${votes}; expires at ${expires_at}`;
}

/** A proposal as text, with the diff of what it changes and what people say. */
export function describeInFull({ proposal, diff, comments }: ShownProposal): string {
  const { id, state, author, edition, conflict, validation, votes, justification } = proposal;
  const latest = comments.slice(-approvalLimits.commentsInText);
  const said = [
    `${author}: ${justification}`,
    ...votes.map((one) => `${one.username} ${one.vote}s${one.comment === null ? "" : `: ${one.comment}`}`),
    ...latest.map((one) => `${one.username}: ${one.comment}`),
  ];
  return [
    `${id} · ${describeProposal(proposal)} · ${state} · edition ${edition}`,
    settledLine(proposal),
    fenceUntrusted(said.join("\n"), "what people say of it"),
    ...(latest.length < comments.length
      ? [`These are the newest ${latest.length} of ${comments.length} comments; all are in the structured answer.`]
      : []),
    ...(diff === "" ? [] : [fenceUntrusted(diff, "diff")]),
    ...(conflict === null ? [] : describeConflict(conflict)),
    ...describeCheck(validation),
  ].join("\n");
}

function settledLine(proposal: Proposal): string {
  const { state, settled_by, settled_at, applied_version, outcome } = proposal;
  if (isOpen(state)) return `Needs: ${describeNeeds(proposal)}.`;
  const how = settled_by === null ? "" : ` by ${settled_by}`;
  const version = applied_version === null ? "" : `, as version ${applied_version}`;
  const settled = `Settled${how} at ${settled_at ?? "an unknown time"}${version}.`;
  if (outcome === null) return settled;
  // A reason to withdraw, and the names of tests that fail, are somebody's words.
  const isQuoted = state === "withdrawn" || state === "failed";
  return isQuoted ? `${settled}\n${fenceUntrusted(outcome, "why")}` : `${settled} ${outcome}`;
}

function describeConflict({ current_version, fields, theirs, ours }: NonNullable<Proposal["conflict"]>): string[] {
  return [
    `Conflict: version ${current_version} and this proposal both changed ${fields.join(", ")}. Its author resolves it with edit_proposal.`,
    fenceUntrusted(theirs, "diff since then"),
    fenceUntrusted(ours, "diff proposed"),
  ];
}

function describeCheck({ errors, tests, warnings, dependants, sample }: Proposal["validation"]): string[] {
  const failed = tests.filter(({ ok }) => !ok);
  const passed = tests.length - failed.length;
  const messages = failed.map(({ name, message }) => `${name}: ${message ?? "fails"}`);
  const users = [...dependants.functions, ...dependants.tools];
  return [
    errors.length === 0
      ? `Checked: it compiles${tests.length === 0 ? "; no tests" : `; ${passed} of ${tests.length} tests hold`}.`
      : `Checked: ${errors.map(({ message }) => message).join(" ")}`,
    ...(messages.length === 0 ? [] : [fenceUntrusted(messages.join("\n"), "tests that fail")]),
    ...(users.length === 0 ? [] : [`Used by ${users.join(", ")}, which still compile.`]),
    ...warnings.map((warning) => `Note: ${warning.replace(/\.$/, "")}.`),
    ...describeSample(sample),
  ];
}

function describeSample(sample: Proposal["validation"]["sample"]): string[] {
  if (sample === undefined) return [];
  if (sample.length === 0) return ["Sample: it gives no output."];
  return [fenceUntrusted(sample.map((row) => JSON.stringify(row)).join("\n"), "sample")];
}

/** Proposals as a table; what people wrote in it is fenced. */
export function describeList(proposals: readonly ProposalSummary[]): string {
  const rows = proposals.map((one) => ({
    id: one.id,
    proposes: describeProposal(one),
    author: one.author,
    needs: describeNeeds(one),
    for: one.justification,
  }));
  return fenceUntrusted(markdownTable(rows, ["id", "proposes", "author", "needs", "for"], 120), "proposals");
}
