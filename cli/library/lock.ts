// What of the team's library a folder was made from: the version of each entry at the last pull or push, kept beside the files. Runs under Node.
import { join } from "node:path";
import { CliError } from "../core/errors.ts";
import { readText, writeWhole } from "../core/files.ts";
import { isRecord, parseJson } from "../core/json.ts";
import type { NamedEntry } from "../core/wire.ts";
import { keyOf } from "./files.ts";

export interface Lock {
  /** The team's address; a folder pushed to another team has no base there. */
  url: string;
  /** Versions by `function name` and `tool name`. */
  versions: Record<string, number>;
}

const fileName = "super-data.lock.json";

/** The folder's lock, if it is one of this team's. */
export async function readLock(folder: string, url: string): Promise<Lock | undefined> {
  const path = join(folder, fileName);
  const text = await readText(path).catch(() => undefined);
  if (text === undefined) return undefined;
  const value = parseJson(text);
  if (!isRecord(value) || typeof value.url !== "string" || !isRecord(value.versions)) {
    throw new CliError("library_invalid", `${path} cannot be read.`, {
      hint: "Delete it and run `super-data tools pull`.",
    });
  }
  return value.url === url ? (value as unknown as Lock) : undefined;
}

export async function writeLock(
  folder: string,
  url: string,
  entries: readonly (NamedEntry & { version: number })[],
): Promise<void> {
  const versions = Object.fromEntries(
    entries.map((entry) => [keyOf(entry), entry.version]).sort(([a], [b]) => (String(a) < String(b) ? -1 : 1)),
  );
  await writeWhole(join(folder, fileName), `${JSON.stringify({ url, versions }, null, 2)}\n`);
}
