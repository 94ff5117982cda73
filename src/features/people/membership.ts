// Roles, removal, leaving and handing over: every rule on who is in the team. Each is one turn of the object, so races cannot part a check
// from its write. Runs in the team object.
import { AppError } from "../../core/errors.ts";
import { didYouMean, nearNames } from "../../core/near-names.ts";
import type { TeamDeps } from "../../durable/team-deps.ts";
import { type Caller, hasRole, type Role } from "../access/access.ts";
import { requireNow } from "../access/caller-store.ts";
import type { AuditEntry } from "../audit/schema.ts";
import { requireMayChange } from "./people.ts";
import type { Member, Removed, RoleOutcome } from "./schema.ts";
import {
  countPeople,
  findMember,
  openInvitations,
  revokeCredentials,
  selectMembers,
  serviceTokensBy,
  type UserRow,
  updateInvitation,
  updateUser,
} from "./store.ts";

/** Someone who is out: what ended with it, and the person whose list of teams loses this one. */
export interface Departure {
  removed: Removed;
  personId: string | null;
  connections: string[];
}

/**
 * Gives a member another role; their tokens and connections are capped by it from the next call on, and their streams end. Throws
 * `forbidden`, `not_found`, `unsupported` for a service account, `last_owner`.
 */
export function setRole(deps: TeamDeps, input: { username: string; role: Role }, by: Caller): RoleOutcome {
  const caller = requireNow(deps.db, by, "people:manage", "set roles");
  const target = requireMember(deps, input.username);
  requirePerson(target, "has the role of its token", "Revoke the token and create another, create_token with service.");
  requireMayChange(caller.actor, target.role, input.role, "set roles");
  if (target.role !== input.role) {
    if (target.role === "owner") requireAnotherOwner(deps, target, "be made less");
    deps.record(caller, () => {
      const audit = [...changeRole(deps, target, input.role), ...voidInvitations(deps, target, input.role)];
      return { result: undefined, audit };
    });
    deps.endFeeds({ userId: target.id });
  }
  const outcome = target.role === input.role ? "unchanged" : "changed";
  // Whoever may manage service tokens no more may still know their text.
  const knows = outcome === "changed" && hasRole(target.role, "admin") && !hasRole(input.role, "admin");
  const known = knows ? serviceTokensBy(deps.db, target.username, deps.now()) : [];
  return { outcome, member: readMember(deps, target.username), service_tokens: known };
}

/**
 * Takes a person or service account out of the team: tokens, connections and open invitations of theirs end with it, streams too.
 * Throws `forbidden`, `not_found`, `last_owner`.
 */
export function removeMember(deps: TeamDeps, username: string, by: Caller): Departure {
  const caller = requireNow(deps.db, by, "people:manage", "remove people");
  const target = requireMember(deps, username);
  requireMayChange(caller.actor, target.role, undefined, "remove people");
  return depart(deps, target, caller, "remove");
}

/** Takes the caller out of the team. Throws `last_owner`, `unsupported` for a service account. */
export function leaveTeam(deps: TeamDeps, by: Caller): Departure {
  const caller = requireNow(deps.db, by, "membership:own");
  const self = requireMember(deps, caller.actor.username);
  requirePerson(self, "does not leave", "An admin removes it with remove_member.");
  return depart(deps, self, caller, "leave");
}

/** Makes another member owner and the caller admin, in one step. Throws `forbidden`, `not_found`, `invalid_argument`, `unsupported`. */
export function transferOwnership(deps: TeamDeps, username: string, by: Caller): { owner: string; you: Role } {
  const caller = requireNow(deps.db, by, "owners:manage", "hand the team over");
  const self = requireMember(deps, caller.actor.username);
  const heir = requireMember(deps, username);
  requirePerson(heir, "cannot own a team", "Name a person.");
  if (heir.id === self.id) {
    throw new AppError("invalid_argument", "You are an owner of this team already.", {
      hint: "Name the member who becomes owner in your place.",
    });
  }
  deps.record(caller, () => {
    const transfer: AuditEntry = {
      action: "team.transfer",
      target: { kind: "member", name: heir.username },
      before: { owner: self.username },
      after: { owner: heir.username },
    };
    const promoted = heir.role === "owner" ? [] : changeRole(deps, heir, "owner");
    const audit = [transfer, ...promoted, ...changeRole(deps, self, "admin"), ...voidInvitations(deps, self, "admin")];
    return { result: undefined, audit };
  });
  for (const userId of [heir.id, self.id]) deps.endFeeds({ userId });
  return { owner: heir.username, you: "admin" };
}

