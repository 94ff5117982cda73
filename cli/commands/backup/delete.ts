// `backup delete`: deletes a backup and the files no other one needs. Runs under Node.
import type { Command } from "../../core/command.ts";
import { CliError, exitCodes } from "../../core/errors.ts";
import { segment } from "../../core/http.ts";
import { confirm } from "../../core/prompt.ts";

export const deleteBackup: Command = {
  usage: "ID",
  words: [1, 1],
  options: { yes: { type: "flag", short: "y", help: "Do not ask." } },
  examples: ["super-data backup delete bkp_3f9a --yes"],
  run: async ({ output, session }, input) => {
    const [id = ""] = input.words;
    const { api } = await session();
    if (!input.flag("yes") && !(await confirm(output, `Delete backup ${id}? It cannot be brought back.`, "--yes"))) {
      throw new CliError("declined", "Nothing was deleted.");
    }
    const done = await api.json<{ backup_id: string; deleted: boolean }>(`/backups/${segment(id)}`, {
      method: "DELETE",
    });
    await output.result(done, `Deleted ${id}.`);
    return exitCodes.ok;
  },
};
