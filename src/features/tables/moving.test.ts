// Rows on their way into tables and out of them, and what is kept of their changes. Runs in workerd.
import { describe, expect, it } from "vitest";
import { addRecords, type TableTeam, tableTeam } from "../../../test/helpers/table-team.ts";
import { uploadDataset } from "../datasets/upload.ts";
import type { DescribedTable } from "./schema.ts";

interface Imported {
  created: boolean;
  rows: number;
  notes: string[];
  table: { name: string; rows: number; columns: { name: string; type: string }[] };
}

const csv = "code,amount,paid,day\n007,9007199254740993,true,2024-02-29\n008,1,false,2024-03-01\n";

async function dataset(team: TableTeam, name: string, content: string): Promise<void> {
  await uploadDataset(await team.call(), {
    ...{ name, format: "ndjson", description: undefined, precondition: undefined },
    source: (async function* () {
      yield new TextEncoder().encode(content);
    })(),
  });
}

describe("import_table", () => {
  it("makes a table of text with its types, and adds to it", async () => {
    const team = await tableTeam();
    const made = await team.use<Imported>("import_table", { table_name: "t", text: csv });
    expect([made.created, made.rows, made.table.columns]).toEqual([
      true,
      2,
      [
        { name: "id", type: "int" },
        { name: "code", type: "text" },
        { name: "amount", type: "int" },
        { name: "paid", type: "bool" },
        { name: "day", type: "date" },
      ],
    ]);
    const more = await team.use<Imported>("import_table", {
      table_name: "T",
      text: '[{"k": "009", "paid": null, "extra": {"a": 1}}]',
      text_format: "json",
      columns: { k: "code", extra: null },
    });
    expect([more.created, more.rows, more.table.rows]).toEqual([false, 1, 3]);
    expect(await team.rows("SELECT id, code, CAST(amount AS TEXT) AS amount, paid, day FROM t")).toEqual([
      { id: 1, code: "007", amount: "9007199254740993", paid: 1, day: "2024-02-29" },
      { id: 2, code: "008", amount: "1", paid: 0, day: "2024-03-01" },
      { id: 3, code: "009", amount: null, paid: null, day: null },
    ]);
    expect(await team.rows("SELECT count(*) AS frames FROM sd_frames")).toEqual([{ frames: 0 }]);
  });

  it("takes all rows or none, and names the row", async () => {
    const team = await tableTeam();
    await team.use("create_table", { table_name: "t", schema: { code: { type: "text", unique: true }, day: "date" } });
    const rows = Array.from({ length: 300 }, (_, index) => `c${index === 250 ? 3 : index},2024-01-01`);
    const refused = await team.failure("import_table", { table_name: "t", text: `code,day\n${rows.join("\n")}` });
    expect([refused?.code, refused?.message]).toEqual([
      "constraint_failed",
      'Row 251: there is a record with the same "code" already.',
    ]);
    const misfit = await team.failure("import_table", { table_name: "t", text: "code,day\na,2024-01-01\nb,soon" });
    expect([misfit?.code, misfit?.message]).toEqual([
      "invalid_argument",
      'Row 2, column "day": a date is a day of the calendar, YYYY-MM-DD; given was text of 4 characters.',
    ]);
    expect(await team.rows("SELECT count(*) AS n FROM t")).toEqual([{ n: 0 }]);
    const broken = await team.failure("import_table", { table_name: "fresh", text: "id,a\n1,x\n1,y" });
    expect(broken?.code).toBe("constraint_failed");
    expect(await team.use("list_tables")).toMatchObject({ total: 1 });
  });

  it("takes chunks of a frame as they are, and tells which row is not", async () => {
    const team = await tableTeam();
    const texts = ["", "a\u0000b", "Zoë 🙂", '"\\\n', "null", "007"];
    const lines = Array.from({ length: 4_500 }, (_, n) =>
      JSON.stringify({
        id: n + 1,
        s: texts[n % 6],
        j: n % 3 === 0 ? null : { a: [n, "é", 0.1] },
        f: n / 7,
        b: n % 2 === 0,
      }),
    );
    const text = lines.join("\n");
    await team.use("import_table", { table_name: "t", text, text_format: "ndjson" });
    const rows = (await team.rows("SELECT id, s, length(hex(s)) AS bytes, j, f, b FROM t ORDER BY rowid")) as {
      s: string;
      j: string | null;
    }[];
    expect(rows).toEqual(
      lines.map((line) => {
        const { id, s, j, f, b } = JSON.parse(line);
        const bytes = new TextEncoder().encode(s).length * 2;
        return { id, s, bytes, j: j === null ? null : JSON.stringify(j), f, b: b ? 1 : 0 };
      }),
    );
    await team.sql((sql) => sql.exec("DELETE FROM t WHERE id <> 4321"));
    expect((await team.failure("import_table", { table_name: "t", text, text_format: "ndjson" }))?.message).toBe(
      'Row 4321: there is a record with the same "id" already.',
    );
    expect(await team.rows("SELECT count(*) AS n FROM t")).toEqual([{ n: 1 }]);
  });

  it.each([
    [{ text: csv, data_ref: "t" }, "import_table takes either data_ref or text."],
    [{}, "import_table takes either data_ref or text."],
    [{ text: csv, mode: "create" }, 'There is a table called "t" already.'],
    [{ text: csv, table_name: "u", mode: "append" }, 'There is no table "u" to add rows to.'],
    [{ text: csv, columns: { cod: "x" } }, 'columns: the source has no column "cod".'],
    [{ text: csv }, 'The table "t" has no column "code".'],
    [{ text: "n\ntrue" }, 'The source\'s column "n" is bool; "n" of the table is int.'],
    [
      { text: "rowid\n1", table_name: "u" },
      'A table cannot have a column "rowid": choose another name: SQLite calls the row\'s own number so.',
    ],
    [{ text: "a,b\n1,2", columns: { a: "n", b: "N" } }, 'columns: two columns of the source would go to "n".'],
    [{ text: "a\n1", columns: { a: null } }, "columns: no column of the source is left to import."],
    [{ data_ref: "T" }, 'The table "t" cannot be imported into itself.'],
    [{ data_ref: "nothing" }, 'There is no table, frame or dataset "nothing".'],
  ])("refuses %j", async (args, message) => {
    const team = await tableTeam();
    await team.use("create_table", { table_name: "t", schema: { n: "int" } });
    expect((await team.failure("import_table", { table_name: "t", ...args }))?.message).toBe(message);
  });

  it("reads datasets, frames and tables, and hides what came from hidden datasets", async () => {
    const team = await tableTeam();
    await dataset(
      team,
      "sales",
      '{"id":7,"at":"2024-01-01T00:00:00.5Z","tags":["a"]}\n{"id":8,"at":"2024-01-02T00:00:00Z","tags":null}\n',
    );
    await team.use("import_table", { table_name: "sold", data_ref: "sales" });
    const copied = await team.use<Imported>("import_table", {
      table_name: "copy",
      data_ref: "sold",
      primary_key: "id",
    });
    expect([copied.rows, copied.table.columns]).toEqual([
      2,
      [
        { name: "id", type: "int" },
        { name: "at", type: "text" },
        { name: "tags", type: "json" },
      ],
    ]);
    await team.use("create_table", {
      table_name: "notes",
      schema: { sale: { type: "int", references: { table: "copy", column: "id" } } },
    });
    const described = await team.use<DescribedTable>("describe_table", { table_name: "notes" });
    expect(described.sources).toEqual([{ dataset: "sales", version: 1 }]);
    await team.use("set_visibility", { kind: "dataset", name: "sales", visibility: "admin" }, "owner");
    for (const name of ["sold", "copy", "notes"]) {
      expect(await team.failure("describe_table", { table_name: name })).toMatchObject({
        code: "not_found",
        message: `There is no table "${name}".`,
      });
      expect(await team.failure("drop_table", { table_name: name })).toMatchObject({ code: "not_found" });
      expect(await team.failure("export_table", { table_name: name })).toMatchObject({ code: "not_found" });
    }
    expect(await team.use("list_tables")).toMatchObject({ tables: [], dropped: [], total: 0 });
    expect(await team.use("list_tables", {}, "admin")).toMatchObject({ total: 3 });
    expect(
      await team.failure("export_table", { table_name: "sold", to: "dataset", name: "leak" }, "admin"),
    ).toMatchObject({
      code: "forbidden",
      message: 'Rows of "sold" come from datasets that not everyone sees: sales.',
    });
  });
});

