// Invitations: made, shown, accepted once, revoked. Each is one turn of the object, so of two who accept at once one comes second.
// Runs in the team object.
import { scopes } from "../../core/define-tool.ts";
import { AppError } from "../../core/errors.ts";
import { newId } from "../../core/ids.ts";
import type { TeamDeps } from "../../durable/team-deps.ts";
import { peopleLimits } from "../../limits.ts";
import type { Caller, Role } from "../access/access.ts";
import { requireNow } from "../access/caller-store.ts";
import { usernameFrom } from "../access/schema.ts";
import { insertUser } from "../access/token-store.ts";
import { allowsProvider, providersAllowed } from "../teams/schema.ts";
import { readSettings, readTeam } from "../teams/store.ts";
import { emailHint, normalEmail, requireMayChange } from "./people.ts";
import type { Accepted, Invitation, InvitationView, Membership } from "./schema.ts";
import {
  countPeople,
  findByPerson,
  findInvitation,
  findMember,
  findUser,
  forgottenAt,
  type InvitationRow,
  insertInvitation,
  isUsernameTaken,
  openInvitations,
  stateOf,
  toInvitation,
  type UserRow,
  updateInvitation,
  updateUser,
} from "./store.ts";

/** Characters kept of the name someone gives themselves. */
const displayNameChars = 100;

export interface NewInvitation {
  /** SHA-256 of the link's secret. */
  hash: string;
  role: Role | undefined;
  email: string | undefined;
  username: string | undefined;
  /** Unix milliseconds. */
  expiresAt: number;
  signsIn: boolean;
}

/** Opens an invitation. Throws `forbidden`, `not_found` for an unknown member, `conflict`, `too_large` at the limit of open ones. */
export function createInvitation(deps: TeamDeps, input: NewInvitation, by: Caller): Invitation {
  const caller = requireNow(deps.db, by, "people:manage", "invite people");
  const now = deps.now();
  const bound = input.username === undefined ? undefined : requireBindable(deps, input.username, input.role);
  const role = bound?.role ?? input.role ?? "member";
  requireMayChange(caller.actor, bound?.role, role, "invite people");
  requireRoomForInvitation(deps, now);
  const row: InvitationRow = {
    id: newId("inv"),
    hash: input.hash,
    role,
    email: input.email === undefined ? null : normalEmail(input.email),
    userId: bound?.id ?? null,
    signsIn: input.signsIn,
    createdBy: caller.actor.username,
    createdAt: new Date(now),
    expiresAt: new Date(input.expiresAt),
    acceptedAt: null,
    acceptedBy: null,
    revokedAt: null,
  };
  const invitation = toInvitation(row, bound?.username ?? null, now);
  deps.record(caller, () => {
    insertInvitation(deps.db, row);
    deps.wakeAt(forgottenAt(input.expiresAt));
    const { email, username, expires_at } = invitation;
    const after = { role, email, username, expires_at, signs_in: row.signsIn };
    return {
      result: undefined,
      audit: [{ action: "invitation.create", target: { kind: "invitation", name: row.id }, after }],
    };
  });
  return invitation;
}

/** One invitation as it is now. Throws `not_found`. */
export function readInvitation(deps: TeamDeps, id: string): Invitation {
  const row = requireInvitation(deps.db, id);
  const member = row.userId === null ? undefined : findUser(deps.db, row.userId);
  return toInvitation(row, member?.username ?? null, deps.now());
}

function requireInvitation(db: TeamDeps["db"], id: string): InvitationRow {
  const row = findInvitation(db, { id });
  if (row !== undefined) return row;
  throw new AppError("not_found", "There is no invitation of that id in this team.", {
    hint: "list_invitations shows them.",
  });
}

/** Ends an open invitation. Throws `forbidden`, `not_found`, `invitation_invalid` for one that has ended already. */
export function revokeInvitation(deps: TeamDeps, id: string, by: Caller): void {
  const caller = requireNow(deps.db, by, "people:manage", "revoke invitations");
  const row = requireInvitation(deps.db, id);
  requireMayChange(caller.actor, undefined, row.role, "revoke invitations");
  requireOpen(row, deps.now());
  deps.record(caller, () => {
    updateInvitation(deps.db, id, { revokedAt: new Date(deps.now()) });
    const before = { role: row.role, email: row.email };
    return {
      result: undefined,
      audit: [{ action: "invitation.revoke", target: { kind: "invitation", name: id }, before }],
    };
  });
}

