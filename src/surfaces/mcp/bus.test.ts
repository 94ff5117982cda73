// The feed behind a stream: reconnecting, ending, and reading events. Runs in workerd.
import type { ServerEvent } from "@modelcontextprotocol/server";
import { describe, expect, it } from "vitest";
import { accessEndedCode } from "../../core/feed.ts";
import { liveLimits } from "../../workflow-limits.ts";
import { everyListChanged, feedBus, readTeamEvent } from "./bus.ts";

/** A feed whose far ends are kept, and whose timers run when told. */
function testFeed(answers: (() => Response)[] = []) {
  const far: WebSocket[] = [];
  const asked: (number | undefined)[] = [];
  const delays: number[] = [];
  const timers: (() => void)[] = [];
  const seen: ServerEvent[] = [];
  let ended = 0;
  const accept = (): Response => {
    const { 0: near, 1: other } = new WebSocketPair();
    other.accept();
    far.push(other);
    return new Response(null, { status: 101, webSocket: near });
  };
  const bus = feedBus({
    connect: async (since) => {
      asked.push(since);
      return (answers.shift() ?? accept)();
    },
    read: readTeamEvent,
    afterOpen: everyListChanged,
    onEnded: () => {
      ended += 1;
    },
    later: (run, delayMs) => {
      delays.push(delayMs);
      timers.push(run);
    },
  });
  const turn = async (): Promise<void> => {
    for (let i = 0; i < 5; i += 1) await new Promise((resolve) => setTimeout(resolve, 0));
  };
  const runTimer = async (): Promise<void> => {
    timers.shift()?.();
    await turn();
  };
  return { bus, far, asked, delays, seen, turn, runTimer, ended: () => ended };
}

const fail = (): Response => {
  throw new Error("no object");
};
const tell = (socket: WebSocket | undefined, message: object): void => socket?.send(JSON.stringify(message));
/** An event; its number is the team revision that it tells of. */
const say = (socket: WebSocket | undefined, event: { revision: number } & Record<string, unknown>): void =>
  tell(socket, { type: "event", seq: event.revision, ...event });

