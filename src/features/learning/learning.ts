// Suggestions as their readers ask for them: lists, drafts, proposals made of them; and how tools perform. Runs at the edge.
import type { CallContext } from "../../context.ts";
import { AppError } from "../../core/errors.ts";
import { parseExact } from "../../core/exact-json.ts";
import { didYouMean, nearNames } from "../../core/near-names.ts";
import { type Page, pageBefore, readBefore } from "../../core/paging.ts";
import { listLimits } from "../../limits.ts";
import { learningLimits } from "../../workflow-limits.ts";
import { callerOf } from "../access/access.ts";
import type { Proposal, ProposalTest } from "../approvals/schema.ts";
import type { JqTool, ToolParameter } from "../jq-tools/schema.ts";
import { draftTool } from "./drafting.ts";
import type {
  ListSuggestions,
  PatternFacts,
  ProposeSuggestion,
  Suggestion,
  SuggestionDetail,
  ToolPerformance,
} from "./schema.ts";

/** A tool to be proposed, as the approvals feature takes it. */
export interface ToolProposal {
  name: string;
  action: "create";
  description: string;
  query: string;
  parameters: ToolParameter[];
  datasets: string[];
  input: "whole" | "records";
  null_input: boolean;
  justification: string;
  tests: ProposalTest[];
  suggestion: string;
}

/** Opens a proposal: the approvals feature's own way, passed in since features of one tier do not import each other's edge. */
export type Propose = (context: CallContext, proposal: ToolProposal) => Promise<Proposal>;

/** Suggestions that the caller sees, newest first. Throws `cursor_invalid`. */
export async function listSuggestions(context: CallContext, input: ListSuggestions): Promise<Page<Suggestion>> {
  const limit = input.limit ?? listLimits.toolEntries;
  const filter = {
    state: input.state ?? ("suggested" as const),
    dataset: input.dataset,
    before: readBefore(input.cursor),
    limit: limit + 1,
  };
  const { rows, total } = await context.stub.learning().list(filter, context.actor);
  const page = pageBefore(rows, { limit, total, key: (row) => row.seq });
  return { ...page, items: page.items.map(({ suggestion }) => suggestion) };
}

/** One suggestion with the tool that it could be. Throws `not_found`. */
export async function getSuggestion(context: CallContext, id: string): Promise<SuggestionDetail> {
  const facts = await context.stub.learning().get(id, context.actor);
  const drafted = await draftTool(context, facts);
  const parameterOf = "plan" in drafted ? drafted.plan.parameterOf : [];
  return {
    suggestion: facts.suggestion,
    example: facts.example,
    places: facts.places.map((values, place) => ({
      place: place + 1,
      parameter: parameterOf[place] ?? null,
      values: values.map(({ value, runs }) => ({ value: shownValue(value), runs })),
    })),
    draft: "draft" in drafted ? drafted.draft : null,
    why_no_draft: "why" in drafted ? drafted.why : null,
  };
}

/** A value that was cut is shown as the text that is left of it. */
function shownValue(text: string): unknown {
  try {
    return parseExact(text);
  } catch {
    return text;
  }
}

/**
 * Proposes the drafted tool, with what the caller puts in its place. Throws `not_found`, `conflict` for one that is proposed already,
 * `invalid_argument` where there is no draft and the caller gives no whole tool, and what submitting a proposal throws.
 */
export async function proposeSuggestion(
  context: CallContext,
  input: ProposeSuggestion,
  propose: Propose,
): Promise<{ proposal: Proposal; suggestion: Suggestion }> {
  const { id } = input;
  await context.stub.learning().requireOpen(id, context.actor);
  const facts = await context.stub.learning().get(id, context.actor);
  const proposal = await propose(context, await proposalOf(context, facts, input));
  const suggestion = await context.stub.learning().proposed(id, proposal.id, callerOf(context));
  return { proposal, suggestion };
}

async function proposalOf(context: CallContext, facts: PatternFacts, input: ProposeSuggestion): Promise<ToolProposal> {
  const { id, dataset, people, runs, input: mode, null_input } = facts.suggestion;
  const drafted = await draftTool(context, facts);
  const draft = "draft" in drafted ? drafted.draft : undefined;
  const name = input.name ?? draft?.name;
  const query = input.query ?? draft?.query;
  const description = input.description ?? draft?.description;
  if (name === undefined || query === undefined || description === undefined) {
    const why = "why" in drafted ? drafted.why : "";
    throw new AppError("invalid_argument", `There is no draft of ${id}: ${why}`, {
      hint: "Give name, description, query and parameters yourself, or dismiss_suggestion.",
      details: { id },
    });
  }
  // What is drafted of other parameters, or another query, need not hold for these.
  const isOwn = input.query !== undefined || input.parameters !== undefined;
  return {
    name,
    action: "create",
    description,
    query,
    parameters: input.parameters ?? draft?.parameters ?? [],
    datasets: [dataset],
    input: mode,
    null_input,
    justification: input.justification ?? justificationOf(dataset, people, runs),
    tests: input.tests ?? (isOwn ? [] : (draft?.tests ?? [])),
    suggestion: id,
  };
}

function justificationOf(dataset: string, people: number, runs: number): string {
  const who = people === 1 ? "One person" : `${people} people`;
  return `${who} ran this query on ${dataset} ${runs} times.`;
}

/** The tool of that name, as the caller sees it. Throws `not_found` that offers near names. */
export function findTeamTool({ catalogue }: Pick<CallContext, "catalogue">, name: string): JqTool {
  const tool = catalogue.tools.get(name);
  if (tool !== undefined) return tool;
  const near = nearNames(name, catalogue.tools.keys());
  throw new AppError("not_found", `The team has no tool ${name}.`, {
    hint: didYouMean(near) ?? "find_tools shows those there are.",
    details: { name, near },
  });
}

/** How the team's tools did in the last days, slowest and most failing first. Throws `not_found` for a tool there is not. */
export async function toolPerformance(
  context: CallContext,
  input: { name?: string | undefined; days?: number | undefined },
): Promise<{ days: number; tools: ToolPerformance[]; total: number }> {
  const days = input.days ?? learningLimits.performanceDays;
  if (input.name !== undefined) findTeamTool(context, input.name);
  const asked = { days, ...(input.name === undefined ? {} : { name: input.name }) };
  const found = await context.stub.learning().performance(asked, context.actor);
  return { days, tools: found.slice(0, learningLimits.shownTools), total: found.length };
}