/** What the link whose secret has this SHA-256 opens. Throws `invitation_invalid`, saying why. */
export function describeInvitation(deps: TeamDeps, hash: string): InvitationView {
  const row = requireOpen(requireKnown(deps, hash), deps.now());
  const { slug, name } = readTeam(deps.db);
  return {
    team: slug,
    teamName: name,
    role: row.role,
    emailHint: row.email === null ? null : emailHint(row.email),
    username: row.userId === null ? null : (findUser(deps.db, row.userId)?.username ?? null),
    invitedBy: row.createdBy,
    expiresAt: row.expiresAt.getTime(),
    signsIn: row.signsIn,
    signInProviders: providersAllowed(readSettings(deps.db)),
  };
}

export interface Acceptance {
  hash: string;
  personId: string;
  displayName: string;
  verifiedEmails: string[];
  /** How they came; its actor's credential is kept, who they are is what this call finds out. */
  caller: Caller;
}

/**
 * Lets the signed-in person in, once. The same person asking again is told the same. Throws `invitation_invalid` (unknown, expired,
 * revoked, used, or its member has another login), `forbidden` when it is for another address or the team wants another way to sign in,
 * `conflict` for who is in the team already, `too_large` at the limit of members.
 */
export function acceptInvitation(deps: TeamDeps, input: Acceptance): Accepted {
  const { db } = deps;
  const row = requireKnown(deps, input.hash);
  const known = findByPerson(db, input.personId);
  const inTeam = known !== undefined && known.removedAt === null;
  if (inTeam && row.acceptedBy === known.username) return { ...acceptedAs(known), again: true };
  requireOpen(row, deps.now());
  requireAddress(row, input.verifiedEmails);
  requireProvider(deps, input.caller);
  if (inTeam) throw alreadyIn(known);
  const joining = planJoin(deps, row, input, known);
  const by = callerAs(input.caller, joining);
  return deps.record(by, () => {
    joining.write();
    updateInvitation(db, row.id, { acceptedAt: new Date(deps.now()), acceptedBy: joining.username });
    const { role, username } = joining;
    const audit = [
      { action: "invitation.accept", target: { kind: "invitation", name: row.id }, after: { username } },
      { action: "member.join", target: { kind: "member", name: username }, after: { role, invited_by: row.createdBy } },
    ];
    return { result: { ...acceptedAs(joining), again: false }, audit };
  });
}

/** What the person is in this team: undefined for who is not in it, was removed, or while the team is deleted. */
export function membershipOf(deps: TeamDeps, personId: string): Membership | undefined {
  const user = findByPerson(deps.db, personId);
  if (user === undefined || user.removedAt !== null || readTeam(deps.db).deletedAt !== null) return undefined;
  return { ...acceptedAs(user), signInProviders: providersAllowed(readSettings(deps.db)) };
}

interface Joining {
  id: string;
  username: string;
  role: Role;
  write: () => void;
}

/** Who the person will be: the member the invitation names, the one they were before, or a new one. */
function planJoin(deps: TeamDeps, row: InvitationRow, input: Acceptance, known: UserRow | undefined): Joining {
  const { db } = deps;
  const { personId } = input;
  const displayName = input.displayName.slice(0, displayNameChars);
  const email = row.email ?? input.verifiedEmails[0] ?? null;
  if (row.userId !== null) {
    const bound = findUser(db, row.userId);
    if (known !== undefined) throw wasHere(known);
    if (bound === undefined || bound.removedAt !== null || bound.personId !== null) {
      throw invalid("The member this invitation is for has a login already, or is not in the team any more.");
    }
    // Else an admin's link for a member would hand out an owner's place, once the member has become one.
    if (bound.role !== row.role) {
      throw invalid(`${bound.username} was ${row.role} when this invitation was made, and is ${bound.role} now.`);
    }
    const change = { personId, displayName: bound.displayName ?? displayName, email: bound.email ?? email };
    return { ...bound, write: () => updateUser(db, bound.id, change) };
  }
  requireRoomForMember(deps);
  const { role } = row;
  if (known !== undefined) {
    const change = { role, removedAt: null, displayName, email: email ?? known.email };
    return { id: known.id, username: known.username, role, write: () => updateUser(db, known.id, change) };
  }
  const candidates = [row.email ?? "", ...input.verifiedEmails, input.displayName];
  const username = usernameFrom(candidates, (name) => isUsernameTaken(db, name));
  const id = newId("usr");
  const createdAt = new Date(deps.now());
  return {
    id,
    username,
    role,
    write: () => insertUser(db, { id, username, role, email, displayName, personId, createdAt }),
  };
}

