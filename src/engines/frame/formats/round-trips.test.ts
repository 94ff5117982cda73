// Every type out to every format and back: the same columns, the same cells. Runs in workerd.
import { describe, expect, it } from "vitest";
import type { Cell, Column, Row } from "../types.ts";
import { openArrow } from "./arrow-in.ts";
import { arrowBytes } from "./arrow-out.ts";
import { openCsv } from "./csv-in.ts";
import { openJson } from "./json-in.ts";
import { openParquet } from "./parquet-in.ts";
import { parquetBytes } from "./parquet-out.ts";
import type { OpenedTable } from "./source.ts";
import { csvText, jsonText } from "./text-out.ts";

const long = "é".repeat(500_000);

const cases: readonly (readonly [Column, Cell[]])[] = [
  [{ name: "int", type: "int" }, [0, -1, 9007199254740991, -9007199254740991]],
  [{ name: "int64", type: "int64" }, ["9007199254740993", "-9223372036854775808", "9223372036854775807", "0"]],
  [
    { name: "float", type: "float", special: true },
    ["NaN", "Infinity", "-Infinity", "-0", 0, 1, 0.1, 5e-324, 1.7976931348623157e308, 1e21],
  ],
  [{ name: "bool", type: "bool" }, [true, false]],
  [
    { name: "text", type: "text" },
    ["", "00501", "NA", "žluť 日本 👩‍👩‍👧", 'a "b", c', "x\r\ny\n", "\ttab", "NULL", " blanks "],
  ],
  [{ name: "long", type: "text" }, [long, "x"]],
  [{ name: "date", type: "date" }, ["2024-02-29", "0001-01-01", "9999-12-31", "1969-12-31"]],
  [{ name: "seconds", type: "timestamp", unit: "s" }, ["2024-02-29T23:59:59", "1969-12-31T23:59:59"]],
  [
    { name: "ms", type: "timestamp", unit: "ms", timezone: "UTC" },
    ["2024-02-29T23:59:59.999Z", "0001-01-01T00:00:00.000Z"],
  ],
  [
    { name: "us", type: "timestamp", unit: "us", timezone: "Europe/Prague" },
    ["2024-03-31T01:00:00.000001Z", "1900-01-01T00:00:00.000000Z"],
  ],
  [
    { name: "ns", type: "timestamp", unit: "ns", timezone: "UTC" },
    ["2024-02-29T00:00:00.123456789Z", "1677-09-22T00:00:00.000000001Z"],
  ],
  [
    { name: "decimal", type: "decimal", precision: 38, scale: 10 },
    ["1234567890123456789012345678.0123456789", "-0.0000000001", "0.0000000000"],
  ],
  [{ name: "money", type: "decimal", precision: 10, scale: 2 }, ["-12345678.90", "0.01"]],
  [{ name: "wide", type: "decimal", precision: 19, scale: 0 }, ["9999999999999999999", "-1"]],
  [{ name: "binary", type: "binary" }, ["00ff", "", "deadbeef"]],
  [{ name: "json", type: "json" }, [{ a: [1, null, "x"] }, [1, 2], "text", 3, true]],
];

const columns = cases.map(([column]) => column);
const count = Math.max(...cases.map(([, cells]) => cells.length)) + 1;
/** Every column's values, then null. */
const rows: Row[] = Array.from({ length: count }, (_, at) => cases.map(([, cells]) => cells[at] ?? null));

async function* batchesOf(all: readonly Row[], size = 4): AsyncGenerator<Row[]> {
  for (let at = 0; at < all.length; at += size) yield all.slice(at, at + size);
}

async function bytesOf(parts: AsyncIterable<Uint8Array | string>): Promise<Uint8Array> {
  const all: (Uint8Array | string)[] = [];
  for await (const part of parts) all.push(part);
  return new Uint8Array(await new Blob(all).arrayBuffer());
}

async function read(table: OpenedTable): Promise<{ columns: Column[]; rows: Row[]; total: number }> {
  const all: Row[] = [];
  for await (const batch of table.rows(0, 1000)) all.push(...batch);
  return { columns: table.columns, rows: all, total: table.total };
}

const open = (bytes: Uint8Array) =>
  async function* () {
    yield bytes;
  };

const fileOf = (bytes: Uint8Array) => ({
  byteLength: bytes.length,
  slice: async (start: number, end?: number) => bytes.slice(start, end).buffer,
});

