// What a caller may not read is to SQL as if it were not there; what came from it stays with those who may. Runs in workerd.
import { describe, expect, it } from "vitest";
import { aFrame } from "../../../test/helpers/frames.ts";
import { freshTeam, useTool } from "../../../test/helpers/team.ts";
import type { CallContext } from "../../context.ts";
import { describeError } from "../../core/errors.ts";

const source = { id: "ds_secret", name: "salaries", version: 1 };
const columns = [
  { name: "id", type: "int" as const },
  { name: "note", type: "text" as const },
];

/** A team with the frame `hush_frame` and the table `hush`, whose rows came from a dataset; and a call to which that is not shown. */
async function secretTeam(): Promise<{ context: CallContext; outsider: CallContext }> {
  const context = await (await freshTeam()).call("member");
  await aFrame(context, columns, [[1, "four parcels"]], { name: "hush_frame", sources: [source] });
  await useTool(context, "create_table", {
    table_name: "hush",
    schema: { note: "text" },
    full_text: ["note"],
  });
  await useTool(context, "import_table", { data_ref: "hush_frame", table_name: "hush" });
  return { context, outsider: { ...context, catalogue: { ...context.catalogue, hiddenDatasets: [source.id] } } };
}

async function failure(context: CallContext, tool: string, args: Record<string, unknown>): Promise<string> {
  try {
    return JSON.stringify((await useTool(context, tool, args)).data);
  } catch (error) {
    return JSON.stringify(describeError(error));
  }
}

describe("what is hidden", () => {
  it("is told apart by no error from what is not there", async () => {
    const { outsider } = await secretTeam();
    const statements = [
      "SELECT * FROM hush",
      "SELECT note FROM HUSH AS h WHERE h.note = 'x'",
      "SELECT * FROM main.hush",
      "SELECT * FROM main . hush WHERE )",
      "SELECT * FROM 'main'.\"hush\"",
      "SELECT * FROM temp.hush",
      "SELECT main.hush.note FROM main.hush",
      "SELECT * FROM hush_fts",
      "SELECT * FROM hush_fts('parcel')",
      "SELECT * FROM hush_fts WHERE hush_fts MATCH 'parcel'",
      "SELECT * FROM hush_fts_data",
      "SELECT * FROM main.hush_fts_docsize",
      "SELECT * FROM hush_frame",
      "SELECT 1 WHERE 1 IN hush",
      "SELECT (SELECT count(*) FROM hush)",
      "EXPLAIN QUERY PLAN SELECT * FROM hush",
      "WITH x AS (SELECT * FROM hush) SELECT * FROM x",
    ];
    const writes = [
      "INSERT INTO hush (note) VALUES ('x')",
      "INSERT INTO main.hush (note) VALUES ('x')",
      "DELETE FROM hush",
      "UPDATE hush SET note = 'x'",
      "REPLACE INTO hush_fts (note) VALUES ('x')",
      "DELETE FROM hush_fts_data",
      "UPDATE hush_frame SET note = 'x'",
    ];
    const told: unknown[] = [];
    for (const query of [...statements, ...writes]) {
      const more = writes.includes(query) ? { read_only: false } : {};
      const hidden = await failure(outsider, "execute_raw_query", { query, ...more });
      const none = await failure(outsider, "execute_raw_query", {
        query: query.replaceAll("hush", "none").replaceAll("HUSH", "NONE"),
        ...more,
      });
      if (hidden !== none.replaceAll("none", "hush").replaceAll("NONE", "HUSH")) told.push([query, hidden, none]);
      if (/parcel/.test(hidden.replaceAll("'parcel'", ""))) told.push([query, hidden]);
    }
    expect(told).toEqual([]);
  });

  it("stays so in a table that is written from it, and in those that refer to that one", async () => {
    const { context, outsider } = await secretTeam();
    await useTool(context, "create_table", { table_name: "parents", schema: { note: "text" } });
    await useTool(context, "create_table", {
      table_name: "children",
      schema: { parent: { type: "int", references: { table: "parents", column: "id" } } },
    });
    const seen = async () => (await useTool(outsider, "list_tables", {})).data.tables as { name: string }[];
    expect((await seen()).map(({ name }) => name)).toEqual(["children", "parents"]);
    await useTool(context, "execute_raw_query", {
      query: "INSERT INTO parents (id, note) SELECT id + 6, note FROM hush_frame",
      read_only: false,
    });
    expect((await seen()).map(({ name }) => name)).toEqual([]);
    const probe = { table_name: "children", data: { parent: 7 } };
    expect(await failure(outsider, "insert_record", probe)).toContain('"code":"not_found"');
  });
});

