// What a preview says of the beginning of a file. Runs in workerd.
import { describe, expect, it } from "vitest";
import { aDataset } from "../../../test/helpers/catalogue.ts";
import { datasetLimits } from "../../limits.ts";
import { proposeName } from "./ingest/detect.ts";
import { previewQuerySchema, previewUpload } from "./preview.ts";

const nothing = { datasets: new Map() };

function preview(
  content: string | Uint8Array,
  file = "",
  more: { format?: "json" | "ndjson" | "csv"; bytes?: number } = {},
) {
  const head = typeof content === "string" ? new TextEncoder().encode(content) : content;
  return previewUpload(head, previewQuerySchema.parse({ file, ...more }), nothing);
}

describe("the format", () => {
  it.each([
    ['[{"a":1}]', "x.json", "json"],
    ['{"a":1}', "", "json"],
    ['{"a":1}\n{"a":2}\n', "x.json", "ndjson"],
    ['{\n"a":1}\n', "", "json"],
    ["[1,2]\n[3,4]\n", "x.ndjson", "ndjson"],
    ["[1,\n2]", "x.csv", "json"],
    ["a,b\n1,2\n", "data.txt", "csv"],
    ["1\n2\n", "x.ndjson", "ndjson"],
    ["\ufeffa;b\n1;2\n", "", "csv"],
  ])("of %j called %j is %s", (content, file, format) => {
    const found = preview(content, file);
    expect([found.format, found.problem]).toEqual([format, undefined]);
  });

  it.each([
    [[0x1f, 0x8b, 8], "compressed with gzip"],
    [[0x50, 0x4b, 3, 4], "a ZIP archive or an Excel workbook"],
    [[0xff, 0xfe, 0x61, 0], "text in UTF-16"],
    [[0x50, 0x41, 0x52, 0x31], "a Parquet file"],
  ])("of a file that begins with %j is none", (bytes, what) => {
    const { format, kind, problem } = preview(new Uint8Array(bytes), "x.csv");
    expect([format, kind, problem?.code, problem?.message]).toEqual([
      null,
      null,
      "unsupported",
      `The file is ${what}, which is not uploaded as it is.`,
    ]);
  });
});

describe("the content", () => {
  it("of CSV is shown with its delimiter, types and first records", () => {
    expect(preview("id;name;ok\n1;Ada;true\n2;;false\n", "My Orders (2026).csv")).toEqual({
      format: "csv",
      complete: true,
      kind: "records",
      csv: { delimiter: ";", columns: ["id", "name", "ok"] },
      record_count: 2,
      schema: {
        fields: [
          { path: "id", types: ["number"], present: 1, examples: [1, 2] },
          { path: "name", types: ["string", "null"], present: 1, examples: ["Ada"] },
          { path: "ok", types: ["boolean"], present: 1, examples: [true, false] },
        ],
        records_examined: 2,
        fields_cut: false,
      },
      records: ['{"id":1,"name":"Ada","ok":true}', '{"id":2,"name":null,"ok":false}'],
      notes: [],
      name: "my_orders_2026",
    });
  });

  it("may be cut anywhere", () => {
    const cases: [string, string, number][] = [
      ["a,b\n1,2\n3,4\n", "x.csv", 2],
      ['[{"a":1},{"a":"é"}]', "x.json", 2],
      ['{"a":1}\n{"a":"é"}\n', "x.ndjson", 2],
    ];
    for (const [content, file, records] of cases) {
      const all = new TextEncoder().encode(content);
      for (let end = content.indexOf("\n") + 1 || 1; end < all.length; end++) {
        const found = preview(all.slice(0, end), file, { bytes: all.length });
        expect([found.problem, found.complete, found.record_count <= records], `${file} at ${end}`).toEqual([
          undefined,
          false,
          true,
        ]);
        expect(found.notes.at(-1)).toBe("Only the beginning of the file was looked at; the upload checks all of it.");
      }
    }
  });

  it("of a document that is cut is not guessed at", () => {
    const { kind, schema, notes } = preview('{"a":[1,', "x.json", { bytes: 100 });
    expect([kind, schema.fields, notes]).toEqual([
      "whole",
      [],
      ["One JSON document: its fields are found out when all of it is uploaded."],
    ]);
    expect(preview('{"a":[1,2]}').kind).toBe("whole");
  });

  it("shows so many records, and none that is long", () => {
    const lines = Array.from({ length: 40 }, (_, index) => `{"n":${index}}\n`);
    lines[1] = `{"n":"${"x".repeat(datasetLimits.sampleRecordBytes)}"}\n`;
    const { records, record_count } = preview(lines.join(""));
    expect([records.length, records[1], record_count]).toEqual([datasetLimits.previewRecords - 1, '{"n":2}', 40]);
  });
});

describe("what is wrong", () => {
  it.each([
    ["a,b\n1,2\n3,4,5\n", "x.csv", "Line 3: the row has 3 cells where the header has 2.", 3, 1],
    ['{"a":1}\n{"a":}\n', "x.ndjson", 'Line 2, column 6: expected a value, found "}".', 2, 1],
    ['[\n{"a":1},\n{"a" 2}]', "x.json", 'Byte 16: expected ":" after the key, found "2".', 3, 1],
    ['a,b\n1,"x\n', "x.csv", "Line 2: a quoted cell that opens here is not closed.", 2, 0],
    ["", "x.csv", "The upload is empty: there is nothing in it but blanks.", undefined, 0],
  ])("in %j is told with its line", (content, file, message, line, records) => {
    const found = preview(content, file);
    expect([found.problem?.message, found.problem?.line, found.record_count]).toEqual([message, line, records]);
    expect(found.problem?.code).toBe("dataset_malformed");
  });

  it("in the encoding is told with its line, too", () => {
    const found = preview(new Uint8Array([0x61, 0x2c, 0x62, 0x0a, 0x31, 0x2c, 0xe9, 0x0a]), "x.csv");
    expect([found.problem?.message, found.problem?.line]).toEqual(["Byte 6: the upload is not valid UTF-8 here.", 2]);
  });

  it("with a single column may be the delimiter", () => {
    expect(preview("a:b\n1:2\n", "x.csv").notes).toEqual([
      "There is one column only. If there should be more, separate them by commas, semicolons, tabs or bars.",
    ]);
  });
});

describe("the name", () => {
  it.each([
    ["orders.csv", "orders"],
    ["C:\\data\\Bestellungen März.tsv", "bestellungen_marz"],
    ["2026-01.ndjson", "2026-01"],
    [".json", "json"],
    ["constructor.json", "dataset"],
    ["数据.csv", "dataset"],
    ["", "dataset"],
    [`${"x".repeat(200)}.csv`, "x".repeat(100)],
  ])("of %j is %s", (file, name) => {
    expect(proposeName(file)).toBe(name);
  });

  it("of a dataset that is there says what an upload would replace", () => {
    const datasets = new Map([["orders", aDataset("orders", { version: 3, record_count: 7 })]]);
    const query = previewQuerySchema.parse({ file: "orders.json" });
    expect(previewUpload(new TextEncoder().encode("[]"), query, { datasets }).replaces).toEqual({
      version: 3,
      record_count: 7,
    });
  });
});
