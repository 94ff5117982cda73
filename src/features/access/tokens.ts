// The rules of tokens: who may have which, and who may end it. Each is one turn of the object. Runs in the team object.
import { scopes as allScopes, type Scope } from "../../core/define-tool.ts";
import { AppError } from "../../core/errors.ts";
import { newId } from "../../core/ids.ts";
import type { TeamDeps } from "../../durable/team-deps.ts";
import { peopleLimits } from "../../limits.ts";
import { type Caller, hasRole, type Role, requirePermission, weakerRole } from "./access.ts";
import { isOutside, requireNow } from "./caller-store.ts";
import { serviceUsername, type Token } from "./schema.ts";
import {
  countLiveTokens,
  countUsers,
  findByUsername,
  findLiveToken,
  insertToken,
  insertUser,
  markRevoked,
  reinstate,
  selectTokens,
  type TokenFilter,
  type TokenRow,
  toToken,
  type UserRow,
} from "./token-store.ts";

/** What both ways of making a token need. */
interface TokenText {
  label: string;
  /** SHA-256 of the token's text. */
  hash: string;
  prefix: string;
  /** Unix milliseconds; null: it does not expire by itself. */
  expiresAt: number | null;
}

export interface OperatorToken extends TokenText {
  username: string;
  role: Role;
  scopes?: Scope[] | null;
}

/**
 * A token of anyone, for the operator: the person is added when new, and comes back when removed. Throws `conflict` when the token would be
 * stronger than its person, or the username is another's in other case, and `too_large` at limits.
 */
export function createTokenFor(deps: TeamDeps, input: OperatorToken, by: Caller): { id: string } {
  const { db } = deps;
  const found = findByUsername(db, input.username);
  const inTeam = found !== undefined && found.removedAt === null;
  if (found !== undefined && (found.kind !== "person" || found.username !== input.username)) {
    throw new AppError("conflict", `The username ${input.username} is too much like ${found.username}, which exists.`, {
      hint: `Use ${found.username} if you mean them, or another username.`,
    });
  }
  if (inTeam && weakerRole(found.role, input.role) !== input.role) {
    throw new AppError(
      "conflict",
      `${input.username} is ${found.role} of this team, so a token of theirs cannot be ${input.role}.`,
      { hint: `Ask for a token with the role ${found.role} or less, or use another username.` },
    );
  }
  const owner = planOwner(deps, found, { username: input.username, kind: "person", role: input.role });
  const row = tokenRow(deps, { ...input, userId: owner.id, scopes: input.scopes ?? null, mayActForOthers: false }, by);
  return { id: writeToken(deps, row, owner, by).id };
}

export interface IssueInput extends TokenText {
  role: Role | undefined;
  scopes: Scope[] | undefined;
  /** The service account it is for; undefined: the caller's own. */
  service: string | undefined;
  mayActForOthers: boolean;
}

/**
 * A token that a member makes: of their own, or of a service account for admins. It is never stronger than what makes it, in role or scopes, and
 * a token that expires makes none that lives longer. Throws `forbidden`, `invalid_argument`, `too_large` at limits.
 */
export function issueToken(deps: TeamDeps, input: IssueInput, by: Caller): Token {
  const permission = input.service === undefined ? "tokens:own" : "tokens:manage";
  const caller = requireNow(deps.db, by, permission, "create tokens");
  requireOwnHands(caller, input);
  const maker = findMaker(deps, caller);
  if (input.mayActForOthers) requireMayLend(caller, maker, input);
  const service = input.service === undefined ? undefined : serviceUsername(input.service);
  const username = service ?? caller.actor.username;
  const role = input.role ?? (service === undefined ? caller.actor.role : weakerRole("member", caller.actor.role));
  requireRole(caller, role, service !== undefined);
  const scopes = narrowed(caller, input.scopes);
  const expiresAt = expiryWithin(input.expiresAt, maker?.expiresAt?.getTime() ?? null);
  const found = findByUsername(deps.db, username);
  const owner = planOwner(deps, found, { username, kind: service === undefined ? "person" : "service", role });
  const { mayActForOthers } = input;
  return writeToken(
    deps,
    tokenRow(deps, { ...input, userId: owner.id, role, scopes, expiresAt, mayActForOthers }, caller),
    owner,
    caller,
  );
}

