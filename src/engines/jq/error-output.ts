// Standard error of one jq run: tells jq's report of an uncaught error from what `debug` and `stderr` write. Runs at the edge.

const reportStart = "jq: error (at ";
const encoder = new TextEncoder();
const reportStartBytes = encoder.encode(reportStart);
const debugStartBytes = encoder.encode('["DEBUG:"');
const newline = 10;
/** Enough of a report for the message we keep of it and the position in front. */
const reportBytes = 8192;

function startsWith(bytes: Uint8Array, start: Uint8Array): boolean {
  return bytes.length >= start.length && start.every((byte, index) => bytes[index] === byte);
}

/** Bytes up to a cap; the rest is dropped. */
class CappedBytes {
  #parts: Uint8Array[] = [];
  #left: number;

  constructor(capacity: number) {
    this.#left = capacity;
  }

  add(bytes: Uint8Array): void {
    const part = bytes.slice(0, this.#left);
    this.#left -= part.length;
    if (part.length > 0) this.#parts.push(part);
  }

  text(): string {
    const decoder = new TextDecoder();
    return this.#parts.map((part) => decoder.decode(part, { stream: true })).join("") + decoder.decode();
  }
}

/** What one run wrote to standard error, as it comes; what is over the caps is dropped. */
export class ErrorOutput {
  /** True once jq began to report an uncaught error: the run is lost, whatever jq does with the records after it. */
  failed = false;
  #reportEnded = false;
  #atLineStart = true;
  readonly #report = new CappedBytes(reportBytes);
  readonly #messages: CappedBytes;

  constructor(messageBytes: number) {
    this.#messages = new CappedBytes(Math.max(messageBytes, reportBytes));
  }

  /** Takes one write of jq's. jq writes each report with a call of its own, so a report begins a write and a line. */
  write(chunk: Uint8Array): void {
    if (chunk.length === 0) return;
    const begins = this.#atLineStart && startsWith(chunk, reportStartBytes);
    if (this.failed && (begins || startsWith(chunk, debugStartBytes))) this.#reportEnded = true;
    if (begins) this.failed = true;
    this.#atLineStart = chunk[chunk.length - 1] === newline;
    if (!this.failed) this.#messages.add(chunk);
    else if (!this.#reportEnded) this.#report.add(chunk);
  }

  /** jq's first report, or all it wrote when it ended without one (a compile error, `halt_error`). */
  reportText(): string {
    if (this.failed) return this.#report.text();
    const text = this.#messages.text();
    return text.slice(Math.max(0, text.lastIndexOf(reportStart)));
  }

  /** The lines of `debug` and `stderr`. */
  messageLines(maxBytes: number): string[] {
    const text = this.#messages.text().slice(0, maxBytes);
    return text === "" ? [] : text.replace(/\n$/, "").split("\n");
  }
}
