// The rules of OAuth connections at the edge: who lists and ends them, and which scopes a role can make use of.
import * as z from "zod";
import type { CallContext } from "../../context.ts";
import { permissions, type Scope, scopes } from "../../core/define-tool.ts";
import { AppError } from "../../core/errors.ts";
import { cursorSchema, type Page, pageOf } from "../../core/paging.ts";
import { listLimits } from "../../limits.ts";
import { callerOf, hasRole, may, permissionRules, type Role, requirePermission } from "./access.ts";

/** What each scope lets a client do, as the person who allows it reads it. */
export const scopeSentences: Record<Scope, string> = {
  "data:read": "Read the team's datasets, functions and tools, and run its queries and tools.",
  "data:write": "Create, replace and delete datasets.",
  "library:write": "Create, change and delete the team's functions and tools.",
  admin: "Do what you may do to people, tokens and settings of the team, and read its logs.",
};

export const connectionSchema = z.object({
  id: z.string(),
  username: z.string().describe("Who allowed it, and for whom it acts."),
  client: z.string().describe("The client's name, as it calls itself."),
  client_id: z.string(),
  host: z.string().describe("Where its tokens were sent."),
  scopes: z.array(z.enum(scopes)),
  created_at: z.string(),
  last_used_at: z.string().nullable(),
});
export type Connection = z.output<typeof connectionSchema>;

export const listConnectionsSchema = z.object({
  everyone: z.boolean().optional().describe("All people's, not only your own; needs the role admin."),
  limit: z.int().min(1).max(listLimits.maxEntries).optional().describe(`Default ${listLimits.toolEntries}.`),
  cursor: cursorSchema,
});

export const connectionIdSchema = z.object({
  id: z.string().min(1).max(100).describe("The connection's id, as list_connections shows it."),
});

/** A connection that has ended: what the OAuth server needs to know to forget its grant. */
export interface EndedConnection {
  id: string;
  personId: string;
}

/** The scopes a role can make any use of. */
export function scopesOfRole(role: Role): Scope[] {
  return scopes.filter((scope) =>
    permissions.some(
      (permission) => permissionRules[permission].scope === scope && hasRole(role, permissionRules[permission].role),
    ),
  );
}

/** A page of connections by id. Throws `forbidden` or `insufficient_scope` for everyone's, `cursor_invalid`. */
export async function listConnections(
  call: CallContext,
  input: z.output<typeof listConnectionsSchema>,
  preset: number,
): Promise<Page<Connection>> {
  const everyone = input.everyone === true;
  requirePermission(call.actor, everyone ? "tokens:manage" : "tokens:own", "list everyone's connections");
  const all = await call.stub.connections().listConnections(callerOf(call), everyone);
  return pageOf(
    all.sort((a, b) => (a.id < b.id ? -1 : 1)),
    { limit: input.limit ?? preset, cursor: input.cursor, key: (connection) => connection.id },
  );
}

/** One connection: one's own, or for who may manage tokens anyone's. Throws `not_found`. */
export async function findConnection(call: CallContext, id: string): Promise<Connection> {
  const all = await call.stub.connections().listConnections(callerOf(call), may(call.actor, "tokens:manage"));
  const found = all.find((connection) => connection.id === id);
  if (found !== undefined) return found;
  throw new AppError("not_found", "There is no connection of that id that you may see.", {
    hint: "list_connections shows yours; an admin sees everyone's with everyone set.",
  });
}

/** Ends a connection of one's own, or as admin anyone's below owner. Throws `not_found`, `forbidden`. */
export async function revokeConnection(call: CallContext, id: string): Promise<void> {
  requirePermission(call.actor, "tokens:own", "end connections");
  const ended = await call.stub.connections().revokeConnection(id, callerOf(call));
  if (ended === undefined) {
    throw new AppError("not_found", "There is no connection of that id that you may end.", {
      hint: "list_connections shows yours; an admin sees everyone's with everyone set.",
    });
  }
  call.waitUntil(call.forgetGrant(ended));
}
