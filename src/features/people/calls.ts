// What the people tools and routes both do. Runs at the edge.
import type { CallContext } from "../../context.ts";
import { dayMs } from "../../core/durations.ts";
import { AppError } from "../../core/errors.ts";
import { randomSecret, sha256Hex } from "../../core/ids.ts";
import { didYouMean, nearNames } from "../../core/near-names.ts";
import { type Page, pageBefore, pageOf, readBefore } from "../../core/paging.ts";
import { callerOf, may, type Role } from "../access/access.ts";
import type { Departure } from "./membership.ts";
import { invitationUrl } from "./people.ts";
import type { Invitation, Invite, Member, Removed } from "./schema.ts";

interface PageInput {
  limit?: number | undefined;
  cursor?: string | undefined;
}

/** A page of who is in the team, by username. Addresses are for admins and for whose they are. Throws `cursor_invalid`. */
export async function listMembers(
  call: CallContext,
  input: PageInput & { role?: Role | undefined },
  preset: number,
): Promise<Page<Member>> {
  const page = pageOf(await call.stub.people().members(input.role), {
    limit: input.limit ?? preset,
    cursor: input.cursor,
    key: (member) => member.username,
  });
  return { ...page, items: page.items.map((member) => shownTo(call, member)) };
}

/** One member, as `listMembers` shows them. Throws `not_found`. */
export async function findMember(call: CallContext, username: string): Promise<Member> {
  const members = await call.stub.people().members();
  const found = members.find((member) => member.username === username);
  if (found !== undefined) return shownTo(call, found);
  const names = members.map((member) => member.username);
  throw new AppError("not_found", `Nobody in this team has the username ${username}.`, {
    hint: didYouMean(nearNames(username, names)) ?? "list_members shows who is in the team.",
  });
}

function shownTo({ actor }: CallContext, member: Member): Member {
  const full = may(actor, "people:manage") || member.username === actor.username;
  return full ? member : { ...member, email: null };
}

/** Removes someone. Throws what `removeMember` throws. */
export async function removeMember(call: CallContext, username: string): Promise<Removed> {
  return afterwards(call, await call.stub.people().remove(username, callerOf(call)));
}

/** Lets the caller go. Throws what `leaveTeam` throws. */
export async function leaveTeam(call: CallContext): Promise<Removed> {
  return afterwards(call, await call.stub.people().leave(callerOf(call)));
}

/** What lies outside the team's object follows it, and needs not be exact: the object turns whoever is out away. */
function afterwards(call: CallContext, { removed, personId, connections }: Departure): Removed {
  if (personId === null) return removed;
  call.waitUntil(call.leftTeam(personId));
  for (const id of connections) call.waitUntil(call.forgetGrant({ id, personId }));
  return removed;
}

/** Opens an invitation; its link is in the answer and nowhere else. Throws what `createInvitation` throws. */
export async function inviteMember(call: CallContext, input: Invite): Promise<{ invitation: Invitation; url: string }> {
  const secret = randomSecret();
  const { role, email, username, expires_in_days: days } = input;
  const expiresAt = call.now() + days * dayMs;
  const row = { hash: await sha256Hex(secret), role, email, username, expiresAt, signsIn: false };
  const invitation = await call.stub.people().invite(row, callerOf(call));
  return { invitation, url: invitationUrl(call.origin, call.team, secret) };
}

/** A page of invitations, newest first. Throws `cursor_invalid`. */
export async function listInvitations(
  call: CallContext,
  input: PageInput & { state?: Invitation["state"] | undefined },
  preset: number,
): Promise<Page<Invitation>> {
  const limit = input.limit ?? preset;
  const filter = { state: input.state, before: readBefore(input.cursor), limit: limit + 1 };
  const { rows, total } = await call.stub.people().invitations(filter);
  const page = pageBefore(rows, { limit, total, key: (row) => row.seq });
  return { ...page, items: page.items.map((row) => row.invitation) };
}
