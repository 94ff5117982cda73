// One's own last queries, from the execution log. Runs at the edge.
import type { CallContext } from "../../../context.ts";
import { isRecord } from "../../../core/exact-json.ts";
import { listExecutions } from "../../../features/metrics/metrics.ts";
import { playgroundLimits } from "../../../workspace-limits.ts";
import { toolOf } from "./asked.ts";
import { blankState, type Language, type PlaygroundState } from "./state.ts";

export interface RecentQuery {
  state: PlaygroundState;
  at: string;
  success: boolean;
}

/** Entries of the log that are looked at: the same query often stands in it several times. */
const lookedAt = 40;

/** The caller's last queries of one language, each once; without those that the log has cut. */
export async function recentQueries(call: CallContext, lang: Language): Promise<RecentQuery[]> {
  const user = call.actor.username;
  const { items } = await listExecutions(call, { tool: toolOf({ lang }), user, limit: lookedAt });
  const recent = new Map<string, RecentQuery>();
  for (const { parameters, executed_at, success } of items) {
    const state = parameters === null ? undefined : stateOf(lang, parameters);
    if (state === undefined) continue;
    const key = JSON.stringify([state.dataset, state.q, state.params, state.read]);
    if (!recent.has(key)) recent.set(key, { state, at: executed_at, success });
    if (recent.size === playgroundLimits.recent) break;
  }
  return [...recent.values()];
}

function stateOf(lang: Language, parameters: string): PlaygroundState | undefined {
  let args: unknown;
  try {
    args = JSON.parse(parameters);
  } catch {
    return undefined;
  }
  if (!isRecord(args) || typeof args.query !== "string") return undefined;
  const { query: q, dataset, params, input, null_input } = args;
  // A plan is asked for by the tab, not by the statement.
  if (lang === "sql" && /^explain\b/i.test(q)) return undefined;
  return {
    ...blankState,
    ...{ lang, q },
    dataset: typeof dataset === "string" ? dataset : "",
    params: params === undefined ? "" : JSON.stringify(params),
    read: null_input === true ? "inputs" : input === "records" || input === "whole" ? input : "auto",
  };
}
