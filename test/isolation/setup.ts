// The teams of a run, as they are before the first operation: the same names in each, other secrets. Runs in Node.
import { secretRows } from "./data-operations.ts";
import { secretFunction, secretTool } from "./library-operations.ts";
import { type Answer, type Ask, at, mcpAsk, restAsk, send, textAt } from "./wire.ts";
import { secretCsv, secretRecords } from "./workspace-operations.ts";
import {
  has,
  type Key,
  type Person,
  type Role,
  type Scope,
  scopes,
  type Team,
  type Thing,
  type Viewer,
  type Visibility,
  type World,
} from "./world.ts";

export interface Deployment {
  origin: string;
  operatorToken: string;
}

interface KeySpec {
  name: string;
  username: string;
  role?: Role;
  scopes?: readonly Scope[];
  /** How long it lives. */
  seconds?: number;
}

const people: readonly { username: string; role: Role }[] = [
  { username: "root", role: "owner" },
  { username: "ada", role: "owner" },
  { username: "bo", role: "admin" },
  { username: "cy", role: "member" },
  { username: "di", role: "member" },
  { username: "ev", role: "viewer" },
  { username: "gus", role: "viewer" },
];

const keys: readonly KeySpec[] = [
  ...people.map(({ username }) => ({ name: `${username}'s`, username })),
  { name: "ada's, to read", username: "ada", scopes: ["data:read"] },
  { name: "ada's, as viewer", username: "ada", role: "viewer" },
  { name: "bo's, without admin", username: "bo", scopes: ["data:read", "data:write", "library:write"] },
  { name: "bo's, admin alone", username: "bo", scopes: ["admin"] },
  { name: "cy's, library alone", username: "cy", scopes: ["library:write"] },
  { name: "cy's, to read data", username: "cy", scopes: ["data:read", "data:write"] },
  { name: "di's, as viewer", username: "di", role: "viewer" },
  { name: "cy's, revoked", username: "cy" },
  { name: "cy's, expired", username: "cy", seconds: 1 },
];

const expiredByMs = 1_100;

/** Makes `count` teams and what is in them. */
export async function makeTeams(world: World, deployment: Deployment, count: number, prefix: string): Promise<void> {
  for (let index = 0; index < count; index++)
    await makeTeam(world, deployment, `${prefix}-${"abcdefghijklmnop"[index]}`);
  // One token of each is made to expire.
  await new Promise((resolve) => setTimeout(resolve, expiredByMs));
  for (const key of world.teams.flatMap(({ keys }) => keys)) if (key.name.endsWith("expired")) key.dead = true;
}

async function makeTeam(world: World, deployment: Deployment, slug: string): Promise<void> {
  await operator(deployment, "PUT", `/teams/${slug}`, { name: `Team ${slug}` });
  const own: Person[] = [
    ...people.map(({ username, role }) => ({ team: slug, username, kind: "person" as const, role, removed: false })),
    { team: slug, username: `${slug}-only`, kind: "person", role: "viewer", removed: false },
  ];
  const root = await makeKey(world, deployment, own, { name: "root's", username: "root" });
  const team: Team = {
    slug,
    people: own,
    keys: [root],
    things: [],
    root,
    head: 0,
    loot: { cursors: [], uploads: [], ids: [], invitations: [], heads: [], proposals: [], files: [], undos: [] },
    logsArguments: false,
  };
  world.teams.push(team);
  const only = { name: `${slug}-only's`, username: `${slug}-only` };
  for (const spec of [...keys.slice(1), only]) team.keys.push(await makeKey(world, deployment, own, spec));
  for (const key of team.keys.filter(({ name }) => name.endsWith("revoked"))) {
    await operator(deployment, "DELETE", `/teams/${slug}/tokens/${key.id}`);
    key.dead = true;
  }
  const rates = {
    person_per_minute: 1_000_000,
    token_per_minute: 1_000_000,
    query_per_minute: 1_000_000,
    write_per_minute: 1_000_000,
  };
  await asRoot(
    deployment,
    team,
    restAsk(slug, "PATCH", "/team", { json: { settings: { rate_limits: rates, members_save_directly: true } } }),
  );
  await fill(world, deployment, team);
  world.spreadBy(rootViewer(team), world.canaries.textsOf(slug));
  // Operations leave root alone; what it holds is for the model's own questions.
  team.keys = team.keys.filter((key) => key !== root);
}

