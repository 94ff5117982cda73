// What an operation of the proof is: a request in the making, and what the model says of its answer. Runs anywhere.

import type { Answer } from "./wire.ts";
import { type Right, sees, type Team, type Thing, type Viewer, type World } from "./world.ts";

/** Where an operation is tried: somebody, or nobody, at one team's URL. */
export interface Situation {
  world: World;
  /** Whose URL. */
  team: Team;
  /** Whom the credential stands for there; undefined: nobody, so the operation is refused whatever it asks. */
  viewer: Viewer | undefined;
}

/** What the model says of an operation before it is tried. */
export interface Expectation {
  /** All of them are needed. */
  needs: readonly Right[];
  /** What must be shown to the viewer, or the answer is as if it did not exist. */
  things?: readonly (Thing | undefined)[];
  /** Codes besides "ok" that a permitted try may be answered with. */
  codes?: readonly string[];
  /** Codes that may come before any right is asked for. */
  before?: readonly string[];
  /** A permitted try must be refused with one of `codes`. */
  neverOk?: boolean;
  /** It writes, so it runs alone and its team's state may change. */
  writes?: boolean;
  /** A log's answer also shows what was sent: executions the arguments, the audit log to its readers all that was done in the team. */
  log?: "executions" | "audit" | "replay";
  /** The model's part of a write that was answered with "ok"; may look for more that is wrong and say so. */
  // biome-ignore lint/suspicious/noConfusingVoidType: most have nothing to say, and return nothing.
  after?: (answer: Answer) => string | undefined | void;
}

export interface ToolUse extends Expectation {
  args: Record<string, unknown>;
}

export interface RouteUse extends Expectation {
  /** What stands for each `:name` of the route, and the query string. */
  path?: Record<string, string>;
  query?: Record<string, string | number>;
  json?: unknown;
  text?: string;
  type?: string;
  headers?: Record<string, string>;
}

export interface ProtocolUse extends Expectation {
  params: Record<string, unknown>;
  /** The URL's query string, with its question mark. */
  url?: string;
}

export type Operations<Use> = Readonly<Record<string, (situation: Situation) => Use>>;

/** A cursor to go on with: mostly none, else one that this team or another was given. */
export function someCursor({ world, team }: Situation): string | undefined {
  const { random } = world;
  if (!random.chance(0.3)) return undefined;
  const owner = random.chance(0.5) ? team : random.pick(world.teams);
  return random.pick(owner?.loot.cursors ?? []);
}

/** What a read with a cursor of who knows whom may be answered with. */
export const cursorCodes = ["cursor_invalid", "cursor_stale"] as const;

export function withoutUndefined<Value>(record: Record<string, Value | undefined>): Record<string, Value> {
  return Object.fromEntries(Object.entries(record).filter((entry): entry is [string, Value] => entry[1] !== undefined));
}

/** A thing of the team, of a kind; live ones unless `any`. */
export function someThing({ world, team }: Situation, kind: Thing["kind"], any = false): Thing | undefined {
  return world.random.pick(team.things.filter((thing) => thing.kind === kind && (any || thing.live)));
}

/** One of the few things that operations create, change and remove; made known when it is new. */
export function scratchThing({ world, team }: Situation, kind: Thing["kind"]): Thing {
  const name = `scratch_${kind}_${world.random.int(3)}`;
  return (
    world.thing(team.slug, kind, name) ?? {
      team: team.slug,
      kind,
      name,
      visibility: "everyone",
      madeBy: "",
      live: false,
      scratch: true,
    }
  );
}

/** A name that is almost that of a thing: what a server may offer the right one for. */
export function almost(situation: Situation, name: string): string {
  const place = situation.world.random.int(name.length - 1) + 1;
  return `${name.slice(0, place)}x${name.slice(place + 1)}`;
}

/** True when a tool may have nothing to read for this viewer. */
export function lacksData(viewer: Viewer | undefined, tool: Thing | undefined): boolean {
  if (tool === undefined || viewer === undefined) return false;
  return tool.scratch || (tool.reads !== undefined && !(tool.reads.live && sees(viewer, tool.reads)));
}
