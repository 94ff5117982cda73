// The model: teams, people, credentials and things, and who may do and see what. Written from the product's description, not from its code,
// so that the two check each other. Runs anywhere.
import { Canaries } from "./canaries.ts";
import { Random } from "./random.ts";

export const roles = ["viewer", "member", "admin", "owner"] as const;
export type Role = (typeof roles)[number];
export const scopes = ["data:read", "data:write", "library:write", "admin"] as const;
export type Scope = (typeof scopes)[number];

/** What an operation asks for, and which role and scope give it. */
export const rights = {
  "data:read": ["viewer", "data:read"],
  "data:write": ["member", "data:write"],
  "library:write": ["member", "library:write"],
  "library:propose": ["member", "library:write"],
  "visibility:own": ["member", "data:write"],
  "visibility:manage": ["admin", "admin"],
  "activity:read": ["admin", "admin"],
  "people:read": ["viewer", "data:read"],
  "people:manage": ["admin", "admin"],
  "owners:manage": ["owner", "admin"],
  "membership:own": ["viewer", "admin"],
  "tokens:own": ["viewer", "admin"],
  "tokens:manage": ["admin", "admin"],
  "settings:manage": ["admin", "admin"],
  "metrics:read": ["admin", "admin"],
  "audit:read": ["admin", "admin"],
  "notifications:own": ["viewer", "data:read"],
  "webhooks:manage": ["admin", "admin"],
  "backups:manage": ["admin", "admin"],
  "backups:download": ["owner", "admin"],
} as const satisfies Record<string, readonly [Role, Scope]>;
export type Right = keyof typeof rights;

/** What nobody does for somebody else. */
const inPerson: ReadonlySet<Right> = new Set<Right>(["owners:manage", "membership:own", "tokens:own"]);

export type Visibility = "everyone" | Role | readonly string[];

export interface Person {
  team: string;
  username: string;
  kind: "person" | "service";
  role: Role;
  removed: boolean;
}

/** A token as it was issued. */
export interface Key {
  /** What the report calls it. */
  name: string;
  person: Person;
  role: Role;
  scopes: readonly Scope[];
  /** What it is presented with: a bearer token, or for a session its cookie. */
  token: string;
  kind: "token" | "session" | "connection";
  id: string;
  mayActForOthers: boolean;
  dead: boolean;
}

export interface Thing {
  team: string;
  kind: "dataset" | "tool" | "function" | "table" | "frame";
  name: string;
  visibility: Visibility;
  /** Until when, by the wall clock in milliseconds, an event under way may still follow the visibility before. */
  before?: { visibility: Visibility; until: number };
  live: boolean;
  /** The dataset that a tool reads: for whoever does not see it, it has none. */
  reads?: Thing;
  /** Of a frame: the datasets that its rows came from, and who saw them then. */
  from?: { dataset: Thing; visibility: Visibility }[];
  /** Whoever made it may say who sees it. */
  madeBy: string;
  /** Changed by operations; the others only change who sees them. */
  scratch: boolean;
}

export interface Team {
  slug: string;
  people: Person[];
  keys: Key[];
  things: Thing[];
  /** An owner whom no operation touches: sets up, and reads the audit log's head. */
  root: Key;
  /** How many entries the audit log had after the last write that the model knows of. */
  head: number;
  /** What the server handed out that others may try: cursors, upload ids, token ids and the like. */
  loot: Loot;
  /** Admins have let the operator's log show arguments at some time. */
  logsArguments: boolean;
}

export interface Loot {
  cursors: string[];
  uploads: { dataset: string; id: string }[];
  /** Etags. */
  ids: string[];
  invitations: { id: string; role: Role; secret: string }[];
  /** Heads of the audit log, as `seq:hash`. */
  heads: string[];
  proposals: LootedProposal[];
  /** Files kept to be read. */
  files: string[];
  /** Changes of records that can be undone. */
  undos: string[];
}

export interface LootedProposal {
  id: string;
  kind: "tool" | "function";
  author: string;
}

/** Whom a request stands for. */
export interface Viewer {
  team: string;
  username: string;
  role: Role;
  scopes: readonly Scope[];
  /** The service account that acts for this person. */
  through?: string;
}

export const weaker = (a: Role, b: Role): Role => (roles.indexOf(a) <= roles.indexOf(b) ? a : b);
export const atLeast = (role: Role, least: Role): boolean => roles.indexOf(role) >= roles.indexOf(least);

/** Why a viewer may not: the error's code, or undefined when they may. */
export function refusalOf(viewer: Viewer, right: Right): "forbidden" | "insufficient_scope" | undefined {
  const [role, scope] = rights[right];
  if (inPerson.has(right) && viewer.through !== undefined) return "forbidden";
  if (!atLeast(viewer.role, role)) return "forbidden";
  return viewer.scopes.includes(scope) ? undefined : "insufficient_scope";
}

