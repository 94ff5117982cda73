// What the team's object hears from its workspace: thin. Runs in the team object.
import { RpcTarget } from "cloudflare:workers";
import type { Db } from "../../durable/db.ts";
import type { NewEvent, TeamDeps } from "../../durable/team-deps.ts";
import { markWritten } from "../idempotency/store.ts";
import { readTeam } from "../teams/store.ts";
import { visibilitiesOfDatasets } from "../visibility/store.ts";
import { lastHeard, setHeard } from "./log-store.ts";
import { narrowest, type Told, type WorkspaceEvent } from "./workspace.ts";

export class WorkspaceLogRpc extends RpcTarget {
  readonly #deps: TeamDeps;

  constructor(deps: TeamDeps) {
    super();
    this.#deps = deps;
  }

  /** A write under this idempotency key is about to be done there. Throws `idempotency_running` when a retry has taken its place. */
  markWritten(idempotencyId: string): void {
    this.#deps.atomically(() => markWritten(this.#deps.db, idempotencyId));
  }

  /**
   * Puts what was done there into the audit log and on the feed. What was heard before is passed over, and so is what the workspace of another
   * life of this slug still had to say: it is none of this team's business.
   */
  hear(incarnation: string, entries: readonly { seq: number; told: Told }[]): void {
    const { db } = this.#deps;
    if (readTeam(db).incarnation !== incarnation) return;
    for (const { seq, told } of entries) {
      if (seq <= lastHeard(db, incarnation)) continue;
      this.#deps.record(told.by, () => {
        setHeard(db, incarnation, seq);
        return { result: undefined, audit: told.audit, events: told.events.map((event) => eventOf(db, event)) };
      });
    }
  }
}

/** The event as the team's feed carries it: for those alone who may see every dataset behind it, then as now. */
function eventOf(db: Db, { sources = [], ...event }: WorkspaceEvent): NewEvent {
  if (sources.length === 0) return event;
  const now = visibilitiesOfDatasets(
    db,
    sources.map(({ id }) => id),
  );
  const visibility = narrowest([...sources.map((source) => source.visibility), ...now]);
  return { ...event, visibility, datasets: [...new Set(sources.map(({ name }) => name))] };
}
