// `login`: a sign-in by OAuth in the browser, or a token, kept as a profile. Runs under Node.
import type { Command, Context, Input } from "../core/command.ts";
import { type Credential, changeConfig, isLoopback, readConfig, readTeamUrl } from "../core/config.ts";
import { CliError, exitCodes, usageError } from "../core/errors.ts";
import { Api } from "../core/http.ts";
import { openBrowser } from "../core/open-browser.ts";
import { readSecret } from "../core/prompt.ts";
import { unknownProfile } from "../core/session.ts";
import type { WhoAmI } from "../core/wire.ts";

const allScopes = ["data:read", "data:write", "library:write", "admin"] as const;
const usualScopes = ["data:read", "data:write", "library:write"] as const;
const longestWaitSeconds = 3_600;

export const login: Command = {
  usage: "[URL]",
  words: [0, 1],
  about: `Opens the browser, where you choose what the command line may do (OAuth 2.1 with PKCE; nothing but the redirect comes back, to 127.0.0.1).
The sign-in is renewed by itself until it was not used for 30 days or is revoked. URL is the team's address; left out, it is
--url, SUPER_DATA_URL, or the one of the profile, which is then signed in to again.`,
  options: {
    token: { type: "text", value: "TOKEN", help: "Store this token instead; - reads it from standard input, unseen." },
    scope: {
      type: "text",
      multiple: true,
      value: "SCOPES",
      help: `What to ask for, comma separated; default ${usualScopes.join(",")}. admin takes in backups, tokens and the audit log.`,
    },
    "no-browser": { type: "flag", help: "Print the address to open, and open nothing." },
    timeout: { type: "text", value: "SECONDS", help: "How long to wait for the browser; default 300." },
  },
  examples: [
    "super-data login https://super-data.example.com/t/demo",
    "super-data login https://super-data.example.com/t/demo --scope data:read,admin --profile demo-admin",
    "super-data login https://super-data.example.com/t/demo --token - < token.txt",
    "super-data login --profile demo",
  ],
  run: async (context, input) => {
    const { url, name } = await meant(context, input);
    if (new URL(url).protocol === "http:" && !isLoopback(url)) {
      throw usageError(
        `${url} is plain http: the token would travel readable.`,
        "Use the https address of the server.",
      );
    }
    const credential = await credentialFor(context, input, url);
    const known = await whoIs(url, credential);
    const profile = name ?? (await newName(context, url, known.team));
    await store(context, profile, { url, username: known.username, credential });
    const { username, role, team, scopes } = known;
    const shown = { profile, url, username, role, team, scopes, signed_in_by: credential.kind };
    await context.output.result(
      shown,
      `Signed in to ${url} as ${username} (${role}); may use ${scopes.join(" ")}.\nProfile: ${profile}`,
    );
    return exitCodes.ok;
  },
};

/** The address, and the profile's name where one is given. */
async function meant({ env, asked }: Context, input: Input): Promise<{ url: string; name: string | undefined }> {
  const config = await readConfig(env);
  const name = asked.profile;
  const [word] = input.words;
  const fromEnvironment = name === undefined ? env.SUPER_DATA_URL : undefined;
  const current = name ?? config.current;
  const kept = current === undefined ? undefined : config.profiles[current];
  const given = word ?? asked.url ?? (fromEnvironment === "" ? undefined : fromEnvironment);
  if (given !== undefined) return { url: readTeamUrl(given).url, name };
  if (kept !== undefined) return { url: kept.url, name: current };
  if (name !== undefined) throw unknownProfile(config, name);
  throw usageError("Which team? Its address is missing.", "super-data login https://HOST/t/TEAM");
}

async function credentialFor(context: Context, input: Input, url: string): Promise<Credential> {
  const given = input.text("token");
  if (given === undefined) return byBrowser(context, input, url);
  const token = given === "-" ? await readSecret("Token: ") : given;
  if (/^\S+$/.test(token)) return { kind: "token", token };
  throw usageError("There is no token in what was given.", "It is one word and begins with sdp_ or sds_.");
}

async function byBrowser({ env, output }: Context, input: Input, url: string): Promise<Credential> {
  const { signIn } = await import("../core/oauth.ts");
  const open = async (address: string): Promise<void> => {
    const isOpen = !input.flag("no-browser") && (await openBrowser(address, env));
    output.say(
      isOpen
        ? `Your browser was opened. If it shows nothing, open:\n${address}`
        : `Open this address to sign in:\n${address}`,
    );
  };
  return signIn({ mcpUrl: `${url}/mcp`, scopes: scopesOf(input), open, timeoutMs: secondsOf(input) * 1000 });
}

function scopesOf(input: Input): readonly string[] {
  const asked = input
    .list("scope")
    .flatMap((text) => text.split(/[\s,]+/))
    .filter((scope) => scope !== "");
  const unknown = asked.find((scope) => !(allScopes as readonly string[]).includes(scope));
  if (unknown !== undefined) throw usageError(`There is no scope "${unknown}".`, `There are ${allScopes.join(", ")}.`);
  return asked.length === 0 ? usualScopes : [...new Set(["data:read", ...asked])];
}

function secondsOf(input: Input): number {
  const seconds = Number(input.text("timeout") ?? 300);
  if (seconds > 0 && seconds <= longestWaitSeconds) return seconds;
  throw usageError(`--timeout takes seconds from 1 to ${longestWaitSeconds}.`);
}

/** A token is not kept unless the team takes it. */
async function whoIs(url: string, credential: Credential): Promise<WhoAmI> {
  const token = credential.kind === "token" ? credential.token : credential.access_token;
  const api = new Api(url, { token: async () => token, renew: async () => false });
  try {
    return await api.json<WhoAmI>("/whoami");
  } catch (error) {
    if (!(error instanceof CliError) || error.code !== "unauthorized") throw error;
    throw new CliError("unauthorized", `${url} does not accept this token, so it was not stored.`, {
      hint: "Check that it is whole, not revoked or expired, and of this team.",
      requestId: error.requestId,
      status: error.status,
    });
  }
}

/** The team's name; with the host when another server has a team of that name. */
async function newName({ env }: Context, url: string, team: string): Promise<string> {
  const { profiles } = await readConfig(env);
  const same = Object.keys(profiles).find((name) => profiles[name]?.url === url);
  if (same !== undefined) return same;
  return profiles[team] === undefined ? team : `${team}@${new URL(url).host}`;
}

async function store(
  { env }: Context,
  name: string,
  profile: { url: string; username: string; credential: Credential },
): Promise<void> {
  let before: Credential | undefined;
  await changeConfig(env, (config) => {
    before = config.profiles[name]?.credential;
    config.profiles[name] = profile;
    config.current = name;
  });
  // The sign-in that this one replaces is not left open.
  if (before?.kind === "oauth") await (await import("../core/oauth.ts")).revoke(before);
}
