// `npm run prove:isolation -- --seed N --operations N --teams N`: the isolation proof by hand, on a server of its own. Runs in Node.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { checkDisk, checkLog } from "./disk.ts";
import type { Violation } from "./oracle.ts";
import { prove } from "./prover.ts";
import { withServer } from "./server.ts";

const { values } = parseArgs({
  options: {
    seed: { type: "string" },
    operations: { type: "string", default: "2000" },
    teams: { type: "string", default: "4" },
    sabotage: { type: "string" },
    keep: { type: "boolean" },
  },
});
const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31));
const [operations, teams] = [Number(values.operations), Number(values.teams)];
const replay = `npm run prove:isolation -- --seed ${seed} --operations ${operations} --teams ${teams}`;
console.log(`Seed ${seed}. To run the same operations again: ${replay}`);

const persistDir = mkdtempSync(join(tmpdir(), "super-data-isolation-"));
const startedAt = Date.now();
const sabotage = values.sabotage === "answers" || values.sabotage === "rights" ? values.sabotage : undefined;
const lines: string[] = [];
const { report, world } = await withServer(persistDir, async (server) => {
  const proven = await prove({
    ...server,
    seed,
    operations,
    teams,
    log: console.log,
    ...(sabotage === undefined ? {} : { sabotage }),
  });
  lines.push(...server.lines);
  return proven;
});
const disk = checkDisk(world, persistDir);
const violations = [...report.violations, ...disk.violations, ...checkLog(world, lines)];
if (values.keep !== true) rmSync(persistDir, { recursive: true, force: true });

console.table(report.byOperation);
for (const { kind, operation, detail, excerpt } of violations.slice(report.violations.length))
  console.log(`${kind.toUpperCase()} in ${operation}: ${detail}\n  ${excerpt}`);
console.log(`${report.operations} operations, ${report.badCredentials} of them with a credential that is not good there; ${report.events} notifications
${report.canaries} canaries and identifiers followed; read at the end: ${lines.length} lines of log, ${disk.databases} databases and ${disk.objects} R2 objects with ${disk.found} of their own team's canaries
${count("leak")} leaks, ${count("refusal")} wrong refusals, ${count("state")} wrong states, ${count("server")} failures; ${Math.round((Date.now() - startedAt) / 1000)} s; sequence ${report.sequence}`);
if (violations.length > 0) console.log(`To run the same operations again: ${replay}`);
process.exitCode = violations.length === 0 ? 0 : 1;

function count(kind: Violation["kind"]): number {
  return violations.filter((violation) => violation.kind === kind).length;
}
