// Writing to and deleting from R2: small content in one put, large content in equal parts. Runs at the edge.
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
/** What R2 takes in one call. */
const keysPerDelete = 1000;
const encoder = new TextEncoder();

/**
 * Writes one object piece by piece in flat memory: one buffer of datasetLimits.writeBytes at most. Nothing can be read under `key`
 * before `close`; a writer that is dropped leaves nothing but, from the second buffer on, a multipart upload, whose id
 * `onMultipart` is told before anything is sent.
 */
export class R2Writer {
  readonly #bucket: R2Bucket;
  readonly #key: string;
  readonly #contentType: ContentType;
  readonly #onMultipart: (multipartId: string) => Promise<void>;
  readonly #digest = new crypto.DigestStream("SHA-256");
  readonly #digestWriter = this.#digest.getWriter();
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

  async write(content: Uint8Array | string): Promise<void> {
    const bytes = typeof content === "string" ? encoder.encode(content) : content;
    this.#bytes += bytes.length;
    for (let at = 0; at < bytes.length; ) {
      if (this.#used === datasetLimits.writeBytes) await this.#sendPart();
      const piece = bytes.subarray(at, at + datasetLimits.writeBytes - this.#used);
      this.#makeRoom(this.#used + piece.length);
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

  #makeRoom(needed: number): void {
    if (needed <= this.#buffer.length) return;
    const larger = new Uint8Array(Math.min(datasetLimits.writeBytes, Math.max(needed, this.#buffer.length * 2)));
    larger.set(this.#buffer.subarray(0, this.#used));
    this.#buffer = larger;
  }

  async #sendPart(): Promise<void> {
    if (this.#multipart === undefined) {
      const multipart = await this.#bucket.createMultipartUpload(this.#key, {
        httpMetadata: { contentType: this.#contentType },
      });
      this.#multipart = multipart;
      await this.#onMultipart(multipart.uploadId);
    }
    const full = this.#buffer.subarray(0, this.#used);
    await this.#digestWriter.write(full);
    this.#parts.push(await this.#multipart.uploadPart(this.#parts.length + 1, full));
    this.#used = 0;
  }
}

/** Deletes objects and ends unfinished multipart uploads. Those that are gone already are no error. */
export async function deleteObjects(bucket: R2Bucket, objects: readonly StoredObject[]): Promise<void> {
  for (const { r2_key, multipart_id } of objects) {
    if (multipart_id !== null) await abortMultipart(bucket, r2_key, multipart_id);
  }
  const keys = objects.map((object) => object.r2_key);
  for (let at = 0; at < keys.length; at += keysPerDelete) await bucket.delete(keys.slice(at, at + keysPerDelete));
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
