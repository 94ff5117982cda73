// Runs jq's wasm: its imports, memory, standard streams and step meter. One fresh instance a run; no files, no environment. At the edge.
import { AppError } from "../../core/errors.ts";
import { limitError, type MemoryLimit, memoryError } from "./endings.ts";
import type { ErrorOutput } from "./error-output.ts";
import { feedEnd, feedMustWait, type InputFeed } from "./input-feed.ts";
import type { OutputWindow } from "./output-window.ts";
import { gmtime, strptime, type TimeFields, timegm } from "./time.ts";

const badFile = 8;
const noSuchFile = -44;
const notATerminal = -25;
const notSeekable = 70;
const pageBytes = 65_536;
/** Memory grows in steps of a quarter, at most this much, so that a cap can be used nearly to its end. */
const maxGrowthBytes = 8 * 1024 * 1024;
const timeFieldNames = ["sec", "min", "hour", "mday", "mon", "year", "wday", "yday"] as const;
const encoder = new TextEncoder();

/** What one run of the wasm is given. */
export interface HostRun {
  argv: readonly string[];
  input: InputFeed;
  output: OutputWindow;
  errors: ErrorOutput;
  steps: number;
  stepsPerInputByte: number;
  memoryBytes: number;
  /** Which limit `memoryBytes` is, for the error. */
  memoryLimit: MemoryLimit;
  /** The run's one instant, in milliseconds since 1970. */
  nowMs: number;
  /** Called when input must be waited for; absent for a run that never waits. */
  wait?: () => Promise<void>;
}

/** How the wasm ended: an exit code, or what a limit, a trap or the stack threw. */
export type HostEnding = { kind: "exit"; code: number } | { kind: "thrown"; error: unknown };

export interface HostReport {
  ending: HostEnding;
  steps: number;
  memoryBytes: number;
}

/** Ends the wasm from within an import. */
class JqExit extends Error {
  readonly code: number;

  constructor(code: number) {
    super(`jq exited with ${code}`);
    this.code = code;
  }
}

interface JqExports {
  memory: WebAssembly.Memory;
  fuel: WebAssembly.Global;
  construct: () => void;
  main: (argc: number, argv: number) => number;
  setHighWord: (value: number) => void;
  stackAllocate: (bytes: number) => number;
}

/** True where a run may wait for its input (JSPI). */
export function canSuspend(): boolean {
  return "Suspending" in WebAssembly && "promising" in WebAssembly;
}

/** Runs jq to its end without waiting; the input must be at hand. */
export function runHost(module: WebAssembly.Module, run: HostRun): HostReport {
  const machine = new JqMachine(module, run);
  try {
    return machine.report(exitOf(machine.start((main) => main)));
  } catch (error) {
    return machine.report(endingOf(error));
  }
}

/** Runs jq to its end and waits for input through `run.wait`. Needs `canSuspend()`. */
export async function runHostSuspending(module: WebAssembly.Module, run: HostRun): Promise<HostReport> {
  const machine = new JqMachine(module, run);
  try {
    const promising = (WebAssembly as unknown as Jspi).promising;
    return machine.report(exitOf(await machine.start((main) => promising(main))));
  } catch (error) {
    return machine.report(endingOf(error));
  }
}

/** JavaScript promise integration; the platform's types do not name it yet. */
interface Jspi {
  Suspending: new (run: (...args: number[]) => Promise<number>) => WebAssembly.ImportValue;
  promising: (main: JqExports["main"]) => (argc: number, argv: number) => Promise<number>;
}

function exitOf(code: number): HostEnding {
  return { kind: "exit", code };
}

function endingOf(error: unknown): HostEnding {
  return error instanceof JqExit ? exitOf(error.code) : { kind: "thrown", error };
}

/** One instance of the wasm with its imports. */
class JqMachine {
  readonly #run: HostRun;
  readonly #exports: JqExports;
  #bytes: Uint8Array;
  #view: DataView;
  #granted: number;

  constructor(module: WebAssembly.Module, run: HostRun) {
    this.#run = run;
    this.#granted = run.steps;
    this.#exports = namedExports(new WebAssembly.Instance(module, this.#imports()).exports);
    this.#bytes = new Uint8Array(this.#exports.memory.buffer);
    this.#view = new DataView(this.#exports.memory.buffer);
    this.#exports.fuel.value = BigInt(run.steps);
  }

