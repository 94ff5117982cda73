// The home page: what this is, or the signed-in person's teams and how to connect to them. Runs at the edge.
import { scopes } from "../../core/define-tool.ts";
import { AppError } from "../../core/errors.ts";
import type { Membership } from "../../features/people/schema.ts";
import type { RestorableTeam } from "../../features/teams/schema.ts";
import { personClient } from "../../platform/person-client.ts";
import { teamClient } from "../../platform/team-client.ts";
import { publicOrigin, resourceOf } from "../oauth/addresses.ts";
import { addressOf, requestIdOf } from "../session.ts";
import { mayCreateTeam } from "../sign-in/create-team.ts";
import { providerLabel, providerServes, readProviders, type SignInConfig } from "../sign-in/providers.ts";
import type { Session } from "../sign-in/session-cookie.ts";
import { renderPage } from "./page.tsx";
import { Copyable, Time } from "./parts.tsx";

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
  const [{ teams, deleted }, config] = [await allTeamsOf(request, env, session), readProviders(env)];
  const gone = deleted.find(({ slug }) => slug === query.get("deleted"));
  const restored = teams.find(({ slug }) => slug === query.get("restored"));
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
        {gone === undefined ? null : (
          <div class="notice" role="status">
            <p>
              <bdi>{gone.name}</bdi> is deleted and nobody gets in any more. You can restore it below.
            </p>
          </div>
        )}
        {restored === undefined ? null : (
          <div class="notice" role="status">
            <p>
              <bdi>{restored.name}</bdi> is back as it was.
            </p>
          </div>
        )}
        {teams.length + deleted.length === 0 ? <NoTeams mayCreate={mayCreate} /> : null}
        {teams.map((team) => (
          <TeamCard team={team} config={config} session={session} />
        ))}
        {deleted.map((team) => (
          <DeletedCard team={team} config={config} session={session} />
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
        {isClosed ? (
          <bdi>{name}</bdi>
        ) : (
          <a href={`/t/${slug}`}>
            <bdi>{name}</bdi>
          </a>
        )}{" "}
        <span class="tag">{membership.role}</span>
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

/** A team that its owner may still bring back. */
function DeletedCard({ team, config, session }: { team: DeletedTeam; config: SignInConfig; session: Session }) {
  const { slug, name, purgeAt, isClosed } = team;
  return (
    <section class="card" aria-labelledby={`team-${slug}`}>
      <h2 id={`team-${slug}`}>
        <bdi>{name}</bdi> <span class="tag">deleted</span>
      </h2>
      <p>
        Nobody gets in any more. Until <Time ms={purgeAt} /> you can bring it back with everything in it; then all of it
        is removed for good.
      </p>
      {isClosed ? (
        <p class="warning">
          This team does not accept sign-in with {providerLabel(config, session.provider)}.{" "}
          <a href={`/sign-in?${new URLSearchParams({ team: slug })}`}>Sign in another way</a> to restore it.
        </p>
      ) : (
        <form method="post" action="/teams/restore">
          <input type="hidden" name="team" value={slug} />
          <button type="submit" aria-label={`Restore ${name}`}>
            Restore
          </button>
        </form>
      )}
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

/** A deleted team as its owner's home page shows it. */
export interface DeletedTeam extends RestorableTeam {
  /** This session may not be used there. */
  isClosed: boolean;
}

/** The teams that still know this person; their own list may name others too. */
export async function teamsOf(request: Request, env: Env, session: Session): Promise<TeamOfMine[]> {
  return (await allTeamsOf(request, env, session)).teams;
}

/** The same, with the deleted teams that they may bring back. */
export async function allTeamsOf(
  request: Request,
  env: Env,
  session: Session,
): Promise<{ teams: TeamOfMine[]; deleted: DeletedTeam[] }> {
  const slugs = await personClient(env, session.personId).teams();
  // A team that was removed for good, or cannot be used now, must not take the page with it.
  const found = await Promise.all(
    slugs.map((slug) => readTeamOf(publicOrigin(request, env), env, session, slug).catch(() => undefined)),
  );
  const known = found.filter((team) => team !== undefined);
  return {
    teams: known.filter((team) => "membership" in team),
    deleted: known.filter((team) => "purgeAt" in team),
  };
}

async function readTeamOf(
  origin: string,
  env: Env,
  session: Session,
  slug: string,
): Promise<TeamOfMine | DeletedTeam | undefined> {
  const team = teamClient(env.TEAM, slug);
  const isClosedTo = (accepted: readonly string[] | null): boolean =>
    !(accepted?.includes(session.provider) ?? true) || !providerServes(env, session.provider, slug);
  const membership = await team.people().membershipOf(session.personId);
  if (membership === undefined) {
    const deleted = await team.teams().restorableBy(session.personId);
    return deleted === undefined ? undefined : { ...deleted, isClosed: isClosedTo(deleted.signInProviders) };
  }
  const { name } = await team.teams().identity();
  const isClosed = isClosedTo(membership.signInProviders);
  return { slug, name, membership, mcpUrl: resourceOf(origin, slug), isClosed };
}

/** Brings a deleted team of this person's back. Throws `not_found` when there is none of that slug that they, signed in so, may restore. */
export async function restoreMyTeam(request: Request, env: Env, session: Session, slug: string): Promise<void> {
  const team = (await allTeamsOf(request, env, session)).deleted.find((one) => one.slug === slug);
  if (team === undefined || team.isClosed) {
    throw new AppError("not_found", "There is no deleted team of this name that you can restore here.", {
      hint: "It may have been restored or removed for good, or it does not accept the way you signed in.",
    });
  }
  const { userId, username } = team;
  const credential = { kind: "session" as const, id: session.sessionId, label: session.provider };
  await teamClient(env.TEAM, slug)
    .teams()
    .restore({
      actor: { userId, username, role: "owner", scopes, credential },
      client: request.headers.get("user-agent"),
      address: addressOf(request) ?? null,
      requestId: requestIdOf(request),
    });
}
