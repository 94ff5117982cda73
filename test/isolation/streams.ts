// Open streams of both eras, listening all along: nobody may be told of what they may not see. Runs in Node.

import { secretRows } from "./data-operations.ts";
import { secretTool } from "./library-operations.ts";
import { findLeaks, type Violation, who } from "./oracle.ts";
import { asRoot, type Deployment, tool } from "./setup.ts";
import { type Ask, mcpAsk, restAsk, textAt } from "./wire.ts";
import { type Key, sees, type Team, type Thing, type Viewer, type World } from "./world.ts";

interface Listener {
  key: Key;
  team: Team;
  era: "2025" | "2026";
  sent: string;
  events: { method: string; uri: string | undefined }[];
  ended: boolean;
  close: () => void;
}

/** How long a change may take to reach a listener, quiet time of the feed included. */
const settleMs = 900;
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** The listeners of a run. */
export class Streams {
  readonly #world: World;
  readonly #deployment: Deployment;
  readonly #found: (violations: Violation[]) => void;
  #listeners: Listener[] = [];
  /** Notifications received. */
  events = 0;

  constructor(world: World, deployment: Deployment, found: (violations: Violation[]) => void) {
    this.#world = world;
    this.#deployment = deployment;
    this.#found = found;
  }

  /** Opens what is not open: per team, every person's first live key, in turn of either era. */
  async open(): Promise<void> {
    this.#listeners = this.#listeners.filter((listener) => !listener.ended);
    for (const team of this.#world.teams) {
      const bearers = team.keys.filter(({ kind }) => kind !== "session");
      const keys = new Map(bearers.map((key) => [key.person.username, key]));
      let turn = 0;
      for (const key of keys.values()) {
        const era = turn++ % 2 === 0 ? "2025" : "2026";
        const isOpen = this.#listeners.some((listener) => listener.key === key);
        if (!isOpen && this.#viewerOf(key)?.scopes.includes("data:read")) await this.#listen(team, key, era);
      }
    }
  }

  close(): void {
    for (const listener of this.#listeners) listener.close();
  }

  /** Streams of credentials that are no longer good must have ended. */
  checkEnded(): Violation[] {
    return this.#listeners
      .filter((listener) => !listener.ended && this.#viewerOf(listener.key) === undefined)
      .map(({ key, team }) => ({
        kind: "refusal" as const,
        operation: "an open stream",
        detail: `the stream of ${key.name} of team ${team.slug} is open although its access has ended`,
        excerpt: "",
      }));
  }

  /** All streams of a team have ended, or do so very soon. */
  async checkTeamEnded(team: Team): Promise<Violation[]> {
    const own = this.#listeners.filter((listener) => listener.team === team);
    for (let tries = 0; tries < 50 && own.some(({ ended }) => !ended); tries++) await sleep(100);
    return own
      .filter(({ ended }) => !ended)
      .map(({ key }) => ({
        kind: "refusal" as const,
        operation: "an open stream",
        detail: `the stream of ${key.name} of team ${team.slug} outlived the team`,
        excerpt: "",
      }));
  }

  /**
   * With nothing else going on, an owner of `team` changes one thing. Its listeners who see the thing are told, its others and other teams'
   * are not.
   */
  async checkSilence(team: Team, thing: Thing): Promise<Violation[]> {
    await this.open();
    await sleep(settleMs);
    for (const listener of this.#listeners) listener.events = [];
    await this.#change(team, thing);
    await sleep(settleMs);
    return this.#listeners.flatMap((listener) => {
      const viewer = this.#viewerOf(listener.key);
      if (viewer === undefined) return [];
      const should = listener.team === team && sees(viewer, thing) && isToldOf(listener, thing);
      const told = listener.events.length > 0;
      if (told === should) return [];
      const detail = told
        ? `${who(viewer)} was told (${JSON.stringify(listener.events)}) of a change of the ${thing.kind} ${thing.name} of team ${team.slug}`
        : `${who(viewer)} (${listener.era}) was not told of a change of the ${thing.kind} ${thing.name}`;
      return [
        { kind: told ? ("leak" as const) : ("state" as const), operation: "an open stream", detail, excerpt: "" },
      ];
    });
  }

  async #change(team: Team, thing: Thing): Promise<void> {
    const world = this.#world;
    if (thing.kind === "tool") {
      await tool(this.#deployment, team, "save_tool", { ...secretTool({ world }, thing) });
      return;
    }
    const { rows } = secretRows({ world }, thing);
    await asRoot(
      this.#deployment,
      team,
      restAsk(team.slug, "PUT", `/datasets/${thing.name}`, { text: rows, type: "application/json" }),
    );
  }

  #viewerOf(key: Key): Viewer | undefined {
    return this.#world.viewerOf(key, key.person.team);
  }

  async #listen(team: Team, key: Key, era: "2025" | "2026"): Promise<void> {
    const ask = era === "2025" ? getStream(team) : subscription(team);
    const abort = new AbortController();
    const response = await fetch(this.#deployment.origin + ask.path, {
      method: ask.method,
      headers: { ...ask.headers, authorization: `Bearer ${key.token}` },
      signal: abort.signal,
      ...(ask.body === undefined ? {} : { body: ask.body }),
    });
    const listener: Listener = {
      key,
      team,
      era,
      sent: ask.body ?? "",
      events: [],
      ended: false,
      close: () => abort.abort(),
    };
    if (response.status !== 200 || response.body === null) {
      const detail = `${key.name} of team ${team.slug} could not listen (${era}): ${response.status}`;
      this.#found([{ kind: "refusal", operation: "an open stream", detail, excerpt: await response.text() }]);
      return;
    }
    this.#listeners.push(listener);
    void this.#read(listener, response.body).catch(() => {
      listener.ended = true;
    });
  }

  async #read(listener: Listener, body: ReadableStream<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder();
    let rest = "";
    for await (const chunk of body) {
      rest += decoder.decode(chunk, { stream: true });
      const messages = rest.split("\n\n");
      rest = messages.pop() ?? "";
      for (const message of messages) this.#take(listener, message);
    }
    listener.ended = true;
  }

  #take(listener: Listener, message: string): void {
    const data = /^data: (.+)$/m.exec(message)?.[1];
    if (data === undefined) return;
    const json: unknown = JSON.parse(data);
    const method = textAt(json, "method") ?? "";
    if (method !== "" && !method.endsWith("acknowledged")) {
      this.events++;
      listener.events.push({ method, uri: textAt(json, "params", "uri") });
    }
    const viewer = this.#viewerOf(listener.key);
    const reading = { operation: "an open stream", viewer, sent: listener.sent, team: listener.team.slug };
    this.#world.lookingBackFrom = Date.now();
    const leaks = findLeaks(this.#world, message, reading);
    this.#world.lookingBackFrom = undefined;
    if (leaks.length > 0 && viewer !== undefined) this.#found(leaks);
  }
}

/** A stream of 2025 says only that lists changed; a dataset's new version changes no list. */
function isToldOf({ era }: Listener, thing: Thing): boolean {
  return thing.kind === "tool" || era === "2026";
}

const getStream = (team: Team): Ask => ({
  method: "GET",
  path: `/t/${team.slug}/mcp`,
  headers: { accept: "text/event-stream" },
});

/** Asks to be told of everything, also of what may not be seen. */
function subscription(team: Team): Ask {
  const uris = team.things.map(({ kind, name }) => `${kind}://${name}`);
  return mcpAsk("2026", team.slug, "subscriptions/listen", {
    notifications: { toolsListChanged: true, resourcesListChanged: true, resourceSubscriptions: uris },
  });
}
