// Standard input of one jq run: bytes at hand, or a stream whose chunks are waited for. Runs at the edge.

const newline = 10;

/** Answers of `InputFeed.read` besides a count of bytes. */
export const feedEnd = 0;
export const feedMustWait = -1;

/**
 * Hands input to the engine in pieces of any size. It adds a newline to an input that ends without one, so that the engine's count of
 * lines is right on the last record.
 */
export class InputFeed {
  /** Bytes handed over, without the added newline. */
  bytesRead = 0;
  #chunk: Uint8Array;
  #at = 0;
  #reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  #lastByte = newline;
  readonly #maxBytes: number;
  readonly #tooLong: () => never;

  /** `tooLong` throws the caller's error when the input passes `maxBytes`. */
  constructor(input: Uint8Array | ReadableStream<Uint8Array> | undefined, maxBytes: number, tooLong: () => never) {
    this.#chunk = input instanceof Uint8Array ? input : new Uint8Array(0);
    this.#reader = input instanceof ReadableStream ? input.getReader() : undefined;
    this.#maxBytes = maxBytes;
    this.#tooLong = tooLong;
  }

  /** Copies input into `target`: how many bytes, `feedEnd`, or `feedMustWait` when `wait` must be called first. */
  read(target: Uint8Array): number {
    const count = Math.min(target.length, this.#chunk.length - this.#at);
    if (count === 0) return this.#endOrWait(target);
    target.set(this.#chunk.subarray(this.#at, this.#at + count));
    this.#at += count;
    this.bytesRead += count;
    if (this.bytesRead > this.#maxBytes) this.#tooLong();
    if (this.#at === this.#chunk.length) this.#lastByte = this.#chunk[this.#at - 1] ?? newline;
    return count;
  }

  /** Waits for the next chunk of the stream; throws what the stream or the signal throws. */
  async wait(signal: AbortSignal | undefined): Promise<void> {
    const reader = this.#reader;
    if (reader === undefined) return;
    const { done, value } = await untilAborted(reader.read(), signal);
    if (done) this.#reader = undefined;
    else {
      this.#chunk = value;
      this.#at = 0;
    }
  }

  /** Lets go of the stream; what is left of it is cancelled. */
  close(): void {
    const reader = this.#reader;
    this.#reader = undefined;
    this.#chunk = new Uint8Array(0);
    // The run has its own ending by now; a source that fails or hangs when it is cancelled must not change it.
    reader?.cancel().catch(() => undefined);
  }

  #endOrWait(target: Uint8Array): number {
    if (this.#reader !== undefined) return feedMustWait;
    if (this.#lastByte === newline || target.length === 0) return feedEnd;
    this.#lastByte = newline;
    target[0] = newline;
    return 1;
  }
}

async function untilAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work;
  signal.throwIfAborted();
  const aborted = Promise.withResolvers<never>();
  const onAbort = () => aborted.reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    return await Promise.race([work, aborted.promise]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}
