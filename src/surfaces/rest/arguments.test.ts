// Texts of an address as values. Runs in workerd.
import { describe, expect, it } from "vitest";
import * as z from "zod";
import { rejection } from "../../../test/helpers/team.ts";
import { readQuery, readText } from "./arguments.ts";

const schema = z.object({
  text: z.string().optional(),
  limit: z.int().min(1).max(5).optional(),
  share: z.number().optional(),
  failed: z.boolean().optional(),
  names: z.array(z.string()).optional(),
  ids: z.array(z.int()).optional(),
  by: z.union([z.string(), z.array(z.string())]).optional(),
  key: z.union([z.string(), z.int(), z.record(z.string(), z.unknown())]).optional(),
  filters: z.record(z.string(), z.unknown()).optional(),
  flag: z.stringbool().optional(),
  count: z.coerce.number().int().optional(),
});

const read = (query: string): Record<string, unknown> => readQuery(new URLSearchParams(query), schema);

describe("a query string", () => {
  it.each<[query: string, expected: Record<string, unknown>]>([
    ["", {}],
    ["text=5", { text: "5" }],
    ["text=", { text: "" }],
    ["limit=5&share=0.5&failed=false", { limit: 5, share: 0.5, failed: false }],
    ["names=a", { names: ["a"] }],
    ["names=a&names=b", { names: ["a", "b"] }],
    ['names=["a","b"]', { names: ["a", "b"] }],
    ["ids=1&ids=2", { ids: [1, 2] }],
    ["ids=7", { ids: [7] }],
    ["by=a", { by: "a" }],
    ["by=a&by=b", { by: ["a", "b"] }],
    ["key=7", { key: "7" }],
    ['key={"a":1}', { key: '{"a":1}' }],
    ['filters={"a":{">":1}}', { filters: { a: { ">": 1 } } }],
    ["flag=yes&count=3", { flag: "yes", count: "3" }],
    // What nothing fits is the schema's to refuse, in the form that says most.
    ["limit=9", { limit: 9 }],
    ["limit=many", { limit: "many" }],
    ["filters=7", { filters: 7 }],
    ["unknown=1&__proto__=2", JSON.parse('{"unknown":1,"__proto__":2}')],
  ])("%s", (query, expected) => {
    expect(read(query)).toEqual(expected);
  });

  it("takes a name once, unless it is a list's", async () => {
    const twice = Promise.resolve().then(() => read("limit=1&limit=2"));
    expect(await rejection(twice)).toEqual({
      code: "invalid_argument",
      message: "query: limit is given more than once.",
    });
  });
});

it("reads a path's text by the schema of its name", () => {
  expect([readText("7", "limit", schema), readText("7", "text", schema), readText("7", "other", schema)]).toEqual([
    7,
    "7",
    7,
  ]);
});
