// Writing with SQL: members' rows of tables, counted, confirmed, logged, and nothing else. Runs in workerd.
import { describe, expect, it } from "vitest";
import { attackFamilies } from "../../../test/fixtures/sql-attacks.ts";
import { contents, onWorkspace, type SqlWorld, settings, sqlWorld, withRegions } from "../../../test/helpers/sql.ts";
import { auditLog } from "../../../test/helpers/team.ts";

const write = (world: SqlWorld, query: string, more: Record<string, unknown> = {}) =>
  world.ask(query, { read_only: false, ...more });

/** Schema and rows; what was undone counts as written, too, so the number of writes is left out. */
const heldBy = (world: SqlWorld): Promise<string> =>
  onWorkspace(world.context, (storage) => JSON.stringify((JSON.parse(contents(storage)) as unknown[]).slice(0, 2)));

const stateOf = (world: SqlWorld): Promise<string> =>
  onWorkspace(world.context, (storage) => JSON.stringify([contents(storage), settings(storage)]));

describe("a write", () => {
  it("changes rows, shows RETURNING, and is logged", async () => {
    const world = await sqlWorld();
    const answer = await write(
      world,
      "UPDATE orders SET items = items + ? WHERE status = 'paid' RETURNING id, items, paid",
      { params: [10] },
    );
    expect(answer.error ?? answer.data).toMatchObject({
      ...{ changed: 3, tables: ["orders"], returned: 3, total: 3, truncated: false },
      rows: [
        { id: 1, items: 11, paid: true },
        { id: 3, items: 13, paid: true },
        { id: 5, items: 14, paid: true },
      ],
    });
    expect((await auditLog(world.team.slug)).at(-1)).toEqual({
      ...{ username: "ada", action: "sql.write", target: "table orders", before: null },
      after: {
        ...{ changed: 3, tables: ["orders"] },
        statement: "UPDATE orders SET items = items + ? WHERE status = 'paid' RETURNING id, items, paid",
      },
    });
    const history = await onWorkspace(world.context, ({ sql }) =>
      sql.exec("SELECT action, by FROM sd_history WHERE row_id = 3 ORDER BY seq").toArray(),
    );
    expect(history).toEqual([
      { action: "insert", by: "ada" },
      { action: "update", by: "ada" },
    ]);
  });

  it("takes rows from frames, common table expressions and RETURNING-less inserts", async () => {
    const world = await sqlWorld();
    for (const [query, changed] of [
      ["INSERT INTO orders (items, status) SELECT hits, 'open' FROM visits WHERE page = 'shop'", 2],
      ["WITH x AS (SELECT max(hits) AS h FROM visits) UPDATE orders SET amount = (SELECT h FROM x) WHERE id = 1", 1],
      ["REPLACE INTO customers (id, name) VALUES (9, 'Eve')", 1],
      ["INSERT INTO customers (id, name) VALUES (9, 'Eve') ON CONFLICT DO UPDATE SET city = 'Bonn'", 1],
      ["DELETE FROM notes WHERE id IN (SELECT rowid FROM notes_fts WHERE notes_fts MATCH 'late')", 1],
      ["DELETE FROM customers WHERE id = 1", 1],
      ["UPDATE orders SET items = 0 WHERE 0", 0],
    ] as const) {
      const answer = await write(world, query);
      expect([query, answer.error ?? answer.data.changed]).toEqual([query, changed]);
    }
    const after = await world.ask(
      "SELECT (SELECT count(*) FROM orders) AS orders, (SELECT city FROM customers WHERE id = 9) AS city, (SELECT count(*) FROM notes_fts WHERE notes_fts MATCH 'parcel') AS found",
    );
    expect(after.error ?? after.rows).toEqual([{ orders: 6, city: "Bonn", found: 1 }]);
  });

  it("is counted without being done, and confirmed when it is much", async () => {
    const world = await sqlWorld();
    await write(
      world,
      "WITH RECURSIVE c(n) AS (VALUES (1)) INSERT INTO customers (name) SELECT 'x' FROM visits a, visits b, visits c LIMIT 99",
    );
    await write(world, "INSERT INTO customers (name) VALUES ('y')");
    const before = await heldBy(world);
    const query = "UPDATE customers SET city = 'Rom'";
    const dry = await write(world, query, { dry_run: true });
    expect(dry.error ?? [dry.text, dry.data]).toEqual([
      "Would change 104 records of customers. Nothing was changed.",
      { changed: 104, tables: ["customers"], dry_run: true },
    ]);
    const { error } = await write(world, query);
    expect(error).toMatchObject({
      code: "confirmation_required",
      message: "This would change 104 records of customers.",
      details: { count: 104 },
    });
    expect(await heldBy(world)).toBe(before);
    const confirm = String(error?.details?.confirm);
    expect((await write(world, "DELETE FROM customers", { confirm })).error?.message).toBe(
      "This confirmation is of another call. This would change 104 records of customers.",
    );
    const done = await write(world, query, { confirm });
    expect(done.error ?? done.data.changed).toBe(104);
    expect((await write(world, query, { confirm })).error?.message).toBe(
      "What this changes is no longer what was confirmed. This would change 104 records of customers.",
    );
  });

  it("keeps the table's rules, and nothing half-written", async () => {
    const world = await sqlWorld();
    const before = await onWorkspace(world.context, ({ sql }) =>
      JSON.stringify(sql.exec("SELECT * FROM orders").toArray()),
    );
    for (const [query, message] of [
      [
        "UPDATE orders SET items = id - 4",
        "The statement would put in a value that breaks a check of the table, or is not one of its column's type. Nothing was changed.",
      ],
      [
        "INSERT INTO customers (city) VALUES ('x')",
        "The statement would put in null where a value is required. Nothing was changed.",
      ],
      [
        "INSERT INTO customers (id, name) VALUES (7, 'a'), (7, 'b')",
        "The statement would put in a value that occurs already where it must be unique. Nothing was changed.",
      ],
      [
        "INSERT INTO orders (customer) VALUES (99)",
        "The statement would put in a reference to a record that is not there, or takes away one that is referred to. Nothing was changed.",
      ],
      [
        "UPDATE orders SET items = 'many'",
        "The statement would put in a value of another type than its column. Nothing was changed.",
      ],
    ]) {
      const { error } = await write(world, query ?? "");
      expect([error?.code, error?.message]).toEqual(["constraint_failed", message]);
    }
    expect(
      await onWorkspace(world.context, ({ sql }) => JSON.stringify(sql.exec("SELECT * FROM orders").toArray())),
    ).toBe(before);
  });

  it("passes the datasets behind what it reads on to the table", async () => {
    const world = await sqlWorld();
    const admin = await world.team.call("admin");
    const source = { id: "ds_1", name: "one", version: 1, visibility: "admin" as const };
    const id = await admin.workspace.frames().begin(
      { actor: admin.actor, client: null, address: null, requestId: "r" },
      {
        name: "secret",
        columns: [{ name: "n", type: "int" }],
        lineage: { operation: "test", inputs: [] },
        sources: [source],
      },
    );
    await admin.workspace.frames().append(id, [{ count: 1, json: "[[1]]" }]);
    await admin.workspace.frames().finish(id);
    const done = await world.ask("INSERT INTO notes (title) SELECT n FROM secret", { read_only: false }, "admin");
    expect(done.error ?? done.data.changed).toBe(1);
    expect((await world.ask("SELECT title FROM notes")).error?.message).toBe(
      'There is no table, frame or dataset "notes".',
    );
  });
});

