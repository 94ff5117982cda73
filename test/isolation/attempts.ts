// What is tried next: an operation, by whom, at which team's URL, in which of the forms it has. Chosen by the seed. Runs in Node.
import { type Credential, someCredential } from "./credentials.ts";
import { routeOperations, siteOperations, toolOperations } from "./operations.ts";
import type { Expectation, Operations, RouteUse, Situation } from "./plan.ts";
import { protocolOperations, teamToolCall } from "./protocol-operations.ts";
import type { SiteUse } from "./site-operations.ts";
import { type Ask, type Era, mcpAsk, restAsk } from "./wire.ts";
import type { Team, Viewer, World } from "./world.ts";

export interface Attempt {
  step: number;
  operation: string;
  team: Team;
  credential: Credential;
  use: Expectation;
  ask: Ask;
  /** An operation outside of any team's URL. */
  site?: SiteUse;
  /** Somebody's earlier request with an idempotency key, sent again by whoever; `first` made it. */
  again?: { first: Viewer };
  key?: string;
}

/** A request with an idempotency key whose answer holds a secret. */
export interface KeyedRequest {
  operation: string;
  team: string;
  first: Viewer;
  ask: Ask;
}

const toolNames = Object.keys(toolOperations);
const routeNames = Object.keys(routeOperations);
const siteNames = Object.keys(siteOperations);
const teamTool = "a team's tool";
const replay = "a request with someone's idempotency key";
const protocolNames = [...Object.keys(protocolOperations), teamTool];

/** Every operation there is, in the order in which each has its turn before chance decides. */
export const operationNames: readonly string[] = [...toolNames, ...routeNames, ...protocolNames, ...siteNames, replay];

const kinds = [
  { names: toolNames, weight: 10 },
  { names: routeNames, weight: 7 },
  { names: protocolNames, weight: 4 },
  { names: siteNames, weight: 1 },
  { names: [replay], weight: 1 },
];

/** What is tried in this step. */
export function nextAttempt(world: World, step: number, keyed: readonly KeyedRequest[]): Attempt {
  const attempt = chooseAttempt(world, step, keyed);
  const { credential, ask } = attempt;
  const { restOnly, readOnly, ...rest } = credential;
  if (restOnly !== true || attempt.site !== undefined) return attempt;
  const isClosed = ["/mcp", "/metrics"].some((path) => ask.path.startsWith(`/t/${attempt.team.slug}${path}`));
  if (isClosed) {
    const { refusal: _none, ...nobody } = rest;
    return { ...attempt, credential: { ...nobody, viewer: undefined } };
  }
  if (readOnly !== true || ask.method === "GET") return attempt;
  return { ...attempt, credential: { ...rest, viewer: undefined, refusal: "did not come from a page" } };
}

function chooseAttempt(world: World, step: number, keyed: readonly KeyedRequest[]): Attempt {
  const { random } = world;
  const team = random.pick(world.teams);
  if (team === undefined) throw new Error("no teams");
  const credential = someCredential(world, team);
  const situation = { world, team, viewer: credential.viewer };
  const drawn = random.pick(random.weighted(kinds).names) ?? "";
  const base = { step, operation: operationNames[step] ?? drawn, team, credential };
  if (Object.hasOwn(toolOperations, base.operation)) return toolAttempt(situation, base);
  if (Object.hasOwn(routeOperations, base.operation)) return routeAttempt(situation, base);
  if (Object.hasOwn(siteOperations, base.operation)) return siteAttempt(world, base);
  if (base.operation === replay) return replayAttempt(world, base, keyed);
  const isTool = base.operation === teamTool;
  const use = isTool ? teamToolCall(situation) : useOf(protocolOperations, base.operation, situation);
  const era = someEra(world);
  const ask = mcpAsk(era, team.slug, isTool ? "tools/call" : base.operation, use.params, use.url);
  return { ...base, use, ask: withHeaders(ask, credential.headers) };
}

type Base = Pick<Attempt, "step" | "operation" | "team" | "credential">;

const someEra = ({ random }: World): Era => (random.chance(0.5) ? "2025" : "2026");

const withHeaders = (ask: Ask, headers: Record<string, string>): Ask => ({
  ...ask,
  headers: { ...ask.headers, ...headers },
});

