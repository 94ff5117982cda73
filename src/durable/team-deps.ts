// What every feature of the team object is given. Runs in the object.
import { eq, sql } from "drizzle-orm";
import { team } from "../features/teams/table.ts";
import type { Alarm } from "./alarms.ts";
import type { Db } from "./db.ts";

/** A change that callers can see, as it travels on the feed. */
export interface TeamEvent {
  kind: "tool" | "function" | "dataset";
  name: string;
  change: "created" | "updated" | "removed";
  revision: number;
}

export interface TeamDeps {
  db: Db;
  now: () => number;
  /**
   * Runs `write` in one transaction under a new team revision, then publishes what it says has changed.
   * A throw undoes everything, the revision too, and publishes nothing.
   */
  change: <T>(write: (revision: number) => { result: T; events: Omit<TeamEvent, "revision">[] }) => T;
  /** Runs `write` in one transaction, for writes that nobody is told of. */
  atomically: <T>(write: () => T) => T;
  /** Closes the feeds that were opened with this token. */
  endFeeds: (tokenId: string) => void;
  /** Asks for `alarm` at this time or sooner. */
  wakeAt: (timeMs: number) => void;
}

/** What features work with, over the object's real storage, clock and feed. */
export function makeTeamDeps(
  storage: DurableObjectStorage,
  db: Db,
  alarm: Alarm,
  feed: { publish: (event: TeamEvent) => void; endFeeds: (tokenId: string) => void },
): TeamDeps {
  return {
    db,
    atomically: (write) => alarm.afterwards(() => storage.transactionSync(write)),
    endFeeds: feed.endFeeds,
    now: () => Date.now(),
    change: (write) => {
      const change = () => {
        const row = db
          .update(team)
          .set({ revision: sql`${team.revision} + 1` })
          .where(eq(team.id, 1))
          .returning({ revision: team.revision })
          .get();
        const outcome = write(row.revision);
        return {
          result: outcome.result,
          events: outcome.events.map((event) => ({ ...event, revision: row.revision })),
        };
      };
      const { result, events } = alarm.afterwards(() => storage.transactionSync(change));
      for (const event of events) feed.publish(event);
      return result;
    },
    wakeAt: (timeMs) => alarm.wakeAt(timeMs),
  };
}
