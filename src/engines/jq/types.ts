// The one interface between the product and its jq engine: what a run is asked and what it answers. Another evaluator fits behind it.
import type { jqLimits } from "../../limits.ts";

/** The limits of a run, each of the meaning and unit that limits.ts gives it. */
export type JqLimits = { readonly [K in keyof typeof jqLimits]: number };

/**
 * How input meets the program. `whole`: one document, `.` is it. `slurp`: all records as one array (`jq -s`).
 * `records`: the program runs once per record; with `nullInput` it runs once and reads them with `input` and `inputs`.
 */
export type JqMode = "whole" | "slurp" | "records";

/** Which outputs a caller wants to see; all others are counted and dropped. */
export interface JqWindow {
  /** Outputs to pass over first. */
  offset: number;
  /** Outputs to keep at most. */
  limit: number;
  /** Bytes to keep at most; the first output of the window is kept even when it alone is longer. */
  maxBytes: number;
}

/** What a run reads: bytes at hand, a stream of them, or nothing. */
export type JqSource = Uint8Array | ReadableStream<Uint8Array> | undefined;

export interface JqRequest {
  /** The complete program, with every function it uses. */
  program: string;
  /** Variables: name without `$` to JSON text. They are bound, never spliced into the program. */
  args?: Readonly<Record<string, string>>;
  /**
   * JSON texts one after another. Error messages count lines, so records should be one a line. Invalid UTF-8 becomes U+FFFD.
   * A function is called once memory has been granted, so that runs that wait hold no input.
   */
  input: JqSource | (() => Promise<JqSource>);
  mode: JqMode;
  nullInput?: boolean;
  window: JqWindow;
  /** Takes every kept output as it comes; `outputs` of the outcome then stays empty. */
  sink?: (output: string) => void;
  /** Narrower limits than the product's; wider ones are ignored. */
  limits?: Partial<JqLimits>;
  /** Ends a wait for memory or for input with the signal's reason; computation between two reads is not interrupted. */
  signal?: AbortSignal;
  /** Milliseconds since 1970 for `now`; read once, so a run sees one instant. */
  now?: () => number;
}

export interface JqOutcome {
  /** Kept outputs in order, each compact JSON text exactly as jq printed it. */
  outputs: string[];
  /** Outputs of the whole run, kept or not. */
  total: number;
  /** Bytes of all outputs, each with its newline. */
  outputBytes: number;
  inputBytes: number;
  /** Steps used: loop iterations inside the engine, and long copies in proportion. Does not depend on the machine or its load. */
  steps: number;
  /** Engine memory at the end, which is its peak: it never shrinks. */
  memoryBytes: number;
  /** Milliseconds by the platform's clock, without the wait for admission. In production that clock moves only with I/O. */
  engineMs: number;
  /** True where `window.maxBytes` ended the kept outputs before `window.limit`. */
  cutByBytes: boolean;
  /** What `debug` and `stderr` wrote, a line each, cut at `messageBytes` in all. */
  messages: string[];
}

/** Levels that an open bracket takes of jqLimits.valueDepth: jq's parser keeps an object and the key under way, of an array itself only. */
export const objectLevels = 2;
export const arrayLevels = 1;
