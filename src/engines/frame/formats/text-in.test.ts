// CSV and JSON as tables: types found out, values kept exactly, faults named. Runs in workerd.
import { describe, expect, it } from "vitest";
import { describeError } from "../../../core/errors.ts";
import { type Row, typeText } from "../types.ts";
import { type CsvOptions, openCsv, openFlatRecords } from "./csv-in.ts";
import { type JsonOptions, openJson } from "./json-in.ts";
import type { OpenBytes, OpenedTable } from "./source.ts";

const encoder = new TextEncoder();

/** The bytes in pieces of `size`, as often as they are asked for. */
function bytesOf(input: string | Uint8Array, size = 7): OpenBytes {
  const bytes = typeof input === "string" ? encoder.encode(input) : input;
  return async function* () {
    for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
  };
}

async function shown(
  opening: Promise<OpenedTable>,
  offset = 0,
  limit = 1000,
): Promise<{ types: Record<string, string>; rows: Row[]; total: number; notes?: string[] } | string> {
  try {
    const table = await opening;
    const rows: Row[] = [];
    for await (const batch of table.rows(offset, limit)) rows.push(...batch);
    const types = Object.fromEntries(table.columns.map((column) => [column.name, typeText(column)]));
    return { types, rows, total: table.total, ...(table.notes.length === 0 ? {} : { notes: table.notes }) };
  } catch (error) {
    const { code, message } = describeError(error);
    return `${code}: ${message}`;
  }
}

/** The type found for a column of these texts, and the cells they become. */
async function column(...texts: string[]): Promise<[string, Row[number][]]> {
  const csv = `x,y\n${texts.map((text) => `${text},1\n`).join("")}`;
  const table = await shown(openCsv(bytesOf(csv)));
  if (typeof table === "string") throw new Error(table);
  return [table.types.x ?? "", table.rows.map(([cell]) => cell ?? null)];
}

const types: [name: string, texts: string[], type: string, cells: Row[number][]][] = [
  ["whole numbers", ["1", "-2", "0"], "int", [1, -2, 0]],
  ["leading zeros", ["00501", "10001"], "text", ["00501", "10001"]],
  ["a leading plus", ["+49", "12"], "text", ["+49", "12"]],
  ["2^53 - 1", ["9007199254740991"], "int", [9007199254740991]],
  ["2^53 + 1", ["9007199254740993", "1"], "int64", ["9007199254740993", "1"]],
  [
    "the ends of 64 bits",
    ["-9223372036854775808", "9223372036854775807"],
    "int64",
    ["-9223372036854775808", "9223372036854775807"],
  ],
  ["beyond 64 bits", ["9223372036854775808", "1"], "decimal(19, 0)", ["9223372036854775808", "1"]],
  ["beyond 38 digits", ["1".repeat(39)], "text", ["1".repeat(39)]],
  ["fractions", ["1.5", "2", ".5", "1e3"], "float", [1.5, 2, 0.5, 1000]],
  ["NaN and infinities", ["NaN", "inf", "-Infinity", "1"], "float", ["NaN", "Infinity", "-Infinity", 1]],
  ["-0", ["-0", "1"], "float", ["-0", 1]],
  ["-0.0", ["-0.0", "0.0"], "float", ["-0", 0]],
  [
    "more digits than a double has",
    ["0.1234567890123456789", "1.5"],
    "decimal(20, 19)",
    ["0.1234567890123456789", "1.5000000000000000000"],
  ],
  ["2^53 + 1 beside fractions", ["9007199254740993", "0.5"], "decimal(17, 1)", ["9007199254740993.0", "0.5"]],
  ["2^53 + 1 beside NaN", ["9007199254740993", "NaN"], "text", ["9007199254740993", "NaN"]],
  ["too large for a double", ["1e999", "1"], "text", ["1e999", "1"]],
  ["booleans", ["true", "False", "TRUE"], "bool", [true, false, true]],
  ["dates", ["2024-02-29", "1999-12-31"], "date", ["2024-02-29", "1999-12-31"]],
  ["a day there is not", ["2023-02-29", "2023-02-28"], "text", ["2023-02-29", "2023-02-28"]],
  ["1900 was no leap year", ["1900-02-29"], "text", ["1900-02-29"]],
  ["2000 was one", ["2000-02-29"], "date", ["2000-02-29"]],
  [
    "local times",
    ["2024-02-29 23:59:59", "2024-03-01T00:00"],
    "timestamp[s]",
    ["2024-02-29T23:59:59", "2024-03-01T00:00:00"],
  ],
  [
    "times with milliseconds",
    ["2024-02-29T23:59:59.5", "2024-03-01T00:00:00.123"],
    "timestamp[ms]",
    ["2024-02-29T23:59:59.500", "2024-03-01T00:00:00.123"],
  ],
  ["microseconds in UTC", ["2024-02-29T23:59:59.123456Z"], "timestamp[us, UTC]", ["2024-02-29T23:59:59.123456Z"]],
  [
    "nanoseconds with offsets",
    ["2024-01-01T01:00:00.000000001+02:00", "2024-01-01T00:00:00-0530"],
    "timestamp[ns, UTC]",
    ["2023-12-31T23:00:00.000000001Z", "2024-01-01T05:30:00.000000000Z"],
  ],
  [
    "times with and without zone",
    ["2024-01-01T00:00:00Z", "2024-01-01T00:00:00"],
    "text",
    ["2024-01-01T00:00:00Z", "2024-01-01T00:00:00"],
  ],
  ["a time there is not", ["2024-01-01T24:00:00"], "text", ["2024-01-01T24:00:00"]],
  ["nothing among numbers", ["1", "", "NA", "null", '""', "N/A"], "int", [1, null, null, null, null, null]],
  ["nothing among texts", ["a", "", '""', "NA"], "text", ["a", null, "", "NA"]],
  ["nothing at all", ["", ""], "text", [null, null]],
  ["only NA", ["NA", "", "NA"], "text", ["NA", null, "NA"]],
  ["Unicode", ["žluť", "日本語", "👩‍👩‍👧", "e\u0301"], "text", ["žluť", "日本語", "👩‍👩‍👧", "e\u0301"]],
  ["quotes and line breaks", ['"a ""b"""', '"x\r\ny"', '","'], "text", ['a "b"', "x\r\ny", ","]],
];

