// One team as the operator sees it: let an owner in, delete it, bring it back, also out of its backups. Runs at the edge.
import { isAppError } from "../../../core/errors.ts";
import { newTeamSlugSchema, teamSlugSchema } from "../../../core/names.ts";
import { parseWith } from "../../../core/parse.ts";
import { roles } from "../../../features/access/access.ts";
import { restoreFromBucket } from "../../../features/backups/making.ts";
import { listManifests, type Manifest } from "../../../features/backups/manifest.ts";
import { operatorRestoreSchema } from "../../../features/backups/schema.ts";
import type { TeamMetrics } from "../../../features/metrics/schema.ts";
import type { TeamStanding } from "../../../features/teams/schema.ts";
import { peopleLimits, teamLimits } from "../../../limits.ts";
import { siteOf } from "../../../platform/site.ts";
import { teamClient } from "../../../platform/team-client.ts";
import { inviteAsOperator, operatorCaller, operatorInviteSchema } from "../../rest/operator.ts";
import { given, numberField, textField } from "../actions.ts";
import { ActionButton, Check, Field, Form, Problem } from "../forms.tsx";
import { Ago, bytes, Copy, count, DataTable, Empty, Tag } from "../parts.tsx";
import type { Attempt } from "../routes.ts";
import { callsOf, failuresOf, storageOf } from "./figures.ts";
import { type OperatorAction, type OperatorContext, operatorPage } from "./frame.tsx";
import { State } from "./teams.tsx";

/** A link that was made just now. */
interface Made {
  url: string;
  role: string;
}

interface Seen {
  standing: TeamStanding;
  metrics: TeamMetrics;
}

export async function teamPage(c: OperatorContext, attempt?: Attempt, made?: Made): Promise<Response> {
  const slug = slugOf(c);
  const [seen, manifests] = await Promise.all([look(c, slug), listManifests(c.env.FILES, slug)]);
  const failed = (action: string): Attempt | undefined => (attempt?.action === action ? attempt : undefined);
  return operatorPage(c, {
    title: slug,
    here: "teams",
    intro: seen === undefined ? "There is no team of this name." : <bdi>{seen.standing.name}</bdi>,
    attempt,
    ownProblems: ["invite", "delete", "restore_backup"],
    done: {
      deleted: `The team is deleted. It can be restored for ${teamLimits.graceDays} days.`,
      restored: "The team is back as it was.",
      made: "The team was made out of the backup.",
    },
    children: (
      <>
        {made === undefined ? null : <MadeCard made={made} />}
        {seen === undefined ? null : <Facts seen={seen} />}
        {seen === undefined ? null : seen.standing.deleted_at === null ? (
          <div class="columns">
            <InviteCard attempt={failed("invite")} />
            <DeleteCard slug={slug} attempt={failed("delete")} />
          </div>
        ) : (
          <RestoreCard />
        )}
        <Backups
          slug={slug}
          manifests={[...manifests].reverse()}
          isThere={seen !== undefined}
          attempt={failed("restore_backup")}
        />
      </>
    ),
  });
}

function slugOf(c: OperatorContext): string {
  return parseWith(teamSlugSchema, c.req.param("team"), "team");
}

/** Undefined when there is no such team. */
async function look(c: OperatorContext, slug: string): Promise<Seen | undefined> {
  const team = teamClient(c.env.TEAM, slug);
  try {
    const [standing, metrics] = await Promise.all([team.teams().standing(), team.metrics().snapshot()]);
    return { standing, metrics };
  } catch (error) {
    if (isAppError(error) && error.code === "not_found") return undefined;
    throw error;
  }
}

function MadeCard({ made: { url, role } }: { made: Made }) {
  return (
    <section class="card shown-once" aria-labelledby="made-title" role="status">
      <h2 id="made-title">The link, shown this once</h2>
      <Copy id="made-link" text={url} label="invitation link" />
      <p>Whoever opens it first joins as {role}.</p>
    </section>
  );
}

