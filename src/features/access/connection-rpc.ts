// OAuth connections over RPC. Runs in the team object.
import { RpcTarget } from "cloudflare:workers";
import { type Scope, scopes } from "../../core/define-tool.ts";
import { AppError } from "../../core/errors.ts";
import type { TeamDeps } from "../../durable/team-deps.ts";
import type { AuditEntry } from "../audit/schema.ts";
import { type Actor, type Caller, may, requirePermission } from "./access.ts";
import { requireNow } from "./caller-store.ts";
import {
  type ConnectionInput,
  type ConnectionRow,
  connectionsReplacedBy,
  endConnection,
  findConnection,
  forgetOldConnections,
  insertConnection,
  liveConnections,
  touchConnection,
} from "./connection-store.ts";
import type { Connection, EndedConnection } from "./connections.ts";
import { findActor } from "./store.ts";

/** What the audit log says of a request besides who sent it. */
type Origin = Pick<Caller, "client" | "address" | "requestId">;

/** The OAuth connections of one team. */
export class ConnectionsRpc extends RpcTarget {
  readonly #deps: TeamDeps;

  constructor(deps: TeamDeps) {
    super();
    this.#deps = deps;
  }

  /**
   * Opens the connection a signed-in member has just allowed; ends those it replaces and returns them. Throws `not_found` when the person
   * is not in the team.
   */
  openConnection(
    session: { id: string; personId: string; provider: string },
    input: ConnectionInput & { isSharedClient: boolean },
    origin: Origin,
  ): EndedConnection[] {
    const { db, now } = this.#deps;
    const credential = { kind: "session" as const, ...session, expiresAt: Number.POSITIVE_INFINITY };
    const actor = findActor(db, credential, now())?.actor;
    if (actor === undefined) throw new AppError("not_found", "This person is not in the team.");
    const { isSharedClient, ...connection } = input;
    const replaced = this.#deps.record({ actor, ...origin }, () => {
      const ended = connectionsReplacedBy(db, actor.userId, connection, isSharedClient);
      for (const { id } of ended) endConnection(db, id, now());
      forgetOldConnections(db, actor.userId, now());
      insertConnection(db, actor.userId, connection, now());
      const { id, ...after } = connection;
      return {
        result: ended,
        audit: [
          { action: "connection.open", target: { kind: "connection", name: id }, after },
          ...ended.map((row) => revoked(row, { replaced_by: id })),
        ],
      };
    });
    for (const { id } of replaced) this.#deps.endFeeds({ credentialId: id });
    return replaced.map(({ id }) => ({ id, personId: session.personId }));
  }

  /** What a client that comes for tokens may have: the connection's scopes; undefined when the connection or the membership has ended. */
  connectionState(id: string): { scopes: Scope[] } | undefined {
    const { db, now } = this.#deps;
    const found = findConnection(db, id);
    if (found === undefined) return undefined;
    this.#deps.atomically(() => touchConnection(db, id, now()));
    return { scopes: found.scopes };
  }

  /** The asker's own connections, or everyone's, oldest first. Throws what `requirePermission` throws for everyone's. */
  listConnections(by: Caller, everyone: boolean): Connection[] {
    const { db, now } = this.#deps;
    if (everyone) requireNow(db, by, "tokens:manage", "list everyone's connections");
    return liveConnections(db, everyone ? undefined : by.actor.userId, now()).map(shown);
  }

  /**
   * Ends a connection, its tokens and its open streams at once: one's own, as admin anyone's below owner. Undefined when there is none of that
   * id that the asker may end. Throws `forbidden`.
   */
  revokeConnection(id: string, by: Caller): EndedConnection | undefined {
    const caller = requireNow(this.#deps.db, by, "tokens:own", "end connections");
    const found = findConnection(this.#deps.db, id);
    if (found === undefined) return undefined;
    if (found.userId !== by.actor.userId) {
      if (!may(caller.actor, "tokens:manage")) return undefined;
      if (found.role === "owner") requirePermission(caller.actor, "owners:manage", "end an owner's connection");
    }
    return this.#end(found, caller);
  }

  /** The client has given its tokens back: the connection ends in its person's name. */
  endByClient(id: string, origin: Origin): EndedConnection | undefined {
    const found = findConnection(this.#deps.db, id);
    if (found === undefined) return undefined;
    const { userId, username, role, clientName } = found;
    const actor: Actor = {
      userId,
      username,
      role,
      scopes: scopes.filter((scope) => found.scopes.includes(scope)),
      credential: { kind: "connection", id, label: clientName },
    };
    return this.#end(found, { actor, ...origin });
  }

  #end(found: ConnectionRow, by: Caller): EndedConnection {
    this.#deps.record(by, () => {
      endConnection(this.#deps.db, found.id, this.#deps.now());
      return { result: undefined, audit: [revoked(found)] };
    });
    this.#deps.endFeeds({ credentialId: found.id });
    return { id: found.id, personId: found.personId ?? "" };
  }
}

function revoked(row: { id: string; clientName: string }, after?: unknown): AuditEntry {
  return {
    action: "connection.revoke",
    target: { kind: "connection", name: row.id },
    before: { clientName: row.clientName },
    ...(after === undefined ? {} : { after }),
  };
}

function shown(row: ConnectionRow): Connection {
  return {
    id: row.id,
    username: row.username,
    client: row.clientName,
    client_id: row.clientId,
    host: row.redirectHost,
    scopes: row.scopes,
    created_at: row.createdAt.toISOString(),
    last_used_at: row.lastUsedAt?.toISOString() ?? null,
  };
}
