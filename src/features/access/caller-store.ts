// Who a caller is by the time their write reaches the object: roles may have changed since the request entered. Synchronous; SQL only.
import { and, eq, isNull } from "drizzle-orm";
import type { Permission } from "../../core/define-tool.ts";
import { AppError } from "../../core/errors.ts";
import type { Db } from "../../durable/db.ts";
import { type Caller, type Role, requirePermission, weakerRole } from "./access.ts";
import { users } from "./table.ts";

/**
 * The caller with the role they have now, for writes that hang on it. Throws `unauthorized` for who is not in the team any more, and what
 * `requirePermission` throws when they may not. The operator and the server itself may do everything.
 */
export function requireNow(db: Db, by: Caller, permission: Permission, what?: string): Caller {
  const now = callerNow(db, by);
  requirePermission(now.actor, permission, what);
  return now;
}

/** True for what no person of the team asked for. */
export function isOutside(by: Caller): boolean {
  return by.actor.credential.kind === "system" || by.actor.credential.kind === "operator";
}

function callerNow(db: Db, by: Caller): Caller {
  if (isOutside(by)) return by;
  const { actor } = by;
  const own = liveRole(db, eq(users.id, actor.userId));
  const service = actor.through === undefined ? own : liveRole(db, eq(users.username, actor.through));
  if (own === undefined || service === undefined) {
    throw new AppError("unauthorized", "This credential's owner is not in the team any more.", {
      hint: "Ask an admin of the team for an invitation.",
    });
  }
  return { ...by, actor: { ...actor, role: weakerRole(actor.role, weakerRole(own, service)) } };
}

function liveRole(db: Db, who: ReturnType<typeof eq>): Role | undefined {
  return db
    .select({ role: users.role })
    .from(users)
    .where(and(who, isNull(users.removedAt)))
    .get()?.role;
}