function Facts({ seen: { standing, metrics } }: { seen: Seen }) {
  const now = Date.now();
  const { counts } = standing;
  const figures = [
    { label: "People", value: count(counts.people) },
    { label: "Of those owners", value: count(counts.owners) },
    { label: "Datasets", value: count(counts.datasets) },
    { label: "Tools", value: count(counts.tools) },
    { label: "Calls", value: count(callsOf(metrics)) },
    { label: "Of those failed", value: count(failuresOf(metrics)) },
    { label: "Stored", value: bytes(storageOf(metrics)) },
    {
      label: "Last active",
      value: standing.last_active === null ? "never" : <Ago at={standing.last_active} now={now} />,
    },
  ];
  return (
    <section aria-labelledby="facts-title">
      <h2 id="facts-title" class="hidden">
        Figures
      </h2>
      <p>
        <State standing={standing} now={now} />
      </p>
      <dl class="stats">
        {figures.map(({ label, value }) => (
          <div>
            <dt>{label}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      {counts.owners === 0 && standing.deleted_at === null ? (
        <p class="warning">Nobody owns this team. Invite an owner below.</p>
      ) : null}
    </section>
  );
}

function InviteCard({ attempt }: { attempt: Attempt | undefined }) {
  return (
    <section class="card" aria-labelledby="invite-title">
      <h2 id="invite-title">Let someone in</h2>
      {attempt === undefined ? null : <Problem attempt={attempt} />}
      <Form action="invite">
        <Field
          name="role"
          label="Role"
          value="owner"
          options={[...roles].reverse()}
          attempt={attempt}
          prefix="invite"
        />
        <Field
          name="email"
          label="Address"
          type="email"
          maxlength={254}
          attempt={attempt}
          prefix="invite"
          hint="Then only who signs in with this verified address may join. Empty: whoever has the link."
        />
        <Field
          name="days"
          label="Days it is open"
          type="number"
          attempt={attempt}
          prefix="invite"
          hint={`1 to ${peopleLimits.maxInvitationDays}; ${peopleLimits.invitationDays} when left empty.`}
        />
        <Check
          name="sign_in"
          attempt={attempt}
          prefix="invite"
          label="The link itself signs in, once: for who lost every other way, or where there is none yet"
        />
        <button type="submit">Make the link</button>
      </Form>
    </section>
  );
}

function DeleteCard({ slug, attempt }: { slug: string; attempt: Attempt | undefined }) {
  return (
    <section class="card" aria-labelledby="delete-title">
      <h2 id="delete-title">Delete the team</h2>
      <p>
        Everyone loses access at once. For {teamLimits.graceDays} days it can be restored here or by an owner; then all
        of it is removed for good, backups included.
      </p>
      {attempt === undefined ? null : <Problem attempt={attempt} />}
      <Form action="delete">
        <Field
          name="slug"
          label={`Type ${slug} to confirm`}
          required
          maxlength={40}
          attempt={attempt}
          prefix="delete"
          code
        />
        <button type="submit" class="danger">
          Delete the team
        </button>
      </Form>
    </section>
  );
}

function RestoreCard() {
  return (
    <section class="card" aria-labelledby="restore-title">
      <h2 id="restore-title">Restore the team</h2>
      <p>It comes back with everything in it, and everyone gets in as before.</p>
      <ActionButton action="restore" kind="primary" small={false}>
        Restore it
      </ActionButton>
    </section>
  );
}

function Backups(props: {
  slug: string;
  manifests: readonly Manifest[];
  isThere: boolean;
  attempt: Attempt | undefined;
}) {
  const { slug, manifests, isThere, attempt } = props;
  const now = Date.now();
  return (
    <section aria-labelledby="backups-title">
      <h2 id="backups-title">Backups in the bucket</h2>
      {manifests.length === 0 ? (
        <Empty title="None">
          <p>Backups are made every night, and by the team's admins.</p>
        </Empty>
      ) : (
        <>
          <DataTable
            caption="Backups"
            rows={manifests}
            columns={[
              {
                label: "Taken",
                cell: ({ created_at, id }) => (
                  <>
                    <Ago at={created_at} now={now} />
                    <span class="beneath">
                      <code>{id}</code>
                    </span>
                  </>
                ),
              },
              { label: "Why", cell: ({ reason }) => reason },
              { label: "Rows", number: true, cell: ({ rows }) => count(rows) },
              {
                label: "Stored",
                number: true,
                cell: ({ state, files }) =>
                  bytes(state.stored_bytes + files.reduce((sum, { bytes: size }) => sum + size, 0)),
              },
              {
                label: "Encrypted",
                wide: true,
                cell: ({ encryption }) => (encryption === null ? <Tag>no</Tag> : <Tag tone="good">yes</Tag>),
              },
            ]}
          />
          <div class="card">
            <h3>Make a team out of one</h3>
            {attempt === undefined ? null : <Problem attempt={attempt} />}
            <p>
              {isThere
                ? "The team is there and is not overwritten: give the copy a name of its own. Admins restore within the team on their page of backups."
                : "The team comes back as it was, or as a copy under another name."}
            </p>
            <Form action="restore_backup">
              <Field
                name="backup_id"
                label="Backup"
                prefix="backup"
                attempt={attempt}
                options={manifests.map(({ id, created_at }) => ({
                  value: id,
                  label: `${created_at.slice(0, 16).replace("T", " ")} UTC`,
                }))}
              />
              <Field
                name="as"
                label="Name in its URL"
                value={isThere ? "" : slug}
                required
                maxlength={40}
                prefix="backup"
                attempt={attempt}
              />
              <button type="submit" class="quiet">
                Make the team
              </button>
            </Form>
          </div>
        </>
      )}
    </section>
  );
}

export const teamActions: Readonly<Record<string, OperatorAction>> = {
  invite: async (c, form) => {
    const fields = given({
      role: textField(form, "role"),
      email: textField(form, "email"),
      expires_in_days: numberField(form, "days"),
      sign_in: form.get("sign_in") === "yes",
    });
    const input = parseWith(operatorInviteSchema, fields, "invitation");
    const { url, invitation } = await inviteAsOperator(c.req.raw, c.env, slugOf(c), input);
    return teamPage(c, undefined, { url, role: invitation.role });
  },
  delete: async (c, form) => {
    const teams = teamClient(c.env.TEAM, slugOf(c)).teams();
    await teams.delete(textField(form, "slug") ?? "", operatorCaller(c.req.raw));
    return { done: "deleted" };
  },
  restore: async (c) => {
    await teamClient(c.env.TEAM, slugOf(c)).teams().restore(operatorCaller(c.req.raw));
    return { done: "restored" };
  },
  restore_backup: async (c, form) => {
    const { backup_id: backupId, as = "" } = parseWith(
      operatorRestoreSchema,
      given({ backup_id: textField(form, "backup_id"), as: textField(form, "as") }),
      "restore",
    );
    const target = parseWith(newTeamSlugSchema, as, "as");
    const made = await restoreFromBucket(siteOf(c.env), c.env.FILES, { team: slugOf(c), backupId, as: target });
    return { to: `/operator/teams/${made.slug}`, done: "made" };
  },
};
