// A signed-in person creates a team. Runs at the edge.
import { scopes } from "../../core/define-tool.ts";
import { AppError } from "../../core/errors.ts";
import type { Caller } from "../../features/access/access.ts";
import { createTeamFor, mayCreateTeams } from "../../features/teams/teams.ts";
import { personClient } from "../../platform/person-client.ts";
import { addressOf } from "../session.ts";
import { isForEveryone, readProviders } from "./providers.ts";
import type { Session } from "./session-cookie.ts";

/** True when this person may create teams with this session: the deployment's policy, and a way of signing in that new teams accept too. */
export function mayCreateTeam(env: Env, session: Session): boolean {
  return isForEveryone(readProviders(env), session.provider) && mayCreateTeams(env, session);
}

/** Creates the team with this person as its owner. Throws `forbidden`, `invalid_argument`, `already_exists`, `too_large`. */
export async function createMyTeam(
  request: Request,
  env: Env,
  session: Session,
  input: { slug: string; name: string; requestId: string },
): Promise<string> {
  if (!mayCreateTeam(env, session)) {
    throw new AppError("forbidden", "This deployment does not let you create teams.", {
      hint: "Ask its operator for a team.",
    });
  }
  const { personId, displayName, verifiedEmails, sessionId, provider } = session;
  const by: Caller = {
    actor: {
      userId: personId,
      username: displayName,
      role: "owner",
      scopes,
      credential: { kind: "session", id: sessionId, label: provider },
    },
    client: request.headers.get("user-agent")?.slice(0, 200) ?? null,
    address: addressOf(request) ?? null,
    requestId: input.requestId,
  };
  const { slug, name } = input;
  const team = await createTeamFor(
    env,
    { personId, displayName, verifiedEmails },
    { slug, ...(name === "" ? {} : { name }) },
    by,
  );
  await personClient(env, personId).joinTeam(team.slug);
  return team.slug;
}
