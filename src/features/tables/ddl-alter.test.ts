// Changing tables: what is done, what SQLite cannot do, and that nothing is done by half. Runs in workerd.
import { describe, expect, it } from "vitest";
import { addRecords, type TableTeam, tableTeam } from "../../../test/helpers/table-team.ts";
import { auditLog } from "../../../test/helpers/team.ts";
import type { DescribedTable } from "./schema.ts";

const shop = async () => {
  const team = await tableTeam();
  await team.use("create_table", {
    table_name: "customers",
    schema: { name: "text", email: { type: "text", unique: true } },
  });
  await team.use("create_table", {
    table_name: "orders",
    schema: {
      title: "text",
      low: "int",
      high: { type: "int", check: "high > low" },
      customer: { type: "int", references: { table: "customers", column: "id" } },
      parent: { type: "int", references: { table: "orders", column: "id", on_delete: "cascade" } },
    },
    unique: [["title", "customer"]],
    full_text: ["title"],
    history: true,
  });
  await addRecords(team, "customers", [{ name: "Ana" }]);
  await addRecords(team, "orders", [
    { title: "red shoes", low: 1, high: 2, customer: 1 },
    { title: "blue shoes", low: 3, high: 4, parent: 1 },
  ]);
  return team;
};

const alter = (team: TableTeam, changes: Record<string, unknown>) =>
  team.use<DescribedTable>("alter_table", { table_name: "orders", ...changes });

const columnsOf = (table: DescribedTable) => table.columns.map(({ name }) => name);
const searched = (team: TableTeam, table: string, words: string) =>
  team.rows(`SELECT rowid FROM ${table}_fts WHERE ${table}_fts MATCH '${words}' ORDER BY rowid`);