function acceptedAs({ id, username, role }: Pick<UserRow, "id" | "username" | "role">): Omit<Accepted, "again"> {
  return { userId: id, username, role };
}

/** The caller as the member they are about to be: the log names whoever joined as who did it. */
function callerAs(caller: Caller, { id, username, role }: Joining): Caller {
  return { ...caller, actor: { userId: id, username, role, scopes, credential: caller.actor.credential } };
}

function requireBindable(deps: TeamDeps, username: string, role: Role | undefined): UserRow {
  const user = findMember(deps.db, username);
  if (user === undefined || user.kind !== "person") {
    throw new AppError("not_found", `No person in this team has the username ${username}.`, {
      hint: "list_members shows who is in the team. To invite someone new, leave username out.",
    });
  }
  if (user.personId !== null) {
    throw new AppError("conflict", `${username} has a login already.`, { hint: "They sign in as they did before." });
  }
  if (role !== undefined && role !== user.role) {
    throw new AppError("invalid_argument", `${username} is ${user.role} and stays so by this invitation.`, {
      hint: "Leave role out, and change it with set_role.",
    });
  }
  return user;
}

function requireKnown(deps: TeamDeps, hash: string): InvitationRow {
  if (readTeam(deps.db).deletedAt !== null) throw invalid("The team of this invitation was deleted.");
  const row = findInvitation(deps.db, { hash });
  if (row === undefined) throw invalid("There is no such invitation.");
  return row;
}

function requireOpen(row: InvitationRow, now: number): InvitationRow {
  switch (stateOf(row, now)) {
    case "open":
      return row;
    case "accepted":
      throw invalid("This invitation has been used.");
    case "revoked":
      throw invalid("This invitation was revoked.");
    case "expired":
      throw invalid("This invitation has expired.");
  }
}

function requireAddress({ email }: InvitationRow, verified: readonly string[]): void {
  if (email === null || verified.some((address) => normalEmail(address) === email)) return;
  throw new AppError(
    "forbidden",
    `This invitation is for ${emailHint(email)}, which is not a verified address of yours.`,
    {
      hint: "Sign in with an account of that address, or ask for an invitation without an address.",
    },
  );
}

function requireProvider(deps: TeamDeps, { actor }: Caller): void {
  const settings = readSettings(deps.db);
  if (actor.credential.kind !== "session" || allowsProvider(settings, actor.credential.label)) return;
  throw new AppError("forbidden", `This team does not let people in who signed in through ${actor.credential.label}.`, {
    hint: `Sign in through ${settings.sign_in_providers?.join(" or ") ?? "another provider"} and open the link again.`,
  });
}

function requireRoomForInvitation(deps: TeamDeps, now: number): void {
  const limit = peopleLimits.openInvitations;
  const open = openInvitations(deps.db, now).length;
  if (open < limit) return;
  throw new AppError(
    "too_large",
    `The team has ${open} open invitations; the limit is ${limit} (limit openInvitations).`,
    {
      hint: "Revoke some with revoke_invitation, or wait until they are used or expire.",
      details: { limit: "openInvitations", value: limit },
    },
  );
}

function requireRoomForMember(deps: TeamDeps): void {
  const limit = peopleLimits.members;
  const people = countPeople(deps.db);
  if (people < limit) return;
  throw new AppError("too_large", `The team has ${people} people; the limit is ${limit} (limit members).`, {
    hint: "An admin removes who is no longer in the team (remove_member); the invitation stays open.",
    details: { limit: "members", value: limit },
  });
}

function alreadyIn({ username }: UserRow): AppError {
  return new AppError("conflict", `You are in this team already, as ${username}.`, {
    hint: "The invitation stays open for someone else. For another role, ask an admin for set_role.",
  });
}

function wasHere({ username }: UserRow): AppError {
  return new AppError("conflict", `You were in this team as ${username}, so you cannot be another of its members.`, {
    hint: `Ask for an invitation that names nobody; it makes you ${username} again.`,
  });
}

function invalid(message: string): AppError {
  return new AppError("invitation_invalid", message, { hint: "Ask an admin of the team for a new one." });
}
