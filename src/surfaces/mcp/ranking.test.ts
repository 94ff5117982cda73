// Ranking: which words count for how much. Runs in workerd.
import { describe, expect, it } from "vitest";
import { type RankedText, rank, wordsOf } from "./ranking.ts";

function text(name: string, description: string, more: Partial<RankedText> = {}): RankedText {
  return { name, description, parameters: "", datasets: "", weight: 0, isBuiltIn: false, ...more };
}

const texts = [
  text("revenue_by", "Revenue by region, product or channel.", { parameters: "group_by", datasets: "orders" }),
  text("top_customers", "The customers who bought most.", { parameters: "n how many", datasets: "orders" }),
  text("moving_average", "Smooths a time series.", { parameters: "window", datasets: "timeseries" }),
  text("margin", "Profit margin of all sales: revenue less cost.", { datasets: "sales", weight: 5 }),
];
const names = (query: string): string[] => rank(texts, query).map((index) => texts[index]?.name ?? "");

describe("rank", () => {
  it("puts a word in the name before one in the description", () =>
    expect(names("revenue")).toEqual(["revenue_by", "margin"]));
  it("finds by dataset", () => expect(names("orders")).toEqual(["top_customers", "revenue_by"]));
  it("finds by parameter", () => expect(names("window")).toEqual(["moving_average"]));
  it("finds plurals and beginnings", () => {
    expect(names("customer")).toEqual(["top_customers"]);
    expect(names("smooth")).toEqual(["moving_average"]);
  });
  it("lists everything by weight and name for an empty query", () =>
    expect(names("  ")).toEqual(["margin", "moving_average", "revenue_by", "top_customers"]));
  it("counts 32 words of a query and no more", () => {
    const filler = Array.from({ length: 32 }, (_, index) => `filler${index}`).join(" ");
    expect(names(`${filler.replace(/ \S+$/, "")} window`)).toEqual(["moving_average"]);
    expect(names(`${filler} window`)).toEqual([]);
  });
  it("puts a built-in tool after a team tool that fits alike", () => {
    const alike = [text("a_word", "x", { isBuiltIn: true }), text("b_word", "x")];
    expect(rank(alike, "word")).toEqual([1, 0]);
    expect(rank(alike, "")).toEqual([1, 0]);
  });
  it("finds nothing for words nobody has", () => expect(names("zebra")).toEqual([]));
  it("settles equal fits by weight, then name", () => {
    const alike = [text("y", "same words"), text("x", "same words"), text("z", "same words", { weight: 1 })];
    expect(rank(alike, "same")).toEqual([2, 1, 0]);
  });
});

describe("wordsOf", () => {
  it("splits names of every style and any script", () =>
    expect(wordsOf("topCustomers_by-Region: Umsätze 2026 売上")).toEqual([
      "top",
      "customer",
      "region",
      "umsätze",
      "2026",
      "売上",
    ]));

  it("leaves out words of mere grammar and makes plurals singular", () =>
    expect(wordsOf("What are the best companies, boxes and addresses by status and analysis?")).toEqual([
      "best",
      "company",
      "box",
      "address",
      "status",
      "analysis",
    ]));
});