describe("alter_table", () => {
  it("adds, renames and drops columns in one step", async () => {
    const team = await shop();
    await team.use("create_table", {
      table_name: "plain",
      schema: { a: "int", b: { type: "text", unique: true }, c: "date" },
    });
    await addRecords(team, "plain", [{ a: 1, b: "x", c: "2025-01-01" }]);
    const changed = await team.use<DescribedTable>("alter_table", {
      table_name: "plain",
      drop_columns: ["B"],
      rename_columns: { a: "amount", c: "b" },
      add_columns: { a: { type: "decimal", nullable: false, default: "0.00" }, note: "text" },
      describe_columns: { amount: "In cents" },
      description: "Plain rows.",
    });
    expect(columnsOf(changed)).toEqual(["id", "amount", "b", "a", "note"]);
    expect([changed.description, changed.columns[1]?.description, changed.rows]).toEqual([
      "Plain rows.",
      "In cents",
      1,
    ]);
    expect(await team.rows("SELECT * FROM plain")).toEqual([
      { id: 1, amount: 1, b: "2025-01-01", a: "0.00", note: null },
    ]);
    expect((await auditLog(team.slug)).map(({ action, target }) => [action, target]).at(-1)).toEqual([
      "table.alter",
      "table plain",
    ]);
  });

  it("follows a new column's name into checks, keys, references, search and history", async () => {
    const team = await shop();
    const changed = await alter(team, { rename_columns: { low: "from", title: "name", id: "no" } });
    expect(changed.columns.find(({ name }) => name === "high")?.check).toBe('high > "from"');
    expect([changed.primary_key, changed.unique, changed.full_text]).toEqual([
      ["no"],
      [["name", "customer"]],
      ["name"],
    ]);
    expect(changed.columns.find(({ name }) => name === "parent")?.references).toEqual({
      ...{ table: "orders", column: "no", on_delete: "cascade" },
    });
    await addRecords(team, "orders", [{ name: "green hat", from: 1, high: 2 }]);
    expect(await searched(team, "orders", "green OR red")).toEqual([{ rowid: 1 }, { rowid: 3 }]);
    const last = await team.rows("SELECT after_json AS j FROM sd_history ORDER BY seq DESC LIMIT 1");
    expect(last).toEqual([{ j: '{"no":3,"name":"green hat","from":1,"high":2,"customer":null,"parent":null}' }]);
    expect(await team.failure("insert_record", { table_name: "orders", data: { from: 3, high: 2 } })).toMatchObject({
      code: "constraint_failed",
    });
  });

  it("takes a column's name for that alone, not for a type or a function", async () => {
    const team = await tableTeam();
    await team.use("create_table", {
      table_name: "t",
      schema: {
        text: { type: "text", check: "length(CAST([text] AS text)) > 1 AND text COLLATE nocase <> 'text'" },
        length: "int",
      },
    });
    const changed = await team.use<DescribedTable>("alter_table", {
      table_name: "t",
      rename_columns: { text: 'the "word"', length: "len" },
    });
    expect(changed.columns[1]?.check).toBe(
      'length(CAST("the ""word""" AS text)) > 1 AND "the ""word""" COLLATE nocase <> \'text\'',
    );
  });

  it("renames a table together with its search and all that refers to it", async () => {
    const team = await shop();
    await team.use("alter_table", { table_name: "customers", rename_to: "people", rename_columns: { id: "nr" } });
    const orders = await alter(team, { rename_to: "sales" });
    expect([orders.name, orders.columns.find(({ name }) => name === "customer")?.references]).toEqual([
      "sales",
      { table: "people", column: "nr", on_delete: "restrict" },
    ]);
    expect(orders.columns.find(({ name }) => name === "parent")?.references?.table).toBe("sales");
    expect(await searched(team, "sales", "shoes")).toEqual([{ rowid: 1 }, { rowid: 2 }]);
    expect(await team.failure("describe_table", { table_name: "orders" })).toMatchObject({ code: "not_found" });
    const described = await team.use<DescribedTable>("describe_table", { table_name: "people" });
    expect(described.referenced_by).toEqual([{ table: "sales", column: "customer", refers_to: "nr" }]);
    expect(await team.failure("alter_table", { table_name: "sales", rename_to: "PEOPLE" })).toMatchObject({
      code: "already_exists",
    });
  });

  it("begins and ends search and history", async () => {
    const team = await shop();
    await team.use("alter_table", { table_name: "customers", add_full_text: ["name"], history: true });
    expect(await searched(team, "customers", "ana")).toEqual([{ rowid: 1 }]);
    await addRecords(team, "customers", [{ name: "Bea" }]);
    expect(await searched(team, "customers", "bea")).toEqual([{ rowid: 2 }]);
    await alter(team, { remove_full_text: ["title"], history: false });
    expect(await team.rows("SELECT name FROM sqlite_master WHERE name LIKE 'orders_fts%'")).toEqual([]);
    expect(await team.rows("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'orders'")).toEqual(
      [],
    );
  });

  it.each([
    [{ drop_columns: ["id"] }, 'The column "id" of "orders" cannot be dropped: it is of the primary key.'],
    [{ drop_columns: ["customer"] }, 'The column "customer" of "orders" cannot be dropped: it refers to "customers".'],
    [{ drop_columns: ["low"] }, 'The column "low" of "orders" cannot be dropped: another check names it.'],
    [
      { drop_columns: ["title"] },
      'The column "title" of "orders" cannot be dropped: it is of what is unique together.',
    ],
    [{ drop_columns: ["lo"] }, 'drop_columns: there is no column "lo".'],
    [{ rename_columns: { low: "HIGH" } }, 'Two columns would be called "high".'],
    [
      { add_columns: { must: { type: "int", nullable: false } } },
      'The column "must" cannot be added to "orders", which has rows: they would have no value for it.',
    ],
    [
      { add_columns: { at: { type: "timestamp", default: { sql: "current_timestamp" } } } },
      'The column "at" cannot be added to "orders", which has rows: its default is computed.',
    ],
    [
      { add_columns: { x: { type: "int", check: "y > 1" } } },
      'The check of the column "x" names "y", which is no column of the table.',
    ],
    [
      { add_columns: { n: "int" }, add_full_text: ["n"] },
      'The column "n" is int; full-text search takes text and json.',
    ],
  ])("refuses %j and leaves all as it was", async (changes, message) => {
    const team = await shop();
    const schema = "SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY name";
    const before = await team.rows(schema);
    const refused = await team.failure("alter_table", { table_name: "orders", description: "new", ...changes });
    expect([refused?.code, refused?.message]).toEqual(["invalid_argument", message]);
    expect(await team.rows(schema)).toEqual(before);
    expect((await team.use<DescribedTable>("describe_table", { table_name: "orders" })).description).toBe("");
  });

  it("refuses what rows break", async () => {
    const team = await shop();
    expect(
      await team.failure("alter_table", {
        table_name: "orders",
        add_columns: { k: { type: "int", default: 1, unique: true } },
      }),
    ).toMatchObject({
      code: "constraint_failed",
      message: 'The value of the column "k" would occur twice in "orders", where each may occur once.',
    });
    expect(
      await team.failure("alter_table", {
        table_name: "orders",
        add_columns: { k: { type: "int", default: 1, check: "k > low" } },
      }),
    ).toMatchObject({ code: "constraint_failed", message: 'A row breaks a check of "orders".' });
  });
});

