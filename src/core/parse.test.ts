import { expect, it } from "vitest";
import * as z from "zod";
import { parseWith } from "./parse.ts";

const op = z.enum(["sum", "mean"]);
const schema = z.object({
  by: z.union([z.string(), z.array(z.string())]).optional(),
  ops: z
    .union([z.literal("count"), z.record(z.string(), z.union([op, z.array(op), z.strictObject({ op })]))])
    .optional(),
});

it.each([
  ["all forms by their types", { by: 1 }, "tool: by: Invalid input: expected string or array, received number"],
  ["the item of a list", { by: ["a", 1] }, "tool: by.1: Invalid input: expected string, received number"],
  [
    "the form that fits furthest",
    { ops: { n: { op: "summ" } } },
    'tool: ops.n.op: Invalid option: expected one of "sum"|"mean"',
  ],
  ["a key of it that is unknown", { ops: { n: { op: "sum", of: 1 } } }, 'tool: ops.n: Unrecognized key: "of"'],
])("says what is wrong with a value of several forms: %s", (_, value, message) => {
  expect(() => parseWith(schema, value, "tool")).toThrow(
    expect.objectContaining({ code: "invalid_argument", message }),
  );
});
