// What the features of a workspace are given. Runs in the workspace.
import type { Caller } from "../features/access/access.ts";
import type { AuditEntry } from "../features/audit/schema.ts";
import type { WorkspaceEvent } from "../features/workspace/workspace.ts";
import type { Db } from "./db.ts";

/** What a write has done: its result, what the team's log says of it, and what listeners are told. */
export interface WorkspaceChange<T> {
  result: T;
  audit: AuditEntry[];
  events?: WorkspaceEvent[];
}

export interface WorkspaceDeps {
  /** Our own tables, by drizzle. */
  db: Db;
  /** All there is, for SQL that is put together here. */
  sql: SqlStorage;
  now: () => number;
  /**
   * Runs `write` in one transaction together with what it says to the team's log, which then hears it: at once, or when it can. Under an
   * idempotency key the key is marked first, so that no retry does it twice. A throw undoes everything.
   */
  change: <T>(by: Caller, write: () => WorkspaceChange<T>) => Promise<T>;
  /** Runs `write` in one transaction, for what the log need not hear of: results of reading, and the server's own bookkeeping. */
  atomically: <T>(write: () => T) => T;
  /** Runs `read` in a transaction that is undone whatever it does. */
  undone: <T>(read: () => T) => T;
  /** Asks for the workspace's alarm at this time or sooner. */
  wakeAt: (timeMs: number) => void;
}
