// Tests as the fields of the editor's form, and back. Pure.
import type { ProposalTest } from "../../../features/approvals/schema.ts";
import type { EntryKind } from "../../../features/history/schema.ts";
import { FormProblems, jsonText } from "./form-values.ts";
import { lines, rowsIn } from "./tool-form.ts";

export const testFields = [
  "test_name",
  "test_expression",
  "test_arguments",
  "test_dataset",
  "test_input",
  "test_expected",
  "test_assert",
] as const;
export type TestRow = Readonly<Record<(typeof testFields)[number], string>>;

/** Adds these tests to a form's fields. */
export function addTests(fields: URLSearchParams, tests: readonly ProposalTest[]): void {
  for (const test of tests) {
    const row: TestRow = {
      test_name: test.name ?? "",
      test_expression: test.expression ?? "",
      test_arguments: jsonText(test.arguments),
      test_dataset: test.dataset ?? "",
      test_input: jsonText(test.input),
      test_expected: jsonText(test.expected),
      test_assert: test.assert ?? "",
    };
    for (const [field, text] of Object.entries(row)) fields.append(field, text);
  }
}

/** The form's tests; rows in which nothing is written are none. Throws `invalid_argument` that lists each field that is no JSON. */
export function testsIn(fields: URLSearchParams, kind: EntryKind): ProposalTest[] {
  const problems = new FormProblems();
  const tests = rowsIn(fields, testFields)
    .filter((row) => Object.values(row).some((text) => text.trim() !== ""))
    .map((row, at) =>
      testOf(row, row.test_name.trim() === "" ? `test ${at + 1}` : row.test_name.trim(), kind, problems),
    );
  problems.requireNone();
  return tests;
}

function testOf(row: TestRow, name: string, kind: EntryKind, problems: FormProblems): ProposalTest {
  const args = problems.json(row.test_arguments, `${name}: arguments`);
  const isObject = typeof args === "object" && args !== null && !Array.isArray(args);
  if (args !== undefined && !isObject) problems.add(`${name}: arguments: write an object, by the parameters' names`);
  const input = problems.json(row.test_input, `${name}: input`);
  const expected = problems.json(row.test_expected, `${name}: expected`);
  const text = (field: keyof TestRow): string | undefined => {
    const written = lines(row[field]).trim();
    return written === "" ? undefined : written;
  };
  const [expression, dataset, assert] = [text("test_expression"), text("test_dataset"), text("test_assert")];
  return {
    name,
    ...(expression !== undefined && kind === "function" ? { expression } : {}),
    ...(isObject ? { arguments: { ...args } } : {}),
    ...(dataset === undefined ? {} : { dataset }),
    ...(input === undefined ? {} : { input }),
    ...(expected === undefined ? {} : { expected }),
    ...(assert === undefined ? {} : { assert }),
  };
}
