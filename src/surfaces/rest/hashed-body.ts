// A request's body and its SHA-256: read ahead when it is short, hashed while it streams when it is long. Runs at the edge.
import { AppError } from "../../core/errors.ts";
import { hex } from "../../core/ids.ts";
import { datasetLimits, idempotencyLimits } from "../../limits.ts";

export interface OpenBody {
  /** The request to go on with; its body is whole. */
  request: Request;
  /** Known at once for a body of up to idempotencyLimits.bufferedBytes. */
  digest: string | undefined;
  /** The digest if the body has been read to its end, else undefined. */
  digestIfRead: () => Promise<string | undefined>;
  /** Reads what is left and gives the digest; undefined for more than a request may have. Throws `upload_aborted` when it breaks off. */
  digestOfRest: () => Promise<string | undefined>;
}

type Reader = ReadableStreamDefaultReader<Uint8Array>;

/** Takes over a request's body. */
export async function openBody(request: Request): Promise<OpenBody> {
  if (request.body === null) return known(request, await sha256(new Uint8Array()));
  const reader = request.body.getReader();
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  while (bytes <= idempotencyLimits.bufferedBytes) {
    // A body that breaks off does so again where it is read for its purpose, which has the words for it.
    const { done, value } = await reader.read().catch(() => ({ done: false, value: undefined }));
    if (done) {
      const body = await new Blob(chunks).bytes();
      return known(new Request(request, { body }), await sha256(body));
    }
    if (value === undefined) break;
    bytes += value.length;
    chunks.push(value);
  }
  return streamed(request, chunks, reader);
}

function known(request: Request, digest: string): OpenBody {
  return { request, digest, digestIfRead: async () => digest, digestOfRest: async () => digest };
}

function streamed(original: Request, chunks: Uint8Array[], reader: Reader): OpenBody {
  const digest = new crypto.DigestStream("SHA-256");
  const result = digest.digest.then((bytes) => hex(new Uint8Array(bytes)));
  // Of a body that is given up nobody asks.
  result.catch(() => undefined);
  const writer = digest.getWriter();
  let isWhole = false;
  const body = new ReadableStream<Uint8Array>({
    pull: async (controller) => {
      const chunk = chunks.shift() ?? (await reader.read()).value;
      if (chunk === undefined) {
        await writer.close();
        isWhole = true;
        controller.close();
        return;
      }
      await writer.write(chunk);
      controller.enqueue(chunk);
    },
    cancel: async (reason) => {
      await writer.abort(reason).catch(() => undefined);
      await reader.cancel(reason);
    },
  });
  const request = new Request(original, { body });
  return {
    request,
    digest: undefined,
    digestIfRead: async () => (isWhole ? result : undefined),
    digestOfRest: async () => ((await drain(request)) ? result : undefined),
  };
}

/** Reads a body to its end; false when it has more bytes than a request may. */
async function drain(request: Request): Promise<boolean> {
  if (request.body === null) return true;
  let bytes = 0;
  try {
    for await (const chunk of request.body) {
      bytes += chunk.length;
      if (bytes > datasetLimits.requestBytes) return false;
    }
    return true;
  } catch (cause) {
    throw new AppError("upload_aborted", `The request broke off after ${bytes} bytes.`, {
      hint: "Send it again with the same Idempotency-Key.",
      cause,
    });
  }
}

async function sha256(bytes: Uint8Array): Promise<string> {
  return hex(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)));
}
