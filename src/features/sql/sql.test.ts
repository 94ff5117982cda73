// Reading with SQL through the tools: values, types, names, cuts, errors, and who may read what. Runs in workerd.
import { beforeAll, describe, expect, it } from "vitest";
import guideText from "../../../docs/guides/sql.md?raw";
import { withDatasets } from "../../../test/helpers/datasets.ts";
import { aFrame, counting, countingColumns } from "../../../test/helpers/frames.ts";
import { type Answer, type SqlWorld, sqlWorld, withRegions } from "../../../test/helpers/sql.ts";
import { useTool } from "../../../test/helpers/team.ts";
import { describeError } from "../../core/errors.ts";
import { allowedFunctions } from "../../engines/sql/functions.ts";

let world: SqlWorld;
beforeAll(async () => {
  world = await withRegions(await sqlWorld());
  await aFrame(world.context, countingColumns, counting(10_000), { name: "many" });
});

const rowsOf = (answer: Answer): string => JSON.stringify(answer.error ?? answer.rows);

describe("values", () => {
  it("are exact, and columns keep the types of what was read", async () => {
    const answer = await world.ask("SELECT day, page, hits, ratio, mobile, big FROM visits ORDER BY hits");
    expect(answer.error ?? answer.columns).toEqual([
      "day date",
      "page text",
      "hits int",
      "ratio float",
      "mobile bool",
      "big int64",
    ]);
    expect(rowsOf(answer)).toContain(
      '{"day":"2026-01-01","page":"home","hits":10,"ratio":0.5,"mobile":true,"big":9007199254740993}',
    );
    expect(rowsOf(answer)).toContain(
      '{"day":"2026-01-03","page":"shop","hits":7,"ratio":null,"mobile":null,"big":null}',
    );
  });

  it.each<[string, string[], string]>([
    ["SELECT 9007199254740993 AS a", ["a int64"], '[{"a":9007199254740993}]'],
    ["SELECT 1 AS a UNION ALL SELECT 9223372036854775807", ["a int64"], '[{"a":1},{"a":9223372036854775807}]'],
    ["SELECT 1 AS a UNION ALL SELECT 2.5", ["a float"], '[{"a":1},{"a":2.5}]'],
    [
      "SELECT 9e999 AS a, -9e999 AS b, 1.0 AS c",
      ["a float", "b float", "c float"],
      '[{"a":"Infinity","b":"-Infinity","c":1}]',
    ],
    ["SELECT x'00ff' AS a", ["a binary"], '[{"a":"AP8="}]'],
    ["SELECT NULL AS a", ["a text"], '[{"a":null}]'],
    ["SELECT 'a' || char(0) || 'b' AS a", ["a text"], '[{"a":"a\\u0000b"}]'],
    ["SELECT 1 AS a UNION ALL SELECT 'x'", ["a json"], '[{"a":1},{"a":"x"}]'],
    [
      "SELECT tags FROM orders WHERE id IN (1, 4, 6) ORDER BY id",
      ["tags json"],
      '[{"tags":["a","b"]},{"tags":null},{"tags":{"k":1}}]',
    ],
    ["SELECT since FROM customers ORDER BY id LIMIT 1", ["since date"], '[{"since":"2024-02-29"}]'],
    ["SELECT 'soon' AS since FROM customers LIMIT 1", ["since text"], '[{"since":"soon"}]'],
    ["SELECT paid FROM orders WHERE id IN (1, 6) ORDER BY id", ["paid bool"], '[{"paid":true},{"paid":null}]'],
    ["SELECT sum(paid) AS paid FROM orders", ["paid int"], '[{"paid":3}]'],
    [
      "SELECT 0.1 + 0.2 AS a, 1e300 / 7 AS b",
      ["a float", "b float"],
      '[{"a":0.30000000000000004,"b":1.4285714285714286e+299}]',
    ],
    ["SELECT amount FROM orders WHERE 0", ["amount text"], "[]"],
  ])("of %s", async (query, columns, rows) => {
    const answer = await world.ask(query);
    expect([answer.error ?? answer.columns, rowsOf(answer)]).toEqual([columns, rows]);
  });

  it("of a hundred columns are all read, and no more", async () => {
    const list = (count: number) => Array.from({ length: count }, (_, index) => `${index} AS c${index}`).join(", ");
    const answer = await world.ask(`SELECT ${list(97)}, 'last' AS t, NULL AS n, 2.5 AS r`);
    expect(answer.error ?? [answer.columns.length, Object.values(answer.rows[0] as object).slice(95)]).toEqual([
      100,
      [95, 96, "last", null, 2.5],
    ]);
    for (const [last, shown] of [
      ["9007199254740993", "9007199254740993"],
      ["x'0aff'", '"Cv8="'],
      ["9e999", '"Infinity"'],
      ["0.1", "0.1"],
      ["7", "7"],
    ])
      expect(rowsOf(await world.ask(`SELECT ${list(99)}, ${last} AS z`))).toContain(`"z":${shown}}`);
    expect((await world.ask(`SELECT ${list(101)}`)).error?.message).toBe("The result has more than 100 columns.");
  });

  it("that are too long are refused by column, not cut", async () => {
    const { error } = await world.ask("SELECT 1 AS a, hex(zeroblob(600000)) AS b");
    expect(error).toMatchObject({
      code: "too_large",
      message: 'A value of the column "b" has more than 1048576 bytes (limit cellBytes).',
    });
  });

  it("are bound exactly", async () => {
    const query = "SELECT typeof(?1), typeof(?2), typeof(?3), typeof(?4), typeof(?5), ?6 + 0 AS big, ?2";
    const params = [1, "1", 1.5, true, null, { int: "9007199254740993" }];
    const answer = await world.ask(query, { params });
    expect(answer.error ?? Object.values(answer.rows[0] as object).map((value) => JSON.stringify(value))).toEqual([
      '"integer"',
      '"text"',
      '"real"',
      '"integer"',
      '"null"',
      "9007199254740993",
      '"1"',
    ]);
    expect(
      rowsOf(
        await world.ask("SELECT id FROM orders WHERE status = :s AND items > $n", { params: { s: "paid", n: 2 } }),
      ),
    ).toBe('[{"id":3},{"id":5}]');
    expect(rowsOf(await world.ask("SELECT ? AS x", { params: ["'; DROP TABLE orders; --"] }))).toBe(
      '[{"x":"\'; DROP TABLE orders; --"}]',
    );
    expect(rowsOf(await world.ask("SELECT id FROM orders ORDER BY id LIMIT ?", { params: [1] }))).toBe('[{"id":1}]');
  });
});

