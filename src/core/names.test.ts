// Names a team may give. Runs in workerd.
import { describe, expect, it } from "vitest";
import * as z from "zod";
import { datasetNameSchema, identifierSchema } from "./names.ts";

describe.each([
  ["identifier", identifierSchema],
  ["dataset", datasetNameSchema],
])("a name of a %s", (_what, schema) => {
  it("may hold letters of both cases, which its JSON Schema pattern says too", () => {
    expect(schema.parse("Top_Customers2")).toBe("Top_Customers2");
    const { pattern } = z.toJSONSchema(schema) as { pattern: string };
    expect(new RegExp(pattern).test("Top_Customers2")).toBe(true);
    expect(new RegExp(pattern).test("top customers")).toBe(false);
  });

  it.each(["constructor", "toString", "__proto__", "hasOwnProperty", "valueOf"])("is not %s", (name) => {
    expect(schema.safeParse(name).error?.issues.map((issue) => issue.message)).toEqual([
      "choose another name: every object of JavaScript clients has one of this name",
    ]);
  });
});
