// The tools for people and invitations. Runs at the edge.
import { adds, readsOnly, replaces } from "../../core/define-tool.ts";
import { markdownTable } from "../../core/markdown.ts";
import { moreLines } from "../../core/paging.ts";
import { fenceUntrusted } from "../../core/untrusted.ts";
import { listLimits } from "../../limits.ts";
import { type BuiltInTool, defineTool } from "../../tool.ts";
import { callerOf } from "../access/access.ts";
import { transferSchema } from "../teams/schema.ts";
import { inviteMember, leaveTeam, listInvitations, listMembers, removeMember } from "./calls.ts";
import {
  invitationsSchema,
  invitedSchema,
  inviteSchema,
  leaveTeamSchema,
  listInvitationsSchema,
  listMembersSchema,
  membersSchema,
  type Removed,
  removedSchema,
  removeMemberSchema,
  revokedInvitationSchema,
  revokeInvitationSchema,
  setRoleOutcomeSchema,
  setRoleSchema,
  transferredSchema,
} from "./schema.ts";

const memberColumns = ["username", "kind", "display_name", "role", "last_active", "login", "tokens", "connections"];
const invitationColumns = ["id", "role", "email", "username", "state", "created_by", "expires_at", "accepted_by"];

export const peopleTools: readonly BuiltInTool[] = [
  defineTool({
    name: "list_members",
    title: "List members",
    description: "Who is in the team: role, last active, and how they get in (login, tokens, connected clients).",
    input: listMembersSchema,
    output: membersSchema,
    hints: readsOnly,
    permission: "people:read",
    toolset: "admin",
    handler: async (context, input) => {
      const { items, ...page } = await listMembers(context, input, listLimits.toolEntries);
      // People name themselves, so a display name is not ours to vouch for.
      const table = items.length === 0 ? [] : [fenceUntrusted(markdownTable(items, memberColumns), "members")];
      const text = [`${page.returned} of ${page.total} members`, ...table, ...moreLines(page)].join("\n");
      return { text, data: { members: items, ...page } };
    },
  }),
  defineTool({
    name: "set_role",
    title: "Set a member's role",
    description:
      "Makes a member viewer, member, admin or owner, from their next call on. Admins up to admin, owners all.",
    input: setRoleSchema,
    output: setRoleOutcomeSchema,
    hints: replaces,
    permission: "people:manage",
    toolset: "admin",
    handler: async (context, input) => {
      const data = await context.stub.people().setRole(input, callerOf(context));
      const text =
        data.outcome === "changed"
          ? `${input.username} is now ${input.role}.`
          : `${input.username} is ${input.role} already.`;
      return { text: [text, ...knownTokens(data.service_tokens)].join(" "), data };
    },
  }),
  defineTool({
    name: "remove_member",
    title: "Remove a member",
    description:
      "Takes a person or service account out of the team at once, with their tokens, connections and open invitations.",
    input: removeMemberSchema,
    output: removedSchema,
    hints: replaces,
    permission: "people:manage",
    toolset: "admin",
    handler: async (context, { username }) => {
      const data = await removeMember(context, username);
      return { text: `${username} is out of the team. ${describeEnded(data)}`, data };
    },
  }),
  defineTool({
    name: "leave_team",
    title: "Leave the team",
    description: "Takes you out of this team at once, with your tokens and connections, this one included.",
    input: leaveTeamSchema,
    output: removedSchema,
    hints: replaces,
    permission: "membership:own",
    toolset: "admin",
    handler: async (context) => {
      const data = await leaveTeam(context);
      return { text: `You are out of the team ${context.team}. ${describeEnded(data)}`, data };
    },
  }),
  defineTool({
    name: "transfer_ownership",
    title: "Transfer ownership",
    description: "Makes another member owner of the team and you admin, in one step. Owners only.",
    input: transferSchema,
    output: transferredSchema,
    hints: replaces,
    permission: "owners:manage",
    toolset: "admin",
    handler: async (context, { username }) => {
      const data = await context.stub.people().transfer(username, callerOf(context));
      return { text: `${data.owner} is now owner of ${context.team}; you are ${data.you}.`, data };
    },
  }),
  defineTool({
    name: "invite_member",
    title: "Invite someone",
    description:
      "Makes a link that lets one person join, with a role and an expiry. The link is shown once; send it yourself.",
    input: inviteSchema,
    output: invitedSchema,
    hints: adds,
    permission: "people:manage",
    toolset: "admin",
    handler: async (context, input) => {
      const data = await inviteMember(context, input);
      const { id, role, email, username, expires_at } = data.invitation;
      const who = username === null ? `Joins as ${role}` : `Signs in as ${username}`;
      const only = email === null ? "whoever opens it" : `only who signs in as ${email}`;
      return {
        text: `Invitation ${id}, until ${expires_at}. ${who}: ${only}. The link, shown this once:\n${data.url}`,
        data,
      };
    },
  }),
  defineTool({
    name: "list_invitations",
    title: "List invitations",
    description: "Invitations into the team and what became of them, newest first. Links are not kept.",
    input: listInvitationsSchema,
    output: invitationsSchema,
    hints: readsOnly,
    permission: "people:manage",
    toolset: "admin",
    handler: async (context, input) => {
      const { items, ...page } = await listInvitations(context, input, listLimits.toolEntries);
      const table = items.length === 0 ? [] : [markdownTable(items, invitationColumns)];
      const text = [`${page.returned} of ${page.total} invitations`, ...table, ...moreLines(page)].join("\n");
      return { text, data: { invitations: items, ...page } };
    },
  }),
  defineTool({
    name: "revoke_invitation",
    title: "Revoke an invitation",
    description: "Ends an open invitation: its link lets nobody in any more.",
    input: revokeInvitationSchema,
    output: revokedInvitationSchema,
    hints: replaces,
    permission: "people:manage",
    toolset: "admin",
    handler: async (context, { id }) => {
      await context.stub.people().revokeInvitation(id, callerOf(context));
      return { text: `Invitation ${id} is revoked.`, data: { revoked: id } };
    },
  }),
];

function describeEnded({ revoked, service_tokens: service }: Removed): string {
  const ended = `Ended: ${revoked.tokens} tokens, ${revoked.connections} connections, ${revoked.invitations} open invitations.`;
  return [ended, ...knownTokens(service)].join(" ");
}

function knownTokens(service: readonly string[]): string[] {
  if (service.length === 0) return [];
  return [`Service tokens they created still work, and they may know their text: ${service.join("; ")}.`];
}
