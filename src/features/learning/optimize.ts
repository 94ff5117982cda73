// optimize_tool: programs that give the same and cost less, each run beside the original on the real data before it is advised. Runs at the edge.
import type { CallContext } from "../../context.ts";
import { isAppError } from "../../core/errors.ts";
import type { Expression } from "../../engines/jq/syntax/ast.ts";
import { tidy } from "../../engines/jq/syntax/normalise.ts";
import { parseProgram } from "../../engines/jq/syntax/parser.ts";
import { compileTemplate } from "../../engines/jq/syntax/placeholders.ts";
import { printQuery } from "../../engines/jq/syntax/print-query.ts";
import { rewritesOf, transform } from "../../engines/jq/syntax/rewrite.ts";
import { walkNames } from "../../engines/jq/syntax/walk.ts";
import { resultLimits } from "../../limits.ts";
import { learningLimits } from "../../workflow-limits.ts";
import { compileTool, contentOf, type NamedContent, toolQuery } from "../jq-tools/jq-tools.ts";
import type { JqTool, ToolContent, ToolParameter } from "../jq-tools/schema.ts";
import { noteSources, type RowsQuery, sourcesOf } from "../query/query.ts";
import { findTeamTool } from "./learning.ts";
import { attempt, isSameResult, type Measured } from "./measure.ts";
import type { Advice } from "./schema.ts";

/** A tool in other words, and how its outputs must relate to those of the original. */
interface Candidate {
  kind: Advice["kind"];
  advice: string;
  content: ToolContent;
  arguments: Record<string, unknown>;
  /** It is to give only so many of the outputs. */
  firstOnly?: number;
}

export interface Optimized {
  tool: string;
  version: number;
  dataset: string | null;
  dataset_version: number | null;
  advice: Advice[];
  notes: string[];
}

/** Steps that something must save to be worth saying: a twentieth. */
const worthSteps = 0.95;
const worthMemory = 0.8;
/** What else it may then cost: a tenth more steps. */
const bearableSteps = 1.1;
/** Outputs from which on a cap is advised. */
const manyOutputs = resultLimits.maxRows;

/** Throws `not_found`, `invalid_argument` for arguments that do not fit, and `rate_limited`, `busy` and the like. */
export async function optimizeTool(
  context: CallContext,
  input: { name: string; arguments?: Record<string, unknown> | undefined },
): Promise<Optimized> {
  const tool = findTeamTool(context, input.name);
  const { page: _page, ...query } = toolQuery(context.catalogue, tool, input.arguments);
  noteSources(context, sourcesOf(query.source));
  const data = query.source.kind === "one" ? query.source.data : undefined;
  const answer: Optimized = {
    tool: tool.name,
    version: tool.version,
    dataset: context.execution.dataset ?? null,
    dataset_version: data?.version ?? null,
    advice: [],
    notes: [],
  };
  const obstacle = obstacleOf(query);
  if (obstacle !== undefined) return { ...answer, notes: [obstacle] };
  const base = await attempt(context, query);
  if ("failure" in base) {
    const note = `It fails with these arguments, so nothing can be compared: ${base.failure.message}`;
    return { ...answer, notes: [note] };
  }
  if (base.ran.outputs.length < base.ran.total) {
    const limit = learningLimits.comparedBytes;
    return {
      ...answer,
      notes: [`Its outputs are over ${limit} bytes, which is what is compared (limit comparedBytes).`],
    };
  }
  const candidates = candidatesOf(tool, query, base.ran, input.arguments ?? {}).slice(0, learningLimits.trials);
  for (const candidate of candidates) {
    const found = await tryOut(context, tool, base.ran, candidate);
    if (
      found !== undefined &&
      !answer.advice.some((other) => other.query === found.query && other.input === found.input)
    )
      answer.advice.push(found);
  }
  answer.advice.sort((a, b) => a.after.steps - b.after.steps);
  const tried = `${candidates.length} ${candidates.length === 1 ? "change was" : "changes were"} tried with these arguments; each advice stands on its own.`;
  const lost =
    answer.advice.length === 0
      ? []
      : ["A rewritten query is printed anew: comments and layout of the old one are not in it."];
  return { ...answer, notes: [tried, ...lost] };
}

function obstacleOf({ source, pure }: Pick<RowsQuery, "source" | "pure">): string | undefined {
  if (!pure) return "What it gives depends on the clock, or it writes messages or halts: two runs cannot be compared.";
  const bytes = sourcesOf(source).reduce((sum, read) => sum + read.bytes, 0);
  const limit = learningLimits.comparedInputBytes;
  return bytes > limit
    ? `Its data is ${bytes} bytes; programs are compared on up to ${limit} (limit comparedInputBytes).`
    : undefined;
}

