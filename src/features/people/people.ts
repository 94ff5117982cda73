// The rules on people: who may make whom what, and how addresses compare. Pure; runs everywhere.
import { type Asker, type Role, requirePermission } from "../access/access.ts";

/**
 * Throws unless the actor may turn someone with the role `from` into one with the role `to`; undefined is nobody. Admins manage everyone
 * below owner; whatever makes or unmakes an owner takes an owner.
 */
export function requireMayChange(actor: Asker, from: Role | undefined, to: Role | undefined, what: string): void {
  requirePermission(actor, "people:manage", what);
  if (from !== "owner" && to !== "owner") return;
  requirePermission(actor, "owners:manage", from === "owner" ? "change or remove an owner" : "make someone an owner");
}

/** An address as it is compared: mail knows no upper case that matters. */
export function normalEmail(email: string): string {
  return email.trim().toLowerCase();
}

/** `a…@example.org`: enough to know one's own address by, too little to learn another's. */
export function emailHint(email: string): string {
  return `${email.slice(0, 1)}…${email.slice(email.lastIndexOf("@"))}`;
}

/** The link that whoever holds the secret joins by. */
export function invitationUrl(origin: string, team: string, secret: string): string {
  return `${origin}/join/${team}/${secret}`;
}
