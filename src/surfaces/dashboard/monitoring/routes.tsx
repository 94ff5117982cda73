// Monitoring: how the team's calls do over time, what is slow or fails, background work and storage. Runs at the edge.
import { Hono } from "hono";
import { guarded } from "../../../features/access/access.ts";
import { readActivity } from "../../../features/activity/activity.ts";
import { type ActivityWindow, activityWindows, type TeamActivity } from "../../../features/activity/schema.ts";
import { recentReadiness } from "../../rest/health.ts";
import { pathOf } from "../actions.ts";
import { teamPage } from "../page.tsx";
import { bytes, count, Empty, Tabs, urlOf, withQuery } from "../parts.tsx";
import type { DashboardRoutes, PageContext } from "../routes.ts";
import { HealthCard } from "./health.tsx";
import { Calls, Durations, Queue, Storage, Waiting } from "./panels.tsx";
import { Codes, Tools, Users } from "./rankings.tsx";

const windowNames: Readonly<Record<ActivityWindow, string>> = {
  "1h": "Last hour",
  "24h": "Last 24 hours",
  "7d": "Last 7 days",
  "30d": "Last 30 days",
};

/** Tools and people in each list. */
const listed = 10;

/** How often the page is loaded anew while it is open. */
const refresh = "every 60s";

export const monitoringRoutes = new Hono<DashboardRoutes>().get("/", guarded("metrics:read"), (c) => monitoringPage(c));

async function monitoringPage(c: PageContext): Promise<Response> {
  const call = c.get("call");
  const window = activityWindows.find((one) => one === c.req.query("window")) ?? "24h";
  const [activity, readiness] = await Promise.all([
    readActivity(call, { window, limit: listed }),
    recentReadiness(c.env, call.now()),
  ]);
  const url = urlOf(c);
  const within = { c, from: activity.from };
  return teamPage(c, {
    title: "Monitoring",
    section: "monitoring",
    intro: "How the team's calls do, what is slow or fails, and what is stored.",
    children: (
      <>
        <Tabs
          label="Window"
          tabs={activityWindows.map((one) => ({
            label: windowNames[one],
            href: withQuery(url, { window: one }),
            here: one === window,
          }))}
        />
        <div
          id="monitoring"
          hx-get={url.pathname + url.search}
          hx-trigger={refresh}
          hx-select="#monitoring"
          hx-swap="outerMorph"
        >
          <Numbers activity={activity} />
          <HealthCard activity={activity} readiness={readiness} now={call.now()} />
          {activity.calls === 0 ? (
            <Empty title="No calls in this window">
              <p>
                Choose a longer window, or <a href={pathOf(c, "")}>connect a client</a>: each call it makes is counted
                here.
              </p>
            </Empty>
          ) : (
            <>
              <div class="columns">
                <Calls activity={activity} />
                <Durations activity={activity} />
              </div>
              <div class="columns">
                <Tools
                  id="slow"
                  title="Slow tools"
                  hint="By p95: one call in twenty took longer."
                  tools={activity.slow_tools}
                  columns={["calls", "p50", "p95", "p99"]}
                  {...within}
                />
                <div>
                  <Tools
                    id="failing"
                    title="Failing tools"
                    hint="By errors."
                    tools={activity.failing_tools}
                    columns={["calls", "errors", "share"]}
                    only="failed"
                    {...within}
                  />
                  <Codes codes={activity.error_codes} {...within} />
                </div>
              </div>
              <div class="columns">
                <Tools
                  id="busy"
                  title="Most called"
                  hint={`${count(activity.tools_total)} tools and addresses were called.`}
                  tools={activity.tools}
                  columns={["calls", "errors", "p95"]}
                  {...within}
                />
                <Users users={activity.users} people={activity.people} {...within} />
              </div>
            </>
          )}
          <div class="columns">
            <Storage activity={activity} />
            <div>
              <Queue activity={activity} />
              <Waiting activity={activity} />
            </div>
          </div>
          <p class="hint">
            Times are UTC; the last step is not over yet. Percentiles are estimated from counts of durations by range.
            Pages of this dashboard are not counted.
          </p>
        </div>
      </>
    ),
  });
}

function Numbers({ activity }: { activity: TeamActivity }) {
  const { calls, errors, p50_ms, p95_ms, p99_ms, now } = activity;
  const share = calls === 0 ? 0 : (errors / calls) * 100;
  const ms = (value: number | null): string => (value === null ? "–" : `${count(value)} ms`);
  const stored = now.dataset_bytes + now.backup_bytes + now.upload_bytes + now.team_bytes + (now.workspace_bytes ?? 0);
  const numbers = [
    ["Calls", count(calls)],
    ["Errors", count(errors)],
    ["Share of errors", `${share.toFixed(share > 0 && share < 1 ? 2 : 0)} %`],
    ["p50", ms(p50_ms)],
    ["p95", ms(p95_ms)],
    ["p99", ms(p99_ms)],
    ["Stored now", bytes(stored)],
  ] as const;
  return (
    <dl class="stats">
      {numbers.map(([label, value]) => (
        <div>
          <dt>{label}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
