// Files into frames and out, through the tools, the routes and what other features load with. Runs in workerd.

import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { apiOf } from "../../../test/helpers/api.ts";
import { brokenBody, datasetTeam } from "../../../test/helpers/datasets.ts";
import { auditLog, rejection, useTool } from "../../../test/helpers/team.ts";
import { parseExact } from "../../core/exact-json.ts";
import { frameLimits } from "../../workspace-limits.ts";
import type { Role } from "../access/access.ts";
import { findVersion } from "../datasets/calls.ts";
import { readerOf } from "../workspace/workspace.ts";
import { contentRoutes } from "./content-routes.ts";
import { frameRefOf, loadDataset, loadRows } from "./frame-files.ts";
import { frameFileRoutes } from "./routes.ts";

async function frameTeam() {
  const team = await datasetTeam();
  const request = async (
    method: string,
    path: string,
    { body, headers = {}, role }: { body?: BodyInit; headers?: Record<string, string>; role?: Role } = {},
  ) => {
    const context = await team.call(role);
    const app = apiOf(context, [...frameFileRoutes, ...contentRoutes(findVersion)]);
    const response = await app.request(
      `/frames${path.replace(/^\/(?=\?|$)/, "")}`,
      { method, body: body ?? null, headers },
      env,
    );
    const bytes = new Uint8Array(await response.arrayBuffer());
    const text = new TextDecoder().decode(bytes);
    const isJson =
      text.startsWith("{") && response.headers.get("content-type")?.startsWith("application/json") === true;
    return { status: response.status, headers: response.headers, text, bytes, body: isJson ? JSON.parse(text) : {} };
  };
  const upload = async (name: string, content: string, type = "application/json") => {
    const { status } = await team.request("PUT", `/${name}`, { body: content, headers: { "content-type": type } });
    expect(status).toBeLessThan(300);
  };
  const left = async () => {
    const keys = (await env.FILES.list({ prefix: `teams/${team.slug}/` })).objects.map(({ key }) => key);
    const stub = env.TEAM.get(env.TEAM.idFromName(team.slug));
    const retired = await runInDurableObject(stub, (_object, { storage }) =>
      storage.sql.exec("SELECT count(*) AS n FROM retired_objects").one(),
    );
    return { keys, retired: retired.n };
  };
  return { ...team, request, upload, left };
}

const csv = 'zip,amount,day,note\n00501,1.5,2024-02-29,"a ""b"""\n10001,,2023-01-01,\n';

