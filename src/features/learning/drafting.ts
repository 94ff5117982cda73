// Drafting a tool of a suggestion, and proving it before anyone sees it: the draft must give what the query itself gives. Runs at the edge.
import type { CallContext } from "../../context.ts";
import { isAppError } from "../../core/errors.ts";
import { parseExact } from "../../core/exact-json.ts";
import { runJq } from "../../engines/jq/run.ts";
import { cacheLimits } from "../../limits.ts";
import { learningLimits } from "../../workflow-limits.ts";
import type { ProposalTest } from "../approvals/schema.ts";
import type { Dataset } from "../datasets/schema.ts";
import { bindValues, type CompiledProgram, compileProgram } from "../jq-functions/jq-functions.ts";
import { toolQuery } from "../jq-tools/jq-tools.ts";
import type { ToolContent } from "../jq-tools/schema.ts";
import { datasetSource, noteSources } from "../query/query.ts";
import { type ArgumentNames, type DraftPlan, describe, nameFor, planDraft } from "./draft.ts";
import { attempt, isSameResult, type WholeQuery } from "./measure.ts";
import type { PatternFacts, SuggestedTool } from "./schema.ts";

export type Drafted = { draft: SuggestedTool; plan: DraftPlan } | { why: string };

/** The tool that a suggestion is about, run and compared; or why there is none. Throws `rate_limited`, `busy` and the like. */
export async function draftTool(context: CallContext, facts: PatternFacts): Promise<Drafted> {
  const dataset = context.catalogue.datasets.get(facts.suggestion.dataset);
  if (dataset === undefined) return { why: `The dataset ${facts.suggestion.dataset} is gone.` };
  if (dataset.bytes > learningLimits.comparedInputBytes) {
    const limit = learningLimits.comparedInputBytes;
    return {
      why: `${dataset.name} is ${dataset.bytes} bytes; drafts are checked on up to ${limit} (limit comparedInputBytes).`,
    };
  }
  noteSources(context, [datasetSource(dataset)]);
  try {
    let why = "The query as it was kept no longer fits its pattern.";
    for (const fixed of [false, true]) {
      const plan = planDraft(facts, argumentNamesOf(context), fixed);
      if (plan === undefined) return { why };
      if (!fixed || plan.parameters.length === 0) {
        const proof = await prove(context, facts, plan, dataset);
        if ("outputs" in proof) return { plan, draft: await finish(context, facts, plan, dataset, proof.outputs) };
        why = proof.why;
      }
      // Without parameters there is nothing else to try.
      if (plan.parameters.length === 0) break;
    }
    return { why };
  } catch (error) {
    // A library that has changed since may no longer have what the query calls.
    if (isAppError(error) && error.code.startsWith("jq_"))
      return { why: `The query no longer compiles: ${error.message}` };
    throw error;
  }
}

function argumentNamesOf({ catalogue }: CallContext): ArgumentNames {
  return new Map(
    [...catalogue.functions.values()].map(({ name, arity, parameters }) => [
      `${name}/${arity}`,
      parameters.map((parameter) => parameter.name),
    ]),
  );
}

function contentOf(facts: PatternFacts, plan: DraftPlan): ToolContent {
  const { dataset, input, null_input } = facts.suggestion;
  return {
    description: describe(facts, plan),
    query: plan.query,
    parameters: plan.parameters,
    datasets: [dataset],
    dataset_mode: "one",
    input,
    null_input,
    pinned: false,
    weight: 0,
  };
}

/** How many outputs the query gives, or why the draft does not hold. */
type Proof = { outputs: number } | { why: string };

/** Runs the draft as the query was written, and without arguments, against the query itself. */
async function prove(context: CallContext, facts: PatternFacts, plan: DraftPlan, dataset: Dataset): Promise<Proof> {
  const tool = { name: "draft", ...contentOf(facts, plan) };
  const original = adHoc(context, facts, facts.example, plan.exampleValues, dataset);
  if (!original.pure)
    return { why: "What it gives depends on more than the data, so no draft can be compared with it." };
  const asWritten = await compare(context, original, toolQuery(context.catalogue, tool, plan.exampleArguments));
  if ("why" in asWritten || plan.parameters.length === 0) return asWritten;
  const usual = adHoc(context, facts, plan.usual, plan.exampleValues, dataset);
  const bare = await compare(context, usual, toolQuery(context.catalogue, tool, {}));
  return "why" in bare ? bare : asWritten;
}

