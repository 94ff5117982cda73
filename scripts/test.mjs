// `npm test`: every test, in workerd and in Node, then one line with the count. Arguments go to vitest: `npm test -- src/core`.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const filters = process.argv.slice(2);
const scratch = mkdtempSync(join(tmpdir(), "super-data-test-"));
const suites = [
  { name: "workerd", config: "vitest.config.ts", options: filters.length === 0 ? ["--coverage"] : [] },
  { name: "node", config: "vitest.node.config.ts", options: [] },
];

let passed = 0;
let failed = 0;
let broken = false;
for (const suite of suites) {
  const report = join(scratch, `${suite.name}.json`);
  const { status } = spawnSync(
    "vitest",
    [
      "run",
      "--config",
      suite.config,
      "--passWithNoTests",
      "--reporter=default",
      "--reporter=json",
      `--outputFile.json=${report}`,
      ...suite.options,
      ...filters,
    ],
    { stdio: "inherit" },
  );
  broken ||= status !== 0;
  try {
    const { numPassedTests, numFailedTests } = JSON.parse(readFileSync(report, "utf8"));
    passed += numPassedTests;
    failed += numFailedTests;
  } catch {
    console.error(`The ${suite.name} tests ended without a report.`);
    broken = true;
  }
}
rmSync(scratch, { recursive: true, force: true });
console.log(`${passed} passed, ${failed} failed`);
// A suite can fail without a failing test: an unhandled error, a file that does not load, coverage under its floor.
process.exit(broken || failed > 0 || passed === 0 ? 1 : 0);
