// The deployment's teams, what each has and does, and making another with its first owner. Runs at the edge.
import * as z from "zod";
import { newTeamSlugSchema } from "../../../core/names.ts";
import { decodeCursor, encodeCursor, invalidCursor } from "../../../core/paging.ts";
import { parseWith } from "../../../core/parse.ts";
import type { TeamMetrics } from "../../../features/metrics/schema.ts";
import { type TeamStanding, teamNameSchema } from "../../../features/teams/schema.ts";
import { createTeamForOperator } from "../../../features/teams/teams.ts";
import { listLimits } from "../../../limits.ts";
import { deploymentClient } from "../../../platform/deployment-client.ts";
import { teamClient } from "../../../platform/team-client.ts";
import { askTeams } from "../../rest/metrics.ts";
import { inviteAsOperator, operatorCaller, operatorInviteSchema } from "../../rest/operator.ts";
import { textField } from "../actions.ts";
import { Field, Form, Problem } from "../forms.tsx";
import { Ago, bytes, Copy, count, DataTable, Empty, Pager, Tag } from "../parts.tsx";
import type { Attempt } from "../routes.ts";
import { callsOf, failuresOf, storageOf } from "./figures.ts";
import { type OperatorAction, type OperatorContext, operatorPage } from "./frame.tsx";

const rowsAPage = listLimits.toolEntries;

interface TeamRow {
  slug: string;
  createdAt: number;
  isByPerson: boolean;
  /** Undefined when the team's object did not answer. */
  standing: TeamStanding | undefined;
  metrics: TeamMetrics | undefined;
}

interface Made {
  slug: string;
  created: boolean;
  url: string;
}

export async function teamsPage(c: OperatorContext, attempt?: Attempt, made?: Made): Promise<Response> {
  const url = new URL(c.req.url);
  const { rows, page } = await teamRows(c, url.searchParams.get("cursor") ?? undefined);
  return operatorPage(c, {
    title: "Teams",
    here: "teams",
    intro: "Every team of this deployment. A deleted one is here until it is removed for good.",
    attempt,
    ownProblems: ["create"],
    children: (
      <>
        {made === undefined ? null : <MadeCard made={made} />}
        {rows.length === 0 ? (
          <Empty title="No team yet">
            <p>Make the first one below and send its owner the link.</p>
          </Empty>
        ) : (
          <>
            <TeamsTable rows={rows} now={Date.now()} />
            <Pager url={url} page={page} what={page.total === 1 ? "team" : "teams"} />
          </>
        )}
        <div class="columns">
          <CreateCard attempt={attempt?.action === "create" ? attempt : undefined} />
          <OpenCard attempt={attempt?.action === "open" ? attempt : undefined} />
        </div>
      </>
    ),
  });
}

async function teamRows(c: OperatorContext, cursor: string | undefined) {
  const after = cursor === undefined ? undefined : decodeCursor(cursor).after;
  if (after !== undefined && typeof after !== "string") throw invalidCursor();
  const { teams, total } = await deploymentClient(c.env).listTeams({ after, limit: rowsAPage + 1 });
  const shown = teams.slice(0, rowsAPage);
  const known = await askTeams(
    shown.map(({ slug }) => slug),
    async (slug) => {
      const team = teamClient(c.env.TEAM, slug);
      const [standing, metrics] = await Promise.all([team.teams().standing(), team.metrics().snapshot()]);
      return { standing, metrics };
    },
  );
  const rows = shown.map(({ slug, createdAt, createdByPerson }): TeamRow => {
    const found = known.get(slug);
    return {
      slug,
      createdAt,
      isByPerson: createdByPerson !== null,
      standing: found?.standing,
      metrics: found?.metrics,
    };
  });
  const next = teams.length > shown.length ? encodeCursor({ after: shown.at(-1)?.slug }) : undefined;
  return { rows, page: { returned: rows.length, total, ...(next === undefined ? {} : { next_cursor: next }) } };
}

