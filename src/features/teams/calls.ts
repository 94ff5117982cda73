// What the tool and the route that change the team both do. Runs at the edge.
import type { CallContext } from "../../context.ts";
import { AppError } from "../../core/errors.ts";
import { callerOf } from "../access/access.ts";
import type { UpdatedTeam, UpdateTeam } from "./schema.ts";

/**
 * Changes the team's name and settings. Throws `invalid_argument` for a way of signing in that the deployment does not offer to the team, since
 * a misspelt one would shut everybody out, and what `updateTeam` of the object throws.
 */
export async function updateTeam(call: CallContext, input: UpdateTeam): Promise<UpdatedTeam> {
  const offered = call.signInWays();
  const unknown = (input.settings?.sign_in_providers ?? []).filter((way) => !offered.includes(way));
  if (unknown.length > 0) {
    throw new AppError("invalid_argument", `sign_in_providers: this deployment does not offer ${unknown.join(", ")}.`, {
      hint: `It offers ${offered.join(", ") || "none"}. The operator configures others.`,
      details: { unknown, offered },
    });
  }
  return await call.stub.teams().update(input, callerOf(call));
}
