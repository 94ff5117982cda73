// Writing files so that they are whole or as before, and a lock that several runs of the command line share. Runs under Node.
import { randomBytes } from "node:crypto";
import { rmSync } from "node:fs";
import { mkdir, open, readFile, realpath, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { CliError } from "./errors.ts";
import { undoneOnInterrupt } from "./interrupts.ts";

const lockStaleMs = 30_000;
const lockPollMs = 50;

export const isMissing = (error: unknown): boolean =>
  error instanceof Error && "code" in error && error.code === "ENOENT";

/** The file's text; undefined when there is none. */
export async function readText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw fileError(path, "read", error);
  }
}

/** Replaces the file in one step; a link stays a link. Without `mode` the file keeps the one it has. */
export async function writeWhole(path: string, text: string | Uint8Array, mode?: number): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true, ...(mode === undefined ? {} : { mode: 0o700 }) });
    const target = await realpath(path).catch(() => resolve(path));
    const kept = mode ?? (await stat(target).catch(() => undefined))?.mode;
    const beside = `${target}.${randomBytes(4).toString("hex")}.tmp`;
    try {
      await writeFile(beside, text, { flag: "wx", ...(kept === undefined ? {} : { mode: kept & 0o777 }) });
      await rename(beside, target);
    } finally {
      await rm(beside, { force: true });
    }
  } catch (error) {
    throw fileError(path, "written", error);
  }
}

export function fileError(path: string, what: string, error: unknown): CliError {
  const why = error instanceof Error && "code" in error ? String(error.code) : String(error);
  return new CliError("file", `${path} could not be ${what}: ${why}.`, { cause: error });
}

/** Runs `work` while no other run of the command line does the same under this path. */
export async function withLock<T>(path: string, work: () => Promise<T>): Promise<T> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await take(path);
  try {
    return await undoneOnInterrupt(() => rmSync(path, { force: true }), work);
  } finally {
    await rm(path, { force: true });
  }
}

async function take(path: string): Promise<void> {
  for (;;) {
    try {
      await (await open(path, "wx", 0o600)).close();
      return;
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "EEXIST"))
        throw fileError(path, "written", error);
    }
    const held = await stat(path).catch(() => undefined);
    // Whoever held it was ended before it could let go.
    if (held !== undefined && Date.now() - held.mtimeMs > lockStaleMs) await rm(path, { force: true });
    else await new Promise((wait) => setTimeout(wait, lockPollMs));
  }
}
