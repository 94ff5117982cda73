// Who may do what: the one decision. Runs everywhere.
import type { MiddlewareHandler } from "hono";
import type { CallContext, TeamRoutes } from "../../context.ts";
import { type Permission, type Scope, scopes } from "../../core/define-tool.ts";
import { AppError } from "../../core/errors.ts";

/** Weakest first. A plan's "user" is a member. */
export const roles = ["viewer", "member", "admin", "owner"] as const;
export type Role = (typeof roles)[number];

/** How a caller proved who they are. `system` is the server itself, `operator` whoever holds the deployment's secret. */
export const credentialKinds = ["token", "service_token", "connection", "session", "operator", "system"] as const;
export type CredentialKind = (typeof credentialKinds)[number];

/** The person or service account a request acts for, as the team's object found them. */
export interface Actor {
  userId: string;
  username: string;
  /** The weaker of the person's and the credential's role. */
  role: Role;
  /** What the credential is narrowed to; all scopes when it is not. */
  scopes: readonly Scope[];
  credential: { kind: CredentialKind; id: string; label: string };
  /** The service account that acts for this person, when one does. */
  through?: string;
}

/** Who may see a dataset or tool: everyone in the team, a role and those above it, or the people named. Owners always do. */
export type Visibility = "everyone" | Role | readonly string[];

/** What a decision may depend on besides the actor. */
export interface Resource {
  visibility?: Visibility;
}

interface Rule {
  role: Role;
  /** Null: every credential has it. */
  scope: Scope | null;
  /** Completes "may not …", and says in docs/permissions.md what is allowed. */
  what: string;
  /** Only for whoever is there themselves: not for a service account that acts for them. */
  inPerson?: true;
}

/** Every permission: the least role that has it, the scope a credential needs for it, and what it allows. */
export const permissionRules: Record<Permission, Rule> = {
  "self:read": { role: "viewer", scope: null, what: "learn who one is here and what one may do" },
  "data:read": {
    role: "viewer",
    scope: "data:read",
    what: "read datasets, tables, frames, functions and tools, run them, and make frames",
  },
  "data:write": { role: "member", scope: "data:write", what: "create, change and delete datasets and tables" },
  "library:write": { role: "member", scope: "library:write", what: "change functions and tools" },
  "library:propose": {
    role: "member",
    scope: "library:write",
    what: "propose changes of functions and tools, and vote on them",
  },
  "notifications:own": { role: "viewer", scope: "data:read", what: "read one's own notifications and choose them" },
  "visibility:own": { role: "member", scope: "data:write", what: "set who sees a dataset or tool that one created" },
  "visibility:manage": { role: "admin", scope: "admin", what: "set who sees a dataset or tool" },
  "activity:read": { role: "admin", scope: "admin", what: "read what others have executed" },
  "people:read": { role: "viewer", scope: "data:read", what: "see who is in the team" },
  "people:manage": { role: "admin", scope: "admin", what: "invite, change and remove people below owner" },
  "owners:manage": {
    role: "owner",
    scope: "admin",
    what: "make or unmake owners, transfer or delete the team",
    inPerson: true,
  },
  "membership:own": { role: "viewer", scope: "admin", what: "leave the team", inPerson: true },
  "tokens:own": {
    role: "viewer",
    scope: "admin",
    what: "create, list and revoke one's own tokens and connections",
    inPerson: true,
  },
  "tokens:manage": { role: "admin", scope: "admin", what: "manage service tokens, and revoke anyone's token" },
  "settings:manage": { role: "admin", scope: "admin", what: "rename the team and change its settings" },
  "metrics:read": { role: "admin", scope: "admin", what: "read the team's metrics" },
  "audit:read": { role: "admin", scope: "admin", what: "read, verify and export the audit log" },
  "webhooks:manage": { role: "admin", scope: "admin", what: "manage webhooks and what they are sent" },
  "backups:manage": { role: "admin", scope: "admin", what: "back the team up and restore it" },
  "backups:download": {
    role: "owner",
    scope: "admin",
    what: "download a backup, which holds what is shown to few, too",
  },
};

/** The weaker of two roles. */
export function weakerRole(a: Role, b: Role): Role {
  return roles.indexOf(a) <= roles.indexOf(b) ? a : b;
}

/** True when `role` is `least` or stronger. */
export function hasRole(role: Role, least: Role): boolean {
  return roles.indexOf(role) >= roles.indexOf(least);
}

export type Asker = Pick<Actor, "role" | "scopes" | "username" | "through">;

/** The permission decision, the only one: may this actor do this, to this? */
export function may(actor: Asker, permission: Permission, resource: Resource = {}): boolean {
  const { role, scope, inPerson } = permissionRules[permission];
  if (inPerson === true && actor.through !== undefined) return false;
  const isInScope = scope === null || actor.scopes.includes(scope);
  return isInScope && hasRole(actor.role, role) && sees(actor, resource.visibility ?? "everyone");
}

