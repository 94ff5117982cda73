// Content as files: datasets, tables and frames in every format, versions, etags, what has no rows. Runs in workerd.
import { describe, expect, it } from "vitest";
import { apiOf } from "../../../test/helpers/api.ts";
import { datasetTeam } from "../../../test/helpers/datasets.ts";
import { useTool } from "../../../test/helpers/team.ts";
import { openArrow } from "../../engines/frame/formats/arrow-in.ts";
import { openParquet } from "../../engines/frame/formats/parquet-in.ts";
import { findVersion } from "../datasets/calls.ts";
import { contentRoutes } from "./content-routes.ts";
import { memoryFile } from "./files.ts";
import { outputFormats } from "./schema.ts";

const csv = 'id,name,price\n1,Ada,2.50\n2,,1e3\n9007199254740993,"x, y",0.1\n';

async function contentTeam() {
  const team = await datasetTeam();
  const get = async (path: string, headers: Record<string, string> = {}, method = "GET") => {
    const answer = await apiOf(await team.call(), contentRoutes(findVersion)).request(path, { method, headers });
    const bytes = new Uint8Array(await answer.arrayBuffer());
    return { status: answer.status, headers: answer.headers, bytes, text: new TextDecoder().decode(bytes) };
  };
  const put = (name: string, body: string, type: string) =>
    team.request("PUT", `/${name}`, { body, headers: { "content-type": type } });
  return { ...team, get, put };
}

/** The rows of a Parquet or Arrow file. */
async function rowsOf(bytes: Uint8Array, format: "parquet" | "arrow"): Promise<unknown[]> {
  const table = format === "parquet" ? await openParquet(memoryFile(bytes), {}) : await openArrow(bytes, {});
  const rows: unknown[] = [];
  for await (const batch of table.rows(0, table.total)) rows.push(...batch);
  return rows;
}

describe("a dataset", () => {
  it("comes as a table in every format, its values exact", async () => {
    const team = await contentTeam();
    await team.put("goods", csv, "text/csv");
    const asCsv = await team.get("/datasets/goods/content?format=csv");
    expect(Object.fromEntries(asCsv.headers)).toEqual({
      "accept-ranges": "none",
      "cache-control": "private, no-cache",
      "content-disposition": 'attachment; filename="goods.csv"',
      "content-type": "text/csv; charset=utf-8",
      etag: expect.stringMatching(/^"[0-9a-f]{64}"$/),
    });
    expect(asCsv.text).toBe('id,name,price\n1,Ada,2.5\n2,,1000.0\n9007199254740993,"x, y",0.1\n');
    expect((await team.get("/datasets/goods/content?format=csv&delimiter=;&header=false&crlf=true")).text).toBe(
      "1;Ada;2.5\r\n2;;1000.0\r\n9007199254740993;x, y;0.1\r\n",
    );
    expect((await team.get("/datasets/goods/content?format=ndjson")).text).toBe(
      '{"id":1,"name":"Ada","price":2.5}\n{"id":2,"name":null,"price":1000.0}\n{"id":9007199254740993,"name":"x, y","price":0.1}\n',
    );
    const parquet = await team.get("/datasets/goods/content?format=parquet");
    const arrow = await team.get("/datasets/goods/content?format=arrow");
    expect(await rowsOf(parquet.bytes, "parquet")).toEqual(await rowsOf(arrow.bytes, "arrow"));
    expect(await rowsOf(parquet.bytes, "parquet")).toHaveLength(3);
    const etags = await Promise.all(
      outputFormats.map(async (format) =>
        (await team.get(`/datasets/goods/content?format=${format}`)).headers.get("etag"),
      ),
    );
    expect(new Set([...etags, (await team.get("/datasets/goods/content")).headers.get("etag")]).size).toBe(7);
  });

  it("is not written again for who has it, nor for HEAD", async () => {
    const team = await contentTeam();
    await team.put("d", '[{"a":1}]', "application/json");
    const path = "/datasets/d/content?format=json";
    const first = await team.get(path);
    const etag = first.headers.get("etag") ?? "";
    expect([first.text.trim(), (await team.get(path, { "if-none-match": etag })).status]).toEqual(['[{"a":1}]', 304]);
    const head = await team.get(path, {}, "HEAD");
    expect([head.status, head.text, head.headers.get("content-type")]).toEqual([200, "", "application/json"]);
    await team.put("d", '[{"a":2}]', "application/json");
    expect((await team.get(path, { "if-none-match": etag })).status).toBe(200);
  });

  it("has the bytes of versions that are kept", async () => {
    const team = await contentTeam();
    await team.put("d", '[{"a":1}]', "application/json");
    await team.put("d", '[{"a":2}]', "application/json");
    const old = await team.get("/datasets/d/content?version=1", { range: "bytes=0-3" });
    expect([old.status, old.text]).toEqual([206, '{"a"']);
    expect((await team.get("/datasets/d/content?version=2")).text).toBe('{"a":2}\n');
    expect(JSON.parse((await team.get("/datasets/d/content?version=1&format=csv")).text)).toMatchObject({
      code: "invalid_argument",
    });
    expect(JSON.parse((await team.get("/datasets/d/content?version=9")).text)).toMatchObject({ code: "not_found" });
  });

  it("that is no table says so before anything is sent", async () => {
    const team = await contentTeam();
    await team.put("doc", '{"a":{"b":1}}', "application/json");
    const answer = await team.get("/datasets/doc/content?format=csv");
    expect([answer.status, JSON.parse(answer.text).code]).toEqual([400, "file_malformed"]);
    expect(JSON.parse((await team.get("/datasets/doc/content?format=xlsx")).text).code).toBe("invalid_argument");
  });
});

