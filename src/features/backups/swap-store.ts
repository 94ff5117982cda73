// What a restore does to the tables: a copy made a team of its own, and what a team made swapped for what a backup has. Runs in the team object.

import type { Db } from "../../durable/db.ts";
import { quoteName } from "../../engines/sql/identifiers.ts";
import { datasetLimits } from "../../limits.ts";
import { claimObject, retireObject } from "../datasets/upload-store.ts";
import {
  deferReferences,
  eachStaged,
  eachTable,
  insertRows,
  linesOf,
  requireReferences,
  type StagedTable,
  valuesOf,
} from "./load-store.ts";
import type { SummaryItem } from "./schema.ts";
import { contentsOf, hasTable, type RawSql } from "./snapshot-store.ts";
import { accessTables, keptSettings, replacedTables } from "./team-state.ts";

/** What is compared of each kind: the name, a mark that tells one state from another, and who may see it as JSON. */
const summaries: Readonly<Record<string, string>> = {
  function: "SELECT name, json_array(version, updated_at, is_active) AS mark, NULL AS visibility FROM jq_functions",
  tool: "SELECT name, json_array(version, updated_at, is_active, pinned, weight, visibility_json) AS mark, visibility_json AS visibility FROM tools",
  dataset:
    "SELECT name, json_array(version, etag, description, visibility_json) AS mark, visibility_json AS visibility FROM datasets WHERE deleted_at IS NULL",
  setting: "SELECT key AS name, value_json AS mark, NULL AS visibility FROM settings",
  proposal: "SELECT id AS name, json_array(state, edition) AS mark, NULL AS visibility FROM proposals",
  suggestion: "SELECT id AS name, state AS mark, NULL AS visibility FROM query_patterns WHERE suggested_at IS NOT NULL",
  webhook: "SELECT name, json_array(url, format, kinds_json, is_active) AS mark, NULL AS visibility FROM webhooks",
};

/** What the team has made, by kind and name. */
export function summarise(sql: RawSql): SummaryItem[] {
  return Object.entries(summaries).flatMap(([kind, query]) =>
    sql
      .exec<{ name: string; mark: string; visibility: string | null }>(query)
      .toArray()
      .map((row) => ({ kind, ...row }))
      .filter(({ name }) => kind !== "setting" || !keptSettings.includes(name)),
  );
}

export interface CopyRequest {
  /** The first team's slug. */
  from: string;
  slug: string;
  incarnation: string;
  /** Who gets in, as NDJSON; left out: who did when the backup was taken. */
  access?: Uint8Array;
  /** A look before a restore: of those, only admins and owners get in, who could restore it. */
  isPreview?: boolean;
}

/** Makes what was just loaded a team of another slug: its own files and name, and nothing that reaches outside in the first one's place. */
export function becomeCopy(
  sql: RawSql,
  { from, slug, incarnation, access, isPreview = false }: CopyRequest,
  now: number,
): void {
  restartProposals(sql, now);
  sql.exec("UPDATE team SET slug = ?, incarnation = ?, deleted_at = NULL, purge_at = NULL", slug, incarnation);
  const prefix = `teams/${from}/`;
  for (const table of ["datasets", "dataset_versions"]) {
    sql.exec(
      `UPDATE ${table} SET r2_key = ? || substr(r2_key, ?) WHERE substr(r2_key, 1, ?) = ?`,
      `teams/${slug}/`,
      prefix.length + 1,
      prefix.length,
      prefix,
    );
  }
  for (const table of [
    "uploads",
    "retired_objects",
    "restore_previews",
    "idempotency_keys",
    "rate_buckets",
    "signing_keys",
  ]) {
    sql.exec(`DELETE FROM ${table}`);
  }
  // Their secrets are sealed for the first team, and nobody outside should hear twice.
  sql.exec("UPDATE webhooks SET is_active = 0");
  sql.exec("UPDATE deliveries SET state = 'cancelled', next_attempt_at = NULL WHERE state = 'pending'");
  sql.exec("UPDATE notification_settings SET email = 'off'");
  setSetting(sql, "nightly_backups", "false");
  if (access !== undefined) replaceAccess(sql, access);
  if (isPreview) letOnlyAdminsIn(sql, now);
}

