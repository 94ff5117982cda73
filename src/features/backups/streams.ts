// Bytes out of R2 and into it. Runs at the edge.
import { type ContentType, R2Writer } from "../../platform/r2.ts";

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
