// The home page: what this is, or the signed-in person's teams and how to connect to them. Runs at the edge.
import type { Membership } from "../../features/people/schema.ts";
import { personClient } from "../../platform/person-client.ts";
import { teamClient } from "../../platform/team-client.ts";
import { publicOrigin, resourceOf } from "../oauth/addresses.ts";
import { mayCreateTeam } from "../sign-in/create-team.ts";
import { providerLabel, providerServes, readProviders, type SignInConfig } from "../sign-in/providers.ts";
import type { Session } from "../sign-in/session-cookie.ts";
import { renderPage } from "./page.tsx";
import { Copyable } from "./parts.tsx";

/** A team as its member's home page shows it. */
export interface TeamOfMine {
  slug: string;
  name: string;
  membership: Membership;
  mcpUrl: string;
  /** This session may not be used there. */
  isClosed: boolean;
}

export function welcomePage(): Promise<Response> {
  return renderPage({
    title: "A data server for teams and their assistants",
    children: (
      <>
        <h1>A data server for teams and their assistants</h1>
        <div class="card">
          <p>
            Super Data keeps a team's datasets and the tools that query them, and serves both to AI assistants over MCP.
            What an assistant may see and change is what the person it acts for may.
          </p>
          <p>
            <a class="button" href="/sign-in">
              Sign in
            </a>
          </p>
        </div>
        <p class="muted">New here? Open the invitation link that someone of your team sent you.</p>
      </>
    ),
  });
}

/** The home page of who is signed in. `joined` is the team they have just joined or created. */
export async function homePage(request: Request, env: Env, session: Session): Promise<Response> {
  const query = new URL(request.url).searchParams;
  const [teams, config] = [await teamsOf(request, env, session), readProviders(env)];
  const joined = teams.find(({ slug }) => slug === query.get("joined"));
  const mayCreate = mayCreateTeam(env, session);
  return renderPage({
    title: "Your teams",
    script: "page.js",
    person: session,
    children: (
      <>
        <h1>Your teams</h1>
        {joined === undefined ? null : (
          <div class="notice" role="status">
            <p>
              You are in <bdi>{joined.name}</bdi>. Next: add its MCP URL to your assistant.
            </p>
          </div>
        )}
        {teams.length === 0 ? <NoTeams mayCreate={mayCreate} /> : null}
        {teams.map((team) => (
          <TeamCard team={team} config={config} session={session} />
        ))}
        {teams.length > 0 ? (
          <p class="muted">
            Add a team's URL to your MCP client as a remote server. The client opens this site once and asks you what it
            may do.
          </p>
        ) : null}
        {mayCreate ? (
          <p>
            <a class="button quiet" href="/teams/new">
              Create a team
            </a>
          </p>
        ) : null}
      </>
    ),
  });
}

function TeamCard({ team, config, session }: { team: TeamOfMine; config: SignInConfig; session: Session }) {
  const { slug, name, membership, mcpUrl, isClosed } = team;
  return (
    <section class="card" aria-labelledby={`team-${slug}`}>
      <h2 id={`team-${slug}`}>
        <bdi>{name}</bdi> <span class="tag">{membership.role}</span>
      </h2>
      <label for={`url-${slug}`}>MCP URL</label>
      <Copyable id={`url-${slug}`} value={mcpUrl} label={`MCP URL of ${name}`} />
      {isClosed ? (
        <p class="warning">
          This team does not accept sign-in with {providerLabel(config, session.provider)}.{" "}
          <a href={`/sign-in?${new URLSearchParams({ team: slug })}`}>Sign in another way</a> to use it.
        </p>
      ) : null}
    </section>
  );
}

function NoTeams({ mayCreate }: { mayCreate: boolean }) {
  return (
    <div class="card">
      <p>You are in no team yet.</p>
      <p>
        Open the invitation link that someone of your team sent you{mayCreate ? ", or create a team" : ""}. If you were
        in one before, you may have been removed, or the team was deleted.
      </p>
    </div>
  );
}

/** The teams that still know this person; their own list may name others too. */
export async function teamsOf(request: Request, env: Env, session: Session): Promise<TeamOfMine[]> {
  const origin = publicOrigin(request, env);
  const slugs = await personClient(env, session.personId).teams();
  const found = await Promise.all(
    slugs.map(async (slug): Promise<TeamOfMine[]> => {
      const team = teamClient(env.TEAM, slug);
      // A team that was removed for good, or cannot be used now, must not take the page with it.
      const membership = await team
        .people()
        .membershipOf(session.personId)
        .catch(() => undefined);
      if (membership === undefined) return [];
      const { name } = await team.teams().identity();
      const isAccepted = membership.signInProviders?.includes(session.provider) ?? true;
      const isClosed = !isAccepted || !providerServes(env, session.provider, slug);
      return [{ slug, name, membership, mcpUrl: resourceOf(origin, slug), isClosed }];
    }),
  );
  return found.flat();
}
