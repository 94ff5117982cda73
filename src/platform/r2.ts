// Writing to and deleting from R2: small content in one put, large content in equal parts. Runs at the edge.
import { AppError } from "../core/errors.ts";
import { hex } from "../core/ids.ts";
import { datasetLimits } from "../limits.ts";

/** An R2 object, or what an unfinished multipart upload of it left. */
export interface StoredObject {
  r2_key: string;
  multipart_id: string | null;
}

/** The type under which content is kept and served. */
export type ContentType = "application/x-ndjson" | "application/json" | "application/octet-stream";

const firstBufferBytes = 256 * 1024;
/** When each writer of this isolate that holds a large buffer last wrote: one of a request that the platform ended says nothing. */
const largeBuffers = new Map<symbol, number>();
/** What R2 takes in one call. */
const keysPerDelete = 1000;
/** What one sweep over a prefix lists at most: each page is two calls, and an invocation may make only so many. */
const pagesPerSweep = 20;
const pollMs = 100;
const encoder = new TextEncoder();

/**
 * Writes one object piece by piece in flat memory: one buffer of datasetLimits.writeBytes at most, of which an isolate holds
 * datasetLimits.writeBuffers. Nothing can be read under `key` before `close`; a writer that is dropped leaves nothing but, from the
 * second buffer on, a multipart upload, whose id `onMultipart` is told before anything is sent. Call `release` when done with it.
 */
export class R2Writer {
  readonly #bucket: R2Bucket;
  readonly #key: string;
  readonly #contentType: ContentType;
  readonly #onMultipart: (multipartId: string) => Promise<void>;
  readonly #digest = new crypto.DigestStream("SHA-256");
  readonly #digestWriter = this.#digest.getWriter();
  readonly #self = Symbol("writer");
  #buffer = new Uint8Array(firstBufferBytes);
  #used = 0;
  #bytes = 0;
  #multipart: R2MultipartUpload | undefined;
  readonly #parts: R2UploadedPart[] = [];

  constructor(
    bucket: R2Bucket,
    key: string,
    contentType: ContentType,
    onMultipart: (multipartId: string) => Promise<void>,
  ) {
    this.#bucket = bucket;
    this.#key = key;
    this.#contentType = contentType;
    this.#onMultipart = onMultipart;
  }

