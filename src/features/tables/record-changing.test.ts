// Updating and deleting: filters that are meant, previews, confirmations, constraints, and the log. Runs in workerd.
import { describe, expect, it } from "vitest";
import { aTable, makeTable, type TestTable, thrownBy } from "../../../test/helpers/records.ts";
import { auditLog } from "../../../test/helpers/team.ts";

const table = { table_name: "things" };

async function manyThings(count: number): Promise<TestTable> {
  const things = await aTable({ n: "int", s: "text" });
  await things.insert(Array.from({ length: count }, (_, n) => ({ n, s: "old" })));
  return things;
}

describe("update_record", () => {
  it("sets columns of what the filters take and says how many", async () => {
    const { use, query, team } = await manyThings(5);
    const answer = await use("update_record", { ...table, filters: { n: { gte: 3 } }, data: { S: "new", n: null } });
    expect(answer.data).toEqual({
      ...{ table: "things", changed: 2, dry_run: false, keys: [{ id: 4 }, { id: 5 }] },
      ...{ undo_ref: expect.stringMatching(/^undo_/), undo_until: expect.stringMatching(/Z$/) },
    });
    expect(answer.text).toBe(
      `2 records of "things" were updated.\nundo_change with undo_ref ${answer.data.undo_ref} takes this back, until ${answer.data.undo_until}.`,
    );
    expect((await query({ filters: { s: "new" } })).records).toEqual([
      '{"id":4,"n":null,"s":"new"}',
      '{"id":5,"n":null,"s":"new"}',
    ]);
    expect((await auditLog(team.slug)).at(-1)).toEqual({
      ...{ username: "ada", action: "record.update", target: "table things", before: null },
      after: { records: 2, set: ["s", "n"], keys: [{ id: 4 }, { id: 5 }], undo_ref: answer.data.undo_ref },
    });
  });

  it("says so when nothing matches, and writes nothing", async () => {
    const { use, team } = await manyThings(1);
    const before = (await auditLog(team.slug)).length;
    const answer = await use("update_record", { ...table, filters: { n: 99 }, data: { s: "x" } });
    expect([answer.text, answer.data]).toEqual([
      '0 records of "things" were updated.',
      { table: "things", changed: 0, dry_run: false, keys: [] },
    ]);
    expect((await auditLog(team.slug)).length).toBe(before);
  });

  it("demands filters, or all: true alone", async () => {
    const { use, query } = await manyThings(3);
    for (const filters of [undefined, {}]) {
      expect(await thrownBy(use("update_record", { ...table, filters, data: { s: "x" } }))).toMatchObject({
        code: "invalid_argument",
        message: 'Neither filters nor all: true is given, so nothing of "things" was changed.',
      });
    }
    for (const filters of [{ and: [] }, { or: [{}] }, { not: {} }, { s: {} }]) {
      expect((await thrownBy(use("delete_record", { ...table, filters }))).code).toBe("invalid_argument");
    }
    expect((await thrownBy(use("delete_record", { ...table, filters: { n: 1 }, all: true }))).message).toBe(
      "Both filters and all: true are given.",
    );
    expect((await query({ filters: { s: "old" } })).total).toBe(3);
    expect((await use("update_record", { ...table, all: true, data: { s: "x" } })).data.changed).toBe(3);
  });

  it("asks to confirm more than a hundred, and takes the confirmation for just that", async () => {
    const { use, query, insert } = await manyThings(101);
    const call = { ...table, filters: { s: "old" }, data: { s: "new" } };
    const refusal = await thrownBy(use("update_record", call));
    const { confirm } = refusal.details as { confirm: string };
    expect(refusal).toEqual({
      code: "confirmation_required",
      message: 'This would set 1 column of 101 records of "things".',
      hint: `Nothing was changed. To go ahead, make the same call with confirm "${confirm}".`,
      details: { confirm, count: 101 },
    });
    const preview = await use("update_record", { ...call, dry_run: true });
    expect(preview.data).toEqual({
      ...{ table: "things", changed: 101, dry_run: true, confirm },
      keys: [1, 2, 3, 4, 5].map((id) => ({ id })),
    });
    expect(preview.text).toBe(
      `Nothing was changed: 101 records of "things" would be updated.\nTo do it, make the same call without dry_run and with confirm "${confirm}".`,
    );
    const other = { ...call, data: { s: "other" }, confirm };
    expect((await thrownBy(use("update_record", other))).message).toBe(
      'This confirmation is of another call. This would set 1 column of 101 records of "things".',
    );
    await insert([{ s: "old" }]);
    const stale = await thrownBy(use("update_record", { ...call, confirm }));
    expect(stale.message).toBe(
      'What this changes is no longer what was confirmed. This would set 1 column of 102 records of "things".',
    );
    expect((await query({ filters: { s: "old" } })).total).toBe(102);
    const { confirm: again } = stale.details as { confirm: string };
    expect(
      (await use("update_record", { data: call.data, filters: call.filters, ...table, confirm: again })).data.changed,
    ).toBe(102);
  });

  it("changes nothing when one record breaks a constraint", async () => {
    const { context, use, query, insert } = await aTable({
      u: { type: "text", unique: true },
      n: { type: "int", check: "n < 5" },
    });
    await insert([
      { u: "a", n: 1 },
      { u: "b", n: 2 },
    ]);
    const refused: [Record<string, unknown>, Record<string, unknown>, string][] = [
      [{ n: 2 }, { u: "a" }, 'The record: there is a record with the same "u" already.'],
      [{ n: { lt: 5 } }, { u: "c" }, 'One of 2 records: there is a record with the same "u" already.'],
      [{ n: 1 }, { n: 5 }, 'The record: the check of "n" does not hold.'],
      [{ n: 1 }, { n: "x" }, 'data, column "n": an int is a whole number of 64 bits; given was text of 1 character.'],
      [{ n: 1 }, {}, "data: no column is given."],
      [{ n: 1 }, { m: 1 }, 'data: the table "things" has no column "m".'],
    ];
    for (const [filters, data, message] of refused) {
      expect((await thrownBy(use("update_record", { ...table, filters, data }))).message).toBe(message);
    }
    const schema = { u: { type: "text", references: { table: "things", column: "u" } } };
    await makeTable(context, { table_name: "uses", schema });
    await use("insert_record", { table_name: "uses", data: { u: "a" } });
    expect((await thrownBy(use("update_record", { ...table, filters: { u: "a" }, data: { u: "z" } }))).message).toBe(
      "The record: records of another table refer to the value that would change.",
    );
    expect((await query({ columns: ["u", "n"] })).records).toEqual(['{"u":"a","n":1}', '{"u":"b","n":2}']);
  });

  it("does one of two at once after the other", async () => {
    const { use, query } = await manyThings(1);
    const set = (s: string) => use("update_record", { ...table, filters: { s: "old" }, data: { s } });
    const answers = await Promise.all([set("a"), set("b")]);
    expect(answers.map(({ data }) => data.changed).sort()).toEqual([0, 1]);
    expect(["a", "b"]).toContain(JSON.parse((await query({})).records[0] ?? "{}").s);
  });
});

