// A stream that only a holder of the backup key can read or make: AES-256-GCM in frames, so that it is written and read in flat memory. Runs at the edge.
import { AppError } from "../../core/errors.ts";
import { hex } from "../../core/ids.ts";
import { backupLimits } from "../../workflow-limits.ts";

/*
 * Format: 8 bytes "SDBACK1\n", 16 bytes of salt, then frames: 4 bytes big-endian length of what follows, the ciphertext with its tag. The key of one
 * stream is derived by HKDF-SHA-256 from the backup key and the salt. Frame n has the nonce n (11 bytes big-endian) and one byte that is 1 in the
 * last frame alone: a frame that is missing, moved or put in, and a cut end, do not open. `place` is authenticated with every frame.
 */
const magic = new TextEncoder().encode("SDBACK1\n");
const saltBytes = 16;
const tagBytes = 16;
const keyBytes = 32;
const encoder = new TextEncoder();

export interface BackupKey {
  /** Which key it is, without saying anything of it. */
  id: string;
  material: Uint8Array<ArrayBuffer>;
}

/** The operator's BACKUP_KEY; undefined when it is not set. Throws `internal` when it is not 32 bytes in base64. */
export async function readBackupKey(secret: string | undefined): Promise<BackupKey | undefined> {
  if (secret === undefined) return undefined;
  const material = fromBase64(secret.trim());
  if (material?.length !== keyBytes) {
    throw new AppError("internal", "BACKUP_KEY of this deployment is not 32 bytes in base64.", {
      hint: "The operator makes one with `openssl rand -base64 32` and sets it with `wrangler secret put BACKUP_KEY`.",
    });
  }
  const named = encoder.encode("super-data backup key id");
  const whole = new Uint8Array(named.length + keyBytes);
  whole.set(named);
  whole.set(material, named.length);
  return { id: hex(new Uint8Array(await crypto.subtle.digest("SHA-256", whole))).slice(0, 16), material };
}

function fromBase64(text: string): Uint8Array<ArrayBuffer> | undefined {
  try {
    return Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
  } catch {
    return undefined;
  }
}

async function derive(key: BackupKey, salt: Uint8Array<ArrayBuffer>): Promise<CryptoKey> {
  const source = await crypto.subtle.importKey("raw", key.material, "HKDF", false, ["deriveKey"]);
  const how = { name: "HKDF", hash: "SHA-256", salt, info: encoder.encode("super-data backup v1") };
  return crypto.subtle.deriveKey(how, source, { name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
}

function parameters(at: number, isLast: boolean, place: Uint8Array<ArrayBuffer>) {
  const iv = new Uint8Array(12);
  new DataView(iv.buffer).setBigUint64(3, BigInt(at));
  iv[11] = isLast ? 1 : 0;
  return { name: "AES-GCM", iv, additionalData: place };
}

/** Bytes that `sealFrames` makes of so many. */
export function sealedBytes(bytes: number): number {
  const frames = Math.max(1, Math.ceil(bytes / backupLimits.chunkBytes));
  return magic.length + saltBytes + frames * (4 + tagBytes) + bytes;
}

/** Encrypts a stream for one place, e.g. `acme/bkp_1/state`. */
export async function* sealFrames(
  key: BackupKey,
  place: string,
  source: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const salt = crypto.getRandomValues(new Uint8Array(saltBytes));
  const derived = await derive(key, salt);
  const header = new Uint8Array(magic.length + saltBytes);
  header.set(magic);
  header.set(salt, magic.length);
  yield header;
  const aad = new Uint8Array(encoder.encode(place));
  let at = 0;
  let held: Uint8Array<ArrayBuffer> | undefined;
  const seal = async (piece: Uint8Array<ArrayBuffer>, isLast: boolean): Promise<Uint8Array<ArrayBuffer>> => {
    const box = await crypto.subtle.encrypt(parameters(at++, isLast, aad), derived, piece);
    const frame = new Uint8Array(4 + box.byteLength);
    new DataView(frame.buffer).setUint32(0, box.byteLength);
    frame.set(new Uint8Array(box), 4);
    return frame;
  };
  for await (const piece of pieces(source, backupLimits.chunkBytes)) {
    if (held !== undefined) yield await seal(held, false);
    held = piece;
  }
  yield await seal(held ?? new Uint8Array(0), true);
}

/** Decrypts what `sealFrames` made for the same place. Throws `backup_unreadable` for another key or place, and for anything changed or cut. */
export async function* openFrames(
  key: BackupKey,
  place: string,
  source: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const reader = new ByteReader(source);
  const start = await reader.take(magic.length);
  const salt = await reader.take(saltBytes);
  if (start === undefined || salt === undefined || hex(start) !== hex(magic)) throw unreadable();
  const derived = await derive(key, salt);
  const aad = new Uint8Array(encoder.encode(place));
  for (let at = 0; ; at++) {
    const length = await reader.take(4);
    const size = length === undefined ? 0 : new DataView(length.buffer).getUint32(0);
    if (size < tagBytes || size > backupLimits.chunkBytes + tagBytes) throw unreadable();
    const box = await reader.take(size);
    if (box === undefined) throw unreadable();
    const isLast = await reader.isAtEnd();
    yield await open(derived, parameters(at, isLast, aad), box);
    if (isLast) return;
  }
}

async function open(
  key: CryptoKey,
  how: ReturnType<typeof parameters>,
  box: Uint8Array<ArrayBuffer>,
): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return new Uint8Array(await crypto.subtle.decrypt(how, key, box));
  } catch {
    throw unreadable();
  }
}

function unreadable(): AppError {
  return new AppError("backup_unreadable", "A file of the backup was changed, cut, or encrypted under another key.", {
    hint: "Nothing was changed. Check BACKUP_KEY, or use another backup.",
  });
}

/** Cuts a stream into pieces of one size; the last may be shorter. */
export async function* pieces(
  source: AsyncIterable<Uint8Array>,
  size: number,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  let buffer = new Uint8Array(size);
  let used = 0;
  for await (const bytes of source) {
    for (let at = 0; at < bytes.length; ) {
      const part = bytes.subarray(at, at + size - used);
      buffer.set(part, used);
      used += part.length;
      at += part.length;
      if (used < size) continue;
      yield buffer;
      buffer = new Uint8Array(size);
      used = 0;
    }
  }
  if (used > 0) yield buffer.slice(0, used);
}

/** Takes exact numbers of bytes from a stream. */
class ByteReader {
  readonly #source: AsyncIterator<Uint8Array>;
  #piece = new Uint8Array(0);
  #at = 0;

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  /** The next `size` bytes; undefined when there are not as many. */
  async take(size: number): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const taken = new Uint8Array(size);
    for (let used = 0; used < size; ) {
      if (await this.isAtEnd()) return undefined;
      const part = this.#piece.subarray(this.#at, this.#at + size - used);
      taken.set(part, used);
      used += part.length;
      this.#at += part.length;
    }
    return taken;
  }

  async isAtEnd(): Promise<boolean> {
    while (this.#at === this.#piece.length) {
      const { done, value } = await this.#source.next();
      if (done === true) return true;
      this.#piece = new Uint8Array(value);
      this.#at = 0;
    }
    return false;
  }
}
