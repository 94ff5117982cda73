// Which ways to sign in this deployment offers: read from its variables, with what is wrong about them. Runs at the edge.
import { teamSlugSchema } from "../../core/names.ts";
import { builtInProviders } from "../../features/sign-in/sign-in.ts";

/** An identity provider, as configured. */
export interface Provider {
  /** What teams' settings and sessions call it: `google`, `github`, or the NAME of OIDC_<NAME>_ISSUER in lower case. */
  id: string;
  kind: "oidc" | "github";
  label: string;
  /** OIDC: the issuer. GitHub: the site, https://github.com or a GitHub Enterprise Server. */
  issuer: string;
  clientId: string;
  clientSecret: string;
  /** Domains of verified addresses that may sign in; empty for every account of the provider. */
  domains: readonly string[];
  /** Teams it is for; undefined: all. */
  teams: readonly string[] | undefined;
}

/** A variable that is missing or wrong, in words for the operator. */
export interface ConfigFault {
  variable: string;
  problem: string;
}

export interface SignInConfig {
  providers: readonly Provider[];
  passkeys: boolean;
  faults: readonly ConfigFault[];
}

const oidcVariable = /^OIDC_([A-Z0-9]+(?:_[A-Z0-9]+)*?)_(ISSUER|CLIENT_ID|CLIENT_SECRET|LABEL|DOMAINS|TEAMS)$/;
const loopback = new Set(["localhost", "127.0.0.1", "[::1]"]);

/** Reads the deployment's variables. A provider with a fault is left out, so that one mistake does not change what the others allow. */
export function readProviders(env: object): SignInConfig {
  const faults: ConfigFault[] = [];
  const read = (name: string): string => {
    const value: unknown = Reflect.get(env, name);
    return typeof value === "string" ? value.trim() : "";
  };
  const common = readDomains(read("ALLOWED_EMAIL_DOMAINS"), "ALLOWED_EMAIL_DOMAINS", faults);
  const names = new Set(Object.keys(env).flatMap((key) => oidcVariable.exec(key)?.[1] ?? []));
  const providers = [
    ...[...names].sort().map((name) => readOidc(name, read, common, faults)),
    readKnown("google", "Google", "https://accounts.google.com", read, common, faults),
    readGitHub(read, common, faults),
  ].filter((provider) => provider !== undefined);
  const wanted = read("PASSKEYS").toLowerCase();
  if (!["", "on", "off"].includes(wanted)) faults.push({ variable: "PASSKEYS", problem: "is neither on nor off" });
  const passkeys = wanted === "on" || (wanted === "" && providers.length === 0 && faults.length === 0);
  return { providers, passkeys, faults };
}

/**
 * The ways to sign in that a team would accept: its own setting's (null for all), and of those only the ones that were configured for this very
 * team, where there are such.
 */
export function providersFor(config: SignInConfig, team: string, allowed: readonly string[] | null): SignInConfig {
  const accepts = (id: string) => allowed === null || allowed.includes(id);
  const open = config.providers.filter(({ id, teams }) => accepts(id) && (teams === undefined || teams.includes(team)));
  const own = open.filter(({ teams }) => teams !== undefined);
  return {
    providers: own.length > 0 ? own : open,
    passkeys: config.passkeys && accepts("passkey") && own.length === 0,
    faults: config.faults,
  };
}

/** What a team's setting sign_in_providers may name: every way that serves the team. */
export function waysOffered(env: object, team: string): string[] {
  const { providers } = readProviders(env);
  return ["passkey", ...providers.map(({ id }) => id)].filter((way) => providerServes(env, way, team));
}

/** True when a session of this provider may be used in the team, as far as the deployment says; the team's own setting is another matter. */
export function providerServes(env: object, provider: string, team: string): boolean {
  if (provider === "link") return true;
  const { providers, passkeys } = readProviders(env);
  if (provider === "passkey") return passkeys;
  const found = providers.find(({ id }) => id === provider);
  return found !== undefined && (found.teams === undefined || found.teams.includes(team));
}

/**
 * True for a way of signing in that vouches for someone everywhere: not one that is for some teams alone, whose operator could sign in as whoever
 * is in them, nor one that was taken out of the configuration.
 */
export function isForEveryone({ providers }: SignInConfig, provider: string): boolean {
  if (builtInProviders.some((id) => id === provider)) return true;
  const found = providers.find(({ id }) => id === provider);
  return found !== undefined && found.teams === undefined;
}

