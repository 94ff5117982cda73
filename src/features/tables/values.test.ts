// Values of every type: what is taken, what is refused and how, and that all come back as they were given. Runs in workerd.

import { describe, expect, it } from "vitest";
import { aTable, thrownBy } from "../../../test/helpers/records.ts";
import { parseExact } from "../../core/exact-json.ts";
import { isCalendarDay } from "../../engines/frame/calendar.ts";
import type { Cell } from "../../engines/frame/types.ts";
import { decimalOf, timestampOf } from "./literals.ts";
import type { ColumnType } from "./schema.ts";
import { kindOf, sqlOfCell, sqlOfJson, type ValueColumn } from "./values.ts";

const column = (type: ColumnType, unit?: ValueColumn["unit"]): ValueColumn => ({ name: "v", type, unit });

/** Values that come back just as they were given, as JSON texts. */
const same: Record<ColumnType, string[]> = {
  int: ["0", "-1", "9007199254740991", "-9007199254740991", "null"],
  float: [
    "0",
    "0.1",
    "-2.5",
    "1e+300",
    "5e-324",
    "1.7976931348623157e+308",
    '"Infinity"',
    '"-Infinity"',
    "9007199254740992",
  ],
  bool: ["true", "false", "null"],
  text: [
    ...[
      '""',
      '"00501"',
      '"a\\u0000b"',
      '"é 日本 👩‍👩‍👧 😀"',
      '" two  spaces "',
      '"it\'s \\"quoted\\" \\\\ ; --"',
      '"line\\r\\nline\\ttab"',
    ],
    ...['"NULL"', '"null"', '"1e5"', JSON.stringify("\ufeffBOM\u007f\u0001"), "null", JSON.stringify("é".repeat(1000))],
  ],
  date: ['"2024-02-29"', '"2000-02-29"', '"0000-01-01"', '"9999-12-31"', '"1582-10-10"', "null"],
  timestamp: ['"2024-02-29T23:59:59.999Z"', '"0000-01-01T00:00:00.000Z"', '"9999-12-31T23:59:59.999Z"', "null"],
  decimal: ['"0"', '"0.10"', '"-12.50"', '"12345678901234567890.12345678901234567890"', '"0.000"', "null"],
  json: [
    ...['{"b":1,"a":[null,true,"x"]}', "[]", "{}", '"text"', '""', "true", "false", "0.1", "null"],
    ...['{"deep":{"er":[[[1]]]}}', '"\\ud800"', '"a\\u0000"'],
  ],
  binary: ['""', '"AA=="', '"AAEC/w=="', '"//79"', "null"],
};

/** Values that come back in the one form of their type. */
const normal: [ColumnType, unknown, string][] = [
  ["int", "9007199254740993", "9007199254740993"],
  ["int", "9223372036854775807", "9223372036854775807"],
  ["int", "-9223372036854775808", "-9223372036854775808"],
  ["int", 1e3, "1000"],
  ["float", -0, "0"],
  ["timestamp", "2024-02-29T12:00:00+02:00", '"2024-02-29T10:00:00.000Z"'],
  ["timestamp", "2024-01-01t00:30:00.5+0100", '"2023-12-31T23:30:00.500Z"'],
  ["timestamp", "2024-03-01 00:00:00.1230000Z", '"2024-03-01T00:00:00.123Z"'],
  ["timestamp", "2024-03-01T12:30-05:30", '"2024-03-01T18:00:00.000Z"'],
  ["decimal", 0.1, '"0.1"'],
  ["decimal", 12.5, '"12.5"'],
  ["decimal", 1e21, '"1000000000000000000000"'],
  ["decimal", "+007.50", '"7.50"'],
  ["decimal", "-0.00", '"0.00"'],
  ["decimal", "1.5e-3", '"0.0015"'],
  ["decimal", "12.5E1", '"125"'],
];