describe("a table that comes back", () => {
  it("is for as few as what it refers to is by then", async () => {
    const { context, outsider } = await secretTeam();
    await useTool(context, "create_table", { table_name: "parents", schema: { note: "text" } });
    const parent = { type: "int", references: { table: "parents", column: "id" } };
    await useTool(context, "create_table", { table_name: "children", schema: { parent } });
    await useTool(context, "drop_table", { table_name: "children" });
    await useTool(context, "execute_raw_query", {
      query: "INSERT INTO parents (note) SELECT note FROM hush_frame",
      read_only: false,
    });
    await useTool(context, "restore_table", { table_name: "children" });
    expect((await useTool(context, "list_tables", {})).data.total).toBe(3);
    expect((await useTool(outsider, "list_tables", {})).data.total).toBe(0);
  });
});

describe("long values", () => {
  it("come one row at a time, each evaluated once", async () => {
    const context = await (await freshTeam()).call("member");
    const numbers = JSON.stringify(Array.from({ length: 1_000 }, (_, at) => at));
    const from = `FROM json_each('${numbers}')`;
    const long = {
      query: `SELECT length(hex(b)) AS n FROM (SELECT randomblob(1000000) AS b ${from} LIMIT -1)`,
      limit: 1_000,
    };
    expect((await useTool(context, "execute_raw_query", long)).data).toMatchObject({ total: 1_000, truncated: false });
    const all = await failure(context, "execute_raw_query", {
      query: `SELECT randomblob(1000000) AS b ${from}`,
      limit: 1_000,
    });
    expect(JSON.parse(all)).toMatchObject({ code: "result_too_large", details: { limit: "rowsBytes" } });
    const mixed = await useTool(context, "execute_raw_query", {
      query: `SELECT iif(random() % 2, value, 'text') AS v ${from}`,
      limit: 1_000,
    });
    expect(mixed.data).toMatchObject({ total: 1_000, columns: [{ name: "v", type: "json" }] });
  });

  it("of RETURNING are shown as far as an answer goes, and what was written is said in any case", async () => {
    const context = await (await freshTeam()).call("member");
    await useTool(context, "create_table", { table_name: "items", schema: { n: "int" } });
    const insert = (size: number) =>
      useTool(context, "execute_raw_query", {
        query: `INSERT INTO items (n) SELECT value FROM json_each('[1,2,3,4,5,6,7,8]') RETURNING n, hex(zeroblob(${size})) AS long`,
        read_only: false,
      });
    expect((await insert(10_000)).data).toMatchObject({ changed: 8, total: 8, returned: 3, truncated: true });
    const { text, data } = await insert(900_000);
    expect([text, data]).toEqual([
      "Changed 8 records of items.\nA row of RETURNING is too long to show: read it with SELECT, fewer columns at a time.",
      { changed: 8, tables: ["items"] },
    ]);
  });

  it("are put into no table, where nothing could read them again", async () => {
    const context = await (await freshTeam()).call("member");
    const names = Array.from({ length: 60 }, (_, at) => [`c${at}`, "binary"] as const);
    await useTool(context, "create_table", { table_name: "items", schema: Object.fromEntries(names) });
    const write = (query: string) => failure(context, "execute_raw_query", { query, read_only: false });
    expect(await write("INSERT INTO items (c59) VALUES (zeroblob(1048576))")).toContain('"changed":1');
    for (const query of [
      "INSERT INTO items (c59) VALUES (zeroblob(1048577))",
      "INSERT OR IGNORE INTO items (c59) VALUES (zeroblob(1048577))",
      "UPDATE items SET c0 = zeroblob(1048577)",
    ]) {
      expect(JSON.parse(await write(query))).toEqual({
        code: "too_large",
        message: "A value would have more than 1048576 bytes (limit cellBytes). Nothing was changed.",
        hint: "Shorten it, or keep it in parts.",
        details: { limit: "cellBytes", value: 1_048_576 },
      });
    }
    expect(await write("UPDATE items SET c0 = zeroblob(600000)")).toContain("more than 1572864 bytes (limit rowBytes)");
    expect(await write("UPDATE items SET c0 = x'00'")).toContain('"changed":1');
  });
});
