// What an editor offers after a dot, and how it cuts SQL.
import { describe, expect, it } from "vitest";
import { bracketPairs } from "./brackets.ts";
import { fieldsBelow } from "./completing.ts";
import { highlightSql } from "./highlight-sql.ts";

const fields = [
  { path: "id", type: "number" },
  { path: "customer", type: "object" },
  { path: "customer.name", type: "string" },
  { path: "customer.address.city", type: "string" },
  { path: "tags[]", type: "string" },
  { path: 'lines[]["unit price"]', type: "number" },
];
const labels = (above: string[]): string[] =>
  fieldsBelow(fields, above).map(({ label, detail }) => `${label}: ${detail}`);

describe("fields after a dot", () => {
  it("are those of the record first", () => {
    expect(labels([])).toEqual(["id: number", "customer: object", "tags: string", "lines: object"]);
  });

  it("are those below a path, from wherever it begins", () => {
    expect(labels(["customer"])).toEqual(["name: string", "address: object"]);
    expect(labels(["address"])).toEqual(["city: string"]);
  });

  it("are all there are where nothing is known", () => {
    expect(labels(["value"])).toEqual([
      "id: number",
      "customer: object",
      "name: string",
      "city: string",
      "tags: string",
      "unit price: number",
    ]);
  });

  it("are written in quotes where jq wants that", () => {
    expect(fieldsBelow(fields, ["lines"])).toEqual([
      {
        label: "unit price",
        apply: '"unit price"',
        detail: "number",
        type: "property",
        info: '.lines[]["unit price"]',
      },
    ]);
  });
});

describe("SQL in colour", () => {
  it("tells words, calls, texts, names in quotes, numbers, parameters and comments", () => {
    const text = "SELECT count(*), \"odd name\", 'it''s' -- why\nFROM orders WHERE n >= 1.5 AND id = :id /* open";
    expect(highlightSql(text).map(({ kind, start, end }) => `${kind} ${text.slice(start, end)}`)).toEqual([
      "keyword SELECT",
      "call count",
      'field "odd name"',
      "string 'it''s'",
      "comment -- why",
      "keyword FROM",
      "keyword WHERE",
      "number 1.5",
      "keyword AND",
      "variable :id",
      "comment /* open",
    ]);
  });
});

describe("brackets", () => {
  it("go in pairs; those in strings and comments are text, an interpolation's are not", () => {
    const text = 'f("(\\(g[0])") } # (';
    const shown = [...bracketPairs("jq", text)].map(([at, other]) => `${at} ${text[at]} ${other ?? "alone"}`);
    expect(shown).toEqual(["1 ( 12", "5 ( 10", "7 [ 9", "9 ] 7", "10 ) 5", "12 ) 1", "14 } alone"]);
  });
});
