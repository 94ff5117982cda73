// A team's limiter: who is charged, what a refusal says, and what is stored how often. Runs in workerd.
import { expect, it } from "vitest";
import { describeError } from "../../core/errors.ts";
import { teamSettingsSchema } from "../teams/schema.ts";
import { Limiter, type StoredBucket } from "./rate-limits.ts";

const start = 1_800_000_000_000;
const ada = { userId: "usr_ada", credential: { id: "tok_1" } };
const adaElsewhere = { userId: "usr_ada", credential: { id: "tok_2" } };
const ben = { userId: "usr_ben", credential: { id: "tok_3" } };

function settings(rates: Record<string, number>) {
  return teamSettingsSchema.parse({ rate_limits: rates });
}

function limiter(max = 60_000, stored: StoredBucket[] = []) {
  const saved: StoredBucket[] = [];
  return { saved, limiter: new Limiter({ load: () => stored, save: (bucket) => void saved.push(bucket) }, max) };
}

function refusalOf(run: () => unknown) {
  try {
    run();
  } catch (error) {
    return describeError(error);
  }
  return undefined;
}

it("charges the person and the token of each request, and shows all four limits", () => {
  const { limiter: limits } = limiter();
  const rates = settings({ person_per_minute: 60, token_per_minute: 30, query_per_minute: 10, write_per_minute: 5 });
  limits.enter(ada, rates, start);
  expect(limits.enter(adaElsewhere, rates, start)).toEqual([
    { limit: "person", quota: 60, remaining: 58, resetSeconds: 2 },
    { limit: "token", quota: 30, remaining: 29, resetSeconds: 2 },
    { limit: "query", quota: 10, remaining: 10, resetSeconds: 0 },
    { limit: "write", quota: 5, remaining: 5, resetSeconds: 0 },
  ]);
  expect(limits.spend("query", ada, rates, start)).toEqual({
    limit: "query",
    quota: 10,
    remaining: 9,
    resetSeconds: 6,
  });
  expect(limits.enter(ben, rates, start)[2]).toEqual({ limit: "query", quota: 10, remaining: 10, resetSeconds: 0 });
});

it("refuses in words that say what to do, charges nothing for it, and goes on when it said", () => {
  const { limiter: limits } = limiter(100);
  const rates = settings({ person_per_minute: 6, token_per_minute: 2 });
  limits.enter(ada, rates, start);
  limits.enter(ada, rates, start);
  expect(refusalOf(() => limits.enter(ada, rates, start))).toEqual({
    code: "rate_limited",
    message: "The team allows 2 requests of one token or connection a minute, and they are used up.",
    hint: "Go on in 30 s. An admin can set rate_limits.token_per_minute to 100 at most with update_team.",
    details: { limit: "token", quota: 2, window_seconds: 60, retry_after: 30 },
  });
  // The person's own bucket was not charged for the refusal.
  expect(limits.enter(adaElsewhere, rates, start)[0]?.remaining).toBe(3);
  expect(refusalOf(() => limits.enter(ada, rates, start + 29_999))?.code).toBe("rate_limited");
  expect(limits.enter(ada, rates, start + 30_000)[1]?.remaining).toBe(0);
});

it("holds a team to the deployment's bound whatever its settings say", () => {
  const { limiter: limits } = limiter(1);
  const rates = settings({ write_per_minute: 50 });
  expect(limits.spend("write", ada, rates, start).quota).toBe(1);
  expect(refusalOf(() => limits.spend("write", ada, rates, start))?.message).toBe(
    "The team allows 1 writes of one person a minute, and they are used up.",
  );
});

it("stores a bucket only below half, once a second, and when it refuses", () => {
  const { limiter: limits, saved } = limiter();
  const rates = settings({ write_per_minute: 4 });
  for (let i = 0; i < 2; i++) limits.spend("write", ada, rates, start);
  expect(saved).toEqual([]);
  limits.spend("write", ada, rates, start);
  limits.spend("write", ada, rates, start + 1);
  expect(saved).toEqual([{ key: "write:usr_ada", level: 1, at: start }]);
  for (let i = 0; i < 50; i++) refusalOf(() => limits.spend("write", ada, rates, start + 1_500));
  expect(saved.slice(1)).toEqual([{ key: "write:usr_ada", level: expect.closeTo(0, 3), at: start + 1 }]);
});

it("begins with what was stored", () => {
  const { limiter: limits } = limiter(100, [{ key: "query:usr_ada", level: 0.5, at: start }]);
  const rates = settings({ query_per_minute: 60 });
  expect(refusalOf(() => limits.spend("query", ada, rates, start))?.details?.retry_after).toBe(1);
  expect(limits.spend("query", ada, rates, start + 500).remaining).toBe(0);
});
