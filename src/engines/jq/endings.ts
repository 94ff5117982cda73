// Turns every way a jq run can end badly into an error of ours: limits, exit codes with jq's text, traps, the stack. Runs at the edge.
import { AppError, type ErrorCode, isAppError } from "../../core/errors.ts";
import { jqLimits } from "../../limits.ts";
import type { JqMode } from "./types.ts";

/** The memory limit of a run, by how it reads its input. */
export type MemoryLimit = "wholeMemoryBytes" | "recordsMemoryBytes";

/** The limits that a run can meet, as limits.ts names them. */
type RunLimit =
  | MemoryLimit
  | "steps"
  | "outputBytes"
  | "outputCount"
  | "outputValueBytes"
  | "programChars"
  | "paramsBytes"
  | "valueDepth"
  | "wholeInputBytes";

const memoryText = (value: number): string => `The program needs more than the ${value} bytes of memory a run may use.`;

const limitTexts: Record<RunLimit, { code: ErrorCode; says: (value: number) => string; hint: string }> = {
  steps: {
    code: "jq_steps",
    says: (value) => `The program was stopped after ${value} steps.`,
    hint: "Look for a loop without an end (repeat, range, recurse, until); else read fewer records or do less for each.",
  },
  wholeMemoryBytes: {
    code: "jq_memory",
    says: memoryText,
    hint: 'Read the dataset with input "records": the program runs once per record, or once for all with null_input and inputs.',
  },
  recordsMemoryBytes: {
    code: "jq_memory",
    says: memoryText,
    hint: "Do not collect all records: use reduce or foreach over inputs, and keep only the fields you need.",
  },
  outputBytes: {
    code: "jq_output_bytes",
    says: (value) => `The program wrote more than ${value} bytes.`,
    hint: "Select fewer records or fields, or aggregate them in the program.",
  },
  outputCount: {
    code: "jq_output_count",
    says: (value) => `The program produced more than ${value} outputs.`,
    hint: "Select fewer records, aggregate them, or collect outputs into arrays.",
  },
  outputValueBytes: {
    code: "result_too_large",
    says: (value) => `One output is longer than ${value} bytes.`,
    hint: "Write its parts as outputs of their own (for an array: add .[] at the end), or keep fewer fields.",
  },
  programChars: {
    code: "jq_program_length",
    says: (value) => `The program and its functions are longer than ${value} characters.`,
    hint: "Pass data as parameters instead of writing it into the program.",
  },
  paramsBytes: {
    code: "too_large",
    says: (value) => `The parameters are longer than ${value} bytes as JSON.`,
    hint: "Store long values as a dataset and query it.",
  },
  valueDepth: {
    code: "jq_nesting",
    says: (value) => `A value is nested deeper than ${value} levels.`,
    hint: "Flatten it, for example with paths and getpath, before writing it.",
  },
  wholeInputBytes: {
    code: "dataset_too_large_for_whole",
    says: (value) => `The dataset is longer than the ${value} bytes that can be read as one value.`,
    hint: 'Read it with input "records": the program runs once per record, or once for all with null_input and inputs.',
  },
};

/** The error of a limit that a run met, with its name and value in `details`. */
export function limitError(limit: RunLimit, value: number): AppError {
  const { code, says, hint } = limitTexts[limit];
  return new AppError(code, says(value), { hint, details: { limit, value } });
}

/** Bytes of memory that a byte of input takes at worst, in long lists of small numbers. */
const worstInputCost = 58;

/** The error of a run out of memory. To read the input otherwise is no remedy when it cannot have filled half of the memory. */
export function memoryError({
  memoryLimit,
  memoryBytes,
  inputBytes,
}: Pick<EndingContext, "memoryLimit" | "memoryBytes" | "inputBytes">): AppError {
  const error = limitError(memoryLimit, memoryBytes);
  if (inputBytes * worstInputCost * 2 > memoryBytes) return error;
  return new AppError(error.code, error.message, {
    hint: "The input is small; the program itself builds too much. Look for a list, string or recursion that keeps growing, and keep less of it at once.",
    details: { limit: memoryLimit, value: memoryBytes },
  });
}

/** What an ending is judged by besides its code. */
export interface EndingContext {
  /** Bytes of input read. */
  inputBytes: number;
  mode: JqMode;
  nullInput: boolean;
  memoryBytes: number;
  memoryLimit: MemoryLimit;
  /** jq's own report on standard error. */
  report: string;
}

const syntaxExit = 3;
const parseReport = "jq: parse error: ";
/** jq's own limit on nested input and output, compiled in. */
const engineDepth = 256;
const parseProblem =
  /^(?:Invalid |Expected |Unfinished |Unmatched |Objects must |Object keys must |Potentially truncated |Exceeds depth |':' |',' )/;