async function makeKey(world: World, deployment: Deployment, own: readonly Person[], spec: KeySpec): Promise<Key> {
  const person = own.find(({ username }) => username === spec.username);
  if (person === undefined) throw new Error(`no person ${spec.username}`);
  const label = world.plantFor(
    person.team,
    `the label of a token of ${person.username}`,
    "tokens:manage",
    person.username,
  );
  const answer = await operator(deployment, "POST", `/teams/${person.team}/tokens`, {
    username: person.username,
    role: spec.role ?? person.role,
    label,
    ...(spec.scopes === undefined ? {} : { scopes: spec.scopes }),
    ...(spec.seconds === undefined ? {} : { expires_in_days: spec.seconds / 86_400 }),
  });
  return noteKey(world, person, answer, { ...spec, scopes: spec.scopes ?? scopes, mayActForOthers: false });
}

/** A token out of the answer that issued it; nobody but its person and who manages tokens may see its id, and nobody at all its text again. */
export function noteKey(
  world: World,
  person: Person,
  answer: Answer,
  spec: { name: string; role?: Role; scopes: readonly Scope[]; mayActForOthers: boolean },
): Key {
  const token = textAt(answer.json, "token") ?? textAt(answer.json, "result", "structuredContent", "token");
  const id = textAt(answer.json, "id") ?? textAt(answer.json, "result", "structuredContent", "id");
  if (token === undefined || id === undefined) throw new Error(`no token in ${answer.text}`);
  const { team, username } = person;
  const place = (viewer: Parameters<typeof has>[0]): boolean =>
    has(viewer, team, "tokens:manage") || (viewer?.team === team && viewer.username === username);
  world.canaries.note(id, team, `the id of a token of ${username}`, place);
  world.canaries.note(token, team, `a token of ${username}`, () => false);
  return { ...spec, kind: "token", person, role: spec.role ?? person.role, token, id, dead: false };
}

/** The operator gives everyone who was removed, or has lost the role they began with, a way back. Returns whether anything was done. */
export async function rejoin(world: World, deployment: Deployment, team: Team): Promise<boolean> {
  let done = false;
  for (const { username, role } of people.filter((one) => one.username !== "root")) {
    const person = team.people.find((one) => one.username === username);
    if (person === undefined || !person.removed) continue;
    person.removed = false;
    person.role = role;
    team.keys.push(await makeKey(world, deployment, team.people, { name: `${username}'s, back`, username }));
    done = true;
  }
  return done;
}

/** Things that stay: one of each kind for everyone, one for admins, one for a person by name, one for owners with a secret in its name. */
async function fill(world: World, deployment: Deployment, team: Team): Promise<void> {
  const rest: { suffix: string; visibility: Visibility }[] = [
    { suffix: "orders", visibility: "everyone" },
    { suffix: "salaries", visibility: "admin" },
    { suffix: "plans", visibility: ["di"] },
    { suffix: "inbox", visibility: "owner" },
  ];
  const margin: Thing = stays(team, "function", "margin", "everyone");
  await tool(deployment, team, "save_function", { ...secretFunction({ world }, margin), ...marginBody(world, margin) });
  team.things.push(margin);
  for (const { suffix, visibility } of rest) {
    const dataset = stays(team, "dataset", suffix, visibility);
    const report = { ...stays(team, "tool", `${suffix}_report`, visibility), reads: dataset };
    if (suffix === "inbox") {
      dataset.name = `inbox-${world.plantIn(dataset, "the name")}`;
      report.name = `inbox_${world.plantIn(report, "the name")}`;
      // The names of datasets in a tool's definition are its author's words: whoever sees the tool reads them.
      world.canaries.note(dataset.name.replace("inbox-", ""), team.slug, "", (viewer) =>
        world.maySeeIn(viewer, report),
      );
    }
    const { rows, description } = secretRows({ world }, dataset);
    const path = `/datasets/${dataset.name}?${new URLSearchParams({ description })}`;
    await asRoot(deployment, team, restAsk(team.slug, "PUT", path, { text: rows, type: "application/json" }));
    await tool(deployment, team, "save_tool", secretTool({ world }, report, dataset));
    team.things.push(dataset, report);
    for (const thing of [dataset, report]) await restrict(deployment, team, thing);
  }
  await fillWorkspace(world, deployment, team);
}