describe("reading", () => {
  it("makes a frame of CSV text and shows it", async () => {
    const team = await frameTeam();
    const context = await team.call("viewer");
    const { data, text } = await useTool(context, "read_csv", { text: csv, name: "sales" });
    expect(data).toMatchObject({
      rows: [
        { zip: "00501", amount: 1.5, day: "2024-02-29", note: 'a "b"' },
        { zip: "10001", amount: null, day: "2023-01-01", note: null },
      ],
      columns: [
        { name: "zip", type: "text" },
        { name: "amount", type: "float" },
        { name: "day", type: "date" },
        { name: "note", type: "text" },
      ],
      ...{ total: 2, file_rows: 2, offset: 0, data_ref: expect.stringMatching(/^df_/) },
    });
    expect(text).toContain(`data_ref ${data.data_ref}`);
    const written = await useTool(context, "to_csv", { data_ref: "sales" });
    expect(written.data.text).toBe(csv);
    const lines = await useTool(context, "to_json", { data_ref: "sales", lines: true });
    expect(lines.data.text).toBe(
      '{"zip":"00501","amount":1.5,"day":"2024-02-29","note":"a \\"b\\""}\n{"zip":"10001","amount":null,"day":"2023-01-01","note":null}\n',
    );
    const parquet = await useTool(context, "to_parquet", { data_ref: "sales" });
    expect(parquet.data.url).toBe(`https://data.test/t/${team.slug}/api/v1/frames/${data.data_ref}.parquet`);
  });

  it("reads a part after another, each with the types of the whole", async () => {
    const team = await frameTeam();
    const context = await team.call("viewer");
    const text = `a\n${Array.from({ length: 9 }, (_, at) => at).join("\n")}\nx\n`;
    const first = await useTool(context, "read_csv", { text, limit: 6 });
    expect(first.data).toMatchObject({
      ...{ total: 6, file_rows: 10, next_offset: 6 },
      next_call: 'read_csv {"limit":6,"offset":6} with the same text',
      columns: [{ name: "a", type: "text" }],
    });
    expect(first.text).toContain("Warning: rows 1 to 6 of 10 were loaded. Next part: read_csv");
    const rest = await useTool(context, "read_csv", { text, limit: 6, offset: 6 });
    expect(rest.data).toMatchObject({ total: 4, offset: 6, rows: [{ a: "6" }, { a: "7" }, { a: "8" }, { a: "x" }] });
    expect(rest.data).not.toHaveProperty("next_offset");
    expect(await rejection(useTool(context, "read_csv", { text, offset: 10 }))).toEqual({
      code: "invalid_argument",
      message: "offset 10 is past the end: there are 10 rows.",
    });
    expect(await rejection(useTool(context, "read_csv", { text, limit: 200_000 }))).toEqual({
      code: "too_large",
      message: "200000 rows were asked for; a frame has 100000 at most (limit rows).",
    });
  });

  it("reads datasets, those of CSV by their digits", async () => {
    const team = await frameTeam();
    await team.upload("orders", "id,zip,big\n1,00501,1\n2,10001,9007199254740993\n", "text/csv");
    await team.upload("events", '[{"a":1,"b":{"x":1}},{"a":9007199254740993}]');
    await team.upload("settings", '{"a":1}');
    await team.upload("document", '{"a":1,"rows":[{"b":1}]}');
    const context = await team.call("viewer");
    const orders = await useTool(context, "read_csv", { dataset: "orders" });
    expect(orders.data.columns).toEqual([
      { name: "id", type: "int" },
      { name: "zip", type: "text" },
      { name: "big", type: "int64" },
    ]);
    const back = await useTool(context, "to_csv", { data_ref: "orders", delimiter: ";" });
    expect(back.data).toMatchObject({ text: "id;zip;big\n1;00501;1\n2;10001;9007199254740993\n", rows: 2, bytes: 46 });
    const events = await useTool(context, "read_json", { dataset: "events", columns: ["a"] });
    expect(JSON.stringify(events.data.rows)).toBe('[{"a":1},{"a":9007199254740993}]');
    expect(await rejection(useTool(context, "read_json", { dataset: "settings" }))).toEqual({
      code: "file_malformed",
      message: "The document is neither an array of records nor an object with columns and data.",
    });
    expect((await useTool(context, "read_frame", { data_ref: "events", limit: 1 })).data).toMatchObject({
      ...{ returned: 1, total: 2, truncated: true },
      rows: [{ a: 1, b: { x: 1 } }],
    });
    const document = await rejection(useTool(context, "head", { data_ref: "document" }));
    expect(document).toEqual({
      code: "file_malformed",
      message: 'The dataset "document" is one document, not a list of records.',
    });
    await useTool(context, "head", { data_ref: "events", name: "firsts" });
    expect((await context.workspace.frames().find("firsts", readerOf(context))).lineage.inputs).toEqual([
      { kind: "dataset", name: "events", version: 1 },
    ]);
    expect(await rejection(useTool(context, "read_csv", { dataset: "orders", delimiter: ";" }))).toEqual({
      code: "invalid_argument",
      message: "delimiter is for text and uploads: a dataset was read when it was uploaded.",
    });
    expect(await rejection(useTool(context, "read_csv", { dataset: "orders", text: "a" }))).toEqual({
      code: "invalid_argument",
      message: "More than one thing to read was named.",
    });
    expect(await rejection(useTool(context, "read_json", {}))).toEqual({
      code: "invalid_argument",
      message: "Nothing to read was named.",
    });
  });
});

