// Drafts of tools by example, each run and compared with the query as it was asked. Runs in workerd.
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { aDataset, aFunction, testContext } from "../../../test/helpers/catalogue.ts";
import { formOfQuery } from "../../engines/jq/syntax/query-form.ts";
import type { Dataset } from "../datasets/schema.ts";
import { draftTool } from "./drafting.ts";
import type { PatternFacts, SuggestedTool, Suggestion } from "./schema.ts";

const orders = [
  { region: "EU", amount: 10, product: "a" },
  { region: "US", amount: 20, product: "b" },
  { region: "EU", amount: 30, product: "b" },
];
const lines = orders.map((order) => JSON.stringify(order));

type Run = readonly [query: string, params?: Record<string, unknown>];

/** What the object keeps of these runs of one pattern. */
function factsOf(runs: readonly Run[], changes: Partial<Suggestion> = {}): PatternFacts {
  const forms = runs.map(([query, params = {}]) => {
    const values = Object.fromEntries(Object.entries(params).map(([name, value]) => [name, JSON.stringify(value)]));
    return formOfQuery(query, Object.keys(params), values);
  });
  const last = forms.at(-1);
  const places: PatternFacts["places"] = [];
  for (const { literals } of forms) {
    for (const [at, { value = "null" }] of literals.entries()) {
      const seen = places[at] ?? [];
      const known = seen.find((one) => one.value === value);
      if (known === undefined) seen.push({ value, runs: 1 });
      else known.runs += 1;
      places[at] = seen;
    }
  }
  const suggestion: Suggestion = {
    ...{ id: "sug_1", state: "suggested", dataset: "orders", input: "whole", null_input: false },
    ...{ pattern: last?.text ?? "", people: 3, runs: runs.length, average_ms: 1, settled_by: null, proposal: null },
    ...{ first_seen_at: "", last_seen_at: "", suggested_at: null },
    ...changes,
  };
  return { suggestion, normalised: last?.text ?? "", example: last?.program ?? "", places };
}

async function draftOf(
  runs: readonly Run[],
  changes: Partial<Suggestion> = {},
  data: Partial<Dataset> = {},
): Promise<SuggestedTool | string> {
  const text = `${lines.join("\n")}\n`;
  await env.FILES.put("draft-test/orders", text);
  const stored = { r2_key: "draft-test/orders", bytes: text.length, record_count: 3, sample: lines };
  const scale = aFunction("scale", {
    definition: "def scale(f; $factor): f * $factor;",
    arity: 2,
    parameters: [{ name: "f" }, { name: "$factor" }],
  });
  const { context } = testContext({ datasets: [aDataset("orders", { ...stored, ...data })], functions: [scale] });
  const drafted = await draftTool({ ...context, files: env.FILES }, factsOf(runs, changes));
  return "draft" in drafted ? drafted.draft : drafted.why;
}

