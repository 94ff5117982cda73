// Running the tests of a proposal with the real engine, and its sample. Runs at the edge.

import type { CallContext } from "../../context.ts";
import { sameValue } from "../../core/canonical-json.ts";
import { AppError, type ErrorCode, isAppError } from "../../core/errors.ts";
import { isRawNumber, parseExact } from "../../core/exact-json.ts";
import { cutText } from "../../core/markdown.ts";
import { utf8Bytes } from "../../core/utf8.ts";
import { type JqMode, runJq } from "../../engines/jq/run.ts";
import { cacheLimits, resultLimits } from "../../limits.ts";
import { proposalLimits } from "../../workflow-limits.ts";
import { compileProgram, type FunctionLibrary } from "../jq-functions/jq-functions.ts";
import { toolQuery } from "../jq-tools/jq-tools.ts";
import type { ToolContent } from "../jq-tools/schema.ts";
import { answerRows } from "../query/query.ts";
import { chargeCall } from "../rate-limits/rate-limits.ts";
import { isToolContent } from "./content.ts";
import type { ProposalContent, ProposalKind, ProposalTest, Validation } from "./schema.ts";

/** What the tests of one check run against, and what is left of the steps they may use together. */
export interface Bench {
  context: CallContext;
  kind: ProposalKind;
  name: string;
  content: ProposalContent;
  /** The functions as they would be. */
  library: FunctionLibrary;
  stepsLeft: number;
}

export type TestResult = Validation["tests"][number];

/** Codes of a run that gave nothing to judge for a reason that lies outside the proposal. */
export const passing: ReadonlySet<ErrorCode> = new Set(["busy", "rate_limited", "team_unavailable", "internal"]);
const shownChars = 500;
const failedRunSteps = proposalLimits.checkSteps / 10;

/**
 * Throws `invalid_argument` listing every test that could not be run as it is written: what is to hold is missing, or what is given does
 * not go with a function or with this tool.
 */
export function requireRunnable(
  kind: ProposalKind,
  result: ProposalContent | null,
  tests: readonly ProposalTest[],
): void {
  const problems = tests.flatMap((test, at) => {
    const name = testName(test, at);
    return testProblems(kind, result, test).map((problem) => `${name}: ${problem}`);
  });
  if (problems.length === 0) return;
  throw new AppError("invalid_argument", `tests: ${problems.join("; ")}.`, {
    hint: 'A tool\'s test is e.g. {"arguments": {"region": "EU"}, "input": [{"amount": 2}], "expected": 2}; a function\'s {"expression": "margin(10; 4)", "expected": 0.6}.',
    details: { problems },
  });
}

function testProblems(kind: ProposalKind, result: ProposalContent | null, test: ProposalTest): string[] {
  if (result === null) return ["what is taken out of use has nothing to test"];
  const reads = isToolContent(result) ? result.datasets : [];
  const given = (key: keyof ProposalTest): boolean => test[key] !== undefined;
  const all = isToolContent(result) && result.dataset_mode === "all";
  const faults: [boolean, string][] = [
    [!given("expected") && !given("assert"), "say expected or assert"],
    [kind === "function" && !given("expression"), "a function's test needs an expression that calls it"],
    [kind === "function" && (given("dataset") || given("arguments")), "dataset and arguments are for tools"],
    [kind === "tool" && given("expression"), "expression is for functions; a tool is called with arguments"],
    [kind === "tool" && given("input") && given("dataset"), "give input or dataset, not both"],
    [kind === "tool" && given("input") && reads.length === 0, "the tool reads no dataset, so it has no input"],
    [kind === "tool" && given("dataset") && all, "the tool reads all its datasets at once; leave dataset out"],
    [
      kind === "tool" && given("dataset") && !all && !reads.includes(test.dataset ?? ""),
      `the tool does not read the dataset ${test.dataset}`,
    ],
  ];
  return faults.flatMap(([wrong, problem]) => (wrong ? [problem] : []));
}

/** What a test is called in answers: its name, or which one it is. */
export function testName({ name }: ProposalTest, at: number): string {
  return name ?? `test ${at + 1}`;
}

