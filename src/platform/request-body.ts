// Reading request bodies, counted while they are read: what a header announces is not believed. Runs at the edge.
import { AppError } from "../core/errors.ts";
import { httpLimits } from "../limits.ts";

const plainEncodings: ReadonlySet<string> = new Set(["", "identity"]);

/** The errors of a body that is not taken: `brokenOff` is told how many bytes came and what the platform says. */
export interface BodyFaults {
  tooLarge: () => AppError;
  brokenOff: (bytes: number, cause: unknown) => AppError;
}

/** A body's bytes as they come. Throws what `faults` makes of more than `maxBytes` and of a body that breaks off. */
export async function* bodyBytes(
  body: ReadableStream<Uint8Array> | null,
  maxBytes: number,
  faults: BodyFaults,
): AsyncIterable<Uint8Array> {
  if (body === null) return;
  const reader = body.getReader();
  let bytes = 0;
  try {
    for (;;) {
      const { done, value } = await reader.read().catch((cause: unknown) => {
        throw faults.brokenOff(bytes, cause);
      });
      if (done) return;
      bytes += value.length;
      if (bytes > maxBytes) throw faults.tooLarge();
      yield value;
    }
  } finally {
    await letGo(reader);
  }
}

/**
 * Ends the reading of a body. A refused one's rest is not wanted, but an answer that comes while its sender is still writing may not reach
 * them, so a short rest is read first. When it broke off there is nothing to cancel.
 */
async function letGo(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<void> {
  const rest = async (): Promise<void> => {
    for (let bytes = 0; bytes < httpLimits.restBytes; ) {
      const { done, value } = await reader.read();
      if (done) return;
      bytes += value.length;
    }
  };
  await Promise.race([rest(), scheduler.wait(httpLimits.restMs)]).catch(() => undefined);
  await reader.cancel().catch(() => undefined);
}

/**
 * A body as text. Throws `unsupported` for a compressed one, what `tooLarge` makes, `invalid_argument` when it is not UTF-8, `upload_aborted`
 * when it breaks off.
 */
export async function bodyText(request: Request, maxBytes: number, tooLarge: () => AppError): Promise<string> {
  if (!plainEncodings.has(request.headers.get("content-encoding")?.trim().toLowerCase() ?? "")) throw encoded();
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: false });
  let text = "";
  try {
    for await (const chunk of bodyBytes(request.body, maxBytes, { tooLarge, brokenOff })) {
      text += decoder.decode(chunk, { stream: true });
    }
    return text + decoder.decode();
  } catch (cause) {
    if (!(cause instanceof TypeError)) throw cause;
    throw new AppError("invalid_argument", "The body is not UTF-8 text.", { hint: "Send it encoded as UTF-8.", cause });
  }
}

/** A JSON body; an empty one is an empty object. Throws `invalid_argument`, `too_large` over httpLimits.jsonBytes, `upload_aborted`. */
export async function jsonBody(request: Request): Promise<unknown> {
  const text = await bodyText(request, httpLimits.jsonBytes, jsonTooLarge);
  if (text.trim() === "") return {};
  try {
    return JSON.parse(text);
  } catch {
    throw new AppError("invalid_argument", "The request body is not JSON.", { hint: "Send a JSON object." });
  }
}

function encoded(): AppError {
  return new AppError("unsupported", "Content-Encoding is taken where files are uploaded, not here.", {
    hint: "Send this body uncompressed, without Content-Encoding.",
  });
}

function brokenOff(bytes: number, cause: unknown): AppError {
  return new AppError("upload_aborted", `The request broke off after ${bytes} bytes; nothing was changed.`, {
    hint: "Send it again.",
    cause,
  });
}

function jsonTooLarge(): AppError {
  const limit = httpLimits.jsonBytes;
  return new AppError("too_large", `A JSON body may have ${limit} bytes (limit jsonBytes); this one has more.`, {
    hint: "Send only what the request takes; content of datasets goes to its own address.",
    details: { limit: "jsonBytes", value: limit },
  });
}