async function compare(context: CallContext, original: WholeQuery, draft: WholeQuery): Promise<Proof> {
  const expected = await attempt(context, original);
  if ("failure" in expected) return { why: `The query fails on the dataset as it is now: ${expected.failure.message}` };
  const given = await attempt(context, draft);
  if ("failure" in given) return { why: `A draft of it fails: ${given.failure.message}` };
  return isSameResult(expected.ran, given.ran)
    ? { outputs: expected.ran.total }
    : { why: "A draft of it gives something else than the query." };
}

function adHoc(
  context: CallContext,
  facts: PatternFacts,
  query: string,
  values: Readonly<Record<string, unknown>>,
  dataset: Dataset,
): WholeQuery {
  const { program, bindings, pure } = compileProgram(context.catalogue.functions, query, Object.keys(values));
  const { input, null_input } = facts.suggestion;
  const source = { kind: "one", data: datasetSource(dataset) } as const;
  return { program, args: bindValues(bindings, values), pure, source, input, nullInput: null_input };
}

async function finish(
  context: CallContext,
  facts: PatternFacts,
  plan: DraftPlan,
  dataset: Dataset,
  outputs: number,
): Promise<SuggestedTool> {
  const name = nameFor(facts, plan, new Set(context.catalogue.tools.keys()));
  const tests = await draftTests(context, facts, plan, dataset, outputs);
  const compared = plan.parameters.length === 0 ? "" : ", and without arguments";
  const notes = [
    ...plan.notes,
    `Gave what the query gives on ${dataset.name} v${dataset.version}, as it was written${compared}.`,
  ];
  return { name, ...contentOf(facts, plan), tests, notes };
}

/** A test that stays good when the dataset changes: of its sample, where everyone may see that. */
async function draftTests(
  context: CallContext,
  facts: PatternFacts,
  plan: DraftPlan,
  dataset: Dataset,
  total: number,
): Promise<ProposalTest[]> {
  const asked = { name: "as it was asked", dataset: dataset.name, arguments: plan.exampleArguments };
  // Of what gives nothing on the dataset as it is, nothing can be said that stays true.
  const onDataset: ProposalTest[] = total === 0 ? [] : [{ ...asked, assert: "length > 0" }];
  const isOpen = dataset.visibility === undefined || dataset.visibility === "everyone";
  if (!isOpen || dataset.kind !== "records" || dataset.sample.length === 0) return onDataset;
  const compiled = compileProgram(context.catalogue.functions, facts.example, Object.keys(plan.exampleValues));
  const outputs = await runOnSample(context, compiled, facts, plan, dataset.sample);
  const input = dataset.sample.map(parseExact);
  const [only] = outputs ?? [];
  if (outputs === undefined) return onDataset;
  const expected = outputs.length === 1 ? only : outputs;
  const test = { name: "as it was asked, on the sample", input, arguments: plan.exampleArguments, expected };
  return JSON.stringify(test).length <= learningLimits.testChars ? [test] : onDataset;
}

/** What the query gives of the dataset's first records; undefined when it fails on so few. */
async function runOnSample(
  context: CallContext,
  { program, bindings }: CompiledProgram,
  facts: PatternFacts,
  plan: DraftPlan,
  sample: readonly string[],
): Promise<unknown[] | undefined> {
  const { input, null_input } = facts.suggestion;
  const text = input === "records" ? sample.join("\n") : `[${sample.join(",")}]`;
  try {
    const outcome = await runJq({
      program,
      args: bindValues(bindings, plan.exampleValues),
      input: new TextEncoder().encode(text),
      mode: input === "records" ? "records" : "whole",
      nullInput: null_input,
      window: { offset: 0, limit: 100, maxBytes: cacheLimits.resultEntryBytes },
      ...(context.signal === undefined ? {} : { signal: context.signal }),
      now: context.now,
    });
    return outcome.outputs.length === outcome.total ? outcome.outputs.map(parseExact) : undefined;
  } catch (error) {
    if (isAppError(error) && error.code.startsWith("jq_")) return undefined;
    throw error;
  }
}
