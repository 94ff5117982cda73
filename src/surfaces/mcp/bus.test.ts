// The feed behind a stream: reconnecting, ending, and reading events. Runs in workerd.
import type { ServerEvent } from "@modelcontextprotocol/server";
import { describe, expect, it } from "vitest";
import { accessEndedCode } from "../../core/feed.ts";
import { everyListChanged, feedBus, readTeamEvent } from "./bus.ts";

/** A feed whose far ends are kept, and whose timers run when told. */
function testFeed(answers: (() => Response)[] = []) {
  const far: WebSocket[] = [];
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
    connect: async () => (answers.shift() ?? accept)(),
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
  return { bus, far, delays, seen, turn, runTimer, ended: () => ended };
}

const fail = (): Response => {
  throw new Error("no object");
};
const say = (socket: WebSocket | undefined, event: object): void => socket?.send(JSON.stringify(event));

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

  it("opens a lost feed again and asks for everything anew", async () => {
    const feed = testFeed();
    feed.bus.subscribe((event) => feed.seen.push(event));
    await feed.turn();
    feed.far[0]?.close(1011, "object restarted");
    await feed.turn();
    await feed.runTimer();
    say(feed.far[1], { kind: "tool", name: "a", change: "updated", revision: 5 });
    await feed.turn();
    await feed.runTimer();
    expect(feed.delays).toEqual([250, 250]);
    expect(feed.seen).toEqual([
      ...everyListChanged,
      ...everyListChanged,
      { kind: "tools_list_changed" },
      { kind: "resource_updated", uri: "tool://a" },
    ]);
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

  it("ends the stream when the feed refuses the caller", async () => {
    const feed = testFeed([() => new Response("no", { status: 401 })]);
    feed.bus.subscribe((event) => feed.seen.push(event));
    await feed.turn();
    expect(feed.ended()).toBe(1);
    expect(feed.delays).toEqual([]);
    expect(feed.seen).toEqual([]);
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
  });
});
