// Bytes on their way: digested and (de)compressed in flat memory. Runs at the edge.
import { hex } from "../core/ids.ts";
import { httpLimits } from "../limits.ts";

/** What is known of bytes that went by, once they all have. */
export interface Passed {
  bytes: number;
  sha256: string;
}

/** Passes bytes on and tells at their end what they were. */
export async function* digested(
  source: AsyncIterable<Uint8Array>,
  atEnd: (passed: Passed) => void,
): AsyncGenerator<Uint8Array> {
  const digest = new crypto.DigestStream("SHA-256");
  const writer = digest.getWriter();
  let bytes = 0;
  for await (const piece of source) {
    bytes += piece.length;
    await writer.write(piece);
    yield piece;
  }
  await writer.close();
  atEnd({ bytes, sha256: hex(new Uint8Array(await digest.digest)) });
}

/** Compresses or decompresses. What the source throws comes out as it was thrown; of decompression what `spoilt` makes. */
export async function* through(
  source: AsyncIterable<Uint8Array>,
  transform: CompressionStream | DecompressionStream,
  spoilt?: () => Error,
): AsyncGenerator<Uint8Array> {
  let fault: unknown;
  const iterator = source[Symbol.asyncIterator]();
  const readable = new ReadableStream<Uint8Array<ArrayBuffer>>({
    async pull(controller) {
      try {
        const { done, value } = await iterator.next();
        if (done === true) controller.close();
        else controller.enqueue(value as Uint8Array<ArrayBuffer>);
      } catch (error) {
        fault = error;
        controller.error(error);
      }
    },
  });
  const reader = readable.pipeThrough(transform).getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } catch (error) {
    throw fault ?? spoilt?.() ?? error;
  } finally {
    await reader.cancel().catch(() => undefined);
    // A source that waits for its next bytes ends when they come, or never.
    await Promise.race([iterator.return?.(), scheduler.wait(httpLimits.restMs)]).catch(() => undefined);
  }
}

/** The same bytes in pieces of `size` at most. */
export async function* inSlices(source: AsyncIterable<Uint8Array>, size: number): AsyncGenerator<Uint8Array> {
  for await (const piece of source) {
    for (let at = 0; at < piece.length; at += size) yield piece.subarray(at, at + size);
  }
}

/** Bytes as a stream that asks for each piece when it is wanted. */
export function streamOf(pieces: AsyncIterator<Uint8Array>): ReadableStream<Uint8Array> {
  return new ReadableStream({
    async pull(controller) {
      for (;;) {
        const next = await pieces.next();
        if (next.done === true) {
          controller.close();
          return;
        }
        if (next.value.length === 0) continue;
        controller.enqueue(next.value);
        return;
      }
    },
    async cancel() {
      await pieces.return?.();
    },
  });
}
