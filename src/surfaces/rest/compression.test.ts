// gzip of answers: which, for whom, and what becomes of etags, digests and lengths. Runs in workerd.
import { Hono } from "hono";
import { describe, expect, it } from "vitest";
import { AppError } from "../../core/errors.ts";
import { serveDownload } from "../../platform/downloads.ts";
import { restCompression, strongValidators } from "./compression.ts";
import { problemResponse } from "./problem.ts";

const gzip = { "accept-encoding": "gzip, deflate" };
const long = "a".repeat(1_025);
const short = "a".repeat(1_024);
const sha256 = "3b2a0e6e0e1b4c9a8b7d6c5f4e3d2c1b0a9f8e7d6c5b4a39281706f5e4d3c2b1";

/** `long` a few bytes at a time, as what is written while it is sent. */
function slowly(text: string): ReadableStream<Uint8Array> {
  const pieces = text.match(/.{1,300}/g)?.values() ?? [].values();
  return new ReadableStream({
    pull(controller) {
      const next = pieces.next();
      if (next.done === true) controller.close();
      else controller.enqueue(new TextEncoder().encode(next.value));
    },
  });
}

const download = (bytes: number, contentType = "application/x-ndjson") => ({
  bytes,
  contentType,
  etag: '"e"',
  filename: "f",
  sha256,
  open: async () => new Blob([new Uint8Array(bytes).fill(97)]).stream(),
});

const app = new Hono<{ Bindings: Env }>()
  .use(restCompression)
  .use(strongValidators)
  .get("/json", (c) => c.json({ long }, 200, { etag: '"e"' }))
  .get("/text", (c) => c.text(c.req.query("text") ?? long))
  .get("/stream", (c) => c.body(slowly(c.req.query("text") ?? long), 200, { "content-type": "text/csv" }))
  .get("/events", (c) => c.body(long, 200, { "content-type": "text/event-stream" }))
  .get("/bytes", (c) => c.body(long, 200, { "content-type": "application/vnd.apache.parquet" }))
  .get("/svg", (c) => c.body(long, 200, { "content-type": "image/svg+xml" }))
  .get("/packed", (c) => c.body(long, 200, { "content-type": "text/plain", "content-encoding": "identity" }))
  .get("/content", (c) => serveDownload(c.req.raw, download(Number(c.req.query("bytes") ?? 5_000))))
  .get("/seen", (c) => c.json([c.req.header("if-match") ?? null, c.req.header("if-none-match") ?? null]))
  .put("/seen", async (c) => c.json([c.req.header("if-match") ?? null, await c.req.text()]))
  .get("/fails", () => {
    throw new AppError("too_large", long);
  })
  .delete("/gone", (c) => c.body(null, 204))
  .onError((error) => problemResponse(error, "r1"));

async function ask(path: string, headers: Record<string, string> = gzip, init: RequestInit = {}) {
  const answer = await app.request(path, { ...init, headers });
  const text = new TextDecoder().decode(await answer.arrayBuffer());
  const { "content-encoding": encoding, vary, etag } = Object.fromEntries(answer.headers);
  return { status: answer.status, text, encoding, vary, etag, headers: answer.headers };
}

describe("an answer", () => {
  it.each([
    ["/json", `{"long":"${long}"}`, 200],
    ["/text", long, 200],
    ["/stream", long, 200],
    ["/svg", long, 200],
  ])("of %s is compressed for whoever takes gzip, and only then", async (path, text, status) => {
    expect(await ask(path)).toMatchObject({ status, text, encoding: "gzip", vary: "Accept-Encoding" });
    const plain = await ask(path, {});
    expect(plain).toMatchObject({ status, text, vary: "Accept-Encoding" });
    expect(plain.encoding).toBeUndefined();
  });

  it("that refuses something is, too", async () => {
    const refused = await ask("/fails");
    expect([refused.status, refused.encoding, JSON.parse(refused.text).detail]).toEqual([413, "gzip", long]);
  });

  it.each([
    ["is short", `/text?text=${short}`, gzip],
    ["is short, and written as it is sent", `/stream?text=${short}`, gzip],
    ["is empty", "/text?text=", gzip],
    ["is short and says so", "/content?bytes=1024", gzip],
    ["is a stream of events", "/events", gzip],
    ["is packed inside", "/bytes", gzip],
    ["is encoded already", "/packed", gzip],
    ["is for somebody who refuses gzip", "/text", { "accept-encoding": "gzip;q=0, br, *;q=1" }],
    ["is for somebody who takes another", "/text", { "accept-encoding": "br" }],
    ["is for somebody who wants its digest", "/content", { ...gzip, "want-repr-digest": "sha-256=1" }],
    ["is a part", "/content", { ...gzip, range: "bytes=0-3000" }],
  ])("stays as it is when it %s", async (_name, path, headers) => {
    const answer = await ask(path, headers);
    expect(answer.encoding).not.toBe("gzip");
    const { text } = await ask(path, { ...headers, "accept-encoding": "identity" });
    expect(answer.text).toBe(text);
  });

  it.each(["gzip;q=0.2, br;q=0", "GZIP", "*", "x-gzip"])("is compressed for %s", async (encodings) => {
    expect((await ask("/text", { "accept-encoding": encodings })).encoding).toBe("gzip");
  });

  it("goes by what the client takes where Cloudflare asks in its name", async () => {
    const request = new Request("http://localhost/text", { headers: gzip, cf: { clientAcceptEncoding: "br" } });
    expect((await app.request(request)).headers.get("content-encoding")).toBeNull();
  });

  it("without a body is left alone", async () => {
    const gone = await ask("/gone", gzip, { method: "DELETE" });
    expect([gone.status, gone.encoding, gone.vary]).toEqual([204, undefined, undefined]);
    const head = await ask("/content", gzip, { method: "HEAD" });
    expect([head.status, head.encoding, head.vary, head.headers.get("content-length")]).toEqual([
      200,
      undefined,
      "Accept-Encoding",
      "5000",
    ]);
  });
});

describe("validators", () => {
  it("are weak and digests unencoded when an answer is compressed", async () => {
    const { headers, etag } = await ask("/content");
    const digest = (await ask("/content", {})).headers.get("repr-digest");
    expect([etag, headers.get("content-length"), headers.get("repr-digest"), headers.get("unencoded-digest")]).toEqual([
      'W/"e"',
      null,
      null,
      digest,
    ]);
    expect((await ask("/content", {})).etag).toBe('"e"');
  });

  it("match in either form", async () => {
    const answers = await Promise.all(
      ['"e"', 'W/"e"'].map((tag) => ask("/content", { ...gzip, "if-none-match": tag })),
    );
    expect(answers.map(({ status, etag, vary, encoding }) => [status, etag, vary, encoding])).toEqual([
      [304, '"e"', "Accept-Encoding", undefined],
      [304, 'W/"e"', "Accept-Encoding", undefined],
    ]);
    expect((await ask("/content", { "if-match": 'W/"e"' })).status).toBe(200);
    expect((await ask("/content", { "if-match": 'W/"x"' })).status).toBe(412);
  });

  it("are shown to handlers in one form", async () => {
    const weak = { "if-match": 'W/"a", "b"', "if-none-match": "*" };
    expect(JSON.parse((await ask("/seen", weak)).text)).toEqual(['"a", "b"', "*"]);
    const put = await ask("/seen", { "if-match": 'W/"a"' }, { method: "PUT", body: "body" });
    expect(JSON.parse(put.text)).toEqual(['"a"', "body"]);
  });
});