/** What binary formats make of a column: json is text there, whole numbers of 64 bits that are small int. */
const asTyped = (): { columns: Column[]; rows: Row[]; total: number } => ({
  columns: columns.map((column) => (column.type === "json" ? { name: column.name, type: "text" } : column)),
  rows: rows.map((row) =>
    row.map((cell, at) => (columns[at]?.type === "json" && cell !== null ? JSON.stringify(cell) : cell)),
  ),
  total: rows.length,
});

describe("round trips", () => {
  it.each(["file", "stream"] as const)("Arrow %s", async (format) => {
    const bytes = await bytesOf(arrowBytes(columns, batchesOf(rows), format));
    expect(await read(openArrow(bytes))).toEqual(asTyped());
  });

  it("Parquet", async () => {
    const bytes = await bytesOf(parquetBytes(columns, batchesOf(rows)));
    const expected = asTyped();
    // Parquet counts no seconds.
    expected.columns = expected.columns.map((column) =>
      column.name === "seconds" ? { ...column, unit: "ms" } : column,
    );
    const at = columns.findIndex(({ name }) => name === "seconds");
    expected.rows = expected.rows.map((row) =>
      row.map((cell, index) => (index === at && cell !== null ? `${cell}.000` : cell)),
    );
    expect(await read(await openParquet(fileOf(bytes)))).toEqual(expected);
    const some = await openParquet(fileOf(bytes), { columns: ["text", "int64"] });
    const middle: Row[] = [];
    for await (const batch of some.rows(3, 3)) middle.push(...batch);
    expect(middle).toEqual(rows.slice(3, 6).map((row) => [row[4] ?? null, row[1] ?? null]));
  });

  it.each([
    ["CSV", {}],
    ["CSV with CRLF and semicolons", { crlf: true, delimiter: ";" }],
  ])("%s", async (_name, options) => {
    const bytes = await bytesOf(csvText(columns, batchesOf(rows), options));
    const table = await openCsv(open(bytes), {
      types: { json: "json", binary: "binary", decimal: "decimal", us: "timestamp", money: "decimal" },
    });
    const expected = columns.map((column) => (column.timezone === undefined ? column : { ...column, timezone: "UTC" }));
    expect(await read(table)).toEqual({ columns: expected, rows, total: rows.length });
  });

  it.each(["json", "ndjson"] as const)("%s", async (format) => {
    const bytes = await bytesOf(jsonText(columns, batchesOf(rows), format));
    const types = { binary: "binary", decimal: "decimal", money: "decimal", wide: "decimal" } as const;
    const table = await read(await openJson(open(bytes), { kind: format, types }));
    expect(table.rows).toEqual(rows);
    expect(table.columns.map(({ type }) => type)).toEqual(columns.map(({ type }) => type));
  });

  it("100 columns, and none of the rows", async () => {
    const wide = Array.from({ length: 100 }, (_, at): Column => ({ name: `c${at}`, type: "int" }));
    const row = wide.map((_, at) => at);
    for (const all of [[row], []]) {
      const expected = { columns: wide, rows: all, total: all.length };
      const arrow = await bytesOf(arrowBytes(wide, batchesOf(all), "file"));
      expect(await read(openArrow(arrow))).toEqual(expected);
      const parquet = await read(await openParquet(fileOf(await bytesOf(parquetBytes(wide, batchesOf(all))))));
      expect([parquet.rows, parquet.columns.length]).toEqual([all, 100]);
      const csv = await read(await openCsv(open(await bytesOf(csvText(wide, batchesOf(all))))));
      expect([csv.rows, csv.columns.length]).toEqual([all, 100]);
    }
    expect(new TextDecoder().decode(await bytesOf(jsonText(wide, batchesOf([]), "json")))).toBe("[]");
  });
});

describe("faults", () => {
  it("names what is no Arrow and no Parquet file", async () => {
    const bytes = new TextEncoder().encode("a,b\n1,2\n3,4\n5,6\n");
    await expect(openParquet(fileOf(bytes))).rejects.toMatchObject({
      code: "file_malformed",
      message: "This is not a Parquet file that can be read.",
    });
    expect(() => openArrow(bytes)).toThrow(
      expect.objectContaining({
        code: "file_malformed",
        message: "This is not an Arrow IPC file or stream that can be read.",
      }),
    );
  });
});
