// Open streams of both eras and the live feed, listening all along: nobody may be told of what they may not see. Runs in Node.

import { secretRows } from "./data-operations.ts";
import { secretTool } from "./library-operations.ts";
import { findLeaks, type Violation, who } from "./oracle.ts";
import { asRoot, type Deployment, tool } from "./setup.ts";
import { type Ask, at, mcpAsk, restAsk, textAt } from "./wire.ts";
import { type Key, sees, type Team, type Thing, type Viewer, type World } from "./world.ts";

interface Listener {
  key: Key;
  team: Team;
  era: "2025" | "2026" | "live";
  sent: string;
  /** Of the live feed: the last event that was heard, to go on from. */
  seq: number;
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

  /** Opens what is not open: per team, every person's first live key, in turn of every kind. Live feeds come back from where they were, or from the start. */
  async open(): Promise<void> {
    const resumed = new Map<Key, number>();
    for (const listener of this.#listeners.filter(({ era, ended }) => era === "live" && !ended)) {
      if (!this.#world.random.chance(0.5)) continue;
      resumed.set(listener.key, this.#world.random.chance(0.5) ? listener.seq : 0);
      listener.close();
      listener.ended = true;
    }
    this.#listeners = this.#listeners.filter((listener) => !listener.ended);
    for (const team of this.#world.teams) {
      const bearers = team.keys.filter(({ kind }) => kind !== "session");
      const keys = new Map(bearers.map((key) => [key.person.username, key]));
      let turn = 0;
      for (const key of keys.values()) {
        const era = (["2025", "live", "2026"] as const)[turn++ % 3] ?? "live";
        const isOpen = this.#listeners.some((listener) => listener.key === key);
        if (isOpen || !this.#viewerOf(key)?.scopes.includes("data:read")) continue;
        const since = resumed.get(key);
        if (era === "live" || since !== undefined) await this.#listenLive(team, key, since ?? 0);
        else await this.#listen(team, key, era);
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
      .map(({ key, team, era }) => ({
        kind: "refusal" as const,
        operation: "an open stream",
        detail: `the stream (${era}) of ${key.name} of team ${team.slug} is open although its access has ended`,
        excerpt: "",
      }));
  }

  /** All streams of a team have ended, or do so very soon. */
  async checkTeamEnded(team: Team): Promise<Violation[]> {
    const own = this.#listeners.filter((listener) => listener.team === team);
    for (let tries = 0; tries < 50 && own.some(({ ended }) => !ended); tries++) await sleep(100);
    return own
      .filter(({ ended }) => !ended)
      .map(({ key, era }) => ({
        kind: "refusal" as const,
        operation: "an open stream",
        detail: `the stream (${era}) of ${key.name} of team ${team.slug} outlived the team`,
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
      seq: 0,
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

  async #listenLive(team: Team, key: Key, since: number): Promise<void> {
    const url = `${this.#deployment.origin.replace("http", "ws")}/t/${team.slug}/live?since=${since}`;
    const socket = openSocket(url, { authorization: `Bearer ${key.token}` });
    let isOver = false;
    const listener: Listener = {
      ...{ key, team, era: "live", seq: since, sent: "", events: [], close: () => socket.close() },
      // Told of its end is ended: nothing can come any more, however long the connection takes to go.
      get ended() {
        return isOver || socket.readyState >= WebSocket.CLOSING;
      },
      set ended(is) {
        isOver = is;
      },
    };
    const opened = await new Promise<boolean>((resolve) => {
      socket.addEventListener("open", () => resolve(true));
      socket.addEventListener("error", () => resolve(false));
      socket.addEventListener("message", ({ data }) => this.#takeLive(listener, String(data)));
      socket.addEventListener("close", () => {
        listener.ended = true;
      });
    });
    if (opened) this.#listeners.push(listener);
    else if (this.#viewerOf(key) !== undefined) {
      const detail = `${key.name} of team ${team.slug} could not listen (live)`;
      this.#found([{ kind: "refusal", operation: "the live feed", detail, excerpt: "" }]);
    }
  }

  #takeLive(listener: Listener, text: string): void {
    const json: unknown = JSON.parse(text);
    if (at(json, "type") === "event") {
      listener.seq = Number(at(json, "seq"));
      this.events++;
      listener.events.push({ method: "event", uri: `${at(json, "kind")}://${at(json, "name")}` });
    }
    const viewer = this.#viewerOf(listener.key);
    if (viewer === undefined) return;
    const { team } = listener;
    const thing = team.things.find(({ kind, name }) => at(json, "kind") === kind && at(json, "name") === name);
    const lookingBackFrom = Date.now();
    if (thing !== undefined && !sees(viewer, thing, lookingBackFrom)) void this.#judgeLater(listener, thing, text);
    else this.#judge(viewer, text, lookingBackFrom);
  }

  #judge(viewer: Viewer, text: string, lookingBackFrom: number): void {
    this.#world.lookingBackFrom = lookingBackFrom;
    const leaks = findLeaks(this.#world, text, { operation: "the live feed", viewer, sent: "", team: viewer.team });
    this.#world.lookingBackFrom = undefined;
    if (leaks.length > 0) this.#found(leaks);
  }

  /** An event comes before the answer to the request that made it, which is what the model learns from. */
  async #judgeLater(listener: Listener, thing: Thing, text: string): Promise<void> {
    await sleep(settleMs);
    const viewer = this.#viewerOf(listener.key);
    if (viewer === undefined) return;
    if (sees(viewer, thing)) {
      this.#judge(viewer, text, Date.now());
      return;
    }
    const detail = `${who(viewer)} was told of the ${thing.kind} ${thing.name} of team ${thing.team}`;
    this.#found([{ kind: "leak", operation: "the live feed", detail, excerpt: text }]);
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
  return thing.kind === "tool" || era !== "2025";
}

/** Node's WebSocket takes headers, which the types of browsers do not know. */
function openSocket(url: string, headers: Record<string, string>): WebSocket {
  const Socket = WebSocket as unknown as new (url: string, options: { headers: Record<string, string> }) => WebSocket;
  return new Socket(url, { headers });
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