/** Live tokens: the caller's own, or everyone's for admins. */
export function listTokens(
  deps: TeamDeps,
  filter: Omit<TokenFilter, "userId"> & { everyone: boolean },
  by: Caller,
): ReturnType<typeof selectTokens> {
  const { actor } = requireNow(deps.db, by, filter.everyone ? "tokens:manage" : "tokens:own", "list tokens");
  const { everyone, ...page } = filter;
  return selectTokens(deps.db, { ...page, userId: everyone ? undefined : actor.userId }, deps.now());
}

/**
 * Ends a token and its open streams at once: one's own, as admin anyone's below owner. False when there is no such live token, or none the caller
 * may know of. Throws `forbidden`.
 */
export function revokeToken(deps: TeamDeps, id: string, by: Caller): boolean {
  const caller = requireNow(deps.db, by, "tokens:own", "revoke tokens");
  const found = findLiveToken(deps.db, id, deps.now());
  if (found === undefined) return false;
  const { token, user } = found;
  if (user.id !== caller.actor.userId) {
    if (!isOutside(caller) && !hasRole(caller.actor.role, "admin")) return false;
    requirePermission(caller.actor, "tokens:manage", "revoke others' tokens");
    if (user.role === "owner") requirePermission(caller.actor, "owners:manage", "revoke an owner's token");
  }
  deps.record(caller, () => {
    markRevoked(deps.db, id, deps.now());
    const before = { username: user.username, label: token.label, role: token.role };
    return { result: undefined, audit: [{ action: "token.revoke", target: { kind: "token", name: id }, before }] };
  });
  deps.endFeeds({ credentialId: id });
  return true;
}

interface Owner {
  id: string;
  username: string;
  /** Puts the owner there, or back; nothing for who is in the team already. */
  write: () => void;
  joined: boolean;
}

/** Whose the token will be, planned before anything is written. */
function planOwner(
  deps: TeamDeps,
  found: UserRow | undefined,
  wanted: { username: string; kind: UserRow["kind"]; role: Role },
): Owner {
  const { db } = deps;
  const { username, kind, role } = wanted;
  if (found !== undefined && found.removedAt === null) {
    requireRoomForToken(deps, found);
    // A service account has the role of its strongest token; a person's role is their own.
    const raised = kind === "service" && !hasRole(found.role, role);
    const write = (): void => (raised ? reinstate(db, found.id, role) : undefined);
    return { id: found.id, username, write, joined: false };
  }
  requireRoomForUser(deps, kind);
  if (found !== undefined) {
    return { id: found.id, username, write: () => reinstate(db, found.id, role), joined: true };
  }
  const id = newId("usr");
  const createdAt = new Date(deps.now());
  return { id, username, write: () => insertUser(db, { id, username, kind, role, createdAt }), joined: true };
}

function tokenRow(
  deps: TeamDeps,
  input: TokenText & Pick<TokenRow, "userId" | "role" | "scopes" | "mayActForOthers">,
  by: Caller,
): TokenRow {
  const { label, hash, prefix, userId, role, scopes, mayActForOthers, expiresAt } = input;
  return {
    ...{ id: newId("tok"), userId, label, hash, prefix, role, scopes, mayActForOthers },
    createdBy: by.actor.username,
    createdAt: new Date(deps.now()),
    expiresAt: expiresAt === null ? null : new Date(expiresAt),
    lastUsedAt: null,
    revokedAt: null,
  };
}

function writeToken(deps: TeamDeps, row: TokenRow, owner: Owner, by: Caller): Token {
  const token = toToken(row, owner.username);
  return deps.record(by, () => {
    owner.write();
    insertToken(deps.db, row);
    const { username, role } = token;
    const join = { action: "member.join", target: { kind: "member", name: username }, after: { role } };
    const { id, label, scopes, expires_at, may_act_for_others } = token;
    const after = { username, role, label, scopes, expires_at, may_act_for_others };
    const create = { action: "token.create", target: { kind: "token", name: id }, after };
    return { result: token, audit: owner.joined ? [join, create] : [create] };
  });
}

