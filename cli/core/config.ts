// The file of profiles: which teams this machine knows and how it signs in to each. Only its owner may read it. Runs under Node.
import { homedir } from "node:os";
import { join } from "node:path";
import { CliError, usageError } from "./errors.ts";
import { readText, withLock, writeWhole } from "./files.ts";
import { isRecord, parseJson } from "./json.ts";

export interface TokenCredential {
  kind: "token";
  token: string;
}

/** A sign-in by OAuth. Times are Unix milliseconds. */
export interface OAuthCredential {
  kind: "oauth";
  issuer: string;
  token_endpoint: string;
  revocation_endpoint?: string;
  client_id: string;
  resource: string;
  scope: string;
  access_token: string;
  refresh_token?: string;
  expires_at: number;
}

export type Credential = TokenCredential | OAuthCredential;

export interface Profile {
  /** The team's address: `https://host/t/team`. */
  url: string;
  username?: string;
  credential: Credential;
}

export interface Config {
  version: 1;
  current?: string;
  profiles: Record<string, Profile>;
}

const ownerOnly = 0o600;

/** The directory of the command line's own files. */
export function configDirectory(env: NodeJS.ProcessEnv): string {
  const set = env.XDG_CONFIG_HOME;
  if (set !== undefined && set !== "") return join(set, "super-data");
  if (process.platform === "win32" && env.APPDATA !== undefined) return join(env.APPDATA, "super-data");
  return join(homedir(), ".config", "super-data");
}

export const configPath = (env: NodeJS.ProcessEnv): string => join(configDirectory(env), "config.json");

/** The profiles of this machine; none when there is no file yet. Throws `config_invalid` for a file that is none of ours. */
export async function readConfig(env: NodeJS.ProcessEnv): Promise<Config> {
  const path = configPath(env);
  const text = await readText(path);
  if (text === undefined) return { version: 1, profiles: {} };
  const value = parseJson(text);
  if (isRecord(value) && value.version === 1 && isRecord(value.profiles)) return value as unknown as Config;
  throw new CliError("config_invalid", `${path} is not a file of super-data's, or one of a newer version.`, {
    hint: "Update super-data, or move the file away and sign in again with `super-data login`.",
  });
}

/** Changes the file; what other runs write at the same time is not lost. */
export async function changeConfig(env: NodeJS.ProcessEnv, change: (config: Config) => void): Promise<void> {
  await withConfig(env, async (config, save) => {
    change(config);
    await save();
  });
}

/** Gives `work` the file as it is and a way to save it, while no other run of the command line changes it. */
export function withConfig<T>(
  env: NodeJS.ProcessEnv,
  work: (config: Config, save: () => Promise<void>) => Promise<T>,
): Promise<T> {
  const path = configPath(env);
  return withLock(`${path}.lock`, async () => {
    const config = await readConfig(env);
    return work(config, () => writeWhole(path, `${JSON.stringify(config, null, 2)}\n`, ownerOnly));
  });
}

/** A team's address, however it was given: with or without https://, with or without what follows the team. */
export function readTeamUrl(given: string): { origin: string; team: string; url: string } {
  const text = /^[a-z][a-z0-9+.-]*:\/\//i.test(given) ? given : `https://${given}`;
  const parsed = URL.canParse(text) ? new URL(text) : undefined;
  const team = parsed === undefined ? undefined : /^\/t\/([a-z0-9-]+)(?:\/|$)/.exec(parsed.pathname)?.[1];
  const isWeb = parsed?.protocol === "https:" || parsed?.protocol === "http:";
  if (parsed === undefined || team === undefined || !isWeb) {
    throw usageError(`"${given}" is not a team's address.`, "It looks like https://super-data.example.com/t/TEAM.");
  }
  return { origin: parsed.origin, team, url: `${parsed.origin}/t/${team}` };
}

/** True for this very machine, where plain http is safe. */
export const isLoopback = (url: string): boolean =>
  /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(new URL(url).hostname);
