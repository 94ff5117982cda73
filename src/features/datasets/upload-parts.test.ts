// Uploads in parts: cut anywhere, resumed, taken over, completed twice. Runs in workerd.
import { runInDurableObject } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import { brokenBody, datasetTeam, manyRecords } from "../../../test/helpers/datasets.ts";
import { aCaller, rejection } from "../../../test/helpers/team.ts";
import { datasetLimits } from "../../limits.ts";

const ndjson = { "content-type": "application/x-ndjson" };
const nothing = { uploads: 0, parts: 0, retired: 0 };
/** What a file of `recordLine`s of ids 0 to 199,999 is stored as: 21 MB and more than two R2 parts. */
const largeCount = 200_000;

async function sha256(text: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return `"${Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("")}"`;
}

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
    expect((await team.request("GET", path)).body).toMatchObject({ state: "completed", bytes: 0, parts: [] });
    await team.request("PUT", "/d", { body: "4", headers: ndjson });
    const again = await team.request("POST", `${path}/complete`, { body: '{"parts":3}' });
    expect([again.status, again.etag, again.body]).toEqual([201, done.etag, done.body]);
    const elsewhere = await team.request("POST", path.replace("/d/", "/e/").concat("/complete"));
    expect(elsewhere.body.code).toBe("not_found");
    expect((await team.request("PUT", `${path}/parts/1`, { body: "1" })).body.code).toBe("not_found");
    await team.sweep(31);
    expect(await team.objects()).toHaveLength(1);
    expect(await team.leftovers()).toEqual(nothing);
  });

  it("counts against the limit only while it is open, and uploads in one request never", async () => {
    const { team, path } = await begin();
    const create = () => team.request("POST", "/d/uploads", { body: '{"format":"ndjson"}' });
    await runInDurableObject(team.stub, (_object, state) => {
      const copy = `INSERT INTO uploads SELECT 'up_' || value, dataset_name, description, format, kind, state, r2_key, created_by, created_at, expires_at, outcome_json FROM uploads, json_each(?)`;
      const numbers = Array.from({ length: datasetLimits.openUploads - 1 }, (_, index) => index);
      state.storage.sql.exec(copy, JSON.stringify(numbers));
    });
    expect((await create()).body.message).toBe(
      "The team has 200 uploads open, the most a team may have at once (limit openUploads).",
    );
    expect((await team.request("PUT", "/other", { body: "1", headers: ndjson })).status).toBe(201);
    await team.request("PUT", `${path}/parts/1`, { body: "1\n" });
    expect((await team.request("POST", `${path}/complete`)).status).toBe(201);
    expect((await create()).status).toBe(201);
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
      team.client.datasets().commit({ uploadId, r2Key, content, notes: [], precondition: undefined, by: aCaller() });
    const ended =
      "This upload ended before its content could become a version: it was aborted, it expired, or another completion or part took over.";
    const planned = async () => {
      const answer = await team.client.datasets().planCompletion(plan, aCaller().actor);
      if ("dataset" in answer) throw new Error("completed already");
      return answer;
    };
    const first = await planned();
    const second = await planned();
    expect((await rejection(commit(first.r2Key))).message).toBe(ended);
    await team.request("PUT", `${path}/parts/1`, { body: "2\n" });
    expect((await rejection(commit(second.r2Key))).message).toBe(ended);
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
    ["POST", "/d/uploads", '{"format":"xml"}', 'body: format: Invalid option: expected one of "json"|"ndjson"|"csv"'],
    ["POST", "/d/uploads", "{", "The request body is not JSON."],
    ["PUT", "/d/uploads/up_x/parts/0", "1", "address: part: Too small: expected number to be >=1"],
    ["PUT", "/d/uploads/up_x/parts/1", "1", 'There is no open upload with this id for the dataset "d".'],
    ["POST", "/d/uploads/up_x/complete", "", 'There is no open upload with this id for the dataset "d".'],
    ["DELETE", "/d/uploads/up_x", undefined, 'There is no open upload with this id for the dataset "d".'],
    [
      "POST",
      "/d/uploads",
      " ".repeat(65_537),
      "A JSON body may have 65536 bytes (limit jsonBytes); this one has more.",
    ],
    [
      "POST",
      "/d/uploads/up_x/complete",
      " ".repeat(65_537),
      "A JSON body may have 65536 bytes (limit jsonBytes); this one has more.",
    ],
  ])("refuses %s %s %.20s", async (method, path, body, message) => {
    const team = await datasetTeam();
    expect((await team.request(method, path, { body })).body.message).toBe(message);
  });
});