describe("types of CSV columns", () => {
  it.each(types)("%s", async (_name, texts, type, cells) => {
    expect(await column(...texts)).toEqual([type, cells]);
  });
});

const tables: [name: string, csv: string | Uint8Array, options: CsvOptions, expected: unknown][] = [
  [
    "a BOM and CRLF",
    "\ufeffa,b\r\n1,x\r\n2,y",
    {},
    {
      types: { a: "int", b: "text" },
      rows: [
        [1, "x"],
        [2, "y"],
      ],
      total: 2,
    },
  ],
  ["semicolons", "a;b\n1,5;2\n", {}, { types: { a: "text", b: "int" }, rows: [["1,5", 2]], total: 1 }],
  [
    "another delimiter",
    "a^b\n1^2\n",
    { dialect: { delimiter: "^" } },
    { types: { a: "int", b: "int" }, rows: [[1, 2]], total: 1 },
  ],
  [
    "no header",
    "1,x\n2,y\n",
    { header: false },
    {
      types: { column_1: "int", column_2: "text" },
      rows: [
        [1, "x"],
        [2, "y"],
      ],
      total: 2,
    },
  ],
  [
    "names instead",
    "1,x\n",
    { header: ["id", "name"] },
    { types: { id: "int", name: "text" }, rows: [[1, "x"]], total: 1 },
  ],
  [
    "columns chosen and types set",
    "a,b,c\n1,007,2024-01-01\n",
    { columns: ["c", "b"], types: { b: "int" } },
    { types: { c: "date", b: "int" }, rows: [["2024-01-01", 7]], total: 1 },
  ],
  [
    "NA values of one's own",
    "a,b\n-,x\n3,-\n",
    { naValues: ["-"] },
    {
      types: { a: "int", b: "text" },
      rows: [
        [null, "x"],
        [3, null],
      ],
      total: 2,
    },
  ],
  [
    "comments and skipped lines",
    'made "by hand\n# note "\na,b\n#x\n1,2\n',
    { dialect: { skipLines: 1, comment: "#" } },
    { types: { a: "int", b: "int" }, rows: [[1, 2]], total: 1 },
  ],
  [
    "single quotes",
    "a,b\n'x,''y',1\n",
    { dialect: { quote: "'" } },
    { types: { a: "text", b: "int" }, rows: [["x,'y", 1]], total: 1 },
  ],
  [
    "no quotes",
    'a,b\n5" disk,1\n',
    { dialect: { quote: "" } },
    { types: { a: "text", b: "int" }, rows: [['5" disk', 1]], total: 1 },
  ],
  ["one column with a gap", "a\n1\n\n3\n", {}, { types: { a: "int" }, rows: [[1], [null], [3]], total: 3 }],
  ["a header alone", "a,b\n", {}, { types: { a: "text", b: "text" }, rows: [], total: 0 }],
  [
    "names that SQL does not tell apart",
    "id,ID,,id\n1,2,3,4\n",
    {},
    {
      types: { id: "int", ID_2: "int", column_3: "int", id_3: "int" },
      rows: [[1, 2, 3, 4]],
      total: 1,
      notes: ['Columns renamed, since SQL needs each name once: "ID" is "ID_2", "" is "column_3", "id" is "id_3".'],
    },
  ],
  ["too few cells", "a,b\n1,2\n3\n", {}, "file_malformed: Line 3: the row has 1 cell where the header has 2."],
  ["a quote left open", 'a,b\n1,"2\n', {}, "file_malformed: Line 2: a quoted cell that opens here is not closed."],
  ["nothing", "", {}, "file_malformed: There is nothing in it that could be a column."],
  ["UTF-16", Uint8Array.of(0xff, 0xfe, 0x61, 0), {}, "unsupported: The file is UTF-16; text is read as UTF-8 alone."],
  ["Latin-1", Uint8Array.of(0x61, 0x0a, 0xe9, 0x0a), {}, "file_malformed: Byte 2: the upload is not valid UTF-8 here."],
  ["a column there is not", "a,b\n1,2\n", { columns: ["c"] }, 'not_found: There is no column "c" in the file.'],
  [
    "a value that does not fit",
    "a,b\n1,2\nx,3\n",
    { types: { a: "int" } },
    'file_malformed: Line 3, column "a": this value is not a whole number within ±(2^53 - 1).',
  ],
  [
    "too many columns",
    `${Array.from({ length: 101 }, (_, index) => `c${index}`).join(",")}\n`,
    {},
    "too_large: The file has 101 columns; a frame has 100 at most (limit columns).",
  ],
];

