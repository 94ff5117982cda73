// Patterns of string parameters, matched in time linear in the value: a backtracking engine could be held up by a hostile pattern. Runs anywhere.
import { AppError } from "../../core/errors.ts";
import { libraryLimits } from "../../limits.ts";

type Place = "start" | "end" | "word" | "notWord";

type Node =
  | { kind: "one"; accepts: RegExp }
  | { kind: "at"; place: Place }
  | { kind: "sequence"; nodes: Node[] }
  | { kind: "choice"; nodes: Node[] }
  | { kind: "repeat"; node: Node; min: number; max: number };

type Instruction =
  | { op: "one"; accepts: RegExp }
  | { op: "at"; place: Place }
  | { op: "fork"; to: number[] }
  | { op: "match" };

/** A compiled pattern. */
export type Pattern = readonly Instruction[];

// One token of a pattern; its class of characters is left to the platform's RegExp, one character at a time.
const token =
  /\\(?:u\{[0-9a-f]+\}|ud[89ab][0-9a-f]{2}\\ud[c-f][0-9a-f]{2}|u[0-9a-f]{4}|x[0-9a-f]{2}|c[a-z]|p\{[^}]*\}|[\s\S])|\[(?:\\[\s\S]|[^\]\\])*\]|\(\?<[a-z_$][\w$]*>|\(\?:|\(\?|\{\d+(?:,\d*)?\}|[\s\S]/iu;

/**
 * Compiles an ECMAScript pattern (flag u) without lookaround, backreferences and modifiers.
 * Throws `invalid_argument` for others, `too_large` when its repetitions are over the limit.
 */
export function compilePattern(source: string): Pattern {
  try {
    new RegExp(source, "u");
  } catch (cause) {
    throw unusable(source, "is not a regular expression", cause);
  }
  const reader = new PatternReader(source);
  const program: Instruction[] = [];
  emit(reader.choice(), program, { left: libraryLimits.patternStates });
  program.push({ op: "match" });
  return program;
}

/** What one call or one save may still spend on patterns, in visited states. */
export interface PatternBudget {
  left: number;
}

/** A full budget. */
export function patternBudget(): PatternBudget {
  return { left: libraryLimits.patternSteps };
}

/** True when the pattern matches anywhere in `value`, as in JSON Schema. Throws `too_large` when the budget is spent. */
export function matchesPattern(pattern: Pattern, value: string, budget: PatternBudget): boolean {
  const chars = [...value];
  let threads = new Set<number>();
  for (let at = 0; at <= chars.length; at++) {
    const reached = new Set<number>();
    for (const start of [...threads, 0]) follow(pattern, start, chars, at, reached);
    spend(budget, reached.size + 1);
    const char = chars[at];
    threads = new Set();
    for (const index of reached) {
      const instruction = pattern[index];
      if (instruction?.op === "match") return true;
      if (instruction?.op === "one" && char !== undefined && instruction.accepts.test(char)) threads.add(index + 1);
    }
  }
  return false;
}

function spend(budget: PatternBudget, steps: number): void {
  budget.left -= steps;
  if (budget.left >= 0) return;
  throw new AppError(
    "too_large",
    `Checking the values against their patterns takes more than ${libraryLimits.patternSteps} steps (limit patternSteps).`,
    {
      hint: "Use simpler patterns, fewer of them, shorter values or a shorter enum.",
      details: { limit: "patternSteps", value: libraryLimits.patternSteps },
    },
  );
}

function follow(pattern: Pattern, start: number, chars: readonly string[], at: number, reached: Set<number>): void {
  const open = [start];
  for (let index = open.pop(); index !== undefined; index = open.pop()) {
    if (reached.has(index)) continue;
    reached.add(index);
    const instruction = pattern[index];
    if (instruction?.op === "fork") open.push(...instruction.to);
    if (instruction?.op === "at" && holds(instruction.place, chars, at)) open.push(index + 1);
  }
}

function holds(place: Place, chars: readonly string[], at: number): boolean {
  if (place === "start") return at === 0;
  if (place === "end") return at === chars.length;
  const boundary = /^\w$/.test(chars[at - 1] ?? "") !== /^\w$/.test(chars[at] ?? "");
  return boundary === (place === "word");
}

class PatternReader {
  readonly #source: string;
  readonly #tokens: string[];
  #at = 0;

  constructor(source: string) {
    this.#source = source;
    this.#tokens = source.match(new RegExp(token.source, "giu")) ?? [];
  }

  choice(): Node {
    const nodes = [this.#sequence()];
    while (this.#tokens[this.#at] === "|") {
      this.#at++;
      nodes.push(this.#sequence());
    }
    return { kind: "choice", nodes };
  }

  #sequence(): Node {
    const nodes: Node[] = [];
    for (
      let next = this.#tokens[this.#at];
      next !== undefined && next !== "|" && next !== ")";
      next = this.#tokens[this.#at]
    )
      nodes.push(this.#repeated(this.#atom(next)));
    return { kind: "sequence", nodes };
  }

  #repeated(node: Node): Node {
    const bounds = repetition(this.#tokens[this.#at]);
    if (bounds === undefined) return node;
    this.#at++;
    // A lazy repetition matches the same values.
    if (this.#tokens[this.#at] === "?") this.#at++;
    return { kind: "repeat", node, ...bounds };
  }

  #atom(next: string): Node {
    this.#at++;
    if (next === "^") return { kind: "at", place: "start" };
    if (next === "$") return { kind: "at", place: "end" };
    if (next === "\\b") return { kind: "at", place: "word" };
    if (next === "\\B") return { kind: "at", place: "notWord" };
    if (/^\\[1-9k]/.test(next)) throw unusable(this.#source, "uses a backreference");
    if (next.startsWith("(")) return this.#group(next);
    return { kind: "one", accepts: new RegExp(`^(?:${next})$`, "u") };
  }

  #group(open: string): Node {
    if (open === "(?") throw unusable(this.#source, "uses lookaround or a modifier");
    const node = this.choice();
    this.#at++;
    return node;
  }
}

function repetition(text: string | undefined): { min: number; max: number } | undefined {
  if (text === "*") return { min: 0, max: Number.POSITIVE_INFINITY };
  if (text === "+") return { min: 1, max: Number.POSITIVE_INFINITY };
  if (text === "?") return { min: 0, max: 1 };
  const counted = /^\{(\d+)(,?)(\d*)\}$/.exec(text ?? "");
  if (counted === null) return undefined;
  const min = Number(counted[1]);
  if (counted[2] === "") return { min, max: min };
  return { min, max: counted[3] === "" ? Number.POSITIVE_INFINITY : Number(counted[3]) };
}

function emit(node: Node, program: Instruction[], room: { left: number }): void {
  room.left -= 1;
  if (room.left < 0) {
    throw new AppError(
      "too_large",
      `The pattern has more than ${libraryLimits.patternStates} states once its repetitions are written out (limit patternStates).`,
      {
        hint: "Use smaller repetition counts; min and max limit a string's length.",
        details: { limit: "patternStates", value: libraryLimits.patternStates },
      },
    );
  }
  if (node.kind === "one") program.push({ op: "one", accepts: node.accepts });
  else if (node.kind === "at") program.push({ op: "at", place: node.place });
  else if (node.kind === "sequence") for (const part of node.nodes) emit(part, program, room);
  else if (node.kind === "choice") emitChoice(node.nodes, program, room);
  else emitRepeat(node, program, room);
}

function emitChoice(nodes: readonly Node[], program: Instruction[], room: { left: number }): void {
  const fork: number[] = [];
  const ends: number[][] = [];
  program.push({ op: "fork", to: fork });
  for (const node of nodes) {
    fork.push(program.length);
    emit(node, program, room);
    const end: number[] = [];
    ends.push(end);
    program.push({ op: "fork", to: end });
  }
  for (const end of ends) end.push(program.length);
}

function emitRepeat(
  { node, min, max }: { node: Node; min: number; max: number },
  program: Instruction[],
  room: { left: number },
): void {
  for (let copy = 0; copy < min; copy++) emit(node, program, room);
  if (max === Number.POSITIVE_INFINITY) {
    const fork = [program.length + 1];
    const start = program.push({ op: "fork", to: fork }) - 1;
    emit(node, program, room);
    program.push({ op: "fork", to: [start] });
    fork.push(program.length);
    return;
  }
  const skips: number[][] = [];
  for (let copy = min; copy < max; copy++) {
    const fork = [program.length + 1];
    skips.push(fork);
    program.push({ op: "fork", to: fork });
    emit(node, program, room);
  }
  for (const skip of skips) skip.push(program.length);
}

function unusable(source: string, why: string, cause?: unknown): AppError {
  return new AppError("invalid_argument", `The pattern ${JSON.stringify(source)} ${why}.`, {
    hint: "Use a JavaScript regular expression of characters, classes, groups, | and repetitions; no lookaround, backreferences or modifiers.",
    cause,
  });
}
