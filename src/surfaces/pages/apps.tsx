// The OAuth clients a person has connected, over all their teams, on their own page: shown, and ended at once. Runs at the edge.
import { scopes } from "../../core/define-tool.ts";
import { AppError } from "../../core/errors.ts";
import type { Caller } from "../../features/access/access.ts";
import type { Connection, EndedConnection } from "../../features/access/connections.ts";
import { teamClient } from "../../platform/team-client.ts";
import { issuerOrigin } from "../oauth/addresses.ts";
import { forgetGrant } from "../oauth/server.ts";
import { addressOf, requestIdOf } from "../session.ts";
import type { Session } from "../sign-in/session-cookie.ts";
import { type TeamOfMine, teamsOf } from "./home.tsx";
import { Time } from "./parts.tsx";

/** A connected client, and the team it may act in. */
export interface ConnectedApp {
  slug: string;
  team: string;
  connection: Connection;
}

/** What this person has connected, in every team they are in. */
export async function connectedApps(request: Request, env: Env, session: Session): Promise<ConnectedApp[]> {
  const teams = await teamsOf(request, env, session);
  const found = await Promise.all(
    teams.map(async (team) => {
      const own = await connectionsIn(env, team).listConnections(callerIn(team, request, session), false);
      return own.map((connection) => ({ slug: team.slug, team: team.name, connection }));
    }),
  );
  return found.flat();
}

/** Ends a client's access to one of the person's teams. Throws `not_found` when there is no such connection of theirs. */
export async function endApp(
  request: Request,
  env: Env,
  session: Session,
  app: { slug: string; id: string },
): Promise<void> {
  const team = (await teamsOf(request, env, session)).find(({ slug }) => slug === app.slug);
  const ended = team === undefined ? undefined : await endIn(env, team, callerIn(team, request, session), app.id);
  if (ended === undefined) {
    throw new AppError("not_found", "You have no such app connected; it may have been disconnected already.", {
      hint: "Go back to your account to see what is connected now.",
    });
  }
  await forgetGrant(env, issuerOrigin(request, env), app.slug, ended);
}

/** Here a person ends their own connections alone, whatever their role would let them end elsewhere. */
async function endIn(env: Env, team: TeamOfMine, by: Caller, id: string): Promise<EndedConnection | undefined> {
  const own = await connectionsIn(env, team).listConnections(by, false);
  return own.some((connection) => connection.id === id) ? connectionsIn(env, team).revokeConnection(id, by) : undefined;
}

const connectionsIn = (env: Env, { slug }: TeamOfMine) => teamClient(env.TEAM, slug).connections();

/** The person as the member they are in a team, for its audit log. */
function callerIn({ membership }: TeamOfMine, request: Request, session: Session): Caller {
  const { userId, username, role } = membership;
  const credential = { kind: "session" as const, id: session.sessionId, label: session.provider };
  return {
    actor: { userId, username, role, scopes, credential },
    client: request.headers.get("user-agent"),
    address: addressOf(request) ?? null,
    requestId: requestIdOf(request),
  };
}

export function AppsCard({ apps }: { apps: readonly ConnectedApp[] }) {
  return (
    <section class="card" aria-labelledby="apps-title">
      <h2 id="apps-title">Connected apps</h2>
      {apps.length === 0 ? (
        <p class="muted">None. An app that you connect to a team is shown here.</p>
      ) : (
        <ul class="items">
          {apps.map(({ slug, team, connection }) => (
            <li class="row">
              <div class="grow">
                <h3>
                  <bdi>{connection.client}</bdi>
                </h3>
                <p class="hint">
                  In <bdi>{team}</bdi>, sent to {connection.host}. May: {connection.scopes.join(", ")}. Connected{" "}
                  <Time ms={Date.parse(connection.created_at)} />
                  {connection.last_used_at === null ? null : (
                    <>
                      , last used <Time ms={Date.parse(connection.last_used_at)} />
                    </>
                  )}
                  .
                </p>
              </div>
              <form method="post" action="/account/apps/disconnect">
                <input type="hidden" name="team" value={slug} />
                <input type="hidden" name="id" value={connection.id} />
                <button type="submit" class="danger small" aria-label={`Disconnect ${connection.client} from ${team}`}>
                  Disconnect
                </button>
              </form>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
