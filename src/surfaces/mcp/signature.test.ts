// Arguments as one line. Runs in workerd.
import { expect, it } from "vitest";
import { signatureOf } from "./signature.ts";

it("writes each argument with its type, choices and default", () => {
  const schema = {
    type: "object",
    properties: {
      group_by: { type: "string", enum: ["region", "product"] },
      n: { type: "integer", default: 10 },
      tags: { type: "array", items: { type: "string" } },
      value: { anyOf: [{ type: "string" }, { type: "null" }] },
      mode: { const: "fast" },
      many: { enum: Array.from({ length: 14 }, (_, index) => index) },
      free: {},
      limit: { type: "integer" },
    },
    required: ["group_by", "n", "free"],
  };
  expect(signatureOf(schema, new Set(["limit"]))).toBe(
    'group_by: "region" | "product", n?: integer = 10, tags?: array of string, value?: string | null, mode?: "fast", ' +
      "many?: 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 10 | 11 | … (14 values), free: any",
  );
});

it("is empty for a tool without arguments", () => expect(signatureOf({ type: "object" })).toBe(""));
