// What every feature of the team object is given. Runs in the object.
import { eq, sql } from "drizzle-orm";
import type { Asker, Caller, Visibility } from "../features/access/access.ts";
import type { AuditEntry } from "../features/audit/schema.ts";
import { appendAudit } from "../features/audit/store.ts";
import { markWritten } from "../features/idempotency/store.ts";
import { team } from "../features/teams/table.ts";
import { type HiddenItems, hiddenItems } from "../features/visibility/store.ts";
import type { Alarm } from "./alarms.ts";
import type { Db } from "./db.ts";
import type { EndFeeds } from "./feed.ts";

/** A change that callers can see, as it travels on the feed. */
export interface TeamEvent {
  kind: "tool" | "function" | "dataset";
  name: string;
  change: "created" | "updated" | "removed";
  revision: number;
  /** Who may learn of it; left out: everyone in the team. */
  visibility?: Visibility;
}

/** What a write has done: its result, what listeners are told and what the audit log says. */
export interface Change<T> {
  result: T;
  events: Omit<TeamEvent, "revision">[];
  audit: AuditEntry[];
}

export interface TeamDeps {
  db: Db;
  now: () => number;
  /**
   * Runs `write` in one transaction under a new team revision, puts what it says into the audit log in the same transaction, then publishes
   * the events. A throw undoes everything, the revision and the log too, and publishes nothing.
   */
  change: <T>(by: Caller, write: (revision: number) => Change<T>) => T;
  /** The same for writes that change no definition: no new revision, nothing published. */
  record: <T>(by: Caller, write: () => { result: T; audit: AuditEntry[] }) => T;
  /** Runs `write` in one transaction, for the server's own bookkeeping: what nobody asked for by itself. */
  atomically: <T>(write: () => T) => T;
  /** Closes the feeds that a credential opened, or all of a person's, or everyone's. */
  endFeeds: EndFeeds;
  /** What someone does not see of the team's tools and datasets. */
  hiddenFrom: (asker: Asker) => HiddenItems;
  /** Asks for `alarm` at this time or sooner. */
  wakeAt: (timeMs: number) => void;
}

/** What features work with, over the object's real storage, clock and feed. */
export function makeTeamDeps(
  storage: DurableObjectStorage,
  db: Db,
  alarm: Alarm,
  feed: { publish: (event: TeamEvent) => void; endFeeds: EndFeeds },
): TeamDeps {
  const atomically = <T>(write: () => T): T => alarm.afterwards(() => storage.transactionSync(write));
  const log = (by: Caller, audit: readonly AuditEntry[]): void => {
    const now = Date.now();
    appendAudit(db, by, audit, now);
    if (by.idempotencyId !== undefined) markWritten(db, by.idempotencyId);
  };
  return {
    db,
    atomically,
    endFeeds: feed.endFeeds,
    now: () => Date.now(),
    record: (by, write) =>
      atomically(() => {
        const { result, audit } = write();
        log(by, audit);
        return result;
      }),
    change: (by, write) => {
      const { result, events } = atomically(() => {
        const { revision } = db
          .update(team)
          .set({ revision: sql`${team.revision} + 1` })
          .where(eq(team.id, 1))
          .returning({ revision: team.revision })
          .get();
        const outcome = write(revision);
        log(by, outcome.audit);
        return { result: outcome.result, events: outcome.events.map((event) => ({ ...event, revision })) };
      });
      for (const event of events) feed.publish(event);
      return result;
    },
    hiddenFrom: (asker) => hiddenItems(db, asker),
    wakeAt: (timeMs) => alarm.wakeAt(timeMs),
  };
}
