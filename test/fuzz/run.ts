// `npm run fuzz -- --count N --seed N [--only NAME] [--from N]`: spoiled requests against every endpoint of a server of its own. Runs in Node.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { withServer } from "../isolation/server.ts";
import { fuzz } from "./fuzzer.ts";

const { values } = parseArgs({
  options: {
    seed: { type: "string" },
    count: { type: "string", default: "200" },
    only: { type: "string" },
    from: { type: "string", default: "1" },
  },
});
const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31));
const count = Number(values.count);
console.log(`Seed ${seed}. To send the same again: npm run fuzz -- --seed ${seed} --count ${count}`);

const persistDir = mkdtempSync(join(tmpdir(), "super-data-fuzz-"));
const startedAt = Date.now();
const only = values.only === undefined ? {} : { only: values.only };
const report = await withServer(persistDir, (server) =>
  fuzz({ ...server, seed, count, from: Number(values.from), log: console.log, ...only }),
);
rmSync(persistDir, { recursive: true, force: true });

for (const { endpoint, what, request, answer } of report.faults)
  console.log(`FAULT ${endpoint}: ${what}\n  ${request.slice(0, 2_000)}\n  answer: ${answer}`);
const seconds = Math.round((Date.now() - startedAt) / 1000);
console.log(
  `${report.requests} requests to ${report.endpoints} endpoints in ${seconds} s, answers ${JSON.stringify(report.answers)}, ` +
    `${report.unsent} not sendable, slowest ${Math.round(report.slowestMs)} ms, ${report.faults.length} faults`,
);
process.exitCode = report.faults.length === 0 ? 0 : 1;
