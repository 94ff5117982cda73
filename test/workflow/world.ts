// The real team that the proof drives: its object, its people, a clock and a queue that the proof holds in its hands. Runs in workerd.
import {
  createExecutionContext,
  createMessageBatch,
  evictDurableObject,
  getQueueResult,
  runDurableObjectAlarm,
  runInDurableObject,
  waitOnExecutionContext,
} from "cloudflare:test";
import { env } from "cloudflare:workers";
import { vi } from "vitest";
import type { CallContext } from "../../src/context.ts";
import { describeError } from "../../src/core/errors.ts";
import { systemCaller } from "../../src/features/access/access.ts";
import { makeToken } from "../../src/features/access/token.ts";
import { teamClient } from "../../src/platform/team-client.ts";
import { handleBackground } from "../../src/surfaces/background/consumer.ts";
import type { BackgroundMessage } from "../../src/surfaces/background/messages.ts";
import { enterTeam } from "../../src/surfaces/session.ts";
import { useTool } from "../helpers/team.ts";
import { type Fate, mortal, WorkerDied } from "./crash.ts";
import type { Role } from "./model.ts";

/** A message on the queue that the proof plays. */
export interface Queued {
  body: BackgroundMessage;
  /** When the real queue would have delivered it, on the proof's clock. */
  at: number;
}

export type Outcome =
  | { end: "done"; data: Record<string, unknown> }
  | { end: "refused"; code: string; message: string }
  | { end: "died" };

const operator = systemCaller("operator", "proof");
/** Far enough ahead that no alarm goes off by the machine's own clock. */
const beginning = Date.UTC(2050, 0, 1);

export class World {
  readonly slug = `wf-${crypto.randomUUID().slice(0, 18)}`;
  readonly queue: Queued[] = [];
  /** Failures that the product has logged since they were last taken. */
  logged: string[] = [];
  readonly #tokens = new Map<string, string>();
  #restore: (() => void)[] = [];

  /** Takes clock, queue and log into the proof's hands, and makes a team. To be ended with `close`. */
  static async open(): Promise<World> {
    const world = new World();
    vi.useFakeTimers({ toFake: ["Date"] });
    vi.setSystemTime(beginning);
    const queue = vi.spyOn(Object.getPrototypeOf(env.BACKGROUND), "send");
    queue.mockImplementation(async (...args: unknown[]) => {
      const [body, options] = args as [BackgroundMessage, { delaySeconds?: number } | undefined];
      if (body.team === world.slug) world.queue.push({ body, at: world.now + (options?.delaySeconds ?? 0) * 1000 });
    });
    const log = vi.spyOn(console, "error").mockImplementation((line: unknown) => void world.logged.push(String(line)));
    world.#restore = [() => queue.mockRestore(), () => log.mockRestore(), () => vi.useRealTimers()];
    await teamClient(env.TEAM, world.slug).create({ slug: world.slug, name: world.slug });
    return world;
  }

  close(): void {
    for (const undo of this.#restore) undo();
  }

  get now(): number {
    return Date.now();
  }

  set now(time: number) {
    vi.setSystemTime(time);
  }

  get stub(): DurableObjectStub {
    return env.TEAM.get(env.TEAM.idFromName(this.slug));
  }

  /** Puts the object away: what it had only in memory is gone. */
  async restart(): Promise<void> {
    // An object that is not running has nothing to lose.
    await evictDurableObject(this.stub).catch(() => undefined);
  }

  /**
   * Makes someone a member, again too. Their token is an owner's, so that it never caps the role they have: `by`, an owner, gives them that;
   * left out, they stay an owner.
   */
  async join(username: string, role: Role, by?: string): Promise<void> {
    const { token, hash, prefix } = await makeToken();
    const row = { username, role: "owner" as const, label: "proof", hash, prefix, expiresAt: null };
    await teamClient(env.TEAM, this.slug).access().createToken(row, operator);
    this.#tokens.set(username, token);
    if (by === undefined) return;
    const outcome = await this.use(by, "set_role", { username, role });
    if (outcome.end !== "done") throw new Error(`${username} could not be made ${role}: ${JSON.stringify(outcome)}`);
  }

  /** A call of someone's, through the product's door. */
  async call(username: string, fate?: Fate, between?: () => Promise<void>): Promise<CallContext> {
    const headers = { authorization: `Bearer ${this.#tokens.get(username) ?? "none"}`, "user-agent": "proof" };
    const request = new Request(`https://data.test/t/${this.slug}/mcp`, { headers });
    const worker = { ...env, TEAM: mortal(fate, between) };
    return enterTeam(request, worker, { waitUntil: () => undefined }, this.slug);
  }

  /** Someone calls a tool; what it comes to is data. */
  async use(
    username: string,
    tool: string,
    args: Record<string, unknown>,
    fate?: Fate,
    between?: () => Promise<void>,
  ): Promise<Outcome> {
    const late: Promise<unknown>[] = [];
    try {
      const context = await this.call(username, fate, between);
      const answer = await useTool({ ...context, waitUntil: (promise) => void late.push(promise) }, tool, args);
      await Promise.allSettled(late);
      return { end: "done", data: answer.data };
    } catch (error) {
      await Promise.allSettled(late);
      if (error instanceof WorkerDied) return { end: "died" };
      const { code, message } = describeError(error);
      return code === "internal" ? { end: "refused", code, message: `${error}` } : { end: "refused", code, message };
    }
  }

  /** Delivers a message. Returns false when it is to be tried again. */
  async deliver(message: BackgroundMessage, fate?: Fate, between?: () => Promise<void>): Promise<boolean> {
    const ctx = createExecutionContext();
    const batch = createMessageBatch("super-data-background", [
      { id: crypto.randomUUID(), timestamp: new Date(this.now), attempts: 1, body: message },
    ]);
    const worker = { ...env, TEAM: mortal(fate, between) };
    await handleBackground(batch, worker, ctx);
    await waitOnExecutionContext(ctx);
    return (await getQueueResult(batch, ctx)).explicitAcks.length === 1;
  }

  /** Rings the object's alarm whatever its time. Returns false when none is set. */
  alarm(): Promise<boolean> {
    return runDurableObjectAlarm(this.stub);
  }

  /** When the alarm is set for; null for never. */
  alarmAt(): Promise<number | null> {
    return runInDurableObject(this.stub, (_object, state) => state.storage.getAlarm());
  }

  /** Rows of the object's tables, as they are stored. */
  rows<Row extends Record<string, SqlStorageValue>>(...statements: string[]): Promise<Row[][]> {
    return runInDurableObject(this.stub, (_object, state) =>
      statements.map((statement) => state.storage.sql.exec<Row>(statement).toArray()),
    );
  }
}
