// list_connections and revoke_connection: the OAuth clients that act for people. Runs at the edge.
import * as z from "zod";
import { readsOnly, replaces } from "../../core/define-tool.ts";
import { markdownTable } from "../../core/markdown.ts";
import { moreLines, pageFields } from "../../core/paging.ts";
import { fenceUntrusted } from "../../core/untrusted.ts";
import { listLimits } from "../../limits.ts";
import { type BuiltInTool, defineTool } from "../../tool.ts";
import {
  connectionIdSchema,
  connectionSchema,
  listConnections,
  listConnectionsSchema,
  revokeConnection,
} from "./connections.ts";

const columns = ["id", "username", "client", "host", "scopes", "created_at", "last_used_at"];

export const connectionTools: readonly BuiltInTool[] = [
  defineTool({
    name: "list_connections",
    title: "List OAuth connections",
    description: "The clients that are signed in to this team by OAuth: yours, or everyone's for an admin.",
    input: listConnectionsSchema,
    output: z.object({ connections: z.array(connectionSchema), ...pageFields }),
    hints: readsOnly,
    permission: "tokens:own",
    toolset: "admin",
    handler: async (context, input) => {
      const { items, ...page } = await listConnections(context, input, listLimits.toolEntries);
      const rows = items.map((row) => ({ ...row, scopes: row.scopes.join(" ") }));
      // Clients name themselves, so a name is not ours to vouch for.
      const table = items.length === 0 ? [] : [fenceUntrusted(markdownTable(rows, columns), "connections")];
      const text = [`${page.returned} of ${page.total} connections`, ...table, ...moreLines(page)].join("\n");
      return { text, data: { connections: items, ...page } };
    },
  }),
  defineTool({
    name: "revoke_connection",
    title: "End an OAuth connection",
    description: "Signs a connected client out of this team at once; it has to be allowed anew.",
    input: connectionIdSchema,
    output: z.object({ id: z.string(), revoked: z.literal(true) }),
    hints: replaces,
    permission: "tokens:own",
    toolset: "admin",
    handler: async (context, { id }) => {
      await revokeConnection(context, id);
      return { text: `Connection ${id} has ended.`, data: { id, revoked: true as const } };
    },
  }),
];
