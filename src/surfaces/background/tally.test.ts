// What is counted of a batch: failures, last tries, lag of first deliveries; and that a failing count fails nothing. Runs in workerd.
import { env } from "cloudflare:workers";
import { afterEach, beforeAll, expect, it, vi } from "vitest";
import { freshTeam, useTool } from "../../../test/helpers/team.ts";
import wrangler from "../../../wrangler.toml?raw";
import type { QueueReport } from "../../features/metrics/schema.ts";
import { deploymentClient } from "../../platform/deployment-client.ts";
import { maxRetries, tallyOf } from "./tally.ts";

// The first touch of an object loads the whole Worker, which may take longer than a test may.
beforeAll(async () => void (await deploymentClient(env).ping()), 60_000);
afterEach(() => vi.restoreAllMocks());

const now = 1_800_000_000_000;

function batchOf(messages: { attempts: number; sentMsAgo: number; body?: unknown }[], queue = "q") {
  return {
    queue,
    messages: messages.map(({ attempts, sentMsAgo, body }, index) => ({
      ...{ id: `m${index}`, attempts, timestamp: new Date(now - sentMsAgo), body },
    })),
  } as unknown as MessageBatch<unknown>;
}

it("counts what was handled, what failed and what failed for the last time", async () => {
  const queue = `q-${crypto.randomUUID()}`;
  const batch = batchOf(
    [
      { attempts: 1, sentMsAgo: 40 },
      { attempts: 1, sentMsAgo: -5 },
      { attempts: 3, sentMsAgo: 90_000 },
      { attempts: maxRetries + 1, sentMsAgo: 400_000 },
    ],
    queue,
  );
  for (let i = 0; i < 2; i++) {
    const tally = tallyOf(batch, now);
    for (const message of batch.messages.slice(2)) tally.failed(message);
    await tally.report(env);
  }
  const totals = (await deploymentClient(env).queues()).find((total) => total.queue === queue);
  expect(totals).toEqual({
    queue,
    handled: 4,
    failed: 4,
    deadLetters: 2,
    totalLagMs: 80,
    lastHandledAt: expect.any(Number),
    buckets: [2, 0, 0, 2, ...Array.from({ length: 11 }, () => 0)] satisfies QueueReport["lagsMs"],
  });
});

it("fails no batch when it cannot be written", async () => {
  const log = vi.spyOn(console, "error").mockImplementation(() => undefined);
  const away = { get: () => ({ recordQueue: () => Promise.reject(new Error("away")) }), idFromName: () => undefined };
  await tallyOf(batchOf([{ attempts: 1, sentMsAgo: 1 }]), now).report({
    DEPLOYMENT: away as unknown as Env["DEPLOYMENT"],
    TEAM: env.TEAM,
  });
  expect(JSON.parse(String(log.mock.lastCall?.[0]))).toMatchObject({ event: "queue_not_counted", queue: "q" });
});

it("tells each team what came of its own messages", async () => {
  const [one, other] = [await freshTeam(), await freshTeam()];
  const deliver = (slug: string) => ({ type: "deliver", team: slug });
  const batch = batchOf([
    { attempts: 1, sentMsAgo: 40, body: deliver(one.slug) },
    { attempts: 2, sentMsAgo: 40, body: deliver(one.slug) },
    { attempts: maxRetries + 1, sentMsAgo: 40, body: deliver(one.slug) },
    { attempts: 1, sentMsAgo: 7, body: { type: "settle_proposal", team: other.slug, proposal: "prp_1" } },
    { attempts: 1, sentMsAgo: 7, body: { type: "deliver", team: "nobody-knows-it" } },
    { attempts: 1, sentMsAgo: 7, body: { type: "purge_team", team: other.slug } },
  ]);
  const tally = tallyOf(batch, now);
  for (const message of batch.messages.slice(1, 3)) tally.failed(message);
  await tally.report(env);
  const workOf = async ({ call }: typeof one) => {
    const { data } = await useTool(await call("owner"), "team_activity", {});
    return (data.queue as unknown[]).at(-1);
  };
  expect(await workOf(one)).toMatchObject({ handled: 1, failed: 2, dead: 1, delay_p95_ms: 40 });
  expect(await workOf(other)).toMatchObject({ handled: 1, failed: 0, dead: 0, delay_p95_ms: 7 });
});

it("knows how often wrangler.toml has a message tried again", () => {
  expect(wrangler).toContain(`max_retries = ${maxRetries}\n`);
});
