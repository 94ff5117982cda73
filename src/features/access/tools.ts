// whoami and the tools for tokens. Runs at the edge.
import { adds, permissions, readsOnly, replaces } from "../../core/define-tool.ts";
import { markdownTable } from "../../core/markdown.ts";
import { moreLines } from "../../core/paging.ts";
import { listLimits } from "../../limits.ts";
import { type BuiltInTool, defineTool } from "../../tool.ts";
import {
  issuedTokenSchema,
  issueTokenSchema,
  listTokensSchema,
  revokedTokenSchema,
  tokenIdSchema,
  tokensSchema,
  whoamiAnswerSchema,
  whoamiSchema,
} from "./schema.ts";
import { createToken, listTokens, revokeToken, whoAmI } from "./token-calls.ts";

const columns = ["id", "username", "label", "prefix", "role", "scopes", "expires_at", "last_used_at"];

export const accessTools: readonly BuiltInTool[] = [
  defineTool({
    name: "whoami",
    title: "Who am I",
    description: "Which team this is, who you are in it, by which credential, and what you may do.",
    input: whoamiSchema,
    output: whoamiAnswerSchema,
    hints: readsOnly,
    permission: "self:read",
    toolset: "admin",
    handler: async (context) => {
      const data = await whoAmI(context);
      const { credential, through } = data;
      const may = permissions.filter((permission) => data.permissions[permission]);
      const text = [
        `${data.username}, ${data.role} of ${data.team}${through === null ? "" : `, through ${through}`}`,
        `By ${credential.kind.replace("_", " ")} "${credential.label}", ${credential.expires_at === null ? "which does not expire by itself" : `until ${credential.expires_at}`}`,
        `Scopes: ${data.scopes.join(" ") || "none"}`,
        `May: ${may.join(", ") || "nothing"}`,
      ].join("\n");
      return { text, data };
    },
  }),
  defineTool({
    name: "create_token",
    title: "Create a token",
    description:
      "Makes a token for scripts and clients without OAuth: your own, or with service one of the team's service accounts (admins). Never stronger than what you use now. Its text is shown once.",
    input: issueTokenSchema,
    output: issuedTokenSchema,
    hints: adds,
    permission: "tokens:own",
    toolset: "admin",
    handler: async (context, input) => {
      const data = await createToken(context, input);
      const { username, role, expires_at, id } = data.details;
      const ends = expires_at === null ? "It does not expire." : `It expires at ${expires_at}.`;
      const text = [
        `Token ${id} of ${username}, ${role}. ${ends} Its text, shown this once:`,
        `\`${data.token}\``,
        "Send it as `Authorization: Bearer <token>`.",
      ].join("\n");
      return { text, data };
    },
  }),
  defineTool({
    name: "list_tokens",
    title: "List tokens",
    description:
      "Live tokens with label, role, expiry and last use: yours, or everyone's for an admin. Never their text.",
    input: listTokensSchema,
    output: tokensSchema,
    hints: readsOnly,
    permission: "tokens:own",
    toolset: "admin",
    handler: async (context, input) => {
      const { items, ...page } = await listTokens(context, input, listLimits.toolEntries);
      const rows = items.map((row) => ({ ...row, scopes: row.scopes?.join(" ") ?? "all" }));
      const table = items.length === 0 ? [] : [markdownTable(rows, columns)];
      const text = [`${page.returned} of ${page.total} tokens`, ...table, ...moreLines(page)].join("\n");
      return { text, data: { tokens: items, ...page } };
    },
  }),
  defineTool({
    name: "revoke_token",
    title: "Revoke a token",
    description: "Ends a token and its open streams at once: your own, or as admin anyone's below owner.",
    input: tokenIdSchema,
    output: revokedTokenSchema,
    hints: replaces,
    permission: "tokens:own",
    toolset: "admin",
    handler: async (context, { id }) => {
      await revokeToken(context, id);
      return { text: `Token ${id} is revoked.`, data: { id, revoked: true as const } };
    },
  }),
];
