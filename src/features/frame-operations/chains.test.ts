// What the proof against DuckDB runs in memory, here through the tools and the workspace's storage: the same frames come out.
import { expect, it } from "vitest";
import { compute } from "../../../test/frames/chains.ts";
import { randomStep } from "../../../test/frames/operations.ts";
import { type Frame, Random, randomFrame } from "../../../test/frames/random.ts";
import { freshTeam, useTool } from "../../../test/helpers/team.ts";
import type { CallContext } from "../../context.ts";
import { isAppError } from "../../core/errors.ts";
import { loadRows } from "../frame-files/frame-files.ts";
import type { Operation } from "./schema.ts";

const lineage = { operation: "test", inputs: [] };

async function put(context: CallContext, frame: Frame): Promise<string> {
  return (await loadRows(context, { ...frame, lineage, sources: [] })).id;
}

async function read(context: CallContext, ref: string): Promise<Frame> {
  const { frame, rows } = await context.workspace.frames().slice(ref, { ...context.actor, hidden: [] }, 0, 10_000);
  return { columns: frame.columns, rows };
}

function attempt(operation: Operation, inputs: Frame[]): Frame | Error {
  try {
    return compute(operation, inputs);
  } catch (error) {
    if (isAppError(error)) return error;
    throw error;
  }
}

/** The arguments of the tool, with what it reads named by data_refs. */
function argumentsOf({ operation, args }: Operation, ref: string, other: string): Record<string, unknown> {
  if (operation === "join") return { ...args, left: ref, right: other };
  return operation === "concat" ? { ...args, data_refs: [ref, other] } : { ...args, data_ref: ref };
}

it("40 random chains give through the tools what they give in memory", { timeout: 120_000 }, async () => {
  const team = await freshTeam();
  const context = { ...(await team.call("member")), frameRows: 2_000 };
  let compared = 0;
  for (let seed = 1; seed <= 40; seed++) {
    const random = new Random(seed);
    let frame = randomFrame(random, "a");
    const other = randomFrame(random, "b");
    let ref = await put(context, frame);
    const otherRef = await put(context, other);
    let names = 0;
    for (let step = 0; step < 3; step++) {
      const { operation } = randomStep(
        random,
        { columns: frame.columns, table: "input" },
        { columns: other.columns, table: "other" },
        () => `n${names++}`,
      );
      const isPair = operation.operation === "join" || operation.operation === "concat";
      const expected = attempt(operation, isPair ? [frame, other] : [frame]);
      const answer = await useTool(context, operation.operation, argumentsOf(operation, ref, otherRef)).catch(
        (error: Error) => error,
      );
      if (expected instanceof Error || answer instanceof Error) {
        expect([answer instanceof Error && answer.message]).toEqual([expected instanceof Error && expected.message]);
        break;
      }
      ref = (answer.data as { data_ref: string }).data_ref;
      frame = await read(context, ref);
      expect(frame, JSON.stringify({ seed, operation })).toEqual(expected);
      compared += 1;
    }
  }
  expect(compared).toBeGreaterThan(80);
});
