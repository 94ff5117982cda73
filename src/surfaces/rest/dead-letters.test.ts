// Messages that the queue gave up on: kept once, listed, sent again, removed, by the operator alone. Runs in workerd.
import { env } from "cloudflare:workers";
import { afterEach, expect, it, vi } from "vitest";
import { send } from "../../../test/helpers/people.ts";
import wrangler from "../../../wrangler.toml?raw";
import { handleBackground } from "../background/consumer.ts";
import { deadLetterQueue } from "../background/dead-letters.ts";

afterEach(() => vi.restoreAllMocks());

const ask = (method: string, path: string) =>
  send(method, `/operator/dead-letters${path}`, { token: env.OPERATOR_TOKEN });

/** A batch of the dead letters' queue, as the platform hands it over. */
function batchOf(messages: { id: string; body: unknown }[]) {
  let acknowledged = 0;
  const batch = {
    queue: deadLetterQueue,
    messages: messages.map(({ id, body }) => ({ id, body, timestamp: new Date(1_800_000_000_000), attempts: 1 })),
    ackAll: () => {
      acknowledged += 1;
    },
  };
  return { batch: batch as unknown as MessageBatch<unknown>, acknowledged: () => acknowledged };
}

it("is what wrangler.toml says", () => {
  expect(wrangler).toContain(`dead_letter_queue = "${deadLetterQueue}"\n`);
  expect(wrangler).toContain(`[[queues.consumers]]\nqueue = "${deadLetterQueue}"\n`);
});

it("keeps each message once, lists it, sends it again and removes it", async () => {
  const [known, odd] = [crypto.randomUUID(), crypto.randomUUID()];
  const message = { type: "deliver", team: "no-such-team" } as const;
  const { batch, acknowledged } = batchOf([
    { id: known, body: message },
    { id: odd, body: { type: "from another version" } },
  ]);
  const ctx = { waitUntil: () => undefined };
  await handleBackground(batch, env, ctx);
  await handleBackground(batch, env, ctx);
  expect(acknowledged()).toBe(2);
  const first = await ask("GET", "?limit=1");
  expect(first.body).toMatchObject({ returned: 1, total: 2, truncated: true });
  const second = await ask("GET", `?limit=1&cursor=${String(first.body.next_cursor)}`);
  const letter = (id: string, type: string, team: string | null, body: unknown) => ({
    ...{ id, type, team, message: body, sent_at: "2027-01-15T08:00:00.000Z" },
    ...{ stored_at: expect.any(String), replayed_at: null },
  });
  expect([first.body.dead_letters, second.body.dead_letters]).toEqual([
    [letter(odd, "unknown", null, { type: "from another version" })],
    [letter(known, "deliver", "no-such-team", message)],
  ]);
  const queue = vi.spyOn(env.BACKGROUND, "send").mockResolvedValue(undefined as never);
  expect([(await ask("POST", `/${known}/replay`)).body, queue.mock.calls]).toEqual([{ replayed: known }, [[message]]]);
  expect((await ask("POST", `/${odd}/replay`)).body).toMatchObject({
    code: "unsupported",
    detail: "This message is of no kind that this version knows.",
  });
  expect((await ask("GET", "")).body).toMatchObject({ total: 1, dead_letters: [{ id: odd }] });
  expect((await ask("GET", "?all=true")).body).toMatchObject({ total: 2 });
  expect([(await ask("DELETE", `/${odd}`)).status, (await ask("DELETE", `/${known}`)).status]).toEqual([204, 204]);
  const gone = { code: "not_found", detail: "There is no dead letter of that id." };
  expect([(await ask("DELETE", `/${odd}`)).body, (await ask("POST", `/${odd}/replay`)).body]).toMatchObject([
    gone,
    gone,
  ]);
  expect((await send("GET", "/operator/dead-letters")).status).toBe(401);
});