/**
 * Runs one test and says whether it holds. What the program does wrong is in the result; throws only what lies outside the proposal:
 * `busy`, `rate_limited`, the caller's going away.
 */
export async function runTest(bench: Bench, test: ProposalTest, name: string): Promise<TestResult> {
  const before = bench.stepsLeft;
  const steps = (): { steps: number } => ({ steps: before - bench.stepsLeft });
  try {
    const outputs = await outputsOf(bench, test);
    const message = await judge(bench, test, outputs);
    const kept = keepWithin(outputs, proposalLimits.testOutputBytes);
    return {
      name,
      ok: message === undefined,
      outputs: kept,
      ...steps(),
      ...(message === undefined ? {} : { message }),
    };
  } catch (error) {
    if (!isAppError(error) || passing.has(error.code)) throw error;
    // How far a run got that failed is not known; an endless one took all there was.
    bench.stepsLeft -= error.code === "jq_steps" ? bench.stepsLeft : failedRunSteps;
    return { name, ok: false, message: describeFault(error) };
  }
}

/** In a line: the code, what is wrong, and what the program itself said. */
export function describeFault({ code, message, details }: AppError): string {
  const said = details?.message;
  return `${code}: ${message}${typeof said === "string" && said !== "" ? ` ${cutText(said, shownChars)}` : ""}`;
}

/** First outputs of a run on the tool's own dataset. Throws what running it throws. */
export async function runSample(
  bench: Bench,
  content: ToolContent,
  args: Readonly<Record<string, unknown>>,
): Promise<unknown[]> {
  const outputs = await runOnDatasets(bench, content, args, proposalLimits.sampleRows);
  return keepWithin(outputs.first, proposalLimits.sampleBytes);
}

/** The whole outputs of the tested run as JSON texts. */
async function outputsOf(bench: Bench, test: ProposalTest): Promise<string[]> {
  const { content } = bench;
  if (!isToolContent(content)) return runExpression(bench, test);
  if (test.input !== undefined) return runOnInput(bench, content, test);
  const { dataset } = test;
  const one: Partial<ToolContent> = dataset === undefined ? {} : { datasets: [dataset], dataset_mode: "one" };
  const { first, total } = await runOnDatasets(
    bench,
    { ...content, ...one },
    test.arguments ?? {},
    proposalLimits.testOutputs,
  );
  if (first.length < total) throw tooManyOutputs(total);
  return first;
}

async function runOnDatasets(
  bench: Bench,
  content: ToolContent,
  args: Readonly<Record<string, unknown>>,
  limit: number,
): Promise<{ first: string[]; total: number }> {
  const { context, name } = bench;
  const query = toolQuery(context.catalogue, { name, ...content }, args);
  const execution: CallContext["execution"] = {};
  const { data } = await answerRows(
    { ...context, execution },
    { ...query, page: { limit, fresh: true }, trial: { messages: [] }, limits: { steps: stepsOf(bench) } },
  );
  bench.stepsLeft -= execution.steps ?? 0;
  return { first: data.rows.map((row) => JSON.stringify(row)), total: data.total };
}

/** The tool's query on a value in place of its dataset, read as the tool reads; a list is its records. */
async function runOnInput(bench: Bench, content: ToolContent, test: ProposalTest): Promise<string[]> {
  const { context, name } = bench;
  // Without datasets nothing of them has to be there, and the arguments are read as ever.
  const bare = { ...content, name, datasets: [], dataset_mode: "one" as const };
  const { program, args } = toolQuery(context.catalogue, bare, test.arguments ?? {});
  const records = content.input === "records" && Array.isArray(test.input) ? test.input : [test.input];
  return run(bench, {
    program,
    args,
    input: records.map((record) => JSON.stringify(record)).join("\n"),
    mode: content.input === "records" ? "records" : "whole",
    nullInput: content.null_input,
  });
}

