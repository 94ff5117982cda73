// A team and its settings: what admins decide, within what the deployment allows. Runs everywhere.
import { z } from "zod";
import { rateLimits } from "../../limits.ts";

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

/** What a team's settings are, with the values of a new team. */
export const teamSettingsSchema = z.object({
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
