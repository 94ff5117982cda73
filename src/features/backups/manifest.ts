// What a stored backup says of itself: manifest.json, checked and sealed. Runs at the edge.
import * as z from "zod";
import { AppError, isAppError } from "../../core/errors.ts";
import { hex } from "../../core/ids.ts";
import { noBackup } from "./faults.ts";
import type { BackupKey } from "./frames.ts";
import { type BackupRecord, backupReasons } from "./schema.ts";

export const manifestSchema = z.object({
  format: z.literal(1),
  id: z.string(),
  team: z.string(),
  name: z.string(),
  incarnation: z.string(),
  reason: z.enum(backupReasons),
  created_by: z.string(),
  created_at: z.string(),
  finished_at: z.string(),
  revision: z.int(),
  migration: z.string(),
  tables: z.array(z.object({ name: z.string(), rows: z.int() })),
  rows: z.int(),
  state: z.object({ key: z.string(), bytes: z.int(), stored_bytes: z.int(), sha256: z.string() }),
  files: z.array(
    z.object({
      r2_key: z.string(),
      bytes: z.int(),
      sha256: z.string(),
      kind: z.enum(["records", "whole"]),
      stored_key: z.string(),
    }),
  ),
  encryption: z.object({ cipher: z.literal("AES-256-GCM"), key_id: z.string() }).nullable(),
});
export type Manifest = z.output<typeof manifestSchema>;

/** Where a team's backups are, and one of them. All keys of a manifest are below `teams/<team>/`. */
export const teamPrefix = (team: string): string => `teams/${team}/`;
export const backupPrefix = (team: string, id = ""): string => `teams/${team}/backups/${id === "" ? "" : `${id}/`}`;
const manifestKey = (team: string, id: string): string => `${backupPrefix(team, id)}manifest.json`;

/** Writes the manifest with its seal: an HMAC under the backup key, or where there is none a checksum. */
export async function writeManifest(
  bucket: R2Bucket,
  team: string,
  manifest: Manifest,
  key: BackupKey | undefined,
): Promise<void> {
  // In the schema's order of keys, as it is read: the seal is of the text.
  const ordered = manifestSchema.parse(manifest);
  const text = JSON.stringify({ ...ordered, seal: await sealOf(JSON.stringify(ordered), key) });
  await bucket.put(manifestKey(team, manifest.id), text, { httpMetadata: { contentType: "application/json" } });
}

/** Throws `not_found` without one; `backup_unreadable` for one that was changed, is of another format, or needs a key that is not set. */
export async function readManifest(
  bucket: R2Bucket,
  team: string,
  id: string,
  key: BackupKey | undefined,
): Promise<Manifest> {
  const manifest = await findManifest(bucket, team, id, key);
  if (manifest === undefined) throw noBackup(id);
  return manifest;
}

/** The same; undefined without one. */
export async function findManifest(
  bucket: R2Bucket,
  team: string,
  id: string,
  key: BackupKey | undefined,
): Promise<Manifest | undefined> {
  const text = await (await bucket.get(manifestKey(team, id)))?.text();
  if (text === undefined) return undefined;
  const { manifest, seal } = parseManifest(text, id);
  if (manifest.encryption !== null) requireKey(id, manifest.encryption.key_id, key);
  const expected = await sealOf(JSON.stringify(manifest), manifest.encryption === null ? undefined : key);
  if (seal !== expected) throw damaged(id, "its manifest was changed");
  return manifest;
}

/** A manifest as it is stored, and what it says without a key. Throws `not_found`, `backup_unreadable`. */
export async function storedManifest(
  bucket: R2Bucket,
  team: string,
  id: string,
): Promise<{ text: string; manifest: Manifest; key: string }> {
  const key = manifestKey(team, id);
  const text = await (await bucket.get(key))?.text();
  if (text === undefined) throw noBackup(id);
  return { text, key, manifest: parseManifest(text, id).manifest };
}