/** What is restricted now may not have been when the backup was taken, and whoever leaves the team would still get into its past. */
function letOnlyAdminsIn(sql: RawSql, now: number): void {
  const others = "role NOT IN ('admin', 'owner')";
  sql.exec(
    `UPDATE tokens SET revoked_at = ? WHERE revoked_at IS NULL AND (${others} OR user_id IN (SELECT id FROM users WHERE ${others}))`,
    now,
  );
  sql.exec(`UPDATE users SET removed_at = ? WHERE removed_at IS NULL AND ${others}`, now);
}

function setSetting(sql: RawSql, key: string, json: string): void {
  sql.exec(
    "INSERT INTO settings (key, value_json, updated_at, updated_by) VALUES (?, ?, 0, 'system') ON CONFLICT (key) DO UPDATE SET value_json = excluded.value_json",
    key,
    json,
  );
}

/** Who gets in is who gets into the first team now: who was let go since then stays out. */
function replaceAccess(sql: RawSql, access: Uint8Array): void {
  deferReferences(sql);
  for (const table of ["connections", "invitations", ...[...accessTables].reverse()])
    sql.exec(`DELETE FROM ${quoteName(table)}`);
  eachTable(linesOf(access), (table) => {
    if (accessTables.includes(table.name)) insertRows(sql, table);
  });
  requireReferences(sql);
}

/** What a swap is given besides what is staged. */
export interface SwapInput {
  /** Files that were copied back: the key that the backup knows and the one of the copy. */
  files: Readonly<Record<string, string>>;
  now: number;
}

/**
 * Replaces what the team made by what is staged, in the transaction of its caller. The present's files that nothing points at any more are
 * retired; those of `files` are not orphans any more.
 */
export function swapState(sql: RawSql, db: Db, { files, now }: SwapInput): void {
  deferReferences(sql);
  const before = fileKeys(sql);
  const live = liveWebhooks(sql);
  for (const table of [...replacedTables].reverse()) {
    const [where, values] = table === "settings" ? keptCondition() : ["", []];
    sql.exec(`DELETE FROM ${quoteName(table)}${where}`, ...values);
  }
  eachStaged(sql, (table) => {
    if (table.name === "team") sql.exec("UPDATE team SET name = ?", nameOf(table));
    if (!replacedTables.includes(table.name) || !hasTable(sql, table.name)) return;
    insertRows(sql, table, (row) => {
      if (table.name === "settings") return !keptSettings.includes(String(row.key));
      // What was switched off, rotated or deleted since then hears of nothing until somebody switches it on.
      if (table.name === "webhooks" && !live.has(webhookKey(row.id, row.secret_sealed))) row.is_active = 0;
      const copied = filed.has(table.name) ? files[String(row.r2_key)] : undefined;
      if (copied !== undefined) row.r2_key = copied;
      return true;
    });
  });
  restartProposals(sql, now);
  const after = new Set(fileKeys(sql));
  for (const key of after) claimObject(db, key);
  for (const key of before) if (!after.has(key)) retireObject(db, key, now + datasetLimits.retiredGraceMs);
  requireReferences(sql);
}

/** Tables whose rows say where a content is. */
const filed: ReadonlySet<string> = new Set(["datasets", "dataset_versions"]);

const webhookKey = (id: unknown, sealed: unknown): string => `${String(id)} ${String(sealed)}`;

/** The webhooks that are told of things now, with their addresses and secrets of now. */
function liveWebhooks(sql: RawSql): ReadonlySet<string> {
  const rows = sql.exec<{ id: string; sealed: string }>(
    "SELECT id, secret_sealed AS sealed FROM webhooks WHERE is_active = 1",
  );
  return new Set(rows.toArray().map(({ id, sealed }) => webhookKey(id, sealed)));
}

/** Time that passed since the backup settles nothing: what was open then is open from now on. */
function restartProposals(sql: RawSql, now: number): void {
  sql.exec("UPDATE proposals SET opened_at = ? WHERE state = 'pending'", now);
}

function keptCondition(): [string, string[]] {
  return [` WHERE key NOT IN (${keptSettings.map(() => "?").join(", ")})`, [...keptSettings]];
}

function nameOf({ columns, rows }: StagedTable): string {
  for (const line of rows) return String(valuesOf(line)[columns.indexOf("name")]);
  return "";
}

/** Where the datasets' contents are, those of kept versions included. */
export function fileKeys(sql: RawSql): string[] {
  const rows = sql.exec<{ key: string }>(`SELECT DISTINCT r2_key AS key FROM (${contentsOf(sql)})`);
  return rows.toArray().map(({ key }) => key);
}