  /** Places the arguments and calls main, wrapped as the caller wishes. */
  start<T>(wrap: (main: JqExports["main"]) => (argc: number, argv: number) => T): T {
    const { argv } = this.#run;
    this.#exports.construct();
    const pointers = argv.map((text) => this.#place(encoder.encode(`${text}\0`)));
    const table = this.#place(new Uint8Array((argv.length + 1) * 4));
    for (const [index, pointer] of pointers.entries()) this.#view.setUint32(table + index * 4, pointer, true);
    return wrap(this.#exports.main)(argv.length, table);
  }

  report(ending: HostEnding): HostReport {
    const left = Number(this.#exports.fuel.value);
    return {
      ending,
      steps: this.#granted - Math.max(0, left),
      memoryBytes: this.#exports.memory.buffer.byteLength,
    };
  }

  #place(bytes: Uint8Array): number {
    const pointer = this.#exports.stackAllocate(bytes.length);
    this.#bytes.set(bytes, pointer);
    return pointer;
  }

  /** Memory as it is now: growing detaches every older view. */
  #memory(): Uint8Array {
    const { buffer } = this.#exports.memory;
    if (this.#bytes.buffer !== buffer) {
      this.#bytes = new Uint8Array(buffer);
      this.#view = new DataView(buffer);
    }
    return this.#bytes;
  }

  #spend(steps: number): void {
    const fuel = this.#exports.fuel;
    fuel.value = (fuel.value as bigint) - BigInt(steps);
    if ((fuel.value as bigint) < 0n) throw limitError("steps", this.#granted);
  }

  #grant(steps: number): void {
    this.#granted += steps;
    this.#exports.fuel.value = (this.#exports.fuel.value as bigint) + BigInt(steps);
  }

  /** After jq's first report of an uncaught error the run is lost: what follows is not wanted. */
  #stopWhenFailed(): void {
    if (this.#run.errors.failed) throw new JqExit(5);
  }

