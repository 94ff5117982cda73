// What a team is and holds at this moment, in numbers; and how often its door refused. Runs in the object.
import { and, eq, isNull, sql } from "drizzle-orm";
import { isAppError } from "../core/errors.ts";
import { connections, users } from "../features/access/table.ts";
import { datasets } from "../features/datasets/table.ts";
import { keptBytes } from "../features/datasets/version-store.ts";
import { jqFunctions } from "../features/jq-functions/table.ts";
import { tools } from "../features/jq-tools/table.ts";
import type { CallCount, TeamGauges } from "../features/metrics/schema.ts";
import type { Db } from "./db.ts";
import { openFeeds } from "./feed.ts";

/** The name under which requests are counted that were refused before anyone knew what they were for. */
const doorName = "request:refused";

/** Counts refusals in memory until a write of the metrics takes them along, so that a flood of refused requests writes nothing. */
export class DoorRefusals {
  readonly #counts = new Map<string, number>();

  /** Lets a request in by `open` and counts it when that returns undefined or throws an error of ours. */
  watch<T>(open: () => T | undefined): T | undefined {
    try {
      const entry = open();
      if (entry === undefined) this.#add("unauthorized");
      return entry;
    } catch (error) {
      this.#add(isAppError(error) ? error.code : "internal");
      throw error;
    }
  }

  #add(outcome: string): void {
    this.#counts.set(outcome, (this.#counts.get(outcome) ?? 0) + 1);
  }

  /** What was counted since the last time. */
  take(): CallCount[] {
    const taken = [...this.#counts].map(([outcome, times]) => ({ tool: doorName, outcome, durationMs: null, times }));
    this.#counts.clear();
    return taken;
  }
}

export function readGauges(ctx: DurableObjectState, db: Db): TeamGauges {
  const n = sql<number>`count(*)`;
  const current = isNull(users.removedAt);
  const people = db
    .select({ n })
    .from(users)
    .where(and(current, eq(users.kind, "person")))
    .get();
  const services = db
    .select({ n })
    .from(users)
    .where(and(current, eq(users.kind, "service")))
    .get();
  const open = db.select({ n }).from(connections).where(isNull(connections.revokedAt)).get();
  const data = db
    .select({ n, bytes: sql<number>`coalesce(sum(${datasets.bytes}), 0)` })
    .from(datasets)
    .where(isNull(datasets.deletedAt))
    .get();
  return {
    people: people?.n ?? 0,
    serviceAccounts: services?.n ?? 0,
    oauthConnections: open?.n ?? 0,
    openStreams: openFeeds(ctx),
    datasets: data?.n ?? 0,
    datasetBytes: data?.bytes ?? 0,
    keptVersionBytes: keptBytes(db),
    functions: db.select({ n }).from(jqFunctions).where(eq(jqFunctions.isActive, true)).get()?.n ?? 0,
    tools: db.select({ n }).from(tools).where(eq(tools.isActive, true)).get()?.n ?? 0,
    sqliteBytes: ctx.storage.sql.databaseSize,
  };
}
