// What writing functions and writing tools have in common: who may without a vote, what a step is, how the log tells it. Runs in the object.
import { AppError } from "../../core/errors.ts";
import type { Db } from "../../durable/db.ts";
import type { NewEvent, TeamEvent } from "../../durable/team-deps.ts";
import { type Caller, hasRole } from "../access/access.ts";
import { requireNow } from "../access/caller-store.ts";
import type { AuditEntry } from "../audit/schema.ts";
import { readSettings } from "../teams/store.ts";
import type { SaveOutcome, VersionAction } from "./schema.ts";

/** On whose word the library changes. */
export interface Authority {
  /** The username that signs the version. */
  author: string;
  /** Who approved it: usernames with commas between, or `timeout`. */
  approvedBy: string;
  /** Null: saved directly, without a vote. */
  proposalId: string | null;
}

/** The authority of whoever saves without a vote. */
export function directly({ actor }: Caller): Authority {
  return { author: actor.username, approvedBy: actor.username, proposalId: null };
}

/**
 * The caller as they are now, when they may change the library without a vote: admins and above, the server, and members of a team whose
 * settings say so. Throws `forbidden`, and what `requireNow` throws.
 */
export function requireDirectSave(db: Db, by: Caller): Caller {
  const caller = requireNow(db, by, "library:write");
  if (hasRole(caller.actor.role, "admin") || readSettings(db).members_save_directly) return caller;
  throw new AppError("forbidden", `As ${caller.actor.role} you may not change the library directly: this team votes.`, {
    hint: "Propose it with propose_tool or propose_function. Admins save directly, and members where members_save_directly is set.",
    details: { role: caller.actor.role, needs: "admin", setting: "members_save_directly" },
  });
}

export interface WriteRecord {
  action: VersionAction;
  change: TeamEvent["change"];
  reason: string | undefined;
  proposalId: string | null;
}

/** One entry's next state, and the functions it calls. */
export interface Write<State> {
  before: State | undefined;
  state: State;
  calls: readonly string[];
  record: WriteRecord;
}

/** What one change comes to, before it is written. Nothing is to be written where all is as it was. */
export interface Step<State> {
  id: string;
  outcome: SaveOutcome;
  /** It was deactivated until now, and a save brings it back. */
  revived: boolean;
  write?: Write<State>;
}

/** The step that changes nothing. */
export function unchanged({ id }: { id: string }): Step<never> {
  return { id, outcome: "unchanged", revived: false };
}

/** The step that takes an entry from `before` to its next state. */
export function stepOf<State extends { id: string; isActive: boolean }>(
  { before, state, calls }: Omit<Write<State>, "record">,
  how: { action: VersionAction; reason: string | undefined },
  { proposalId }: Authority,
): Step<State> {
  const wasActive = before?.isActive === true;
  const change = how.action === "deactivate" ? "removed" : wasActive ? "updated" : "created";
  return {
    id: state.id,
    outcome: before === undefined ? "created" : "updated",
    revived: how.action === "update" && !wasActive,
    write: { before, state, calls, record: { ...how, change, proposalId } },
  };
}

/** What a write of a library entry tells the log and listeners. */
export interface Told {
  events: NewEvent[];
  audit: AuditEntry[];
}

/** The log's entry of a write: both states, why, and whether it was voted on. `shown` is what of a state the log keeps. */
export function auditOfWrite<State extends { name: string }>(
  kind: "function" | "tool",
  { before, state, record }: Write<State>,
  shown: (state: State) => object,
): AuditEntry {
  const { reason, proposalId } = record;
  return {
    action: `${kind}.${record.action}`,
    target: { kind, name: state.name },
    ...(before === undefined ? {} : { before: shown(before) }),
    after: {
      ...shown(state),
      ...(reason === undefined ? {} : { reason }),
      ...(proposalId === null ? { saved: "directly" } : { proposal_id: proposalId }),
    },
  };
}
