// Undo: every value as it was, what goes along comes back, and nothing when it cannot all be put back. Runs in workerd.
import { env, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import { aTable, makeTable, thrownBy } from "../../../test/helpers/records.ts";
import { auditLog, type FreshTeam } from "../../../test/helpers/team.ts";
import type { CallContext } from "../../context.ts";
import { tableLimits } from "../../workspace-limits.ts";

const table = { table_name: "things" };
const undoRef = (answer: { data: Record<string, unknown> }) => ({ undo_ref: answer.data.undo_ref });

const workspaceOf = ({ slug }: FreshTeam, { catalogue }: CallContext) =>
  env.WORKSPACE.get(env.WORKSPACE.idFromName(`${slug}/${catalogue.incarnation}`));

const everyType = {
  ...{ int: "int", float: "float", bool: "bool", text: "text", date: "date", timestamp: "timestamp" },
  ...{ decimal: "decimal", json: "json", binary: "binary" },
};
const record = {
  ...{ int: "9007199254740993", float: "-Infinity", bool: true, text: "a\u0000\n😀", date: "2024-02-29" },
  ...{ timestamp: "2024-02-29T01:02:03.004Z", decimal: "0.10", json: { a: [null] }, binary: "AP8=" },
};

describe("undo_change", () => {
  it("puts every value of every type back, after a deletion and after an update", async () => {
    const { use, insert, query, team } = await aTable(everyType);
    await insert([record, {}, { float: 0.1, text: "", binary: "", bool: false }]);
    const before = (await query({})).records;
    const deleted = await use("delete_record", { ...table, all: true });
    expect((await query({})).total).toBe(0);
    const answer = await use("undo_change", undoRef(deleted));
    expect([answer.text, answer.data]).toEqual([
      'The deletion in "things" is undone: 3 records are as before.',
      { table: "things", undone: "delete", records: 3 },
    ]);
    expect((await query({})).records).toEqual(before);

    const data = {
      ...record,
      int: 1,
      float: 1,
      bool: false,
      text: "x",
      date: null,
      decimal: "2",
      json: 1,
      binary: "AA==",
    };
    const updated = await use("update_record", { ...table, all: true, data });
    expect((await query({})).records).not.toEqual(before);
    await use("undo_change", undoRef(updated));
    expect((await query({})).records).toEqual(before);
    expect((await auditLog(team.slug)).at(-1)).toMatchObject({
      ...{ action: "record.undo", target: "table things" },
      after: { undo_ref: updated.data.undo_ref, action: "update", records: 3, by: "ada" },
    });
  });

  it("happens once, only for what there is and what one may see", async () => {
    const { use, insert } = await aTable({ n: "int" });
    await insert([{ n: 1 }]);
    const updated = await use("update_record", { ...table, filters: { n: 1 }, data: { n: 2 } });
    await use("undo_change", undoRef(updated));
    expect(await thrownBy(use("undo_change", undoRef(updated)))).toMatchObject({
      code: "conflict",
      message: expect.stringMatching(/^This change was undone already, at .*Z\.$/),
    });
    expect(await thrownBy(use("undo_change", { undo_ref: "undo_nope" }))).toMatchObject({
      code: "not_found",
      message: 'There is no change "undo_nope" that can be undone.',
    });
  });

  it("leaves alone what was changed in other columns since", async () => {
    const { use, insert, query } = await aTable({ a: "int", b: "int" });
    await insert([{ a: 1, b: 1 }]);
    const updated = await use("update_record", { ...table, all: true, data: { a: 2 } });
    await use("update_record", { ...table, all: true, data: { b: 2 } });
    await use("undo_change", undoRef(updated));
    expect((await query({})).records).toEqual(['{"id":1,"a":1,"b":2}']);
  });

  it("puts nothing back when one record was changed, deleted or its key taken since", async () => {
    const { use, insert, query } = await aTable({ u: { type: "text", unique: true }, n: "int" });
    await insert([{ u: "a" }, { u: "b" }, { u: "c" }]);
    const update = await use("update_record", { ...table, all: true, data: { n: 1 } });
    await use("update_record", { ...table, filters: { u: "b" }, data: { n: 2 } });
    await use("delete_record", { ...table, filters: { u: "c" } });
    const before = (await query({})).records;
    expect(await thrownBy(use("undo_change", undoRef(update)))).toEqual({
      code: "conflict",
      message:
        "2 of 3 records cannot be put back: they were changed since, what they refer to is gone, or their unique values are taken.",
      hint: "Nothing was changed. Look at these records with query_records and change them one by one.",
      details: { failed: 2, records: 3, row_ids: ["things 2", "things 3"] },
    });
    expect((await query({})).records).toEqual(before);

    const deleted = await use("delete_record", { ...table, filters: { u: { in: ["a", "b"] } } });
    await insert([{ u: "b" }]);
    expect((await thrownBy(use("undo_change", undoRef(deleted)))).details).toEqual({
      ...{ failed: 1, records: 2, row_ids: ["things 2"] },
    });
    await use("delete_record", { ...table, filters: { u: "b" } });
    await use("undo_change", undoRef(deleted));
    expect((await query({ columns: ["u"] })).records).toEqual(['{"u":"a"}', '{"u":"b"}']);
  });

  it("undoes two updates in the order that leads back, not in the other", async () => {
    const { use, insert, query } = await aTable({ n: "int" });
    await insert([{ n: 0 }]);
    const first = await use("update_record", { ...table, all: true, data: { n: 1 } });
    const second = await use("update_record", { ...table, all: true, data: { n: 2 } });
    expect((await thrownBy(use("undo_change", undoRef(first)))).code).toBe("conflict");
    await use("undo_change", undoRef(second));
    await use("undo_change", undoRef(first));
    expect((await query({ columns: ["n"] })).records).toEqual(['{"n":0}']);
  });

  it("follows a record whose key was changed, and tells records with other keys apart", async () => {
    const numbered = await aTable({ n: "int" });
    await numbered.insert([{ n: 1 }]);
    const moved = await numbered.use("update_record", { ...table, filters: { id: 1 }, data: { id: 7, n: 2 } });
    await numbered.use("undo_change", undoRef(moved));
    expect((await numbered.query({})).records).toEqual(['{"id":1,"n":1}']);

    const named = await aTable({ k: "text", n: "int" }, { primary_key: "k" });
    await named.insert([{ k: "a", n: 1 }]);
    const updated = await named.use("update_record", { ...table, filters: { k: "a" }, data: { n: 2 } });
    await named.use("delete_record", { ...table, filters: { k: "a" } });
    await named.insert([{ k: "b", n: 2 }]);
    expect((await thrownBy(named.use("undo_change", undoRef(updated)))).details).toMatchObject({ failed: 1 });
    expect((await named.query({})).records).toEqual(['{"k":"b","n":2}']);
  });

  it("gives a record without a numbered key another row number when its own is taken", async () => {
    const { use, insert, query } = await aTable({ k: "text" }, { primary_key: "k" });
    await insert([{ k: "a" }]);
    const deleted = await use("delete_record", { ...table, filters: { k: "a" } });
    await insert([{ k: "b" }]);
    await use("undo_change", undoRef(deleted));
    expect((await query({})).records).toEqual(['{"k":"a"}', '{"k":"b"}']);
  });

  it("brings back what went along, level by level, and the references that were taken out", async () => {
    const { context, use, insert, query } = await aTable({ name: "text" });
    const to = (name: string, on_delete: string) => ({
      type: "int",
      references: { table: name, column: "id", on_delete },
    });
    await makeTable(context, { table_name: "parts", schema: { thing: to("things", "cascade"), n: "int" } });
    await makeTable(context, { table_name: "screws", schema: { part: to("parts", "cascade") } });
    await makeTable(context, {
      table_name: "notes",
      schema: { thing: to("things", "set_null"), part: to("parts", "set_null") },
    });
    await insert([{ name: "a" }, { name: "b" }]);
    await use("insert_record", { table_name: "parts", data: [{ thing: 1, n: 1 }, { thing: 1 }, { thing: 2 }] });
    await use("insert_record", { table_name: "screws", data: [{ part: 1 }, { part: 2 }, { part: 3 }] });
    await use("insert_record", {
      table_name: "notes",
      data: [
        { thing: 1, part: 1 },
        { thing: 2, part: 2 },
      ],
    });
    const all = async () =>
      await Promise.all(
        ["things", "parts", "screws", "notes"].map(async (name) => (await query({ table: name })).records),
      );
    const before = await all();
    const deleted = await use("delete_record", { ...table, filters: { id: 1 } });
    expect(deleted.data.also).toEqual([
      { table: "parts", action: "delete", records: 2 },
      { table: "screws", action: "delete", records: 2 },
      { table: "notes", action: "set_null", records: 3 },
    ]);
    expect(await all()).toEqual([
      ['{"id":2,"name":"b"}'],
      ['{"id":3,"thing":2,"n":null}'],
      ['{"id":3,"part":3}'],
      ['{"id":1,"thing":null,"part":null}', '{"id":2,"thing":2,"part":null}'],
    ]);
    expect((await use("undo_change", undoRef(deleted))).data.records).toBe(8);
    expect(await all()).toEqual(before);
  });

  it("brings back a tree whose records refer to each other", async () => {
    const parent = { type: "int", references: { table: "things", column: "id", on_delete: "cascade" } };
    const { use, insert, query } = await aTable({ parent });
    await insert([{ id: 9 }, { id: 5, parent: 9 }, { id: 1, parent: 5 }, { id: 3, parent: 9 }, { id: 7 }]);
    const before = (await query({})).records;
    const one = await use("delete_record", { ...table, filters: { id: 9 } });
    expect(one.data.also).toEqual([{ table: "things", action: "delete", records: 3 }]);
    await use("undo_change", undoRef(one));
    const all = await use("delete_record", { ...table, all: true });
    await use("undo_change", undoRef(all));
    expect((await query({})).records).toEqual(before);
  });

  it("keeps long records in pieces, and cuts no character in two", async () => {
    const { use, insert, query } = await aTable({ v: "text", b: "binary" });
    await insert([
      { v: `a${"😀".repeat(260_000)}` },
      { v: "\u0001".repeat(1_000_000) },
      { b: btoa("\u00ff".repeat(700_000)) },
    ]);
    const before = await Promise.all([1, 2, 3].map(async (id) => (await query({ filters: { id } })).records));
    const deleted = await use("delete_record", { ...table, all: true });
    await use("undo_change", undoRef(deleted));
    expect(await Promise.all([1, 2, 3].map(async (id) => (await query({ filters: { id } })).records))).toEqual(before);
  });

  it("refuses when a column or the table is gone", async () => {
    const { context, use, insert } = await aTable({ n: "int" });
    await makeTable(context, { table_name: "others", schema: { n: "int" } });
    await insert([{ n: 1 }]);
    const updated = await use("update_record", { ...table, all: true, data: { n: 2 } });
    await use("alter_table", { ...table, rename_columns: { n: "m" } });
    expect(await thrownBy(use("undo_change", undoRef(updated)))).toMatchObject({
      code: "conflict",
      message: 'The table "things" no longer has the column "n" that this change touched.',
    });
    await use("alter_table", { ...table, rename_columns: { m: "n" }, rename_to: "stuff" });
    expect((await use("undo_change", undoRef(updated))).data).toEqual({ table: "stuff", undone: "update", records: 1 });
  });

  it("touches nothing through another table that is not shown to whoever asks", async () => {
    const { context, use, insert, team } = await aTable({ n: "int" });
    const references = { table: "things", column: "id", on_delete: "cascade" };
    await makeTable(context, { table_name: "secret", schema: { thing: { type: "int", references } } });
    await insert([{ n: 1 }, { n: 2 }]);
    await use("insert_record", { table_name: "secret", data: [{ thing: 1 }, { thing: 2 }] });
    const hide = (name: string, visibility: string) =>
      runInDurableObject(workspaceOf(team, context), (_object, { storage }) => {
        const sources = JSON.stringify([{ id: "ds_1", name: "d", version: 1, visibility }]);
        storage.sql.exec("UPDATE sd_relations SET sources_json = ? WHERE key = ?", sources, name);
      });
    const deleted = await use("delete_record", { ...table, filters: { id: 1 } });
    await hide("secret", "owner");
    expect(await thrownBy(use("delete_record", { ...table, filters: { id: 2 } }))).toMatchObject({
      code: "constraint_failed",
      message: "This would delete 1 record of a table that is not shown to you or was dropped.",
    });
    expect((await thrownBy(use("undo_change", undoRef(deleted)))).message).toBe(
      "A table that this change touched was dropped since, or is not shown to you.",
    );
    await hide("things", "owner");
    expect((await thrownBy(use("undo_change", undoRef(deleted)))).code).toBe("not_found");
    expect((await use("undo_change", undoRef(deleted), "owner")).data.records).toBe(2);
  });

  it("keeps fifty thousand records and refuses more", async () => {
    const { context, use, query, team } = await aTable({ n: "int", s: { type: "text", default: "old" } });
    const grow = (count: number) =>
      runInDurableObject(workspaceOf(team, context), (_object, { storage }) => {
        const numbers = JSON.stringify(Array.from({ length: count }, (_, n) => n));
        storage.sql.exec("INSERT INTO things (n) SELECT value FROM json_each(?)", numbers);
      });
    await grow(tableLimits.changedRecords);
    const call = { ...table, all: true, data: { s: "new" } };
    const { confirm } = (await use("update_record", { ...call, dry_run: true })).data;
    const updated = await use("update_record", { ...call, confirm });
    expect((await use("undo_change", undoRef(updated))).data.records).toBe(50_000);
    expect((await query({ filters: { s: "old" }, countOnly: true })).total).toBe(50_000);
    await grow(1);
    expect(await thrownBy(use("delete_record", { ...table, all: true }))).toMatchObject({
      code: "too_large",
      message:
        "This would change 50001 records; one call changes 50000 at most, since each is kept to be undone (limit changedRecords).",
    });
  });

  it("is swept away when its time is over", async () => {
    const { context, use, insert, team } = await aTable({ n: "int" });
    await insert([{ n: 1 }]);
    const updated = await use("update_record", { ...table, all: true, data: { n: 2 } });
    const workspace = workspaceOf(team, context);
    const kept = () =>
      runInDurableObject(workspace, (_object, { storage }) =>
        ["sd_changes", "sd_change_chunks"].map((name) => storage.sql.exec(`SELECT count(*) AS n FROM ${name}`).one().n),
      );
    expect(await kept()).toEqual([1, 1]);
    await runInDurableObject(workspace, (_object, { storage }) => {
      storage.sql.exec("UPDATE sd_changes SET expires_at = expires_at - ?", tableLimits.undoMs);
    });
    expect((await thrownBy(use("undo_change", undoRef(updated)))).code).toBe("not_found");
    await runDurableObjectAlarm(workspace);
    expect(await kept()).toEqual([0, 0]);
  });
});