const parsePosition = / at (?:EOF at )?line (\d+), column (\d+)/;
const moduleProblem = /\b(?:module|import|include|search path|metadata)\b|~\/|\$ORIGIN|No such file/i;

/** The error of a run that ended with an exit code other than 0. */
export function exitError(code: number, context: EndingContext): AppError {
  const { report } = context;
  if (report.includes("cannot allocate memory")) return memoryError(context);
  if (code === syntaxExit && /compile errors?\n$/.test(report)) return compileError(report);
  const match = /^jq: error \(at (?:<stdin>:(\d+)|[^)]*)\)(?: \(not a string\))?: ([\s\S]*)$/.exec(report);
  const message = (match?.[2] ?? report).replace(/\n$/, "");
  if (message.startsWith(parseReport)) return inputError(message.slice(parseReport.length));
  if (
    context.nullInput &&
    parseProblem.test(message) &&
    parsePosition.test(message) &&
    !message.includes("(while parsing")
  ) {
    return inputError(message);
  }
  if (match !== null && /^(?:module not found|Module metadata)/.test(message)) return moduleError();
  return runtimeError(message, Number(match?.[1] ?? 0), context);
}

/** The error of a run that did not exit: one of ours passes, the stack and traps get their own. */
export function thrownError(error: unknown): unknown {
  if (isAppError(error)) return error;
  if (error instanceof RangeError) return stackError(error);
  if (error instanceof WebAssembly.RuntimeError) {
    return new AppError("jq_crash", "The jq engine failed on this program; no data was lost.", {
      hint: "Write the query in another way: smaller steps, fewer levels, shorter paths.",
      cause: error,
    });
  }
  return error;
}

function stackError(cause: RangeError): AppError {
  return new AppError("jq_nesting", "The program or the data is nested too deep for the engine's stack.", {
    hint: "Use reduce or foreach in place of nested definitions, and flatten values nested thousands of levels deep.",
    cause,
  });
}

function compileError(report: string): AppError {
  if (moduleProblem.test(report)) return moduleError();
  const text = /^jq: error: ([\s\S]*?)(?:\njq: \d+ compile errors?\n)$/.exec(report)?.[1] ?? report;
  const line = Number(/, line (\d+):/.exec(text)?.[1] ?? 0);
  return new AppError(
    "jq_syntax",
    line > 0 ? `The program does not compile (line ${line}).` : "The program does not compile.",
    {
      hint: "Correct the program.",
      details: { message: text.trimEnd().slice(0, jqLimits.errorChars), ...(line > 0 ? { line } : {}) },
    },
  );
}

function moduleError(): AppError {
  return new AppError("jq_forbidden", "Programs may not load modules: there are no files here.", {
    hint: "Save the code as a function of the team; it is found by its name.",
  });
}

function inputError(message: string): AppError {
  if (message.includes("Exceeds depth limit")) return inputDepthError();
  const position = parsePosition.exec(message);
  // Column 0 is the newline that ended the line before.
  const column = Number(position?.[2] ?? 0);
  const line = Math.max(1, Number(position?.[1] ?? 0) - (column === 0 ? 1 : 0));
  return new AppError(
    "dataset_malformed",
    position === null
      ? "The input is not valid JSON."
      : `The input is not valid JSON near line ${line}${column > 0 ? `, column ${column}` : ""}.`,
    {
      hint: "Correct the data and upload it again.",
      details: {
        ...(position === null ? {} : column > 0 ? { line, column } : { line }),
        problem: message.replace(parsePosition, "").slice(0, jqLimits.errorChars),
      },
    },
  );
}

function inputDepthError(): AppError {
  return new AppError(
    "jq_nesting",
    `A value of the input is nested deeper than the ${engineDepth} levels jq reads; an object takes two of them.`,
    {
      hint: "No program can read it: flatten the data and upload it again.",
      details: { limit: "valueDepth", value: engineDepth },
    },
  );
}

function runtimeError(message: string, line: number, { mode, nullInput }: EndingContext): AppError {
  const perRecord = mode === "records" && line > 0;
  const where = perRecord ? (nullInput ? ` after reading record ${line}` : ` on record ${line}`) : "";
  const scope = perRecord && !nullInput ? "Here `.` is one record, not the list of them. " : "";
  // All that jq says when `input` finds nothing left.
  if (message === "break") {
    return new AppError("jq_runtime", `The program asked for an input after the last${where}.`, {
      hint: "`input` reads one and fails at the end; `inputs` reads all that are left, which may be none.",
      details: { message, ...(perRecord ? { record: line } : {}) },
    });
  }
  return new AppError("jq_runtime", `The program failed${where}.`, {
    hint: `${scope}Handle the program's own error with \`?\` or try/catch, or test the value's type first.`,
    details: { message: message.slice(0, jqLimits.errorChars), ...(perRecord ? { record: line } : {}) },
  });
}
