// Every limit of src/limits.ts, src/workflow-limits.ts and src/workspace-limits.ts has its row in docs/limits.md, with the same value, and the other way round. Runs in Node.
import { expect, it } from "vitest";
import * as limits from "../../src/limits.ts";
import * as workflowLimits from "../../src/workflow-limits.ts";
import * as workspaceLimits from "../../src/workspace-limits.ts";
import { textOf } from "./sources.ts";

/** The unit that a limit's name ends in; a name without one counts things. */
function unitOf(name: string): string {
  const units: readonly (readonly [RegExp, string])[] = [
    [/bytes$/i, "bytes"],
    [/chars$/i, "characters"],
    [/Ms$/, "milliseconds"],
    [/days$/i, "days"],
    [/tokens$/i, "tokens"],
    [/stepsPerInputByte$/, "steps per byte"],
    [/steps$/i, "steps"],
    [/depth$/i, "levels"],
  ];
  return units.find(([ending]) => ending.test(name))?.[1] ?? "count";
}

/** Rows of docs/limits.md as `group.name`, value and unit. */
function documented(): string[] {
  return [...textOf("docs/limits.md").matchAll(/^\| `([^`]+)` *\| ([^|]+) \| ([^|]+) \| ([^|]+) \|$/gm)].map(
    ([, name = "", value = "", unit = "", reason = ""]) => {
      expect(reason.trim().length, `docs/limits.md says why ${name}`).toBeGreaterThan(4);
      return `${name} = ${value.trim().replaceAll(",", "")} ${unit.trim()}`;
    },
  );
}

it("every limit is documented with its value and unit, and nothing else is", () => {
  const existing = Object.entries({ ...limits, ...workflowLimits, ...workspaceLimits }).flatMap(([group, members]) =>
    Object.entries(members as Record<string, unknown>).map(
      ([name, value]) => `${group}.${name} = ${String(value)} ${unitOf(name)}`,
    ),
  );
  expect(documented().sort()).toEqual(existing.sort());
  expect(existing.length).toBeGreaterThan(20);
});
