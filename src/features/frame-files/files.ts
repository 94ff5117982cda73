// A file to be read: in memory when it is small, else in R2 for as long as that takes. Runs at the edge.
import type { CallContext } from "../../context.ts";
import { AppError } from "../../core/errors.ts";
import { logFailure } from "../../core/log.ts";
import { readInLarge } from "../../core/read-in-large.ts";
import { deleteObjects, R2Writer } from "../../platform/r2.ts";
import { frameLimits } from "../../workspace-limits.ts";
import { fileKey } from "../datasets/schema.ts";
import { fileIdPattern } from "./schema.ts";

/** What files need of a call. */
export type FileDeps = Pick<CallContext, "team" | "stub" | "files" | "waitUntil">;

/** A file that can be read more than once, from any place. */
export interface ReadableFile {
  byteLength: number;
  open: () => AsyncIterable<Uint8Array> | Promise<AsyncIterable<Uint8Array>>;
  slice: (start: number, end?: number) => Promise<ArrayBuffer>;
}

export function memoryFile(bytes: Uint8Array): ReadableFile {
  return {
    byteLength: bytes.length,
    open: async function* () {
      yield bytes;
    },
    slice: async (start, end) => new Uint8Array(bytes.slice(start, end)).buffer,
  };
}

/** A file that was uploaded for tools, by its id. Throws `not_found`. */
export async function uploadedFile(deps: Pick<FileDeps, "team" | "files">, id: string): Promise<ReadableFile> {
  const key = fileKey(deps.team, id);
  const head = fileIdPattern.test(id) ? await deps.files.head(key) : null;
  if (head === null) throw noFile(id);
  return r2File(deps.files, key, head.size);
}

function noFile(id: string): AppError {
  return new AppError("not_found", `There is no uploaded file ${JSON.stringify(id.slice(0, 80))}.`, {
    hint: "Upload it with POST …/api/v1/frames/files, which answers with its id; a file is kept for 24 hours.",
  });
}

function r2File(files: R2Bucket, key: string, byteLength: number): ReadableFile {
  const get = async (range?: R2Range): Promise<R2ObjectBody> => {
    const object = await files.get(key, range === undefined ? {} : { range });
    if (object === null) throw noFile(key.slice(key.lastIndexOf("/") + 1));
    return object;
  };
  return {
    byteLength,
    open: async () => readInLarge((await get()).body),
    slice: async (start, end = byteLength) => {
      const from = start < 0 ? Math.max(0, byteLength + start) : start;
      const length = Math.min(end, byteLength) - from;
      return length <= 0 ? new ArrayBuffer(0) : (await get({ offset: from, length })).arrayBuffer();
    },
  };
}

/** Keeps a file for tools to read. Nothing stays of one that breaks off. */
export async function keepFile(
  deps: FileDeps,
  source: AsyncIterable<Uint8Array>,
): Promise<{ id: string; bytes: number; expiresAt: number }> {
  const { id, r2Key, expiresAt } = await deps.stub.datasets().planFile(deps.team, frameLimits.fileMs);
  try {
    const bytes = await store(deps, r2Key, source);
    return { id, bytes, expiresAt };
  } catch (error) {
    await remove(deps, r2Key);
    throw error;
  }
}

/** Runs `work` on what `source` gives, as a file that is gone afterwards, whatever happens. Throws what `source` and `work` throw. */
export async function withFile<T>(
  deps: FileDeps,
  source: AsyncIterable<Uint8Array>,
  work: (file: ReadableFile) => Promise<T>,
): Promise<T> {
  const iterator = source[Symbol.asyncIterator]();
  const held: Uint8Array[] = [];
  let bytes = 0;
  while (bytes <= frameLimits.heldBytes) {
    const next = await iterator.next();
    if (next.done === true) return work(memoryFile(joined(held, bytes)));
    held.push(next.value);
    bytes += next.value.length;
  }
  const { r2Key } = await deps.stub.datasets().planFile(deps.team, frameLimits.loadedFileMs);
  try {
    const size = await store(deps, r2Key, both(held, iterator));
    return await work(r2File(deps.files, r2Key, size));
  } finally {
    await iterator.return?.();
    await remove(deps, r2Key);
  }
}

async function* both(held: Uint8Array[], rest: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  for (let chunk = held.shift(); chunk !== undefined; chunk = held.shift()) yield chunk;
  for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value;
}

function joined(parts: readonly Uint8Array[], length: number): Uint8Array {
  const all = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

async function store(deps: FileDeps, r2Key: string, source: AsyncIterable<Uint8Array>): Promise<number> {
  const note = (id: string) => deps.stub.datasets().noteMultipart(r2Key, id);
  const writer = new R2Writer(deps.files, r2Key, "application/octet-stream", note);
  try {
    for await (const chunk of source) await writer.write(chunk);
    return (await writer.close()).bytes;
  } finally {
    writer.release();
  }
}

/** Deletes it now; should that fail, the team's sweep does it in a minute, or when the file's time is up. */
async function remove(deps: FileDeps, r2Key: string): Promise<void> {
  const removing = (async () => {
    const { failures } = await deleteObjects(deps.files, await deps.stub.datasets().giveUpPart(r2Key));
    for (const failure of failures) throw failure;
  })().catch((failure: unknown) => logFailure("file_cleanup_failed", { team: deps.team }, failure));
  deps.waitUntil(removing);
  await removing;
}

/** A whole file in memory. Throws `too_large` over `limit` bytes. */
export async function wholeFile(file: ReadableFile): Promise<Uint8Array> {
  const limit = frameLimits.documentBytes;
  if (file.byteLength > limit) {
    throw new AppError(
      "too_large",
      `An Arrow file may have ${limit} bytes (limit documentBytes); this one has ${file.byteLength}.`,
      {
        hint: "Write it as Parquet, which is read a part at a time, or compress it with zstd.",
        details: { limit: "documentBytes", value: limit, bytes: file.byteLength },
      },
    );
  }
  return new Uint8Array(await file.slice(0, file.byteLength));
}
