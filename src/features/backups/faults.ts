// Errors that both halves of backups throw. Runs everywhere.
import { AppError } from "../../core/errors.ts";

export function noBackup(id: string): AppError {
  return new AppError("not_found", `There is no backup ${id} of this team.`, { hint: "list_backups shows them." });
}
