// Bytes on their way between the object, R2 and each other: compressed, digested, copied. Runs at the edge.
import { hex } from "../../core/ids.ts";
import { type ContentType, R2Writer } from "../../platform/r2.ts";

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
  }
}

/** A stored object's bytes. */
export async function* bytesOf(object: R2ObjectBody): AsyncGenerator<Uint8Array> {
  const reader = object.body.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

/** Writes bytes as one object in flat memory. Returns its size. */
export async function writeObject(
  bucket: R2Bucket,
  key: string,
  source: AsyncIterable<Uint8Array>,
  options: { type?: ContentType; onMultipart?: (id: string) => Promise<void> } = {},
): Promise<number> {
  const { type = "application/octet-stream", onMultipart = async () => undefined } = options;
  const writer = new R2Writer(bucket, key, type, onMultipart);
  try {
    for await (const piece of source) await writer.write(piece);
    return (await writer.close()).bytes;
  } finally {
    writer.release();
  }
}
