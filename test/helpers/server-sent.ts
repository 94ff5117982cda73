// Reads server-sent event streams in tests.

/** Reads server-sent messages until `count` have come or the stream ends. */
export async function readMessages(body: ReadableStream<Uint8Array> | null, count: number): Promise<unknown[]> {
  const messages: unknown[] = [];
  const reader = body?.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  while (reader !== undefined && messages.length < count) {
    const { done, value } = await reader.read();
    if (done) break;
    text += value;
    const parts = text.split("\n\n");
    text = parts.pop() ?? "";
    for (const part of parts) {
      const data = /^data: (.+)$/m.exec(part)?.[1];
      if (data !== undefined) messages.push(JSON.parse(data));
    }
  }
  await reader?.cancel();
  return messages;
}