describe("what other features load with", () => {
  it("keeps one copy of a dataset's version, whoever asks", async () => {
    const team = await frameTeam();
    await team.upload("orders", "id,zip\n1,00501\n", "text/csv");
    const context = await team.call("viewer");
    const dataset = context.catalogue.datasets.get("orders");
    if (dataset === undefined) throw new Error("no dataset");
    const [first, second] = await Promise.all([loadDataset(context, dataset), loadDataset(context, dataset)]);
    expect(first).toEqual(second);
    expect(await frameRefOf(await team.call("member", "ben"), "orders")).toBe(first.id);
    expect(await frameRefOf(context, "nothing")).toBe("nothing");
    expect(await context.workspace.frames().list({ ...context.actor, hidden: [] })).toEqual([]);
    expect(first).toMatchObject({
      rows: 1,
      lineage: { operation: "load", inputs: [{ kind: "dataset", name: "orders", version: 1 }] },
      sources: [{ id: dataset.id, name: "orders", version: 1 }],
    });
    await team.upload("orders", "id,zip\n1,00501\n2,3\n", "text/csv");
    expect(await frameRefOf(await team.call("viewer"), "orders")).not.toBe(first.id);
    const made = await loadRows(context, {
      records: [[1]],
      name: "Orders",
      lineage: { operation: "jq", inputs: [] },
      sources: [],
    });
    expect([made.name, await frameRefOf(context, "orders")]).toEqual(["Orders", "orders"]);
  });

  it("makes frames of rows in memory", async () => {
    const context = await (await frameTeam()).call("viewer");
    const about = { lineage: { operation: "jq", inputs: [] }, sources: [] };
    const records = parseExact('[{"a":1,"b":"x"},{"a":9007199254740993}]');
    if (!Array.isArray(records)) throw new Error("no records");
    const frame = await loadRows(context, { ...about, name: "made", records });
    expect(frame).toMatchObject({
      name: "made",
      rows: 2,
      columns: [
        { name: "a", type: "int64" },
        { name: "b", type: "text" },
      ],
    });
    const rows = await loadRows(context, { ...about, columns: [{ name: "x", type: "int" }], rows: [[1], [2]] });
    expect((await context.workspace.frames().slice(rows.id, { ...context.actor, hidden: [] }, 0, 5)).rows).toEqual([
      [1],
      [2],
    ]);
    expect(await rejection(loadRows(context, { ...about, name: "MADE", records: [1] }))).toEqual({
      code: "already_exists",
      message: 'There is a frame called "made" already.',
    });
  });
});

