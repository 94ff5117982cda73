// Backups over REST. Runs at the edge.
import * as z from "zod";
import { AppError } from "../../core/errors.ts";
import { serveDownload } from "../../platform/downloads.ts";
import { defineRoute, section, toolRoutes } from "../../route.ts";
import { callerOf } from "../access/access.ts";
import { archiveOf } from "./archive.ts";
import { noBackup } from "./faults.ts";
import { backupIdSchema, backupSchema, type ShownBackup } from "./schema.ts";
import { backupTools } from "./tools.ts";

const ofBackup = z.object({ backup_id: backupIdSchema });

export const backupRoutes = section("Backups", [
  ...toolRoutes(backupTools, {
    list_backups: { method: "GET", path: "/backups" },
    create_backup: { method: "POST", path: "/backups", status: 201 },
    restore_backup: { method: "POST", path: "/backups/:backup_id/restore", unstored: true },
    delete_backup: { method: "DELETE", path: "/backups/:backup_id" },
  }),
  defineRoute({
    operation: "get_backup",
    method: "GET",
    path: "/backups/:backup_id",
    summary: "Read a backup",
    description: "What a backup holds and whether it is stored.",
    permission: "backups:manage",
    params: ofBackup,
    answer: backupSchema,
    handler: async (call, { params: { backup_id: id } }) => {
      const backup = await call.stub.backups().get(id);
      if (backup === undefined) throw noBackup(id);
      return backup;
    },
  }),
  defineRoute({
    operation: "download_backup",
    method: "GET",
    path: "/backups/:backup_id/content",
    summary: "Download a backup",
    description:
      "One tar file with all that the backup is: its manifest, its state and the files of its datasets, encrypted where the deployment has a backup key. Unpacked below teams/<team>/ of a bucket, it can be restored from there. The audit log says who downloaded it.",
    permission: "backups:download",
    writes: false,
    params: ofBackup,
    answer: { types: ["application/x-tar"], description: "The backup." },
    headers: [
      { name: "Range", description: "One range of bytes, e.g. `bytes=1000-`: answered with 206." },
      { name: "If-Range", description: "The etag the range is of." },
      { name: "Content-Range", of: "answer", description: "Of a part." },
    ],
    errors: ["backup_unreadable", "busy", "range_not_satisfiable"],
    handler: async (call, { params: { backup_id: id }, request }) => {
      const backup = await call.stub.backups().get(id);
      if (backup === undefined) throw noBackup(id);
      if (backup.state !== "complete") throw notStored(backup);
      const archive = await archiveOf(call.files, call.team, id);
      return serveDownload(request, archive, () => call.stub.backups().noteDownload(id, callerOf(call)));
    },
  }),
]);

function notStored({ id, state }: ShownBackup): AppError {
  return state === "taken"
    ? new AppError("busy", `The backup ${id} is still being stored.`, { hint: "Try again in a few minutes." })
    : new AppError("backup_unreadable", `The backup ${id} failed, so there is nothing of it to download.`, {
        hint: "Use another one: GET …/backups lists them.",
      });
}