function TeamsTable({ rows, now }: { rows: readonly TeamRow[]; now: number }) {
  return (
    <DataTable
      caption="Teams"
      rows={rows}
      columns={[
        { label: "Team", cell: (row) => <TeamName row={row} /> },
        { label: "State", cell: ({ standing }) => <State standing={standing} now={now} /> },
        {
          label: "People",
          number: true,
          cell: ({ standing }) => (standing === undefined ? "" : count(standing.counts.people)),
        },
        {
          label: "Calls",
          number: true,
          cell: ({ metrics }) =>
            metrics === undefined ? (
              ""
            ) : (
              <>
                {count(callsOf(metrics))}
                <span class="beneath">{count(failuresOf(metrics))} failed</span>
              </>
            ),
        },
        {
          label: "Stored",
          number: true,
          cell: ({ metrics }) => (metrics === undefined ? "" : bytes(storageOf(metrics))),
        },
        {
          label: "Last active",
          wide: true,
          cell: ({ standing }) =>
            standing === undefined ? (
              ""
            ) : standing.last_active === null ? (
              "never"
            ) : (
              <Ago at={standing.last_active} now={now} />
            ),
        },
        {
          label: "Created",
          wide: true,
          cell: ({ createdAt, isByPerson }) => (
            <>
              <Ago at={createdAt} now={now} />
              <span class="beneath">by {isByPerson ? "a person" : "the operator"}</span>
            </>
          ),
        },
      ]}
    />
  );
}

function TeamName({ row: { slug, standing } }: { row: TeamRow }) {
  return (
    <>
      <a href={`/operator/teams/${slug}`}>{slug}</a>
      {standing === undefined || standing.name === slug ? null : (
        <span class="beneath">
          <bdi>{standing.name}</bdi>
        </span>
      )}
    </>
  );
}

/** Whether a team lives. */
export function State({ standing, now }: { standing: TeamStanding | undefined; now: number }) {
  if (standing === undefined) return <Tag tone="bad">no answer</Tag>;
  if (standing.purge_at === null) return <Tag tone="good">open</Tag>;
  return (
    <>
      <Tag tone="warn">deleted</Tag>
      <span class="beneath">
        goes <Ago at={standing.purge_at} now={now} />
      </span>
    </>
  );
}

function MadeCard({ made: { slug, created, url } }: { made: Made }) {
  return (
    <section class="card shown-once" aria-labelledby="made-title" role="status">
      <h2 id="made-title">
        {created ? `The team ${slug} is there.` : `The team ${slug} was there already.`} Its owner's link, shown this
        once
      </h2>
      <Copy id="made-link" text={url} label="owner's link" />
      <p>Whoever opens it first is signed in and becomes owner.</p>
    </section>
  );
}

function CreateCard({ attempt }: { attempt: Attempt | undefined }) {
  return (
    <section class="card" aria-labelledby="create-title">
      <h2 id="create-title">Make a team</h2>
      {attempt === undefined ? null : <Problem attempt={attempt} />}
      <Form action="create">
        <Field
          name="slug"
          label="Name in its URL"
          required
          maxlength={40}
          attempt={attempt}
          prefix="new"
          hint="Lower-case letters, digits and hyphens. It never changes."
        />
        <Field name="name" label="Name" maxlength={100} attempt={attempt} prefix="new" hint="Empty: as in its URL." />
        <button type="submit">Make it, and a link for its owner</button>
      </Form>
    </section>
  );
}

function OpenCard({ attempt }: { attempt: Attempt | undefined }) {
  return (
    <section class="card" aria-labelledby="open-title">
      <h2 id="open-title">Go to a team</h2>
      <p>Also to one that is gone and of which the bucket still has backups.</p>
      <Form action="open">
        <Field name="slug" label="Name in its URL" required maxlength={40} attempt={attempt} prefix="open" />
        <button type="submit" class="quiet">
          Go
        </button>
      </Form>
    </section>
  );
}

const newTeamSchema = z.object({ slug: newTeamSlugSchema, name: teamNameSchema });

export const teamsActions: Readonly<Record<string, OperatorAction>> = {
  create: async (c, form) => {
    const slug = textField(form, "slug") ?? "";
    const input = parseWith(newTeamSchema, { slug, name: textField(form, "name") ?? slug }, "team");
    const created = await createTeamForOperator(c.env, input, operatorCaller(c.req.raw));
    const invitation = parseWith(operatorInviteSchema, { role: "owner", sign_in: true }, "invitation");
    const { url } = await inviteAsOperator(c.req.raw, c.env, slug, invitation);
    return teamsPage(c, undefined, { slug, created, url });
  },
  open: async (_c, form) => {
    const slug = parseWith(newTeamSlugSchema, textField(form, "slug") ?? "", "slug");
    return { to: `/operator/teams/${slug}`, done: "" };
  },
};
