// Which team a command is about and the token it goes in with: from the environment, an option or a profile. Runs under Node.
import { type Config, type Credential, type OAuthCredential, readConfig, readTeamUrl, withConfig } from "./config.ts";
import { CliError } from "./errors.ts";
import { Api, type TokenSource } from "./http.ts";

/** Milliseconds before its end in which a token is renewed: a request under way must not outlive it. */
const renewBeforeMs = 60_000;

export interface Session {
  origin: string;
  team: string;
  /** The team's address. */
  url: string;
  mcpUrl: string;
  /** The profile it comes from; undefined when the environment says all. */
  profile: string | undefined;
  /** What the token is: of the environment or of a profile. */
  source: "environment" | "token" | "oauth";
  tokens: TokenSource;
  api: Api;
}

export interface Asked {
  profile: string | undefined;
  url: string | undefined;
}

/**
 * The team and token that are meant: --url or SUPER_DATA_URL, else the profile of --profile, SUPER_DATA_PROFILE or the current one.
 * SUPER_DATA_TOKEN goes before a profile's own. A profile's token goes to its own team alone. Throws `not_signed_in`.
 */
export async function openSession(env: NodeJS.ProcessEnv, asked: Asked): Promise<Session> {
  const config = await readConfig(env);
  const { url, name } = meant(config, env, asked);
  const target = readTeamUrl(url);
  const token = env.SUPER_DATA_TOKEN?.trim() ?? "";
  const profile = name === undefined ? undefined : config.profiles[name];
  const isFromEnvironment = token !== "";
  if (!isFromEnvironment && profile === undefined) {
    throw new CliError("not_signed_in", `You are not signed in to ${target.url}.`, {
      hint: `Run \`super-data login ${target.url}\`, or set SUPER_DATA_TOKEN.`,
    });
  }
  const credential: Credential =
    isFromEnvironment || profile === undefined ? { kind: "token", token } : profile.credential;
  const tokens = credential.kind === "token" ? fixed(credential.token) : renewable(env, name ?? "", credential);
  return {
    ...target,
    mcpUrl: `${target.url}/mcp`,
    profile: name,
    source: isFromEnvironment ? "environment" : credential.kind,
    tokens,
    api: new Api(target.url, tokens),
  };
}

/** The address that is meant and the profile that goes with it. */
function meant(config: Config, env: NodeJS.ProcessEnv, asked: Asked): { url: string; name: string | undefined } {
  const named = asked.profile ?? (asked.url === undefined ? nonEmpty(env.SUPER_DATA_PROFILE) : undefined);
  const url = asked.url ?? (asked.profile === undefined ? nonEmpty(env.SUPER_DATA_URL) : undefined);
  if (named !== undefined && config.profiles[named] === undefined) throw unknownProfile(config, named);
  if (url !== undefined) {
    const wanted = readTeamUrl(url).url;
    const fits = (name: string | undefined): boolean => name !== undefined && config.profiles[name]?.url === wanted;
    const name = fits(named) ? named : fits(config.current) ? config.current : Object.keys(config.profiles).find(fits);
    return { url: wanted, name };
  }
  const name = named ?? config.current;
  const profile = name === undefined ? undefined : config.profiles[name];
  if (profile !== undefined) return { url: profile.url, name };
  throw new CliError("not_signed_in", "No team is known here yet.", {
    hint: "Run `super-data login https://HOST/t/TEAM`, or set SUPER_DATA_URL and SUPER_DATA_TOKEN.",
  });
}

const nonEmpty = (text: string | undefined): string | undefined =>
  text === undefined || text.trim() === "" ? undefined : text;

export function unknownProfile(config: Config, name: string): CliError {
  const names = Object.keys(config.profiles);
  return new CliError("not_signed_in", `There is no profile "${name}".`, {
    hint: names.length === 0 ? "Run `super-data login` first." : `There are: ${names.join(", ")}.`,
  });
}

const fixed = (token: string): TokenSource => ({ token: async () => token, renew: async () => false });

/** The token of a sign-in by OAuth, renewed when it ends; all runs of the command line share what is in the file. */
function renewable(env: NodeJS.ProcessEnv, name: string, first: OAuthCredential): TokenSource {
  let held = first;
  const renew = (isDue: (credential: OAuthCredential) => boolean): Promise<boolean> =>
    withConfig(env, async (config, save) => {
      const profile = config.profiles[name];
      if (profile?.credential.kind !== "oauth") throw signedOut(name);
      // Another run may have renewed it meanwhile; its old refresh token is then worth nothing.
      if (isDue(profile.credential)) {
        const { refresh } = await import("./oauth.ts");
        profile.credential = await refresh(profile.credential, name);
        await save();
      }
      held = profile.credential;
      return true;
    });
  const isEnding = ({ expires_at }: OAuthCredential): boolean => expires_at - Date.now() < renewBeforeMs;
  return {
    token: async () => {
      if (isEnding(held)) await renew(isEnding);
      return held.access_token;
    },
    renew: (refused) => renew(({ access_token }) => access_token === refused),
  };
}

export function signedOut(name: string): CliError {
  return new CliError("not_signed_in", `The sign-in of the profile "${name}" has ended.`, {
    hint: `Sign in again: \`super-data login --profile ${name}\`.`,
  });
}
