// The workflow proof in short: fixed seeds, the object restarted at every step. `npm run prove:workflow` has it run others, for longer.
import { expect, inject, it } from "vitest";
import { prove } from "./prover.ts";

const asked = inject("workflowProof");
const { seed, steps, runs } = asked === "" ? { seed: 1, steps: 160, runs: 3 } : JSON.parse(asked);

const seeds = Array.from({ length: runs }, (_, run) => seed + run);

it.each(seeds)("holds whatever happens, seed %i", { timeout: 60_000 + steps * 1_000 }, async (one) => {
  const { failed, trace, counts } = await prove({ seed: one, steps });
  console.log(`seed ${one}, ${steps} steps: ${JSON.stringify(counts)}`);
  const said =
    failed === undefined ? "" : [...trace.slice(-60), `At step ${failed.step}:`, ...failed.faults].join("\n");
  expect(said, `again: npm run prove:workflow -- --seed ${one} --steps ${steps}`).toBe("");
});
