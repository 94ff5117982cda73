// The rate limits over RPC: thin. Runs in the team object.
import { RpcTarget } from "cloudflare:workers";
import type { TeamDeps } from "../../durable/team-deps.ts";
import type { TeamSettings } from "../teams/schema.ts";
import type { Charged, Limiter, RateState } from "./rate-limits.ts";

/** What calls spend after they have entered. */
export class LimitsRpc extends RpcTarget {
  readonly #deps: TeamDeps;
  readonly #limiter: Limiter;
  readonly #settings: () => TeamSettings;

  constructor(deps: TeamDeps, limiter: Limiter, settings: () => TeamSettings) {
    super();
    this.#deps = deps;
    this.#limiter = limiter;
    this.#settings = settings;
  }

  /** Charges one jq run or one write of a person and returns where that limit stands. Throws `rate_limited`. */
  spend(limit: "query" | "write", who: Charged): RateState {
    const now = this.#deps.now();
    return this.#limiter.spend(limit, who, this.#settings(), now);
  }
}
