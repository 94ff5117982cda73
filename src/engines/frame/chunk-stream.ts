// The stream in which a frame's or table's rows travel (a line of JSON for each chunk, an array of rows) and how it is read. Runs everywhere.
import type { Row } from "./types.ts";

/** The rows of each line, read with `parse`. Ends the stream when it is left before its end. Throws what the stream throws. */
export async function* readChunkStream(
  stream: ReadableStream<Uint8Array>,
  parse: (json: string) => unknown = JSON.parse,
): AsyncGenerator<Row[], void> {
  const decoder = new TextDecoder("utf-8", { fatal: false, ignoreBOM: true });
  let parts: string[] = [];
  const line = (): Row[] => {
    const text = parts.join("");
    parts = [];
    return text === "" ? [] : (parse(text) as Row[]);
  };
  for await (const bytes of stream) {
    const [first = "", ...others] = decoder.decode(bytes, { stream: true }).split("\n");
    parts.push(first);
    for (const other of others) {
      const rows = line();
      if (rows.length > 0) yield rows;
      parts.push(other);
    }
  }
  const rows = line();
  if (rows.length > 0) yield rows;
}

/** What a generator gives, encoded, as a stream that asks for it piece by piece. */
export function streamOf(texts: AsyncGenerator<string, void>): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  return new ReadableStream({
    async pull(controller) {
      const next = await texts.next();
      if (next.done === true) controller.close();
      else controller.enqueue(encoder.encode(next.value));
    },
    async cancel() {
      await texts.return();
    },
  });
}
