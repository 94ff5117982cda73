// Tables as rows for other features, and what triggers keep up with. Runs in workerd.
import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { addRecords, tableTeam } from "../../../test/helpers/table-team.ts";
import { openDb } from "../../durable/db.ts";
import type { Row } from "../../engines/frame/types.ts";
import { callerOf } from "../access/access.ts";
import { readerOf } from "../workspace/workspace.ts";
import { noteWriter, readTable, requireTable, userTables } from "./table-store.ts";

async function inside<T>(
  team: Awaited<ReturnType<typeof tableTeam>>,
  work: (deps: { db: ReturnType<typeof openDb>; sql: SqlStorage; now: () => number }) => T,
): Promise<T> {
  const { incarnation } = (await team.call()).catalogue;
  const stub = env.WORKSPACE.get(env.WORKSPACE.idFromName(`${team.slug}/${incarnation}`));
  return runInDurableObject(stub, (_object, { storage }) =>
    work({ db: openDb(storage), sql: storage.sql, now: () => 1_700_000_000_000 }),
  );
}

describe("readTable", () => {
  it("gives rows some at a time, and a SELECT of the columns that are needed with the row as JSON", async () => {
    const team = await tableTeam();
    await team.use("create_table", { table_name: "t", schema: { n: "int", price: "decimal", b: "bool", j: "json" } });
    const many = Array.from({ length: 1_000 }, (_, n) => ({ n, price: `${n}.5`, b: n % 2 === 0, j: [n] }));
    await addRecords(team, "t", many);
    await addRecords(team, "t", [{ n: null, price: "1.25" }]);
    const reader = readerOf(await team.call());
    const read = await inside(team, (deps) => {
      const { columns, count, rows, view } = readTable(deps, requireTable(deps, "T", reader));
      const sizes: number[] = [];
      for (const batch of rows()) sizes.push(batch.length);
      // A generator that is not read to its end lets go of the table.
      for (const _batch of rows()) break;
      const first = deps.sql.exec(`SELECT * FROM (${view(new Set(["price", "b"]), "row")}) LIMIT 2`).toArray();
      const none = deps.sql.exec(`SELECT count(*) AS n FROM (${view(new Set())})`).one();
      deps.sql.exec("ALTER TABLE t RENAME TO u");
      deps.sql.exec("ALTER TABLE u RENAME TO t");
      return { columns, count, sizes, first, none };
    });
    expect(read).toEqual({
      columns: [
        { name: "id", type: "int" },
        { name: "n", type: "int" },
        { name: "price", type: "decimal", precision: 5, scale: 2 },
        { name: "b", type: "bool" },
        { name: "j", type: "json" },
      ],
      count: 1_001,
      sizes: [1_000, 1],
      first: [
        { row: '[1,0,"0.50",true,[0]]', price: 0.5, b: 1 },
        { row: '[2,1,"1.50",false,[1]]', price: 1.5, b: 0 },
      ],
      none: { n: 1_001 },
    });
  });

  it("brings every double back as it was", async () => {
    const team = await tableTeam();
    await team.use("create_table", { table_name: "t", schema: { f: "float" } });
    const numbers = Array.from({ length: 900 }, (_, index) => {
      const bits = new DataView(new ArrayBuffer(8));
      bits.setUint32(0, Math.imul(index + 1, 2_654_435_761) >>> 0);
      bits.setUint32(4, Math.imul(index + 7, 2_246_822_519) >>> 0);
      return bits.getFloat64(0);
    }).filter(Number.isFinite);
    await addRecords(
      team,
      "t",
      numbers.map((f) => ({ f })),
    );
    const reader = readerOf(await team.call());
    const read = await inside(team, (deps) =>
      [...readTable(deps, requireTable(deps, "t", reader)).rows()].flat().map(([, f]: Row) => f),
    );
    expect(read).toEqual(numbers);
  });

  it("reads and keeps the history of a table as wide as they come", async () => {
    const team = await tableTeam();
    const names = Array.from({ length: 89 }, (_, index) => `${"w".repeat(38)}"${index}`);
    const schema = Object.fromEntries(names.map((name) => [name, "float"]));
    await team.use("create_table", { table_name: "wide", schema, history: true });
    await addRecords(team, "wide", [{ [names[88] ?? ""]: 0.5 }]);
    await team.sql((sql) => sql.exec(`UPDATE wide SET "${names[0]?.replace('"', '""')}" = 1`));
    const reader = readerOf(await team.call());
    const [rows] = await inside(team, (deps) => [...readTable(deps, requireTable(deps, "wide", reader)).rows()]);
    expect(rows).toEqual([[1, 1, ...Array.from({ length: 87 }, () => null), 0.5]]);
    const [, before] = await team.rows("SELECT before_json AS j FROM sd_history ORDER BY seq");
    expect(JSON.parse(String((before as { j: string }).j))).toMatchObject({
      [names[88] ?? ""]: 0.5,
      [names[0] ?? ""]: null,
    });
    expect(await team.failure("alter_table", { table_name: "wide", add_columns: { x: "int" } })).toMatchObject({
      code: "too_large",
    });
  });
});

