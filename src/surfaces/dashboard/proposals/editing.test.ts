// What an edit of a proposal sends: only what differs, all that is in conflict, and nothing that cannot be read. Runs in workerd.
import { expect, it } from "vitest";
import { describeError } from "../../../core/errors.ts";
import type { Proposal } from "../../../features/approvals/schema.ts";
import { type EditText, editText, readEdit } from "./editing.ts";

const content = {
  description: "Says.",
  query: "${n} * 2",
  parameters: [{ name: "n", type: "number" as const, default: 4 }],
  datasets: ["sales"],
  dataset_mode: "one" as const,
  input: "whole" as const,
  null_input: false,
  pinned: false,
  weight: 0,
};
const justification = "Asked for.";
const tests = [{ name: "three", arguments: { n: 3 }, expected: 6 }];
const proposed = { kind: "tool", content, justification, tests, conflict: null } as unknown as Proposal;

const edited = (change: Partial<EditText>, proposal = proposed) =>
  readEdit(proposal, { ...editText(proposal), ...change });

const refused = (change: Partial<EditText>): string => {
  try {
    return JSON.stringify(edited(change));
  } catch (error) {
    const { code, message } = describeError(error);
    return `${code}: ${message}`;
  }
};

it("writes a tool as a form of text and YAML, and reads it back as no edit at all", () => {
  expect(editText(proposed)).toEqual({
    description: "Says.",
    code: "${n} * 2",
    rest: "parameters:\n  - name: n\n    type: number\n    default: 4\ndatasets:\n  - sales\ndataset_mode: one\ninput: whole\nnull_input: false\npinned: false\nweight: 0\n",
    justification,
    tests: "- name: three\n  arguments:\n    n: 3\n  expected: 6\n",
  });
  expect(edited({})).toEqual({});
});

it("sends what differs and leaves out what is as proposed", () => {
  expect(edited({ code: "${n} + ${n}" })).toEqual({ content: { query: "${n} + ${n}" } });
  expect(edited({ rest: "weight: 3\ndatasets: [sales]\n", justification: "Now." })).toEqual({
    content: { weight: 3 },
    justification: "Now.",
  });
  expect(edited({ tests: "" })).toEqual({ tests: [] });
});

it("decides what is in conflict, changed or not", () => {
  const conflict = { current_version: 2, theirs: "", ours: "", fields: ["query"] };
  expect(edited({}, { ...proposed, conflict })).toEqual({ content: { query: "${n} * 2" } });
});

it("edits a function's definition, and words alone of what has no content", () => {
  const definition = "def half: . / 2;";
  const half = { description: "", definition, parameters: [], allow_builtin_name: false };
  const proposal = { ...proposed, kind: "function", content: half, tests: [] } as unknown as Proposal;
  expect(editText(proposal)).toMatchObject({ code: definition, rest: "parameters: []\nallow_builtin_name: false\n" });
  expect(edited({ code: "def half: . * 0.5;" }, proposal)).toEqual({ content: { definition: "def half: . * 0.5;" } });
  const gone = { ...proposed, content: null, tests: [] };
  expect(edited({ code: "1", rest: "weight: 1", justification: "Not used." }, gone)).toEqual({
    justification: "Not used.",
  });
});

it("says what cannot be read, aliases among it", () => {
  expect(refused({ tests: "name: one" })).toBe("invalid_argument: Tests are no list: each begins with `- `.");
  expect(refused({ rest: "- weight" })).toBe("invalid_argument: Further fields are no list of `name: value`.");
  expect(refused({ rest: "weight: [1" })).toMatch(/^invalid_argument: Further fields cannot be read as YAML: /);
  expect(refused({ tests: "- &a {name: x}\n- *a\n" })).toMatch(/^invalid_argument: Tests cannot be read as YAML: /);
});