describe("a draft", () => {
  it.each<[string, Run[], Partial<Suggestion>, string, Record<string, unknown>]>([
    [
      "a count",
      [["limit(5; .[]) | .amount"], ["limit(2; .[])|.amount"]],
      {},
      "limit(${count}; .[])|.amount",
      { count: 5 },
    ],
    [
      "a least value and how many",
      [["map(select(.amount > -5)) | .[:2]"], ["map(select(.amount > 15)) | .[:1]"]],
      {},
      "map(select(.amount > ${min_amount})) | .[:${count}]",
      { min_amount: -5, count: 2 },
    ],
    [
      "a caller's own",
      [
        ["{n:length, $x}", { x: "q" }],
        ["{n: length, $x}", { x: "r" }],
      ],
      {},
      "{n: length, x: ${x}}",
      { x: "q" },
    ],
    [
      "one in a string",
      [
        ['map("\\(.region) ${unit}")', { unit: "EUR" }],
        ['map("\\(.region) ${unit}")', { unit: "USD" }],
      ],
      {},
      'map("\\(.region) \\(${unit})")',
      { unit: "EUR" },
    ],
    [
      "a field's name",
      [
        ["group_by(.[$by]) | map(length)", { by: "region" }],
        ["group_by(.[$by]) | map(length)", { by: "product" }],
      ],
      {},
      "group_by(.[${by}]) | map(length)",
      { by: "region" },
    ],
    [
      "a function's argument",
      [["map(scale(.amount; 2))"], ["map(scale(.amount; 2.5))"]],
      {},
      "map(scale(.amount; ${factor}))",
      { factor: 2 },
    ],
    [
      "one of each record",
      [["select(.amount > 5) | .product"], ["select(.amount > 15) | .product"]],
      { input: "records" },
      "select(.amount > ${min_amount}) | .product",
      { min_amount: 5 },
    ],
    [
      "one beside a variable of the same name",
      [['. as $region | map(select(.region == "EU"))'], ['. as $region | map(select(.region == "US"))']],
      {},
      ". as $region | map(select(.region == ${region}))",
      { region: "EU" },
    ],
  ])("has parameters for what varied: %s", async (_what, runs, changes, query, defaults) => {
    const draft = await draftOf(runs, changes);
    if (typeof draft === "string") throw new Error(draft);
    expect(draft.query).toBe(query);
    expect(Object.fromEntries(draft.parameters.map((parameter) => [parameter.name, parameter.default]))).toEqual(
      defaults,
    );
    expect(draft.tests.map(({ name }) => name)).toEqual(["as it was asked, on the sample"]);
    expect(draft.notes).toEqual(["Gave what the query gives on orders v1, as it was written, and without arguments."]);
  });

  it("lists the values where each was seen more than once, and types them", async () => {
    const run = (region: string, ok: boolean): Run => [
      `map(select(.region == "${region}" and (.amount > 1) == ${ok}))`,
    ];
    const draft = await draftOf([run("EU", true), run("US", false), run("EU", false), run("US", true)]);
    expect(draft).toMatchObject({
      parameters: [
        { name: "region", type: "string", enum: ["EU", "US"], default: "EU" },
        { name: "value", type: "boolean", default: true },
      ],
    });
  });

  it("keeps what never varied, and what was of several types", async () => {
    expect(await draftOf([["map(.amount * 2)"], ["map(.amount * 2)"]])).toMatchObject({
      name: "orders_query",
      query: "map(.amount * 2)",
      parameters: [],
    });
    expect(await draftOf([["map(select(.region == 5))"], ['map(select(.region == "EU"))']])).toMatchObject({
      query: 'map(select(.region == "EU"))',
      parameters: [],
      notes: [
        "region was of several types, or too long to keep, so it stays as it was written.",
        "Gave what the query gives on orders v1, as it was written.",
      ],
    });
  });

  it("of data that not everyone sees carries none of its rows", async () => {
    const draft = await draftOf([["map(.amount * 2)"]], {}, { visibility: "admin" });
    expect(draft).toMatchObject({
      tests: [{ name: "as it was asked", dataset: "orders", arguments: {}, assert: "length > 0" }],
    });
  });

  it("is none, and says why, where it cannot be proved", async () => {
    expect(await draftOf([["map(.amount + now)"]])).toBe(
      "What it gives depends on more than the data, so no draft can be compared with it.",
    );
    expect(await draftOf([['map(.amount + "x")']])).toMatch(/^The query fails on the dataset as it is now: /);
    expect(await draftOf([["map(gone(.amount))"]])).toMatch(/^The query no longer compiles: /);
    expect(await draftOf([["map(.amount * 2)"]], { dataset: "gone" })).toBe("The dataset gone is gone.");
    expect(await draftOf([["map(.amount * 2)"]], {}, { bytes: 2 ** 40 })).toBe(
      `orders is ${2 ** 40} bytes; drafts are checked on up to 67108864 (limit comparedInputBytes).`,
    );
  });
});