describe("triggers", () => {
  it("follow REPLACE, cascades and changes of keys", async () => {
    const team = await tableTeam();
    await team.use("create_table", {
      table_name: "p",
      schema: { k: { type: "text", unique: true }, t: "text" },
      full_text: ["t"],
      history: true,
    });
    await team.use("create_table", {
      table_name: "c",
      schema: { p: { type: "int", references: { table: "p", column: "id", on_delete: "cascade" } }, note: "text" },
      full_text: ["note"],
      history: true,
    });
    await addRecords(team, "p", [
      { k: "a", t: "one" },
      { k: "b", t: "two" },
    ]);
    await addRecords(team, "c", [{ p: 2, note: "child" }]);
    const context = await team.call();
    const search = (table: string, words: string) =>
      team.rows(`SELECT rowid FROM ${table}_fts WHERE ${table}_fts MATCH '${words}'`);
    await inside(team, (deps) => {
      noteWriter(deps, callerOf(context));
      deps.sql.exec("INSERT OR REPLACE INTO p (k, t) VALUES ('a', 'three')");
      deps.sql.exec("UPDATE p SET id = 9 WHERE k = 'a'");
      deps.sql.exec("DELETE FROM p WHERE k = 'b'");
    });
    expect([await search("p", "one"), await search("p", "three"), await search("c", "child")]).toEqual([
      [],
      [{ rowid: 9 }],
      [],
    ]);
    expect(await team.rows("SELECT action, row_id FROM sd_history ORDER BY seq")).toEqual([
      { action: "insert", row_id: 1 },
      { action: "insert", row_id: 2 },
      { action: "insert", row_id: 1 },
      { action: "delete", row_id: 1 },
      { action: "insert", row_id: 3 },
      { action: "update", row_id: 9 },
      { action: "delete", row_id: 1 },
      { action: "delete", row_id: 2 },
    ]);
    for (const table of ["p", "c"])
      expect(await team.rows(`INSERT INTO ${table}_fts (${table}_fts, rank) VALUES ('integrity-check', 1)`)).toEqual(
        [],
      );
  });
});

describe("userTables", () => {
  it("names what of SQLite belongs to each table", async () => {
    const team = await tableTeam();
    await team.use("create_table", {
      table_name: "t",
      schema: { s: { type: "text", unique: true } },
      full_text: ["s"],
    });
    await team.use("create_table", { table_name: "u", schema: { n: "int" } });
    const reader = readerOf(await team.call());
    const [t, u] = await inside(team, (deps) => userTables(deps, reader));
    expect(t?.internalNames.map((name) => name.replace(/^sd_uq_.*/, "sd_uq")).sort()).toEqual([
      ...["sd_uq", "t", "t_fts", "t_fts_config", "t_fts_data", "t_fts_docsize", "t_fts_idx"],
    ]);
    expect([t?.searchName, u?.searchName, u?.internalNames, u?.rootPages.length]).toEqual([
      "t_fts",
      undefined,
      ["u"],
      1,
    ]);
  });
});
