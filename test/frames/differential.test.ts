// Random frames and chains of operations against DuckDB: no difference but those that docs/guides/frames.md lists. Runs in Node.
import { afterAll, beforeAll, expect, it } from "vitest";
import { runCase } from "./chains.ts";
import { Oracle } from "./oracle.ts";

/** `npm run prove:frames` runs as many more as one likes. */
const firstSeed = 20_260_000;
const cases = 600;

let oracle: Oracle;
beforeAll(async () => {
  oracle = await Oracle.open();
});
afterAll(() => oracle.close());

it(`${cases} chains give what DuckDB gives`, { timeout: 240_000 }, async () => {
  let steps = 0;
  for (let seed = firstSeed; seed < firstSeed + cases; seed++) {
    const { steps: compared, difference } = await runCase(oracle, seed);
    expect(difference).toBeUndefined();
    steps += compared;
  }
  // The chains are not all over before they begin.
  expect(steps).toBeGreaterThan(cases);
});
