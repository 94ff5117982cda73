// Uploads in parts that were begun and not ended, so that the same command goes on where the last one broke off. Runs under Node.
import { createHash } from "node:crypto";
import { join } from "node:path";
import { configDirectory } from "../core/config.ts";
import { readText, withLock, writeWhole } from "../core/files.ts";
import { isRecord, parseJson } from "../core/json.ts";

/** Milliseconds after which the server has forgotten an upload. */
const forgottenMs = 24 * 3_600_000;

interface OpenUpload {
  upload_id: string;
  begun_at: number;
}

export interface OpenUploads {
  find: (key: string) => Promise<string | undefined>;
  put: (key: string, uploadId: string) => Promise<void>;
  remove: (key: string) => Promise<void>;
}

/** What tells one upload from another: where it goes and what it is. */
export const uploadKey = (parts: readonly (string | number)[]): string =>
  createHash("sha256").update(parts.join("\0")).digest("hex");

export function openUploads(env: NodeJS.ProcessEnv): OpenUploads {
  const path = join(configDirectory(env), "uploads.json");
  const read = async (): Promise<Map<string, OpenUpload>> => {
    const value = parseJson((await readText(path)) ?? "{}");
    const entries = Object.entries(isRecord(value) ? value : {}) as [string, OpenUpload][];
    return new Map(entries.filter(([, { begun_at }]) => Date.now() - begun_at < forgottenMs));
  };
  const change = (edit: (uploads: Map<string, OpenUpload>) => void): Promise<void> =>
    withLock(`${path}.lock`, async () => {
      const uploads = await read();
      edit(uploads);
      await writeWhole(path, `${JSON.stringify(Object.fromEntries(uploads), null, 2)}\n`, 0o600);
    });
  return {
    find: async (key) => (await read()).get(key)?.upload_id,
    put: (key, uploadId) => change((uploads) => uploads.set(key, { upload_id: uploadId, begun_at: Date.now() })),
    remove: (key) => change((uploads) => uploads.delete(key)),
  };
}
