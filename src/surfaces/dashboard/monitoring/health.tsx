// Whether the team and the server it runs on are well: one line a check. Runs at the edge.
import type { Child } from "hono/jsx";
import { dayMs } from "../../../core/durations.ts";
import type { TeamActivity } from "../../../features/activity/schema.ts";
import type { Readiness } from "../../rest/health.ts";
import { Ago, count, Tag, type Tone } from "../parts.tsx";

interface Check {
  what: string;
  tone: Tone;
  /** One word on how it is. */
  state: string;
  more?: Child;
}

const parts = {
  object: "Register of teams",
  files: "File storage",
  grants: "App connections",
  queue: "Background queue",
} as const satisfies Record<keyof Readiness["checks"], string>;

export function HealthCard(props: { activity: TeamActivity; readiness: Readiness; now: number }) {
  const checks = checksOf(props);
  const failing = checks.filter(({ tone }) => tone === "bad").length;
  const doubtful = checks.filter(({ tone }) => tone === "warn").length;
  return (
    <section class="card" aria-labelledby="health">
      <h2 id="health">
        Health{" "}
        {failing > 0 ? (
          <Tag tone="bad">{count(failing)} failing</Tag>
        ) : doubtful > 0 ? (
          <Tag tone="warn">{count(doubtful)} to look at</Tag>
        ) : (
          <Tag tone="good">well</Tag>
        )}
      </h2>
      <ul class="checks">
        {checks.map(({ what, tone, state, more }) => (
          <li>
            <span class="what">{what}</span>
            {more === undefined ? null : <span class="hint">{more}</span>}
            <Tag tone={tone}>{state}</Tag>
          </li>
        ))}
      </ul>
    </section>
  );
}

function checksOf({ activity, readiness, now }: Parameters<typeof HealthCard>[0]): Check[] {
  const server = Object.entries(parts).map(([part, what]): Check => {
    const { ok, ms } = readiness.checks[part as keyof typeof parts];
    return ok
      ? { what, tone: "good", state: "well", more: `${count(ms)} ms` }
      : { what, tone: "bad", state: "failing", more: "The operator finds why in the log, under not_ready." };
  });
  return [
    { what: "Team storage", tone: "good", state: "well" },
    workspaceCheck(activity),
    ...server,
    backupCheck(activity, now),
    ...workChecks(activity),
  ];
}

function workspaceCheck({ now }: TeamActivity): Check {
  const what = "Tables and frames";
  if (now.workspace_bytes !== null) return { what, tone: "good", state: "well" };
  return {
    what,
    tone: "bad",
    state: "failing",
    more: "The workspace did not answer; load the page again in a minute.",
  };
}

function backupCheck({ last_backup: last }: TeamActivity, now: number): Check {
  const what = "Last backup";
  if (last === null)
    return { what, tone: "warn", state: "none yet", more: "One is made every night; Settings makes one now." };
  const more = <Ago at={last.at} now={now} />;
  if (last.state === "failed") return { what, tone: "bad", state: "failed", more };
  if (last.state === "taken") return { what, tone: "plain", state: "being stored", more };
  return now - Date.parse(last.at) > 2 * dayMs
    ? { what, tone: "warn", state: "old", more }
    : { what, tone: "good", state: "stored", more };
}

function workChecks({ now, queue }: TeamActivity): Check[] {
  const dead = queue.reduce((sum, point) => sum + point.dead, 0);
  const failed = queue.reduce((sum, point) => sum + point.failed, 0);
  return [
    dead > 0
      ? {
          what: "Background work",
          tone: "bad",
          state: `${count(dead)} given up on`,
          more: "The operator finds them among the dead letters.",
        }
      : failed > 0
        ? {
            what: "Background work",
            tone: "warn",
            state: `${count(failed)} ${failed === 1 ? "try" : "tries"} failed`,
            more: "Each is tried again.",
          }
        : { what: "Background work", tone: "good", state: "well" },
    now.deliveries_dead > 0
      ? {
          what: "Webhooks and mail",
          tone: "bad",
          state: `${count(now.deliveries_dead)} not delivered`,
          more: "Settings, Webhooks shows why and sends them again.",
        }
      : { what: "Webhooks and mail", tone: "good", state: "well" },
  ];
}
