// What of a team's tables a restore replaces and what stays as it is now; a test has every table on one of the lists. Runs everywhere.

/** Working copies of backups and restores in the object, made when needed: never part of a backup. */
export const scratchTables: ReadonlySet<string> = new Set([
  "backup_heads",
  "backup_chunks",
  "backup_files",
  "restore_chunks",
  "restore_staging",
]);

/** What the team made: a restore brings back what the backup has of it. Parents before children. */
export const replacedTables: readonly string[] = [
  "jq_functions",
  "jq_function_versions",
  "function_dependencies",
  "tools",
  "tool_versions",
  "tool_functions",
  "datasets",
  "dataset_versions",
  "settings",
  "proposals",
  "approval_votes",
  "proposal_comments",
  "query_patterns",
  "query_pattern_users",
  "query_pattern_literals",
  "webhooks",
  "notifications",
  "notification_settings",
];

/** Settings that say who gets in: they stay as they are now. */
export const keptSettings: readonly string[] = ["sign_in_providers"];

/** Who gets in, the logs, and what is under way: a restore leaves them as they are now. */
export const keptTables: ReadonlySet<string> = new Set([
  "team",
  "users",
  "tokens",
  "connections",
  "invitations",
  "audit_log",
  "tool_execution_log",
  "tool_usage",
  "call_totals",
  "activity_calls",
  "activity_users",
  "activity_samples",
  "rate_buckets",
  "idempotency_keys",
  "backups",
  "restore_previews",
  "feed_events",
  "uploads",
  "upload_parts",
  "retired_objects",
  "deliveries",
  "signing_keys",
  "trusted_signers",
  "workspace_log",
  "applied_migrations",
  "sqlite_sequence",
]);

/** Who gets in, children last: a preview takes these from the team as it is now. */
export const accessTables: readonly string[] = ["users", "tokens"];
