// `backup preview`: what a restore would change, and a team to look around in. Runs under Node.
import { changeLines, restore } from "../../backups.ts";
import type { Command } from "../../core/command.ts";
import { exitCodes } from "../../core/errors.ts";

export const previewBackup: Command = {
  usage: "ID",
  words: [1, 1],
  about:
    "Nothing of the team changes. The preview team opens with your sign-ins of this team's server and goes by itself after a day.",
  examples: ["super-data backup preview bkp_3f9a", "super-data backup preview bkp_3f9a --json | jq .changes"],
  run: async ({ output, session }, { words: [id = ""] }) => {
    const { api } = await session();
    const outcome = await restore(api, id);
    const { preview } = outcome;
    await output.result(outcome, () =>
      [
        ...changeLines(outcome),
        ...(preview === undefined ? [] : [`Preview: ${preview.url} until ${preview.expires_at}`]),
        `Restore it: super-data backup restore ${id}`,
      ].join("\n"),
    );
    return exitCodes.ok;
  },
};
