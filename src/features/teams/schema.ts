// A team and its settings: what admins decide, within what the deployment allows. Runs everywhere.
import * as z from "zod";
import { rateLimits } from "../../limits.ts";
import { frameLimits } from "../../workspace-limits.ts";

const perMinute = (what: string) => z.int().min(1).describe(`${what} a minute.`);

/** What a team's admins may set its rates to at most: the operator's RATE_LIMIT_MAX_PER_MINUTE, where it is a whole number above 0. */
export function maxRatePerMinute(env: object): number {
  const set = Number(Reflect.get(env, "RATE_LIMIT_MAX_PER_MINUTE"));
  return Number.isSafeInteger(set) && set > 0 ? set : rateLimits.maxPerMinute;
}

const logArguments = z.boolean().describe("The operator's structured log may show arguments of calls.");
const signInProviders = z
  .array(z.string().min(1).max(40))
  .min(1)
  .max(20)
  .nullable()
  .describe(
    "Only who signed in through one of these gets in with a browser or by OAuth; a link of the operator always does. null: all that the deployment offers.",
  );
const ratePerMinute = {
  person_per_minute: perMinute("Requests of one person"),
  token_per_minute: perMinute("Requests of one token"),
  query_per_minute: perMinute("Runs of jq of one person"),
  write_per_minute: perMinute("Writes of one person"),
};

/** Settings of the workflow around the library: who decides what changes, and when. */
const workflow = {
  members_save_directly: z
    .boolean()
    .describe("Members may save functions and tools without a vote. Admins always may, and the log says so."),
  approval_threshold: z.int().min(1).max(1_000).describe("Weight of approvals that approves a proposal."),
  reject_threshold: z.int().min(1).max(1_000).describe("Weight of rejections that rejects one."),
  approval_quorum: z.int().min(0).max(1_000).describe("People who must have voted before votes settle anything."),
  author_may_vote: z.boolean().describe("Authors may vote on their own proposals."),
  admin_veto: z.boolean().describe("One rejection by an admin or owner rejects at once."),
  auto_approve_timeout: z
    .number()
    .min(0)
    .max(24 * 365)
    .nullable()
    .describe("Hours after which a proposal that nobody has rejected is approved; null: never."),
  proposal_expiry: z
    .number()
    .min(1)
    .max(24 * 365)
    .describe("Hours after which a proposal that nothing has settled expires."),
  enable_learning: z.boolean().describe("Repeated ad hoc queries are noted and become suggestions."),
  suggest_after_people: z.int().min(1).max(1_000).describe("So many people with the same query make a suggestion."),
  suggest_after_runs: z.int().min(2).max(100_000).describe("So many runs of the same query make one, too."),
  nightly_backups: z.boolean().describe("The team is backed up every night."),
  backups_kept: z.int().min(1).max(1_000).describe("Backups kept at most."),
  backup_days: z.int().min(1).max(3_650).describe("Days a backup is kept; the newest one always is."),
  frame_rows: z.int().min(1).max(frameLimits.maxRows).describe("Rows of a data frame at most."),
};
const voteWeight = z.int().min(0).max(100);
const voteWeights = { member: voteWeight, admin: voteWeight, owner: voteWeight };

/** What a team's settings are, with the values of a new team. */
export const teamSettingsSchema = z.object({
  members_save_directly: workflow.members_save_directly.default(false),
  approval_threshold: workflow.approval_threshold.default(2),
  reject_threshold: workflow.reject_threshold.default(2),
  approval_quorum: workflow.approval_quorum.default(0),
  author_may_vote: workflow.author_may_vote.default(false),
  admin_veto: workflow.admin_veto.default(true),
  vote_weights: z
    .object({ member: voteWeight.default(1), admin: voteWeight.default(1), owner: voteWeight.default(1) })
    .prefault({}),
  auto_approve_timeout: workflow.auto_approve_timeout.default(24),
  proposal_expiry: workflow.proposal_expiry.default(14 * 24),
  enable_learning: workflow.enable_learning.default(true),
  suggest_after_people: workflow.suggest_after_people.default(3),
  suggest_after_runs: workflow.suggest_after_runs.default(10),
  nightly_backups: workflow.nightly_backups.default(true),
  backups_kept: workflow.backups_kept.default(30),
  backup_days: workflow.backup_days.default(30),
  frame_rows: workflow.frame_rows.default(frameLimits.rows),
  log_arguments: logArguments.default(false),
  sign_in_providers: signInProviders.default(null),
  rate_limits: z
    .object({
      person_per_minute: ratePerMinute.person_per_minute.default(rateLimits.personPerMinute),
      token_per_minute: ratePerMinute.token_per_minute.default(rateLimits.tokenPerMinute),
      query_per_minute: ratePerMinute.query_per_minute.default(rateLimits.queryPerMinute),
      write_per_minute: ratePerMinute.write_per_minute.default(rateLimits.writePerMinute),
    })
    .prefault({}),
});
export type TeamSettings = z.output<typeof teamSettingsSchema>;

