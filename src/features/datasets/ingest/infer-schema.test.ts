// The inferred schema: paths, types, shares, examples and its limits. Runs in workerd.
import { expect, it } from "vitest";
import { SchemaCollector } from "./infer-schema.ts";

function infer(...records: unknown[]) {
  const collector = new SchemaCollector();
  for (const record of records) collector.add(record);
  return collector.finish();
}

it("describes fields by path, with types, share and examples", () => {
  expect(
    infer({ id: 1, a: { b: "x" }, tags: ["p", "q"] }, { id: 2, a: null, tags: [] }, { id: "3", "odd key": true }),
  ).toEqual({
    fields: [
      { path: "id", types: ["number", "string"], present: 1, examples: [1, 2, "3"] },
      { path: "a", types: ["object", "null"], present: 0.6667, examples: [] },
      { path: "a.b", types: ["string"], present: 0.3333, examples: ["x"] },
      { path: "tags", types: ["array"], present: 0.6667, examples: [] },
      { path: "tags[]", types: ["string"], present: 0.3333, examples: ["p", "q"] },
      { path: '["odd key"]', types: ["boolean"], present: 0.3333, examples: [true] },
    ],
    records_examined: 3,
    fields_cut: false,
  });
});

it("describes records that are no objects, and objects in arrays", () => {
  expect(infer(5, [{ k: 1 }, { k: 2 }], "x").fields).toEqual([
    { path: ".", types: ["number", "array", "string"], present: 1, examples: [5, "x"] },
    { path: "[].k", types: ["number"], present: 0.3333, examples: [1, 2] },
  ]);
});

it("stops at the depth, the number of fields and the size that are kept", () => {
  const paths = infer({ a: { b: { c: { d: { e: { f: 1 } } } } } }).fields.map((field) => field.path);
  expect(paths).toEqual(["a", "a.b", "a.b.c", "a.b.c.d", "a.b.c.d.e"]);
  const many = infer(Object.fromEntries(Array.from({ length: 300 }, (_, index) => [`k${index}`, null])));
  expect([many.fields.length, many.fields_cut]).toEqual([200, true]);
  const long = infer(
    Object.fromEntries(Array.from({ length: 200 }, (_, index) => [`${"k".repeat(100)}${index}`, "v".repeat(60)])),
  );
  expect(long.fields_cut).toBe(true);
  expect(JSON.stringify(long.fields).length).toBeLessThanOrEqual(16 * 1024 + 2);
});

it("cuts long examples at a character and shows no number that JSON.parse has rounded", () => {
  const { fields } = infer({ t: "😀".repeat(30), n: Number("12345678901234567890"), e: Number("1e400") });
  expect(fields).toEqual([
    { path: "t", types: ["string"], present: 1, examples: [`${"😀".repeat(19)}…`] },
    { path: "n", types: ["number"], present: 1, examples: [] },
    { path: "e", types: ["number"], present: 1, examples: [] },
  ]);
});