describe("create_index", () => {
  it("makes and drops indexes of a table's own", async () => {
    const team = await shop();
    const made = await team.use("create_index", { table_name: "orders", columns: ["customer", "low"] });
    expect(made).toEqual({
      ...{ table: "orders", change: "created" },
      index: { name: "by_customer_low", columns: ["customer", "low"], unique: false },
    });
    expect(
      await team.failure("create_index", { table_name: "orders", columns: ["low"], name: "By_Customer_Low" }),
    ).toMatchObject({
      code: "already_exists",
      message: 'The table "orders" has an index "by_customer_low" already.',
    });
    const { indexes } = await team.use<DescribedTable>("describe_table", { table_name: "orders" });
    expect(indexes).toEqual([{ name: "by_customer_low", columns: ["customer", "low"], unique: false }]);
    expect(await team.failure("alter_table", { table_name: "orders", drop_columns: ["low"] })).toMatchObject({
      message: 'The column "low" of "orders" cannot be dropped: the index "by_customer_low" is on it.',
    });
    await team.use("create_index", { table_name: "orders", drop_index: "by_customer_low" });
    expect(await team.failure("create_index", { table_name: "orders", drop_index: "by_customer_low" })).toEqual({
      ...{ code: "not_found", message: 'The table "orders" has no index "by_customer_low".', hint: "It has none." },
    });
    expect(
      await team.failure("create_index", { table_name: "orders", drop_index: "unique title, customer" }),
    ).toMatchObject({
      code: "invalid_argument",
    });
  });

  it("keeps values unique from then on", async () => {
    const team = await shop();
    await addRecords(team, "customers", [{ name: "Ana" }]);
    expect(
      await team.failure("create_index", { table_name: "customers", columns: ["name"], unique: true }),
    ).toMatchObject({
      code: "constraint_failed",
      message: 'The value of the column "name" would occur twice in "customers", where each may occur once.',
    });
    await team.use("create_index", { table_name: "customers", columns: ["email", "name"], unique: true, name: "one" });
    expect(await team.failure("create_index", { table_name: "customers", columns: [] })).toMatchObject({
      message: "An index needs columns.",
    });
    expect(
      await team.failure("create_index", { table_name: "customers", columns: ["x"], name: 'a" ON sd_tables (id); --' }),
    ).toMatchObject({
      code: "invalid_argument",
    });
  });
});

describe("limits", () => {
  it("hold for tables, columns, names and indexes", async () => {
    const team = await tableTeam();
    const wide = (columns: number, chars: number) =>
      Object.fromEntries(Array.from({ length: columns }, (_, index) => [`c${index}`.padEnd(chars, "x"), "int"]));
    expect(await team.failure("create_table", { table_name: "t", schema: wide(90, 4) })).toMatchObject({
      code: "too_large",
      message: "The table would have 91 columns; it may have 90 (limit columns).",
    });
    expect(await team.failure("create_table", { table_name: "t", schema: wide(50, 100) })).toMatchObject({
      code: "too_large",
      message: "The columns' names have 5002 characters; together they may have 4000 (limit columnNameChars).",
    });
    await team.use("create_table", { table_name: "t", schema: { a: "int" } });
    for (let index = 0; index < 20; index++)
      await team.use("create_index", { table_name: "t", columns: ["a"], name: `i${index}` });
    expect(await team.failure("create_index", { table_name: "t", columns: ["a"], name: "more" })).toMatchObject({
      code: "too_large",
      message: 'The table "t" has 20 indexes; it may have 20 (limit indexes).',
    });
    await team.sql((sql) => {
      for (let index = 1; index < 200; index++) {
        sql.exec(
          `INSERT INTO sd_relations SELECT 'tbl_${index}', kind, 'n${index}', 'n${index}', sources_json, created_by, created_at FROM sd_relations WHERE key = 't'`,
        );
        sql.exec(
          `INSERT INTO sd_tables SELECT 'tbl_${index}', description, columns_json, constraints_json, searched_json, history, data_version, updated_by, updated_at, dropped_at, purge_at FROM sd_tables LIMIT 1`,
        );
      }
    });
    expect(await team.failure("create_table", { table_name: "u", schema: { a: "int" } })).toMatchObject({
      code: "too_large",
      message: "There are 200 tables already, the most there may be (limit tables).",
    });
  });
});
