// Querying: order, pages, cursors that notice writes, columns, counts and full-text search. Runs in workerd.
import { describe, expect, it } from "vitest";
import { aTable, thrownBy } from "../../../test/helpers/records.ts";
import { describeError } from "../../core/errors.ts";
import { searchWords } from "./record-reading.ts";

describe("query_records", () => {
  it("orders by value in every type, decimals as numbers, the primary key last", async () => {
    const { insert, query } = await aTable({ d: "decimal", i: "int", "by desc": "text" });
    const decimals = ["-100", "-99.5", "0", "0.05", "9", "10.0", "10", "100.25", null];
    await insert([...decimals].reverse().map((d) => ({ d, i: 1 })));
    const order = async (...orderBy: string[]) =>
      (await query({ orderBy, columns: ["d"] })).records.map((json) => JSON.parse(json).d);
    expect(await order("d")).toEqual([null, "-100", "-99.5", "0", "0.05", "9", "10", "10.0", "100.25"]);
    expect(await order("d desc")).toEqual(["100.25", "10", "10.0", "9", "0.05", "0", "-99.5", "-100", null]);
    expect(await order("i", "D DESC")).toEqual(["100.25", "10", "10.0", "9", "0.05", "0", "-99.5", "-100", null]);
    expect(await order("i asc")).toEqual([...decimals].reverse());
    expect((await query({ orderBy: ["by desc"] })).total).toBe(9);
    expect((await query({ orderBy: ["by desc desc"] })).total).toBe(9);
    expect(await thrownBy(query({ orderBy: ["e"] }))).toMatchObject({
      message: 'order_by: the table "things" has no column "e".',
    });
  });

  it("pages to the end, each record once, and notices that the table changed", async () => {
    const { insert, use } = await aTable({ n: "int" });
    await insert(Array.from({ length: 45 }, (_, n) => ({ n: n % 3 })));
    const args = { table_name: "things", order_by: "n", limit: 20 };
    const first = await use("query_records", args);
    expect(first.data).toMatchObject({ returned: 20, total: 45, truncated: true, input: "sql", cached: false });
    const second = await use("query_records", { ...args, cursor: first.data.next_cursor });
    const third = await use("query_records", { ...args, cursor: second.data.next_cursor });
    const seen = [first, second, third].flatMap(({ data }) => data.rows as { id: number }[]).map(({ id }) => id);
    expect([seen.length, new Set(seen).size, third.data.truncated, third.data.next_cursor]).toEqual([
      45,
      45,
      false,
      undefined,
    ]);
    expect(third.text).toContain("rows 41-45 of 45");

    const cursor = second.data.next_cursor;
    expect((await thrownBy(use("query_records", { ...args, order_by: "id", cursor }))).code).toBe("cursor_invalid");
    await insert([{ n: 1 }]);
    expect(await thrownBy(use("query_records", { ...args, cursor }))).toMatchObject({
      code: "cursor_stale",
      message: 'The records of "things" have changed since this page\'s cursor was made.',
    });
  });

  it("takes offset, columns and count", async () => {
    const { insert, use } = await aTable({ a: "int", b: "text" });
    await insert(Array.from({ length: 5 }, (_, a) => ({ a, b: "x" })));
    const part = await use("query_records", {
      table_name: "things",
      columns: ["b", "A"],
      offset: 3,
      filters: { a: { gt: 0 } },
    });
    expect(part.data).toEqual({
      ...{ rows: [{ b: "x", a: 4 }], returned: 1, total: 4, truncated: false, input: "sql", cached: false },
      columns: [
        { name: "b", type: "text" },
        { name: "a", type: "int" },
      ],
    });
    const count = await use("query_records", { table_name: "things", filters: { a: { gte: 2 } }, count: true });
    expect([count.text, count.data.rows, count.data.total]).toEqual(['3 records of "things"', [{ count: 3 }], 1]);
    const past = await use("query_records", { table_name: "things", offset: 50 });
    expect([past.data.rows, past.data.total, past.data.next_cursor]).toEqual([[], 5, undefined]);
  });

  it("shows as many records as an answer holds, and says what to do about one that is too long", async () => {
    const { insert, use } = await aTable({ v: "text" });
    await insert(Array.from({ length: 4 }, () => ({ v: "x".repeat(30_000) })));
    const page = await use("query_records", { table_name: "things", limit: 10 });
    expect([page.data.returned, page.data.total, page.data.truncated]).toEqual([2, 4, true]);
    await insert([{ v: "x".repeat(100_000) }]);
    expect(await thrownBy(use("query_records", { table_name: "things", filters: { id: 5 } }))).toMatchObject({
      code: "result_too_large",
      message: "One record is 100015 characters of JSON; an answer holds 65536 bytes (limit rowsBytes).",
      hint: "Name the columns you need; execute_raw_query reads part of a long text with substr().",
    });
  });

  it("searches by words, the best match first", async () => {
    const table = await aTable({ title: "text", body: "text", n: "int" }, { full_text: ["title", "body"] });
    await table.insert([
      { title: "Late delivery", body: "the parcel came late, very late", n: 1 },
      { title: "Delivered", body: "on time to New York", n: 2 },
      { title: "York", body: "a new place; delivery late", n: 3 },
    ]);
    const search = async (text: string, more = {}) =>
      (await table.query({ search: text, columns: ["id"], ...more })).records.map((json) => JSON.parse(json).id);
    expect(await search("late")).toEqual([1, 3]);
    expect(await search("deliver*", { orderBy: ["id"] })).toEqual([1, 2, 3]);
    expect(await search('"new york"')).toEqual([2]);
    expect(await search("new york", { orderBy: ["id desc"] })).toEqual([3, 2]);
    expect(await search("delivery", { filters: { n: { gt: 1 } } })).toEqual([3]);
    expect(await search('x" OR title:*')).toEqual([]);
    await table.use("update_record", { table_name: "things", filters: { id: 3 }, data: { body: "gone" } });
    expect(await search("late")).toEqual([1]);

    const plain = await aTable({ title: "text" });
    expect((await thrownBy(plain.query({ search: "x" }))).message).toBe(
      'search: the table "things" has no full-text search.',
    );
  });

  it("reads words as they are, whatever stands between them", () => {
    expect(searchWords('late deliver* "New York" a"b NEAR( -x ^y')).toBe(
      '"late" "deliver"* "New York" "a b" "NEAR(" "-x" "^y"',
    );
    const none = (() => {
      try {
        return searchWords(' "" * ');
      } catch (error) {
        return error;
      }
    })();
    expect(describeError(none).message).toBe("search: there is no word in it.");
  });

  it("is not found by another name, and offers near ones", async () => {
    const { use } = await aTable({ v: "int" });
    expect(await thrownBy(use("query_records", { table_name: "thing" }))).toMatchObject({
      code: "not_found",
      hint: "Did you mean things?",
    });
  });
});
