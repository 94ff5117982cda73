// Standard output of one jq run: counts every output by its bytes and keeps only those of the caller's window. Runs at the edge.
import { AppError } from "../../core/errors.ts";
import { limitError } from "./endings.ts";
import type { JqLimits, JqWindow } from "./types.ts";

const newline = 10;
const quote = 34;
const backslash = 92;
/** What jq prints, unquoted, in place of a value nested deeper than it prints. */
const tooDeepMark = "<skipped: too deep>";

/** The outputs of one run inside the window, and how many there were in all. `sink` takes them instead of `outputs` when given. */
export class OutputWindow {
  readonly outputs: string[] = [];
  total = 0;
  bytes = 0;
  cutByBytes = false;
  #keptCount = 0;
  #keptBytes = 0;
  #parts: Uint8Array[] = [];
  #partBytes = 0;
  readonly #window: JqWindow;
  readonly #limits: JqLimits;
  readonly #sink: (output: string) => void;
  readonly #inputBytes: () => number;
  readonly #decoder = new TextDecoder("utf-8", { fatal: false, ignoreBOM: true });

  /** `inputBytes` tells how much was read so far: whoever reads much may write much, so `.` over any dataset can be counted. */
  constructor(
    window: JqWindow,
    limits: JqLimits,
    sink: ((output: string) => void) | undefined,
    inputBytes: () => number,
  ) {
    this.#inputBytes = inputBytes;
    this.#window = window;
    this.#limits = limits;
    this.#sink = sink ?? ((output) => this.outputs.push(output));
  }

  /** Takes bytes as jq writes them; `chunk` may be overwritten after the call. Throws when an output limit is passed. */
  write(chunk: Uint8Array): void {
    this.bytes += chunk.length;
    const maxBytes = this.#limits.outputBytes + 2 * this.#inputBytes();
    if (this.bytes > maxBytes) throw limitError("outputBytes", maxBytes);
    const maxCount = this.#limits.outputCount + this.#inputBytes();
    let from = 0;
    for (let at = chunk.indexOf(newline); at >= 0; at = chunk.indexOf(newline, from)) {
      if (this.#keeping()) this.#endKept(chunk.subarray(from, at));
      this.total += 1;
      if (this.total > maxCount) throw limitError("outputCount", maxCount);
      from = at + 1;
    }
    if (from < chunk.length && this.#keeping()) this.#keepPart(chunk.slice(from));
  }

  #keeping(): boolean {
    const { offset, limit } = this.#window;
    return !this.cutByBytes && this.total >= offset && this.total < offset + limit;
  }

  #keepPart(part: Uint8Array): boolean {
    this.#partBytes += part.length;
    const first = this.#keptCount === 0;
    if (first && this.#partBytes > this.#limits.outputValueBytes) {
      throw limitError("outputValueBytes", this.#limits.outputValueBytes);
    }
    if (!first && this.#keptBytes + this.#partBytes > this.#window.maxBytes) {
      this.cutByBytes = true;
      this.#parts = [];
      return false;
    }
    if (part.length > 0) this.#parts.push(part);
    return true;
  }

  #endKept(lastPart: Uint8Array): void {
    if (!this.#keepPart(lastPart)) return;
    const value = joined(this.#parts, this.#partBytes);
    checkDepth(value, this.#limits.valueDepth);
    this.#keptCount += 1;
    this.#keptBytes += value.length;
    this.#parts = [];
    this.#partBytes = 0;
    this.#sink(this.#decoder.decode(value));
  }
}

function joined(parts: readonly Uint8Array[], length: number): Uint8Array {
  const only = parts[0];
  if (parts.length === 1 && only !== undefined) return only;
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Throws `jq_nesting` for a value nested deeper than `maxDepth` or one that jq itself printed only in part. */
function checkDepth(value: Uint8Array, maxDepth: number): void {
  let depth = 0;
  for (let at = 0; at < value.length; at += 1) {
    const byte = value[at];
    if (byte === quote) at = stringEnd(value, at);
    else if (byte === 123 || byte === 91) depth += 1;
    else if (byte === 125 || byte === 93) depth -= 1;
    else if (byte === tooDeepMark.charCodeAt(0)) depth = maxDepth + 1;
    if (depth > maxDepth) throw limitError("valueDepth", maxDepth);
  }
}

function stringEnd(value: Uint8Array, start: number): number {
  let at = start + 1;
  while (at < value.length && value[at] !== quote) at += value[at] === backslash ? 2 : 1;
  return at;
}

/** Throws for a window that is not whole numbers from 0 on (`limit` and `maxBytes` may be Infinity). */
export function checkWindow({ offset, limit, maxBytes }: JqWindow): void {
  const valid = Number.isSafeInteger(offset) && offset >= 0 && limit >= 0 && maxBytes >= 0;
  if (!valid)
    throw new AppError("invalid_argument", "The window of outputs needs an offset, a limit and a size from 0 on.");
}