describe("export_table", () => {
  const all = {
    n: "int",
    big: "int",
    f: "float",
    b: "bool",
    s: "text",
    d: "date",
    at: { type: "timestamp", unit: "us" },
    price: "decimal",
    j: "json",
    raw: "binary",
  };
  const records = [
    {
      ...{
        n: 1,
        big: "9007199254740993",
        f: 0.1,
        b: true,
        s: "Zoë 🙂 \u0000",
        d: "2024-02-29",
        at: "2024-01-01T00:00:00.123456Z",
      },
      ...{ price: "1.50", j: { a: [1, null, "x"] }, raw: "AP8=" },
    },
    {
      n: -5,
      big: "-9223372036854775808",
      f: "Infinity",
      b: false,
      s: "",
      at: "1999-12-31T23:59:59Z",
      price: "-12345678901234567890.5",
      j: null,
    },
    { f: 5e-324 },
    { f: 1.7976931348623157e308 },
  ];

  it("gives a frame exactly the values of the table, and they come back", async () => {
    const team = await tableTeam();
    await team.use("create_table", { table_name: "t", schema: all });
    await addRecords(team, "t", records);
    const made = await team.use<{ data_ref: string; columns: unknown; rows: unknown[]; exported: unknown }>(
      "export_table",
      {
        table_name: "t",
        name: "snapshot",
        limit: 10,
      },
    );
    expect(made.exported).toEqual({ to: "frame", name: "snapshot" });
    expect(made.columns).toEqual([
      { name: "id", type: "int" },
      { name: "n", type: "int" },
      { name: "big", type: "int64" },
      { name: "f", type: "float" },
      { name: "b", type: "bool" },
      { name: "s", type: "text" },
      { name: "d", type: "date" },
      { name: "at", type: "timestamp[us, UTC]" },
      { name: "price", type: "decimal(22, 2)" },
      { name: "j", type: "json" },
      { name: "raw", type: "binary" },
    ]);
    const chunk = await team.rows("SELECT json(d) AS j FROM sd_f_1");
    const rows = JSON.parse(String((chunk[0] as { j: string }).j));
    expect(rows).toEqual([
      [
        1,
        1,
        "9007199254740993",
        0.1,
        true,
        "Zoë 🙂 \u0000",
        "2024-02-29",
        "2024-01-01T00:00:00.123456Z",
        "1.50",
        { a: [1, null, "x"] },
        "00ff",
      ],
      [
        2,
        -5,
        "-9223372036854775808",
        "Infinity",
        false,
        "",
        null,
        "1999-12-31T23:59:59.000000Z",
        "-12345678901234567890.50",
        null,
        null,
      ],
      [3, null, null, 5e-324, null, null, null, null, null, null, null],
      [4, null, null, 1.7976931348623157e308, null, null, null, null, null, null, null],
    ]);
    await team.use("import_table", { table_name: "again", data_ref: made.data_ref });
    await team.use("import_table", { table_name: "copy", data_ref: "t" });
    expect(await team.rows("SELECT count(*) AS n FROM (SELECT * FROM t EXCEPT SELECT * FROM copy)")).toEqual([
      { n: 0 },
    ]);
    expect((await team.failure("import_table", { table_name: "copy", data_ref: "t" }))?.message).toBe(
      'Row 1: there is a record with the same "id" already.',
    );
    const columns = "id, n, big, f, b, s, d, at, j, raw, length(s), hex(s), typeof(price)";
    expect(
      await team.rows(`SELECT count(*) AS n FROM (SELECT ${columns} FROM t EXCEPT SELECT ${columns} FROM again)`),
    ).toEqual([{ n: 0 }]);
  });

  it("makes a dataset of all rows, and its next version", async () => {
    const team = await tableTeam();
    await team.use("create_table", { table_name: "t", schema: { n: "int" } });
    await addRecords(
      team,
      "t",
      Array.from({ length: 1_000 }, (_, n) => ({ n })),
    );
    await addRecords(team, "t", [{ n: "9007199254740993" }]);
    expect(await team.use("export_table", { table_name: "t", to: "dataset", name: "numbers" })).toEqual({
      exported: { to: "dataset", name: "numbers", version: 1 },
    });
    expect(
      await team.use("query_dataset", {
        dataset: "numbers",
        input: "records",
        query: "select(.id == 1001) | .n | tostring",
      }),
    ).toMatchObject({
      rows: ["9007199254740993"],
    });
    expect(await team.use("export_table", { table_name: "t", to: "dataset", name: "numbers" })).toMatchObject({
      exported: { version: 2 },
    });
    expect(await team.failure("export_table", { table_name: "t", to: "dataset" })).toMatchObject({
      message: "A dataset needs a name.",
    });
  });

  it("is refused for names that are taken and rows past the limit", async () => {
    const team = await tableTeam();
    await team.use("create_table", { table_name: "t", schema: { n: "int" } });
    expect(await team.failure("export_table", { table_name: "t", name: "t" })).toMatchObject({
      code: "already_exists",
    });
    expect(await team.failure("export_table", { table_name: "t", name: "sd_x" })).toMatchObject({
      code: "invalid_argument",
    });
    expect(await team.failure("export_table", { table_name: "tt" })).toEqual({
      ...{ code: "not_found", message: 'There is no table "tt".', hint: "Did you mean t?", details: { near: ["t"] } },
    });
    expect(await team.rows("SELECT count(*) AS n FROM sd_frames")).toEqual([{ n: 0 }]);
  });
});

