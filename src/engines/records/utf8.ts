// Bytes to text in pieces, strictly: a character cut between two pieces waits for its rest. Runs everywhere.
import { AppError } from "../../core/errors.ts";

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const none = new Uint8Array(0);

/** Decodes a byte stream piece by piece, without its byte order mark. Throws `dataset_malformed` with the offset of the first wrong byte. */
export class Utf8Reader {
  #carry: Uint8Array = none;
  #offset = 0;

  /** The text that `bytes` completes and the byte offset at which it begins. */
  decode(bytes: Uint8Array): { text: string; offset: number } {
    const joined = this.#carry.length === 0 ? bytes : concat(this.#carry, bytes);
    const end = completeEnd(joined);
    let complete = joined.subarray(0, end);
    this.#carry = joined.slice(end);
    if (this.#offset === 0 && complete[0] === 0xef && complete[1] === 0xbb && complete[2] === 0xbf) {
      complete = complete.subarray(3);
      this.#offset = 3;
    }
    const offset = this.#offset;
    this.#offset += complete.length;
    try {
      return { text: decoder.decode(complete), offset };
    } catch {
      throw invalidUtf8(offset + firstInvalidByte(complete));
    }
  }

  /** Call after the last piece; returns the number of bytes read. */
  end(): number {
    if (this.#carry.length > 0) throw invalidUtf8(this.#offset);
    return this.#offset;
  }
}

function concat(a: Uint8Array, b: Uint8Array): Uint8Array {
  const joined = new Uint8Array(a.length + b.length);
  joined.set(a);
  joined.set(b, a.length);
  return joined;
}

/** Bytes of the sequence that a lead byte opens; 1 for anything that opens none. */
function sequenceLength(lead: number): number {
  if (lead >= 0xf0 && lead <= 0xf4) return 4;
  if (lead >= 0xe0 && lead <= 0xef) return 3;
  return lead >= 0xc2 && lead <= 0xdf ? 2 : 1;
}

/** Where the last character that is not all there begins; the length when there is none. */
function completeEnd(bytes: Uint8Array): number {
  for (let back = 1; back <= 3 && back <= bytes.length; back++) {
    const byte = bytes[bytes.length - back] ?? 0;
    if ((byte & 0xc0) === 0x80) continue;
    return sequenceLength(byte) > back ? bytes.length - back : bytes.length;
  }
  return bytes.length;
}

/** The index of the first byte at which `bytes` stops being UTF-8 (RFC 3629). */
function firstInvalidByte(bytes: Uint8Array): number {
  let at = 0;
  while (at < bytes.length) {
    const lead = bytes[at] ?? 0;
    const length = sequenceLength(lead);
    if (lead >= 0x80 && length === 1) return at;
    for (let next = 1; next < length; next++) {
      const byte = bytes[at + next] ?? 0;
      const [low, high] = next === 1 ? secondByteRange(lead) : [0x80, 0xbf];
      if (byte < low || byte > high) return at;
    }
    at += length;
  }
  return at;
}

/** Rules out overlong forms, surrogates and what lies past U+10FFFF. */
function secondByteRange(lead: number): [number, number] {
  if (lead === 0xe0) return [0xa0, 0xbf];
  if (lead === 0xed) return [0x80, 0x9f];
  if (lead === 0xf0) return [0x90, 0xbf];
  return lead === 0xf4 ? [0x80, 0x8f] : [0x80, 0xbf];
}

function invalidUtf8(offset: number): AppError {
  return new AppError("dataset_malformed", `Byte ${offset}: the upload is not valid UTF-8 here.`, {
    hint: "Save the file as UTF-8 (not UTF-16 or Latin-1) and upload it again.",
    details: { offset },
  });
}
