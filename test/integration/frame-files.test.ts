// Files that DuckDB and polars wrote, loaded as frames, and frames' files read by both: every value compared. Runs in Node.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import pl from "nodejs-polars";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";

const server = inject("server");
const frames = `${server.origin}/t/${server.team}/api/v1/frames`;
const authorization = `Bearer ${server.token}`;

interface Uploaded {
  data_ref: string;
  rows: number;
  columns: { name: string; type: string }[];
}

async function post(format: string, body: BodyInit, query = ""): Promise<Uploaded> {
  const response = await fetch(`${frames}?format=${format}${query}`, {
    method: "POST",
    body,
    headers: { authorization },
  });
  const text = await response.text();
  if (response.status !== 201) throw new Error(text);
  return JSON.parse(text);
}

async function get(ref: string, extension: string): Promise<Buffer> {
  const response = await fetch(`${frames}/${ref}.${extension}`, { headers: { authorization } });
  expect([extension, response.status]).toEqual([extension, 200]);
  return Buffer.from(await response.arrayBuffer());
}

const typesOf = ({ columns }: Uploaded): string[] => columns.map(({ name, type }) => `${name} ${type}`);

let folder = "";
let duck: DuckDBConnection;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "frame-files-"));
  duck = await (await DuckDBInstance.create(":memory:")).connect();
  await duck.run(duckTable);
});
afterAll(() => {
  duck.closeSync();
  rmSync(folder, { recursive: true, force: true });
});

const at = (name: string): string => join(folder, name);

/** Hard values first, then enough rows for several row groups and chunks. */
const duckTable = `
  CREATE TABLE t AS
  SELECT * FROM (VALUES
    (9007199254740993::BIGINT, 'NaN'::DOUBLE, '00501', DATE '2024-02-29', TIMESTAMP '2024-02-29 23:59:59.999999',
      TIMESTAMPTZ '2024-03-31 01:59:59.000001+01', 1234567890123456789012345678.0123456789::DECIMAL(38, 10), -1.10::DECIMAL(9, 2), true, '\\x00\\xFF'::BLOB),
    ((-9223372036854775808)::BIGINT, 'Infinity'::DOUBLE, '', DATE '0001-01-01', TIMESTAMP '0001-01-01 00:00:00',
      TIMESTAMPTZ '1969-12-31 23:59:59.999999+00', -0.0000000001::DECIMAL(38, 10), 0::DECIMAL(9, 2), false, ''::BLOB),
    (9223372036854775807::BIGINT, '-Infinity'::DOUBLE, E'a "b", c\\r\\nž 日本 👩', DATE '9999-12-31', TIMESTAMP '9999-12-31 23:59:59',
      TIMESTAMPTZ '2024-02-29 12:00:00+00', 0::DECIMAL(38, 10), 12345.67::DECIMAL(9, 2), NULL, '\\xDE\\xAD'::BLOB),
    (NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)
  ) v (i, f, s, d, ts, tz, wide, money, ok, b)
  UNION ALL
  SELECT n, n / 7, 'row ' || n, DATE '2000-01-01' + (n % 9000)::INT, TIMESTAMP '2000-01-01' + INTERVAL (n) SECOND,
    TIMESTAMPTZ '2000-01-01 00:00:00+00' + INTERVAL (n) MINUTE, n, (n % 1000)::DECIMAL(9, 2), n % 2 = 0, ('b' || n)::BLOB
  FROM range(9000) r (n)`;

const duckTypes = [
  ...["i int64", "f float", "s text", "d date", "ts timestamp[us]", "tz timestamp[us, UTC]"],
  ...["wide decimal(38, 10)", "money decimal(9, 2)", "ok bool", "b binary"],
];

/** Rows in one of the two that are not in the other. NaN is equal to NaN here. */
async function differences(source: string, other = "t"): Promise<number> {
  const sql = `SELECT count(*) AS n FROM ((FROM ${other} EXCEPT ALL FROM ${source}) UNION ALL (FROM ${source} EXCEPT ALL FROM ${other}))`;
  const [[count] = []] = (await duck.runAndReadAll(sql)).getRowsJson();
  return Number(count);
}