describe("names", () => {
  it("are told apart, and that is said", async () => {
    const answer = await world.ask(
      "SELECT o.id, c.id, 1 AS ID_2 FROM orders o JOIN customers c ON c.id = o.customer WHERE o.id = 3",
    );
    expect([rowsOf(answer), answer.error ?? answer.data.notes]).toEqual([
      '[{"id":3,"id_3":2,"ID_2":1}]',
      ['There are several columns "id": one is called "id_3" here; give it a name with AS.'],
    ]);
  });

  it("of frames are their data_refs and names, of datasets their own, in one statement with tables", async () => {
    const query = `SELECT c.name, r.country, v.page FROM customers c JOIN "regions" r USING (city) JOIN ${world.visits} v ON v.hits = c.id * 5 JOIN visits w ON w.hits = v.hits ORDER BY 1`;
    expect(rowsOf(await world.ask(query))).toBe(
      '[{"name":"Ana","country":"Norway","page":"shop"},{"name":"Bo","country":"Italy","page":"home"}]',
    );
  });

  it("that are not there offer near ones", async () => {
    expect(await world.ask("SELECT * FROM visit")).toEqual({
      error: {
        ...{ code: "not_found", message: 'There is no table, frame or dataset "visit".', hint: "Did you mean visits?" },
        details: { near: ["visits"] },
      },
    });
    expect((await world.ask("SELECT amuont\nFROM orders")).error).toMatchObject({
      message: 'There is no column "amuont" at line 1, column 8.',
      hint: "Did you mean amount?",
    });
    expect((await world.ask("SELECT x FROM region")).error).toMatchObject({ hint: "Did you mean regions?" });
    expect((await world.ask("SELECT meidan(amount) FROM orders")).error?.message).toBe(
      'There is no function "meidan" at line 1, column 8.',
    );
    expect((await world.ask("SELECT median(amount) FROM orders")).error?.hint).toContain("SQLite has no median()");
  });

  it("in double quotes are never taken for text", async () => {
    expect((await world.ask('SELECT id FROM orders WHERE status = "paid!"')).error).toMatchObject({
      ...{ code: "sql_invalid", message: 'There is no column "paid!".' },
      hint: "Text goes in single quotes; double quotes are for names.",
    });
    expect(rowsOf(await world.ask(`SELECT 'x' AS "x", "id" FROM orders WHERE "id" = 1`))).toBe('[{"x":"x","id":1}]');
  });
});

