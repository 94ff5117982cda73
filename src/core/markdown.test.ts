// Markdown tables and cut texts. Runs in workerd.
import { expect, it } from "vitest";
import { cutText, markdownCell, markdownTable } from "./markdown.ts";

it("keeps a table a table whatever the cells hold", () => {
  const rows = [
    { a: "x|y", b: "two\nlines" },
    { a: null, c: { deep: [1, "|"] } },
    { b: "back\\slash", c: "" },
  ];
  expect(markdownTable(rows)).toBe(
    ["|a|b|c|", "|-|-|-|", "|x\\|y|two⏎lines||", '|null||{"deep":[1,"\\|"]}|', "||back\\\\slash||"].join("\n"),
  );
});

it("shows the columns asked for, in that order", () => {
  expect(markdownTable([{ a: 1, b: 2 }], ["b", "a"])).toBe("|b|a|\n|-|-|\n|2|1|");
});

it("says how much of a long cell is missing", () => {
  expect(markdownTable([{ a: "abcdefgh" }], ["a"], 5)).toBe("|a|\n|-|\n|abcde… (+3 characters)|");
});

it("never cuts a character in two", () => {
  expect(cutText("ab👩cd", 3)).toBe("ab… (+4 characters)");
});

it("writes a missing value as nothing and null as null", () => {
  expect([markdownCell(undefined), markdownCell(null), markdownCell(false), markdownCell("")]).toEqual([
    "",
    "null",
    "false",
    "",
  ]);
});

it("shows a record's own values only, whatever a column is called", () => {
  const rows = [{ constructor: 1 }, { toString: 2 }, JSON.parse('{"__proto__":3}') as Record<string, unknown>];
  expect(markdownTable(rows)).toBe("|constructor|toString|__proto__|\n|-|-|-|\n|1|||\n||2||\n|||3|");
});