describe("values through insert and query", () => {
  it.each(Object.keys(same) as ColumnType[])("%s comes back as it was given", async (type) => {
    const { insert, query } = await aTable({ v: type });
    const given = same[type];
    const { rows } = await insert(given.map((json) => ({ v: parseExact(json) })));
    expect(rows).toEqual(given.map((json, index) => ({ id: index + 1, v: JSON.parse(json) })));
    const { records } = await query({ orderBy: ["id"], limit: 100 });
    expect(records).toEqual(given.map((json, index) => `{"id":${index + 1},"v":${json}}`));
  });

  it("brings others into the one form of their type, int with all digits", async () => {
    for (const [type, value, expected] of normal) {
      const { insert, query } = await aTable({ v: type });
      await insert([{ v: value }]);
      expect([type, value, (await query({})).records]).toEqual([type, value, [`{"id":1,"v":${expected}}`]]);
    }
  });

  it("keeps a megabyte, ninety columns, and the difference of empty and null", async () => {
    const long = "é".repeat(512 * 1024);
    const { insert, query } = await aTable({ v: "text", b: "binary" });
    const bytes = btoa("\u0000\u00ff".repeat(200_000));
    await insert([{ v: long }, { b: bytes }, { v: "", b: "" }]);
    const first = await query({ filters: { id: 1 } });
    expect(first.records).toEqual([`{"id":1,"v":${JSON.stringify(long)},"b":null}`]);
    const second = await query({ filters: { id: 2 }, columns: ["b"] });
    expect(second.records).toEqual([`{"b":"${bytes}"}`]);
    expect((await query({ filters: { v: null } })).records.length).toBe(1);
    expect((await query({ filters: { v: "" } })).records).toEqual(['{"id":3,"v":"","b":""}']);

    const names = Array.from({ length: 88 }, (_, index) => `c ${index} "x"`);
    const wide = await aTable(Object.fromEntries(names.map((name) => [name, "int" as const])));
    const record = Object.fromEntries(names.map((name, index) => [name, index]));
    await wide.insert([record]);
    expect((await wide.query({})).records.map((json) => JSON.parse(json))).toEqual([{ id: 1, ...record }]);
  });

  it("keeps as many digits of a second as the column says", async () => {
    const table = await aTable({ s: { type: "timestamp", unit: "s" }, n: { type: "timestamp", unit: "ns" } });
    await table.insert([{ s: "2024-01-01T00:00:00.000Z", n: "2024-01-01T00:00:00.123456789+00:00" }]);
    expect((await table.query({ columns: ["s", "n"] })).records).toEqual([
      '{"s":"2024-01-01T00:00:00Z","n":"2024-01-01T00:00:00.123456789Z"}',
    ]);
    expect(await thrownBy(table.insert([{ s: "2024-01-01T00:00:00.5Z" }]))).toMatchObject({
      code: "invalid_argument",
      hint: "End it with Z or an offset such as +02:00; this column keeps whole seconds.",
    });
  });
});

