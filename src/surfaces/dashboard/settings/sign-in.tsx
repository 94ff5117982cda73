// The ways of signing in that the team accepts, of those that the deployment offers it. Runs at the edge.
import { providerLabel, readProviders, type SignInConfig } from "../../sign-in/providers.ts";
import { type Action, useTool } from "../actions.ts";
import { Check, Form, Problem } from "../forms.tsx";
import { DataTable, Empty, Tag } from "../parts.tsx";
import type { Attempt, PageContext } from "../routes.ts";
import { settingsPage } from "./tabs.tsx";

export async function signInPage(c: PageContext, attempt?: Attempt): Promise<Response> {
  const call = c.get("call");
  const config = readProviders(c.env);
  const { settings } = await call.stub.teams().describe();
  const offered = call.signInWays();
  const accepted = settings.sign_in_providers;
  return settingsPage(c, {
    tab: "sign-in",
    title: "Sign-in",
    intro: "Who gets in with a browser or an app: ways are set up by whoever runs this deployment, and accepted here.",
    attempt,
    ownProblems: ["accept"],
    done: {
      saved: "Saved. It holds from now on.",
      disconnected:
        "Saved. Connected apps were signed out, since each was allowed by someone who had signed in some way.",
      unchanged: "Nothing was different, so nothing changed.",
    },
    children: (
      <>
        <section class="card" aria-labelledby="accept-title">
          <h2 id="accept-title">Ways that the team accepts</h2>
          {attempt === undefined ? null : <Problem attempt={attempt} />}
          <Form action="accept">
            <Check
              name="all"
              prefix="way"
              checked={accepted === null}
              attempt={attempt}
              label="All that this deployment offers, also those it will offer later"
            />
            <fieldset>
              <legend>Else only these</legend>
              {[...new Set([...offered, ...(accepted ?? [])])].map((way) => (
                <Check
                  name="way"
                  prefix="way"
                  value={way}
                  checked={accepted === null || accepted.includes(way)}
                  attempt={attempt}
                  label={providerLabel(config, way)}
                />
              ))}
            </fieldset>
            <p class="hint">
              Fewer ways sign out everyone who came another way, and disconnect every app. A link of the operator always
              gets in.
            </p>
            <button type="submit">Save</button>
          </Form>
        </section>
        <Rules config={config} offered={offered} accepted={accepted} />
      </>
    ),
  });
}

/** What the deployment says of each way: read here, set by its operator. */
function Rules(props: { config: SignInConfig; offered: readonly string[]; accepted: readonly string[] | null }) {
  const { config, offered, accepted } = props;
  return (
    <section aria-labelledby="rules-title">
      <h2 id="rules-title">What this deployment allows</h2>
      {offered.length === 0 ? (
        <Empty title="No way to sign in is set up">
          <p>People come by links of the operator, and scripts with tokens.</p>
        </Empty>
      ) : (
        <DataTable
          caption="Ways to sign in"
          rows={offered}
          columns={[
            { label: "Way", cell: (way) => <bdi>{providerLabel(config, way)}</bdi> },
            { label: "Only addresses of", cell: (way) => domainsOf(config, way) },
            {
              label: "Here",
              cell: (way) =>
                accepted === null || accepted.includes(way) ? <Tag tone="good">accepted</Tag> : <Tag>not accepted</Tag>,
            },
          ]}
        />
      )}
      <p class="hint">
        Domains are set by the operator with ALLOWED_EMAIL_DOMAINS and OIDC_…_DOMAINS. Signing in alone opens no team:
        that takes an invitation.
      </p>
    </section>
  );
}

function domainsOf(config: SignInConfig, way: string): string {
  if (way === "passkey") return "whoever was invited";
  const domains = config.providers.find(({ id }) => id === way)?.domains ?? [];
  return domains.length === 0 ? "any domain" : domains.join(", ");
}

export const signInActions: Readonly<Record<string, Action>> = {
  accept: async (call, form) => {
    const providers = form.get("all") === "yes" ? null : form.getAll("way");
    const { data } = await useTool(call, "update_team", { settings: { sign_in_providers: providers } }, form);
    if (data.outcome !== "changed") return { done: "unchanged" };
    return { done: Number(data.disconnected) > 0 ? "disconnected" : "saved" };
  },
};
