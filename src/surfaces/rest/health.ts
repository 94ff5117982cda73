// Whether the deployment lives and whether it can work: /health and /health/ready. Open to all, so it shows no more than that. Runs at the edge.
import { Hono } from "hono";
import { logFailure } from "../../core/log.ts";
import { metricsLimits } from "../../limits.ts";
import { deploymentClient } from "../../platform/deployment-client.ts";

interface PartHealth {
  ok: boolean;
  /** Milliseconds until it answered. */
  ms: number;
}

export interface Readiness {
  status: "ok" | "failing";
  checked_at: string;
  checks: { object: PartHealth; files: PartHealth; grants: PartHealth; queue: PartHealth };
}

type Parts = Pick<Env, "DEPLOYMENT" | "FILES" | "OAUTH_KV" | "BACKGROUND">;

/** A key that nothing is ever stored under. */
const probeKey = "health/probe";

// Per isolate, so that asking often loads nothing. Only a result: never a promise, which another request could wait on in vain.
let last: { readiness: Readiness; at: number } | undefined;

export const healthRoutes = new Hono<{ Bindings: Env }>()
  .get("/", (c) => c.json({ status: "ok" }))
  .get("/ready", async (c) => {
    const readiness = await recentReadiness(c.env, Date.now());
    return c.json(readiness, readiness.status === "ok" ? 200 : 503, { "cache-control": "no-store" });
  });

/** What asking each part came to, at most `metricsLimits.readyCacheMs` ago. */
export async function recentReadiness(env: Parts, now: number): Promise<Readiness> {
  if (last === undefined || now - last.at >= metricsLimits.readyCacheMs) {
    last = { readiness: await checkReadiness(env, now), at: now };
  }
  return last.readiness;
}

/**
 * Asks each part that requests need, side by side: the deployment's object reads its database, R2 and KV look for a key, and the queue says
 * how much waits in it, which shows that it can be reached and sends nothing. Why a part failed stands in the log alone.
 */
export async function checkReadiness(env: Parts, now: number): Promise<Readiness> {
  const [object, files, grants, queue] = await Promise.all([
    check("object", () => deploymentClient(env).ping()),
    check("files", () => env.FILES.head(probeKey)),
    check("grants", () => env.OAUTH_KV.get(probeKey)),
    check("queue", () => env.BACKGROUND.metrics()),
  ]);
  const checks = { object, files, grants, queue };
  const isReady = Object.values(checks).every(({ ok }) => ok);
  return { status: isReady ? "ok" : "failing", checked_at: new Date(now).toISOString(), checks };
}

async function check(part: string, ask: () => Promise<unknown>): Promise<PartHealth> {
  const startedAt = Date.now();
  const overdue = scheduler.wait(metricsLimits.readyTimeoutMs).then(() => {
    throw new Error(`no answer in ${metricsLimits.readyTimeoutMs} ms`);
  });
  // The one that comes second fails in silence.
  overdue.catch(() => undefined);
  try {
    await Promise.race([ask(), overdue]);
    return { ok: true, ms: Date.now() - startedAt };
  } catch (error) {
    logFailure("not_ready", { part }, error);
    return { ok: false, ms: Date.now() - startedAt };
  }
}
