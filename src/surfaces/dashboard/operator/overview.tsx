// How the deployment does: its parts, its teams' calls, its queues. Runs at the edge.
import { bucketBoundsMs } from "../../../core/histogram.ts";
import type { Chart } from "../../../engines/plot/types.ts";
import type { QueueTotal, TeamMetrics } from "../../../features/metrics/schema.ts";
import { metricsLimits } from "../../../limits.ts";
import { deploymentClient } from "../../../platform/deployment-client.ts";
import { teamClient } from "../../../platform/team-client.ts";
import { checkReadiness, type Readiness } from "../../rest/health.ts";
import { askTeams, readBacklog } from "../../rest/metrics.ts";
import { ChartFigure } from "../chart.tsx";
import { Ago, bytes, count, DataTable, Empty, Tag } from "../parts.tsx";
import { callsOf, failuresOf, storageOf } from "./figures.ts";
import { type OperatorContext, operatorPage } from "./frame.tsx";

const shownTeams = 12;

const partLabels: Record<keyof Readiness["checks"], string> = {
  object: "Durable Objects",
  files: "Files (R2)",
  grants: "Grants (KV)",
  queue: "Queue",
};

export async function overviewPage(c: OperatorContext): Promise<Response> {
  const now = Date.now();
  const deployment = deploymentClient(c.env);
  const [readiness, { teams, total }, queues, backlog, dead] = await Promise.all([
    checkReadiness(c.env, now),
    deployment.listTeams({ limit: metricsLimits.teams }),
    deployment.queues(),
    readBacklog(c.env),
    deployment.deadLetters({ all: false, before: undefined, limit: 1 }),
  ]);
  const slugs = teams.map(({ slug }) => slug);
  const read = await askTeams(slugs, (slug) => teamClient(c.env.TEAM, slug).metrics().snapshot());
  const silent = slugs.filter((slug) => !read.has(slug));
  return operatorPage(c, {
    title: "Overview",
    here: "overview",
    intro:
      total > slugs.length
        ? `The whole deployment; figures are of the first ${count(slugs.length)} of ${count(total)} teams.`
        : "The whole deployment, as of now.",
    children: (
      <>
        <Health readiness={readiness} silent={silent} />
        <Totals teams={total} metrics={[...read.values()]} dead={dead.total} />
        <Calls read={read} />
        <Queues queues={queues} waiting={backlog?.backlogCount} now={now} />
      </>
    ),
  });
}

function Health({ readiness, silent }: { readiness: Readiness; silent: readonly string[] }) {
  const parts = Object.entries(readiness.checks) as [keyof Readiness["checks"], { ok: boolean; ms: number }][];
  return (
    <section aria-labelledby="health-title">
      <h2 id="health-title">
        Health {readiness.status === "ok" ? <Tag tone="good">all parts answer</Tag> : <Tag tone="bad">failing</Tag>}
      </h2>
      <dl class="stats">
        {parts.map(([part, { ok, ms }]) => (
          <div>
            <dt>{partLabels[part]}</dt>
            <dd>{ok ? <Tag tone="good">answers</Tag> : <Tag tone="bad">no answer</Tag>}</dd>
            <dd class="hint">{count(ms)} ms</dd>
          </div>
        ))}
      </dl>
      {silent.length === 0 ? null : (
        <p class="warning">
          {silent.length === 1 ? "This team did" : "These teams did"} not answer:{" "}
          {silent.slice(0, shownTeams).join(", ")}
          {silent.length > shownTeams ? ` and ${silent.length - shownTeams} more` : ""}. The log says why.
        </p>
      )}
    </section>
  );
}

