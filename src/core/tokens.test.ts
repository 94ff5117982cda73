// Holds the token estimate against a real tokenizer.
import { encode } from "gpt-tokenizer/encoding/o200k_base";
import { describe, expect, it } from "vitest";
import { markdownTable } from "./markdown.ts";
import { estimateTokens } from "./tokens.ts";

const rows = Array.from({ length: 40 }, (_, i) => ({
  id: i + 1000,
  ordered_at: new Date(1.7e12 + i * 8.64e7).toISOString(),
  customer: `customer-${(i * 37) % 900}`,
  region: ["north", "south", "east", "west"][i % 4],
  product: `Trail Runner ${i}`,
  amount: Number((i * 13.37).toFixed(2)),
  note: null,
}));

const texts: Record<string, string> = {
  "a Markdown table": markdownTable(rows),
  "compact JSON": JSON.stringify(rows),
  "indented JSON": JSON.stringify(rows, null, 2),
  numbers: JSON.stringify(Array.from({ length: 500 }, (_, i) => Math.sin(i) * 1000)),
  prose: "Runs jq over a dataset; a list of records is an array, and every cut says what is missing. ".repeat(20),
  "other scripts": "żółć 東京都渋谷区 Привет мир ".repeat(30),
  identifiers: Array.from({ length: 40 }, (_, i) => `usage_count_${i} avgExecutionTime`).join("\n"),
};

describe("estimateTokens", () => {
  it.each(Object.entries(texts))("is within 0.9 and 1.6 of a real tokenizer on %s", (_name, text) => {
    const ratio = estimateTokens(text) / encode(text).length;
    expect(ratio).toBeGreaterThan(0.9);
    expect(ratio).toBeLessThan(1.6);
  });

  it("counts nothing in nothing", () => {
    expect(estimateTokens("")).toBe(0);
  });

  it("renders a table in at most half the tokens of the same rows as indented JSON", () => {
    expect(encode(markdownTable(rows)).length).toBeLessThanOrEqual(encode(JSON.stringify(rows, null, 2)).length / 2);
  });
});
