// What a sign-in page offers: all there is, or what the team a browser is on its way to would accept. Runs at the edge.
import { isAppError } from "../../core/errors.ts";
import { logFailure } from "../../core/log.ts";
import { teamSlugSchema } from "../../core/names.ts";
import { providersAllowed } from "../../features/teams/schema.ts";
import { teamClient } from "../../platform/team-client.ts";
import { providersFor, readProviders, type SignInConfig } from "./providers.ts";

export interface Offer {
  config: SignInConfig;
  /** The team whose ways these are; undefined: the deployment's. */
  team: string | undefined;
  /** Some teams have ways of their own, which are left out here. */
  hasTeamsOwn: boolean;
}

// Per isolate: faults that were logged, so that each page view does not log them again.
const logged = new Set<string>();

/** The ways to sign in on the way to `returnTo`. */
export async function offerFor(env: Env, returnTo: string): Promise<Offer> {
  const config = readProviders(env);
  logFaults(config);
  const team = teamOf(returnTo);
  if (team !== undefined) {
    return { config: providersFor(config, team, await allowedIn(env, team)), team, hasTeamsOwn: false };
  }
  const providers = config.providers.filter(({ teams }) => teams === undefined);
  return { config: { ...config, providers }, team, hasTeamsOwn: providers.length < config.providers.length };
}

/** The team that a path of ours leads to: its own pages, an invitation, or a consent page. */
export function teamOf(path: string): string | undefined {
  const url = new URL(path, "https://local");
  const resource = url.pathname === "/authorize" ? url.searchParams.get("resource") : null;
  const target = resource !== null && URL.canParse(resource) ? new URL(resource).pathname : url.pathname;
  const [, slug] = /^\/(?:t|join)\/([^/]+)/.exec(target) ?? [];
  const named = slug ?? (url.pathname === "/" ? url.searchParams.get("team") : null);
  return teamSlugSchema.safeParse(named).success ? (named ?? undefined) : undefined;
}

function logFaults({ faults }: SignInConfig): void {
  for (const { variable, problem } of faults) {
    const text = `${variable} ${problem}`;
    if (logged.has(text)) continue;
    logged.add(text);
    logFailure("sign_in_misconfigured", { variable, problem });
  }
}

/** The team's own setting; null when it has none or there is no such team, so that both look the same. */
async function allowedIn(env: Env, team: string): Promise<readonly string[] | null> {
  try {
    return providersAllowed((await teamClient(env.TEAM, team).teams().describe()).settings);
  } catch (error) {
    if (!isAppError(error)) throw error;
    return null;
  }
}
