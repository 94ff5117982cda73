// `backup create`: takes a backup and stores it. Runs under Node.
import type { Command } from "../../core/command.ts";
import { exitCodes } from "../../core/errors.ts";
import { byteText, plural } from "../../core/output.ts";
import type { Backup } from "../../core/wire.ts";

export const createBackup: Command = {
  examples: ["super-data backup create", "super-data backup create --json | jq -r .id"],
  run: async ({ output, session }) => {
    const { api } = await session();
    const backup = await api.json<Backup>("/backups", { method: "POST", json: {} });
    const { id, rows, files, stored_bytes, file_bytes } = backup;
    await output.result(
      backup,
      `Backup ${id}: ${plural(rows, "row")}, ${plural(files, "file")}, ${byteText(stored_bytes + file_bytes)}.`,
    );
    return exitCodes.ok;
  },
};
