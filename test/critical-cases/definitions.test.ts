// The critical cases of the plan about definitions: what they need, and how they compile.
// Each under its name there and whole: through the product's surfaces, with real clients.
import { describe, expect, inject, it } from "vitest";
import { done, rowsOf } from "../helpers/acting.ts";
import { callError, connectV2, createTeam } from "../helpers/clients.ts";

const server = inject("server");

describe("1. Function dependency resolution", () => {
  it("resolves what is needed through every level, and keeps it resolvable", async () => {
    const team = await createTeam(server, "case-dependencies");
    const client = await connectV2(team);
    const define = (name: string, definition: string) => done(client, "save_function", { name, definition });
    expect(await callError(client, "save_function", { name: "top", definition: "def top: middle + 1;" })).toMatchObject(
      { code: "jq_unknown_name" },
    );
    await define("base", "def base: 1;");
    await define("middle", "def middle: base * 10;");
    await define("other", "def other($n): $n + base;");
    await define("top", "def top: other(middle) + middle;");
    await done(client, "save_tool", { name: "tower", description: "Top.", query: "top", null_input: true });
    expect(await rowsOf(client, "tower")).toEqual([21]);

    await define("base", "def base: 2;");
    expect(await rowsOf(client, "tower")).toEqual([42]);

    const shown = await done<{ function: { depends_on: string[] }; dependants: object }>(client, "get_function", {
      name: "base",
    });
    expect(shown).toMatchObject({
      function: { depends_on: [] },
      dependants: { functions: ["middle", "other", "top"], tools: ["tower"] },
    });
    const circle = await callError(client, "save_function", { name: "base", definition: "def base: top;" });
    expect(circle).toMatchObject({ code: "jq_cycle" });
    const arity = await callError(client, "save_function", { name: "other", definition: "def other: 1;" });
    expect(arity.message).toContain("top");
    const removal = { name: "middle", action: "deactivate", justification: "Gone." };
    expect((await callError(client, "propose_function", removal)).message).toContain("top");
    expect(await rowsOf(client, "tower")).toEqual([42]);
    await client.close();
  });
});

describe("5. Complex jq function compilation", () => {
  const functions: [string, string][] = [
    [
      "walk_sum",
      'def walk_sum: def go: if type == "array" then map(go) | add // 0 elif type == "number" then . else 0 end; go;',
    ],
    ["twice", "def twice(f): f | f;"],
    ["fact", "def fact($n): if $n <= 1 then 1 else $n * fact($n - 1) end;"],
    ["pick_pair", "def pick_pair: . as {a: $x, $b} ?// [$x, $b] | {x: $x, b: $b};"],
    ["safely", 'def safely(f): try f catch "caught: \\(.)";'],
    [
      "first_over",
      "def first_over($n): label $out | foreach .[] as $i (0; . + $i; if . > $n then ., break $out else empty end);",
    ],
    ["leaf_paths", 'def leaf_paths: [paths(scalars) | map(tostring) | join(".")];'],
    ["composed", "def composed(f; $n): def inner($k): fact($k) | twice(f); [range(1; $n + 1) | inner(.)];"],
  ];
  const queries: [string, unknown[]][] = [
    ['[1, [2, [3, "x"]]] | walk_sum', [6]],
    ["3 | twice(. * .)", [81]],
    ["fact(10)", [3_628_800]],
    [
      "({a: 1, b: 2} | pick_pair), ([3, 4] | pick_pair)",
      [
        { x: 1, b: 2 },
        { x: 3, b: 4 },
      ],
    ],
    ['safely(error("no")), safely(1)', ["caught: no", 1]],
    ["[5, 5, 5, 5] | first_over(11)", [15]],
    ["{a: [1, {b: 2}]} | leaf_paths", [["a.0", "a.1.b"]]],
    ["composed(. + 1; 4)", [[3, 4, 8, 26]]],
    ['reduce (range(5) | fact(.)) as $f (0; . + $f) | "sum \\(.)"', ["sum 34"]],
    ["def fact($n): 0; fact(5)", [0]],
  ];

  it("compiles and runs definitions within definitions, closures, recursion and the rest of the language", async () => {
    const client = await connectV2(await createTeam(server, "case-compilation"));
    for (const [name, definition] of functions) await done(client, "save_function", { name, definition });
    await done(client, "create_dataset", { name: "none", content: "[]", format: "json" });
    for (const [query, expected] of queries) {
      const ran = await rowsOf(client, "query_dataset", { dataset: "none", query, null_input: true });
      expect([query, ran]).toEqual([query, expected]);
    }
    await done(client, "save_tool", {
      name: "series",
      description: "A series.",
      query: "composed(. * ${by}; ${count})",
      parameters: [
        { name: "by", type: "number" },
        { name: "count", type: "integer", default: 3 },
      ],
      null_input: true,
    });
    expect(await rowsOf(client, "series", { by: 2 })).toEqual([[4, 8, 24]]);
    await client.close();
  });
});
