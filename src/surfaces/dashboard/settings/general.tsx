// What the team is called and how it works: every setting, grouped, and what the team may have at most. Runs at the edge.
import { may } from "../../../features/access/access.ts";
import type { Team } from "../../../features/teams/schema.ts";
import { type Action, given, textField, useTool } from "../actions.ts";
import { Field, Form, Problem } from "../forms.tsx";
import { count } from "../parts.tsx";
import type { Attempt, PageContext } from "../routes.ts";
import { SettingGroupCard, settingActions, settingsDone } from "./setting-form.tsx";
import { settingGroups } from "./setting-groups.ts";
import { settingsPage } from "./tabs.tsx";

export async function generalPage(c: PageContext, attempt?: Attempt): Promise<Response> {
  const call = c.get("call");
  const team = await call.stub.teams().describe();
  return settingsPage(c, {
    tab: "general",
    title: "Settings",
    intro: may(call.actor, "settings:manage")
      ? "How the team works. Each part is saved by itself."
      : "How the team works. Admins and owners change it.",
    attempt,
    ownProblems: ["rename", ...settingGroups.map(({ id }) => id)],
    done: { ...settingsDone, renamed: "The team is renamed." },
    children: (
      <>
        <div class="columns">
          <NameCard c={c} team={team} attempt={attempt?.action === "rename" ? attempt : undefined} />
          <AmountsCard team={team} />
        </div>
        {settingGroups.map((group) => (
          <SettingGroupCard c={c} group={group} settings={team.settings} attempt={attempt} />
        ))}
      </>
    ),
  });
}

function NameCard({ c, team, attempt }: { c: PageContext; team: Team; attempt: Attempt | undefined }) {
  return (
    <section class="card" aria-labelledby="name-title">
      <h2 id="name-title">Team</h2>
      {attempt === undefined ? null : <Problem attempt={attempt} />}
      {may(c.get("call").actor, "settings:manage") ? (
        <Form action="rename">
          <Field name="name" label="Name" value={team.name} required maxlength={100} attempt={attempt} prefix="team" />
          <button type="submit">Rename</button>
        </Form>
      ) : (
        <p>
          <bdi>{team.name}</bdi>
        </p>
      )}
      <dl class="facts">
        <dt>Name in its URL</dt>
        <dd>
          <code>{team.slug}</code>, which never changes
        </dd>
        <dt>Since</dt>
        <dd>{team.created_at.slice(0, 10)}</dd>
      </dl>
    </section>
  );
}

/** How much of what it may have the team has. */
function AmountsCard({ team: { counts, limits } }: { team: Team }) {
  return (
    <section class="card" aria-labelledby="amounts-title">
      <h2 id="amounts-title">What it has</h2>
      <dl class="amounts">
        {Object.entries(counts).map(([what, number]) => {
          const limit = limits[what];
          const label = what.replaceAll("_", " ");
          return (
            <div>
              <dt>{label}</dt>
              <dd>
                {count(number)}
                {limit === undefined ? null : (
                  <>
                    {" "}
                    of {count(limit)}
                    <meter
                      min={0}
                      max={limit}
                      high={limit * 0.9}
                      value={number}
                      aria-label={`${label}: ${number} of ${limit}`}
                    />
                  </>
                )}
              </dd>
            </div>
          );
        })}
      </dl>
    </section>
  );
}

export const generalActions: Readonly<Record<string, Action>> = {
  ...settingActions,
  rename: async (call, form) => {
    const { data } = await useTool(call, "update_team", given({ name: textField(form, "name") }), form);
    return { done: data.outcome === "changed" ? "renamed" : "unchanged" };
  },
};