describe("CSV tables", () => {
  it.each(tables)("%s", async (_name, csv, options, expected) => {
    expect(await shown(openCsv(bytesOf(csv), options))).toEqual(expected);
    expect(await shown(openCsv(bytesOf(csv, 1000), options))).toEqual(expected);
  });

  it("takes 100 columns, cells of a megabyte and rows from an offset on", async () => {
    const names = Array.from({ length: 100 }, (_, index) => `c${index}`);
    const wide = await shown(openCsv(bytesOf(`${names.join(",")}\n${names.map((_, index) => index).join(",")}\n`)));
    expect(wide).toMatchObject({ rows: [names.map((_, index) => index)], total: 1 });
    const long = "é".repeat(500_000);
    const table = await shown(openCsv(bytesOf(`a,b\n1,x\n2,${long}\n3,z\n`, 65_536)), 1, 1);
    expect(table).toEqual({ types: { a: "int", b: "text" }, rows: [[2, long]], total: 3 });
  });

  it("gives every piece the types of the whole file", async () => {
    const csv = `a\n${Array.from({ length: 50 }, (_, index) => (index === 49 ? "x" : index)).join("\n")}\n`;
    expect(await shown(openCsv(bytesOf(csv)), 0, 2)).toEqual({ types: { a: "text" }, rows: [["0"], ["1"]], total: 50 });
    expect(await shown(openCsv(bytesOf(csv)), 48, 5)).toEqual({
      types: { a: "text" },
      rows: [["48"], ["x"]],
      total: 50,
    });
  });

  it("reads records that once were CSV by their digits", async () => {
    const lines = ['{"a":1,"b":"00501","c":"x\\"\\\\","d":null}', '{"a":"9007199254740993","b":"1","c":"}","d":1.50}'];
    expect(await shown(openFlatRecords(bytesOf(`${lines.join("\n")}\n`)))).toEqual({
      types: { a: "int64", b: "text", c: "text", d: "float" },
      rows: [
        ["1", "00501", 'x"\\', null],
        ["9007199254740993", "1", "}", 1.5],
      ],
      total: 2,
    });
    const mixed = ['{"a":1.10,"b":2}', '{"b":"x","a":"y"}'];
    expect(await shown(openFlatRecords(bytesOf(mixed.join("\n"))))).toEqual({
      types: { a: "text", b: "text" },
      rows: [
        ["1.10", "2"],
        ["y", "x"],
      ],
      total: 2,
    });
  });
});

