// Bytes of datasets on their way: packed and checked uploads, parts that are taken up again, parts of downloads. Runs in workerd.
import { describe, expect, it } from "vitest";
import { datasetTeam } from "../../../test/helpers/datasets.ts";

const ndjson = { "content-type": "application/x-ndjson" };
const nothing = { uploads: 0, parts: 0, retired: 0 };
const ofNothing = "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:";
const encoder = new TextEncoder();

async function gzip(text: string): Promise<Uint8Array<ArrayBuffer>> {
  const packed = new Blob([text]).stream().pipeThrough(new CompressionStream("gzip"));
  return new Uint8Array(await new Response(packed).arrayBuffer());
}

async function digestOf(content: string | Uint8Array<ArrayBuffer>): Promise<string> {
  const bytes = typeof content === "string" ? encoder.encode(content) : content;
  return `sha-256=:${btoa(String.fromCharCode(...new Uint8Array(await crypto.subtle.digest("SHA-256", bytes))))}:`;
}

describe("an upload in one request", () => {
  it("may be packed and name its digest", async () => {
    const team = await datasetTeam();
    const packed = await gzip('{"a":1}\n{"a":2}\n');
    const headers = { ...ndjson, "content-encoding": "gzip", "content-digest": await digestOf(packed) };
    const stored = await team.request("PUT", "/d", { body: packed, headers });
    expect([stored.status, stored.body.bytes, stored.body.record_count]).toEqual([201, 16, 2]);
    expect((await team.request("GET", "/d/content")).text).toBe('{"a":1}\n{"a":2}\n');
  });

  it.each([
    ["cut", async () => (await gzip('{"a":1}\n'.repeat(500))).slice(0, -9), {}, "invalid_argument"],
    ["another than announced", () => gzip("[2]"), { "repr-digest": ofNothing }, "digest_mismatch"],
    ["malformed inside", () => gzip("{oops"), {}, "dataset_malformed"],
  ])("leaves nothing of one that is %s", async (_name, body, more, code) => {
    const team = await datasetTeam();
    await team.request("PUT", "/d", { body: "[1]", headers: { "content-type": "application/json" } });
    const headers = { ...ndjson, "content-encoding": "gzip", ...more };
    const refused = await team.request("PUT", "/d", { body: await body(), headers });
    expect(refused.body.code).toBe(code);
    expect((await team.request("GET", "/d/content")).text).toBe("1\n");
    expect(await team.leftovers()).toEqual({ ...nothing, retired: 1 });
    await team.sweep();
    expect(await team.objects()).toHaveLength(1);
  });
});

describe("an upload in parts", () => {
  async function begin() {
    const team = await datasetTeam();
    const created = await team.request("POST", "/d/uploads", { body: '{"format":"ndjson"}' });
    const location = created.headers.get("location") ?? "";
    expect(location).toBe(`/datasets/d/uploads/${created.body.upload_id}`);
    return { team, path: location.slice("/datasets".length) };
  }

  it("tells whoever has its address what is there, until when, and that it is complete", async () => {
    const { team, path } = await begin();
    const empty = await team.request("GET", path);
    expect(empty.body).toEqual({
      upload_id: path.split("/").at(-1),
      dataset: "d",
      format: "ndjson",
      state: "open",
      expires_at: expect.any(String),
      part_max_bytes: 99_614_720,
      parts_max: 1_000,
      bytes: 0,
      parts: [],
    });
    await team.request("PUT", `${path}/parts/2`, { body: "2}\n" });
    const first = await team.request("PUT", `${path}/parts/1`, { body: '{"a":' });
    const status = await team.request("GET", path);
    expect(status.body).toMatchObject({ bytes: 8, state: "open", parts: [first.body, { part: 2, bytes: 3 }] });
    await team.request("POST", `${path}/complete`, { body: '{"parts":2}' });
    expect((await team.request("GET", path)).body).toMatchObject({ dataset: "d", state: "completed", parts: [] });
  });

  it("takes packed parts, each with its digest, and checks the whole", async () => {
    const { team, path } = await begin();
    const packed = await gzip('{"a":1}\n');
    const headers = { "content-encoding": "gzip", "content-digest": await digestOf(packed) };
    const stored = await team.request("PUT", `${path}/parts/1`, { body: packed, headers });
    expect(stored.body).toMatchObject({ part: 1, bytes: 8 });
    const wrong = { "content-digest": await digestOf('{"a":3}\n') };
    const refused = await team.request("PUT", `${path}/parts/2`, { body: '{"a":2}\n', headers: wrong });
    expect(refused.body.code).toBe("digest_mismatch");
    expect((await team.request("GET", path)).body.parts).toEqual([stored.body]);
    await team.request("PUT", `${path}/parts/2`, { body: '{"a":2}\n' });
    const complete = (digest: string) =>
      team.request("POST", `${path}/complete`, { body: JSON.stringify({ parts: 2, digest }) });
    expect((await complete("md5=:x:")).body).toMatchObject({
      code: "invalid_argument",
      message: "digest has no digest that can be checked.",
    });
    expect((await complete(await digestOf('{"a":1}\n{"a":3}\n'))).body.code).toBe("digest_mismatch");
    expect((await team.request("GET", "/d")).body.code).toBe("not_found");
    expect((await complete(await digestOf('{"a":1}\n{"a":2}\n'))).body).toMatchObject({ version: 1, record_count: 2 });
    await team.sweep();
    expect(await team.leftovers()).toEqual(nothing);
  });
});

describe("content", () => {
  it("comes in parts and says its digest", async () => {
    const team = await datasetTeam();
    const text = '{"a":1}\n{"a":2}\n';
    const { etag } = await team.request("PUT", "/d", { body: text, headers: ndjson });
    const all = await team.request("GET", "/d/content");
    expect([all.text, Object.fromEntries(all.headers)]).toEqual([
      text,
      {
        "accept-ranges": "bytes",
        "cache-control": "private, no-cache",
        "content-disposition": 'attachment; filename="d.ndjson"',
        "content-length": "16",
        "content-type": "application/x-ndjson",
        etag,
        "repr-digest": await digestOf(text),
      },
    ]);
    const resume = { range: "bytes=8-", "if-range": etag ?? "" };
    const rest = await team.request("GET", "/d/content", { headers: resume });
    expect([rest.status, rest.text, rest.headers.get("content-range")]).toEqual([206, '{"a":2}\n', "bytes 8-15/16"]);
    const past = await team.request("GET", "/d/content", { headers: { range: "bytes=16-" } });
    expect(past.body).toMatchObject({ code: "range_not_satisfiable", details: { bytes: 16 } });
    await team.request("PUT", "/d", { body: "3", headers: ndjson });
    const changed = await team.request("GET", "/d/content", { headers: resume });
    expect([changed.status, changed.text]).toEqual([200, "3\n"]);
    const head = await team.request("HEAD", "/d/content");
    expect([head.status, head.text, head.headers.get("content-length")]).toEqual([200, "", "2"]);
  });
});