  #eachPart(vectors: number, count: number, visit: (part: Uint8Array) => number): number {
    const bytes = this.#memory();
    let total = 0;
    for (let index = 0; index < count; index += 1) {
      const pointer = this.#view.getUint32(vectors + index * 8, true);
      const length = this.#view.getUint32(vectors + index * 8 + 4, true);
      if (length === 0) continue;
      const done = visit(bytes.subarray(pointer, pointer + length));
      if (done < 0) return total === 0 ? done : total;
      total += done;
      if (done < length) break;
    }
    return total;
  }

  #read(file: number, vectors: number, count: number, result: number): number {
    if (file !== 0) return badFile;
    this.#stopWhenFailed();
    const { input, stepsPerInputByte } = this.#run;
    const total = this.#eachPart(vectors, count, (part) => input.read(part));
    if (total === feedMustWait) return feedMustWait;
    if (total > feedEnd) this.#grant(total * stepsPerInputByte);
    this.#view.setUint32(result, total, true);
    return 0;
  }

  async #readWaiting(file: number, vectors: number, count: number, result: number): Promise<number> {
    for (;;) {
      await this.#run.wait?.();
      const answer = this.#read(file, vectors, count, result);
      if (answer !== feedMustWait) return answer;
    }
  }

  #write(file: number, vectors: number, count: number, result: number): number {
    if (file !== 1 && file !== 2) return badFile;
    const { output, errors } = this.#run;
    if (file === 1) this.#stopWhenFailed();
    const total = this.#eachPart(vectors, count, (part) => {
      if (file === 1) output.write(part);
      else errors.write(part);
      return part.length;
    });
    this.#view.setUint32(result, total, true);
    return 0;
  }

  #resize(requested: number): number {
    const { memory } = this.#exports;
    const wanted = requested >>> 0;
    const size = memory.buffer.byteLength;
    const cap = this.#run.memoryBytes;
    if (wanted > cap) {
      const { memoryLimit, input } = this.#run;
      throw memoryError({ memoryLimit, memoryBytes: cap, inputBytes: input.bytesRead });
    }
    const target = Math.min(cap, Math.max(wanted, size + Math.min(size / 4, maxGrowthBytes)));
    try {
      memory.grow(Math.ceil((target - size) / pageBytes));
    } catch (cause) {
      throw new AppError("busy", "The server has no memory left for this query.", {
        hint: "Try again in a few seconds.",
        cause,
      });
    }
    return 1;
  }

  #readTime(pointer: number): TimeFields {
    this.#memory();
    const at = (index: number) => this.#view.getInt32(pointer + index * 4, true);
    return { sec: at(0), min: at(1), hour: at(2), mday: at(3), mon: at(4), year: at(5), wday: at(6), yday: at(7) };
  }

  #writeTime(pointer: number, fields: TimeFields): void {
    this.#memory();
    for (const [index, name] of timeFieldNames.entries()) this.#view.setInt32(pointer + index * 4, fields[name], true);
  }

  #gmtime(low: number, high: number, pointer: number): void {
    const fields = gmtime(high * 2 ** 32 + (low >>> 0));
    if (fields === undefined) {
      throw new AppError("jq_runtime", "The program computed a date outside the calendar.", {
        hint: "Times are seconds since 1970; divide milliseconds by 1000.",
        details: { message: "error converting number of seconds since epoch to datetime" },
      });
    }
    this.#writeTime(pointer, fields);
    // is_dst and the offset from UTC, which follow the eight fields.
    this.#view.setInt32(pointer + 32, 0, true);
    this.#view.setInt32(pointer + 36, 0, true);
  }

  #timegm(pointer: number): number {
    const seconds = timegm(this.#readTime(pointer));
    const fields = gmtime(seconds);
    if (fields !== undefined) this.#writeTime(pointer, fields);
    this.#exports.setHighWord(Math.floor(seconds / 2 ** 32) | 0);
    return seconds | 0;
  }

  #strptime(text: number, format: number, pointer: number): number {
    const result = strptime(this.#latin1(text), this.#latin1(format), this.#readTime(pointer));
    if (result === undefined) return 0;
    this.#writeTime(pointer, result.fields);
    return text + result.length;
  }

  /** A C string, one character a byte, so that places in it are addresses. */
  #latin1(pointer: number): string {
    const bytes = this.#memory();
    const text = bytes.subarray(pointer, bytes.indexOf(0, pointer));
    this.#spend(text.length);
    let decoded = "";
    for (const byte of text) decoded += String.fromCharCode(byte);
    return decoded;
  }

  #setZone(timezone: number, daylight: number, standardName: number, daylightName: number): void {
    const bytes = this.#memory();
    this.#view.setInt32(timezone, 0, true);
    this.#view.setInt32(daylight, 0, true);
    for (const name of [standardName, daylightName]) bytes.set(encoder.encode("UTC\0"), name);
  }

  /** Only standard streams exist; none is a terminal, each a character device as far as jq looks. */
  #fileStatus(file: number, pointer: number): number {
    if (file > 2) return -badFile;
    this.#memory().fill(0, pointer, pointer + 96);
    this.#view.setUint32(pointer + 4, 0o020000, true);
    return 0;
  }

  #wordPair(first: number, second: number): number {
    this.#memory();
    this.#view.setUint32(first, 0, true);
    this.#view.setUint32(second, 0, true);
    return 0;
  }

  /** The published wasm names its imports by letters; `wasmImports` in the package's script says which is which. */
  #imports(): WebAssembly.Imports {
    const crash = (what: string) => (): never => {
      throw new WebAssembly.RuntimeError(what);
    };
    const exit = (code: number): never => {
      throw new JqExit(code);
    };
    const missing = (): number => noSuchFile;
    const nothing = (): number => 0;
    const readWait = (...args: [number, number, number, number]) => this.#readWaiting(...args);
    const jspi = WebAssembly as unknown as Jspi;
    return {
      host: {
        read_wait:
          this.#run.wait === undefined ? crash("waited without a stream") : new jspi.Suspending(readWait as never),
        out_of_steps: () => {
          throw limitError("steps", this.#granted);
        },
        stack_overflow: () => {
          throw new RangeError("the engine's stack is full");
        },
      },
      a: {
        a: crash("assertion failed"),
        b: exit,
        c: nothing, // fd_close
        d: (...args: [number, number, number, number]) => this.#write(...args),
        e: nothing, // fcntl
        f: missing, // openat
        g: (...args: [number, number, number, number]) => this.#read(...args),
        h: () => notATerminal, // ioctl
        i: nothing, // environ_get
        j: (count: number, bytes: number) => this.#wordPair(count, bytes), // environ_sizes_get
        k: (low: number, high: number, pointer: number) => this.#gmtime(low, high, pointer),
        l: (low: number, high: number, pointer: number) => this.#gmtime(low, high, pointer),
        m: (pointer: number) => this.#timegm(pointer),
        n: () => notSeekable,
        o: (requested: number) => this.#resize(requested),
        p: missing, // readlinkat
        q: () => -68, // getcwd: there is no directory
        r: nothing, // call_sighandler
        s: exit,
        t: () => undefined, // runtime_keepalive_clear
        u: (text: number, format: number, pointer: number) => this.#strptime(text, format, pointer),
        v: (...args: [number, number, number, number]) => this.#setZone(...args),
        w: nothing, // fd_fdstat_get
        x: missing, // lstat64
        y: missing, // newfstatat
        z: missing, // stat64
        A: (file: number, pointer: number) => this.#fileStatus(file, pointer),
        B: () => this.#run.nowMs,
        C: (to: number, from: number, length: number) => {
          // One call moves any length: without a price, copying long strings would be free.
          this.#spend(length >>> 4);
          this.#memory().copyWithin(to, from, from + length);
        },
        D: crash("abort"),
      },
    };
  }
}

function namedExports(raw: WebAssembly.Exports): JqExports {
  return {
    memory: raw.E as WebAssembly.Memory,
    fuel: raw.fuel as WebAssembly.Global,
    construct: raw.F as JqExports["construct"],
    main: raw.G as JqExports["main"],
    setHighWord: raw.I as JqExports["setHighWord"],
    stackAllocate: raw.J as JqExports["stackAllocate"],
  };
}
