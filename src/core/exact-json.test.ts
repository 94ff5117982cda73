// Numbers that survive parse and stringify. Runs in workerd.
import { expect, it } from "vitest";
import { isRawNumber, isRecord, parseExact } from "./exact-json.ts";

it.each([
  "9007199254740993",
  "100000000000000000000",
  "-12345678901234567890",
  "1E+1000",
  "3.14159265358979323846",
  '{"a":[9007199254740993,{"b":1E+1000}],"c":"1E+1000"}',
])("brings %s back exactly", (text) => {
  expect(JSON.stringify(parseExact(text))).toBe(text);
});

it.each([
  ["1e3", 1000],
  ["1.0", 1],
  ["9007199254740992", 9007199254740992],
  ["0.1", 0.1],
  ["1234567.12345678", 1234567.12345678],
  ["1.7976931348623157e+308", Number.MAX_VALUE],
])("reads %s as an ordinary number", (text, value) => {
  expect(parseExact(text)).toBe(value);
});

it("tells records from everything else", () => {
  expect([{}, [], null, "x", 1, parseExact("1E+1000")].map(isRecord)).toEqual([
    true,
    false,
    false,
    false,
    false,
    false,
  ]);
  expect(isRawNumber(parseExact("1E+1000"))).toBe(true);
});
