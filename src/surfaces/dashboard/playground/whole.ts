// All outputs of a query, past the page that an answer shows: for charts and downloads. Logged as a call of the tool. Runs at the edge.
import type { CallContext } from "../../../context.ts";
import { parseWith } from "../../../core/parse.ts";
import { recordJson } from "../../../engines/frame/output.ts";
import { requirePermission } from "../../../features/access/access.ts";
import { compileAdHoc } from "../../../features/jq-functions/jq-functions.ts";
import { findSource, noteSources, runQuery } from "../../../features/query/query.ts";
import { rawQuerySchema } from "../../../features/sql/schema.ts";
import { runRead } from "../../../features/sql/sql.ts";
import { sqlLimits } from "../../../workspace-limits.ts";
import { type Outcome as CallOutcome, runLogged } from "../../run-logged.ts";
import { argumentsOf, type Running, settled, toolOf } from "./asked.ts";

/** Outputs as JSON texts. */
export interface Outputs {
  outputs: string[];
  total: number;
  /** The limit that these are not all for. */
  cutBy?: { limit: string; value: number };
}

/** Runs the query for all it gives, as far as `maxBytes` goes. Throws what its tool throws. */
export async function allOutputs(running: Running, maxBytes: number): Promise<Outputs> {
  const { call, state } = running;
  const args = argumentsOf(running);
  let found: Outputs | undefined;
  const run = async (own: CallContext) => {
    requirePermission(own.actor, "data:read", `use ${toolOf(state)}`);
    found = state.lang === "jq" ? await jqOutputs(own, running, maxBytes) : await sqlOutputs(own, args);
    return { text: "", data: {} };
  };
  const outcome: CallOutcome = await runLogged(
    { ...call, execution: {} },
    { tool: toolOf(state), args, run },
    (shown) => ({
      shown,
      bytes: found?.outputs.reduce((sum, output) => sum + output.length + 1, 0) ?? 0,
    }),
  );
  if ("error" in outcome) throw outcome.error;
  if (found === undefined) throw new Error("a query ended without outputs");
  return found;
}

async function jqOutputs(call: CallContext, { state, subject }: Running, maxBytes: number): Promise<Outputs> {
  const args = argumentsOf({ state, subject });
  const params = (args.params ?? {}) as Readonly<Record<string, unknown>>;
  const data = await findSource(call, state.dataset);
  noteSources(call, [data]);
  const compiled = compileAdHoc(call.catalogue, state.q, params);
  const { outputs, total, cutByBytes } = await runQuery(
    call,
    { ...compiled, source: { kind: "one", data }, ...settled(state, subject) },
    { offset: 0, limit: call.frameRows, maxBytes },
  );
  if (outputs.length === total) return { outputs, total };
  return {
    ...{ outputs, total },
    cutBy: cutByBytes ? { limit: "resultBytes", value: maxBytes } : { limit: "rows", value: call.frameRows },
  };
}

const statementSchema = rawQuerySchema.pick({ query: true, params: true });

async function sqlOutputs(call: CallContext, args: Record<string, unknown>): Promise<Outputs> {
  const { query, params = [] } = parseWith(statementSchema, args, "execute_raw_query");
  const answer = await runRead(call, query, params, { rows: call.frameRows });
  if (answer.outcome === "frame") throw new Error("no frame was asked for");
  const outputs = answer.rows.map((row) => recordJson(answer.columns, row));
  const { total } = answer;
  if (outputs.length === total) return { outputs, total };
  return { outputs, total, cutBy: { limit: "answerBytes", value: sqlLimits.answerBytes } };
}
