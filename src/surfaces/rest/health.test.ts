// Liveness and readiness: what is asked, what a failing part looks like, and that nothing of it is told. Runs in workerd.
import { env } from "cloudflare:workers";
import { afterEach, beforeAll, expect, it, vi } from "vitest";
import { deploymentClient } from "../../platform/deployment-client.ts";
import { checkReadiness, healthRoutes } from "./health.ts";

// The first touch of an object loads the whole Worker, which may take longer than a test may.
beforeAll(async () => void (await deploymentClient(env).ping()), 60_000);
afterEach(() => vi.restoreAllMocks());

const now = 1_800_000_000_000;
const well = { ok: true, ms: expect.any(Number) };
const ill = { ok: false, ms: expect.any(Number) };

it("is ready when the object, R2, KV and the queue answer, and is asked without leaving anything behind", async () => {
  const sent = vi.spyOn(env.BACKGROUND, "send");
  expect(await checkReadiness(env, now)).toEqual({
    status: "ok",
    checked_at: "2027-01-15T08:00:00.000Z",
    checks: { object: well, files: well, grants: well, queue: well },
  });
  expect(sent).not.toHaveBeenCalled();
});

it("names the part that fails, and why only in the log", async () => {
  const log = vi.spyOn(console, "error").mockImplementation(() => undefined);
  const files = { head: () => Promise.reject(new Error("bucket xyz is gone")) } as unknown as R2Bucket;
  const queue = { metrics: () => Promise.reject(new Error("no queue")) } as unknown as typeof env.BACKGROUND;
  const readiness = await checkReadiness({ ...env, FILES: files, BACKGROUND: queue }, now);
  expect(readiness).toEqual({
    status: "failing",
    checked_at: "2027-01-15T08:00:00.000Z",
    checks: { object: well, files: ill, grants: well, queue: ill },
  });
  expect(log.mock.calls.map(([text]) => JSON.parse(String(text)))).toEqual([
    { event: "not_ready", part: "files", error: expect.stringContaining("bucket xyz is gone") },
    { event: "not_ready", part: "queue", error: expect.stringContaining("no queue") },
  ]);
});

it("answers 200 or 503, and from memory for a while", async () => {
  vi.spyOn(console, "error").mockImplementation(() => undefined);
  let asked = 0;
  const kv = { get: async () => ++asked } as unknown as typeof env.OAUTH_KV;
  const broken = { get: () => Promise.reject(new Error("away")) } as unknown as typeof env.OAUTH_KV;
  const clock = vi.spyOn(Date, "now");
  const ask = async (at: number, grants: typeof env.OAUTH_KV) => {
    clock.mockReturnValue(at);
    const response = await healthRoutes.request("/ready", {}, { ...env, OAUTH_KV: grants });
    return [response.status, ((await response.json()) as { status: string }).status];
  };
  expect([await ask(now, kv), await ask(now + 4_999, broken), asked]).toEqual([[200, "ok"], [200, "ok"], 1]);
  expect(await ask(now + 5_000, broken)).toEqual([503, "failing"]);
  expect(await ask(now + 10_000, kv)).toEqual([200, "ok"]);
});

it("says that it lives whatever else fails", async () => {
  const response = await healthRoutes.request("/", {}, {});
  expect([response.status, await response.json()]).toEqual([200, { status: "ok" }]);
});