/** What a way of signing in is called, for people. */
export function providerLabel(config: SignInConfig, id: string): string {
  if (id === "passkey") return "Passkey";
  if (id === "link") return "One-time link";
  return config.providers.find((provider) => provider.id === id)?.label ?? id;
}

type Read = (name: string) => string;

function readOidc(name: string, read: Read, common: string[], faults: ConfigFault[]): Provider | undefined {
  const prefix = `OIDC_${name}_`;
  const id = name.toLowerCase().replaceAll("_", "-");
  const before = faults.length;
  if ([...builtInProviders, "github", "google", "callback"].some((taken) => taken === id)) {
    faults.push({ variable: `${prefix}ISSUER`, problem: `uses the name ${name}, which is taken; choose another` });
  }
  const issuer = read(`${prefix}ISSUER`);
  requireAll([`${prefix}ISSUER`, `${prefix}CLIENT_ID`, `${prefix}CLIENT_SECRET`], read, faults);
  if (issuer !== "") checkUrl(issuer, `${prefix}ISSUER`, faults);
  const own = readDomains(read(`${prefix}DOMAINS`), `${prefix}DOMAINS`, faults);
  const teams = list(read(`${prefix}TEAMS`));
  for (const team of teams.filter((slug) => !teamSlugSchema.safeParse(slug).success)) {
    faults.push({ variable: `${prefix}TEAMS`, problem: `has ${JSON.stringify(team)}, which is not a team's slug` });
  }
  if (faults.length > before) return undefined;
  return {
    id,
    kind: "oidc",
    label: read(`${prefix}LABEL`) || name.replaceAll("_", " "),
    issuer,
    clientId: read(`${prefix}CLIENT_ID`),
    clientSecret: read(`${prefix}CLIENT_SECRET`),
    domains: own.length > 0 ? own : common,
    teams: teams.length > 0 ? teams : undefined,
  };
}

function readGitHub(read: Read, common: string[], faults: ConfigFault[]): Provider | undefined {
  const site = read("GITHUB_URL");
  const before = faults.length;
  if (site !== "") checkUrl(site, "GITHUB_URL", faults);
  const provider = readKnown("github", "GitHub", site.replace(/\/$/, "") || "https://github.com", read, common, faults);
  return faults.length > before ? undefined : provider;
}

function readKnown(
  id: "github" | "google",
  label: string,
  issuer: string,
  read: Read,
  common: string[],
  faults: ConfigFault[],
): Provider | undefined {
  const variables = [`${id.toUpperCase()}_CLIENT_ID`, `${id.toUpperCase()}_CLIENT_SECRET`];
  const [clientId = "", clientSecret = ""] = variables.map(read);
  if (clientId === "" && clientSecret === "") return undefined;
  const before = faults.length;
  requireAll(variables, read, faults);
  if (faults.length > before) return undefined;
  const kind = id === "github" ? "github" : "oidc";
  return { id, kind, label, issuer, clientId, clientSecret, domains: common, teams: undefined };
}

function requireAll(variables: readonly string[], read: Read, faults: ConfigFault[]): void {
  const present = variables.filter((name) => read(name) !== "");
  for (const variable of variables.filter((name) => read(name) === "")) {
    const rest =
      present.length === 0 ? "others of its kind are" : `${present.join(" and ")} ${present.length > 1 ? "are" : "is"}`;
    faults.push({ variable, problem: `is not set, but ${rest}` });
  }
}

function checkUrl(text: string, variable: string, faults: ConfigFault[]): void {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || url.search !== "" || url.hash !== "" || !/^https?:$/.test(url.protocol)) {
    faults.push({ variable, problem: "is not an https URL without query and fragment" });
  } else if (url.protocol === "http:" && !isLoopback(url)) {
    faults.push({ variable, problem: "is http; only a provider on this machine (localhost, 127.0.0.1) may be" });
  }
}

/** True for a URL on this very machine, where http is safe. */
export function isLoopback(url: URL): boolean {
  return loopback.has(url.hostname);
}

function readDomains(text: string, variable: string, faults: ConfigFault[]): string[] {
  const domains = list(text).map((domain) => domain.toLowerCase().replace(/^@/, ""));
  for (const domain of domains.filter((name) => !/^[a-z0-9-]+(\.[a-z0-9-]+)+$/.test(name))) {
    faults.push({ variable, problem: `has ${JSON.stringify(domain)}, which is not a domain` });
  }
  return domains;
}

function list(text: string): string[] {
  return text
    .split(/[\s,]+/)
    .map((entry) => entry.trim())
    .filter((entry) => entry !== "");
}
