// What an invitation's link opens. Runs at the edge.
import { AppError, undefinedOn } from "../../core/errors.ts";
import { sha256Hex } from "../../core/ids.ts";
import { teamSlugSchema } from "../../core/names.ts";
import type { InvitationView } from "../../features/people/schema.ts";
import { teamClient } from "../../platform/team-client.ts";

/** The open invitation of that link. Throws `invitation_invalid`, with the same words for a team that does not exist and a secret that does not. */
export async function describeInvitation(env: Env, team: string, secret: string): Promise<InvitationView> {
  if (teamSlugSchema.safeParse(team).success) {
    const people = teamClient(env.TEAM, team).people();
    const found = await undefinedOn(["not_found"], people.describeInvitation(await sha256Hex(secret)));
    if (found !== undefined) return found;
  }
  throw new AppError("invitation_invalid", "There is no such invitation.", {
    hint: "Ask an admin of the team for a new one.",
  });
}
