// A stored backup as one tar file: manifest, state and files as they are stored, at their places below teams/<team>/. Runs at the edge.
import type { ByteRange } from "../../core/byte-range.ts";
import { sha256Hex } from "../../core/ids.ts";
import { streamOf } from "../../platform/byte-streams.ts";
import type { Download } from "../../platform/downloads.ts";
import { sealedBytes } from "./frames.ts";
import { damaged, type Manifest, storedManifest, teamPrefix } from "./manifest.ts";
import { bytesOf } from "./streams.ts";
import { headerOf, paddingOf, trailerBytes } from "./tar.ts";

/** Some bytes of the archive, in memory or in R2. */
interface Segment {
  bytes: number;
  open: (range: ByteRange) => AsyncIterable<Uint8Array>;
}

interface StoredFile {
  key: string;
  bytes: number;
}

/** The backup as a download: its bytes are the same each time, so that one that broke off can go on. Throws `not_found`, `backup_unreadable`. */
export async function archiveOf(bucket: R2Bucket, team: string, id: string): Promise<Download> {
  const { text, key, manifest } = await storedManifest(bucket, team, id);
  const bytes = new TextEncoder().encode(text);
  const time = Date.parse(manifest.created_at);
  const entry = (file: StoredFile, content: Segment): Segment[] => [
    inMemory(headerOf(file.key.slice(teamPrefix(team).length), file.bytes, time)),
    content,
    inMemory(new Uint8Array(paddingOf(file.bytes))),
  ];
  const stored = filesOf(manifest, team);
  const segments = [
    ...entry({ key, bytes: bytes.length }, inMemory(bytes)),
    ...stored.flatMap((file) => entry(file, inBucket(bucket, id, file))),
    inMemory(new Uint8Array(trailerBytes)),
  ];
  const total = segments.reduce((sum, segment) => sum + segment.bytes, 0);
  return {
    bytes: total,
    etag: `"${await sha256Hex(text)}"`,
    contentType: "application/x-tar",
    filename: `${team}-${id}.tar`,
    open: async (range) => {
      const { offset, length } = range ?? { offset: 0, length: total };
      // Of a stream of its own making the platform tells the length only so.
      return streamOf(piecesOf(segments, offset, length)).pipeThrough(new FixedLengthStream(length));
    },
  };
}

/** The state, and each file once: datasets of one content share a copy. */
function filesOf({ state, files, encryption }: Manifest, team: string): StoredFile[] {
  const stored = new Map([[state.key, state.stored_bytes]]);
  for (const { stored_key, bytes } of files) stored.set(stored_key, encryption === null ? bytes : sealedBytes(bytes));
  return [...stored].map(([key, bytes]) => ({ key: `${teamPrefix(team)}${key}`, bytes }));
}

function inMemory(content: Uint8Array): Segment {
  return {
    bytes: content.length,
    open: async function* ({ offset, length }) {
      yield content.slice(offset, offset + length);
    },
  };
}

function inBucket(bucket: R2Bucket, id: string, { key, bytes }: StoredFile): Segment {
  return {
    bytes,
    open: async function* (range) {
      const object = await bucket.get(key, { range });
      if (object === null) throw damaged(id, "a file of it is missing");
      if (object.size !== bytes) throw damaged(id, "a file of it has another size");
      yield* bytesOf(object);
    },
  };
}

async function* piecesOf(segments: readonly Segment[], offset: number, length: number): AsyncGenerator<Uint8Array> {
  let begin = 0;
  for (const segment of segments) {
    const from = Math.max(0, offset - begin);
    const until = Math.min(segment.bytes, offset + length - begin);
    if (from < until) yield* segment.open({ offset: from, length: until - from });
    begin += segment.bytes;
  }
}
