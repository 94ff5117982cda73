// What a query will cost before it runs: from runs of the same pattern, or from the size of its data and the shape of its program. Pure; runs at the edge.
import { parseProgram } from "../../engines/jq/syntax/parser.ts";
import { type RowsQuery, sourcesOf } from "../query/query.ts";
import type { PatternHistory } from "./rpc.ts";
import type { Explanation } from "./schema.ts";

/** Steps that reading one byte of JSON takes: 8 were measured, of which most is the parser. */
const stepsPerByte = 8;
/** Steps of one call or operator on one item, roughly. */
const stepsPerNode = 15;
/** Steps of one comparison of a sort. */
const stepsPerComparison = 27;
/** Steps that setting up the engine and a program's definitions take. */
const baseSteps = 120_000;

const sorting: ReadonlySet<string> = new Set(["sort", "sort_by", "group_by", "unique", "unique_by"]);

/** The mean of earlier runs where there are any, else an order of magnitude. Never throws for a program that was compiled. */
export function estimateSteps(
  program: string,
  { source }: Pick<RowsQuery, "source">,
  history: PatternHistory | undefined,
): Explanation["estimated"] {
  if (history !== undefined) {
    const { measured_runs: runs, average_steps: steps } = history;
    return { steps, from: "history", how: `the mean of ${runs} ${runs === 1 ? "run" : "runs"} of the same pattern` };
  }
  const sources = sourcesOf(source);
  const bytes = sources.reduce((sum, read) => sum + read.bytes, 0);
  const records = sources.reduce((sum, read) => sum + Math.max(1, read.records), 0);
  const { nodes, sorts } = shapeOf(program);
  const compares = sorts * records * Math.ceil(Math.log2(records + 2)) * stepsPerComparison;
  const steps = Math.round(baseSteps + bytes * stepsPerByte + records * nodes * stepsPerNode + compares);
  return {
    steps,
    from: "shape",
    how: "an order of magnitude, from the data's size and the program's calls and operators",
  };
}

function shapeOf(program: string): { nodes: number; sorts: number } {
  const shape = { nodes: 0, sorts: 0 };
  const look = (value: unknown): void => {
    if (typeof value !== "object" || value === null) return;
    const node = value as { kind?: unknown; name?: unknown; operators?: readonly unknown[] };
    if (node.kind === "call" || node.kind === "access" || node.kind === "object") shape.nodes += 1;
    if (node.kind === "operation") shape.nodes += node.operators?.length ?? 0;
    if (node.kind === "call" && sorting.has(String(node.name))) shape.sorts += 1;
    for (const member of Object.values(value)) look(member);
  };
  look(parseProgram(program).query);
  return shape;
}
