// Three-way merges of proposals: what goes together, what does not, and how a conflict is shown. Runs in workerd.
import { describe, expect, it } from "vitest";
import type { ToolContent } from "../jq-tools/schema.ts";
import { mergeNamed, mergeText } from "./merging.ts";
import { changedFields, rebase } from "./rebasing.ts";
import type { FunctionContent } from "./schema.ts";

const base: ToolContent = {
  description: "Sums sales.",
  query: "map(.amount)\n| add\n| {total: .}",
  parameters: [
    { name: "from", type: "string" },
    { name: "to", type: "string" },
  ],
  datasets: ["sales"],
  dataset_mode: "one",
  input: "whole",
  null_input: false,
  pinned: false,
  weight: 0,
};
const tool = (changes: Partial<ToolContent>): ToolContent => ({ ...base, ...changes });
const onto = (theirs: Partial<ToolContent>, ours: Partial<ToolContent>, decided?: ReadonlySet<string>) =>
  rebase(base, { version: 5, content: tool(theirs) }, tool(ours), decided);

describe("rebase", () => {
  it("takes from each side what only it changed", () => {
    expect(onto({ pinned: true, weight: 2 }, { description: "Adds up sales." })).toEqual({
      content: tool({ pinned: true, weight: 2, description: "Adds up sales." }),
    });
  });

  it("takes once what both changed alike", () => {
    expect(onto({ weight: 3 }, { weight: 3 })).toEqual({ content: tool({ weight: 3 }) });
  });

  it("merges lines that are apart", () => {
    const theirs = "map(.net)\n| add\n| {total: .}";
    const ours = "map(.amount)\n| add\n| {sum: .}";
    expect(onto({ query: theirs }, { query: ours })).toEqual({
      content: tool({ query: "map(.net)\n| add\n| {sum: .}" }),
    });
  });

  it("shows both diffs of what both changed", () => {
    expect(onto({ query: "map(.net)", weight: 1 }, { query: "map(.gross)" })).toEqual({
      conflict: {
        current_version: 5,
        fields: ["query"],
        theirs:
          " description: Sums sales.\n-query: |-\n-  map(.amount)\n-  | add\n-  | {total: .}\n+query: map(.net)\n parameters:\n   - name: from\n…\n null_input: false\n pinned: false\n-weight: 0\n+weight: 1",
        ours: " description: Sums sales.\n-query: |-\n-  map(.amount)\n-  | add\n-  | {total: .}\n+query: map(.gross)\n parameters:\n   - name: from\n…",
      },
    });
  });

  it("does not put a query under another way of reading", () => {
    expect(onto({ input: "records" }, { query: "length" })).toMatchObject({
      conflict: { fields: ["query", "input"] },
    });
    expect(onto({ query: "length" }, { null_input: true })).toMatchObject({
      conflict: { fields: ["query", "null_input"] },
    });
  });

  it("takes what the author has decided, whatever became of it", () => {
    expect(onto({ query: "map(.net)", pinned: true }, { query: "map(.gross)" }, new Set(["query"]))).toEqual({
      content: tool({ query: "map(.gross)", pinned: true }),
    });
  });

  it("compares with nothing where there was nothing", () => {
    const other = tool({ query: "1" });
    expect(rebase(null, { version: 1, content: other }, base)).toMatchObject({
      conflict: { current_version: 1, fields: ["query"] },
    });
    expect(rebase(null, { version: 1, content: other }, other)).toEqual({ content: other });
  });

  it("merges functions as well", () => {
    const was: FunctionContent = {
      definition: "def f($a): $a;",
      description: "",
      parameters: [{ name: "$a" }],
      allow_builtin_name: false,
    };
    const theirs = { ...was, description: "As it is." };
    const ours = { ...was, definition: "def f($a): $a + 0;" };
    expect(rebase(was, { version: 2, content: theirs }, ours)).toEqual({
      content: { ...theirs, definition: "def f($a): $a + 0;" },
    });
    expect(changedFields(was, theirs, ours)).toEqual(["definition", "description"]);
  });
});

describe("mergeText", () => {
  it.each([
    ["a\nb\nc", "A\nb\nc", "a\nb\nC", "A\nb\nC"],
    ["a\nb\nc", "a\nc", "a\nb\nc\nd", "a\nc\nd"],
    ["a\nb\nc\nd", "x\na\nb\nc\nd", "a\nb\nd", "x\na\nb\nd"],
    ["a", "a", "b", "b"],
    ["a\nb", "a\nx\nb", "a\nx\nb", "a\nx\nb"],
  ])("%j with %j and %j is %j", (was, theirs, ours, merged) => {
    expect(mergeText(was, theirs, ours)).toBe(merged);
  });

  it.each([
    ["a\nb", "x\nb", "y\nb"],
    ["a\nb", "A\nb", "a\nB"],
    ["a\nb", "a\nx\nb", "a\ny\nb"],
  ])("%j with %j and %j is a conflict", (was, theirs, ours) => {
    expect(mergeText(was, theirs, ours)).toBeUndefined();
  });

  it("merges long texts, and takes two that have too little in common for one change", () => {
    const lines = (word: string) => Array.from({ length: 3_000 }, (_, line) => `${word} ${line}`).join("\n");
    const long = lines("line");
    expect(mergeText(long, `${long}\nx`, `y\n${long}`)).toBe(`y\n${long}\nx`);
    expect(mergeText(long, lines("other"), `${long}\nx`)).toBeUndefined();
  });
});

describe("mergeNamed", () => {
  const [a, b, c, d] = ["a", "b", "c", "d"].map((name) => ({ name, type: "string" }));

  it("adds, changes and removes what one side did", () => {
    const changed = { name: "b", type: "number" };
    expect(mergeNamed([a, b, c], [a, changed, c, d], [b, c])).toEqual([changed, c, d]);
  });

  it("keeps the order of the side that changed it", () => {
    expect(mergeNamed(["a", "b"], ["a", "b", "c"], ["b", "a"])).toEqual(["b", "a", "c"]);
  });

  it.each([
    ["both changed one item", [{ name: "a", type: "number" }], [{ name: "a", type: "boolean" }]],
    ["one removed what the other changed", [], [{ name: "a", type: "boolean" }]],
    ["a name stands there twice", [a, a], [a]],
  ])("is a conflict when %s", (_why, theirs, ours) => {
    expect(mergeNamed([a], theirs, ours)).toBeUndefined();
  });

  it("is a conflict when both changed the order", () => {
    expect(mergeNamed(["a", "b", "c"], ["b", "a", "c"], ["a", "c", "b"])).toBeUndefined();
  });
});