describe("sqlOfJson", () => {
  const refused: [ColumnType, unknown, string][] = [
    ["int", 1.5, "an int is a whole number of 64 bits; given was a number with a fraction"],
    ["int", 9007199254740992, "an int is a whole number of 64 bits; given was a whole number that JSON clients round"],
    ["int", "9223372036854775808", "an int is a whole number of 64 bits; given was text of 19 characters"],
    ["int", "007", "an int is a whole number of 64 bits; given was text of 3 characters"],
    ["int", "-0", "an int is a whole number of 64 bits; given was text of 2 characters"],
    ["int", "", "an int is a whole number of 64 bits; given was empty text"],
    ["int", true, "an int is a whole number of 64 bits; given was a boolean"],
    ["int", [1], "an int is a whole number of 64 bits; given was an array"],
    ["float", "NaN", 'a float is a number, "Infinity" or "-Infinity"; given was NaN'],
    ["float", "1.5", 'a float is a number, "Infinity" or "-Infinity"; given was text of 3 characters'],
    ["bool", 1, "a bool is true or false; given was a whole number"],
    ["bool", "true", "a bool is true or false; given was text of 4 characters"],
    ["text", 501, "text is text of whole Unicode characters; given was a whole number"],
    [
      "text",
      "a\ud800",
      "text is text of whole Unicode characters; given was text with half a character (a lone surrogate)",
    ],
    ["date", "2023-02-29", "a date is a day of the calendar, YYYY-MM-DD; given was text of 10 characters"],
    ["date", "1900-02-29", "a date is a day of the calendar, YYYY-MM-DD; given was text of 10 characters"],
    ["date", "2024-1-1", "a date is a day of the calendar, YYYY-MM-DD; given was text of 8 characters"],
    [
      "timestamp",
      "2024-01-01T00:00:00",
      "a timestamp is a time with its zone, e.g. 2026-01-31T12:00:00Z; given was text of 19 characters",
    ],
    [
      "timestamp",
      "2024-01-01T24:00:00Z",
      "a timestamp is a time with its zone, e.g. 2026-01-31T12:00:00Z; given was text of 20 characters",
    ],
    [
      "timestamp",
      "2024-06-30T23:59:60Z",
      "a timestamp is a time with its zone, e.g. 2026-01-31T12:00:00Z; given was text of 20 characters",
    ],
    [
      "timestamp",
      "2024-01-01T00:00:00.0001Z",
      "a timestamp is a time with its zone, e.g. 2026-01-31T12:00:00Z; given was text of 25 characters",
    ],
    [
      "timestamp",
      "9999-12-31T23:59:59-01:00",
      "a timestamp is a time with its zone, e.g. 2026-01-31T12:00:00Z; given was text of 25 characters",
    ],
    [
      "decimal",
      0.1234567890123456,
      "a decimal is a decimal number of 1000 digits at most; given was a number with a fraction",
    ],
    ["decimal", "1,5", "a decimal is a decimal number of 1000 digits at most; given was text of 3 characters"],
    ["decimal", "1e2000", "a decimal is a decimal number of 1000 digits at most; given was text of 6 characters"],
    ["json", { a: [2 ** 53] }, "json is JSON; given was an object with numbers that JSON clients round"],
    ["binary", "a", "binary is bytes in base64; given was text of 1 character"],
    ["binary", "AA_-", "binary is bytes in base64; given was text of 4 characters"],
  ];

  it.each(refused)("refuses %s %j", (type, value, expected) => {
    expect(() => sqlOfJson(column(type), value, "Record 3")).toThrow(`Record 3, column "v": ${expected}.`);
  });

  it("keeps numbers that were parsed exactly", () => {
    const raw = (json: string) => parseExact(json);
    expect(sqlOfJson(column("int"), raw("9007199254740993"), "x")).toBe("9007199254740993");
    expect(sqlOfJson(column("decimal"), raw("0.12345678901234567890"), "x")).toBe("0.12345678901234567890");
    expect(sqlOfJson(column("json"), raw('{"a":12345678901234567890}'), "x")).toBe('{"a":12345678901234567890}');
    expect(sqlOfJson(column("float"), raw("0.12345678901234567890"), "x")).toBe(0.12345678901234568);
    expect(() => sqlOfJson(column("int"), raw("9223372036854775809"), "x")).toThrow("given was a number beyond that");
    expect(() => sqlOfJson(column("float"), raw("1e1000"), "x")).toThrow("given was a number beyond that");
  });

  it("limits one value by bytes", () => {
    const value = "é".repeat(512 * 1024 + 1);
    expect(() => sqlOfJson(column("text"), value, "Record 1")).toThrow(
      'Record 1, column "v": the value has 1048578 bytes; one value has 1048576 at most (limit cellBytes).',
    );
    expect(sqlOfJson(column("text"), value.slice(1), "Record 1")).toBe(value.slice(1));
  });

  it("takes the cells of frames", () => {
    const cells: [ColumnType, Cell, unknown][] = [
      ["int", "9223372036854775807", "9223372036854775807"],
      ["float", "-0", 0],
      ["float", "-Infinity", Number.NEGATIVE_INFINITY],
      ["binary", "00ff", new Uint8Array([0, 255])],
      ["text", null, null],
    ];
    for (const [type, cell, expected] of cells) expect(sqlOfCell(column(type), cell, "Row 1")).toEqual(expected);
    expect(() => sqlOfCell(column("float"), "NaN", "Row 7")).toThrow('Row 7, column "v": a float is');
  });
});

describe("literals", () => {
  it("knows the calendar", () => {
    const days = [
      "2024-02-29",
      "2023-02-29",
      "2100-02-29",
      "2000-02-29",
      "2024-04-31",
      "2024-13-01",
      "2024-00-01",
      "2024-01-00",
    ];
    expect(days.filter(isCalendarDay)).toEqual(["2024-02-29", "2000-02-29"]);
  });

  it("goes through zones over days, years and centuries", () => {
    expect(timestampOf("0001-01-01T00:00:00+01:00", 0)).toBe("0000-12-31T23:00:00Z");
    expect(timestampOf("0000-01-01T00:00:00+01:00", 0)).toBe(undefined);
    expect(timestampOf("2024-02-29T23:30:00-00:45", 3)).toBe("2024-03-01T00:15:00.000Z");
    expect(timestampOf("2024-02-30T00:00:00Z", 3)).toBe(undefined);
    expect(timestampOf("2024-02-29T00:00:00.123456789Z", 9)).toBe("2024-02-29T00:00:00.123456789Z");
    expect(timestampOf("2024-02-29", 3)).toBe(undefined);
  });

  it("writes decimals without exponent", () => {
    expect(["1e3", "1.25e1", "125e-2", "5e-3", "00", ".5", "5.", "", "-", "0x1", "1e", "١"].map(decimalOf)).toEqual([
      ...["1000", "12.5", "1.25", "0.005", "0"],
      ...Array(7).fill(undefined),
    ]);
  });

  it("says what kind of value it is and not which", () => {
    expect([null, "secret", "", 1, 1.5, true, [], {}].map(kindOf)).toEqual([
      ...["null", "text of 6 characters", "empty text", "a whole number", "a number with a fraction", "a boolean"],
      ...["an array", "an object"],
    ]);
  });
});
