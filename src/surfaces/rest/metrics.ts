// /metrics of the deployment and of one team, as Prometheus scrapes them. Runs at the edge.
import { type Context, Hono } from "hono";
import * as z from "zod";
import type { TeamRoutes } from "../../context.ts";
import { logFailure } from "../../core/log.ts";
import { teamSlugSchema } from "../../core/names.ts";
import { parseWith } from "../../core/parse.ts";
import { guarded } from "../../features/access/access.ts";
import {
  exposition,
  type Family,
  prometheusType,
  type QueueBacklog,
  queueFamilies,
  teamFamilies,
} from "../../features/metrics/prometheus.ts";
import { metricsLimits } from "../../limits.ts";
import { deploymentClient } from "../../platform/deployment-client.ts";
import { teamClient } from "../../platform/team-client.ts";
import { requireOperator } from "./operator.ts";

const pageSchema = z.strictObject({ after: teamSlugSchema.optional() });

/** Mounted at /t/:team/metrics. */
export const teamMetricsRoutes = new Hono<TeamRoutes>().get("/", guarded("metrics:read"), async (c) => {
  const { actor, stub, team } = c.get("call");
  const { role, scopes, username } = actor;
  const metrics = await stub.metrics().snapshot({ role, scopes, username });
  return answer(c, teamFamilies([{ team, metrics }]));
});

/** Mounted at /metrics: every team's totals without its tools' names, and the queues. `?after=<slug>` goes on behind a team. */
export const deploymentMetricsRoutes = new Hono<{ Bindings: Env }>().get("/", async (c) => {
  await requireOperator(c.req.raw, c.env);
  const { after } = parseWith(pageSchema, c.req.query(), "query");
  const deployment = deploymentClient(c.env);
  const [{ teams, total }, queues, backlog] = await Promise.all([
    deployment.listTeams({ after, limit: metricsLimits.teams }),
    deployment.queues(),
    readBacklog(c.env),
  ]);
  const slugs = teams.map(({ slug }) => slug);
  const read = await askTeams(slugs, (slug) => teamClient(c.env.TEAM, slug).metrics().snapshot());
  return answer(c, [
    gauge("super_data_teams", "Teams of the deployment.", [{ labels: {}, value: total }]),
    gauge("super_data_teams_shown", "Of those, teams in this answer.", [{ labels: {}, value: slugs.length }]),
    gauge(
      "super_data_team_up",
      "1 when the team's object answered.",
      slugs.map((team) => ({ labels: { team }, value: read.has(team) ? 1 : 0 })),
    ),
    ...teamFamilies([...read].map(([team, metrics]) => ({ team, metrics }))),
    ...queueFamilies(queues, backlog, Date.now()),
  ]);
});

function answer(c: Context, families: readonly Family[]): Response {
  return c.body(exposition(families), 200, { "content-type": prometheusType, "cache-control": "no-store" });
}

function gauge(name: string, help: string, samples: Family["samples"]): Family {
  return { name, help, type: "gauge", samples };
}

/** Asks the teams' objects, some at a time. One that fails is left out and logged: the others' answers are needed most then. */
export async function askTeams<Answer>(
  slugs: readonly string[],
  ask: (slug: string) => Promise<Answer>,
): Promise<Map<string, Answer>> {
  const found = new Map<string, { answer: Answer } | undefined>(slugs.map((slug) => [slug, undefined]));
  const waiting = slugs.values();
  const worker = async (): Promise<void> => {
    for (const slug of waiting) {
      try {
        found.set(slug, { answer: await ask(slug) });
      } catch (error) {
        logFailure("team_metrics_failed", { team: slug }, error);
      }
    }
  };
  await Promise.all(Array.from({ length: metricsLimits.teamsAtOnce }, worker));
  return new Map([...found].flatMap(([slug, found]) => (found === undefined ? [] : [[slug, found.answer]])));
}

/** What waits in the background queue, or undefined when it cannot be asked. */
export async function readBacklog(env: Env): Promise<(QueueBacklog & { queue: string }) | undefined> {
  try {
    return { ...(await env.BACKGROUND.metrics()), queue: "super-data-background" };
  } catch (error) {
    logFailure("queue_metrics_failed", {}, error);
    return undefined;
  }
}
