// What every feature of the team object is given. Runs in the object.
import { eq, sql } from "drizzle-orm";
import { dayMs } from "../core/durations.ts";
import { type Asker, type Caller, movedOn, type Visibility } from "../features/access/access.ts";
import type { AuditEntry } from "../features/audit/schema.ts";
import { appendAudit, writtenSince } from "../features/audit/store.ts";
import { markWritten } from "../features/idempotency/store.ts";
import { appendEvents, type FeedEvent } from "../features/live/store.ts";
import { writeNotices } from "../features/notifications/notice-store.ts";
import type { Notice } from "../features/notifications/schema.ts";
import { readTeam } from "../features/teams/store.ts";
import { team } from "../features/teams/table.ts";
import { type HiddenItems, hiddenItems } from "../features/visibility/store.ts";
import type { BackgroundMessage } from "../surfaces/background/messages.ts";
import { liveLimits } from "../workflow-limits.ts";
import type { Alarm } from "./alarm.ts";
import type { Db } from "./db.ts";
import type { EndFeeds } from "./feed.ts";

/** A change that callers can see, as it travels on the feed. */
export interface TeamEvent {
  kind: "tool" | "function" | "dataset" | "table" | "frame" | "proposal" | "suggestion" | "notification" | "team";
  /** A proposal's, suggestion's or notification's id. */
  name: string;
  change: "created" | "updated" | "removed";
  /** Of a proposal or suggestion: where it stands now. */
  state?: string;
  /** The team revision after it. */
  revision: number;
  /** Who may learn of it; left out: everyone in the team. */
  visibility?: Visibility;
  /** The one person it is for; left out: whoever may see it. */
  userId?: string;
  /** Of a table or frame: the datasets behind it. Who may not see one of them by then is not told of it later either. */
  datasets?: string[];
}
export type NewEvent = Omit<TeamEvent, "revision">;

/** What a write has done: its result, what listeners are told, what the audit log says and who should hear of it. */
export interface Change<T> {
  result: T;
  events: NewEvent[];
  audit: AuditEntry[];
  notices?: Notice[];
}

export interface TeamDeps {
  db: Db;
  now: () => number;
  /**
   * Runs `write` in one transaction under a new team revision, puts what it says into the audit log in the same transaction, then publishes
   * the events. A throw undoes everything, the revision and the log too, and publishes nothing.
   */
  change: <T>(by: Caller, write: (revision: number) => Change<T>) => T;
  /** The same for writes that change no definition: no new revision. */
  record: <T>(by: Caller, write: () => Omit<Change<T>, "events"> & { events?: NewEvent[] }) => T;
  /** Runs `write` in one transaction, for the server's own bookkeeping: what nobody asked for by itself. */
  atomically: <T>(write: () => T) => T;
  /** Closes the feeds that a credential opened, or all of a person's, or everyone's. */
  endFeeds: EndFeeds;
  /** What someone does not see of the team's tools and datasets. */
  hiddenFrom: (asker: Asker) => HiddenItems;
  /** Asks for `alarm` at this time or sooner. */
  wakeAt: (timeMs: number) => void;
  /**
   * Sends a message to the background queue. It is a hint and may get lost: what it asks for must be in a row, which an alarm's sweep finds.
   * `delayMs` is cut to what a queue allows.
   */
  later: (message: BackgroundMessage, delayMs?: number) => void;
}

/** What features work with, over the object's real storage, clock and feed. */
export function makeTeamDeps(
  storage: DurableObjectStorage,
  db: Db,
  alarm: Alarm,
  feed: { publish: (events: readonly FeedEvent[]) => void; endFeeds: EndFeeds },
  later: TeamDeps["later"],
): TeamDeps {
  const atomically = <T>(write: () => T): T => alarm.afterwards(() => storage.transactionSync(write));
  const requireUnmoved = ({ unless, requestId }: Caller): void => {
    if (unless?.team !== undefined && writtenSince(db, unless.team, requestId)) throw movedOn();
  };
  const finish = <T>(by: Caller, done: Change<T>, revision: number): { result: T; events: FeedEvent[] } => {
    const now = Date.now();
    appendAudit(db, by, done.audit, now);
    if (by.idempotencyId !== undefined) markWritten(db, by.idempotencyId);
    const told = writeNotices({ db, later, wakeAt: (timeMs) => alarm.wakeAt(timeMs) }, by, done.notices ?? [], now);
    const said = { by: by.actor.username, revision, now };
    const events = appendEvents(db, [...done.events, ...told], said);
    if (events.length > 0) alarm.wakeAt(now + liveLimits.days * dayMs);
    return { result: done.result, events };
  };
  return {
    db,
    atomically,
    later,
    endFeeds: feed.endFeeds,
    now: () => Date.now(),
    record: (by, write) => {
      const { result, events } = atomically(() => {
        requireUnmoved(by);
        return finish(by, { events: [], ...write() }, readTeam(db).revision);
      });
      feed.publish(events);
      return result;
    },
    change: (by, write) => {
      const { result, events } = atomically(() => {
        requireUnmoved(by);
        const { revision } = db
          .update(team)
          .set({ revision: sql`${team.revision} + 1` })
          .where(eq(team.id, 1))
          .returning({ revision: team.revision })
          .get();
        return finish(by, write(revision), revision);
      });
      feed.publish(events);
      return result;
    },
    hiddenFrom: (asker) => hiddenItems(db, asker),
    wakeAt: (timeMs) => alarm.wakeAt(timeMs),
  };
}