async function runExpression(bench: Bench, test: ProposalTest): Promise<string[]> {
  const { program, functions } = compileProgram(bench.library, test.expression ?? "", []);
  if (!functions.includes(bench.name)) {
    throw new AppError("invalid_argument", `the expression does not call ${bench.name}`, {
      hint: `Write jq that calls ${bench.name}.`,
    });
  }
  if (test.input === undefined) return run(bench, { program, input: undefined, mode: "records", nullInput: true });
  return run(bench, { program, input: JSON.stringify(test.input), mode: "whole" });
}

/** Why the test does not hold; undefined when it does. */
async function judge(bench: Bench, test: ProposalTest, outputs: readonly string[]): Promise<string | undefined> {
  const [only = ""] = outputs;
  const all = `[${outputs.join(",")}]`;
  const gave = outputs.length === 1 ? only : all;
  if (test.expected !== undefined) {
    const value = parseExact(gave);
    if (!sameValue(value, test.expected)) {
      const exact = holdsRawNumber(value)
        ? "; numbers that a double cannot hold are compared as jq has them: use assert"
        : "";
      return `expected ${cutText(JSON.stringify(test.expected), shownChars)}, gave ${cutText(gave, shownChars)}${exact}`;
    }
  }
  if (test.assert === undefined) return undefined;
  const { program } = compileProgram(bench.library, test.assert, []);
  const answers = await run(bench, { program, input: all, mode: "whole" });
  if (answers.length > 0 && answers.every((answer) => answer === "true")) return undefined;
  const said = answers.length === 0 ? "nothing" : answers.join(", ");
  return `assert gave ${cutText(said, shownChars)} for ${cutText(all, shownChars)}`;
}

interface Run {
  program: string;
  args?: Readonly<Record<string, string>>;
  input: string | undefined;
  mode: JqMode;
  nullInput?: boolean;
}

async function run(bench: Bench, { input, ...rest }: Run): Promise<string[]> {
  const { context } = bench;
  const limits = { steps: stepsOf(bench) };
  await chargeCall(context, "query");
  context.execution.ran = true;
  const outcome = await runJq({
    ...rest,
    input: input === undefined ? undefined : new TextEncoder().encode(input),
    window: { offset: 0, limit: proposalLimits.testOutputs, maxBytes: cacheLimits.resultEntryBytes },
    limits,
    ...(context.signal === undefined ? {} : { signal: context.signal }),
    now: context.now,
  });
  bench.stepsLeft -= outcome.steps;
  if (outcome.outputs.length < outcome.total) throw tooManyOutputs(outcome.total);
  return outcome.outputs;
}

function stepsOf({ stepsLeft }: Bench): number {
  if (stepsLeft > 0) return stepsLeft;
  throw new AppError(
    "jq_steps",
    `the runs before used up the ${proposalLimits.checkSteps} steps of one check (limit checkSteps)`,
    {
      hint: "Test on smaller inputs, or with fewer tests.",
      details: { limit: "checkSteps", value: proposalLimits.checkSteps },
    },
  );
}

function tooManyOutputs(total: number): AppError {
  return new AppError(
    "result_too_large",
    `it gives ${total} outputs, more than a test compares: ${proposalLimits.testOutputs}, and ${resultLimits.rowsBytes} bytes on a dataset (limits testOutputs, rowsBytes)`,
    {
      hint: "Test with a smaller input.",
      details: { limit: "testOutputs", value: proposalLimits.testOutputs, total },
    },
  );
}

/** The first outputs that fit, as plain values: a number that a double cannot hold becomes the text of its digits. */
function keepWithin(outputs: readonly string[], maxBytes: number): unknown[] {
  const kept: unknown[] = [];
  let bytes = 2;
  for (const output of outputs) {
    bytes += utf8Bytes(output) + 1;
    if (bytes > maxBytes) break;
    kept.push(plain(parseExact(output)));
  }
  return kept;
}

function plain(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (isRawNumber(value)) return JSON.stringify(value);
  if (Array.isArray(value)) return value.map(plain);
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, plain(member)]));
}

function holdsRawNumber(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  return isRawNumber(value) || Object.values(value).some(holdsRawNumber);
}