export function has(viewer: Viewer | undefined, team: string, right: Right): boolean {
  return viewer !== undefined && viewer.team === team && refusalOf(viewer, right) === undefined;
}

/** Whether a thing is shown to a viewer of its own team, at this time (only events look back). */
export function sees(viewer: Viewer, thing: Thing, lookingBackFrom?: number): boolean {
  if (viewer.team !== thing.team) return false;
  const shown = (visibility: Visibility): boolean => {
    if (visibility === "everyone" || viewer.role === "owner") return true;
    return typeof visibility === "string" ? atLeast(viewer.role, visibility) : visibility.includes(viewer.username);
  };
  if (thing.from !== undefined)
    return thing.from.every(({ dataset, visibility }) => shown(visibility) && sees(viewer, dataset, lookingBackFrom));
  if (shown(thing.visibility)) return true;
  const { before } = thing;
  return (
    before !== undefined && lookingBackFrom !== undefined && lookingBackFrom < before.until && shown(before.visibility)
  );
}

/** Everything that a run knows. */
export class World {
  readonly random: Random;
  readonly canaries: Canaries<Viewer>;
  readonly teams: Team[] = [];
  /** Where the server is. */
  origin = "";
  /** Set while an answer is judged that was under way when something changed. */
  lookingBackFrom: number | undefined;
  /** How far after a change an event may follow the state before. */
  readonly graceMs = 3_000;

  constructor(seed: number) {
    this.random = new Random(seed);
    this.canaries = new Canaries(new Random(seed + 1));
  }

  team(slug: string): Team {
    const team = this.teams.find((candidate) => candidate.slug === slug);
    if (team === undefined) throw new Error(`no team ${slug}`);
    return team;
  }

  /** Whom a token stands for at a team's URL; undefined: nobody. `actFor` must be a right use of X-User-Id. */
  viewerOf(key: Key | undefined, team: string, actFor?: string): Viewer | undefined {
    // The same session is somebody in each of a person's teams.
    const here = key?.kind === "session" ? this.team(team).keys.find(({ token }) => token === key.token) : key;
    if (here === undefined || here.dead || here.person.removed || here.person.team !== team) return undefined;
    return this.#viewerOfKey(here, team, actFor);
  }

  #viewerOfKey(key: Key, team: string, actFor: string | undefined): Viewer | undefined {
    const own: Viewer = {
      team,
      username: key.person.username,
      role: weaker(key.person.role, key.role),
      scopes: key.scopes,
    };
    if (actFor === undefined) return own;
    const other = this.team(team).people.find(
      ({ username, removed, kind }) => username === actFor && !removed && kind === "person",
    );
    if (other === undefined || !key.mayActForOthers) return undefined;
    return { ...own, username: other.username, role: weaker(other.role, own.role), through: own.username };
  }

  /** A secret inside a thing: whoever sees the thing may see it. */
  plantIn(thing: Thing, what: string): string {
    const label = `${what} of the ${thing.kind} ${thing.name}`;
    return this.canaries.plant(thing.team, label, (viewer) => this.maySeeIn(viewer, thing), true);
  }

  /** Whoever reads data or writes such things is shown them: a write answers with what it wrote to. */
  maySeeIn(viewer: Viewer, thing: Thing): boolean {
    const writing = thing.kind === "tool" || thing.kind === "function" ? "library:write" : "data:write";
    const may = has(viewer, thing.team, "data:read") || has(viewer, thing.team, writing);
    return may && sees(viewer, thing, this.lookingBackFrom);
  }

  /** A secret that whoever has this right, or is this person, may see. */
  plantFor(team: string, what: string, right: Right, username?: string): string {
    return this.canaries.plant(
      team,
      what,
      (viewer) => has(viewer, team, right) || (viewer.team === team && viewer.username === username),
    );
  }

  /** Who is shown a token's label and id: its person, whoever made it, whoever acts through it, and who manages tokens. */
  ofToken(team: string, username: string, maker: string | undefined): (viewer: Viewer) => boolean {
    return (viewer) =>
      has(viewer, team, "tokens:manage") ||
      (viewer.team === team && ([username, maker].includes(viewer.username) || viewer.through === username));
  }

  /** What someone sent: it now stands in their executions, and in what the team's admins read of them. */
  spreadBy(viewer: Viewer, texts: Iterable<string>): void {
    const { team, username, through } = viewer;
    const place = (reader: Viewer): boolean =>
      reader.team === team &&
      (reader.username === username || reader.username === through || has(reader, team, "activity:read"));
    for (const text of texts) this.canaries.spread(text, team, `${username} ${through}`, place);
  }

  /** Changes who sees a thing. */
  show(thing: Thing, visibility: Visibility): void {
    thing.before = { visibility: thing.visibility, until: Date.now() + this.graceMs };
    thing.visibility = visibility;
  }

  thing(team: string, kind: Thing["kind"], name: string): Thing | undefined {
    return this.team(team).things.find((thing) => thing.kind === kind && thing.name === name);
  }
}
