// A team's activity over time over RPC: thin. Runs in the team object.
import { RpcTarget } from "cloudflare:workers";
import type { TeamDeps } from "../../durable/team-deps.ts";
import type { Asker } from "../access/access.ts";
import type { CallCount } from "../metrics/schema.ts";
import { backgroundPrefix, stepsOf } from "./activity.ts";
import { selectPoints, selectQueue, selectTools, selectUsers } from "./reading-store.ts";
import { selectStorage } from "./sample-store.ts";
import type { Activity, Holding, ReadActivity, TeamHolding } from "./schema.ts";
import { countCalls } from "./store.ts";

/** What happened in one team over time. Calls are counted where they are logged, in MetricsRpc. */
export class ActivityRpc extends RpcTarget {
  readonly #deps: TeamDeps;
  readonly #holding: () => TeamHolding;

  constructor(deps: TeamDeps, holding: () => TeamHolding) {
    super();
    this.#deps = deps;
    this.#holding = holding;
  }

  /** A window that ends now, as `asker` may see it: tools that are not shown to them are under one name, and nobody's calls of them are. */
  read({ window, limit, workspace }: ReadActivity, asker: Asker): Activity {
    const { db } = this.#deps;
    const steps = stepsOf(window, this.#deps.now());
    const { toolNames } = this.#deps.hiddenFrom(asker);
    const { points, all } = selectPoints(db, steps);
    const { tools, codes } = selectTools(db, steps, toolNames);
    const { holding, lastBackup } = this.#holding();
    const now: Holding = {
      ...holding,
      workspace_bytes: workspace?.sqliteBytes ?? null,
      frame_bytes: workspace?.frameBytes ?? null,
    };
    return {
      from: new Date(steps.from).toISOString(),
      step_minutes: steps.stepMs / 60_000,
      ...all,
      ...selectUsers(db, steps, toolNames, limit),
      points,
      error_codes: codes,
      tools: tools.slice(0, limit),
      tools_total: tools.length,
      slow_tools: tools
        .filter(({ p95_ms }) => p95_ms !== null)
        .sort((a, b) => (b.p95_ms ?? 0) - (a.p95_ms ?? 0))
        .slice(0, limit),
      failing_tools: tools
        .filter(({ errors }) => errors > 0)
        .sort((a, b) => b.errors - a.errors)
        .slice(0, limit),
      queue: selectQueue(db, steps),
      storage: selectStorage(db, steps, now),
      now,
      last_backup: lastBackup,
    };
  }

  /** Counts deliveries of background messages: `tool` is the message's type, and the outcome `ok`, `failed` or `dead`. */
  countBackground(messages: readonly CallCount[]): void {
    const counts = messages.map((message) => ({ ...message, tool: `${backgroundPrefix}${message.tool}` }));
    this.#deps.atomically(() => countCalls(this.#deps.db, counts, this.#deps.now()));
  }
}
