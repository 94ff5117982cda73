// The execution log over RPC: thin. Runs in the team object.
import { RpcTarget } from "cloudflare:workers";
import { dayMs } from "../../core/durations.ts";
import type { TeamDeps } from "../../durable/team-deps.ts";
import type { ExecutionReport } from "./schema.ts";
import {
  type ExecutionFilter,
  insertExecution,
  selectExecutions,
  selectUsage,
  type ToolUsage,
  trimExecutions,
} from "./store.ts";

/** The log is trimmed once in so many rows, and daily by the alarm. */
const trimEvery = 500;

/** The execution log of one team. */
export class MetricsRpc extends RpcTarget {
  readonly #deps: TeamDeps;

  constructor(deps: TeamDeps) {
    super();
    this.#deps = deps;
  }

  /** Logs executions, each once however often it is reported. */
  record(reports: readonly ExecutionReport[]): void {
    const trimDue = this.#deps.atomically(() =>
      reports
        .map((report) => insertExecution(this.#deps.db, report))
        .some((seq) => seq !== undefined && seq % trimEvery === 1),
    );
    if (!trimDue) return;
    trimExecutions(this.#deps.db, this.#deps.now());
    this.#deps.wakeAt(this.#deps.now() + dayMs);
  }

  list(filter: ExecutionFilter): ReturnType<typeof selectExecutions> {
    return selectExecutions(this.#deps.db, filter);
  }

  usage(toolId: string): ToolUsage | undefined {
    return selectUsage(this.#deps.db, toolId);
  }
}
