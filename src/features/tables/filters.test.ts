// Filters: what each operator takes, how they nest, and that nothing given ends up in the statement. Runs in workerd.
import { describe, expect, it } from "vitest";
import { aTable, thrownBy } from "../../../test/helpers/records.ts";
import { describeError } from "../../core/errors.ts";
import { tableLimits } from "../../workspace-limits.ts";
import { conditionOf } from "./filters.ts";
import type { TableColumn } from "./schema.ts";

const columns: TableColumn[] = (
  ["int", "float", "bool", "text", "date", "timestamp", "decimal", "json", "binary"] as const
).map((type) => ({ name: type, type, nullable: true, unique: false }));
const table = { name: "things", columns };

const records = [
  {
    ...{ int: 1, float: 1.5, bool: true, text: "Apple pie", date: "2024-01-01", timestamp: "2024-01-01T00:00:00Z" },
    ...{ decimal: "10.0", json: { a: 1 }, binary: "AAE=" },
  },
  {
    ...{
      int: "9007199254740993",
      float: "Infinity",
      bool: false,
      text: "banana",
      date: "2024-02-29",
      timestamp: "2024-06-01T00:00:00+02:00",
    },
    ...{ decimal: "9.5", json: [1, 2], binary: "" },
  },
  {
    ...{
      int: -5,
      float: -2,
      bool: true,
      text: "50% off_\u0000",
      date: "1999-12-31",
      timestamp: "1999-12-31T23:59:59.999Z",
    },
    ...{ decimal: "-100.25", json: "x", binary: "/w==" },
  },
  { decimal: "-9" },
  {},
];

const found: [string, unknown, number[]][] = [
  ["equal", { int: 1 }, [1]],
  ["equal to a large int", { int: "9007199254740993" }, [2]],
  ["next to a large int", { int: "9007199254740992" }, []],
  ["null", { int: null }, [4, 5]],
  ["eq null", { int: { eq: null } }, [4, 5]],
  ["ne null", { int: { ne: null } }, [1, 2, 3]],
  ["is_null true", { text: { is_null: true } }, [4, 5]],
  ["is_null false", { text: { is_null: false } }, [1, 2, 3]],
  ["ne leaves nulls out, as SQL does", { int: { ne: 1 } }, [2, 3]],
  ["a range", { int: { gte: -5, lt: 2 } }, [1, 3]],
  ["gt float", { float: { gt: 1 } }, [1, 2]],
  ["infinity", { float: "Infinity" }, [2]],
  ["lte float", { float: { lte: -2 } }, [3]],
  ["bool", { bool: true }, [1, 3]],
  ["bool in", { bool: { in: [false] } }, [2]],
  ["text", { text: "banana" }, [2]],
  ["text is told apart by case", { text: "Banana" }, []],
  ["text with NUL", { text: "50% off_\u0000" }, [3]],
  ["text in", { text: { in: ["50% off_\u0000", "banana", "x"] } }, [2, 3]],
  ["like", { text: { like: "%AN%" } }, [2]],
  ["like with escapes", { text: { like: "50\\% off\\_%" } }, [3]],
  ["not like", { text: { not_like: "%an%" } }, [1, 3]],
  ["date between", { date: { between: ["2024-01-01", "2024-02-29"] } }, [1, 2]],
  ["timestamp in any zone", { timestamp: "2024-05-31T22:00:00Z" }, [2]],
  ["timestamp less", { timestamp: { lt: "2024-01-01T01:00:00+01:00" } }, [3]],
  ["timestamp in", { timestamp: { in: ["2024-01-01T01:00:00+01:00"] } }, [1]],
  ["decimal whatever its zeros", { decimal: "10" }, [1]],
  ["decimal in", { decimal: { in: ["10.00", "-9.0"] } }, [1, 4]],
  ["decimal ne", { decimal: { ne: 10 } }, [2, 3, 4]],
  ["decimal order, not text order", { decimal: { gt: "9.49" } }, [1, 2]],
  ["decimal below zero", { decimal: { lt: "-9" } }, [3]],
  ["decimal at or below", { decimal: { lte: "-9.00" } }, [3, 4]],
  ["decimal above a negative", { decimal: { gte: -100.25 } }, [1, 2, 3, 4]],
  ["decimal between", { decimal: { between: ["-10", "9.5"] } }, [2, 4]],
  ["json", { json: { eq: { a: 1 } } }, [1]],
  ["json in", { json: { in: [[1, 2], "x"] } }, [2, 3]],
  ["binary", { binary: "AAE=" }, [1]],
  ["empty binary is not null", { binary: { in: ["", "/w=="] } }, [2, 3]],
  ["in with null", { int: { in: [1, null] } }, [1, 4, 5]],
  ["not in", { int: { not_in: [1] } }, [2, 3]],
  ["not in with null", { int: { not_in: [1, null] } }, [2, 3]],
  ["in nothing", { int: { in: [] } }, []],
  ["not in nothing", { int: { not_in: [] } }, [1, 2, 3]],
  ["floats in", { float: { in: [1.5, "Infinity", "-Infinity"] } }, [1, 2]],
  ["several columns", { bool: true, int: { gt: 0 } }, [1]],
  ["and", { and: [{ bool: true }, { int: { lt: 0 } }] }, [3]],
  ["or", { or: [{ int: 1 }, { text: "banana" }] }, [1, 2]],
  ["not", { not: { or: [{ int: 1 }, { text: "banana" }] } }, [3]],
  ["nested", { or: [{ and: [{ bool: true }, { not: { int: 1 } }] }, { date: "2024-02-29" }] }, [2, 3]],
  ["a column's name in other case", { INT: 1 }, [1]],
  ["nothing", {}, [1, 2, 3, 4, 5]],
  ["as many conditions as are taken", { or: Array.from({ length: 100 }, (_, index) => ({ int: index })) }, [1]],
  ["as many texts as are taken", { or: Array.from({ length: 98 }, () => ({ text: "banana" })) }, [2]],
  ["a thousand in a list", { int: { in: Array.from({ length: 1000 }, (_, index) => index) } }, [1]],
  ["as deep as is taken", nested(20, { int: 1 }), [1]],
];