describe("a table", () => {
  it("comes in every format, as large as it is, and as it is now", async () => {
    const team = await contentTeam();
    const call = await team.call();
    await useTool(call, "create_table", {
      table_name: "orders",
      schema: { id: "int", region: "text", note: "json" },
      primary_key: "id",
    });
    const count = 1_234;
    const data = Array.from({ length: count }, (_, id) => ({ id, region: `r${id % 3}`, note: { big: id } }));
    for (let at = 0; at < count; at += 500) {
      await useTool(call, "insert_record", { table_name: "orders", data: data.slice(at, at + 500) });
    }
    const lines = (await team.get("/tables/orders/content?format=ndjson")).text.trimEnd().split("\n");
    expect(lines.map((line) => JSON.parse(line))).toEqual(data);
    const path = "/tables/orders/content?format=csv";
    const first = await team.get(path);
    expect([first.text.split("\n").length, first.headers.get("content-disposition")]).toEqual([
      count + 2,
      'attachment; filename="orders.csv"',
    ]);
    expect(await rowsOf((await team.get("/tables/orders/content?format=parquet")).bytes, "parquet")).toHaveLength(
      count,
    );
    const known = { "if-none-match": first.headers.get("etag") ?? "" };
    expect((await team.get(path, known)).status).toBe(304);
    await useTool(call, "delete_record", { table_name: "orders", filters: { id: 0 } });
    expect((await team.get(path, known)).text.split("\n").length).toBe(count + 1);
    expect(JSON.parse((await team.get("/tables/none/content?format=csv")).text)).toMatchObject({ code: "not_found" });
  });
});

describe("a frame", () => {
  it("comes in every format", async () => {
    const team = await contentTeam();
    const made = await useTool(await team.call(), "read_csv", { text: csv, name: "goods" });
    const { data_ref: ref } = made.data as { data_ref: string };
    const [byRef, byName] = await Promise.all(
      [ref, "goods"].map((name) => team.get(`/frames/${name}/content?format=csv`)),
    );
    expect(byRef?.text).toBe('id,name,price\n1,Ada,2.5\n2,,1000.0\n9007199254740993,"x, y",0.1\n');
    expect([byName?.text, byName?.headers.get("etag")]).toEqual([byRef?.text, byRef?.headers.get("etag")]);
  });
});
