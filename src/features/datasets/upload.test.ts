// Uploads whole and in parts: versions, failures that leave nothing behind, takeovers, the feed. Runs in workerd.
import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it, vi } from "vitest";
import { brokenBody, datasetTeam, manyRecords, recordLine } from "../../../test/helpers/datasets.ts";
import { openDataset } from "./datasets.ts";

const ndjson = { "content-type": "application/x-ndjson" };
const json = { "content-type": "application/json" };
const nothing = { uploads: 0, parts: 0, retired: 0 };

/** What a file of `recordLine`s of ids 0 to 199,999 is stored as: 21 MB and more than two R2 parts. */
const largeCount = 200_000;

async function sha256(text: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return `"${Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("")}"`;
}

/** The message of the error that `call` ends in. */
async function failure(call: () => Promise<unknown>): Promise<string> {
  try {
    await call();
    return "no error";
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

describe("an upload in one request", () => {
  it("creates a dataset, then new versions of it, each with its own object", async () => {
    const team = await datasetTeam();
    const first = await team.request("PUT", "/sales?description=Sales", {
      body: '[{"a":1},{"a":2.50}]',
      headers: json,
    });
    expect(first.status).toBe(201);
    expect(first.body).toEqual({
      id: expect.stringMatching(/^ds_/),
      name: "sales",
      description: "Sales",
      kind: "records",
      format: "json",
      version: 1,
      etag: await sha256('{"a":1}\n{"a":2.50}\n'),
      bytes: 19,
      record_count: 2,
      schema: {
        fields: [{ path: "a", types: ["number"], present: 1, examples: [1, 2.5] }],
        records_examined: 2,
        fields_cut: false,
      },
      created_by: "ada",
      created_at: expect.any(String),
      updated_by: "ada",
      updated_at: expect.any(String),
      revision: 1,
    });
    expect(first.etag).toBe(first.body.etag);
    const second = await team.request("PUT", "/sales", {
      body: "a,b\n3,x\n",
      headers: { "content-type": "text/csv; charset=utf-8" },
    });
    expect([
      second.status,
      second.body.version,
      second.body.description,
      second.body.format,
      second.body.revision,
    ]).toEqual([200, 2, "Sales", "csv", 2]);
    const content = await team.request("GET", "/sales/content");
    expect([content.status, content.text, content.etag]).toEqual([200, '{"a":3,"b":"x"}\n', second.etag]);
    expect(await team.objects()).toHaveLength(2);
    const swept = await team.sweep();
    expect(swept).toHaveLength(1);
    expect(await team.objects()).toEqual((await team.datasets()).map((dataset) => dataset.r2_key));
    expect(await team.leftovers()).toEqual(nothing);
  });

  it("keeps a JSON document whole and an empty list of records empty", async () => {
    const team = await datasetTeam();
    const whole = await team.request("PUT", "/config", { body: '{"a":{"b":[1]}}', headers: json });
    expect([whole.body.kind, whole.body.record_count, whole.body.bytes]).toEqual(["whole", 1, 15]);
    const content = await team.request("GET", "/config/content");
    expect(content.body).toEqual({ a: { b: [1] } });
    const empty = await team.request("PUT", "/none?format=json", { body: "[]" });
    expect([empty.status, empty.body.kind, empty.body.record_count, empty.body.bytes]).toEqual([201, "records", 0, 0]);
    expect((await team.request("GET", "/none/content")).text).toBe("");
  });

  it("streams what is larger than one R2 part", async () => {
    const team = await datasetTeam();
    const answer = await team.request("PUT", "/large", { body: manyRecords(largeCount), headers: ndjson });
    const expected = Array.from({ length: largeCount }, (_, index) => recordLine(index)).join("");
    expect([answer.status, answer.body.record_count, answer.body.bytes]).toEqual([201, largeCount, expected.length]);
    expect(answer.etag).toBe(await sha256(expected));
    const [dataset] = await team.datasets();
    if (dataset === undefined) throw new Error("no dataset");
    expect(dataset.sample).toEqual([0, 1, 2, 3, 4].map((index) => recordLine(index).trimEnd()));
    expect(dataset.schema.records_examined).toBe(10_000 + 1900);
    expect((await new Response(await openDataset(env.FILES, dataset)).text()) === expected).toBe(true);
    expect(await team.leftovers()).toEqual(nothing);
  });

  it.each([
    [
      "broken off before the first part",
      () => brokenBody('{"a":1}\n', '{"a"'),
      "The upload broke off after 12 bytes; the dataset is as it was.",
    ],
    ["malformed at once", () => "{oops", 'Line 1, column 2: expected a key in double quotes or "}", found "o".'],
    [
      "malformed after R2 parts were sent",
      () => manyRecords(largeCount, 150_000),
      'Line 150001, column 2: expected a key in double quotes or "}", found "o".',
    ],
    ["empty", () => "", "The upload is empty: there is nothing in it but blanks."],
  ])("leaves the old version serving and nothing behind when it is %s", async (name, body, message) => {
    const team = await datasetTeam();
    await team.request("PUT", "/d", { body: "1\n2\n", headers: ndjson });
    const before = await team.datasets();
    const multiparts: string[] = [];
    const create = vi.spyOn(env.FILES, "createMultipartUpload");
    const failed = await team.request("PUT", "/d", { body: body(), headers: ndjson });
    for (const result of create.mock.results) multiparts.push((await result.value).uploadId);
    create.mockRestore();
    expect(failed.body.message).toBe(message);
    expect(await team.datasets()).toEqual(before);
    expect((await team.request("GET", "/d/content")).text).toBe("1\n2\n");
    expect(await team.objects()).toEqual([before[0]?.r2_key]);
    expect(multiparts).toHaveLength(name.includes("R2 parts") ? 1 : 0);
    const swept = await team.sweep();
    expect(swept.map((object) => object.multipart_id)).toEqual(multiparts.length > 0 ? multiparts : [null]);
    expect(await team.leftovers()).toEqual(nothing);
    expect(await team.objects()).toEqual([before[0]?.r2_key]);
    expect((await team.request("GET", "/d/content")).text).toBe("1\n2\n");
  });

  it("is cleaned up by the sweep when the Worker dies in the middle", async () => {
    const team = await datasetTeam();
    const begin = {
      team: team.slug,
      name: "d",
      format: "ndjson" as const,
      description: undefined,
      ifMatch: undefined,
      by: "ada",
    };
    const stream = await team.client.datasets().begin({ ...begin, kind: "stream" });
    await env.FILES.put(stream.r2Key, "left behind");
    const other = await team.client.datasets().begin({ ...begin, kind: "stream" });
    const multipart = await env.FILES.createMultipartUpload(other.r2Key);
    await team.client.datasets().noteMultipart(other.r2Key, multipart.uploadId);
    const parts = await team.client.datasets().begin({ ...begin, kind: "parts" });
    const plan = { team: team.slug, name: "d", uploadId: parts.id };
    const arrived = await team.client.datasets().planPart({ ...plan, part: 1 });
    await env.FILES.put(arrived, "1\n");
    await team.client
      .datasets()
      .recordPart("d", { uploadId: parts.id, part: 1, r2Key: arrived, bytes: 2, etag: '"x"' });
    await env.FILES.put(await team.client.datasets().planPart({ ...plan, part: 2 }), "half");
    expect(await team.objects()).toHaveLength(3);
    expect(await team.leftovers()).toEqual({ uploads: 3, parts: 1, retired: 3 });
    const alarm = await runInDurableObject(team.stub, (_object, state) => state.storage.getAlarm());
    expect(alarm).not.toBeNull();
    expect(await team.sweep()).toHaveLength(4);
    expect(await team.objects()).toEqual([]);
    expect(await team.leftovers()).toEqual(nothing);
    await expect(multipart.uploadPart(1, "x")).rejects.toThrow();
    const content = {
      kind: "records" as const,
      format: "ndjson" as const,
      bytes: 0,
      etag: '""',
      record_count: 0,
      sample: [],
      schema: { fields: [], records_examined: 0, fields_cut: false },
    };
    expect(
      await failure(() =>
        team.client
          .datasets()
          .commit({ uploadId: stream.id, r2Key: stream.r2Key, content, ifMatch: undefined, by: "ada" }),
      ),
    ).toBe(
      "This upload ended before its content could become a version: it was aborted, it expired, or another completion or part took over.",
    );
    expect(await team.datasets()).toEqual([]);
  });

  it("gives two uploads at once two versions, and the later one serves", async () => {
    const team = await datasetTeam();
    await team.request("PUT", "/d", { body: "0\n", headers: ndjson });
    const answers = await Promise.all(
      ["1\n", "2\n", "3\n"].map((body) => team.request("PUT", "/d", { body, headers: ndjson })),
    );
    expect(answers.map((answer) => answer.body.version).sort()).toEqual([2, 3, 4]);
    const last = answers.find((answer) => answer.body.version === 4);
    const content = await team.request("GET", "/d/content");
    expect([content.etag, (await team.datasets())[0]?.version]).toEqual([last?.etag, 4]);
    expect(await team.sweep()).toHaveLength(3);
    expect(await team.objects()).toHaveLength(1);
  });

  it("honours If-Match", async () => {
    const team = await datasetTeam();
    const missing = await team.request("PUT", "/d", { body: "1", headers: { ...ndjson, "if-match": "*" } });
    expect(missing.body).toEqual({
      code: "conflict",
      message: 'The dataset "d" is not in the state that If-Match asks for: there is no such dataset.',
      hint: "Read the dataset again and repeat with its etag, or leave If-Match out to replace whatever is there.",
      details: { etag: null },
    });
    const first = await team.request("PUT", "/d", { body: "1", headers: ndjson });
    const held = { ...ndjson, "if-match": `"other", ${first.etag}` };
    const [one, two] = await Promise.all([
      team.request("PUT", "/d", { body: "2", headers: held }),
      team.request("PUT", "/d", { body: "3", headers: held }),
    ]);
    expect([one?.status, two?.status].sort()).toEqual([200, 400]);
    expect(await team.objects()).toHaveLength(2);
    const stale = await team.request("DELETE", "/d", { headers: { "if-match": first.etag ?? "" } });
    expect(stale.body.code).toBe("conflict");
  });

  it("refuses a request that is too large before anything is opened for it", async () => {
    const team = await datasetTeam();
    const answer = await team.request("PUT", "/d", { body: "1", headers: { ...ndjson, "content-length": "99614721" } });
    expect(answer.body).toMatchObject({
      code: "too_large",
      message: "One request may carry 99614720 bytes (limit requestBytes); this upload has more.",
      details: { limit: "requestBytes", value: 99_614_720 },
    });
    expect(await team.leftovers()).toEqual(nothing);
  });

  it("deletes softly and counts versions on when the name comes back", async () => {
    const team = await datasetTeam();
    await team.request("PUT", "/d?description=old", { body: "1", headers: ndjson });
    expect((await team.request("DELETE", "/d")).status).toBe(204);
    expect((await team.request("GET", "/d")).body.code).toBe("not_found");
    expect((await team.datasets()).map((dataset) => [dataset.deleted, dataset.revision])).toEqual([[true, 2]]);
    await team.sweep();
    expect(await team.objects()).toEqual([]);
    const again = await team.request("PUT", "/d", { body: "2", headers: ndjson });
    expect([again.status, again.body.version, again.body.description]).toEqual([201, 2, ""]);
  });

  it("publishes each change on the feed", async () => {
    const team = await datasetTeam();
    const { actor } = await team.call();
    const response = await team.client.fetch("https://team/feed", {
      headers: { upgrade: "websocket", "x-token-id": actor.tokenId },
    });
    const socket = response.webSocket;
    if (socket === null) throw new Error("no socket");
    const events: unknown[] = [];
    socket.addEventListener("message", (event) => {
      events.push(JSON.parse(String(event.data)));
    });
    socket.accept();
    await team.request("PUT", "/d", { body: "1", headers: ndjson });
    await team.request("PUT", "/d", { body: "{", headers: ndjson });
    await team.request("PUT", "/d", { body: "2", headers: ndjson });
    await team.request("DELETE", "/d");
    await vi.waitFor(() => expect(events).toHaveLength(3));
    expect(events).toEqual([
      { kind: "dataset", name: "d", change: "created", revision: 1 },
      { kind: "dataset", name: "d", change: "updated", revision: 2 },
      { kind: "dataset", name: "d", change: "removed", revision: 3 },
    ]);
    socket.close();
  });
});

describe("an upload in parts", () => {
  async function begin() {
    const team = await datasetTeam();
    const created = await team.request("POST", "/d/uploads", {
      body: JSON.stringify({ format: "ndjson", description: "In parts" }),
    });
    expect(created.status).toBe(201);
    expect(created.body).toEqual({
      upload_id: expect.stringMatching(/^up_/),
      part_max_bytes: 99_614_720,
      parts_max: 1000,
      expires_at: expect.any(String),
    });
    return { team, path: `/d/uploads/${created.body.upload_id}` };
  }

  it("is read as one stream, cut anywhere, resumed and with a part replaced", async () => {
    const { team, path } = await begin();
    const text = '{"a":"é€"}\n{"a":"😀"}\n{"a":3}\n';
    const bytes = new TextEncoder().encode(text);
    await team.request("PUT", `${path}/parts/2`, { body: "wrong" });
    await team.request("PUT", `${path}/parts/1`, { body: bytes.slice(0, 7) });
    const early = await team.request("POST", `${path}/complete`, { body: '{"parts":3}' });
    expect(early.body).toMatchObject({
      code: "upload_incomplete",
      message: "The upload must have exactly the parts 1 to 3; missing: 3.",
    });
    const broken = await team.request("PUT", `${path}/parts/2`, { body: brokenBody("bro") });
    expect(broken.body.code).toBe("upload_aborted");
    const replaced = await team.request("PUT", `${path}/parts/2`, { body: bytes.slice(7, 25) });
    expect(replaced.body).toEqual({ part: 2, bytes: 18, etag: replaced.etag });
    await team.request("PUT", `${path}/parts/3`, { body: bytes.slice(25) });
    const status = await team.request("GET", path);
    expect((status.body.parts as { part: number; bytes: number }[]).map((part) => [part.part, part.bytes])).toEqual([
      [1, 7],
      [2, 18],
      [3, bytes.length - 25],
    ]);
    const done = await team.request("POST", `${path}/complete`, { body: '{"parts":3}' });
    expect([done.status, done.body.record_count, done.body.description, done.etag]).toEqual([
      201,
      3,
      "In parts",
      await sha256(text),
    ]);
    expect((await team.request("GET", "/d/content")).text).toBe(text);
    expect((await team.request("GET", path)).body.code).toBe("not_found");
    await team.sweep();
    expect(await team.objects()).toHaveLength(1);
    expect(await team.leftovers()).toEqual(nothing);
  });

  it("stays open after a failed completion, with the error", async () => {
    const { team, path } = await begin();
    await team.request("PUT", `${path}/parts/1`, { body: "1\n" });
    await team.request("PUT", `${path}/parts/2`, { body: "{\n" });
    const failed = await team.request("POST", `${path}/complete`);
    expect(failed.body.message).toBe(
      'Line 2, column 2: the text ends where a key in double quotes or "}" should follow.',
    );
    expect(await team.objects()).toHaveLength(2);
    await team.request("PUT", `${path}/parts/2`, { body: "2\n" });
    const done = await team.request("POST", `${path}/complete`);
    expect([done.status, done.body.record_count]).toEqual([201, 2]);
  });

  it("gives way when a part is replaced or another completion begins", async () => {
    const { team, path } = await begin();
    const uploadId = path.split("/")[3] ?? "";
    await team.request("PUT", `${path}/parts/1`, { body: "1\n" });
    const plan = { team: team.slug, name: "d", uploadId, parts: undefined };
    const content = {
      kind: "records" as const,
      format: "ndjson" as const,
      bytes: 2,
      etag: '"x"',
      record_count: 1,
      sample: [],
      schema: { fields: [], records_examined: 1, fields_cut: false },
    };
    const commit = (r2Key: string) =>
      team.client.datasets().commit({ uploadId, r2Key, content, ifMatch: undefined, by: "ada" });
    const ended =
      "This upload ended before its content could become a version: it was aborted, it expired, or another completion or part took over.";
    const first = await team.client.datasets().planCompletion(plan);
    const second = await team.client.datasets().planCompletion(plan);
    expect(await failure(() => commit(first.r2Key))).toBe(ended);
    await team.request("PUT", `${path}/parts/1`, { body: "2\n" });
    expect(await failure(() => commit(second.r2Key))).toBe(ended);
    const done = await team.request("POST", `${path}/complete`);
    expect([done.status, (await team.request("GET", "/d/content")).text]).toEqual([201, "2\n"]);
  });

  it("of more than one R2 part works and leaves nothing", async () => {
    const { team, path } = await begin();
    await team.request("PUT", `${path}/parts/1`, { body: manyRecords(largeCount / 2) });
    await team.request("PUT", `${path}/parts/2`, { body: manyRecords(largeCount / 2) });
    const done = await team.request("POST", `${path}/complete`);
    expect([done.status, done.body.record_count]).toEqual([201, largeCount]);
    await team.sweep();
    expect(await team.objects()).toHaveLength(1);
  });

  it("can be aborted", async () => {
    const { team, path } = await begin();
    await team.request("PUT", `${path}/parts/1`, { body: "1\n" });
    expect((await team.request("DELETE", path)).status).toBe(204);
    expect(await team.objects()).toEqual([]);
    expect((await team.request("PUT", `${path}/parts/2`, { body: "1" })).body).toEqual({
      code: "not_found",
      message: 'There is no open upload with this id for the dataset "d".',
      hint: "It was completed, aborted or expired. Create a new upload and send its parts.",
    });
    await team.sweep();
    expect(await team.leftovers()).toEqual(nothing);
  });

  it.each([
    ["POST", "/d/uploads", '{"format":"xml"}', 'upload: format: Invalid option: expected one of "json"|"ndjson"|"csv"'],
    ["POST", "/d/uploads", "{", "The request body is not JSON."],
    ["PUT", "/d/uploads/up_x/parts/0", "1", "part: Too small: expected number to be >=1"],
    ["PUT", "/d/uploads/up_x/parts/1", "1", 'There is no open upload with this id for the dataset "d".'],
    ["POST", "/d/uploads/up_x/complete", "", 'There is no open upload with this id for the dataset "d".'],
    ["DELETE", "/d/uploads/up_x", undefined, 'There is no open upload with this id for the dataset "d".'],
  ])("refuses %s %s %s", async (method, path, body, message) => {
    const team = await datasetTeam();
    expect((await team.request(method, path, { body })).body.message).toBe(message);
  });
});