const json: [name: string, text: string, options: Partial<JsonOptions>, expected: unknown][] = [
  [
    "objects, missing and null alike",
    '[{"a":1,"b":null},{"b":"x","c":true}]',
    {},
    {
      types: { a: "int", b: "text", c: "bool" },
      rows: [
        [1, null, null],
        [null, "x", true],
      ],
      total: 2,
    },
  ],
  ["lines", '{"a":1}\n\n{"a":2.5}\n', { kind: "ndjson" }, { types: { a: "float" }, rows: [[1], [2.5]], total: 2 }],
  [
    "arrays",
    '[[1,"x"],[2,"y"]]',
    {},
    {
      types: { column_1: "int", column_2: "text" },
      rows: [
        [1, "x"],
        [2, "y"],
      ],
      total: 2,
    },
  ],
  [
    "arrays with names",
    '[[1,"x"]]',
    { names: ["id", "t"], columns: ["t"] },
    { types: { t: "text" }, rows: [["x"]], total: 1 },
  ],
  [
    "columns and data",
    '{"columns":["id","t"],"index":[0],"data":[[1,"x"],[2,null]]}',
    {},
    {
      types: { id: "int", t: "text" },
      rows: [
        [1, "x"],
        [2, null],
      ],
      total: 2,
    },
  ],
  ["single values", "[1,2.5,null]", {}, { types: { value: "float" }, rows: [[1], [2.5], [null]], total: 3 }],
  [
    "64-bit numbers",
    '[{"a":9007199254740993},{"a":1}]',
    {},
    { types: { a: "int64" }, rows: [["9007199254740993"], ["1"]], total: 2 },
  ],
  [
    "wider numbers",
    '[{"a":18446744073709551617},{"a":0.5}]',
    {},
    { types: { a: "decimal(21, 1)" }, rows: [["18446744073709551617.0"], ["0.5"]], total: 2 },
  ],
  [
    "-0 and NaN",
    '[{"a":-0.0},{"a":"NaN"},{"a":"-Infinity"},{"a":1}]',
    {},
    { types: { a: "float" }, rows: [["-0"], ["NaN"], ["-Infinity"], [1]], total: 4 },
  ],
  [
    "several kinds stay what they are",
    '[{"a":1},{"a":"1"},{"a":true}]',
    {},
    { types: { a: "json" }, rows: [[1], ["1"], [true]], total: 3 },
  ],
  ["nested", '[{"a":{"x":[1,2]}},{"a":null}]', {}, { types: { a: "json" }, rows: [[{ x: [1, 2] }], [null]], total: 2 }],
  [
    "dates",
    '[{"a":"2024-02-29"},{"a":"1999-01-01"}]',
    {},
    { types: { a: "date" }, rows: [["2024-02-29"], ["1999-01-01"]], total: 2 },
  ],
  [
    "times of one form",
    '[{"a":"2024-02-29T00:00:00.000Z"},{"a":"2024-02-29T00:00:00.500Z"}]',
    {},
    {
      types: { a: "timestamp[ms, UTC]" },
      rows: [["2024-02-29T00:00:00.000Z"], ["2024-02-29T00:00:00.500Z"]],
      total: 2,
    },
  ],
  [
    "times of several forms stay text",
    '[{"a":"2024-02-29T00:00:00Z"},{"a":"2024-02-29T00:00:00.5Z"}]',
    {},
    { types: { a: "text" }, rows: [["2024-02-29T00:00:00Z"], ["2024-02-29T00:00:00.5Z"]], total: 2 },
  ],
  [
    "texts of digits stay text",
    '[{"a":"00501"},{"a":"12"}]',
    {},
    { types: { a: "text" }, rows: [["00501"], ["12"]], total: 2 },
  ],
  [
    "a type set",
    '[{"a":"00501"},{"a":"12"}]',
    { types: { a: "int" } },
    { types: { a: "int" }, rows: [[501], [12]], total: 2 },
  ],
  ["mixed shapes", '[{"a":1},[1]]', {}, "file_malformed: Row 2 is an array where the first is an object."],
  ["rows of other lengths", "[[1],[1,2]]", {}, "file_malformed: Row 2 has 2 values where the first has 1."],
  [
    "one object",
    '{"a":1}',
    {},
    "file_malformed: The document is neither an array of records nor an object with columns and data.",
  ],
  ["cut short", '[{"a":1},', {}, 'file_malformed: Byte 9: the input ends before the "]" that closes the array.'],
  [
    "no JSON",
    "a\n",
    { kind: "ndjson" },
    "file_malformed: Line 1, column 1: expected a value, found a word that is not true, false or null.",
  ],
  ["no columns", "[]", {}, "file_malformed: There is nothing in it that could be a column."],
];

describe("JSON tables", () => {
  it.each(json)("%s", async (_name, text, options, expected) => {
    const all: JsonOptions = { kind: "json", ...options };
    expect(await shown(openJson(bytesOf(text), all))).toEqual(expected);
  });
});
