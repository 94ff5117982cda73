// People and invitations over REST. Mounted at /t/:team/api/v1/members and /invitations. Runs at the edge.
import { Hono } from "hono";
import * as z from "zod";
import type { TeamRoutes } from "../../context.ts";
import { parseWith } from "../../core/parse.ts";
import { listLimits } from "../../limits.ts";
import { jsonBody } from "../../platform/request-body.ts";
import { callerOf, guarded } from "../access/access.ts";
import { inviteMember, leaveTeam, listInvitations, listMembers, removeMember } from "./calls.ts";
import {
  inviteSchema,
  leaveTeamSchema,
  listInvitationsSchema,
  listMembersSchema,
  removeMemberSchema,
  revokeInvitationSchema,
  setRoleSchema,
} from "./schema.ts";

const limit = z.coerce.number().int().min(1).max(listLimits.maxEntries).optional();
const membersQuerySchema = listMembersSchema.extend({ limit }).strict();
const invitationsQuerySchema = listInvitationsSchema.extend({ limit }).strict();
const roleBodySchema = setRoleSchema.pick({ role: true }).strict();

export const memberRoutes = new Hono<TeamRoutes>()
  .get("/", guarded("people:read"), async (c) => {
    const query = parseWith(membersQuerySchema, c.req.query(), "query");
    const { items, ...page } = await listMembers(c.get("call"), query, listLimits.restEntries);
    return c.json({ members: items, ...page });
  })
  .post("/leave", guarded("membership:own"), async (c) => {
    parseWith(leaveTeamSchema.strict(), await jsonBody(c.req.raw), "leave");
    return c.json(await leaveTeam(c.get("call")));
  })
  .patch("/:username", guarded("people:manage"), async (c) => {
    const call = c.get("call");
    const { username } = parseWith(removeMemberSchema, c.req.param(), "member");
    const { role } = parseWith(roleBodySchema, await jsonBody(c.req.raw), "member");
    return c.json(await call.stub.people().setRole({ username, role }, callerOf(call)));
  })
  .delete("/:username", guarded("people:manage"), async (c) => {
    const { username } = parseWith(removeMemberSchema, c.req.param(), "member");
    return c.json(await removeMember(c.get("call"), username));
  });

export const invitationRoutes = new Hono<TeamRoutes>()
  .get("/", guarded("people:manage"), async (c) => {
    const query = parseWith(invitationsQuerySchema, c.req.query(), "query");
    const { items, ...page } = await listInvitations(c.get("call"), query, listLimits.restEntries);
    return c.json({ invitations: items, ...page });
  })
  .post("/", guarded("people:manage"), async (c) => {
    const input = parseWith(inviteSchema.strict(), await jsonBody(c.req.raw), "invitation");
    return c.json(await inviteMember(c.get("call"), input), 201, { "cache-control": "no-store" });
  })
  .delete("/:id", guarded("people:manage"), async (c) => {
    const call = c.get("call");
    const { id } = parseWith(revokeInvitationSchema, c.req.param(), "invitation");
    await call.stub.people().revokeInvitation(id, callerOf(call));
    return c.body(null, 204);
  });