describe("errors", () => {
  it.each<[string, string, string]>([
    ["SELEC 1", "sql_forbidden", "A statement begins with SELECT, WITH or VALUES; this one begins with SELEC."],
    ["SELECT * FORM orders", "sql_invalid", 'SQL cannot be read at line 1, column 10, at "FORM".'],
    ["SELECT id,\n  FROM orders", "sql_invalid", 'SQL cannot be read at line 2, column 3, at "FROM".'],
    ["SELECT 1 +", "sql_invalid", "The statement stops before it is complete."],
    [
      "SELECT id FROM orders a, orders b",
      "sql_invalid",
      'The column "id" at line 1, column 8 is in several of the tables.',
    ],
    ["SELECT abs(1, 2)", "sql_invalid", 'The function "abs" at line 1, column 8 takes another number of arguments.'],
    [
      "SELECT sum(count(*)) FROM orders",
      "sql_invalid",
      "An aggregate or window function stands at line 1, column 12 where none can.",
    ],
    [
      "SELECT 1 UNION SELECT 1, 2",
      "sql_invalid",
      "The SELECTs of a UNION, INTERSECT or EXCEPT have different numbers of columns.",
    ],
    ["SELECT json('{')", "sql_invalid", "A text that is read as JSON is none."],
    [
      "SELECT sum(x) FROM (SELECT 9223372036854775807 AS x UNION ALL SELECT 1)",
      "sql_invalid",
      "A whole number goes beyond 64 bits.",
    ],
    [
      "SELECT * FROM notes_fts WHERE notes_fts MATCH 'a AND'",
      "sql_invalid",
      "The words after MATCH are no full-text query.",
    ],
    ["SELECT * FROM notes WHERE title MATCH 'a'", "sql_invalid", "MATCH works on a table's full-text index alone."],
    [
      "SELECT length(zeroblob(1000000000))",
      "too_large",
      "A value that this statement makes is larger than SQLite keeps.",
    ],
    ["WITH a AS (SELECT * FROM a) SELECT * FROM a", "sql_invalid", 'The common table expression "a" refers to itself.'],
    ["SELECT visits('x')", "sql_invalid", 'There is no function "visits" at line 1, column 8.'],
    ["SELECT * FROM visits('x')", "sql_invalid", '"visits" takes no arguments: it is a table.'],
    [
      "DROP TABLE orders",
      "sql_forbidden",
      "A statement begins with SELECT, WITH or VALUES; this one begins with DROP.",
    ],
    ["UPDATE orders SET items = 1", "sql_forbidden", "This call only reads, and the statement is UPDATE."],
  ])("of %s are in our words", async (query, code, message) => {
    const { error } = await world.ask(query);
    expect([error?.code, error?.message]).toEqual([code, message]);
  });
});

describe("work", () => {
  it.each<[string, string]>([
    [
      "SELECT count(*) FROM many a, many b",
      "The statement may come to 100,020,004 steps by the rows of what it loops over; 50,000,000 are the most (limit steps).",
    ],
    [
      "SELECT a.n, (SELECT count(*) FROM many b WHERE b.n < a.n) FROM many a",
      "The statement may come to 100,030,000 steps by the rows of what it loops over; 50,000,000 are the most (limit steps).",
    ],
    [
      "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT c.n + 1 FROM c, many a, many b) SELECT 1 FROM c",
      'The recursion "c" comes to more than 0 rows, if it ends at all (limits recursionRows, recursionSteps).',
    ],
    [
      "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT c.n + 1 FROM c, many) SELECT count(*) FROM c",
      'The recursion "c" comes to more than 500 rows, if it ends at all (limits recursionRows, recursionSteps).',
    ],
  ])("that is too much is refused before it begins: %s", async (query, message) => {
    expect((await world.ask(query)).error).toMatchObject({ code: "too_large", message });
  });

  it.each<[string, string]>([
    ["SELECT count(*) AS n FROM many a JOIN many b ON a.n = b.n", '[{"n":10000}]'],
    ["SELECT count(*) AS n FROM many a, (SELECT avg(n) AS m FROM many) g WHERE a.n > g.m", '[{"n":5000}]'],
    ["SELECT count(*) AS n FROM many WHERE n IN (SELECT n * 2 FROM many)", '[{"n":5000}]'],
    ["SELECT count(*) AS n FROM many a, orders b", '[{"n":60000}]'],
    [
      "WITH RECURSIVE c(n) AS (SELECT 0 UNION ALL SELECT many.n FROM c JOIN many ON many.n = c.n + 1 WHERE many.n < 500) SELECT count(*) AS n FROM c",
      '[{"n":500}]',
    ],
  ])("that is much and not too much is done: %s", async (query, rows) => {
    expect(rowsOf(await world.ask(query))).toBe(rows);
  });
});

