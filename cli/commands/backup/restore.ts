// `backup restore`: shows what a restore changes, asks, and restores. Runs under Node.
import { changeLines, restore } from "../../backups.ts";
import type { Command } from "../../core/command.ts";
import { CliError, exitCodes } from "../../core/errors.ts";
import { confirm } from "../../core/prompt.ts";

export const restoreBackup: Command = {
  usage: "ID",
  words: [1, 1],
  about:
    "The team as it is now is backed up first; restoring that one undoes it. Who gets in and the audit log stay as they are.",
  options: {
    yes: { type: "flag", short: "y", help: "Do not ask." },
    confirm: {
      type: "text",
      value: "VALUE",
      help: "Go through with exactly this preview (`confirm` of `backup preview --json`).",
    },
  },
  examples: ["super-data backup restore bkp_3f9a", "super-data backup restore bkp_3f9a --yes --json"],
  run: async ({ output, session }, input) => {
    const [id = ""] = input.words;
    const { api, team } = await session();
    let value = input.text("confirm");
    if (value === undefined) {
      const preview = await restore(api, id);
      value = preview.confirm;
      if (!input.flag("yes")) {
        if (!output.json) output.say(changeLines(preview).join("\n"));
        if (!(await confirm(output, `Restore ${id} over team ${team}?`, "--yes"))) {
          throw new CliError("declined", "Nothing was restored.");
        }
      }
    }
    const done = await restore(api, id, value ?? "");
    await output.result(done, `Restored ${id}. What was before is backup ${done.safety_backup}.`);
    return exitCodes.ok;
  },
};