function depart(deps: TeamDeps, target: UserRow, caller: Caller, verb: "remove" | "leave"): Departure {
  const { db } = deps;
  if (target.role === "owner" && target.kind === "person") {
    requireAnotherOwner(deps, target, verb === "leave" ? "leave" : "be removed");
  }
  const now = deps.now();
  const ended = deps.record(caller, () => {
    const revoked = revokeCredentials(db, target.id, now);
    updateUser(db, target.id, { removedAt: new Date(now) });
    const invitations = voidInvitations(deps, target, undefined);
    const removal: AuditEntry = {
      action: `member.${verb}`,
      target: { kind: "member", name: target.username },
      before: { role: target.role, kind: target.kind },
      after: { revoked_tokens: revoked.tokens, revoked_connections: revoked.connections },
    };
    return { result: { ...revoked, invitations: invitations.length }, audit: [removal, ...invitations] };
  });
  deps.endFeeds({ userId: target.id });
  // A service account's streams may run under the name of whom it acts for.
  for (const credentialId of ended.tokens) deps.endFeeds({ credentialId });
  const { tokens, connections, invitations } = ended;
  const removed = {
    username: target.username,
    revoked: { tokens: tokens.length, connections: connections.length, invitations },
    service_tokens: target.kind === "person" ? serviceTokensBy(db, target.username, now) : [],
  };
  return { removed, personId: target.personId, connections };
}

function changeRole(deps: TeamDeps, target: UserRow, role: Role): AuditEntry[] {
  updateUser(deps.db, target.id, { role });
  const name = target.username;
  return [
    { action: "member.set_role", target: { kind: "member", name }, before: { role: target.role }, after: { role } },
  ];
}

/**
 * Ends open invitations that someone could not make any more once they have `role` (undefined: they are out), and those that would give
 * their place to whoever opens them. Else a link made before would be a way back in.
 */
function voidInvitations(deps: TeamDeps, of: UserRow, role: Role | undefined): AuditEntry[] {
  const now = deps.now();
  const mayInvite = (invited: Role): boolean =>
    role !== undefined && hasRole(role, "admin") && (invited !== "owner" || role === "owner");
  return openInvitations(deps.db, now)
    .filter(
      (open) =>
        (open.createdBy === of.username && !mayInvite(open.role)) || (role === undefined && open.userId === of.id),
    )
    .map((open) => {
      updateInvitation(deps.db, open.id, { revokedAt: new Date(now) });
      return {
        action: "invitation.revoke",
        target: { kind: "invitation", name: open.id },
        before: { role: open.role },
      };
    });
}

function requireMember(deps: TeamDeps, username: string): UserRow {
  const found = findMember(deps.db, username);
  if (found !== undefined) return found;
  const names = selectMembers(deps.db, deps.now()).map((member) => member.username);
  throw new AppError("not_found", `Nobody in this team has the username ${username}.`, {
    hint: didYouMean(nearNames(username, names)) ?? "list_members shows who is in the team.",
  });
}

function requirePerson(user: UserRow, fault: string, hint: string): void {
  if (user.kind === "person") return;
  throw new AppError("unsupported", `${user.username} is a service account, which ${fault}.`, { hint });
}

function requireAnotherOwner(deps: TeamDeps, { username }: UserRow, what: string): void {
  if (countPeople(deps.db, "owner") > 1) return;
  throw new AppError("last_owner", `${username} is the team's only owner, so they cannot ${what}.`, {
    hint: "Make another member owner first (set_role or transfer_ownership), or delete the team (delete_team).",
  });
}

function readMember(deps: TeamDeps, username: string): Member {
  const found = selectMembers(deps.db, deps.now()).find((member) => member.username === username);
  if (found === undefined) throw new Error(`no member ${username}`);
  return found;
}
