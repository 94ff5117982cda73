// Tokens over RPC: thin. Runs in the team object.
import { RpcTarget } from "cloudflare:workers";
import { AppError } from "../../core/errors.ts";
import type { TeamDeps } from "../../durable/team-deps.ts";
import { weakerRole } from "./access.ts";
import { findPerson, insertToken, revokeToken, type TokenRow } from "./store.ts";

/** The people and tokens of one team. */
export class AccessRpc extends RpcTarget {
  readonly #deps: TeamDeps;

  constructor(deps: TeamDeps) {
    super();
    this.#deps = deps;
  }

  /** Adds a token (its digest) and its person when new. Throws `conflict` when the token would be stronger than its person. */
  createToken(row: TokenRow): { id: string } {
    const person = findPerson(this.#deps.db, row.username);
    if (person !== undefined && weakerRole(person.role, row.role) !== row.role) {
      throw new AppError(
        "conflict",
        `${row.username} is ${person.role} of this team, so a token of theirs cannot be ${row.role}.`,
        {
          hint: `Ask for a token with the role ${person.role} or less, or use another username.`,
        },
      );
    }
    return { id: insertToken(this.#deps.db, row, person?.id, this.#deps.now()) };
  }

  /** Ends a token and its open streams at once. False when there is no such live token. */
  revokeToken(id: string): boolean {
    const revoked = revokeToken(this.#deps.db, id, this.#deps.now());
    if (revoked) this.#deps.endFeeds(id);
    return revoked;
  }
}
