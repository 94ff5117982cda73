// The team itself over RPC: thin; the rules are in lifecycle.ts. Runs in the team object.
import { RpcTarget } from "cloudflare:workers";
import type { TeamDeps } from "../../durable/team-deps.ts";
import type { Caller } from "../access/access.ts";
import {
  deleteTeam,
  describeTeam,
  type Identity,
  identityOf,
  restorableBy,
  restoreTeam,
  standingOf,
  updateTeam,
} from "./lifecycle.ts";
import type { RestorableTeam, Team, TeamStanding, UpdateTeam } from "./schema.ts";

/** One team: what it is called, how it is set, and its end. */
export class TeamsRpc extends RpcTarget {
  readonly #deps: TeamDeps;
  readonly #maxRate: number;

  constructor(deps: TeamDeps, maxRate: number) {
    super();
    this.#deps = deps;
    this.#maxRate = maxRate;
  }

  identity(): Identity {
    return identityOf(this.#deps);
  }

  describe(): Team {
    return describeTeam(this.#deps);
  }

  standing(): TeamStanding {
    return standingOf(this.#deps);
  }

  restorableBy(personId: string): RestorableTeam | undefined {
    return restorableBy(this.#deps, personId);
  }

  update(input: UpdateTeam, by: Caller): ReturnType<typeof updateTeam> {
    return updateTeam(this.#deps, input, by, this.#maxRate);
  }

  delete(confirm: string, by: Caller): ReturnType<typeof deleteTeam> {
    return deleteTeam(this.#deps, confirm, by);
  }

  restore(by: Caller): ReturnType<typeof restoreTeam> {
    return restoreTeam(this.#deps, by);
  }
}