/** True when this dataset or tool is shown to the actor, whatever they may then do with it. Without a visibility: to everyone. */
export function maySee(actor: Asker, item: { visibility?: Visibility | null | undefined }): boolean {
  return sees(actor, item.visibility ?? "everyone");
}

function sees(actor: Asker, visibility: Visibility): boolean {
  if (visibility === "everyone" || actor.role === "owner") return true;
  return typeof visibility === "string" ? hasRole(actor.role, visibility) : visibility.includes(actor.username);
}

/**
 * Throws unless `may` says yes: `forbidden` naming the missing role, `insufficient_scope` naming the missing scope, and `not_found` for what
 * the actor may not see. `what` completes "may not …"; left out, the permission's own words.
 */
export function requirePermission(actor: Asker, permission: Permission, what?: string, resource: Resource = {}): void {
  if (may(actor, permission, resource)) return;
  const rule = permissionRules[permission];
  if (rule.inPerson === true && actor.through !== undefined) {
    throw new AppError("forbidden", `${actor.through} acts for ${actor.username} and may not ${what ?? rule.what}.`, {
      hint: "It takes a credential of their own.",
      details: { through: actor.through },
    });
  }
  if (!hasRole(actor.role, rule.role)) {
    throw new AppError(
      "forbidden",
      `As ${actor.role} you may not ${what ?? rule.what}: it needs the role ${rule.role}${rule.role === "owner" ? "" : " or higher"}.`,
      {
        hint: `Ask an ${rule.role === "owner" ? "owner" : "admin or owner"} of the team for that role, or use a token that is not limited to less.`,
        details: { role: actor.role, needs: rule.role },
      },
    );
  }
  if (rule.scope !== null && !actor.scopes.includes(rule.scope)) {
    throw new AppError(
      "insufficient_scope",
      `This connection may not ${what ?? rule.what}: it lacks the scope ${rule.scope}.`,
      {
        hint: `Connect again and allow ${rule.scope}, or use a token that has it.`,
        details: { scopes: actor.scopes, needs: rule.scope },
      },
    );
  }
  throw new AppError("not_found", "There is no such thing here, or it is not shown to you.");
}

const guards = new WeakMap<object, Permission>();

/** Route middleware that asks for a permission, as `requirePermission` does. What it asks for can be read: docs and tests list every route's. */
export function guarded(permission: Permission, what?: string): MiddlewareHandler<TeamRoutes> {
  const guard: MiddlewareHandler<TeamRoutes> = async (c, next) => {
    requirePermission(c.get("call").actor, permission, what);
    await next();
  };
  guards.set(guard, permission);
  return guard;
}

/** The permission that a handler of a route asks for, when it is a `guarded` one. */
export function permissionOf(handler: object): Permission | undefined {
  return guards.get(handler);
}

/**
 * The newest entries that a caller had read before they decided to write: of the team's log, of the workspace's. A write is refused when other
 * requests have written since.
 */
export interface Unless {
  team?: number;
  workspace?: number;
}

/** Who writes and how they came: travels with every write to the team's object and into its audit log. */
export interface Caller {
  actor: Actor;
  /** The MCP client or user agent, as it names itself. */
  client: string | null;
  /** The network address the request came from. */
  address: string | null;
  requestId: string;
  /** The idempotency key's row that this request runs under, if any: a write marks it in its own transaction. */
  idempotencyId?: string;
  /** Holds what If-Match asked for, until the write has been made. */
  unless?: Unless;
}

/** What a write is refused with that others were faster than: its request is repeated on what there is then, and refused in the end. */
export function movedOn(): AppError {
  return new AppError(
    "conflict",
    "Others wrote at the same moment, so that what If-Match asks for could not be held.",
    {
      hint: "Read it again and send the request with the etag it has then.",
      details: { moved: true },
    },
  );
}

/** The caller of a call at the edge, to send along with a write. */
export function callerOf(
  call: Pick<CallContext, "actor" | "client" | "address" | "requestId" | "idempotencyId" | "unless">,
): Caller {
  const { actor, client, address, requestId, idempotencyId, unless } = call;
  return {
    actor,
    client: client ?? null,
    address: address ?? null,
    requestId,
    ...(idempotencyId === undefined ? {} : { idempotencyId }),
    ...(unless === undefined ? {} : { unless }),
  };
}

/** A caller for what the server does by itself, or an operator asks for. */
export function systemCaller(kind: "system" | "operator", requestId: string, address: string | null = null): Caller {
  return {
    actor: { userId: kind, username: kind, role: "owner", scopes, credential: { kind, id: kind, label: kind } },
    client: null,
    address,
    requestId,
  };
}
