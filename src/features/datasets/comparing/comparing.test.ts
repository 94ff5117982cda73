// What differs between values, schemas and lists of records. Runs in workerd.
import { describe, expect, it } from "vitest";
import { parseExact } from "../../../core/exact-json.ts";
import { SchemaCollector } from "../ingest/infer-schema.ts";
import type { DatasetSchema } from "../schema.ts";
import { jsonChanges } from "./json-changes.ts";
import { diffRecords, type RecordDiffLimits } from "./record-diff.ts";
import { RecordLines } from "./record-lines.ts";
import { keyFieldOf, schemaChanges } from "./schema-changes.ts";

const limits: RecordDiffLimits = { bytes: 1e6, heldChars: 1e6, heldRecords: 1000, show: 2, chars: 40 };

function schemaOf(...records: unknown[]): DatasetSchema {
  const collector = new SchemaCollector();
  for (const record of records) collector.add(record);
  return collector.finish();
}

/** Records as stored lines, in pieces of `size` bytes. */
async function* stored(records: readonly string[], size = 7): AsyncGenerator<Uint8Array> {
  const bytes = new TextEncoder().encode(records.map((record) => `${record}\n`).join(""));
  for (let at = 0; at < bytes.length; at += size) yield bytes.slice(at, at + size);
}

const diff = (before: string[], after: string[], key?: string, more: Partial<RecordDiffLimits> = {}) =>
  diffRecords(new RecordLines(stored(before)), new RecordLines(stored(after, 1000)), key, { ...limits, ...more });

const rows = (from: number, to: number): string[] =>
  Array.from({ length: to - from }, (_, index) => `{"id":${from + index},"é":"${"x".repeat(20)}"}`);

describe("values", () => {
  it("differ place by place", () => {
    const before = { a: 1, same: { x: [1, 2] }, list: [1, { b: "old" }, 3], "odd key": null, gone: [] };
    const after = { same: { x: [1, 2] }, a: "1", list: [1, { b: "new" }], "odd key": 0, came: {} };
    expect(jsonChanges(before, after, { show: 10, chars: 40 })).toEqual({
      shown: [
        { path: "a", before: "1", after: '"1"' },
        { path: "list[1].b", before: '"old"', after: '"new"' },
        { path: "list[2]", before: "3" },
        { path: '["odd key"]', before: "null", after: "0" },
        { path: "gone", before: "[]" },
        { path: "came", after: "{}" },
      ],
      added: 1,
      removed: 2,
      changed: 3,
    });
  });

  it("are counted beyond what is shown, and cut where they are long", () => {
    expect(jsonChanges([1, "é".repeat(50)], [2, 3], { show: 1, chars: 5 })).toEqual({
      shown: [{ path: "[0]", before: "1", after: "2" }],
      added: 0,
      removed: 0,
      changed: 2,
    });
    expect(jsonChanges("é".repeat(10), 3, { show: 1, chars: 5 }).shown).toEqual([
      { path: ".", before: '"éééé… (+7 characters)', after: "3" },
    ]);
  });

  it("are the same whatever the order of keys, and not when digits differ that a double would lose", () => {
    const [one, other] = ['{"a":{"x":1,"y":[{}]},"n":9007199254740993}', '{"n":9007199254740993,"a":{"y":[{}],"x":1}}'];
    const changes = (a: string, b: string) => jsonChanges(parseExact(a), parseExact(b), { show: 3, chars: 40 }).shown;
    expect(changes(one, other)).toEqual([]);
    expect(changes(one, other.replace("993", "992"))).toEqual([
      { path: "n", before: "9007199254740993", after: "9007199254740992" },
    ]);
    expect(changes('{"constructor":1}', "{}")).toEqual([{ path: "constructor", before: "1" }]);
  });
});

