// People and invitations over REST. Runs at the edge.
import { defineRoute, restList, section, toolRoutes } from "../../route.ts";
import { findMember } from "./calls.ts";
import { invitationSchema, memberSchema, removeMemberSchema, revokeInvitationSchema } from "./schema.ts";
import { peopleTools } from "./tools.ts";

/** What changes of a member by itself. */
const used = ["last_active", "tokens", "connections"];

export const peopleRoutes = section("People", [
  ...toolRoutes(peopleTools, {
    list_members: { method: "GET", path: "/members", volatile: used, ...restList },
    set_role: { method: "PATCH", path: "/members/:username", example: { request: { role: "admin" } } },
    remove_member: { method: "DELETE", path: "/members/:username" },
    leave_team: { method: "POST", path: "/members/leave" },
    transfer_ownership: {
      method: "POST",
      path: "/team/transfer",
      shows: "get_team",
      example: { request: { username: "ada" } },
    },
    invite_member: {
      method: "POST",
      path: "/invitations",
      status: 201,
      unstored: true,
      example: { request: { role: "member" } },
    },
    list_invitations: { method: "GET", path: "/invitations", ...restList },
    revoke_invitation: { method: "DELETE", path: "/invitations/:id", status: 204 },
  }),
  defineRoute({
    operation: "get_member",
    method: "GET",
    path: "/members/:username",
    summary: "Read a member",
    description: "One person or service account of the team.",
    permission: "people:read",
    params: removeMemberSchema,
    answer: memberSchema,
    volatile: used,
    handler: (call, { params }) => findMember(call, params.username),
  }),
  defineRoute({
    operation: "get_invitation",
    method: "GET",
    path: "/invitations/:id",
    summary: "Read an invitation",
    description: "One invitation and what became of it. Its link is not kept.",
    permission: "people:manage",
    params: revokeInvitationSchema,
    answer: invitationSchema,
    handler: (call, { params }) => call.stub.people().invitation(params.id),
  }),
]);