/** A link that the operator made proves as much as a provider does: it is the way back in when a provider is gone. */
const operatorLink = "link";

/** The ways of signing in that the team accepts; null: all. */
export function providersAllowed({ sign_in_providers: allowed }: TeamSettings): string[] | null {
  return allowed === null ? null : [...allowed, operatorLink];
}

/** True when the team lets in who signed in this way. */
export function allowsProvider(settings: TeamSettings, provider: string): boolean {
  return providersAllowed(settings)?.includes(provider) ?? true;
}

export const teamNameSchema = z.string().trim().min(1).max(100);

export const getTeamSchema = z.object({});
export const teamSchema = z.object({
  slug: z.string().describe("Permanent: part of the team's URL."),
  name: z.string(),
  created_at: z.string(),
  settings: teamSettingsSchema,
  counts: z.object({
    people: z.int(),
    owners: z.int(),
    service_accounts: z.int(),
    open_invitations: z.int(),
    datasets: z.int(),
    functions: z.int(),
    tools: z.int(),
  }),
  limits: z.record(z.string(), z.int()).describe("What this team may have at most."),
});
export type Team = z.output<typeof teamSchema>;

export const updateTeamSchema = z.object({
  name: teamNameSchema.optional().describe("The display name. The slug in the URL never changes."),
  settings: z
    .strictObject({
      ...z.object(workflow).partial().shape,
      vote_weights: z.strictObject(voteWeights).partial().optional().describe("What a vote counts, by role."),
      log_arguments: logArguments.optional(),
      sign_in_providers: signInProviders.optional(),
      rate_limits: z.strictObject(ratePerMinute).partial().optional(),
    })
    .optional()
    .describe("Only what is given changes. Fewer sign_in_providers also disconnect every OAuth client."),
});
export type UpdateTeam = z.output<typeof updateTeamSchema>;
export const updatedTeamSchema = z.object({
  outcome: z.enum(["changed", "unchanged"]),
  team: teamSchema,
  disconnected: z.int().describe("OAuth clients that were disconnected by this."),
});
export type UpdatedTeam = z.output<typeof updatedTeamSchema>;

export const deleteTeamSchema = z.object({
  confirm: z.string().max(100).describe("The team's slug, to show that this is the team you mean."),
});
export const deletedTeamSchema = z.object({
  slug: z.string(),
  purge_at: z.string().describe("Until then an owner can restore the team; then all of it is removed."),
});
export const restoredTeamSchema = z.object({ slug: z.string(), restored: z.boolean() });

export const transferSchema = z.object({
  username: z.string().min(1).max(100).describe("The member who becomes owner; you become admin."),
});

/** A team as the deployment's operator sees it. Times are ISO 8601. */
export interface TeamStanding {
  slug: string;
  name: string;
  created_at: string;
  deleted_at: string | null;
  /** When what is deleted goes for good. */
  purge_at: string | null;
  /** When anyone last came. */
  last_active: string | null;
  counts: Team["counts"];
}

/** A deleted team that an owner of it may bring back, and who they are in it. */
export interface RestorableTeam {
  slug: string;
  name: string;
  /** Unix milliseconds. */
  purgeAt: number;
  userId: string;
  username: string;
  /** Providers the team lets people sign in through; null: all. */
  signInProviders: string[] | null;
}