describe("feedBus", () => {
  it("publishes what may have been missed, then each change, and closes its socket at the end", async () => {
    const feed = testFeed();
    const off = feed.bus.subscribe((event) => feed.seen.push(event));
    await feed.turn();
    say(feed.far[0], { kind: "tool", name: "a", change: "created", revision: 2 });
    say(feed.far[0], { kind: "dataset", name: "sales", change: "updated", revision: 3 });
    await feed.turn();
    await feed.runTimer();
    expect(feed.seen).toEqual([
      ...everyListChanged,
      { kind: "tools_list_changed" },
      { kind: "resources_list_changed" },
      { kind: "resource_updated", uri: "tool://a" },
      { kind: "resource_updated", uri: "dataset://sales" },
    ]);
    const closed = new Promise<number>((resolve) =>
      feed.far[0]?.addEventListener("close", (event) => resolve(event.code)),
    );
    off();
    expect(await closed).toBe(1000);
  });

  it("opens a lost feed again where it stopped, and publishes what was missed and nothing more", async () => {
    const feed = testFeed();
    feed.bus.subscribe((event) => feed.seen.push(event));
    await feed.turn();
    tell(feed.far[0], { type: "hello", team: "t", seq: 4, oldest: 1 });
    say(feed.far[0], { kind: "dataset", name: "a", change: "updated", revision: 5 });
    await feed.turn();
    feed.far[0]?.close(1011, "object restarted");
    await feed.turn();
    await feed.runTimer();
    await feed.runTimer();
    tell(feed.far[1], { type: "hello", team: "t", seq: 6, oldest: 1 });
    say(feed.far[1], { kind: "tool", name: "b", change: "updated", revision: 6 });
    await feed.turn();
    await feed.runTimer();
    expect(feed.asked).toEqual([undefined, 5]);
    expect(feed.seen).toEqual([
      ...everyListChanged,
      { kind: "resource_updated", uri: "dataset://a" },
      { kind: "tools_list_changed" },
      { kind: "resource_updated", uri: "tool://b" },
    ]);
  });

  it("asks for everything anew when what was missed is gone, or when it never heard where the feed stood", async () => {
    const feed = testFeed();
    feed.bus.subscribe((event) => feed.seen.push(event));
    await feed.turn();
    feed.far[0]?.close(1011);
    await feed.turn();
    await feed.runTimer();
    expect(feed.seen).toEqual([...everyListChanged, ...everyListChanged]);
    tell(feed.far[1], { type: "hello", team: "t", seq: 4, oldest: 1 });
    await feed.turn();
    feed.far[1]?.close(1011);
    await feed.turn();
    await feed.runTimer();
    tell(feed.far[2], { type: "hello", team: "t", seq: 90, oldest: 80 });
    tell(feed.far[2], { type: "gap", from: 5, to: 79 });
    await feed.turn();
    await feed.runTimer();
    expect(feed.seen).toEqual([...everyListChanged, ...everyListChanged, ...everyListChanged]);
    feed.far[2]?.close(1011);
    await feed.turn();
    await feed.runTimer();
    expect(feed.asked).toEqual([undefined, undefined, 4, 79]);
  });

  it("shows that it keeps up when it is sent much, and takes the answer for what it is", async () => {
    const feed = testFeed();
    feed.bus.subscribe((event) => feed.seen.push(event));
    await feed.turn();
    const heard: string[] = [];
    feed.far[0]?.addEventListener("message", ({ data }) => {
      heard.push(String(data));
    });
    const name = "x".repeat(liveLimits.unheardBytes / 8);
    say(feed.far[0], { kind: "suggestion", name, change: "updated", revision: 1 });
    tell(feed.far[0], { type: "pong" });
    await feed.turn();
    expect(heard).toEqual(["ping"]);
    expect(feed.seen).toEqual(everyListChanged);
  });

  it("tells of a burst of changes once, and of the next burst again", async () => {
    const feed = testFeed();
    feed.bus.subscribe((event) => feed.seen.push(event));
    await feed.turn();
    const listed = [{ kind: "tools_list_changed" }, { kind: "resources_list_changed" }];
    for (const burst of [1, 2]) {
      feed.seen.length = 0;
      for (let i = 0; i < 100; i += 1)
        say(feed.far[0], { kind: "tool", name: `t${i % 2}`, change: "created", revision: burst * 100 + i });
      await feed.turn();
      expect(feed.seen).toEqual([]);
      await feed.runTimer();
      expect(feed.seen).toEqual([
        ...listed,
        { kind: "resource_updated", uri: "tool://t0" },
        { kind: "resource_updated", uri: "tool://t1" },
      ]);
    }
    expect(feed.delays).toEqual([250, 250]);
  });

  it("tells what it still held back when access ends, and nothing once unsubscribed", async () => {
    for (const stop of ["access", "unsubscribed"]) {
      const feed = testFeed();
      const off = feed.bus.subscribe((event) => feed.seen.push(event));
      await feed.turn();
      say(feed.far[0], { kind: "dataset", name: "sales", change: "updated", revision: 3 });
      await feed.turn();
      if (stop === "access") feed.far[0]?.close(accessEndedCode, "token revoked");
      else off();
      await feed.turn();
      await feed.runTimer();
      const held = stop === "access" ? [{ kind: "resource_updated", uri: "dataset://sales" }] : [];
      expect(feed.seen).toEqual([...everyListChanged, ...held]);
    }
  });

  it("waits longer after each failure, up to the limit, and starts over after a success", async () => {
    const busy = () => new Response("busy", { status: 503 });
    const feed = testFeed([fail, busy, fail, fail, fail, fail, fail]);
    feed.bus.subscribe((event) => feed.seen.push(event));
    await feed.turn();
    for (let i = 0; i < 7; i += 1) await feed.runTimer();
    feed.far[0]?.close(1011);
    await feed.turn();
    expect(feed.delays).toEqual([250, 500, 1000, 2000, 4000, 8000, 10_000, 250]);
    expect(feed.seen).toEqual(everyListChanged);
  });

  it("ends the stream when access has ended and does not come back", async () => {
    const feed = testFeed();
    feed.bus.subscribe((event) => feed.seen.push(event));
    await feed.turn();
    feed.far[0]?.close(accessEndedCode, "token revoked");
    await feed.turn();
    expect(feed.ended()).toBe(1);
    expect(feed.delays).toEqual([]);
  });

  it("ends the stream when the feed refuses the caller, or one more listener", async () => {
    for (const status of [401, 429]) {
      const feed = testFeed([() => new Response("no", { status })]);
      feed.bus.subscribe((event) => feed.seen.push(event));
      await feed.turn();
      expect([feed.ended(), feed.delays, feed.seen]).toEqual([1, [], []]);
    }
  });

  it("opens nothing once unsubscribed", async () => {
    const feed = testFeed([fail]);
    const off = feed.bus.subscribe((event) => feed.seen.push(event));
    await feed.turn();
    off();
    await feed.runTimer();
    expect(feed.far).toEqual([]);
    expect(feed.seen).toEqual([]);
  });

  it("does not publish: that is the object's part", () => {
    expect(() => testFeed().bus.publish({ kind: "tools_list_changed" })).toThrow(
      "changes are published by the team's object",
    );
  });
});

describe("readTeamEvent", () => {
  const read = (event: object) => readTeamEvent(JSON.stringify({ name: "a", revision: 7, ...event }));

  it("names the lists that changed and the resource", () => {
    expect(read({ kind: "tool", change: "removed" })).toEqual([
      { kind: "tools_list_changed" },
      { kind: "resources_list_changed" },
      { kind: "resource_updated", uri: "tool://a" },
    ]);
    expect(read({ kind: "dataset", change: "created" })).toEqual([
      { kind: "resources_list_changed" },
      { kind: "resource_updated", uri: "dataset://a" },
    ]);
    expect(read({ kind: "function", change: "updated" })).toEqual([{ kind: "resource_updated", uri: "function://a" }]);
    expect(read({ kind: "proposal", change: "created" })).toEqual([{ kind: "resource_updated", uri: "proposal://a" }]);
  });

  it("has nothing to say to MCP clients of what is no tool or resource", () => {
    for (const kind of ["suggestion", "notification", "team"]) expect(read({ kind, change: "created" })).toEqual([]);
    expect(read({ kind: "team", change: "updated", state: "restored" })).toEqual(everyListChanged);
  });
});
