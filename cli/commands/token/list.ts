// `token list`: the tokens one has in the team. Runs under Node.
import type { Command } from "../../core/command.ts";
import { exitCodes } from "../../core/errors.ts";
import { table } from "../../core/output.ts";
import { readAllPages } from "../../core/pages.ts";
import type { Page, Token } from "../../core/wire.ts";

export const listTokens: Command = {
  options: { everyone: { type: "flag", help: "Everyone's and the service accounts' (admins)." } },
  examples: ["super-data token list", "super-data token list --everyone --json"],
  run: async ({ output, session }, input) => {
    const { api } = await session();
    const query = { everyone: input.flag("everyone") ? true : undefined };
    const tokens = await readAllPages(api, "/tokens", (page: Page & { tokens: Token[] }) => page.tokens, query);
    await output.result({ tokens }, () =>
      tokens.length === 0
        ? "There are none."
        : table(
            tokens.map((token) => ({
              ...token,
              scopes: token.scopes?.join(" ") ?? "all",
              expires_at: token.expires_at ?? "never",
            })),
            [
              { title: "ID", key: "id" },
              { title: "USER", key: "username" },
              { title: "LABEL", key: "label" },
              { title: "ROLE", key: "role" },
              { title: "SCOPES", key: "scopes" },
              { title: "EXPIRES", key: "expires_at" },
              { title: "LAST USED", key: "last_used_at" },
            ],
          ),
    );
    return exitCodes.ok;
  },
};
