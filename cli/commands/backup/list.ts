// `backup list`: backups, newest first, and previews that are open. Runs under Node.
import type { Command } from "../../core/command.ts";
import { exitCodes } from "../../core/errors.ts";
import { byteText, table } from "../../core/output.ts";
import type { Backup } from "../../core/wire.ts";

interface BackupList {
  backups: Backup[];
  previews: { team: string; backup_id: string; created_by: string; expires_at: string }[];
}

export const listBackups: Command = {
  examples: ["super-data backup list", "super-data backup list --json | jq -r '.backups[0].id'"],
  run: async ({ output, session }) => {
    const { api } = await session();
    const list = await api.json<BackupList>("/backups");
    await output.result(list, () => {
      if (list.backups.length === 0) return "There are none. Take one with `super-data backup create`.";
      const backups = table(
        list.backups.map((one) => ({
          ...one,
          size: byteText(one.stored_bytes + one.file_bytes),
          sealed: one.encrypted ? "yes" : "no",
        })),
        [
          { title: "ID", key: "id" },
          { title: "TAKEN", key: "created_at" },
          { title: "FOR", key: "reason" },
          { title: "STATE", key: "state" },
          { title: "ROWS", key: "rows", right: true },
          { title: "FILES", key: "files", right: true },
          { title: "SIZE", key: "size", right: true },
          { title: "ENCRYPTED", key: "sealed" },
        ],
      );
      const previews = list.previews.map((one) => `Preview ${one.team} of ${one.backup_id}, until ${one.expires_at}`);
      return [backups, ...previews].join("\n");
    });
    return exitCodes.ok;
  },
};