describe("row_history", () => {
  it("keeps who changed what, exactly", async () => {
    const team = await tableTeam();
    await team.use("create_table", {
      table_name: "t",
      schema: { big: "int", raw: "binary", f: "float", price: "decimal" },
      history: true,
    });
    await team.use("insert_record", {
      table_name: "t",
      data: { big: "9007199254740993", raw: "AP8=", f: 0.1, price: "1.50" },
    });
    await team.use("insert_record", { table_name: "t", data: { big: 2 } });
    await team.use("update_record", { table_name: "t", filters: { id: 1 }, data: { f: 0.2 } }, "member", "bob");
    await team.use("delete_record", { table_name: "t", filters: { id: 1 } });
    const answer = await team.use<{ changes: Record<string, unknown>[]; total: number; next_cursor: string }>(
      "row_history",
      {
        table_name: "t",
        key: 1,
        limit: 2,
      },
    );
    expect([answer.total, answer.changes.map(({ action, by }) => [action, by])]).toEqual([
      3,
      [
        ["delete", "ada"],
        ["update", "bob"],
      ],
    ]);
    expect(JSON.stringify(answer.changes[1]?.before)).toBe(
      '{"id":1,"big":9007199254740993,"raw":"AP8=","f":0.1,"price":"1.50"}',
    );
    expect(JSON.stringify(answer.changes[1]?.after)).toBe(
      '{"id":1,"big":9007199254740993,"raw":"AP8=","f":0.2,"price":"1.50"}',
    );
    expect(answer.changes[0]?.after).toBeNull();
    const rest = await team.use<{ changes: Record<string, unknown>[] }>("row_history", {
      ...{ table_name: "t", key: 1, limit: 2, cursor: answer.next_cursor },
    });
    expect(rest.changes.map(({ action, before }) => [action, before])).toEqual([["insert", null]]);
  });

  it("finds rows by keys of several columns, and none where none is kept", async () => {
    const team = await tableTeam();
    await team.use("create_table", {
      ...{
        table_name: "t",
        schema: { region: "text", day: "date", n: "int" },
        primary_key: ["region", "day"],
        history: true,
      },
    });
    await addRecords(team, "t", [
      { region: "EU", day: "2024-01-01", n: 1 },
      { region: "US", day: "2024-01-01", n: 2 },
    ]);
    const found = await team.use<{ changes: { after: unknown }[] }>("row_history", {
      table_name: "t",
      key: { region: "US", day: "2024-01-01" },
    });
    expect(found.changes.map(({ after }) => after)).toEqual([{ region: "US", day: "2024-01-01", n: 2 }]);
    expect(await team.failure("row_history", { table_name: "t", key: "US" })).toEqual({
      code: "invalid_argument",
      message: 'The primary key of "t" is region, day.',
      hint: 'Give every column, e.g. {"region": "EU", "day": "2026-01-31"}.',
    });
    await team.use("create_table", { table_name: "plain", schema: { n: "int" } });
    expect(await team.text("row_history", { table_name: "plain" })).toBe(
      "0 of 0 changes of plain, the newest first\nThe table plain keeps no history now; alter_table with history true begins one.",
    );
  });
});
