// The body of an upload: counted, checked against its digests and unpacked while it is read. Runs at the edge.
import { AppError } from "../core/errors.ts";
import { inSlices, through } from "./byte-streams.ts";
import { checked, expectedDigests } from "./digests.ts";
import { type BodyFaults, bodyBytes } from "./request-body.ts";

/** What an upload may have. Bytes that are packed are counted as they come, and again unpacked. */
export interface UploadRules extends BodyFaults {
  /** Bytes of the body as it is sent. */
  sentBytes: number;
  /** Bytes of what it holds. */
  unpackedBytes: number;
  unpackedTooLarge: () => AppError;
}

/** One piece unpacks to a thousand times its size at most, all of which is in memory at once. */
const packedPieceBytes = 4096;
const gzips: ReadonlySet<string> = new Set(["gzip", "x-gzip"]);

/**
 * A request's body as its content. Throws at once, before anything is opened for it: `unsupported` for an encoding but gzip, `invalid_argument`
 * for digests that cannot be checked, what `rules` make of a length that is announced too great. While it is read: what `rules` make, and
 * `digest_mismatch` or `invalid_argument` (no gzip) at its end.
 */
export function uploadBody(request: Request, rules: UploadRules): AsyncIterable<Uint8Array> {
  const encoding = request.headers.get("content-encoding")?.trim().toLowerCase() ?? "";
  const isPacked = gzips.has(encoding);
  if (!isPacked && encoding !== "" && encoding !== "identity") throw unknownEncoding();
  const expected = expectedDigests(request.headers);
  if (Number(request.headers.get("content-length") ?? 0) > rules.sentBytes) throw rules.tooLarge();
  const sent = bodyBytes(request.body, rules.sentBytes, rules);
  const whole = expected.length === 0 ? sent : checked(sent, expected);
  return isPacked ? unpacked(whole, rules) : whole;
}

async function* unpacked(
  source: AsyncIterable<Uint8Array>,
  { unpackedBytes, unpackedTooLarge }: UploadRules,
): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  for await (const piece of through(inSlices(source, packedPieceBytes), new DecompressionStream("gzip"), notGzip)) {
    bytes += piece.length;
    if (bytes > unpackedBytes) throw unpackedTooLarge();
    yield piece;
  }
}

function unknownEncoding(): AppError {
  return new AppError("unsupported", "Of compressed content only gzip is taken (Content-Encoding: gzip).", {
    hint: "Send it uncompressed, or gzip it and say Content-Encoding: gzip.",
  });
}

function notGzip(): AppError {
  return new AppError("invalid_argument", "The body is not the gzip that Content-Encoding says: it is cut, or none.", {
    hint: "Compress the file again into one gzip stream and send all of it, or send it uncompressed.",
  });
}