  /** Bytes written so far. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Lets others have the buffer's place, whether or not the object was closed. */
  release(): void {
    largeBuffers.delete(this.#self);
  }

  /** Throws `busy` when the isolate has no buffer free for more than a small object. */
  async write(content: Uint8Array | string): Promise<void> {
    const bytes = typeof content === "string" ? encoder.encode(content) : content;
    this.#bytes += bytes.length;
    if (this.#buffer.length > firstBufferBytes) largeBuffers.set(this.#self, Date.now());
    for (let at = 0; at < bytes.length; ) {
      if (this.#used === datasetLimits.writeBytes) await this.#sendPart();
      const piece = bytes.subarray(at, at + datasetLimits.writeBytes - this.#used);
      if (this.#used + piece.length > this.#buffer.length) await this.#grow();
      this.#buffer.set(piece, this.#used);
      this.#used += piece.length;
      at += piece.length;
    }
  }

  /** Makes the object readable. Returns its size and the quoted hex SHA-256 of its content. `contentType` overrides the first for an object of one put. */
  async close(contentType: ContentType = this.#contentType): Promise<{ bytes: number; etag: string }> {
    const rest = this.#buffer.subarray(0, this.#used);
    await this.#digestWriter.write(rest);
    await this.#digestWriter.close();
    if (this.#multipart === undefined) {
      await this.#bucket.put(this.#key, rest, { httpMetadata: { contentType } });
    } else {
      this.#parts.push(await this.#multipart.uploadPart(this.#parts.length + 1, rest));
      await this.#multipart.complete(this.#parts);
    }
    return { bytes: this.#bytes, etag: `"${hex(new Uint8Array(await this.#digest.digest))}"` };
  }

  async #grow(): Promise<void> {
    await admit(this.#self);
    const larger = new Uint8Array(datasetLimits.writeBytes);
    larger.set(this.#buffer.subarray(0, this.#used));
    this.#buffer = larger;
  }

  async #sendPart(): Promise<void> {
    if (this.#multipart === undefined) {
      const multipart = await this.#bucket.createMultipartUpload(this.#key, {
        httpMetadata: { contentType: this.#contentType },
      });
      try {
        await this.#onMultipart(multipart.uploadId);
      } catch (error) {
        // Nobody knows of it, so nobody else will end it.
        await multipart.abort().catch(() => undefined);
        throw error;
      }
      this.#multipart = multipart;
    }
    const full = this.#buffer.subarray(0, this.#used);
    await this.#digestWriter.write(full);
    this.#parts.push(await this.#multipart.uploadPart(this.#parts.length + 1, full));
    this.#used = 0;
  }
}

/** Waits for one of the isolate's large buffers: polling, since nothing that another request does may wake this one. Throws `busy`. */
async function admit(writer: symbol): Promise<void> {
  const { writeBuffers, writeLeaseMs, writeWaitMs } = datasetLimits;
  for (let waited = 0; ; waited += pollMs) {
    const now = Date.now();
    for (const [other, seen] of largeBuffers) if (now - seen > writeLeaseMs) largeBuffers.delete(other);
    if (largeBuffers.size < writeBuffers) {
      largeBuffers.set(writer, now);
      return;
    }
    if (waited >= writeWaitMs) break;
    await scheduler.wait(pollMs);
  }
  throw new AppError(
    "busy",
    `${writeBuffers} large uploads are under way here, the most at once (limit writeBuffers).`,
    {
      hint: "Send it again in a few seconds.",
      details: { limit: "writeBuffers", value: writeBuffers },
    },
  );
}

/**
 * Deletes objects and ends unfinished multipart uploads. Those that are gone already are no error. One that fails does not keep the
 * others: `deleted` are the keys that are gone, `failures` why the rest are not.
 */
export async function deleteObjects(
  bucket: R2Bucket,
  objects: readonly StoredObject[],
): Promise<{ deleted: string[]; failures: unknown[] }> {
  const failures: unknown[] = [];
  const keys: string[] = [];
  for (const { r2_key, multipart_id } of objects) {
    try {
      if (multipart_id !== null) await abortMultipart(bucket, r2_key, multipart_id);
      keys.push(r2_key);
    } catch (error) {
      failures.push(error);
    }
  }
  const deleted: string[] = [];
  for (let at = 0; at < keys.length; at += keysPerDelete) {
    const batch = keys.slice(at, at + keysPerDelete);
    try {
      await bucket.delete(batch);
      deleted.push(...batch);
    } catch (error) {
      failures.push(error);
    }
  }
  return { deleted, failures };
}

/**
 * Deletes the objects whose keys begin with `prefix` and that were written before a time (Unix milliseconds), some pages of them.
 * `done`: none is left.
 */
export async function deleteUnder(bucket: R2Bucket, prefix: string, writtenBefore: number): Promise<{ done: boolean }> {
  let cursor: string | undefined;
  for (let pages = 0; pages < pagesPerSweep; pages++) {
    const page = await bucket.list({ prefix, ...(cursor === undefined ? {} : { cursor }) });
    const keys = page.objects.filter(({ uploaded }) => uploaded.getTime() < writtenBefore).map(({ key }) => key);
    if (keys.length > 0) await bucket.delete(keys);
    if (!page.truncated) return { done: true };
    cursor = page.cursor;
  }
  return { done: false };
}

/** R2's code for a multipart upload that was completed, aborted or never was. */
const noSuchUpload = "(10024)";

async function abortMultipart(bucket: R2Bucket, key: string, id: string): Promise<void> {
  try {
    await bucket.resumeMultipartUpload(key, id).abort();
  } catch (error) {
    if (!(error instanceof Error && error.message.includes(noSuchUpload))) throw error;
  }
}
