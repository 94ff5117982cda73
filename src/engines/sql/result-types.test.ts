// Types of result columns by all their values, and the cells that those become. Runs in workerd.
import { describe, expect, it } from "vitest";
import type { Column } from "../frame/types.ts";
import { ColumnFacts, type Kind, type Raw, rowOf } from "./result-types.ts";

type Value = readonly [Kind, Raw];

/** The column of these values, and its cells. */
function typed(values: readonly Value[], inputs: readonly Column[] = []): [Column, unknown[]] {
  const facts = new ColumnFacts("x", inputs);
  for (const [kind, value] of values) facts.add(kind, value);
  const column = facts.column();
  const json = new Set(column.type === "json" && !facts.isMixed ? [0] : []);
  const cells = values.map(([kind, value]) => {
    const row = rowOf([column], kind, [value], json);
    return Array.isArray(row) ? row[0] : "misfit";
  });
  return [column, cells];
}

const x = (type: Column["type"], more: Partial<Column> = {}): Column => ({ name: "x", type, ...more });

describe("a result column", () => {
  it.each<[string, Value[], Column, unknown[]]>([
    [
      "whole numbers",
      [
        ["i", 1],
        ["n", null],
      ],
      x("int"),
      [1, null],
    ],
    [
      "large ones",
      [
        ["i", 1],
        ["i", "9007199254740993"],
      ],
      x("int64"),
      ["1", "9007199254740993"],
    ],
    [
      "fractions",
      [
        ["r", 1.5],
        ["i", 2],
      ],
      x("float"),
      [1.5, 2],
    ],
    [
      "fractions beyond JSON",
      [
        ["r", Number.POSITIVE_INFINITY],
        ["r", -0],
      ],
      x("float", { special: true }),
      ["Infinity", "-0"],
    ],
    [
      "texts",
      [
        ["t", "a"],
        ["t", ""],
      ],
      x("text"),
      ["a", ""],
    ],
    ["bytes", [["b", new Uint8Array([0, 255]).buffer]], x("binary"), ["00ff"]],
    ["nothing", [["n", null]], x("text"), [null]],
    [
      "several kinds",
      [
        ["i", 1],
        ["t", "a"],
        ["r", 0.5],
      ],
      x("json"),
      [1, "a", 0.5],
    ],
    [
      "large whole numbers among fractions",
      [
        ["i", "9007199254740993"],
        ["r", 0.5],
      ],
      x("json"),
      ["9007199254740993", 0.5],
    ],
  ])("of %s", (_what, values, column, cells) => {
    expect(typed(values)).toEqual([column, cells]);
  });

  it.each<[string, Column, Value[], Column, unknown[]]>([
    [
      "a date",
      x("date"),
      [
        ["t", "2024-02-29"],
        ["n", null],
      ],
      x("date"),
      ["2024-02-29", null],
    ],
    ["what was a date", x("date"), [["t", "2023-02-29"]], x("text"), ["2023-02-29"]],
    [
      "a bool",
      x("bool"),
      [
        ["i", 0],
        ["i", 1],
      ],
      x("bool"),
      [false, true],
    ],
    ["a count of bools", x("bool"), [["i", 2]], x("int"), [2]],
    [
      "a time",
      x("timestamp", { unit: "ms", timezone: "UTC" }),
      [
        ["t", "2026-01-01T00:00:00.5Z"],
        ["t", "2026-01-01T00:00:00Z"],
      ],
      x("timestamp", { unit: "ms", timezone: "UTC" }),
      ["2026-01-01T00:00:00.500Z", "2026-01-01T00:00:00.000Z"],
    ],
    [
      "a time without its zone",
      x("timestamp", { unit: "s", timezone: "UTC" }),
      [["t", "2026-01-01T00:00:00"]],
      x("text"),
      ["2026-01-01T00:00:00"],
    ],
    [
      "a decimal as text",
      x("decimal"),
      [
        ["t", "1.50"],
        ["t", "-12.345"],
      ],
      x("decimal", { precision: 5, scale: 3 }),
      ["1.500", "-12.345"],
    ],
    [
      "a decimal as a double",
      x("decimal", { precision: 5, scale: 2 }),
      [
        ["r", 12.34],
        ["r", 5],
      ],
      x("decimal", { precision: 5, scale: 2 }),
      ["12.34", "5.00"],
    ],
    ["a mean of decimals", x("decimal", { precision: 5, scale: 2 }), [["r", 1 / 3]], x("float"), [1 / 3]],
    [
      "a decimal that a double does not hold",
      x("decimal", { precision: 20, scale: 2 }),
      [["r", 123456789012345.67]],
      x("float"),
      [123456789012345.67],
    ],
    [
      "JSON",
      x("json"),
      [
        ["t", '{"a":[1]}'],
        ["t", "null"],
      ],
      x("json"),
      [{ a: [1] }, null],
    ],
    ["what was JSON", x("json"), [["t", "{"]], x("text"), ["{"]],
    ["small numbers of a large column", x("int64"), [["i", 5]], x("int64"), ["5"]],
    ["another type than was read", x("date"), [["i", 5]], x("int"), [5]],
  ])("keeps the type of a column by its name for %s", (_what, input, values, column, cells) => {
    expect(typed(values, [input])).toEqual([column, cells]);
  });

  it("takes no value of another kind, should a statement give one when it runs again", () => {
    expect(rowOf([x("int")], "t", ["a"], new Set())).toEqual({ misfit: x("int") });
    expect(rowOf([x("int")], "i", ["9007199254740993"], new Set())).toEqual({ misfit: x("int") });
    expect(rowOf([x("float")], "r", [Number.NEGATIVE_INFINITY], new Set())).toEqual({ misfit: x("float") });
    expect(rowOf([x("json")], "t", ["{"], new Set([0]))).toEqual({ misfit: x("json") });
  });
});
