// The rules of setting who sees a dataset or tool. Runs everywhere.
import { AppError } from "../../core/errors.ts";
import { type Actor, may, maySee, requirePermission, type Visibility } from "../access/access.ts";
import type { ItemKind } from "./schema.ts";

/** The same visibility, names sorted and each once. */
export function tidy(visibility: Visibility): Visibility {
  return typeof visibility === "string" ? visibility : [...new Set(visibility)].sort();
}

/** `everyone in the team`, `admins and owners`, `ada, bob and the owners`. */
export function describeVisibility(visibility: Visibility): string {
  switch (visibility) {
    case "everyone":
    case "viewer":
      return "everyone in the team";
    case "member":
      return "members, admins and owners";
    case "admin":
      return "admins and owners";
    case "owner":
      return "owners alone";
    default:
      return `${visibility.join(", ")} and the owners`;
  }
}

/**
 * Throws unless this actor may set who sees an item that `createdBy` made: admins may, and whoever made it, as far as they may write such
 * items. `forbidden`, `insufficient_scope`.
 */
export function requireMaySet(actor: Actor, kind: ItemKind, createdBy: string): void {
  if (may(actor, "visibility:manage")) return;
  if (actor.username === createdBy)
    requirePermission(actor, kind === "tool" ? "library:write" : "data:write", `set who sees a ${kind}`);
  else requirePermission(actor, "visibility:manage", `set who sees a ${kind} that someone else created`);
}

/** Throws `invalid_argument` when whoever sets this would no longer see the item: nobody is to lock themselves out by mistake. */
export function requireOwnSight(actor: Actor, visibility: Visibility): void {
  if (maySee(actor, { visibility })) return;
  throw new AppError("invalid_argument", "visibility: you would no longer see it yourself.", {
    hint: "Choose a role up to your own, or add your username to the list; an owner can leave you out.",
    details: { username: actor.username, role: actor.role },
  });
}

/** The error for an item that there is not, or that is not shown: the same for both. */
export function noSuchItem(kind: ItemKind, name: string): AppError {
  const [message, hint] =
    kind === "dataset"
      ? [`There is no dataset "${name}".`, "list_datasets shows all datasets of the team."]
      : [`The team has no tool ${name}.`, "find_tools shows those there are."];
  return new AppError("not_found", message, { hint, details: { kind, name } });
}

/** The error for usernames that are nobody's of this team. */
export function notMembers(usernames: readonly string[]): AppError {
  return new AppError("invalid_argument", `visibility: not in this team: ${usernames.join(", ")}.`, {
    hint: "list_members shows who is.",
    details: { usernames },
  });
}
