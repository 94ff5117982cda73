// Dropping tables, bringing them back, and their end. Runs in workerd.
import { describe, expect, it } from "vitest";
import { addRecords, type TableTeam, tableTeam } from "../../../test/helpers/table-team.ts";
import { auditLog } from "../../../test/helpers/team.ts";
import type { DescribedTable } from "./schema.ts";

const shop = async () => {
  const team = await tableTeam();
  await team.use("create_table", {
    table_name: "customers",
    schema: { name: "text" },
    full_text: ["name"],
    history: true,
  });
  await team.use("create_table", {
    table_name: "orders",
    schema: {
      code: "text",
      customer: { type: "int", references: { table: "customers", column: "id" } },
      after: { type: "text", references: { table: "orders", column: "code", on_delete: "set_null" } },
    },
    primary_key: "code",
    full_text: ["code"],
    history: true,
  });
  await addRecords(team, "customers", [{ name: "Ana" }, { name: "Bea" }]);
  await addRecords(team, "orders", [
    { code: "a1", customer: 1 },
    { code: "b2", customer: 2, after: "a1" },
  ]);
  return team;
};

const drop = async (team: TableTeam, name: string) => {
  const refused = await team.failure("drop_table", { table_name: name });
  return team.use("drop_table", { table_name: name, confirm: refused?.details?.confirm });
};

describe("drop_table", () => {
  it("needs a confirmation of just what it drops, unless there are no rows", async () => {
    const team = await shop();
    await team.use("create_table", { table_name: "empty", schema: { a: "int" } });
    expect(await team.use("drop_table", { table_name: "empty" })).toMatchObject({ name: "empty", rows: 0 });
    const refused = await team.failure("drop_table", { table_name: "orders" });
    expect([refused?.code, refused?.message]).toEqual([
      "confirmation_required",
      "This would drop the table orders with 2 rows.",
    ]);
    await addRecords(team, "orders", [{ code: "c3" }]);
    expect(
      await team.failure("drop_table", { table_name: "orders", confirm: refused?.details?.confirm }),
    ).toMatchObject({
      message: "What this changes is no longer what was confirmed. This would drop the table orders with 3 rows.",
    });
    expect(await drop(team, "orders")).toMatchObject({ name: "orders", rows: 3 });
    expect((await auditLog(team.slug)).map(({ action }) => action).at(-1)).toBe("table.drop");
    const gone = await team.failure("describe_table", { table_name: "Orders" });
    expect([gone?.code, gone?.message]).toEqual(["not_found", 'The table "orders" was dropped.']);
    expect(gone?.hint).toMatch(/^restore_table brings it back until \d{4}-.*Z\.$/);
  });

  it("is refused while others refer to the table, not while it refers to itself", async () => {
    const team = await shop();
    expect(await team.failure("drop_table", { table_name: "customers" })).toEqual({
      code: "conflict",
      message: 'The table "customers" cannot be dropped while others refer to it: "orders"."customer".',
      hint: "Drop those tables first.",
    });
    await drop(team, "orders");
    await drop(team, "customers");
    expect(await team.rows("SELECT count(*) AS n FROM sqlite_master WHERE name LIKE '%\\_fts%' ESCAPE '\\'")).toEqual([
      { n: 0 },
    ]);
  });

  it("leaves no reference behind that nobody sees", async () => {
    const team = await shop();
    await drop(team, "orders");
    await team.sql((sql) => sql.exec("DELETE FROM customers WHERE id = 1"));
    expect(await team.failure("restore_table", { table_name: "orders" })).toMatchObject({ code: "constraint_failed" });
    expect(await team.use("list_tables")).toMatchObject({
      tables: [{ name: "customers" }],
      dropped: [{ name: "orders" }],
    });
  });
});

describe("restore_table", () => {
  it("brings back rows, keys, indexes, search and history", async () => {
    const team = await shop();
    await team.use("create_index", { table_name: "customers", columns: ["name"], unique: true });
    await drop(team, "orders");
    await drop(team, "customers");
    expect(await team.failure("restore_table", { table_name: "orders" })).toMatchObject({
      code: "conflict",
      message: 'The table "orders" refers to a table that is not as it was: The table "customers" was dropped.',
      hint: "Restore that table first.",
    });
    await team.use("restore_table", { table_name: "customers" });
    expect(await team.use("restore_table", { table_name: "Orders" })).toMatchObject({
      table: { name: "orders", rows: 2 },
      rows: 2,
    });
    expect(await team.rows("SELECT rowid, * FROM orders ORDER BY rowid")).toEqual([
      { rowid: 1, code: "a1", customer: 1, after: null },
      { rowid: 2, code: "b2", customer: 2, after: "a1" },
    ]);
    expect(await team.rows("SELECT rowid FROM orders_fts WHERE orders_fts MATCH 'b2'")).toEqual([{ rowid: 2 }]);
    expect(await team.rows("SELECT rowid FROM customers_fts WHERE customers_fts MATCH 'bea'")).toEqual([{ rowid: 2 }]);
    expect(await team.failure("insert_record", { table_name: "customers", data: { name: "Bea" } })).toMatchObject({
      code: "constraint_failed",
    });
    expect(
      await team.failure("insert_record", { table_name: "orders", data: { code: "c", customer: 9 } }),
    ).toMatchObject({
      code: "constraint_failed",
    });
    await addRecords(team, "customers", [{ name: "Cid" }]);
    expect((await team.use<{ changes: unknown[] }>("row_history", { table_name: "customers" })).changes).toHaveLength(
      3,
    );
    expect((await team.use<{ changes: unknown[] }>("row_history", { table_name: "orders" })).changes).toHaveLength(2);
    expect(await team.rows("SELECT name FROM sqlite_master WHERE name LIKE 'sd_dropped%'")).toEqual([]);
  });

  it("takes another name when its own is taken", async () => {
    const team = await shop();
    await drop(team, "orders");
    await team.use("create_table", { table_name: "orders", schema: { a: "int" } });
    expect(await team.failure("restore_table", { table_name: "orders" })).toMatchObject({ code: "already_exists" });
    const { table } = await team.use<{ table: { name: string } }>("restore_table", {
      table_name: "orders",
      rename_to: "old_orders",
    });
    expect(table.name).toBe("old_orders");
    const described = await team.use<DescribedTable>("describe_table", { table_name: "old_orders" });
    expect(described.columns.find(({ name }) => name === "after")?.references?.table).toBe("old_orders");
    expect(await team.failure("restore_table", { table_name: "orders" })).toEqual({
      code: "conflict",
      message: 'The table "orders" is in use; there is nothing to restore.',
      hint: "undo_change takes back updates and deletions of its records.",
    });
    expect(await team.failure("restore_table", { table_name: "nothing" })).toMatchObject({ code: "not_found" });
  });

  it("is over once the time is up: the alarm removes all there was", async () => {
    const team = await shop();
    await drop(team, "orders");
    await team.sql((sql) => sql.exec("UPDATE sd_tables SET purge_at = 1 WHERE purge_at IS NOT NULL"));
    await team.alarm();
    expect(await team.failure("restore_table", { table_name: "orders" })).toMatchObject({ code: "not_found" });
    expect(
      await team.rows(
        "SELECT (SELECT count(*) FROM sd_tables) AS tables, (SELECT count(*) FROM sd_relations) AS names, (SELECT count(DISTINCT table_id) FROM sd_history) AS histories",
      ),
    ).toEqual([{ tables: 1, names: 1, histories: 1 }]);
    expect(await team.rows("SELECT name FROM sqlite_master WHERE name LIKE 'sd_dropped%'")).toEqual([]);
  });
});
