// Uploading a source: in one request while it is small, else in parts that are checked, sent again and resumed. Runs under Node.
import { createHash } from "node:crypto";
import { CliError } from "../core/errors.ts";
import { type Api, segment } from "../core/http.ts";
import type { Dataset } from "../core/wire.ts";
import { contentTypes, type Format } from "./format.ts";
import { type OpenUploads, uploadKey } from "./open-uploads.ts";
import { type Bytes, etagOf, type Source } from "./source.ts";

const mostParts = 1_000;
export const usualPartBytes = 16 * 1024 * 1024;
/** What the server takes in one request. */
export const mostPartBytes = 95 * 1024 * 1024;

export interface Upload {
  /** The team's address. */
  url: string;
  name: string;
  format: Format;
  description: string | undefined;
  /** If-Match or If-None-Match. */
  condition: Readonly<Record<string, string>>;
  partBytes: number;
}

export interface UploadDeps {
  api: Api;
  open: OpenUploads;
  /** Bytes that are over, as they go. */
  onProgress: (bytes: number) => void;
  /** Told when an earlier upload is gone on with, and how many of its bytes are there. */
  onResume: (bytes: number) => void;
}

export interface Uploaded {
  dataset: Dataset;
  created: boolean;
  /** Parts it went over in; 1 for a single request. */
  parts: number;
  /** Parts of them that an earlier run had brought over. */
  resumed: number;
}

interface PartStatus {
  part: number;
  bytes: number;
  etag: string;
}

/** Brings the source in as the dataset's next version. Throws the server's refusals. */
export async function upload(deps: UploadDeps, source: Source, what: Upload): Promise<Uploaded> {
  const { size } = source;
  const partBytes = Math.max(what.partBytes, Math.ceil((size ?? 0) / mostParts));
  const parts = source.parts(partBytes)[Symbol.asyncIterator]();
  const first = await parts.next();
  const second = first.done === true ? first : await parts.next();
  if (first.done === true || second.done === true) {
    const whole = first.done === true ? new Uint8Array(0) : first.value;
    return inOne(deps, what, whole);
  }
  const all = (async function* () {
    yield first.value;
    yield second.value;
    for (;;) {
      const next = await parts.next();
      if (next.done === true) return;
      yield next.value;
    }
  })();
  return inParts(deps, { ...what, partBytes }, source.identity, all);
}

async function inOne({ api, onProgress }: UploadDeps, what: Upload, body: Bytes): Promise<Uploaded> {
  const answer = await api.send(`/datasets/${segment(what.name)}`, {
    method: "PUT",
    query: { description: what.description },
    headers: {
      "content-type": contentTypes[what.format],
      "content-digest": digestField(createHash("sha256").update(body).digest()),
      ...what.condition,
    },
    body,
  });
  onProgress(body.length);
  return { ...(await committed(answer)), parts: 1, resumed: 0 };
}

async function inParts(
  deps: UploadDeps,
  what: Upload,
  identity: string | undefined,
  parts: AsyncIterable<Bytes>,
): Promise<Uploaded> {
  const key =
    identity === undefined ? undefined : uploadKey([what.url, what.name, what.format, what.partBytes, identity]);
  const { id, present } = await begin(deps, what, key);
  const path = `/datasets/${segment(what.name)}/uploads/${segment(id)}`;
  let number = 0;
  let resumed = 0;
  let done = 0;
  const hash = createHash("sha256");
  for await (const bytes of parts) {
    number += 1;
    hash.update(bytes);
    const etag = etagOf(bytes);
    const there = present.get(number);
    if (there?.etag === etag && there.bytes === bytes.length) resumed += 1;
    else await putPart(deps.api, `${path}/parts/${number}`, bytes, etag);
    done += bytes.length;
    deps.onProgress(done);
  }
  const all = { parts: number, digest: digestField(hash.digest()) };
  const answer = await complete(deps, path, all, what, key);
  if (key !== undefined) await deps.open.remove(key);
  return { ...(await committed(answer)), parts: number, resumed };
}

async function begin(
  { api, open, onResume }: UploadDeps,
  { name, format, description }: Upload,
  key: string | undefined,
): Promise<{ id: string; present: Map<number, PartStatus> }> {
  const path = `/datasets/${segment(name)}/uploads`;
  const known = key === undefined ? undefined : await open.find(key);
  if (known !== undefined) {
    const status = await api.json<{ parts: PartStatus[] }>(`${path}/${segment(known)}`).catch(undefinedWhenGone);
    if (status !== undefined) {
      onResume(status.parts.reduce((sum, { bytes }) => sum + bytes, 0));
      return { id: known, present: new Map(status.parts.map((part) => [part.part, part])) };
    }
  }
  const json = { format, ...(description === undefined ? {} : { description }) };
  const { upload_id } = await api.json<{ upload_id: string }>(path, { method: "POST", json });
  if (key !== undefined) await open.put(key, upload_id);
  return { id: upload_id, present: new Map() };
}

function undefinedWhenGone(error: unknown): undefined {
  if (error instanceof CliError && error.code === "not_found") return undefined;
  throw error;
}

/** Sends one part with its checksum; the server's of what it stored must be the same. */
async function putPart(api: Api, path: string, bytes: Bytes, etag: string): Promise<void> {
  const digest = digestField(Buffer.from(etag.slice(1, -1), "hex"));
  const headers = { "content-type": "application/octet-stream", "content-digest": digest };
  const stored = await api.json<PartStatus>(path, { method: "PUT", headers, body: bytes, keyed: false });
  if (stored.etag === etag && stored.bytes === bytes.length) return;
  throw new CliError("checksum", `Part ${stored.part} arrived changed: its SHA-256 is not that of what was sent.`, {
    hint: "Something between here and the server changes content. Run the command again; over another network if it stays so.",
  });
}

async function complete(
  { api, open }: UploadDeps,
  path: string,
  all: { parts: number; digest: string },
  { condition }: Upload,
  key: string | undefined,
): Promise<Response> {
  try {
    // Without a key: asked again, it answers what it answered.
    return await api.send(`${path}/complete`, { method: "POST", json: all, headers: condition, keyed: false });
  } catch (error) {
    // The same bytes would be refused again, so there is nothing to go on with.
    if (error instanceof CliError && ["dataset_malformed", "too_large"].includes(error.code)) {
      if (key !== undefined) await open.remove(key);
      await api.send(path, { method: "DELETE", keyed: false }).catch(() => undefined);
    }
    throw error;
  }
}

/** A SHA-256 as digest fields have it (RFC 9530). */
const digestField = (sha256: Uint8Array): string => `sha-256=:${Buffer.from(sha256).toString("base64")}:`;

async function committed(answer: Response): Promise<{ dataset: Dataset; created: boolean }> {
  return { dataset: (await answer.json()) as Dataset, created: answer.status === 201 };
}
