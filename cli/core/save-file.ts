// A file that is there once it is whole: written beside its place, and put there at its end. Runs under Node.
import { randomBytes } from "node:crypto";
import { rmSync } from "node:fs";
import { type FileHandle, open, rename, rm, stat } from "node:fs/promises";
import { CliError } from "./errors.ts";
import { fileError } from "./files.ts";
import { undoneOnInterrupt } from "./interrupts.ts";
import type { Output } from "./output.ts";
import { startProgress } from "./progress.ts";

export interface SavedFile {
  path: string;
  /** What the progress bar calls it, and how long it will be. */
  name: string;
  bytes: number | undefined;
  replaces: boolean;
}

/** Runs `work` with what writes to the file. Throws `already_exists`, `file`. */
export async function saveFile<T>(
  output: Output,
  { path, name, bytes, replaces }: SavedFile,
  work: (write: (chunk: Uint8Array) => Promise<void>) => Promise<T>,
): Promise<T> {
  if (!replaces && (await stat(path).catch(() => undefined)) !== undefined) {
    throw new CliError("already_exists", `${path} exists.`, {
      hint: "Add --force to replace it, or give another file.",
    });
  }
  const beside = `${path}.${randomBytes(4).toString("hex")}.part`;
  const file: FileHandle = await open(beside, "wx").catch((error: unknown) => {
    throw fileError(path, "written", error);
  });
  const progress = startProgress(output, name, bytes);
  let over = 0;
  try {
    const write = async (chunk: Uint8Array): Promise<void> => {
      await file.writeFile(chunk);
      over += chunk.length;
      progress.set(over);
    };
    const done = await undoneOnInterrupt(
      () => rmSync(beside, { force: true }),
      () => work(write),
    );
    await file.sync();
    await file.close();
    await rename(beside, path);
    return done;
  } finally {
    progress.end();
    await file.close().catch(() => undefined);
    await rm(beside, { force: true });
  }
}