describe("delete_record", () => {
  it("deletes what the filters take", async () => {
    const { use, query, team } = await manyThings(4);
    const answer = await use("delete_record", { ...table, filters: { n: { in: [0, 3] } } });
    expect([answer.data.changed, answer.data.keys]).toEqual([2, [{ id: 1 }, { id: 4 }]]);
    expect((await query({ columns: ["n"] })).records).toEqual(['{"n":1}', '{"n":2}']);
    expect((await auditLog(team.slug)).at(-1)).toMatchObject({ action: "record.delete", after: { records: 2 } });
  });

  it("confirms by what the dry run says", async () => {
    const { use, query } = await manyThings(150);
    const { data } = await use("delete_record", { ...table, all: true, dry_run: true });
    expect((await thrownBy(use("delete_record", { ...table, all: true }))).details).toEqual({
      confirm: data.confirm,
      count: 150,
    });
    expect((await use("delete_record", { ...table, all: true, confirm: data.confirm })).data.changed).toBe(150);
    expect((await query({})).total).toBe(0);
  });

  it("refuses while records refer to what would go, and says whose", async () => {
    const { context, use } = await manyThings(2);
    await makeTable(context, {
      table_name: "uses",
      schema: { thing: { type: "int", references: { table: "things", column: "id" } } },
    });
    await use("insert_record", { table_name: "uses", data: [{ thing: 2 }, { thing: 2 }] });
    expect(await thrownBy(use("delete_record", { ...table, all: true }))).toEqual({
      code: "constraint_failed",
      message: '2 records of "uses" refer to what would be deleted of "things".',
      hint: "Nothing was changed. Delete or change those first; a reference with on_delete cascade takes them along.",
      details: { constraint: "foreign_key", table: "uses", columns: ["thing"], count: 2 },
    });
    expect((await use("delete_record", { ...table, filters: { id: 1 } })).data.changed).toBe(1);
  });

  it("says what else goes, and counts it for the confirmation", async () => {
    const { context, use } = await manyThings(2);
    const references = { table: "things", column: "id" };
    await makeTable(context, {
      table_name: "parts",
      schema: { thing: { type: "int", references: { ...references, on_delete: "cascade" } } },
    });
    await makeTable(context, {
      table_name: "notes",
      schema: { thing: { type: "int", references: { ...references, on_delete: "set_null" } } },
    });
    await use("insert_record", { table_name: "parts", data: Array.from({ length: 99 }, () => ({ thing: 1 })) });
    await use("insert_record", { table_name: "notes", data: { thing: 1 } });
    const call = { ...table, filters: { id: 1 } };
    const refusal = await thrownBy(use("delete_record", call));
    expect(refusal.message).toBe(
      'This would delete 1 record of "things", with 99 records of "parts", and take the reference out of 1 record of "notes".',
    );
    const { confirm } = refusal.details as { confirm: string };
    const done = await use("delete_record", { ...call, confirm });
    expect(done.data).toMatchObject({
      changed: 1,
      also: [
        { table: "parts", action: "delete", records: 99 },
        { table: "notes", action: "set_null", records: 1 },
      ],
    });
    expect(done.text).toContain('1 record of "things", with 99 records of "parts", and take the reference');
  });
});
