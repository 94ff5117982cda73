// Tokens over RPC: thin; the rules are in tokens.ts. Runs in the team object.
import { RpcTarget } from "cloudflare:workers";
import type { TeamDeps } from "../../durable/team-deps.ts";
import type { Caller } from "./access.ts";
import type { Credential, Token } from "./schema.ts";
import { findActor } from "./store.ts";
import type { TokenFilter } from "./token-store.ts";
import { createTokenFor, type IssueInput, issueToken, listTokens, type OperatorToken, revokeToken } from "./tokens.ts";

/** The tokens of one team. */
export class AccessRpc extends RpcTarget {
  readonly #deps: TeamDeps;

  constructor(deps: TeamDeps) {
    super();
    this.#deps = deps;
  }

  /** For the operator: a token of anyone. */
  createToken(input: OperatorToken, by: Caller): { id: string } {
    return createTokenFor(this.#deps, input, by);
  }

  /** For members: a token of their own, or of a service account. */
  issueToken(input: IssueInput, by: Caller): Token {
    return issueToken(this.#deps, input, by);
  }

  listTokens(filter: Omit<TokenFilter, "userId"> & { everyone: boolean }, by: Caller): ReturnType<typeof listTokens> {
    return listTokens(this.#deps, filter, by);
  }

  revokeToken(id: string, by: Caller): boolean {
    return revokeToken(this.#deps, id, by);
  }

  /** Closes the streams that a credential opened: one that ended elsewhere, like a browser's session. */
  endFeedsOf(credentialId: string): void {
    this.#deps.endFeeds({ credentialId });
  }

  /** When a credential ends by itself, Unix milliseconds; null: never. */
  expiryOf(credential: Credential): number | null {
    return findActor(this.#deps.db, credential, this.#deps.now())?.expiresAt ?? null;
  }
}