/** What a manifest says without a key: whether it is whole shows when it is restored. */
export async function peekManifest(bucket: R2Bucket, team: string, id: string): Promise<Manifest | undefined> {
  const text = await (await bucket.get(manifestKey(team, id)))?.text();
  return text === undefined ? undefined : parseManifest(text, id).manifest;
}

function parseManifest(text: string, id: string): { manifest: Manifest; seal: unknown } {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw damaged(id, "its manifest is not JSON");
  }
  const parsed = manifestSchema.safeParse(value);
  if (!parsed.success || parsed.data.id !== id) throw damaged(id, "its manifest is not one that this version reads");
  return { manifest: parsed.data, seal: Reflect.get(Object(value), "seal") };
}

function requireKey(id: string, keyId: string, key: BackupKey | undefined): void {
  if (key?.id === keyId) return;
  const what =
    key === undefined ? "and this deployment has no BACKUP_KEY" : "and BACKUP_KEY of this deployment is another";
  throw new AppError("backup_unreadable", `The backup ${id} is encrypted under the key ${keyId}, ${what}.`, {
    hint: "The operator sets the BACKUP_KEY that the backup was made with.",
    details: { key_id: keyId, ...(key === undefined ? {} : { present: key.id }) },
  });
}

export function damaged(id: string, what: string): AppError {
  return new AppError("backup_unreadable", `The backup ${id} cannot be restored: ${what}.`, {
    hint: "Nothing was changed. Use another backup.",
  });
}

async function sealOf(text: string, key: BackupKey | undefined): Promise<string> {
  const bytes = new TextEncoder().encode(text);
  if (key === undefined) return hex(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)));
  const signing = await crypto.subtle.importKey("raw", key.material, { name: "HMAC", hash: "SHA-256" }, false, [
    "sign",
  ]);
  return hex(new Uint8Array(await crypto.subtle.sign("HMAC", signing, bytes)));
}

/** The row of `backups` that a manifest stands for. */
export function recordOf(manifest: Manifest): BackupRecord {
  const { id, reason, created_by, created_at, finished_at, revision, migration, rows, state, files, encryption } =
    manifest;
  return {
    ...{ id, reason, revision, migration, rows, createdBy: created_by },
    createdAt: Date.parse(created_at),
    finishedAt: Date.parse(finished_at),
    bytes: state.bytes,
    storedBytes: state.stored_bytes,
    sha256: state.sha256,
    objects: files.length,
    objectBytes: files.reduce((sum, { bytes }) => sum + bytes, 0),
    encrypted: encryption !== null,
  };
}

function unlessDamaged(error: unknown): undefined {
  if (!isAppError(error)) throw error;
}

/** The manifests of a team in the bucket, whether or not there is such a team, oldest first; those that cannot be read are left out. */
export async function listManifests(bucket: R2Bucket, team: string): Promise<Manifest[]> {
  const prefix = backupPrefix(team);
  const found: Manifest[] = [];
  let cursor: string | undefined;
  do {
    const page = await bucket.list({ prefix, delimiter: "/", ...(cursor === undefined ? {} : { cursor }) });
    for (const folder of page.delimitedPrefixes) {
      const id = folder.slice(prefix.length, -1);
      const manifest = id === "files" ? undefined : await peekManifest(bucket, team, id).catch(unlessDamaged);
      if (manifest !== undefined) found.push(manifest);
    }
    cursor = page.truncated ? page.cursor : undefined;
  } while (cursor !== undefined);
  return found.sort((a, b) => (a.created_at < b.created_at ? -1 : 1));
}

/** A manifest as the operator is shown it: without keys of files. */
export function describeManifest(manifest: Manifest): Record<string, unknown> {
  const { files, state, tables: _tables, ...shown } = manifest;
  const { bytes, stored_bytes, sha256 } = state;
  const fileBytes = files.reduce((sum, file) => sum + file.bytes, 0);
  return { ...shown, bytes, stored_bytes, sha256, files: files.length, file_bytes: fileBytes };
}
