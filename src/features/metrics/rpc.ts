// The execution log over RPC: thin. Runs in the team object.
import { RpcTarget } from "cloudflare:workers";
import { dayMs } from "../../core/durations.ts";
import type { TeamDeps } from "../../durable/team-deps.ts";
import type { Asker } from "../access/access.ts";
import type { CallCount, ExecutionReport, TeamGauges, TeamMetrics } from "./schema.ts";
import {
  type ExecutionFilter,
  insertExecution,
  selectExecutions,
  selectUsage,
  selectUsages,
  type ToolUsage,
  trimExecutions,
} from "./store.ts";
import { addCalls, selectTotals } from "./totals-store.ts";

/** The log is trimmed once in so many rows, and daily by the alarm. */
const trimEvery = 500;

/** What only the object itself can say of a team. */
export interface TeamVitals {
  gauges: () => TeamGauges;
  /** Requests refused at the door since the last time this was asked. */
  takeRefusals: () => CallCount[];
  /** Takes note of an ad hoc query, in the transaction that logs it. */
  learn: (report: ExecutionReport) => void;
  /** Counts calls, and the executions among them, for the time they come in: in that transaction, too. */
  count: (calls: readonly CallCount[], logged: readonly ExecutionReport[]) => void;
  /** Told once it is logged: the place to say what follows from it. */
  learnt: (reports: readonly ExecutionReport[]) => void;
}

/** The execution log and the metrics of one team. */
export class MetricsRpc extends RpcTarget {
  readonly #deps: TeamDeps;
  readonly #vitals: TeamVitals;

  constructor(deps: TeamDeps, vitals: TeamVitals) {
    super();
    this.#deps = deps;
    this.#vitals = vitals;
  }

  /**
   * Logs executions and counts them, each once however often it is reported, and counts other calls. Those have no ids: a Worker that
   * repeats a report whose answer was lost counts them twice.
   */
  record(reports: readonly ExecutionReport[], calls: readonly CallCount[] = []): void {
    const { db } = this.#deps;
    const refusals = this.#vitals.takeRefusals();
    const { logged, trimDue } = this.#deps.atomically(() => {
      const logged = reports
        .map((report) => ({ report, seq: insertExecution(db, report) }))
        .filter(({ seq }) => seq !== undefined);
      for (const { report } of logged) this.#vitals.learn(report);
      const counted = [...logged.map(({ report }) => countOf(report)), ...calls, ...refusals];
      addCalls(db, counted);
      this.#vitals.count(
        counted,
        logged.map(({ report }) => report),
      );
      return { logged, trimDue: logged.some(({ seq }) => seq !== undefined && seq % trimEvery === 1) };
    });
    this.#vitals.learnt(logged.map(({ report }) => report));
    if (!trimDue) return;
    trimExecutions(this.#deps.db, this.#deps.now());
    this.#deps.wakeAt(this.#deps.now() + dayMs);
  }

  /** Executions that `asker` may know of: none of a tool, nor on a dataset, that is not shown to them. */
  list(filter: ExecutionFilter, asker: Asker): ReturnType<typeof selectExecutions> {
    return selectExecutions(this.#deps.db, filter, this.#deps.hiddenFrom(asker));
  }

  /** Totals and gauges; with `asker`, by tool, and tools that are not shown to them under one name. */
  snapshot(asker?: Asker): TeamMetrics {
    const { db } = this.#deps;
    const refusals = this.#vitals.takeRefusals();
    if (refusals.length > 0) {
      this.#deps.atomically(() => {
        addCalls(db, refusals);
        this.#vitals.count(refusals, []);
      });
    }
    const hidden = asker === undefined ? undefined : this.#deps.hiddenFrom(asker);
    return { totals: selectTotals(db, hidden), gauges: this.#vitals.gauges() };
  }

  usage(toolId: string): ToolUsage | undefined {
    return selectUsage(this.#deps.db, toolId);
  }

  /** Running totals of every tool that `asker` sees and that was ever used, by the tool's id. */
  usages(asker: Asker): ReturnType<typeof selectUsages> {
    const { toolIds } = this.#deps.hiddenFrom(asker);
    return selectUsages(this.#deps.db).filter(({ tool_id }) => !toolIds.includes(tool_id));
  }
}

function countOf({ toolName, success, errorCode, durationMs }: ExecutionReport): CallCount {
  return { tool: toolName, outcome: success ? "ok" : (errorCode ?? "failed"), durationMs };
}
