// Bytes over the REST API with Node's own fetch: compressed both ways, checked, resumed. Against the product as `npm start` starts it.
import { createHash, randomBytes } from "node:crypto";
import { get } from "node:http";
import { gzipSync } from "node:zlib";
import { beforeAll, expect, inject, it } from "vitest";
import { createTeam, rest } from "../helpers/clients.ts";

const server = inject("server");
let team: Awaited<ReturnType<typeof createTeam>>;

beforeAll(async () => {
  team = await createTeam(server, "transfers");
});

const digestOf = (bytes: Uint8Array): string => `sha-256=:${createHash("sha256").update(bytes).digest("base64")}:`;
const ndjson = Buffer.from(
  Array.from({ length: 20_000 }, (_, id) => `{"id":${id},"key":"${randomBytes(16).toString("hex")}"}\n`).join(""),
);

const put = (path: string, body: Uint8Array<ArrayBuffer>, headers: Record<string, string>): Promise<Response> =>
  rest(team, path, { method: "PUT", body, headers: { "content-type": "application/x-ndjson", ...headers } });

/** The first `bytes` of an answer, and then the connection is cut. */
function beginning(path: string, bytes: number): Promise<{ head: Buffer; etag: string }> {
  const headers = { authorization: `Bearer ${team.token}` };
  return new Promise((resolve, reject) => {
    const request = get(`${server.origin}/t/transfers/api/v1${path}`, { headers }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on("data", (chunk: Buffer) => {
        chunks.push(chunk);
        const head = Buffer.concat(chunks);
        if (head.length < bytes) return;
        request.destroy();
        resolve({ head: head.subarray(0, bytes), etag: answer.headers.etag ?? "" });
      });
    });
    request.on("error", reject);
  });
}

it("takes what is compressed, and says what differs from its digest", async () => {
  const packed = new Uint8Array(gzipSync(ndjson));
  const headers = { "content-encoding": "gzip", "content-digest": digestOf(packed) };
  const stored = await put("/datasets/packed", packed, headers);
  expect([stored.status, await stored.json()]).toEqual([
    201,
    expect.objectContaining({ record_count: 20_000, bytes: ndjson.length }),
  ]);
  const refused = await put("/datasets/packed", packed, { ...headers, "content-digest": digestOf(ndjson) });
  expect([refused.status, await refused.json()]).toEqual([
    422,
    expect.objectContaining({
      code: "digest_mismatch",
      details: { field: "Content-Digest", announced: digestOf(ndjson), arrived: digestOf(packed) },
    }),
  ]);
  const cut = await put("/datasets/packed", packed.slice(0, -100), { "content-encoding": "gzip" });
  expect([cut.status, await cut.json()]).toEqual([400, expect.objectContaining({ code: "invalid_argument" })]);
  expect(await (await rest(team, "/datasets/packed")).json()).toMatchObject({ version: 1 });
});

it("sends compressed to who takes it, and goes on with a download that broke off", async () => {
  await put("/datasets/resumed", new Uint8Array(ndjson), {});
  const path = "/datasets/resumed/content";
  const whole = await rest(team, path);
  expect([whole.headers.get("content-encoding"), whole.headers.get("etag")?.slice(0, 2)]).toEqual(["gzip", "W/"]);
  expect(whole.headers.get("unencoded-digest")).toBe(digestOf(ndjson));
  expect(Buffer.from(await whole.arrayBuffer()).equals(ndjson)).toBe(true);
  const { head, etag } = await beginning(path, 300_000);
  const rest_ = await rest(team, path, { headers: { range: `bytes=${head.length}-`, "if-range": etag } });
  expect([rest_.status, rest_.headers.get("content-range"), rest_.headers.get("content-length")]).toEqual([
    206,
    `bytes 300000-${ndjson.length - 1}/${ndjson.length}`,
    String(ndjson.length - 300_000),
  ]);
  const all = Buffer.concat([head, Buffer.from(await rest_.arrayBuffer())]);
  expect(rest_.headers.get("repr-digest")).toBe(digestOf(all));
  const again = await rest(team, path, { headers: { "if-none-match": whole.headers.get("etag") ?? "" } });
  expect([again.status, (await again.arrayBuffer()).byteLength]).toEqual([304, 0]);
});

it("gives pages elsewhere nothing: no origin is named", async () => {
  const headers = { origin: "https://elsewhere.example" };
  const answer = await rest(team, "/datasets", { headers });
  expect([answer.status, answer.headers.get("access-control-allow-origin")]).toEqual([200, null]);
  const preflight = await fetch(`${server.origin}/t/transfers/api/v1/datasets`, {
    method: "OPTIONS",
    headers: { ...headers, "access-control-request-method": "GET", "access-control-request-headers": "authorization" },
  });
  expect([preflight.ok, preflight.headers.get("access-control-allow-origin")]).toEqual([false, null]);
});
