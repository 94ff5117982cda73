// Failures by network address: exact in one object, forgiven in time, and nothing kept after that. Runs in workerd.
import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, it, vi } from "vitest";
import { blockedFor, failedAttempt, failureLimit } from "./address-client.ts";

let last = 0;
const freshAddress = (): string => `198.51.100.${++last}`;
const from = (address: string): Request =>
  new Request("https://data.test/", { headers: { "cf-connecting-ip": address } });
const objectOf = (address: string) => env.ADDRESS.get(env.ADDRESS.idFromName(address));
const few = { ...env, SIGN_IN_FAILURES_PER_MINUTE: "0.2" } as typeof env;

it("lets an address fail so often, then says how long to wait, also from memory and without its object", async () => {
  const address = freshAddress();
  expect(failureLimit(few, "sign_in")).toEqual({ capacity: 2, perMinute: 0.2 });
  const together = await Promise.all([1, 2, 3].map(() => failedAttempt(from(address), few, "sign_in")));
  expect(together.filter((answer) => answer === undefined).length).toBe(2);
  const [refused] = together.filter((answer) => answer !== undefined);
  expect([299, 300]).toContain(refused?.retryAfter);
  expect(blockedFor(from(address), "sign_in")?.retryAfter).toBeGreaterThan(290);
  const asleep = { ADDRESS: undefined } as unknown as typeof env;
  expect((await failedAttempt(from(address), asleep, "sign_in"))?.retryAfter).toBeGreaterThan(290);
  // Another kind of failure and another address are counted by themselves.
  expect(blockedFor(from(address), "token")).toBeUndefined();
  expect(await failedAttempt(from(address), few, "token")).toBeUndefined();
  expect(await failedAttempt(from(freshAddress()), few, "sign_in")).toBeUndefined();
});

it("counts all of an IPv6 /64 as one, and neither loopback nor a request without an address", async () => {
  const tries = ["2001:db8:7:7::1", "2001:db8:7:7:ffff::2", "2001:db8:7:7::3"];
  const answers = [];
  for (const address of tries) answers.push(await failedAttempt(from(address), few, "sign_in"));
  expect(answers.map((answer) => answer === undefined)).toEqual([true, true, false]);
  for (let i = 0; i < 5; i++) {
    expect(await failedAttempt(from("127.0.0.1"), few, "sign_in")).toBeUndefined();
    expect(await failedAttempt(new Request("https://data.test/"), few, "sign_in")).toBeUndefined();
  }
});

it("keeps nothing of an address once all is forgiven", async () => {
  const address = freshAddress();
  await failedAttempt(from(address), few, "sign_in");
  const kept = () =>
    runInDurableObject(objectOf(address), async (_object, state) => ({
      entries: [...state.storage.kv.list()].length,
      alarm: await state.storage.getAlarm(),
    }));
  expect(await kept()).toEqual({ entries: 1, alarm: expect.any(Number) });
  expect(await runDurableObjectAlarm(objectOf(address))).toBe(true);
  // It rang before its time, so it waits on.
  expect(await kept()).toEqual({ entries: 1, alarm: expect.any(Number) });
  const real = Date.now();
  const clock = vi.spyOn(Date, "now").mockReturnValue(real + 301_000);
  try {
    await runDurableObjectAlarm(objectOf(address));
  } finally {
    clock.mockRestore();
  }
  expect(await kept()).toEqual({ entries: 0, alarm: null });
});

it("has limits of its own that variables replace", () => {
  expect(failureLimit({}, "sign_in")).toEqual({ capacity: 20, perMinute: 2 });
  expect(failureLimit({}, "token")).toEqual({ capacity: 100, perMinute: 60 });
  expect(failureLimit({ TOKEN_GUESSES_PER_MINUTE: "6" }, "token")).toEqual({ capacity: 10, perMinute: 6 });
  for (const wrong of ["", "none", "-1", "0"]) {
    expect(failureLimit({ TOKEN_GUESSES_PER_MINUTE: wrong }, "token")).toEqual({ capacity: 100, perMinute: 60 });
  }
});
