// The editor's forms: what is there becomes fields, and the fields become the same again.
import { describe, expect, it } from "vitest";
import type { ProposalTest } from "../../../features/approvals/schema.ts";
import type { ToolContent } from "../../../features/jq-tools/schema.ts";
import { fieldsOfFunction, functionOf, nameInDefinition } from "./function-form.ts";
import { argumentsFrom, problemWith } from "./run-values.ts";
import { addTests, testsIn } from "./tests-form.ts";
import { fieldsOfTool, toolOf } from "./tool-form.ts";

const tool: ToolContent = {
  description: "Orders of a region",
  query: "map(select(.region == ${region}))\n| length",
  parameters: [
    { name: "region", type: "string", description: "Which", enum: ["EU", "a b", '"quoted"', ""], default: "EU" },
    { name: "empty", type: "string", default: "" },
    { name: "n", type: "integer", required: false, min: 1, max: 10 },
    { name: "word", type: "string", required: true, pattern: "^[a-z]+$", min: 0 },
    { name: "flag", type: "boolean", default: false },
    { name: "list", type: "array", default: [1, "x"], enum: [[1, "x"], []] },
    { name: "more", type: "object", default: { a: null } },
  ],
  datasets: ["orders", "sales"],
  dataset_mode: "one",
  input: "records",
  null_input: true,
  pinned: true,
  weight: -2.5,
};

describe("a tool's form", () => {
  it("gives the tool back as it was, also over the wire", () => {
    const sent = new URLSearchParams(fieldsOfTool(tool).toString());
    expect(toolOf(sent)).toEqual(tool);
  });

  it("takes the line ends of browsers for what they are, and leaves out rows without a name", () => {
    const fields = fieldsOfTool({ ...tool, parameters: [] });
    fields.set("query", ".a\r\n| .b");
    fields.append("param", " ");
    fields.append("param_default", "left over");
    expect(toolOf(fields)).toEqual({ ...tool, query: ".a\n| .b", parameters: [] });
  });

  it("lists every field that cannot be read", () => {
    const fields = fieldsOfTool(tool);
    const rows = fields.getAll("param_default");
    fields.delete("param_default");
    for (const [at, text] of rows.entries()) fields.append("param_default", at >= 4 ? "{" : text);
    fields.set("weight", "heavy");
    expect(() => toolOf(fields)).toThrow(
      "flag: default: this is no JSON; list: default: this is no JSON; more: default: this is no JSON; weight: this is no number.",
    );
  });
});

describe("a function's form", () => {
  const content = {
    definition: "def margin($revenue; cost): ($revenue - cost) / $revenue;",
    description: "Share that is left",
    parameters: [{ name: "$revenue", type: "number", description: "Before cost" }, { name: "cost" }],
    allow_builtin_name: false,
  };

  it("gives the function back as it was", () => {
    expect(functionOf(fieldsOfFunction(content))).toEqual(content);
  });

  it("keeps the notes of parameters that the def still has", () => {
    const fields = fieldsOfFunction(content);
    fields.set("definition", "def margin($new; $revenue): $new;");
    expect(functionOf(fields).parameters).toEqual([{ name: "$new" }, content.parameters[0]]);
    fields.set("definition", "def margin(");
    expect(functionOf(fields).parameters).toEqual(content.parameters);
  });

  it("finds the name in the def", () => {
    expect(nameInDefinition(content.definition)).toBe("margin");
    expect(nameInDefinition("def")).toBeUndefined();
  });
});

describe("the tests' form", () => {
  const ofTool: ProposalTest[] = [
    { name: "one", arguments: { n: 2 }, input: [{ a: 1 }], expected: null, assert: "length == 1" },
    { name: "two", dataset: "orders", expected: { long: "x".repeat(80) } },
  ];

  it("gives the tests back as they were, and none for empty rows", () => {
    const fields = new URLSearchParams();
    addTests(fields, ofTool);
    addTests(fields, [{}]);
    expect(testsIn(new URLSearchParams(fields.toString()), "tool")).toEqual(ofTool);
    const ofFunction: ProposalTest[] = [{ name: "call", expression: "margin(10; 4)", expected: 0.6 }];
    const others = new URLSearchParams();
    addTests(others, ofFunction);
    expect(testsIn(others, "function")).toEqual(ofFunction);
  });

  it("says which field is no JSON", () => {
    const fields = new URLSearchParams({ test_arguments: "[1]", test_input: "{", test_expected: "'x'" });
    expect(() => testsIn(fields, "tool")).toThrow(
      "test 1: arguments: write an object, by the parameters' names; test 1: input: this is no JSON; test 1: expected: this is no JSON.",
    );
  });
});

describe("the run form", () => {
  it("reads each field as its parameter's type, and leaves out what is empty", () => {
    const query = new URLSearchParams({
      "p.region": "EU",
      "p.n": "3",
      "p.flag": "false",
      "p.list": '[1,"x"]',
      "p.more": '{"b": 2}',
      "p.word": "",
      dataset: "sales",
      other: "ignored",
    });
    expect(argumentsFrom(tool, query)).toEqual({
      region: "EU",
      n: 3,
      flag: false,
      list: [1, "x"],
      more: { b: 2 },
      dataset: "sales",
    });
  });

  it("leaves what is of another type to the tool's own words, and says what is no JSON", () => {
    expect(argumentsFrom(tool, new URLSearchParams({ "p.n": "many", "p.flag": "perhaps" }))).toEqual({
      n: "many",
      flag: "perhaps",
    });
    expect(() => argumentsFrom(tool, new URLSearchParams({ "p.more": "{" }))).toThrow("more: this is no JSON.");
    expect(problemWith("n", { problems: ["no: x", "n: expected an integer, got a string"] })).toBe(
      "expected an integer, got a string",
    );
    expect(problemWith("n", undefined)).toBeUndefined();
  });
});