/** A table and a frame for everyone, and a frame of each dataset that is not. */
async function fillWorkspace(world: World, deployment: Deployment, team: Team): Promise<void> {
  const ledger = stays(team, "table", "ledger", "everyone");
  const schema = { amount: "int", note: "text" };
  const description = `About ${world.plantIn(ledger, "the description")}.`;
  await tool(deployment, team, "create_table", { table_name: "ledger", schema, description, history: true });
  await tool(deployment, team, "insert_record", { table_name: "ledger", data: secretRecords({ world }, ledger) });
  const notes = stays(team, "frame", "notes", "everyone");
  await tool(deployment, team, "read_csv", { text: secretCsv({ world }, notes), name: "notes" });
  team.things.push(ledger, notes);
  for (const index of [0, 1, 2]) {
    const scratch = { ...stays(team, "table", `scratch_table_${index}`, "everyone"), scratch: true };
    await tool(deployment, team, "create_table", { table_name: scratch.name, schema, history: true });
    const data = secretRecords({ world }, scratch);
    await tool(deployment, team, "insert_record", { table_name: scratch.name, data });
    team.things.push(scratch);
  }
  for (const suffix of ["salaries", "plans"]) {
    const dataset = world.thing(team.slug, "dataset", suffix);
    if (dataset === undefined) throw new Error(`no dataset ${suffix}`);
    const frame = stays(team, "frame", `of_${suffix}`, "everyone");
    frame.from = [{ dataset, visibility: dataset.visibility }];
    await tool(deployment, team, "read_json", { dataset: suffix, name: frame.name });
    team.things.push(frame);
  }
  for (const name of ["notes", "of_salaries", "of_plans"]) await tool(deployment, team, "pin_data", { data_ref: name });
}

async function restrict(deployment: Deployment, team: Team, thing: Thing): Promise<void> {
  if (thing.visibility === "everyone") return;
  const path = `/visibility/${thing.kind}/${thing.name}`;
  const ask = restAsk(team.slug, "PUT", path, { json: { visibility: thing.visibility } });
  const answer = await send(deployment.origin, {
    ...ask,
    headers: { ...ask.headers, authorization: `Bearer ${team.root.token}` },
  });
  if (answer.code !== "ok") throw new Error(`${path}: ${answer.code} ${answer.text.slice(0, 300)}`);
}

function stays(team: Team, kind: Thing["kind"], name: string, visibility: Visibility): Thing {
  return { team: team.slug, kind, name, visibility, madeBy: "root", live: true, scratch: false };
}

function marginBody(world: World, thing: Thing) {
  return {
    definition: `def margin($a; $b): ["${world.plantIn(thing, "a definition")}", $a - $b];`,
    parameters: [{ name: "$a", description: `Before ${world.plantIn(thing, "a parameter")}` }, { name: "$b" }],
  };
}

export async function tool(
  deployment: Deployment,
  team: Team,
  name: string,
  args: Record<string, unknown>,
): Promise<Answer> {
  return asRoot(deployment, team, mcpAsk("2026", team.slug, "tools/call", { name, arguments: args }));
}

/** What the root owner sends stands in their executions, as anyone's does. */
export function rootViewer(team: Team): Viewer {
  return { team: team.slug, username: "root", role: "owner", scopes };
}

/** A request of the owner whom no operation touches. Throws unless it is granted. */
export async function asRoot(deployment: Deployment, team: Team, ask: Ask): Promise<Answer> {
  const headers = { ...ask.headers, authorization: `Bearer ${team.root.token}` };
  return granted(await send(deployment.origin, { ...ask, headers }), `${ask.method} ${ask.path}`);
}

export async function operator(deployment: Deployment, method: string, path: string, json?: unknown): Promise<Answer> {
  const headers = { authorization: `Bearer ${deployment.operatorToken}`, "content-type": "application/json" };
  const body = json === undefined ? {} : { body: JSON.stringify(json) };
  return granted(
    await send(deployment.origin, { method, path: `/operator${path}`, headers, ...body }),
    `${method} ${path}`,
  );
}

function granted(answer: Answer, what: string): Answer {
  if (answer.code !== "ok") throw new Error(`${what} was answered with ${answer.status} ${answer.text.slice(0, 600)}`);
  return answer;
}

/** The number of a team's newest audit entry. */
export async function auditHead(deployment: Deployment, team: Team): Promise<number> {
  const ask = restAsk(team.slug, "GET", "/audit?limit=1");
  const answer = await send(deployment.origin, {
    ...ask,
    headers: { ...ask.headers, authorization: `Bearer ${team.root.token}` },
  });
  const seq = at(answer.json, "entries", 0, "seq");
  if (typeof seq !== "number") throw new Error(`no seq in ${answer.text.slice(0, 300)}`);
  return seq;
}
