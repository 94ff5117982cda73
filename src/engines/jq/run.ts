// Runs one jq program over one input, under limits, in a fresh engine: the only door to jq. Runs at the edge.
import { AppError } from "../../core/errors.ts";
import { utf8Bytes } from "../../core/utf8.ts";
import { jqLimits } from "../../limits.ts";
import jqModule from "./build/jq.wasm";
import { exitError, limitError, type MemoryLimit, thrownError } from "./endings.ts";
import { ErrorOutput } from "./error-output.ts";
import { canSuspend, type HostReport, type HostRun, runHost, runHostSuspending } from "./host.ts";
import { InputFeed } from "./input-feed.ts";
import { isolateBudget, type MemoryBudget, type MemoryLease } from "./memory-budget.ts";
import { checkWindow, OutputWindow } from "./output-window.ts";
import type { JqLimits, JqMode, JqOutcome, JqRequest, JqSource } from "./types.ts";

export type { JqLimits, JqMode, JqOutcome, JqRequest, JqWindow } from "./types.ts";

const pageBytes = 65_536;
/** The one function of jq 1.7.1 that the wasm was built without: the C library's other name for lgamma. */
const missingMath = "def gamma: lgamma;";

/**
 * Runs `request.program` to its end and answers its outputs.
 *
 * Throws `jq_syntax`, `jq_forbidden`, `jq_runtime`, `jq_steps`, `jq_memory`, `jq_output_bytes`, `jq_output_count`,
 * `jq_program_length`, `jq_nesting`, `jq_crash`, `dataset_malformed`, `dataset_too_large_for_whole`, `result_too_large`, `busy`,
 * `invalid_argument`, `too_large`, `unsupported` (a stream where the platform cannot suspend wasm), and what the input stream or
 * the signal throws. `halt` ends a run well; `halt_error` is the program's error unless its code is 0.
 */
export async function runJq(request: JqRequest, deps: { budget?: MemoryBudget } = {}): Promise<JqOutcome> {
  const limits = narrowed(request.limits);
  try {
    checkProgram(request.program, limits);
    checkWindow(request.window);
    const argv = commandLine(request, limits);
    const memory = memoryLimit(request, limits);
    const lease = await (deps.budget ?? isolateBudget).reserve(memory.memoryBytes, request.signal);
    try {
      const source = typeof request.input === "function" ? await request.input() : request.input;
      return await runAdmitted({ request, limits, argv, memory, lease, source });
    } finally {
      lease.release();
    }
  } finally {
    // A stream that was never read is let go of; one that was is locked and closed by its feed.
    if (request.input instanceof ReadableStream && !request.input.locked) request.input.cancel().catch(() => undefined);
  }
}

interface Memory {
  memoryBytes: number;
  memoryLimit: MemoryLimit;
}

interface AdmittedRun {
  request: JqRequest;
  limits: JqLimits;
  argv: readonly string[];
  memory: Memory;
  lease: MemoryLease;
  source: JqSource;
}

async function runAdmitted(admitted: AdmittedRun): Promise<JqOutcome> {
  if (admitted.source instanceof ReadableStream && !canSuspend()) throw cannotSuspend();
  const input = inputFeed(admitted.source, admitted.request.mode, admitted.limits);
  try {
    return await runOver(input, admitted);
  } finally {
    input.close();
  }
}

async function runOver(
  input: InputFeed,
  { request, limits, argv, memory, lease, source }: AdmittedRun,
): Promise<JqOutcome> {
  const streaming = source instanceof ReadableStream;
  const output = new OutputWindow(request.window, limits, request.sink, () => input.bytesRead);
  const errors = new ErrorOutput(limits.messageBytes);
  const run: HostRun = {
    argv,
    input,
    output,
    errors,
    steps: limits.steps,
    stepsPerInputByte: limits.stepsPerInputByte,
    ...memory,
    nowMs: (request.now ?? Date.now)(),
  };
  const startedMs = performance.now();
  const wait = async () => {
    await input.wait(request.signal);
    lease.touch();
  };
  const report = streaming ? await runHostSuspending(jqModule, { ...run, wait }) : runHost(jqModule, run);
  const engineMs = performance.now() - startedMs;
  throwBadEnding(report, errors, request, { ...memory, inputBytes: input.bytesRead });
  return {
    outputs: output.outputs,
    total: output.total,
    outputBytes: output.bytes,
    inputBytes: input.bytesRead,
    steps: report.steps,
    memoryBytes: report.memoryBytes,
    engineMs,
    cutByBytes: output.cutByBytes,
    messages: errors.messageLines(limits.messageBytes),
  };
}

function throwBadEnding(
  { ending }: HostReport,
  errors: ErrorOutput,
  request: JqRequest,
  used: Memory & { inputBytes: number },
): void {
  if (ending.kind === "thrown") throw thrownError(ending.error);
  if (ending.code === 0) return;
  const { mode, nullInput = false } = request;
  throw exitError(ending.code, { mode, nullInput, ...used, report: errors.reportText() });
}

function narrowed(wanted: Partial<JqLimits> | undefined): JqLimits {
  const limits: Record<keyof JqLimits, number> = { ...jqLimits };
  for (const name of Object.keys(jqLimits) as (keyof JqLimits)[])
    limits[name] = Math.min(jqLimits[name], wanted?.[name] ?? Infinity);
  return limits;
}

function checkProgram(program: string, limits: JqLimits): void {
  if (program.length > limits.programChars) throw limitError("programChars", limits.programChars);
  if (program.includes("\0")) {
    throw new AppError("jq_syntax", "The program holds a NUL character.", {
      hint: 'Remove it; inside a string write "\\u0000".',
    });
  }
}

function commandLine({ program, args = {}, mode, nullInput }: JqRequest, limits: JqLimits): string[] {
  const argv = ["jq", "-cM"];
  if (mode === "slurp") argv.push("-s");
  if (nullInput) argv.push("-n");
  let bytes = 0;
  for (const [name, value] of Object.entries(args)) {
    checkArgument(name, value);
    bytes += utf8Bytes(value);
    if (bytes > limits.paramsBytes) throw limitError("paramsBytes", limits.paramsBytes);
    argv.push("--argjson", name, value);
  }
  // The space keeps a program that begins with a minus from being read as an option.
  argv.push(program.includes("gamma") ? `${missingMath} ${program}` : ` ${program}`);
  return argv;
}

function checkArgument(name: string, value: string): void {
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) {
    throw new AppError("invalid_argument", "A variable's name has letters, digits and underscores only.", {
      details: { name },
    });
  }
  try {
    JSON.parse(value);
  } catch (cause) {
    throw new AppError("invalid_argument", `The value of variable ${name} is not JSON.`, { details: { name }, cause });
  }
}

function memoryLimit({ mode, input }: JqRequest, limits: JqLimits): Memory {
  const name = input !== undefined && mode !== "records" ? "wholeMemoryBytes" : "recordsMemoryBytes";
  return { memoryBytes: Math.floor(limits[name] / pageBytes) * pageBytes, memoryLimit: name };
}

function inputFeed(input: JqSource, mode: JqMode, limits: JqLimits): InputFeed {
  const maxBytes = mode === "records" ? Number.POSITIVE_INFINITY : limits.wholeInputBytes;
  return new InputFeed(input, maxBytes, () => {
    throw limitError("wholeInputBytes", maxBytes);
  });
}

function cannotSuspend(): AppError {
  return new AppError("unsupported", "This platform cannot stream input into jq.", {
    hint: "Query a smaller dataset, which is read before the program runs.",
  });
}
