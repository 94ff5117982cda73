// Content as an answer: whole or the part that Range asks for, under the conditions the request makes (RFC 9110, 13 and 14). Runs at the edge.
import { type ByteRange, contentRange, readRange } from "../core/byte-range.ts";
import { AppError } from "../core/errors.ts";
import { namesEtag } from "../core/etags.ts";
import { sha256Field } from "./digests.ts";

/** Content whose size is known, and of which any part can be opened. */
export interface Download {
  bytes: number;
  /** Strong: of these very bytes. */
  etag: string;
  contentType: string;
  /** What a browser saves it as; the characters of names and ids alone. */
  filename: string;
  /** In hex, where it is known. */
  sha256?: string | undefined;
  /** `range` is left out for all of it. */
  open: (range?: ByteRange) => Promise<ReadableStream<Uint8Array>>;
}

/**
 * Answers a GET or HEAD. `onOpen` is told before content is sent. Throws `precondition_failed` for an If-Match that does not hold,
 * `range_not_satisfiable`, and what `open` throws.
 */
export async function serveDownload(
  request: Request,
  download: Download,
  onOpen: () => Promise<void> = async () => undefined,
): Promise<Response> {
  const { bytes, etag, contentType, filename, sha256 } = download;
  const match = request.headers.get("if-match");
  if (match !== null && !namesEtag(match, etag)) throw changed(etag);
  const headers = new Headers({ etag, "cache-control": "private, no-cache", "accept-ranges": "bytes" });
  if (namesEtag(request.headers.get("if-none-match"), etag)) return new Response(null, { status: 304, headers });
  headers.set("content-type", contentType);
  headers.set("content-disposition", `attachment; filename="${filename}"`);
  if (sha256 !== undefined) headers.set("repr-digest", sha256Field(sha256));
  if (request.method === "HEAD") {
    headers.set("content-length", String(bytes));
    return new Response(null, { headers });
  }
  const range = holds(request.headers.get("if-range"), etag)
    ? readRange(request.headers.get("range"), bytes)
    : undefined;
  if (range === "unsatisfiable") throw pastTheEnd(bytes);
  await onOpen();
  const body = await download.open(range);
  headers.set("content-length", String(range?.length ?? bytes));
  if (range === undefined) return new Response(body, { headers });
  headers.set("content-range", contentRange(range, bytes));
  return new Response(body, { status: 206, headers });
}

/** An If-Range compares strongly, and a time is never ours. */
function holds(ifRange: string | null, etag: string): boolean {
  return ifRange === null || ifRange.trim() === etag;
}

function changed(etag: string): AppError {
  return new AppError("precondition_failed", `The content is not what If-Match asks for: its etag is ${etag}.`, {
    hint: "Begin again without If-Match and Range: it was changed since.",
    details: { etag },
  });
}

function pastTheEnd(bytes: number): AppError {
  return new AppError("range_not_satisfiable", `Range begins past the end: the content has ${bytes} bytes.`, {
    hint: "Ask for bytes=0- or leave Range out.",
    details: { bytes },
  });
}