describe("what is no table", () => {
  it("is not written to, and says what it is", async () => {
    const world = await withRegions(await sqlWorld());
    for (const [name, message, hint] of [
      ["regions", '"regions" is a dataset; SQL does not change datasets.', "import_table makes a table of it."],
      [
        "visits",
        '"visits" is a frame; frames are not changed.',
        "Make another frame with sql_frame, derive or filter; or import_table makes a table of it.",
      ],
    ]) {
      expect((await write(world, `DELETE FROM ${name}`)).error).toMatchObject({ code: "sql_forbidden", message, hint });
    }
    expect((await write(world, "DELETE FROM nothing")).error).toMatchObject({
      ...{ code: "not_found", message: 'There is no table "nothing".' },
    });
  });
});

describe("what is no write of rows", () => {
  const families = attackFamilies.filter(
    ({ name }) =>
      !["writes as they are, in other cases, behind comments and blanks", "writes within SELECT"].includes(name),
  );

  it("is refused all the same where writing is allowed", async () => {
    const world = await sqlWorld();
    const own = [
      ...[
        "DELETE FROM sd_tables",
        "UPDATE sd_relations SET name = 'x'",
        "INSERT INTO sd_outbox (told_json) VALUES ('{}')",
        "DELETE FROM main.sd_life",
      ],
      ...[
        "UPDATE sqlite_master SET sql = ''",
        "DELETE FROM sqlite_sequence",
        "DELETE FROM sd_f_1",
        "DELETE FROM notes_fts_data",
        "DELETE FROM 'sd_tables'",
      ],
      ...[
        "INSERT INTO notes_fts(notes_fts) VALUES ('rebuild')",
        "INSERT INTO notes_fts(notes_fts) VALUES ('delete-all')",
        "DELETE FROM [notes_fts]",
        "DELETE FROM visits",
      ],
      ...[
        "INSERT OR ROLLBACK INTO orders (id) VALUES (1)",
        "UPDATE OR ROLLBACK orders SET id = 1",
        "INSERT INTO orders (items) SELECT history FROM sd_tables",
      ],
      ...[
        "UPDATE orders SET tags = (SELECT sql FROM sqlite_master LIMIT 1)",
        "UPDATE orders SET tags = (SELECT told_json FROM main.sd_outbox)",
      ],
      ...[
        "DELETE FROM orders RETURNING (SELECT count(*) FROM sd_life)",
        "INSERT INTO orders (items) VALUES (total_changes())",
        "UPDATE orders SET items = 1; PRAGMA foreign_keys = off",
      ],
      ...[
        "WITH sd_tables AS (SELECT 1) DELETE FROM main.sd_tables",
        "DELETE FROM temp.orders",
        "REPLACE INTO applied_migrations VALUES (1, 'x', 1)",
        "DELETE FROM _cf_METADATA",
      ],
      ...[
        "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) INSERT INTO orders (items) SELECT n FROM c",
        "CREATE TABLE evil (x)",
        "DROP TABLE orders",
        "PRAGMA foreign_keys = off",
      ],
    ];
    const statements = [
      ...own,
      ...families.filter(({ verdict }) => verdict === "refused").flatMap((family) => family.statements),
    ];
    const before = await stateOf(world);
    const wrong: unknown[] = [];
    for (const statement of statements) {
      const { error } = await write(world, statement);
      if (!["sql_forbidden", "sql_invalid", "not_found", "too_large", "invalid_argument"].includes(error?.code ?? ""))
        wrong.push([statement, error ?? "was done"]);
      if ((await stateOf(world)) !== before) wrong.push([statement, "changed something"]);
    }
    expect(wrong).toEqual([]);
  }, 120_000);
});
