// Sessions and OAuth connections of a run, made as a browser and an app make them, without either: links that sign in, forms, redirects. Runs in Node.
import { createHash } from "node:crypto";
import { type Deployment, operator } from "./setup.ts";
import { at, textAt } from "./wire.ts";
import { has, type Key, type Scope, scopes, type Team, type World } from "./world.ts";

const redirectUri = "http://127.0.0.1:1/callback";
const verifier = "a".repeat(64);

/** In every team ada, the same person everywhere, and cy, another in each, sign in; each connects an app to one of their teams. */
export async function makeLogins(world: World, reached: Deployment): Promise<void> {
  // On this machine people consent at the name, not at the number.
  const deployment = { ...reached, origin: reached.origin.replace("127.0.0.1", "localhost") };
  const clientId = await register(deployment);
  let shared: string | undefined;
  for (const team of world.teams) {
    shared = await join(deployment, team, "ada", "Ada", shared);
    addSession(world, team, "ada", shared);
    const name = world.canaries.plant(team.slug, "the name of cy", (viewer) => viewer.team === team.slug);
    const own = await join(deployment, team, "cy", `Cy ${name}`, undefined);
    addSession(world, team, "cy", own);
    await connect(world, deployment, { team, username: "ada", cookie: shared, clientId, wanted: scopes });
    await connect(world, deployment, { team, username: "cy", cookie: own, clientId, wanted: ["data:read"] });
  }
}

/** Opens an invitation that signs in, or with a session one that only joins. The session's cookie. */
async function join(
  deployment: Deployment,
  { slug }: Team,
  username: string,
  displayName: string,
  cookie: string | undefined,
): Promise<string> {
  const invitation = await operator(deployment, "POST", `/teams/${slug}/invitations`, { username, sign_in: true });
  const url = new URL(textAt(invitation.json, "url") ?? "");
  const form = new URLSearchParams({ display_name: displayName });
  const answer = await post(deployment, url.pathname, form, cookie === undefined ? {} : { cookie });
  const made = cookieOf(answer, "__Host-session") ?? cookie;
  if (answer.status !== 303 || made === undefined)
    throw new Error(`${username} could not join ${slug}: ${answer.status} ${await answer.text()}`);
  return made;
}

function addSession(world: World, team: Team, username: string, cookie: string): void {
  const person = team.people.find((one) => one.username === username);
  if (person === undefined) throw new Error(`no ${username}`);
  const secret = cookie.split(".").at(-1) ?? cookie;
  world.canaries.noteSecret(secret, team.slug, `a session of ${username}`);
  const key: Key = {
    ...{ name: `${username}'s session`, kind: "session", person, role: "owner", scopes, id: "", dead: false },
    token: cookie,
    mayActForOthers: false,
  };
  team.keys.push(key);
}

interface Connecting {
  team: Team;
  username: string;
  cookie: string;
  clientId: string;
  wanted: readonly Scope[];
}

/** The whole of OAuth for one app: asks, allows on the page, trades the code for a token. */
async function connect(world: World, deployment: Deployment, asked: Connecting): Promise<void> {
  const { team, username, cookie, clientId, wanted } = asked;
  const { origin } = deployment;
  const query = new URLSearchParams({
    ...{ response_type: "code", client_id: clientId, redirect_uri: redirectUri, scope: wanted.join(" "), state: "s" },
    // Where the token will be used.
    resource: `${world.origin}/t/${team.slug}/mcp`,
    code_challenge: createHash("sha256").update(verifier).digest("base64url"),
    code_challenge_method: "S256",
  });
  const page = await fetch(`${origin}/authorize?${query}`, { headers: { cookie }, redirect: "manual" });
  const html = await page.text();
  const field = (name: string): string => new RegExp(`name="${name}" value="([^"]*)"`).exec(html)?.[1] ?? "";
  const form = new URLSearchParams({ handle: field("handle"), csrf: field("csrf"), decision: "allow" });
  for (const scope of wanted) form.append("scope", scope);
  const others = page.headers.getSetCookie().map((line) => line.split(";")[0] ?? "");
  const allowed = await post(deployment, "/authorize", form, { cookie: [cookie, ...others].join("; ") });
  const location = allowed.headers.get("location") ?? "";
  const code = URL.canParse(location) ? new URL(location).searchParams.get("code") : null;
  if (code === null)
    throw new Error(
      `${username} could not connect to ${team.slug}: ${page.status} ${page.headers.get("location")} ${allowed.status} ${location} ${html.slice(0, 500)}`,
    );
  const trade = new URLSearchParams({
    grant_type: "authorization_code",
    code,
    client_id: clientId,
    redirect_uri: redirectUri,
    code_verifier: verifier,
  });
  const answer = (await (await post(deployment, "/token", trade, {})).json()) as unknown;
  const token = textAt(answer, "access_token");
  if (token === undefined) throw new Error(`no access token: ${JSON.stringify(answer)}`);
  const person = team.people.find((one) => one.username === username);
  if (person === undefined) throw new Error(`no ${username}`);
  const granted = (textAt(answer, "scope") ?? wanted.join(" ")).split(" ");
  const id = await connectionId(deployment, team, token);
  world.canaries.noteSecret(token, team.slug, `an access token of ${username}`);
  world.canaries.note(
    id,
    team.slug,
    `the id of a connection of ${username}`,
    (viewer) => has(viewer, team.slug, "tokens:manage") || (viewer.team === team.slug && viewer.username === username),
  );
  team.keys.push({
    ...{
      name: `${username}'s app`,
      kind: "connection" as const,
      person,
      role: "owner" as const,
      id,
      token,
      mayActForOthers: false,
      dead: false,
    },
    scopes: scopes.filter((scope) => granted.includes(scope)),
  });
}

/** The newest connection there is; the operator's own view has none, so the team's root is asked. */
async function connectionId(deployment: Deployment, team: Team, token: string): Promise<string> {
  const headers = { authorization: `Bearer ${team.root.token}` };
  const answer = await fetch(`${deployment.origin}/t/${team.slug}/api/v1/connections?everyone=true`, { headers });
  const listed = at(await answer.json(), "connections");
  const known = new Set(team.keys.map(({ id }) => id));
  const found = (Array.isArray(listed) ? listed : [])
    .map((one) => textAt(one, "id"))
    .find((id) => id !== undefined && !known.has(id));
  if (found === undefined) throw new Error(`no connection for ${token.slice(0, 20)}… in ${team.slug}`);
  return found;
}

async function register({ origin }: Deployment): Promise<string> {
  const answer = await fetch(`${origin}/register`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ client_name: "Proof", redirect_uris: [redirectUri], token_endpoint_auth_method: "none" }),
  });
  const id = textAt(await answer.json(), "client_id");
  if (id === undefined) throw new Error(`no client: ${answer.status}`);
  return id;
}

function post(
  { origin }: Deployment,
  path: string,
  form: URLSearchParams,
  headers: Record<string, string>,
): Promise<Response> {
  return fetch(origin + path, { method: "POST", body: form, redirect: "manual", headers: { origin, ...headers } });
}

function cookieOf(answer: Response, name: string): string | undefined {
  return answer.headers
    .getSetCookie()
    .map((line) => line.split(";")[0] ?? "")
    .find((pair) => pair.startsWith(`${name}=`));
}