describe("REST", () => {
  it("takes an upload, lists it, gives it in every format and drops it", async () => {
    const team = await frameTeam();
    const made = await team.request("POST", "/?name=sales", { body: csv, headers: { "content-type": "text/csv" } });
    expect([made.status, made.body.rows, made.body.file_rows, made.body.truncated]).toEqual([201, 2, 2, false]);
    expect(made.headers.get("etag")).toBe(`"${made.body.data_ref}"`);
    const ref: string = made.body.data_ref;
    expect((await team.request("GET", "/")).body.frames).toHaveLength(1);
    expect((await team.request("GET", "/sales")).body.data_ref).toBe(ref);
    const types: (string | null)[] = [];
    for (const format of ["csv", "json", "ndjson", "parquet", "arrow", "arrows"]) {
      const file = await team.request("GET", `/${ref}.${format}`);
      types.push(file.headers.get("content-type"));
      const body = file.bytes.slice();
      const again = await team.request(
        "POST",
        `/?format=${format === "arrows" ? "arrow" : format}&types={"zip":"text"}`,
        { body },
      );
      expect([format, again.status, again.body.columns]).toEqual([format, 201, made.body.columns]);
      expect((await team.request("GET", `/${again.body.data_ref}.csv`)).text).toBe(csv);
      const etag = (await team.request("HEAD", `/${ref}.${format}`)).headers.get("etag") ?? "";
      const cached = await team.request("GET", `/${ref}.${format}`, { headers: { "if-none-match": etag } });
      expect([cached.status, cached.bytes.length]).toEqual([304, 0]);
    }
    expect(types).toEqual([
      "text/csv; charset=utf-8",
      "application/json",
      "application/x-ndjson",
      "application/vnd.apache.parquet",
      "application/vnd.apache.arrow.file",
      "application/vnd.apache.arrow.stream",
    ]);
    const excel = await team.request("GET", `/sales.csv?delimiter=;&crlf=true&header=false`);
    expect(excel.text).toBe('00501;1.5;2024-02-29;"a ""b"""\r\n10001;;2023-01-01;\r\n');
    expect(excel.headers.get("content-disposition")).toBe('attachment; filename="sales.csv"');
    expect((await team.request("DELETE", "/sales", { role: "viewer" })).body.code).toBe("forbidden");
    expect((await team.request("DELETE", "/sales")).status).toBe(204);
    expect((await team.request("GET", "/sales")).body.code).toBe("not_found");
    const log = await auditLog(team.slug);
    expect(
      log
        .filter(({ action }) => action.startsWith("frame."))
        .map(({ action, target }) => [action, target])
        .at(0),
    ).toEqual(["frame.create", "frame sales"]);
    expect(log.at(-1)?.action).toBe("frame.drop");
  });

  it("refuses what it cannot take", async () => {
    const team = await frameTeam();
    const refused = async (path: string, init: Parameters<typeof team.request>[2], method = "POST") => {
      const { body } = await team.request(method, path, init);
      return `${body.code}: ${body.message}`;
    };
    expect(await refused("/", { body: "a" })).toBe(
      "unsupported: The Content-Type does not name a format that frames are made of.",
    );
    expect(await refused("/?format=csv", { body: "a\n1\n", role: "viewer" })).toContain(
      "forbidden: As viewer you may not upload or drop frames",
    );
    expect(await refused("/?format=csv&name=sqlite_x", { body: "a\n1\n" })).toContain("invalid_argument");
    expect(await refused("/?format=parquet", { body: "a\n1\n" })).toBe(
      "file_malformed: This is not a Parquet file that can be read.",
    );
    expect(await refused("/df_aaaaaaaaaa.xlsx", {}, "GET")).toBe('unsupported: Frames are not written as ".xlsx".');
    expect(await refused("/?format=csv", { body: "a", headers: { "content-encoding": "br" } })).toBe(
      "unsupported: Of compressed content only gzip is taken (Content-Encoding: gzip).",
    );
    expect((await team.request("GET", "/")).body.frames).toEqual([]);
  });

  it("leaves nothing of a large file, whether it is loaded, malformed or broken off", async () => {
    const team = await frameTeam();
    const lines = Array.from({ length: 150_000 }, (_, at) => `${at},${"x".repeat(20)}`);
    const large = `id,text\n${lines.join("\n")}\n`;
    const made = await team.request("POST", "/?format=csv", { body: large });
    expect([made.status, made.body.rows, made.body.file_rows, made.body.next_offset]).toEqual([
      201, 100_000, 150_000, 100_000,
    ]);
    expect((await team.left()).keys).toEqual([]);
    const malformed = await team.request("POST", "/?format=csv", { body: `${large}1,2,3\n` });
    expect(malformed.body.message).toBe("Line 150002: the row has 3 cells where the header has 2.");
    const broken = await team.request("POST", "/?format=csv", { body: brokenBody(large.slice(0, 3_000_000)) });
    expect(broken.body.code).toBe("upload_aborted");
    expect((await team.left()).keys).toEqual([]);
    await team.sweep();
    expect(await team.left()).toEqual({ keys: [], retired: 0 });
    expect((await team.request("GET", "/")).body.frames).toHaveLength(1);
  });

  it("keeps no more files of a team than it may have", async () => {
    const team = await frameTeam();
    const plan = () => team.client.datasets().planFile(team.slug, frameLimits.fileMs);
    for (let at = 0; at < frameLimits.files; at++) await plan();
    const refused = await team.request("POST", "/files", { body: "a\n1\n" });
    expect([refused.body.code, refused.body.message]).toEqual([
      "too_large",
      "The team keeps 100 uploaded files, the most there may be (limit files).",
    ]);
    expect((await team.left()).keys).toEqual([]);
  });

  it("keeps a file for tools, a part of it at a time", async () => {
    const team = await frameTeam();
    const kept = await team.request("POST", "/files", { body: "a\n1\n2\n3\n" });
    expect([kept.status, kept.body.bytes]).toEqual([201, 8]);
    const context = await team.call("viewer");
    const part = await useTool(context, "read_csv", { upload: kept.body.upload, limit: 2 });
    expect(part.data).toMatchObject({
      total: 2,
      next_call: `read_csv ${JSON.stringify({ upload: kept.body.upload, limit: 2, offset: 2 })}`,
    });
    const other = await (await frameTeam()).call("owner");
    expect(await rejection(useTool(other, "read_csv", { upload: kept.body.upload }))).toEqual({
      code: "not_found",
      message: `There is no uploaded file "${kept.body.upload}".`,
    });
    await team.sweep();
    expect((await team.left()).keys).toEqual([]);
  });
});
