// Uploads in one request: versions, failures that leave nothing behind, preconditions, the feed. Runs in workerd.
import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it, vi } from "vitest";
import { brokenBody, datasetTeam, manyRecords, recordLine } from "../../../test/helpers/datasets.ts";
import { aCaller } from "../../../test/helpers/team.ts";
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
    expect(await team.sweep()).toEqual([]);
    expect(await team.sweep(31)).toHaveLength(1);
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
      precondition: undefined,
      by: aCaller(),
    };
    const stream = await team.client.datasets().begin({ ...begin, kind: "stream" });
    await env.FILES.put(stream.r2Key, "left behind");
    const other = await team.client.datasets().begin({ ...begin, kind: "stream" });
    const multipart = await env.FILES.createMultipartUpload(other.r2Key);
    await team.client.datasets().noteMultipart(other.r2Key, multipart.uploadId);
    const parts = await team.client.datasets().begin({ ...begin, kind: "parts" });
    const plan = { team: team.slug, name: "d", uploadId: parts.id };
    const arrived = await team.client.datasets().planPart({ ...plan, part: 1 }, aCaller().actor);
    await env.FILES.put(arrived, "1\n");
    await team.client
      .datasets()
      .recordPart("d", { uploadId: parts.id, part: 1, r2Key: arrived, bytes: 2, etag: '"x"' }, aCaller().actor);
    await env.FILES.put(await team.client.datasets().planPart({ ...plan, part: 2 }, aCaller().actor), "half");
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
        team.client.datasets().commit({
          uploadId: stream.id,
          r2Key: stream.r2Key,
          content,
          notes: [],
          precondition: undefined,
          by: aCaller(),
        }),
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
    expect(await team.sweep(31)).toHaveLength(3);
    expect(await team.objects()).toHaveLength(1);
  });

  it("honours If-Match", async () => {
    const team = await datasetTeam();
    const missing = await team.request("PUT", "/d", { body: "1", headers: { ...ndjson, "if-match": "*" } });
    expect(missing.body).toEqual({
      code: "precondition_failed",
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
    expect([stale.body.code, stale.body.message]).toEqual([
      "precondition_failed",
      `The dataset "d" is not in the state that If-Match asks for: it exists and its etag is ${(await team.datasets())[0]?.etag}.`,
    ]);
  });

  it("honours If-None-Match: * and refuses what it cannot honour", async () => {
    const team = await datasetTeam();
    const put = (headers: Record<string, string>) =>
      team.request("PUT", "/d", { body: "1", headers: { ...ndjson, ...headers } });
    const answers = await Promise.all([put({ "if-none-match": "*" }), put({ "if-none-match": "*" })]);
    expect(answers.map((answer) => answer.status).sort()).toEqual([201, 400]);
    const { etag } = (await team.datasets())[0] ?? {};
    expect((await put({ "if-none-match": " * " })).body).toEqual({
      code: "precondition_failed",
      message: `The dataset "d" is not in the state that If-None-Match asks for: it exists and its etag is ${etag}.`,
      hint: "Choose another name, or send If-Match with its etag to replace it.",
      details: { etag },
    });
    for (const headers of [{ "if-none-match": etag ?? "" }, { "if-none-match": "*", "if-match": "*" }]) {
      expect((await put(headers)).body).toMatchObject({
        code: "invalid_argument",
        message: "A change takes If-Match with etags or *, or If-None-Match: *, not both.",
      });
    }
    expect((await team.datasets()).map((dataset) => dataset.version)).toEqual([1]);
    await team.sweep();
    expect([await team.objects(), await team.leftovers()]).toEqual([[expect.any(String)], nothing]);
  });

  it.each([
    [{ "content-type": "text/csv; charset=latin1" }, "The Content-Type names a charset other than UTF-8."],
    [{ "content-type": 'text/csv;charset="UTF-16"' }, "The Content-Type names a charset other than UTF-8."],
    [
      { "content-type": "text/csv", "content-encoding": "br" },
      "Of compressed content only gzip is taken (Content-Encoding: gzip).",
    ],
  ])("refuses content it would misread: %o", async (headers, message) => {
    const team = await datasetTeam();
    const answer = await team.request("PUT", "/d", { body: "a\n1\n", headers });
    expect([answer.body.code, answer.body.message]).toEqual(["unsupported", message]);
    const part = await team.request("PUT", "/d/uploads/up_x/parts/1", { body: "1", headers });
    expect(part.body.message).toBe(message);
    const plain = { "content-type": 'Text/CSV; header=present; charset="utf-8"', "content-encoding": "identity" };
    expect((await team.request("PUT", "/d", { body: "a\n1\n", headers: plain })).status).toBe(201);
  });

  it("tells the uploader of CSV columns that did not stay what they began as", async () => {
    const team = await datasetTeam();
    const body = `n,t\n${"5,x\n".repeat(1000)}007,x\nx,x\n`;
    const answer = await team.request("PUT", "/d", { body, headers: { "content-type": "text/csv" } });
    expect(answer.body.notes).toEqual([
      'Column "n" began with numbers; 2 later cells are none and were kept as text (first on line 1002).',
    ]);
  });

  it("deletes what an attempt wrote that was swept and forgotten meanwhile", async () => {
    const team = await datasetTeam();
    const stream = await team.client.datasets().begin({
      team: team.slug,
      name: "d",
      format: "ndjson",
      kind: "stream",
      description: undefined,
      precondition: undefined,
      by: aCaller(),
    });
    await team.sweep();
    await env.FILES.put(stream.r2Key, "late");
    expect(await team.client.datasets().abandon(stream.id, stream.r2Key)).toEqual([
      { r2_key: stream.r2Key, multipart_id: null },
    ]);
    expect(await team.leftovers()).toEqual({ ...nothing, retired: 1 });
    await team.sweep();
    expect([await team.objects(), await team.leftovers()]).toEqual([[], nothing]);
    await team.request("PUT", "/d", { body: "1", headers: ndjson });
    const { r2_key = "" } = (await team.datasets())[0] ?? {};
    expect(await team.client.datasets().abandon("up_gone", r2_key)).toEqual([]);
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
    expect(await team.datasets()).toMatchObject([
      { deleted: true, revision: 2, description: "", sample: [], schema: { fields: [] } },
    ]);
    const { credential } = await team.call();
    const entered = async (known: { incarnation?: string; revision?: number }) => {
      const entry = await team.client.enter({ credential, ...known });
      const { full, datasets } = JSON.parse(entry?.changes ?? "{}");
      return { full, datasets: datasets?.map((dataset: { name: string }) => dataset.name), entry };
    };
    const { entry, ...fresh } = await entered({});
    expect(fresh).toEqual({ full: true, datasets: [] });
    const incarnation = entry?.incarnation ?? "";
    expect(await entered({ incarnation, revision: 1 })).toMatchObject({ full: false, datasets: ["d"] });
    await runInDurableObject(team.stub, (_object, state) => {
      state.storage.sql.exec("UPDATE team SET revision = 1002");
    });
    expect(await entered({ incarnation, revision: 1 })).toMatchObject({ full: true, datasets: [] });
    expect(await entered({ incarnation, revision: 2 })).toMatchObject({ full: false, datasets: [] });
    await team.sweep();
    expect(await team.objects()).toHaveLength(1);
    await team.sweep(31);
    expect([await team.objects(), await team.leftovers()]).toEqual([[], nothing]);
    const again = await team.request("PUT", "/d", { body: "2", headers: ndjson });
    expect([again.status, again.body.version, again.body.description]).toEqual([201, 2, ""]);
  });

  it("is refused when all datasets' definitions would be too much for one message", async () => {
    const team = await datasetTeam();
    await team.request("PUT", "/d", { body: "1", headers: ndjson });
    await runInDurableObject(team.stub, (_object, state) => {
      const half = "d".repeat(1024 * 1024 - 1000);
      state.storage.sql.exec(
        `INSERT INTO datasets SELECT 'ds_' || value, 'd' || value, ?, kind, format, version, etag, r2_key, bytes, record_count,
         schema_json, sample_json, created_by, created_at, updated_by, updated_at, deleted_at, revision, visibility_json
         FROM datasets, json_each('[1,2,3,4,5,6]')`,
        half,
      );
    });
    expect((await team.request("PUT", "/d", { body: "2", headers: ndjson })).status).toBe(200);
    const wide = JSON.stringify(Object.fromEntries(Array.from({ length: 200 }, (_, index) => [`key${index}`, "x"])));
    const refused = await team.request("PUT", "/d", { body: wide, headers: ndjson });
    expect(refused.body).toEqual({
      code: "too_large",
      message:
        "The descriptions, schemas and samples of the team's datasets would take more than 6291456 characters (limit definitionChars).",
      hint: "Delete datasets that are no longer needed, or upload this one with fewer fields.",
      details: { limit: "definitionChars", value: 6_291_456 },
    });
    expect((await team.request("GET", "/d/content")).text).toBe("2\n");
  });

  it("publishes each change on the feed", async () => {
    const team = await datasetTeam();
    const { credential } = await team.call();
    const response = await team.client.fetch("https://team/feed", {
      headers: { upgrade: "websocket", "x-credential": JSON.stringify(credential) },
    });
    const socket = response.webSocket;
    if (socket === null) throw new Error("no socket");
    const events: unknown[] = [];
    socket.addEventListener("message", (event) => {
      const { type, seq: _seq, at: _at, ...said } = JSON.parse(String(event.data));
      if (type === "event") events.push(said);
    });
    socket.accept();
    await team.request("PUT", "/d", { body: "1", headers: ndjson });
    await team.request("PUT", "/d", { body: "{", headers: ndjson });
    await team.request("PUT", "/d", { body: "2", headers: ndjson });
    await team.request("DELETE", "/d");
    await vi.waitFor(() => expect(events).toHaveLength(3));
    expect(events).toEqual([
      { kind: "dataset", name: "d", change: "created", by: "ada", revision: 1 },
      { kind: "dataset", name: "d", change: "updated", by: "ada", revision: 2 },
      { kind: "dataset", name: "d", change: "removed", by: "ada", revision: 3 },
    ]);
    socket.close();
  });
});