function candidatesOf(
  tool: JqTool,
  query: Pick<RowsQuery, "source">,
  ran: Measured,
  args: Record<string, unknown>,
): Candidate[] {
  const content = contentOf(tool);
  const tree = treeOf(tool);
  const data = query.source.kind === "one" ? query.source.data : undefined;
  const readsRecords = data?.kind === "records" && tool.input === "whole" && !tool.null_input;
  const rewritten = rewritesOf(tree, { readsRecords }).map(
    ({ kind, advice, query: changed, mode }): Candidate => ({
      kind,
      advice,
      arguments: args,
      content: {
        ...content,
        query: printQuery(changed),
        ...(mode === undefined ? {} : { input: mode.input, null_input: mode.nullInput }),
      },
    }),
  );
  return [...rewritten, ...withoutUnused(content, args), ...capped(content, tree, ran, args)];
}

/** The query's tree, its parameters as placeholders, whatever they are bound to. */
function treeOf({ query, parameters }: Pick<ToolContent, "query" | "parameters">): Expression {
  const names = parameters.map(({ name }) => name);
  const { program, bindings } = compileTemplate(query, names);
  const parsed = parseProgram(program);
  const parameterOf = new Map(bindings.map(({ variable, parameter }) => [variable, parameter]));
  const free = new Set<number>();
  walkNames(parsed.query, {
    freeVariable: ({ name, start }) => {
      if (parameterOf.has(name)) free.add(start);
    },
  });
  const marked = transform(parsed.query, (node) =>
    node.kind === "variable" && free.has(node.start) ? { ...node, name: `{${parameterOf.get(node.name)}}` } : node,
  );
  return tidy(marked);
}

function withoutUnused(content: ToolContent, args: Record<string, unknown>): Candidate[] {
  const used = new Set(
    compileTemplate(
      content.query,
      content.parameters.map(({ name }) => name),
    ).used,
  );
  const unused = content.parameters.filter(({ name }) => !used.has(name)).map(({ name }) => name);
  if (unused.length === 0) return [];
  const own = Object.fromEntries(Object.entries(args).filter(([name]) => !unused.includes(name)));
  return [
    {
      kind: "unused",
      advice: `Drops ${unused.join(" and ")}: the query reads no such parameter.`,
      arguments: own,
      content: { ...content, parameters: content.parameters.filter(({ name }) => used.has(name)) },
    },
  ];
}

/** A tool that gives very many rows: most callers read the first. Run once per record, a limit would be each record's. */
function capped(content: ToolContent, tree: Expression, ran: Measured, args: Record<string, unknown>): Candidate[] {
  const isOnce = content.input === "whole" || content.null_input;
  if (ran.total <= manyOutputs || !isOnce) return [];
  const taken = new Set(content.parameters.map(({ name }) => name));
  const name = ["max_rows", "max_outputs", "cap"].find((one) => !taken.has(one));
  if (name === undefined) return [];
  const parameter: ToolParameter = { name, type: "integer", min: 1, default: manyOutputs };
  return [
    {
      kind: "result_cap",
      advice: `Gives the first ${manyOutputs} of its ${ran.total} outputs unless ${name} asks for more.`,
      arguments: args,
      content: {
        ...content,
        query: `limit(\${${name}}; ${printQuery(tree)})`,
        parameters: [...content.parameters, parameter],
      },
      firstOnly: manyOutputs,
    },
  ];
}

async function tryOut(
  context: CallContext,
  tool: JqTool,
  before: Measured,
  { kind, advice, content, arguments: args, firstOnly }: Candidate,
): Promise<Advice | undefined> {
  const named: NamedContent = { ...content, name: tool.name };
  const query = queryOf(context, named, args);
  const outcome = query === undefined ? undefined : await attempt(context, query);
  if (outcome === undefined || "failure" in outcome) return undefined;
  const expected =
    firstOnly === undefined ? before : { ...before, total: firstOnly, outputs: before.outputs.slice(0, firstOnly) };
  if (!isSameResult(expected, outcome.ran) || !isWorthIt(kind, before, outcome.ran)) return undefined;
  const count = `${outcome.ran.total} ${outcome.ran.total === 1 ? "output" : "outputs"}`;
  return {
    kind,
    advice,
    query: content.query,
    input: content.input,
    null_input: content.null_input,
    parameters: content.parameters,
    verified: firstOnly === undefined ? `Both gave the same ${count}.` : `It gave the first ${count} of the original.`,
    before: costOf(before),
    after: costOf(outcome.ran),
  };
}

function queryOf(context: CallContext, tool: NamedContent, args: Record<string, unknown>): RowsQuery | undefined {
  try {
    compileTool(context.catalogue, tool);
    return toolQuery(context.catalogue, tool, args);
  } catch (error) {
    // A rewriting that does not compile is none.
    if (isAppError(error)) return undefined;
    throw error;
  }
}

function isWorthIt(kind: Advice["kind"], before: Measured, after: Measured): boolean {
  if (kind === "unused") return after.steps <= before.steps * bearableSteps;
  if (after.steps <= before.steps * worthSteps) return true;
  return after.memoryBytes <= before.memoryBytes * worthMemory && after.steps <= before.steps * bearableSteps;
}

function costOf({ steps, ms, memoryBytes }: Measured): Advice["before"] {
  return { steps, ms, memory_bytes: memoryBytes };
}