describe("cuts", () => {
  it("say how many there are and how to get them", async () => {
    const answer = await world.ask("SELECT n FROM many WHERE n >= 5 ORDER BY n", { limit: 2 });
    expect(answer.error ?? { ...answer.data, text: answer.text.split("\n").at(-1) }).toMatchObject({
      ...{ rows: [{ n: 5 }, { n: 6 }], returned: 2, total: 9_995, truncated: true },
      text: "To keep all rows, make the same call with to_frame: true; or narrow it with WHERE, LIMIT and OFFSET, or show more of them with limit.",
    });
  });

  it("leave nothing open behind them", async () => {
    for (let call = 0; call < 3; call++) await world.ask("SELECT * FROM orders", { limit: 1 });
    const { data } = await useTool(world.context, "create_table", { table_name: "short_lived", schema: { a: "int" } });
    expect(data.name).toBe("short_lived");
    await useTool(world.context, "drop_table", { table_name: "short_lived" });
  });
});

it("offers the functions that SQLite has here, and the guide names them all", async () => {
  const guide = guideText.slice(guideText.indexOf("## Functions"));
  for (const name of allowedFunctions) {
    expect(guide).toContain(`\`${name}\``);
    // Those two are no names of functions in SQL: operators, and words without parentheses.
    if (!/^[a-z]/.test(name) || name.startsWith("current_")) continue;
    const { error } = await world.ask(`SELECT "${name}"(1, 1)`);
    expect([
      name,
      error?.code === "sql_forbidden" || error?.message.startsWith("There is no function") === true,
    ]).toEqual([name, false]);
  }
});

describe("frames", () => {
  it("are made of all rows, with types, sources and lineage", async () => {
    const query = "SELECT day, sum(hits) AS hits, max(big) AS big FROM visits WHERE hits > ? GROUP BY day ORDER BY day";
    const { data } = await useTool(world.context, "sql_frame", { query, params: [1], name: "daily" });
    expect(JSON.stringify(data.rows)).toBe(
      '[{"day":"2026-01-01","hits":10,"big":9007199254740993},{"day":"2026-01-02","hits":25,"big":1},{"day":"2026-01-03","hits":7,"big":null}]',
    );
    const frame = await world.context.workspace.frames().find("daily", { ...world.context.actor, hidden: [] });
    expect([frame.rows, frame.columns.map(({ type }) => type), frame.lineage]).toEqual([
      3,
      ["date", "int", "int64"],
      {
        operation: "sql_frame",
        inputs: [{ kind: "frame", name: "visits", ref: world.visits }],
        params: { query, params: [1] },
      },
    ]);
    expect(rowsOf(await world.ask("SELECT sum(hits) AS n FROM daily"))).toBe('[{"n":42}]');
  });

  it("hold more rows than one answer, and no more than a frame may", async () => {
    const answer = await world.ask("SELECT n, name FROM many ORDER BY n DESC", { to_frame: true, limit: 1 });
    expect(answer.error ?? [answer.rows, answer.total, answer.data.truncated]).toEqual([
      [{ n: 9_999, name: "name 9999" }],
      10_000,
      true,
    ]);
    const { data } = await useTool(world.context, "sql_frame", {
      query: `SELECT sum(n) AS s, count(*) AS c FROM ${answer.error ?? answer.data.data_ref}`,
    });
    expect(data.rows).toEqual([{ s: 49_995_000, c: 10_000 }]);
    const small = { ...world.context, frameRows: 100 };
    const failed = await useTool(small, "sql_frame", { query: "SELECT n FROM many" }).catch(describeError);
    expect(failed).toMatchObject({
      code: "too_large",
      message: "The result would have more than 100 rows; a frame has 100 at most (limit rows).",
    });
    const taken = await useTool(world.context, "sql_frame", { query: "SELECT 1 AS a", name: "visits" }).catch(
      describeError,
    );
    expect(taken).toMatchObject({ code: "already_exists" });
  });
});

