// The RateLimit fields, checked against the grammar of structured fields. Runs in workerd.
import { expect, it } from "vitest";
import { setRateLimitHeaders, setRefusalHeaders } from "./rate-limits.ts";

it("lists each limit's policy and where it stands", () => {
  const headers = new Headers();
  setRateLimitHeaders(headers, [
    { limit: "person", quota: 1200, remaining: 1199, resetSeconds: 1 },
    { limit: "query", quota: 600, remaining: 0, resetSeconds: 60 },
  ]);
  expect(Object.fromEntries(headers)).toEqual({
    "ratelimit-policy": '"person";q=1200;w=60, "query";q=600;w=60',
    ratelimit: '"person";r=1199;t=1, "query";r=0;t=60',
  });
  const item = String.raw`"[a-z]+"(;[a-z]+=\d{1,15})+`;
  for (const value of headers.values()) expect(value).toMatch(new RegExp(`^${item}(, ${item})*$`));
});

it("says nothing when nothing is known", () => {
  const headers = new Headers();
  setRateLimitHeaders(headers, []);
  setRefusalHeaders(headers, undefined);
  expect([...headers]).toEqual([]);
});

it("tells a refused caller when to come back, and of an address no more than that", () => {
  const refused = new Headers();
  setRefusalHeaders(refused, { limit: "token", quota: 30, window_seconds: 60, retry_after: 2 });
  expect(Object.fromEntries(refused)).toEqual({
    "retry-after": "2",
    "ratelimit-policy": '"token";q=30;w=60',
    ratelimit: '"token";r=0;t=2',
  });
  const address = new Headers();
  setRefusalHeaders(address, { limit: "address", retry_after: 9 });
  expect(Object.fromEntries(address)).toEqual({ "retry-after": "9" });
});
