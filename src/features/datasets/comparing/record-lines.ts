// The records of stored content one after another, as their lines. Flat memory. Runs at the edge.
import { AppError } from "../../../core/errors.ts";

/** Reads NDJSON line by line: several at a time are at hand without waiting. */
export class RecordLines {
  readonly #chunks: AsyncIterator<Uint8Array>;
  readonly #decoder = new TextDecoder();
  #text = "";
  #at = 0;
  #ended = false;
  /** Bytes that were read. */
  bytes = 0;
  /** Lines that were given out. */
  count = 0;

  constructor(chunks: AsyncIterable<Uint8Array>) {
    this.#chunks = chunks[Symbol.asyncIterator]();
  }

  /** The next line; undefined at the end. A promise only where bytes must be waited for. */
  next(): string | undefined | Promise<string | undefined> {
    const end = this.#text.indexOf("\n", this.#at);
    if (end < 0) return this.#more();
    const line = this.#text.slice(this.#at, end);
    this.#at = end + 1;
    this.count++;
    return line;
  }

  /** Lets go of what is not read. */
  async close(): Promise<void> {
    await this.#chunks.return?.();
  }

  async #more(): Promise<string | undefined> {
    while (!this.#ended) {
      const { value, done } = await this.#chunks.next();
      if (done === true) this.#ended = true;
      else this.bytes += value.length;
      this.#text =
        this.#text.slice(this.#at) + this.#decoder.decode(done === true ? undefined : value, { stream: done !== true });
      this.#at = 0;
      if (this.#text.includes("\n")) return this.next();
    }
    if (this.#at >= this.#text.length) return undefined;
    throw new AppError("internal", "The stored content ends inside a record.");
  }
}