function toolAttempt(situation: Situation, base: Base): Attempt {
  const { world, team } = situation;
  const { operation, credential } = base;
  const use = useOf(toolOperations, operation, situation);
  const key = use.writes === true ? someKey(situation) : undefined;
  const args = key === undefined ? use.args : { ...use.args, idempotency_key: key };
  const isWrapped = world.random.chance(0.25) && operation !== "run_tool" && operation !== "find_tools";
  const called = { name: operation, arguments: args };
  const params = isWrapped ? { name: "run_tool", arguments: called } : called;
  const needs = isWrapped ? [...use.needs, "data:read" as const] : use.needs;
  const ask = withHeaders(mcpAsk(someEra(world), team.slug, "tools/call", params), credential.headers);
  return { ...base, use: keyedUse({ ...use, needs }, key), ask, ...(key === undefined ? {} : { key }) };
}

function routeAttempt(situation: Situation, base: Base): Attempt {
  const use = useOf(routeOperations, base.operation, situation);
  const key = use.writes === true ? someKey(situation) : undefined;
  const headers = { ...base.credential.headers, ...(key === undefined ? {} : { "idempotency-key": key }) };
  const ask = withHeaders(routeAsk(situation.team, base.operation, use), headers);
  return { ...base, use: keyedUse(use, key), ask, ...(key === undefined ? {} : { key }) };
}

/** A key of one's own, or one of a few that everybody uses in every team. */
function someKey({ world, team, viewer }: Situation): string | undefined {
  if (!world.random.chance(0.3)) return undefined;
  if (world.random.chance(0.4)) return world.random.pick(["same-1", "same-2", "same-3"]);
  return `key-${world.plantFor(team.slug, "an idempotency key", "owners:manage", viewer?.username)}`;
}

function keyedUse<Use extends Expectation>(use: Use, key: string | undefined): Use {
  if (key?.startsWith("same") !== true) return use;
  const before = ["idempotency_mismatch", "idempotency_lost", "forbidden"];
  return { ...use, before, codes: [...(use.codes ?? []), ...before] };
}

function siteAttempt(world: World, base: Base): Attempt {
  const site = siteOperations[base.operation]?.(world, base.team);
  if (site === undefined) throw new Error(`no operation ${base.operation}`);
  const [method = ""] = base.operation.split(" ");
  const body =
    site.json === undefined ? site.form && new URLSearchParams(site.form).toString() : JSON.stringify(site.json);
  const type = site.json === undefined ? "application/x-www-form-urlencoded" : "application/json";
  const ask: Ask = {
    method: method === "ALL" ? (site.form === undefined ? "GET" : "POST") : method,
    path: site.path,
    headers: { ...(body === undefined ? {} : { "content-type": type }), ...site.headers },
    ...(body === undefined ? {} : { body }),
  };
  return { ...base, use: { needs: [], writes: true }, site, ask: withHeaders(ask, base.credential.headers) };
}

/** Somebody's request with an idempotency key, at this team's URL and with this credential. */
function replayAttempt(world: World, base: Base, keyed: readonly KeyedRequest[]): Attempt {
  const found = world.random.pick(keyed);
  if (found === undefined)
    return {
      ...base,
      use: { needs: [] },
      ask: withHeaders(restAsk(base.team.slug, "GET", "/whoami"), base.credential.headers),
      again: { first: { team: "", username: "", role: "viewer", scopes: [] } },
    };
  const { authorization: _token, "x-user-id": _for, cookie: _cookie, origin: _origin, ...headers } = found.ask.headers;
  const ask = { ...found.ask, headers, path: found.ask.path.replace(`/t/${found.team}/`, `/t/${base.team.slug}/`) };
  return {
    ...base,
    use: { needs: [], writes: true },
    ask: withHeaders(ask, base.credential.headers),
    again: { first: found.first },
  };
}

function useOf<Use>(operations: Operations<Use>, name: string, situation: Situation): Use {
  const operation = operations[name];
  if (operation === undefined) throw new Error(`no operation ${name}`);
  return operation(situation);
}

function routeAsk(team: Team, route: string, use: RouteUse): Ask {
  const [method = "", template = ""] = route.split(" ");
  const path = template
    .replace("/t/:team", `/t/${team.slug}`)
    .replaceAll(/:(\w+)/g, (_, name: string) => encodeURIComponent(use.path?.[name] ?? ""));
  const query = new URLSearchParams(Object.entries(use.query ?? {}).map(([key, value]) => [key, String(value)]));
  const { json, text, type, headers } = use;
  const ask = restAsk(team.slug, method, "", {
    ...(json === undefined || method === "GET" ? {} : { json }),
    ...(text === undefined ? {} : { text }),
    ...(type === undefined ? {} : { type }),
    ...(headers === undefined ? {} : { headers }),
  });
  return { ...ask, path: query.size === 0 ? path : `${path}?${query}` };
}
