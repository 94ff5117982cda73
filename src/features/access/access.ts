// Who may do what: the one decision. Runs everywhere.
import type { Permission } from "../../core/define-tool.ts";
import { AppError } from "../../core/errors.ts";

/** Weakest first. A plan's "user" is a member. */
export const roles = ["viewer", "member", "admin", "owner"] as const;
export type Role = (typeof roles)[number];

/** The person (through one token) a request acts for, as the team's object found them. */
export interface Actor {
  userId: string;
  username: string;
  /** The weaker of the person's and the token's role. */
  role: Role;
  tokenId: string;
}

const leastRole: Record<Permission, Role> = {
  "data:read": "viewer",
  "data:write": "member",
  "library:write": "member",
  admin: "admin",
};

/** The weaker of two roles. */
export function weakerRole(a: Role, b: Role): Role {
  return roles.indexOf(a) <= roles.indexOf(b) ? a : b;
}

/** The permission decision, the only one: may this actor do this? */
export function may(actor: Pick<Actor, "role">, permission: Permission): boolean {
  return roles.indexOf(actor.role) >= roles.indexOf(leastRole[permission]);
}

/** Throws `forbidden`, naming the role that is missing, unless `may` says yes. `what` completes "may not …". */
export function requirePermission(actor: Pick<Actor, "role">, permission: Permission, what: string): void {
  if (may(actor, permission)) return;
  throw new AppError(
    "forbidden",
    `As ${actor.role} you may not ${what}: it needs the role ${leastRole[permission]} or higher.`,
    {
      hint: "Ask an owner of the team for a token with that role.",
      details: { role: actor.role, needs: leastRole[permission] },
    },
  );
}
