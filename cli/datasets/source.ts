// What is uploaded, cut into parts: a file, which can be read again at any place, or a stream, which cannot. Runs under Node.
import { createHash } from "node:crypto";
import { type FileHandle, open, realpath } from "node:fs/promises";
import { CliError, usageError } from "../core/errors.ts";
import { fileError } from "../core/files.ts";
import { headBytes } from "./format.ts";

export type Bytes = Uint8Array<ArrayBuffer>;

export interface Source {
  /** What it is called in messages. */
  name: string;
  head: Bytes;
  /** Undefined for a stream. */
  size: number | undefined;
  /** Tells this content from another; undefined for a stream, whose upload cannot be resumed. */
  identity: string | undefined;
  /** Its parts of `partBytes` each, the last one smaller; at least one. */
  parts: (partBytes: number) => AsyncIterable<Bytes>;
  close: () => Promise<void>;
}

/** Opens a file. Throws `usage` for what is none, `file` for one that cannot be read. */
export async function openFile(path: string): Promise<Source> {
  const handle = await open(path, "r").catch((error: unknown) => {
    throw fileError(path, "read", error);
  });
  try {
    const stats = await handle.stat();
    if (!stats.isFile()) throw usageError(`${path} is not a file.`, "Give a file, or - for standard input.");
    const { size, mtimeMs } = stats;
    return {
      name: path,
      head: await readAt(handle, 0, Math.min(size, headBytes)),
      size,
      identity: [await realpath(path), size, mtimeMs].join("\0"),
      parts: (partBytes) => fileParts(path, handle, { size, mtimeMs }, partBytes),
      close: () => handle.close(),
    };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

async function* fileParts(
  path: string,
  handle: FileHandle,
  before: { size: number; mtimeMs: number },
  partBytes: number,
): AsyncGenerator<Bytes> {
  for (let at = 0; at < before.size || at === 0; at += partBytes) {
    yield await readAt(handle, at, Math.min(partBytes, before.size - at));
  }
  const { size, mtimeMs } = await handle.stat();
  if (size === before.size && mtimeMs === before.mtimeMs) return;
  throw new CliError("conflict", `${path} was changed while it was uploaded.`, {
    hint: "Run the command again once it is written.",
  });
}

async function readAt(handle: FileHandle, position: number, length: number): Promise<Bytes> {
  const bytes = new Uint8Array(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await handle.read(bytes, filled, length - filled, position + filled);
    if (bytesRead === 0) return bytes.subarray(0, filled);
    filled += bytesRead;
  }
  return bytes;
}

/** A stream as a source: it can be read once. */
export async function openStream(name: string, stream: AsyncIterable<Uint8Array>): Promise<Source> {
  const chunks = stream[Symbol.asyncIterator]();
  const first = await take(chunks, [], headBytes);
  return {
    name,
    head: joined(first, headBytes).bytes,
    size: undefined,
    identity: undefined,
    async *parts(partBytes) {
      let held = first;
      do {
        const { bytes, rest } = joined(await take(chunks, held, partBytes), partBytes);
        yield bytes;
        held = await take(chunks, rest, 1);
      } while (held.length > 0);
    },
    close: async () => undefined,
  };
}

/** `held` and as many chunks more as it takes for `bytes`; fewer at the stream's end. */
async function take(chunks: AsyncIterator<Uint8Array>, held: Uint8Array[], bytes: number): Promise<Uint8Array[]> {
  const taken = [...held];
  let size = taken.reduce((sum, chunk) => sum + chunk.length, 0);
  while (size < bytes) {
    const next = await chunks.next();
    if (next.done === true) break;
    taken.push(next.value);
    size += next.value.length;
  }
  return taken.filter((chunk) => chunk.length > 0);
}

function joined(chunks: readonly Uint8Array[], most: number): { bytes: Bytes; rest: Uint8Array[] } {
  const all = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    all.set(chunk, at);
    at += chunk.length;
  }
  const rest = all.subarray(most);
  return { bytes: all.subarray(0, most), rest: rest.length === 0 ? [] : [rest] };
}

/** An etag as the server makes them. */
export const etagOf = (bytes: Uint8Array): string => `"${createHash("sha256").update(bytes).digest("hex")}"`;