function Totals({ teams, metrics, dead }: { teams: number; metrics: readonly TeamMetrics[]; dead: number }) {
  const sum = (of: (team: TeamMetrics) => number): number => metrics.reduce((total, team) => total + of(team), 0);
  const [calls, failures] = [sum(callsOf), sum(failuresOf)];
  const figures = [
    { label: "Teams", value: count(teams) },
    { label: "People in them", value: count(sum(({ gauges }) => gauges.people)) },
    { label: "Connected apps", value: count(sum(({ gauges }) => gauges.oauthConnections)) },
    { label: "Open feeds", value: count(sum(({ gauges }) => gauges.openStreams)) },
    { label: "Calls so far", value: count(calls) },
    { label: "Of those failed", value: calls === 0 ? "none" : `${((100 * failures) / calls).toFixed(1)} %` },
    { label: "Stored", value: bytes(sum(storageOf)) },
    { label: "Dead letters", value: count(dead), href: "/operator/dead-letters" },
  ];
  return (
    <section aria-labelledby="totals-title">
      <h2 id="totals-title">In all</h2>
      <dl class="stats">
        {figures.map(({ label, value, href }) => (
          <div>
            <dt>{label}</dt>
            <dd>{href === undefined ? value : <a href={href}>{value}</a>}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

function Calls({ read }: { read: ReadonlyMap<string, TeamMetrics> }) {
  const byTeam = [...read]
    .map(([team, metrics]) => ({ team, calls: callsOf(metrics), failures: failuresOf(metrics) }))
    .filter(({ calls }) => calls > 0)
    .sort((a, b) => b.calls - a.calls || (a.team < b.team ? -1 : 1))
    .slice(0, shownTeams);
  const buckets = bucketsOf([...read.values()]);
  if (byTeam.length === 0) {
    return (
      <Empty title="No call yet">
        <p>Charts of calls and durations appear with the first.</p>
      </Empty>
    );
  }
  return (
    <section aria-labelledby="calls-title">
      <h2 id="calls-title">Calls</h2>
      <div class="columns">
        <div class="card">
          <ChartFigure id="calls-by-team" chart={teamsChart(byTeam)}>
            <DataTable
              caption="Calls by team"
              rows={byTeam}
              columns={[
                { label: "Team", cell: ({ team }) => <a href={`/operator/teams/${team}`}>{team}</a> },
                { label: "Calls", number: true, cell: ({ calls }) => count(calls) },
                { label: "Failed", number: true, cell: ({ failures }) => count(failures) },
              ]}
            />
          </ChartFigure>
        </div>
        <div class="card">
          <ChartFigure id="durations" chart={durationsChart(buckets)}>
            <DataTable
              caption="How long calls take"
              rows={buckets}
              columns={[
                { label: "Takes", cell: ({ label }) => label },
                { label: "Calls", number: true, cell: ({ calls }) => count(calls) },
              ]}
            />
          </ChartFigure>
        </div>
      </div>
    </section>
  );
}

interface Bucket {
  label: string;
  calls: number;
}

function bucketsOf(metrics: readonly TeamMetrics[]): Bucket[] {
  const said = (ms: number): string => (ms < 1_000 ? `${ms} ms` : `${ms / 1_000} s`);
  const labels = [...bucketBoundsMs.map((bound) => `≤ ${said(bound)}`), `> ${said(bucketBoundsMs.at(-1) ?? 0)}`];
  return labels
    .map((label, at) => ({
      label,
      calls: metrics.reduce((sum, { totals }) => sum + totals.reduce((all, row) => all + (row.buckets[at] ?? 0), 0), 0),
    }))
    .filter(({ calls }) => calls > 0);
}

function teamsChart(rows: readonly { team: string; calls: number; failures: number }[]): Chart {
  return {
    kind: "bar",
    title: "Calls by team",
    description: `Calls since each team began; ${rows[0]?.team ?? "none"} has the most.`,
    xLabel: "Team",
    yLabel: "Calls",
    xScale: "category",
    series: [
      { name: "Calls", points: rows.map(({ team, calls }) => ({ x: team, y: calls })) },
      { name: "Failed", points: rows.map(({ team, failures }) => ({ x: team, y: failures })) },
    ],
  };
}

function durationsChart(buckets: readonly Bucket[]): Chart {
  return {
    kind: "bar",
    title: "How long calls take",
    description: "Calls of all teams by how long they took.",
    xLabel: "Takes",
    yLabel: "Calls",
    xScale: "category",
    series: [{ name: "Calls", points: buckets.map(({ label, calls }) => ({ x: label, y: calls })) }],
  };
}

function Queues({ queues, waiting, now }: { queues: readonly QueueTotal[]; waiting: number | undefined; now: number }) {
  return (
    <section aria-labelledby="queues-title">
      <h2 id="queues-title">Queues</h2>
      {waiting === undefined ? null : <p>{waiting === 1 ? "1 message waits." : `${count(waiting)} messages wait.`}</p>}
      {queues.length === 0 ? (
        <Empty title="No message yet">
          <p>Notifications, nightly backups and deadlines go through queues; what they did is shown here.</p>
        </Empty>
      ) : (
        <DataTable
          caption="Queues"
          rows={queues}
          columns={[
            { label: "Queue", cell: ({ queue }) => queue },
            { label: "Handled", number: true, cell: ({ handled }) => count(handled) },
            { label: "Failed", number: true, cell: ({ failed }) => count(failed) },
            { label: "Given up on", number: true, cell: ({ deadLetters }) => count(deadLetters) },
            {
              label: "Wait on average",
              number: true,
              wide: true,
              cell: (queue) => waitOf(queue),
            },
            { label: "Last", cell: ({ lastHandledAt }) => <Ago at={lastHandledAt} now={now} /> },
          ]}
        />
      )}
    </section>
  );
}

function waitOf({ buckets, totalLagMs }: QueueTotal): string {
  const counted = buckets.reduce((sum, number) => sum + number, 0);
  return counted === 0 ? "unknown" : `${count(Math.round(totalLagMs / counted))} ms`;
}
