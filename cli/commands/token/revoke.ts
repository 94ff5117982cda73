// `token revoke`: ends a token. Runs under Node.
import type { Command } from "../../core/command.ts";
import { exitCodes } from "../../core/errors.ts";
import { segment } from "../../core/http.ts";

export const revokeToken: Command = {
  usage: "ID",
  words: [1, 1],
  about: "ID as `super-data token list` shows it. Admins may revoke anyone's.",
  examples: ["super-data token revoke tok_3f9a"],
  run: async ({ output, session }, { words: [id = ""] }) => {
    const { api } = await session();
    await api.json(`/tokens/${segment(id)}`, { method: "DELETE" });
    await output.result({ id, revoked: true }, `Revoked ${id}.`);
    return exitCodes.ok;
  },
};