/** The token that the caller came with, if they came with one. */
function findMaker(deps: TeamDeps, { actor }: Caller): TokenRow | undefined {
  const isToken = actor.credential.kind === "token" || actor.credential.kind === "service_token";
  return isToken ? findLiveToken(deps.db, actor.credential.id, deps.now())?.token : undefined;
}

/** Who acts for someone may not make what outlives the acting, and a service account's tokens are the admins' to give. */
function requireOwnHands({ actor }: Caller, { service }: IssueInput): void {
  if (actor.through !== undefined) {
    throw new AppError("forbidden", `${actor.through} acts for ${actor.username} and may not create tokens for them.`, {
      hint: "Let the person create the token themselves.",
    });
  }
  if (actor.credential.kind === "service_token" && service === undefined) {
    throw new AppError("forbidden", "A service account has no tokens of its own making.", {
      hint: "An admin creates its tokens: create_token with service.",
    });
  }
}

function requireMayLend({ actor }: Caller, maker: TokenRow | undefined, { service }: IssueInput): void {
  if (service === undefined) {
    throw new AppError("invalid_argument", "create_token: may_act_for_others is for service tokens alone.", {
      hint: "Name the service account in service, or leave may_act_for_others out.",
    });
  }
  if (actor.credential.kind !== "service_token" || maker?.mayActForOthers === true) return;
  throw new AppError("forbidden", "This service token may not act for others, so it creates none that may.", {
    hint: "Let an admin create it.",
  });
}

function requireRole({ actor }: Caller, role: Role, isService: boolean): void {
  if (isService && role === "owner") {
    throw new AppError("invalid_argument", "create_token: a service account is admin at most.", {
      hint: "Ask for admin or less; owners are people.",
    });
  }
  if (hasRole(actor.role, role)) return;
  throw new AppError("forbidden", `As ${actor.role} you may not create a token that is ${role}.`, {
    hint: `Ask for ${actor.role} or less, or use a credential that is not limited to less.`,
    details: { role: actor.role, needs: role },
  });
}

/** The scopes of the new token; null: all. Throws `forbidden` for one that its maker lacks. */
function narrowed({ actor }: Caller, wanted: readonly Scope[] | undefined): Scope[] | null {
  const own = allScopes.filter((scope) => actor.scopes.includes(scope));
  if (wanted === undefined) return own.length === allScopes.length ? null : own;
  const missing = wanted.filter((scope) => !own.includes(scope));
  if (missing.length === 0) return allScopes.filter((scope) => wanted.includes(scope));
  throw new AppError("forbidden", `You may not pass on what you lack yourself: ${missing.join(", ")}.`, {
    hint: `Ask for some of ${own.join(", ")}, or use a credential with more scopes.`,
    details: { scopes: own, needs: missing },
  });
}

function expiryWithin(wanted: number | null, makers: number | null): number | null {
  if (makers === null) return wanted;
  if (wanted === null || wanted <= makers) return wanted ?? makers;
  const until = new Date(makers).toISOString();
  throw new AppError("forbidden", `The token you use ends at ${until}, so it creates none that lives longer.`, {
    hint: "Ask for less, leave expires_in_days out, or use a credential that lives longer.",
    details: { expires_at: until },
  });
}

function requireRoomForToken(deps: TeamDeps, { id, username }: UserRow): void {
  const limit = peopleLimits.liveTokensEach;
  const live = countLiveTokens(deps.db, id, deps.now());
  if (live < limit) return;
  throw new AppError(
    "too_large",
    `${username} has ${live} live tokens; the limit is ${limit} (limit liveTokensEach).`,
    {
      hint: "Revoke some with revoke_token.",
      details: { limit: "liveTokensEach", value: limit },
    },
  );
}

function requireRoomForUser(deps: TeamDeps, kind: UserRow["kind"]): void {
  const name = kind === "person" ? "members" : "serviceAccounts";
  const limit = peopleLimits[name];
  const there = countUsers(deps.db, kind);
  if (there < limit) return;
  const what = kind === "person" ? "people" : "service accounts";
  throw new AppError("too_large", `The team has ${there} ${what}; the limit is ${limit} (limit ${name}).`, {
    hint: `Remove ${what} that are no longer used with remove_member.`,
    details: { limit: name, value: limit },
  });
}
