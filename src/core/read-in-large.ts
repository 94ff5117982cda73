// Reading a body of bytes in large pieces. Runs everywhere.

/** Bytes of one read: bodies come in pieces of 4 KiB else, and each takes a turn of its own. */
const readBytes = 256 * 1024;

/** The bytes of a body, many at a time. Whoever stops early lets go of it. */
export async function* readInLarge(body: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = body.getReader({ mode: "byob" });
  try {
    for (;;) {
      const { value, done } = await reader.readAtLeast(readBytes, new Uint8Array(readBytes));
      if (value !== undefined && value.length > 0) yield value;
      if (done) return;
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}
