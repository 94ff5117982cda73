// Statements read as a whole: one at a time, their names, their parts, and their parameters. Runs in workerd.
import { describe, expect, it } from "vitest";
import { isAppError } from "../../core/errors.ts";
import { placeParams, type SqlParams } from "./params.ts";
import { allCtes, namesOf, parseStatement, readsUnnamedColumns, renderTokens } from "./statement.ts";

function refusal(work: () => unknown): string {
  try {
    work();
    return "taken";
  } catch (error) {
    return isAppError(error) ? `${error.code}: ${error.message}` : String(error);
  }
}

describe("parseStatement", () => {
  it.each<[string, string | undefined, boolean]>([
    ["SELECT 1", "select", false],
    ["/* x */ select 1 ; ;", "select", false],
    ["WITH a AS (SELECT 1) SELECT * FROM a", "select", false],
    [
      "WITH RECURSIVE a(x, y) AS NOT MATERIALIZED (SELECT 1, (2)), b AS MATERIALIZED (SELECT ')') DELETE FROM c",
      "delete",
      false,
    ],
    ["WITH 'a' AS (VALUES (1)) INSERT INTO b SELECT * FROM a", "insert", false],
    ["WITH a SELECT 1", undefined, false],
    ["EXPLAIN QUERY PLAN SELECT 1", "select", true],
    ["PRAGMA x", "pragma", false],
    ["(SELECT 1)", "", false],
  ])("finds what %s does", (sql, verb, isPlan) => {
    const statement = parseStatement(sql);
    expect([statement.verb, statement.isPlan]).toEqual([verb, isPlan]);
  });

  it.each<[string, string]>([
    ["", "sql_invalid: There is no statement."],
    [" ; -- x", "sql_invalid: There is no statement."],
    [
      "SELECT 1; SELECT 2",
      "sql_invalid: The statement ends at line 1, column 9 and more follows: one statement a call.",
    ],
    [
      "SELECT 1 ;\n; DROP TABLE a",
      "sql_invalid: The statement ends at line 1, column 10 and more follows: one statement a call.",
    ],
    ["SELECT (1", "sql_invalid: The parenthesis at line 1, column 8 has no counterpart."],
    ["SELECT 1)\nUNION (SELECT 2", "sql_invalid: The parenthesis at line 1, column 9 has no counterpart."],
    ["EXPLAIN SELECT 1", "sql_forbidden: EXPLAIN alone is not offered."],
    ["x".repeat(20_001), "too_large: The statement has 20001 characters; 20000 are the most (limit chars)."],
  ])("refuses %j", (sql, message) => {
    expect(refusal(() => parseStatement(sql))).toBe(message);
  });

  it("finds common table expressions wherever they stand", () => {
    const statement = parseStatement(
      "WITH a AS (WITH b AS (SELECT 1) SELECT * FROM b) SELECT (WITH [c d](x) AS (SELECT 2) SELECT x FROM [c d]) FROM a",
    );
    expect(allCtes(statement).map(({ name }) => name)).toEqual(["a", "b", "c d"]);
    expect(statement.ctes.map(({ name }) => name)).toEqual(["a"]);
  });

  it("gathers names as they are written, quoted or not", () => {
    const names = namesOf(parseStatement("SELECT \"A b\", [c], `d`, 'e' FROM Orders -- hidden"));
    expect([...names.values()]).toEqual(["SELECT", "A b", "c", "d", "e", "FROM", "Orders"]);
  });

  it.each<[string, boolean]>([
    ["SELECT * FROM a", true],
    ["SELECT a.* FROM a", true],
    ["SELECT 1, * FROM a", true],
    ["SELECT DISTINCT * FROM a", true],
    ["SELECT count(*) FROM a", false],
    ["SELECT x * y FROM a", false],
    ["SELECT a FROM b NATURAL JOIN c", true],
    ["SELECT 1 IN b", true],
    ["SELECT 1 IN (SELECT x FROM b)", false],
  ])("sees whether columns are read that %s does not name", (sql, expected) => {
    expect(readsUnnamedColumns(parseStatement(sql))).toBe(expected);
  });

  it("writes tokens without comments and with others in their place", () => {
    const statement = parseStatement("SELECT a /* x */ , ? -- y\n FROM b");
    const { sql, starts } = renderTokens(statement, 0, statement.tokens.length, {
      instead: new Map([[3, "?1"]]),
      before: new Map([[5, "main."]]),
    });
    expect(sql).toBe("SELECT a , ?1 FROM main.b");
    expect(starts.map(({ at }) => at)).toEqual([0, 7, 9, 11, 14, 24]);
  });
});

describe("placeParams", () => {
  const placed = (sql: string, params: SqlParams) => [...placeParams(parseStatement(sql), params).values()];

  it.each<[string, SqlParams, unknown[]]>([
    ["SELECT ?, ?", [1, "a"], [{ literal: "1" }, { bound: "a" }]],
    ["SELECT ?2, ?1", [1, 2.5], [{ bound: 2.5 }, { literal: "1" }]],
    ["SELECT ?2, ?, ?1", [1, 2, 3], [{ literal: "2" }, { literal: "3" }, { literal: "1" }]],
    ["SELECT :a, $b, @a", { a: true, b: null }, [{ literal: "1" }, { literal: "NULL" }, { literal: "1" }]],
    ["SELECT ?", [-5], [{ literal: "(-5)" }]],
    ["SELECT ?", [{ int: "9007199254740993" }], [{ literal: "9007199254740993" }]],
    ["SELECT ?", [{ int: "-9223372036854775808" }], [{ literal: "(-9223372036854775808)" }]],
    ["SELECT ?", [1e300], [{ bound: 1e300 }]],
    ["SELECT ?", [false], [{ literal: "0" }]],
    ["SELECT 1", [], []],
  ])("puts values into %s exactly", (sql, params, expected) => {
    expect(placed(sql, params)).toEqual(expected);
  });

  it.each<[string, SqlParams, string]>([
    ["SELECT ?", [], "invalid_argument: The parameter ? has no value."],
    ["SELECT ?", [1, 2], "invalid_argument: 2 parameters are given, and the statement has 1."],
    ["SELECT :a", { b: 1 }, "invalid_argument: The parameter :a has no value."],
    ["SELECT :a", { a: 1, b: 2 }, "invalid_argument: The statement has no parameter :b."],
    ["SELECT :a", [1], "invalid_argument: The parameter :a does not go with a list."],
    ["SELECT ?", { a: 1 }, "invalid_argument: The parameter ? does not go with an object."],
    [
      "SELECT ?",
      [9007199254740992],
      "invalid_argument: The parameter ? is a whole number beyond 2^53, which JSON clients round.",
    ],
    ["SELECT ?", [{ int: "1.5" }], "invalid_argument: The parameter ? is no whole number of 64 bits."],
    ["SELECT ?", [{ int: "9223372036854775808" }], "invalid_argument: The parameter ? is no whole number of 64 bits."],
    ["SELECT :constructor", {}, "invalid_argument: The parameter :constructor has no value."],
  ])("refuses values for %s", (sql, params, message) => {
    expect(refusal(() => placed(sql, params))).toBe(message);
  });
});
