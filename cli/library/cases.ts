// Test cases of a library's tools: `*.test.yaml` beside them, each a call and what must come of it. Runs under Node.
import { isMap, isSeq, LineCounter, parseDocument } from "yaml";
import { CliError } from "../core/errors.ts";
import { readText } from "../core/files.ts";
import { canonical, isRecord, type JsonRecord } from "../core/json.ts";
import type { Rows } from "../core/wire.ts";
import { pathIn, testsEnding, yamlFiles } from "./files.ts";

export interface TestCase {
  tool: string;
  /** What it is called in reports. */
  name: string;
  place: string;
  args: JsonRecord;
  expect: { rows?: unknown[]; total?: number; error?: string };
}

/** What a dry run says, as far as a case looks at it. */
export interface DryRun {
  ok: boolean;
  errors: { code: string; message: string; hint?: string; line?: number; column?: number }[];
  sample?: Rows;
}

const keys = ["tool", "name", "arguments", "expect"];
const expectKeys = ["rows", "total", "error"];

/** All cases of a folder. Throws `tests_invalid` for a file that cannot be read. */
export async function readCases(folder: string): Promise<TestCase[]> {
  const cases: TestCase[] = [];
  for (const path of await yamlFiles(folder, (one) => testsEnding.test(one))) {
    const shown = pathIn(folder, path);
    if (testsEnding.test(shown)) cases.push(...parseCases((await readText(shown)) ?? "", shown));
  }
  return cases;
}

function parseCases(text: string, shown: string): TestCase[] {
  const counter = new LineCounter();
  const document = parseDocument(text, { lineCounter: counter, prettyErrors: false });
  const invalid = (line: number, why: string): CliError =>
    new CliError("tests_invalid", `${shown}:${line}: ${why}`, {
      hint: "A case is: - tool: NAME, arguments: {…}, expect: {rows: […]} or {total: N} or {error: CODE}.",
    });
  const [error] = document.errors;
  if (error !== undefined) throw invalid(counter.linePos(error.pos[0]).line, error.message);
  const list = document.get("tests");
  if (!isSeq(list)) throw invalid(1, "there is no list `tests`.");
  return list.items.map((item, at) => {
    const line = isMap(item) ? counter.linePos(item.range?.[0] ?? 0).line : 1;
    const value: unknown = isMap(item) ? item.toJS(document) : undefined;
    if (!isRecord(value) || typeof value.tool !== "string") throw invalid(line, "the case names no tool.");
    const { arguments: args = {}, expect = {} } = value;
    if (!isRecord(args) || !isRecord(expect)) throw invalid(line, "arguments and expect are objects.");
    const odd = [
      ...Object.keys(value).filter((key) => !keys.includes(key)),
      ...Object.keys(expect).filter((key) => !expectKeys.includes(key)),
    ];
    if (odd.length > 0) throw invalid(line, `there is no ${odd.join(", ")} in a case.`);
    const name = typeof value.name === "string" ? value.name : `case ${at + 1}`;
    return { tool: value.tool, name, place: `${shown}:${line}`, args, expect: expect as TestCase["expect"] };
  });
}

/** Why the outcome is not what the case expects; undefined when it is. */
export function judge({ expect }: TestCase, { ok, errors, sample }: DryRun): string | undefined {
  const [error] = errors;
  if (expect.error !== undefined) {
    return error?.code === expect.error
      ? undefined
      : `expected the error ${expect.error}, got ${error?.code ?? `${sample?.total} rows`}`;
  }
  if (!ok || sample === undefined) return error?.message ?? "it did not run";
  if (expect.total !== undefined && sample.total !== expect.total)
    return `expected ${expect.total} rows, got ${sample.total}`;
  if (expect.rows === undefined) return undefined;
  if (expect.total === undefined && expect.rows.length !== sample.total && expect.rows.length <= sample.returned) {
    return `expected ${expect.rows.length} rows, got ${sample.total}`;
  }
  // A dry run shows the first rows alone.
  const differs = sample.rows.findIndex(
    (row, at) => at < (expect.rows?.length ?? 0) && canonical(row) !== canonical(expect.rows?.[at]),
  );
  if (differs === -1) return undefined;
  return `row ${differs + 1}: expected ${JSON.stringify(expect.rows[differs])}, got ${JSON.stringify(sample.rows[differs])}`;
}