it("says which decimals SQL may round", async () => {
  const columns = [{ name: "price", type: "decimal" as const, precision: 20, scale: 2 }];
  await aFrame(world.context, columns, [["123456789012345678.25"], ["1.50"]], { name: "prices" });
  const answer = await world.ask("SELECT price FROM prices WHERE price < 10");
  expect(answer.error ?? [answer.rows, answer.columns, answer.data.notes]).toEqual([
    [{ price: "1.50" }],
    ["price decimal(20, 2)"],
    ["The decimals of prices.price are floating point in SQL, exact up to 15 digits."],
  ]);
});

it("reads no dataset that is larger than a frame may be", async () => {
  const args = { query: "SELECT * FROM regions AS r, regions_of" };
  const small = await withDatasets({ ...world.context, frameRows: 1 }, { regions_of: [{ a: 1 }, { a: 2 }] });
  expect(await useTool(small, "execute_raw_query", args).catch(describeError)).toMatchObject({
    ...{
      code: "too_large",
      message: 'The dataset "regions_of" has 2 records; a frame has 1 rows at most (limit rows).',
    },
  });
});

describe("who may read", () => {
  it("is asked for what a frame came from", async () => {
    const secret = { id: "ds_secret", name: "secret", version: 1, visibility: "admin" as const };
    const { id } = await aFrame(await world.team.call("admin"), countingColumns, counting(3), {
      name: "payroll",
      sources: [secret],
    });
    for (const name of ["payroll", id, '"payroll"', "[PAYROLL]"])
      expect((await world.ask(`SELECT * FROM ${name}`)).error).toMatchObject({ code: "not_found" });
    expect(rowsOf(await world.ask("SELECT count(*) AS n FROM payroll", {}, "admin"))).toBe('[{"n":3}]');
    const made = await useTool(await world.team.call("admin"), "sql_frame", {
      query: "SELECT max(n) AS top FROM payroll, orders",
      name: "top_pay",
    });
    expect(made.data.rows).toEqual([{ top: 2 }]);
    expect((await world.ask("SELECT top FROM top_pay")).error).toMatchObject({
      code: "not_found",
      hint: expect.not.stringContaining("top_pay"),
    });
    expect((await world.ask("SELECT * FROM orders, top_payy")).error?.hint).not.toContain("top_pay");
    const columns = { n: "int" };
    await useTool(await world.team.call("admin"), "create_table", { table_name: "hush", schema: columns });
    await world.ask("INSERT INTO hush (n) SELECT n FROM payroll", { read_only: false }, "admin");
    for (const query of [
      "SELECT * FROM hush",
      "SELECT nope FROM hush",
      "SELECT * FROM main.hush",
      "SELECT * FROM orders WHERE id IN hush",
      "SELECT nope FROM [Hush]",
    ])
      expect((await world.ask(query)).error).toMatchObject({
        code: "not_found",
        message: expect.stringMatching(/^There is no table, frame or dataset "hush"\.$/i),
      });
    for (const query of [
      "DELETE FROM hush",
      "UPDATE hush SET n = 1",
      "INSERT INTO hush (nope) VALUES (1)",
      "DELETE FROM orders WHERE id IN (SELECT n FROM hush)",
    ])
      expect((await world.ask(query, { read_only: false })).error).toMatchObject({ code: "not_found" });
  });

  it("is a viewer, too, who writes nothing", async () => {
    expect(rowsOf(await world.ask("SELECT count(*) AS n FROM orders", {}, "viewer"))).toBe('[{"n":6}]');
    expect((await world.ask("DELETE FROM orders", { read_only: false }, "viewer")).error).toMatchObject({
      ...{
        code: "forbidden",
        message: "As viewer you may not change tables with SQL: it needs the role member or higher.",
      },
    });
  });
});

it("shows a plan with frames by their names", async () => {
  const answer = await world.ask("EXPLAIN QUERY PLAN SELECT * FROM many JOIN orders ON orders.id = many.n");
  expect(answer.error ?? answer.rows.map((row) => (row as { detail: string }).detail)).toEqual(
    expect.arrayContaining(["SEARCH orders USING INTEGER PRIMARY KEY (rowid=?)"]),
  );
  expect(rowsOf(answer)).not.toContain("sd_f_");
});
