// People and invitations as requests and answers carry them: fields described once, used by MCP and REST alike.
import * as z from "zod";
import { cursorSchema, pageFields } from "../../core/paging.ts";
import { listLimits, peopleLimits } from "../../limits.ts";
import { type Role, roles } from "../access/access.ts";

const usernameField = z.string().min(1).max(100);

/** The part of a list that is asked for, over MCP. */
const page = {
  limit: z.int().min(1).max(listLimits.maxEntries).optional().describe(`Default ${listLimits.toolEntries}.`),
  cursor: cursorSchema,
};

export const memberSchema = z.object({
  username: z.string(),
  kind: z.enum(["person", "service"]).describe("service: a service account, which only has tokens."),
  display_name: z.string().nullable(),
  email: z.string().nullable().describe("Shown to admins and to the person alone."),
  role: z.enum(roles),
  joined_at: z.string(),
  last_active: z.string().nullable(),
  login: z.boolean().describe("Signs in with a browser, so also by OAuth."),
  tokens: z.int().describe("Live tokens."),
  connections: z.int().describe("Connected OAuth clients."),
});
export type Member = z.infer<typeof memberSchema>;

export const listMembersSchema = z.object({ role: z.enum(roles).optional().describe("Only of this role."), ...page });
export const membersSchema = z.object({ members: z.array(memberSchema), ...pageFields });

export const setRoleSchema = z.object({
  username: usernameField.describe("Whose role it is."),
  role: z.enum(roles).describe("The new role. Only owners make or unmake owners."),
});
const knownServiceTokens = z
  .array(z.string())
  .describe("Live service tokens that this person created and may still know the text of.");

export const setRoleOutcomeSchema = z.object({
  outcome: z.enum(["changed", "unchanged"]),
  member: memberSchema,
  service_tokens: knownServiceTokens,
});
export type RoleOutcome = z.infer<typeof setRoleOutcomeSchema>;

export const removeMemberSchema = z.object({
  username: usernameField.describe("Who is removed: a person, or a service account as list_members shows it."),
});
export const removedSchema = z.object({
  username: z.string(),
  revoked: z.object({ tokens: z.int(), connections: z.int(), invitations: z.int() }),
  service_tokens: knownServiceTokens,
});
export type Removed = z.infer<typeof removedSchema>;

export const leaveTeamSchema = z.object({});
export const transferredSchema = z.object({ owner: z.string(), you: z.enum(roles) });

export const invitationStates = ["open", "accepted", "revoked", "expired"] as const;
export const invitationSchema = z.object({
  id: z.string(),
  role: z.enum(roles),
  email: z.string().nullable().describe("Only whoever signs in with this verified address may accept."),
  username: z.string().nullable().describe("The existing member that whoever accepts signs in as."),
  state: z.enum(invitationStates),
  created_by: z.string(),
  created_at: z.string(),
  expires_at: z.string(),
  accepted_by: z.string().nullable(),
});
export type Invitation = z.infer<typeof invitationSchema>;

export const inviteSchema = z.object({
  role: z.enum(roles).optional().describe("What they join as; member when left out. Only owners invite owners."),
  email: z
    .email()
    .max(254)
    .optional()
    .describe(
      "Then only a person who signs in with this verified address may accept. Nothing is mailed: send the link.",
    ),
  expires_in_days: z
    .number()
    .positive()
    .max(peopleLimits.maxInvitationDays)
    .default(peopleLimits.invitationDays)
    .describe(`Default ${peopleLimits.invitationDays}, at most ${peopleLimits.maxInvitationDays}.`),
  username: usernameField
    .optional()
    .describe("A member known by tokens alone, who gets a login by this link. Their role stays; leave role out."),
});
export type Invite = z.output<typeof inviteSchema>;

export const invitedSchema = z.object({
  invitation: invitationSchema,
  url: z.string().describe("Shown this once. Whoever opens it joins."),
});

export const listInvitationsSchema = z.object({
  state: z
    .enum(invitationStates)
    .optional()
    .describe("Left out: every state; those that ended fall out after a while."),
  ...page,
});
export const invitationsSchema = z.object({ invitations: z.array(invitationSchema), ...pageFields });

export const revokeInvitationSchema = z.object({ id: z.string().min(1).max(100) });
export const revokedInvitationSchema = z.object({ revoked: z.string() });

/** What a sign-in or consent page must know of a member. */
export interface Membership {
  userId: string;
  username: string;
  role: Role;
  /** Providers the team lets people sign in through; null: all. */
  signInProviders: string[] | null;
}

/** An open invitation, as the page that accepts it shows it. */
export interface InvitationView {
  team: string;
  teamName: string;
  role: Role;
  /** Recognisable to whom it is for, e.g. `a…@example.org`; null: whoever has the link. */
  emailHint: string | null;
  /** The existing member it gives a login to. */
  username: string | null;
  invitedBy: string;
  /** Unix milliseconds. */
  expiresAt: number;
  /** Opening the link is proof enough to sign in once. */
  signsIn: boolean;
  signInProviders: string[] | null;
}

/** Who joined; `again`: this person had accepted this invitation before. */
export interface Accepted {
  userId: string;
  username: string;
  role: Role;
  again: boolean;
}
