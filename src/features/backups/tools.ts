// The tools for backups. Run at the edge.
import { adds, readsOnly, replaces } from "../../core/define-tool.ts";
import { markdownTable } from "../../core/markdown.ts";
import { fenceUntrusted } from "../../core/untrusted.ts";
import { type BuiltInTool, defineTool } from "../../tool.ts";
import { createBackup, deleteBackup } from "./calls.ts";
import { restoreBackup } from "./restoring.ts";
import {
  type BackupList,
  backupListSchema,
  backupSchema,
  createBackupSchema,
  deleteBackupSchema,
  deletedBackupSchema,
  listBackupsSchema,
  type RestoreOutcome,
  restoreBackupSchema,
  restoreOutcomeSchema,
  type ShownBackup,
} from "./schema.ts";

const columns = ["id", "reason", "state", "created_at", "created_by", "rows", "stored_bytes", "files", "error"];

export const backupTools: readonly BuiltInTool[] = [
  defineTool({
    name: "list_backups",
    title: "List backups",
    description: "The team's backups, newest first, and the previews of restores that are open.",
    input: listBackupsSchema,
    output: backupListSchema,
    hints: readsOnly,
    permission: "backups:manage",
    toolset: "admin",
    handler: async (context) => {
      const data = await context.stub.backups().list();
      return { text: describeList(data), data };
    },
  }),
  defineTool({
    name: "create_backup",
    title: "Back the team up",
    description: "Backs up everything the team has, as it is at this moment. Nightly ones are made by themselves.",
    input: createBackupSchema,
    output: backupSchema,
    hints: adds,
    permission: "backups:manage",
    toolset: "admin",
    handler: async (context) => {
      const data = await createBackup(context);
      return { text: describeBackup(data), data };
    },
  }),
  defineTool({
    name: "restore_backup",
    title: "Restore a backup",
    description:
      "Without confirm: checks the backup, opens it as a preview team and says what would change. With the preview's confirm: replaces functions, tools, datasets, settings, proposals and webhooks; people, tokens and logs stay as they are now.",
    input: restoreBackupSchema,
    output: restoreOutcomeSchema,
    hints: replaces,
    permission: "backups:manage",
    toolset: "admin",
    handler: async (context, input) => {
      const data = await restoreBackup(context, input);
      return { text: describeRestore(data), data };
    },
  }),
  defineTool({
    name: "delete_backup",
    title: "Delete a backup",
    description: "Deletes a backup for good. Old ones go by themselves, as the team's settings say.",
    input: deleteBackupSchema,
    output: deletedBackupSchema,
    hints: replaces,
    permission: "backups:manage",
    toolset: "admin",
    handler: async (context, { backup_id }) => {
      const data = await deleteBackup(context, backup_id);
      return { text: `Deleted ${backup_id}.`, data };
    },
  }),
];

function describeList({ backups, previews }: BackupList): string {
  const table = backups.length === 0 ? [] : [fenceUntrusted(markdownTable(backups, columns), "backups")];
  const open = previews.map(
    ({ team, backup_id, expires_at }) => `Preview ${team} of ${backup_id}, until ${expires_at}`,
  );
  return [`${backups.length} ${backups.length === 1 ? "backup" : "backups"}`, ...table, ...open].join("\n");
}

function describeBackup({ id, state, rows, bytes, stored_bytes, files, encrypted }: ShownBackup): string {
  if (state === "taken") return `${id} is taken and is being stored; list_backups shows when it is complete.`;
  const how = encrypted ? "compressed and encrypted" : "compressed, not encrypted: the operator has set no BACKUP_KEY";
  return `${id} is complete: ${rows} rows, ${bytes} bytes stored as ${stored_bytes} (${how}), ${files} files of datasets.`;
}

function describeRestore(outcome: RestoreOutcome): string {
  const { outcome: what, backup_id, changes, preview, confirm, safety_backup } = outcome;
  const lines = changes.map(({ kind, created, changed, removed, names }) => {
    const parts = [
      ...(created > 0 ? [`${created} created${some(names.created)}`] : []),
      ...(changed > 0 ? [`${changed} changed${some(names.changed)}`] : []),
      ...(removed > 0 ? [`${removed} removed${some(names.removed)}`] : []),
    ];
    return `${kind}: ${parts.join("; ")}`;
  });
  const said = lines.length === 0 ? ["Nothing differs."] : [fenceUntrusted(lines.join("\n"), "changes")];
  if (what === "restored") {
    return [`Restored from ${backup_id}. The team as it was before is in ${safety_backup}.`, ...said].join("\n");
  }
  return [
    `Nothing is restored yet. Restoring ${backup_id} would do this:`,
    ...said,
    `Look at it in the preview team ${preview?.url} until ${preview?.expires_at}; the team's own tokens open it.`,
    `To go through with it, once the people you act for agree: restore_backup with confirm ${confirm}`,
  ].join("\n");
}

const some = (names: readonly string[]): string => (names.length === 0 ? "" : ` (${names.join(", ")})`);
