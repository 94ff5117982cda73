// Credentials, people and tokens as requests and answers carry them.
import * as z from "zod";
import { permissions, type Scope, scopes } from "../../core/define-tool.ts";
import { cursorSchema, pageFields } from "../../core/paging.ts";
import { listLimits, peopleLimits, visibilityLimits } from "../../limits.ts";
import { credentialKinds, type Role, roles } from "./access.ts";

/** What a Worker has verified of a request before the team's object decides whom it stands for. */
export type Credential =
  /** A personal or service token, by its SHA-256; `actFor` is what X-User-Id names. */
  | { kind: "token"; hash: string; actFor?: string }
  /** An OAuth access token: the connection its grant points at, the scopes it carries and when it ends. */
  | { kind: "connection"; id: string; scopes: Scope[]; expiresAt: number }
  /** A signed-in browser. */
  | { kind: "session"; id: string; personId: string; provider: string; expiresAt: number };

export const usernameSchema = z
  .string()
  .regex(/^[a-z0-9](?:[a-z0-9._@+-]{0,98}[a-z0-9])?$/i, "use letters, digits and inner . _ @ + -, 100 at most");

const longestBase = 40;
/** What the audit log and versions call those who are not people. */
const reserved: ReadonlySet<string> = new Set(["operator", "system", "leave"]);

/** True for a name that no person may have: the log would mistake them for somebody else. */
export function isReservedUsername(username: string): boolean {
  return reserved.has(username.toLowerCase());
}

/**
 * A username for a new member: the first of the candidates (an address, whose part before the @ counts, or a display name) that leaves
 * something to write, in lower case, with a number when it is taken.
 */
export function usernameFrom(candidates: readonly string[], isTaken: (username: string) => boolean): string {
  const base = candidates.map(baseOf).find((text) => text !== "") ?? "member";
  for (let number = 1; ; number++) {
    const username = number === 1 ? base : `${base}-${number}`;
    if (usernameSchema.safeParse(username).success && !isReservedUsername(username) && !isTaken(username))
      return username;
  }
}

function baseOf(candidate: string): string {
  const local = candidate.includes("@") ? candidate.slice(0, candidate.indexOf("@")) : candidate;
  return local
    .normalize("NFKD")
    .replaceAll(/\p{M}/gu, "")
    .toLowerCase()
    .replaceAll(/[^a-z0-9._-]+/g, "-")
    .slice(0, longestBase)
    .replaceAll(/^[^a-z0-9]+|[^a-z0-9]+$/g, "");
}

const label = z.string().trim().min(1).max(100).default("token").describe("What it is for.");
const narrowedTo = z.array(z.enum(scopes)).min(1).optional();

/** What the operator asks for: a token of anyone, whoever they are. */
export const createTokenSchema = z.object({
  username: usernameSchema
    .refine((name) => !isReservedUsername(name), "choose another name: the log has another use for this one")
    .describe("Whose token it is; the person is added to the team when new."),
  role: z.enum(roles).describe("What the token may do at most; a new person gets this role."),
  label,
  scopes: narrowedTo.describe("What it is narrowed to. Left out: nothing."),
  expires_in_days: z
    .number()
    .positive()
    .max(peopleLimits.maxTokenDays)
    .optional()
    .describe("Left out: it does not expire."),
});

/** Who sees a dataset or tool, as requests and answers carry it: `Visibility` of access.ts. */
export const visibilitySchema = z
  .union(
    [
      z.enum(["everyone", ...roles]),
      z.array(z.string().min(1).max(120)).min(1).max(visibilityLimits.people).readonly(),
    ],
    `expected "everyone", one of ${roles.join(", ")}, or a list of 1 to ${visibilityLimits.people} usernames`,
  )
  .describe('"everyone", a role (it and those above it), or a list of usernames. Owners see everything.');

/** A new token, the only time its text is shown. */
export interface NewToken {
  id: string;
  token: string;
  username: string;
  role: Role;
  expires_at: string | null;
}

/** What a service account is called in lists and logs. */
export const serviceUsername = (name: string): string => `service:${name}`;

/** What a member asks for: a token of their own, or as admin one of a service account. */
export const issueTokenSchema = z.object({
  label,
  role: z.enum(roles).optional().describe("What it may do at most; left out: what you may, or member for a service."),
  scopes: narrowedTo.describe("What it is narrowed to. Left out: what you are narrowed to now."),
  expires_in_days: z
    .number()
    .positive()
    .max(peopleLimits.maxTokenDays)
    .optional()
    .describe("Left out: it lives until it is revoked, or as long as the token that creates it."),
  service: z
    .string()
    .regex(/^[a-z0-9](?:[a-z0-9._-]{0,58}[a-z0-9])?$/, "use lower-case letters, digits and inner . _ -, 60 at most")
    .optional()
    .describe("A name: then it is a token of this service account, owned by the team and not by you. Admins only."),
  may_act_for_others: z
    .boolean()
    .default(false)
    .describe("A service token may then name the member it acts for in the header X-User-Id."),
});
export type IssueToken = z.output<typeof issueTokenSchema>;

export const tokenSchema = z.object({
  id: z.string(),
  username: z.string().describe("Whose it is: a person's, or a service account's."),
  label: z.string(),
  prefix: z.string().describe("How the token's text begins."),
  role: z.enum(roles),
  scopes: z.array(z.enum(scopes)).nullable().describe("What it is narrowed to; null: nothing."),
  may_act_for_others: z.boolean(),
  created_by: z.string().nullable(),
  created_at: z.string(),
  expires_at: z.string().nullable(),
  last_used_at: z.string().nullable(),
});
export type Token = z.output<typeof tokenSchema>;

export const issuedTokenSchema = z.object({
  token: z.string().describe("The token itself, shown this once."),
  details: tokenSchema,
});

export const listTokensSchema = z.object({
  everyone: z
    .boolean()
    .optional()
    .describe("Everyone's and the service accounts', not only your own; needs the role admin."),
  limit: z.int().min(1).max(listLimits.maxEntries).optional().describe(`Default ${listLimits.toolEntries}.`),
  cursor: cursorSchema,
});
export const tokensSchema = z.object({ tokens: z.array(tokenSchema), ...pageFields });

export const tokenIdSchema = z.object({
  id: z.string().min(1).max(100).describe("The token's id, as list_tokens shows it."),
});
export const revokedTokenSchema = z.object({ id: z.string(), revoked: z.literal(true) });

export const whoamiSchema = z.object({});
export const whoamiAnswerSchema = z.object({
  team: z.string(),
  team_name: z.string(),
  username: z.string(),
  role: z.enum(roles),
  scopes: z.array(z.enum(scopes)),
  credential: z.object({
    kind: z.enum(credentialKinds),
    label: z.string(),
    expires_at: z.string().nullable(),
  }),
  through: z.string().nullable().describe("The service account that acts for this user, if one does."),
  permissions: z.record(z.enum(permissions), z.boolean()).describe("What this role and these scopes allow."),
});
export type WhoAmI = z.output<typeof whoamiAnswerSchema>;
