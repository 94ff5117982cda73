// Runs what the playground is asked, as the tools that assistants call: same rights, limits and log. Runs at the edge.
import type { CallContext } from "../../../context.ts";
import { describeError, type ErrorDescription, isAppError } from "../../../core/errors.ts";
import { isRecord, parseExact } from "../../../core/exact-json.ts";
import { logFailure } from "../../../core/log.ts";
import type { Explanation } from "../../../features/learning/schema.ts";
import type { Rows } from "../../../features/results/schema.ts";
import type { RawAnswer } from "../../../features/sql/schema.ts";
import { playgroundLimits } from "../../../workspace-limits.ts";
import { httpStatus } from "../../rest/problem.ts";
import { given, useTool } from "../actions.ts";
import { argumentsOf, isWrite, type Running, toolOf } from "./asked.ts";
import { type ChartResult, chartOfRows } from "./charting.ts";
import { allOutputs } from "./whole.ts";

/** A page of rows, as the views show it. */
export interface ShownRows extends Pick<Rows, "returned" | "total" | "truncated" | "next_cursor" | "cached" | "notes"> {
  rows: readonly unknown[];
  /** The one output was a list, and these are its items. */
  spread: boolean;
  /** Of SQL: the columns with their types, also where there is no row. */
  columns: Rows["columns"];
}

/** A step of SQLite's plan. */
export interface PlanStep {
  depth: number;
  detail: string;
}

export type Outcome =
  | { kind: "none" }
  | { kind: "rows"; shown: ShownRows }
  | { kind: "chart"; chart: ChartResult; shown: ShownRows }
  | { kind: "explained"; explanation: Explanation }
  | { kind: "plan"; steps: PlanStep[] }
  /** SQL that changes rows: it runs when a button is pressed, never because an address was opened. */
  | { kind: "write" }
  | { kind: "written"; written: Written }
  | { kind: "failed"; error: ErrorDescription; status: number };

/** What SQL changed, or in a dry run would change. */
export interface Written {
  changed: number;
  tables: readonly string[];
  isDry: boolean;
  /** Rows of RETURNING. */
  shown: ShownRows | undefined;
}

/** Runs SQL that changes rows, for a form's button. Throws what the tool throws, `confirmation_required` among it. */
export async function runWrite(
  { call, state, subject }: Running,
  form: URLSearchParams,
): Promise<Extract<Outcome, { kind: "written" }>> {
  const isDry = form.get("dry_run") === "yes";
  const wishes = given({ dry_run: isDry ? true : undefined, confirm: form.get("confirm") ?? undefined });
  const args = { ...argumentsOf({ state, subject }), ...wishes, read_only: false, limit: state.rows, format: "json" };
  const data = (await useTool(call, "execute_raw_query", args, form)).data as RawAnswer;
  const { changed = 0, tables = [] } = data;
  const shown = data.columns === undefined ? undefined : shownRows(data);
  return { kind: "written", written: { changed, tables, isDry, shown } };
}

/** Runs the query for its view. Whatever it runs into is part of the outcome. */
export function runState(running: Running): Promise<Outcome> {
  const outcome = runView(running);
  // Without this the platform would end the work with the request, before the log learns of it.
  running.call.waitUntil(outcome);
  return outcome;
}

async function runView({ call, state, subject }: Running): Promise<Outcome> {
  if (state.q.trim() === "" || !state.run) return { kind: "none" };
  if (isWrite(state) && state.view !== "explain") return { kind: "write" };
  try {
    if (state.view === "explain") return await explain({ call, state, subject });
    const shown = await readRows({ call, state, subject });
    if (state.view !== "chart") return { kind: "rows", shown };
    const rows = shown.truncated ? await allOutputs({ call, state, subject }, playgroundLimits.chartBytes) : undefined;
    const all = rows === undefined ? shown.rows : rows.outputs.map(parseExact);
    const isPart = rows?.cutBy !== undefined;
    return { kind: "chart", chart: chartOfRows(all, state.chart, isPart), shown };
  } catch (error) {
    return failed(call, error);
  }
}

function failed(call: CallContext, error: unknown): Extract<Outcome, { kind: "failed" }> {
  if (!isAppError(error) && call.signal?.aborted !== true)
    logFailure("unexpected_error", { request_id: call.requestId }, error);
  const described = describeError(error);
  return { kind: "failed", error: described, status: httpStatus(described.code) };
}

async function readRows(running: Running): Promise<ShownRows> {
  const { call, state } = running;
  // A chart is of as many rows as one answer can hold.
  const limit = state.view === "chart" ? 1_000 : state.rows;
  const page = { limit, format: "json", ...(state.lang === "jq" ? given({ cursor: state.cursor || undefined }) : {}) };
  const answer = await useTool(call, toolOf(state), { ...argumentsOf(running), ...page });
  return shownRows(answer.data as RawAnswer);
}

export function shownRows(data: RawAnswer): ShownRows {
  const { rows = [], returned = 0, total = 0, truncated = false, cached = false } = data;
  return {
    ...{ returned, total, truncated, cached },
    next_cursor: data.next_cursor,
    notes: data.notes,
    columns: data.columns,
    ...(total === 1 && returned === 1 ? spreadRows(rows) : { rows, spread: false }),
  };
}

/** The items of a list that is all there is; of anything else the rows as they are. */
export function spreadRows(rows: readonly unknown[]): { rows: readonly unknown[]; spread: boolean } {
  const [only] = rows;
  return rows.length === 1 && Array.isArray(only) ? { rows: only, spread: true } : { rows, spread: false };
}

async function explain(running: Running): Promise<Outcome> {
  const { call, state } = running;
  if (state.lang === "jq") {
    const { data } = await useTool(call, "explain_query", argumentsOf(running));
    return { kind: "explained", explanation: data as unknown as Explanation };
  }
  const query = /^\s*explain\b/i.test(state.q) ? state.q : `EXPLAIN QUERY PLAN ${state.q}`;
  const args = { ...argumentsOf(running), query, limit: 1_000, format: "json" };
  const { data } = await useTool(call, "execute_raw_query", args);
  return { kind: "plan", steps: planSteps((data as unknown as Rows).rows) };
}

/** Steps with how deep each lies in the others. */
function planSteps(rows: readonly unknown[]): PlanStep[] {
  const depths = new Map<unknown, number>();
  return rows.filter(isRecord).map(({ id, parent, detail }) => {
    const depth = depths.has(parent) ? (depths.get(parent) ?? 0) + 1 : 0;
    depths.set(id, depth);
    return { depth, detail: String(detail) };
  });
}
