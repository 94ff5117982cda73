// gzip for answers of the REST API, and what that does to their etags and digests. Runs at the edge.
import type { Context, MiddlewareHandler } from "hono";
import { weakEtag } from "../../core/etags.ts";
import { httpLimits } from "../../limits.ts";
import { streamOf } from "../../platform/byte-streams.ts";

/** What shrinks; Parquet and Arrow are packed inside. */
const compressible = /^(text\/(?!event-stream)|image\/svg\+xml|application\/([\w.-]+\+)?(json|x-ndjson|yaml)\b)/i;
const bodiless: ReadonlySet<number> = new Set([101, 204, 205, 304]);

/**
 * Middleware around the API. An answer of more than httpLimits.plainBytes is sent as gzip to whoever takes it; its etag is weak then, since
 * these bytes are others, and its digest goes by the name of what is digested. Parts of content never are: their places count plain bytes.
 */
export const restCompression: MiddlewareHandler<{ Bindings: Env }> = async (c, next) => {
  // Handlers are shown other headers than the client sent.
  const known = c.req.header("if-none-match");
  const wantsGzip = takesGzip(c.req.raw) && c.req.header("want-repr-digest") === undefined;
  await next();
  const { status, headers } = c.res;
  if (status === 101) return;
  if (status === 304) return keepForm(c, known);
  const isText = compressible.test(headers.get("content-type") ?? "");
  if (!isText || bodiless.has(status)) return;
  setHeader(c, (set) => set.append("vary", "Accept-Encoding"));
  if (!wantsGzip || c.req.method === "HEAD" || status === 206 || headers.has("content-encoding")) return;
  await compress(c);
};

/** Middleware before handlers: If-Match and If-None-Match with strong forms of all tags. Ours are digests of what is sent, so that either form names it. */
export const strongValidators: MiddlewareHandler = async (c, next) => {
  const weak = ["if-match", "if-none-match"].filter((name) => c.req.header(name)?.includes('W/"'));
  if (weak.length > 0) {
    const headers = new Headers(c.req.raw.headers);
    for (const name of weak) headers.set(name, (headers.get(name) ?? "").replaceAll('W/"', '"'));
    c.req.raw = new Request(c.req.raw, { headers });
  }
  await next();
};

/** What the client itself takes: Cloudflare asks for gzip in everyone's name, and unpacks it for whoever does not. */
function takesGzip(request: Request): boolean {
  const asked: unknown = Reflect.get(Object(request.cf), "clientAcceptEncoding");
  const text = typeof asked === "string" ? asked : (request.headers.get("accept-encoding") ?? "");
  const weights = new Map(
    text.split(",").map((entry): [string, number] => {
      const [coding = "", ...parameters] = entry.split(";").map((part) => part.trim().toLowerCase());
      const weight = parameters.find((parameter) => parameter.startsWith("q="))?.slice(2);
      return [coding, weight === undefined ? 1 : Number(weight)];
    }),
  );
  return (weights.get("gzip") ?? weights.get("x-gzip") ?? weights.get("*") ?? 0) > 0;
}

async function compress(c: Context): Promise<void> {
  if (!(await isLong(c))) return;
  const { etag = "", "repr-digest": digest } = Object.fromEntries(c.res.headers);
  c.res = new Response(c.res.body, c.res);
  const { headers } = c.res;
  headers.delete("content-length");
  headers.set("content-encoding", "gzip");
  if (etag !== "") headers.set("etag", weakEtag(etag));
  if (digest === undefined) return;
  headers.delete("repr-digest");
  headers.set("unencoded-digest", digest);
}

/** True when the body is worth compressing. One that does not say its length is begun to be read, and then put back. */
async function isLong(c: Context): Promise<boolean> {
  const length = c.res.headers.get("content-length");
  if (length !== null) return Number(length) > httpLimits.plainBytes;
  if (c.res.body === null) return false;
  const reader: ReadableStreamDefaultReader<Uint8Array> = c.res.body.getReader();
  const held: Uint8Array[] = [];
  let bytes = 0;
  while (bytes <= httpLimits.plainBytes) {
    const { done, value } = await reader.read();
    if (done) {
      c.res = new Response(new Blob(held), c.res);
      return false;
    }
    held.push(value);
    bytes += value.length;
  }
  c.res = new Response(streamOf(goingOn(held, reader)), c.res);
  return true;
}

async function* goingOn(
  held: readonly Uint8Array[],
  reader: ReadableStreamDefaultReader<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  try {
    yield* held;
    for (let next = await reader.read(); !next.done; next = await reader.read()) yield next.value;
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

function setHeader(c: Context, change: (headers: Headers) => void): void {
  try {
    change(c.res.headers);
  } catch {
    // Headers of an answer that came from elsewhere cannot be changed.
    c.res = new Response(c.res.body, c.res);
    change(c.res.headers);
  }
}

/** A cache that holds the packed form goes on holding that. */
function keepForm(c: Context, known: string | undefined): void {
  const etag = c.res.headers.get("etag");
  if (etag !== null && known?.includes(weakEtag(etag))) setHeader(c, (set) => set.set("etag", weakEtag(etag)));
  setHeader(c, (set) => set.append("vary", "Accept-Encoding"));
}