describe("schemas", () => {
  it("differ by fields and types", () => {
    const before = schemaOf({ id: 1, a: "x", old: true });
    const after = schemaOf({ id: 1, a: null, new: [1] }, { id: 2, a: "x", new: [] });
    expect(schemaChanges(before, after)).toEqual({
      added: [
        { path: "new", types: ["array"] },
        { path: "new[]", types: ["number"] },
      ],
      removed: [{ path: "old", types: ["boolean"] }],
      changed: [{ path: "a", before: ["string"], after: ["null", "string"] }],
      complete: true,
    });
    expect(schemaChanges(after, { ...after, fields_cut: true })).toEqual({
      added: [],
      removed: [],
      changed: [],
      complete: false,
    });
  });

  it.each<[string | undefined, object, object]>([
    ["id", { order_id: 1, id: 2 }, { id: 2, order_id: 1 }],
    ["ID", { ID: 2, a: 1 }, { ID: 3 }],
    ["uuid", { customer_id: 1, uuid: "x" }, { uuid: "x", customer_id: 1 }],
    ["order_id", { name: "x", order_id: 1, customer_id: 2 }, { order_id: 1, customer_id: 3 }],
    ["orderId", { orderId: 1 }, { orderId: 2 }],
    [undefined, { id: 1 }, { key: 1 }],
    [undefined, { id: null }, { id: 1 }],
    [undefined, { valid: 1, paid: 2, "my id": 3 }, { valid: 1, paid: 2, "my id": 3 }],
  ])("tell records apart by %s", (key, before, after) => {
    expect(keyFieldOf(schemaOf(before), schemaOf(after))).toBe(key);
  });

  it("tell records apart only by a field that every record has", () => {
    const all = schemaOf({ id: 1 }, { id: 2 });
    expect(keyFieldOf(all, schemaOf({ id: 1 }, {}))).toBeUndefined();
    expect(keyFieldOf(schemaOf({ id: 1 }, { id: "2" }), all)).toBeUndefined();
  });
});

describe("records", () => {
  it("are matched by a key, wherever they stand and however they are written", async () => {
    const before = ['{"id":1,"a":1}', '{"id":2,"a":[1,2]}', '{"id":3,"a":3}', '{"id":4}', "5"];
    const after = ['{"id":3,"a":4}', '{"id":1, "a":1}', '{"a":[1,3],"id":2}', '{"id":6}', "5"];
    expect(await diff(before, after, "id")).toEqual({
      unchanged: 2,
      changed: 2,
      added: 1,
      removed: 1,
      shown: {
        changed: [
          { key: "3", changes: [{ path: "a", before: "3", after: "4" }], total: 1 },
          { key: "2", changes: [{ path: "a[1]", before: "2", after: "3" }], total: 1 },
        ],
        added: ['{"id":6}'],
        removed: ['{"id":4}'],
      },
      cut: undefined,
      read: { before: 5, after: 5 },
      repeated: 0,
    });
  });

  it("without a key are the same or not", async () => {
    const { shown, ...counts } = await diff(['{"a":1,"b":2}', "2", "2", "3"], ["2", '{"b":2,"a":1}', "4"]);
    expect([counts, shown]).toEqual([
      { unchanged: 2, changed: 0, added: 1, removed: 2, cut: undefined, read: { before: 4, after: 3 }, repeated: 0 },
      { changed: [], added: ["4"], removed: ["2", "3"] },
    ]);
  });

  it("of the same key are matched in their order, and counted", async () => {
    const before = ['{"id":1,"n":"a"}', '{"id":1,"n":"b"}', '{"id":1,"n":"c"}'];
    const after = ['{"id":2}', '{"id":1,"n":"a"}', '{"id":1,"n":"B"}'];
    const { unchanged, changed, added, removed, repeated } = await diff(before, after, "id");
    expect([unchanged, changed, added, removed, repeated > 0]).toEqual([1, 1, 1, 1, true]);
  });

  it("in the same order take no room, however many there are", async () => {
    const before = rows(0, 5000);
    const after = [...rows(0, 2000), '{"id":-1}', ...rows(2001, 5000), ...rows(6000, 7000)];
    const found = await diff(before, after, "id", { heldRecords: 3, heldChars: 200 });
    expect([found.unchanged, found.changed, found.added, found.removed, found.cut]).toEqual([
      4999,
      0,
      1001,
      1,
      undefined,
    ]);
  });

  it("that move too far end the comparison, which says how far it got", async () => {
    const before = rows(0, 5000);
    const after = [...rows(4000, 5000), ...rows(0, 4000)];
    const found = await diff(before, after, "id", { heldRecords: 100 });
    expect([found.cut, found.read, found.added, found.removed]).toEqual([
      "held",
      { before: 307, after: 307 },
      307,
      307,
    ]);
    const bytes = await diff(before, rows(0, 5000), "id", { bytes: 500 });
    expect([bytes.cut, bytes.unchanged, bytes.added, bytes.removed]).toEqual(["bytes", 1, 0, 0]);
  });

  it("that there are none of are all added or removed", async () => {
    const { added, removed, unchanged } = await diff([], rows(0, 3), "id");
    expect([added, removed, unchanged]).toEqual([3, 0, 0]);
  });
});
