// Backups as rows and as every surface shows them: fields described once. Runs everywhere.
import * as z from "zod";

export const backupReasons = ["manual", "nightly", "migration", "restore"] as const;
export type BackupReason = (typeof backupReasons)[number];

/** taken: the snapshot waits in the object to be stored. */
export const backupStates = ["taken", "complete", "failed"] as const;
export type BackupState = (typeof backupStates)[number];

const time = z.string().describe("ISO 8601.");
export const backupIdSchema = z.string().regex(/^bkp_[A-Za-z0-9_-]{1,60}$/, "use an id that list_backups shows");

export const backupSchema = z.object({
  id: z.string(),
  reason: z.enum(backupReasons),
  state: z.enum(backupStates).describe("taken: its snapshot is being stored."),
  created_by: z.string(),
  created_at: time,
  finished_at: time.nullable(),
  revision: z.int().describe("The team's revision it holds."),
  migration: z.string().describe("The schema it was taken under."),
  rows: z.int(),
  bytes: z.int().describe("Of the state, uncompressed."),
  stored_bytes: z.int().describe("Of the state as stored."),
  files: z.int().describe("Of datasets."),
  file_bytes: z.int(),
  encrypted: z.boolean(),
  sha256: z.string().nullable(),
  error: z.string().nullable(),
});
export type ShownBackup = z.output<typeof backupSchema>;

const previewSchema = z.object({
  team: z.string().describe("The preview's slug."),
  backup_id: z.string(),
  created_by: z.string(),
  created_at: time,
  expires_at: time,
});
export type ShownPreview = z.output<typeof previewSchema>;

export const listBackupsSchema = z.object({});
export const backupListSchema = z.object({
  backups: z.array(backupSchema).describe("Newest first."),
  previews: z.array(previewSchema).describe("Teams that show what a backup holds, until they expire."),
});
export type BackupList = z.output<typeof backupListSchema>;

export const createBackupSchema = z.object({});

export const restoreBackupSchema = z.object({
  backup_id: backupIdSchema,
  confirm: z
    .string()
    .max(1_000)
    .optional()
    .describe(
      "The preview's confirm value. Without it nothing is restored: a preview is made and the changes are shown.",
    ),
});
export type RestoreBackup = z.output<typeof restoreBackupSchema>;

const changesSchema = z.object({
  kind: z.string(),
  created: z.int(),
  changed: z.int(),
  removed: z.int(),
  names: z
    .object({ created: z.array(z.string()), changed: z.array(z.string()), removed: z.array(z.string()) })
    .describe("The first of each."),
});
export type KindChanges = z.output<typeof changesSchema>;

export const restoreOutcomeSchema = z.object({
  outcome: z.enum(["previewed", "restored"]),
  backup_id: z.string(),
  changes: z.array(changesSchema).describe("Against the team as it is now; kinds without a change are left out."),
  preview: z
    .object({ team: z.string(), url: z.string(), expires_at: time })
    .optional()
    .describe("A team of its own; the team's own members and tokens open it."),
  confirm: z.string().optional().describe("Give it to restore_backup to go through with it."),
  safety_backup: z.string().optional().describe("What the team was before."),
  revision: z.int().optional(),
});
export type RestoreOutcome = z.output<typeof restoreOutcomeSchema>;

export const deleteBackupSchema = z.object({ backup_id: backupIdSchema });
export const deletedBackupSchema = z.object({ backup_id: z.string(), deleted: z.boolean() });

export const operatorRestoreSchema = z.strictObject({
  backup_id: backupIdSchema,
  as: z.string().optional().describe("Another slug for the team that is made."),
});

/** One table of a snapshot and how many rows it has. */
export interface TableRows {
  name: string;
  rows: number;
}

/** A dataset's file that belongs to a backup. */
export interface BackupFile {
  r2_key: string;
  bytes: number;
  sha256: string;
  kind: "records" | "whole";
  /** Where the copy is, below `teams/<team>/`; null: not copied yet. */
  stored_key: string | null;
}

/** What is known of a snapshot besides its bytes. */
export interface SnapshotHead {
  revision: number;
  migration: string;
  tables: TableRows[];
  rows: number;
  bytes: number;
  chunks: number;
}

/** What the edge needs to store a snapshot. */
export interface StorePlan extends SnapshotHead {
  id: string;
  slug: string;
  name: string;
  incarnation: string;
  reason: BackupReason;
  createdBy: string;
  /** Unix milliseconds. */
  createdAt: number;
  files: BackupFile[];
  /** The newest complete backup, whose copies of files can be used again. */
  newest: string | null;
}

/** A thing of the team by kind and name, with what tells one state of it from another. */
export interface SummaryItem {
  kind: string;
  name: string;
  mark: string;
  visibility: string | null;
}

/** What a row of `backups` holds, as it travels and as a manifest keeps it. */
export interface BackupRecord {
  id: string;
  reason: BackupReason;
  createdBy: string;
  createdAt: number;
  finishedAt: number;
  revision: number;
  migration: string;
  rows: number;
  bytes: number;
  storedBytes: number;
  objects: number;
  objectBytes: number;
  sha256: string;
  encrypted: boolean;
}
