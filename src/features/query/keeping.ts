// All outputs of a query kept as a frame. Runs at the edge.
import type { CallContext } from "../../context.ts";
import { AppError } from "../../core/errors.ts";
import { parseExact } from "../../core/exact-json.ts";
import { cutText } from "../../core/markdown.ts";
import { parseWith } from "../../core/parse.ts";
import type { JqOutcome } from "../../engines/jq/run.ts";
import { frameLimits } from "../../workspace-limits.ts";
import { loadRows } from "../frame-files/frame-files.ts";
import type { Frame } from "../frames/schema.ts";
import type { PageArguments } from "../results/schema.ts";
import { relationNameSchema } from "../workspace/schema.ts";
import { unionOfSources } from "../workspace/workspace.ts";
import type { QuerySource } from "./source.ts";

/** What the argument to_frame asks for: nothing, a frame, or one of that name. Throws `invalid_argument` for a text that is no name. */
export function readToFrame({ to_frame }: PageArguments): { name?: string } | undefined {
  if (to_frame === undefined || to_frame === false) return undefined;
  return to_frame === true ? {} : { name: parseWith(relationNameSchema, to_frame, "to_frame") };
}

/** Outputs that a run has to keep for a frame of this team: one more than it may have would be told by the total. */
export function frameWindow({ frameRows }: Pick<CallContext, "frameRows">) {
  return { offset: 0, limit: frameRows, maxBytes: frameLimits.resultBytes };
}

/** Makes a frame of a run's outputs: records become columns, anything else one column `value`. Throws `too_large`, and as `loadRows`. */
export async function keepOutputs(
  context: CallContext,
  { outputs, total, cutByBytes }: Pick<JqOutcome, "outputs" | "total" | "cutByBytes">,
  { name, program, sources }: { name?: string; program: string; sources: readonly QuerySource[] },
): Promise<Frame> {
  if (total > context.frameRows) throw tooLarge("rows", `${total} rows`, context.frameRows);
  if (cutByBytes)
    throw tooLarge("resultBytes", `more than ${frameLimits.resultBytes} bytes of rows`, frameLimits.resultBytes);
  return loadRows(context, {
    ...(name === undefined ? {} : { name }),
    records: outputs.map(parseExact),
    lineage: {
      operation: context.execution.toolName ?? "query_dataset",
      inputs: sources.map(({ input }) => input),
      params: { jq: cutText(program, frameLimits.expressionChars) },
    },
    sources: unionOfSources(...sources.map((source) => source.sources)),
  });
}

function tooLarge(limit: string, has: string, value: number): AppError {
  return new AppError(
    "too_large",
    `The result has ${has}; a frame made of a query has ${value} at most (limit ${limit}).`,
    {
      hint: "Filter, aggregate or keep fewer fields in the query, or load the data itself with read_json and use the frame operations.",
      details: { limit, value },
    },
  );
}
