// How the server and the team are, in plain words: ready, work that waits, the last backup, room left. Runs at the edge.
import type { Child } from "hono/jsx";
import { may } from "../../../features/access/access.ts";
import type { TeamActivity } from "../../../features/activity/schema.ts";
import { frameLimits } from "../../../workspace-limits.ts";
import type { Readiness } from "../../rest/health.ts";
import { pathOf } from "../actions.ts";
import { Ago, bytes, count, Tag } from "../parts.tsx";
import type { PageContext } from "../routes.ts";
import type { HomeData } from "./home-data.ts";

interface Line {
  what: string;
  is: Child;
}

export function Health({ c, data, readiness }: { c: PageContext; data: HomeData; readiness: Readiness }) {
  const lines = [
    serverLine(readiness),
    ...(data.activity === undefined ? [] : adminLines(c, data.activity)),
    roomLine(data),
  ];
  return (
    <section class="card" aria-labelledby="health-title">
      <h2 id="health-title">Health</h2>
      <dl class="facts">
        {lines.map(({ what, is }) => (
          <>
            <dt>{what}</dt>
            <dd>{is}</dd>
          </>
        ))}
      </dl>
      {may(c.get("call").actor, "metrics:read") ? (
        <p>
          <a href={pathOf(c, "/monitoring")}>Monitoring</a>
        </p>
      ) : null}
    </section>
  );
}

const parts = {
  object: "the register of teams",
  files: "file storage",
  grants: "app connections",
  queue: "the background queue",
} as const satisfies Record<keyof Readiness["checks"], string>;

function serverLine({ status, checks }: Readiness): Line {
  if (status === "ok") {
    return {
      what: "Server",
      is: (
        <>
          <Tag tone="good">ready</Tag> Everything it needs answers.
        </>
      ),
    };
  }
  const failing = Object.entries(checks).flatMap(([part, { ok }]) => (ok ? [] : [parts[part as keyof typeof parts]]));
  return {
    what: "Server",
    is: (
      <>
        <Tag tone="bad">not ready</Tag> No answer from {failing.join(" and ")}. The operator finds why in the log, under
        not_ready.
      </>
    ),
  };
}

function adminLines(c: PageContext, activity: TeamActivity): Line[] {
  return [queueLine(activity), backupLine(c, activity), storageLine(activity)];
}

function queueLine({ now }: TeamActivity): Line {
  const waiting = [
    ...some(now.deliveries_waiting, "webhook or mail", "webhooks and mails"),
    ...some(now.backups_waiting, "backup to store", "backups to store"),
    ...some(now.deletions_waiting, "file to delete", "files to delete"),
  ];
  return { what: "Background work", is: waiting.length === 0 ? "Nothing waits." : `Waiting: ${waiting.join(", ")}.` };
}

function some(number: number, one: string, many: string): string[] {
  return number === 0 ? [] : [`${count(number)} ${number === 1 ? one : many}`];
}

function backupLine(c: PageContext, { last_backup: last }: TeamActivity): Line {
  const now = c.get("call").now();
  const href = pathOf(c, "/settings/backups");
  if (last === null) {
    return {
      what: "Last backup",
      is: (
        <>
          None yet. One is made every night, <a href={href}>or now</a>.
        </>
      ),
    };
  }
  const state =
    last.state === "failed" ? (
      <Tag tone="bad">failed</Tag>
    ) : last.state === "taken" ? (
      <Tag>being stored</Tag>
    ) : (
      <Tag tone="good">stored</Tag>
    );
  return {
    what: "Last backup",
    is: (
      <>
        {state} <Ago at={last.at} now={now} />. <a href={href}>Backups</a>
      </>
    ),
  };
}

function storageLine({ now }: TeamActivity): Line {
  const frames =
    now.frame_bytes === null
      ? "tables and frames do not answer"
      : `frames ${bytes(now.frame_bytes)} of ${bytes(frameLimits.teamBytes)}`;
  return { what: "Stored", is: `Datasets ${bytes(now.dataset_bytes)}, ${frames}, backups ${bytes(now.backup_bytes)}.` };
}

/** What the team has of what it may have at most, as far as that is near; else how far away it is. */
function roomLine({ team: { counts, limits } }: HomeData): Line {
  const kinds = ["datasets", "tools", "functions", "people"] as const;
  const used = kinds.map((kind) => ({ kind, has: counts[kind], limit: limits[kind] ?? Number.POSITIVE_INFINITY }));
  const near = used.filter(({ has, limit }) => has >= 0.8 * limit);
  const shown = near.length > 0 ? near : used;
  return {
    what: "Room",
    is: (
      <>
        {near.length > 0 ? <Tag tone="warn">nearly full</Tag> : null}{" "}
        {shown.map(({ kind, has, limit }) => `${count(has)} of ${count(limit)} ${kind}`).join(", ")}.
      </>
    ),
  };
}
