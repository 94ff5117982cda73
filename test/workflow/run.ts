// `npm run prove:workflow -- --seed N --steps N --runs N`: the workflow proof by hand, over one seed or many. Runs in Node; the proof itself in workerd.
import { spawnSync } from "node:child_process";
import { parseArgs } from "node:util";

const { values } = parseArgs({
  options: {
    seed: { type: "string" },
    steps: { type: "string", default: "1000" },
    runs: { type: "string", default: "1" },
  },
});
const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31));
const [steps, runs] = [Number(values.steps), Number(values.runs)];
if (![seed, steps, runs].every((number) => Number.isSafeInteger(number) && number >= 0)) {
  console.error("Usage: npm run prove:workflow -- [--seed N] [--steps N] [--runs N], whole numbers");
  process.exit(2);
}
console.log(`To run the same again: npm run prove:workflow -- --seed ${seed} --steps ${steps} --runs ${runs}`);
const { status } = spawnSync("vitest", ["run", "--config", "vitest.config.ts", "test/workflow/workflow.test.ts"], {
  stdio: "inherit",
  env: { ...process.env, WORKFLOW_PROOF: JSON.stringify({ seed, steps, runs }) },
});
process.exitCode = status ?? 1;
