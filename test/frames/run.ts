// `npm run prove:frames -- --cases N --seed N`: random frames and chains of operations against DuckDB, as many as asked for. Runs in Node.
import { parseArgs } from "node:util";
import { runCase } from "./chains.ts";
import { Oracle } from "./oracle.ts";

const { values } = parseArgs({
  options: {
    cases: { type: "string", default: "5000" },
    seed: { type: "string" },
    keep: { type: "boolean", default: false },
  },
});
const first = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31));
const cases = Number(values.cases);
if (![first, cases].every((number) => Number.isSafeInteger(number) && number >= 0)) {
  console.error(
    "Usage: npm run prove:frames -- [--cases N] [--seed N] [--keep], whole numbers; --keep goes on after a difference",
  );
  process.exit(2);
}
console.log(`To run the same again: npm run prove:frames -- --cases ${cases} --seed ${first}`);
const oracle = await Oracle.open();
let steps = 0;
let differences = 0;
for (let seed = first; seed < first + cases; seed++) {
  const result = await runCase(oracle, seed);
  steps += result.steps;
  if (result.difference === undefined) continue;
  differences += 1;
  console.log(JSON.stringify(result.difference, undefined, 2));
  if (!values.keep) break;
}
oracle.close();
console.log(
  `${cases} cases, ${steps} steps compared, ${differences} ${differences === 1 ? "difference" : "differences"}`,
);
process.exitCode = differences === 0 ? 0 : 1;