function nested(levels: number, filter: Record<string, unknown>): Record<string, unknown> {
  return levels === 0 ? filter : { not: nested(levels - 1, filter) };
}

describe("filters", () => {
  it("take the records that they say", async () => {
    const schema = Object.fromEntries(columns.map(({ name, type }) => [name, type]));
    const { insert, query } = await aTable(schema);
    await insert(records);
    for (const [what, filters, ids] of found) {
      const result = await query({ filters, columns: ["id"] });
      expect([what, result.records.map((json) => JSON.parse(json).id), result.total]).toEqual([what, ids, ids.length]);
    }
  });

  const refused: [unknown, string, string?][] = [
    [[], "filters: takes an object, not an array."],
    [{ nope: 1 }, 'filters.nope: the table "things" has no column "nope".'],
    [{ txet: 1 }, 'filters.txet: the table "things" has no column "txet".', "Did you mean text?"],
    [{ int: { gta: 1 } }, "filters.int.gta: no such operator.", "Did you mean gt, gte?"],
    [{ int: {} }, "filters.int: no operator is named."],
    [{ and: [] }, "filters.and: lists nothing."],
    [{ or: [{}] }, "filters.or[0]: says nothing."],
    [{ or: [1] }, "filters.or[0]: takes an object, not a whole number."],
    [{ not: {} }, "filters.not: says nothing."],
    [
      { int: "1; DROP TABLE things" },
      'filters.int, column "int": an int is a whole number of 64 bits; given was text of 20 characters.',
    ],
    [{ int: { gt: null } }, "filters.int.gt: nothing is more or less than null."],
    [{ bool: { gt: false } }, "filters.bool.gt: bool values have no order."],
    [{ json: { lt: 1 } }, "filters.json.lt: json values have no order.", "Use eq, ne, in, not_in or is_null."],
    [{ int: { between: [1] } }, "filters.int.between: takes [from, to], not an array."],
    [{ int: { in: 1 } }, "filters.int.in: takes a list, not a whole number."],
    [
      { int: { in: [1, "x"] } },
      'filters.int.in[1], column "int": an int is a whole number of 64 bits; given was text of 1 character.',
    ],
    [{ int: { is_null: "no" } }, "filters.int.is_null: takes true or false, not text of 2 characters."],
    [{ int: { like: "1%" } }, 'filters.int.like: the column "int" is int, not text.'],
    [{ text: { like: 1 } }, "filters.text.like: takes text, not a whole number."],
    [{ text: { like: "é".repeat(26) } }, "filters.text.like: the pattern has 52 bytes; SQLite takes 50 at most."],
    [
      { or: Array.from({ length: 101 }, () => ({ int: 1 })) },
      `filters: more than ${tableLimits.filterConditions} conditions (limit filterConditions).`,
    ],
    [{ int: { in: Array(1001).fill(1) } }, "filters.int.in: lists 1001 values, more than 1000 (limit inValues)."],
    [
      { or: Array.from({ length: 99 }, () => ({ text: "x" })) },
      "filters: 99 texts, numbers and lists are compared with; one statement takes 98.",
    ],
    [{ constructor: 1 }, 'filters.constructor: the table "things" has no column "constructor".'],
    [{ toString: { eq: 1 } }, 'filters.toString: the table "things" has no column "toString".'],
  ];

  it.each(refused)("refuse %j", (filters, message, hint) => {
    const error = describeError(caught(() => conditionOf(table, filters)));
    expect([error.code, error.message]).toEqual(["invalid_argument", message]);
    if (hint !== undefined) expect(error.hint).toBe(hint);
  });

  it("refuse what is nested too deeply", () => {
    expect(() => conditionOf(table, nested(21, { int: 1 }))).toThrow("more than 20 levels deep (limit filterDepth)");
  });

  it("put no name or value into the statement that was not checked or quoted", async () => {
    const evil = 'x" = 1 OR 1=1; DROP TABLE things; --';
    const { insert, query } = await aTable({ [evil]: "text", v: "text" });
    await insert([{ [evil]: "'; DROP TABLE things; --", v: '"' }, { v: "' OR '1'='1" }]);
    expect((await query({ filters: { [evil]: "'; DROP TABLE things; --" }, orderBy: [evil] })).total).toBe(1);
    expect((await query({ filters: { v: "' OR '1'='1" } })).total).toBe(1);
    for (const name of ['id" OR 1=1 --', "id; DROP TABLE things", "(SELECT 1)", "rowid", "id desc, v"]) {
      const calls = [{ filters: { [name]: 1 } }, { columns: [name] }, { orderBy: [name] }];
      for (const call of calls) expect((await thrownBy(query(call))).code).toBe("invalid_argument");
    }
    expect((await query({})).total).toBe(2);
  });
});

function caught(work: () => unknown): unknown {
  try {
    return work();
  } catch (error) {
    return error;
  }
}