describe("DuckDB", () => {
  it.each(["zstd", "snappy", "gzip", "lz4_raw", "uncompressed"])(
    "reads back what it wrote as Parquet with %s",
    async (codec) => {
      await duck.run(
        `COPY t TO '${at(`${codec}.parquet`)}' (FORMAT parquet, COMPRESSION ${codec}, ROW_GROUP_SIZE 4096)`,
      );
      const made = await post("parquet", readFileSync(at(`${codec}.parquet`)));
      expect([made.rows, typesOf(made)]).toEqual([9004, duckTypes]);
      writeFileSync(at("back.parquet"), await get(made.data_ref, "parquet"));
      expect(await differences(`read_parquet('${at("back.parquet")}')`)).toBe(0);
    },
  );

  it("reads back what it wrote as CSV, through every format", async () => {
    await duck.run("CREATE OR REPLACE TABLE plain AS SELECT i, f, s, d, ts, tz, wide, money, ok FROM t");
    await duck.run(`COPY (SELECT * REPLACE (CAST(tz AS VARCHAR) AS tz) FROM plain) TO '${at("t.csv")}' (HEADER)`);
    const made = await post("csv", readFileSync(at("t.csv")));
    expect(typesOf(made).slice(0, 6)).toEqual(duckTypes.slice(0, 6));
    const columns =
      "{i: BIGINT, f: DOUBLE, s: VARCHAR, d: DATE, ts: TIMESTAMP, tz: TIMESTAMPTZ, wide: DECIMAL(38,10), money: DECIMAL(9,2), ok: BOOLEAN}";
    const quoted = columns.replaceAll(/(\w+): ([A-Z]+(?:\(\d+,\d+\))?)/g, "'$1': '$2'");
    writeFileSync(at("back.csv"), await get(made.data_ref, "csv"));
    const csv = `read_csv('${at("back.csv")}', columns=${quoted}, header=true, allow_quoted_nulls=false, strict_mode=false, quote='"', delim=',', auto_detect=false)`;
    expect(await differences(csv, "plain")).toBe(0);
    writeFileSync(at("back2.parquet"), await get(made.data_ref, "parquet"));
    expect(
      await differences(
        `(SELECT * REPLACE (money::DECIMAL(9,2) AS money) FROM read_parquet('${at("back2.parquet")}'))`,
        "plain",
      ),
    ).toBe(0);
    writeFileSync(at("back.ndjson"), await get(made.data_ref, "ndjson"));
    const json = `read_json('${at("back.ndjson")}', columns=${quoted}, format='newline_delimited')`;
    expect(await differences(json, "plain")).toBe(0);
  });

  it("is told which codec is not read", async () => {
    await duck.run(`COPY t TO '${at("brotli.parquet")}' (FORMAT parquet, COMPRESSION brotli)`);
    await expect(post("parquet", readFileSync(at("brotli.parquet")))).rejects.toThrow(
      "The file is compressed with BROTLI, which is not read here.",
    );
  });
});

const polarsFrame = pl.DataFrame({
  // As texts, since it rounds numbers it is given.
  i: pl.Series("i", ["9007199254740993", "-1", null]).cast(pl.Int64),
  f: [Number.NaN, -0, 0.1],
  s: ["00501", "", null],
  u: ["ž", "日本", "👩‍👩‍👧"],
  ok: [true, null, false],
  day: [new Date("2024-02-29"), null, new Date("1969-12-31")],
});
const polarsTypes = ["i int64", "f float", "s text", "u text", "ok bool", "day timestamp[ms]"];

describe("polars", () => {
  const arrow = ["uncompressed", "lz4", "zstd"] as const;
  const files: readonly (readonly [string, string, () => Buffer])[] = [
    ...arrow.map(
      (compression) => [`Arrow file ${compression}`, "arrow", () => polarsFrame.writeIPC({ compression })] as const,
    ),
    ...arrow.map(
      (compression) =>
        [`Arrow stream ${compression}`, "arrow", () => polarsFrame.writeIPCStream({ compression })] as const,
    ),
    ...(["zstd", "snappy", "gzip", "lz4"] as const).map(
      (compression) => [`Parquet ${compression}`, "parquet", () => polarsFrame.writeParquet({ compression })] as const,
    ),
  ];

  it.each(files)("reads back what it wrote as %s", async (_name, format, write) => {
    const made = await post(format, Uint8Array.from(write()));
    expect(typesOf(made)).toEqual(polarsTypes);
    const expected = rowsOf(polarsFrame);
    expect(rowsOf(pl.readIPC(await get(made.data_ref, "arrow")))).toEqual(expected);
    expect(rowsOf(pl.readIPCStream(await get(made.data_ref, "arrows")))).toEqual(expected);
    expect(rowsOf(pl.readParquet(await get(made.data_ref, "parquet")))).toEqual(expected);
    expect(pl.readIPC(await get(made.data_ref, "arrow")).dtypes.map(String)).toEqual(polarsFrame.dtypes.map(String));
  });
});

/** Rows with NaN and -0 told apart. */
function rowsOf(frame: pl.DataFrame): unknown[][] {
  return frame
    .rows()
    .map((row) => row.map((value) => (typeof value === "number" && !Number.isInteger(value) ? String(value) : value)));
}

describe("a download", () => {
  it("is not sent again to who has it, nor at all to who may not read it", async () => {
    const { data_ref: ref } = await post("csv", "a\n1\n");
    const first = await fetch(`${frames}/${ref}.parquet`, { headers: { authorization } });
    const known = { authorization, "if-none-match": first.headers.get("etag") ?? "" };
    const again = await fetch(`${frames}/${ref}.parquet`, { headers: known });
    expect([again.status, (await again.arrayBuffer()).byteLength]).toEqual([304, 0]);
    expect((await fetch(`${frames}/${ref}.parquet`)).status).toBe(401);
  });
});
