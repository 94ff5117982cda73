// Decompression inside Parquet and Arrow files: those codecs that cost little to carry. No WebAssembly: a Worker may compile none. Pure.
import { decompress as unzstd } from "fzstd";
import { type Compressors, snappyUncompress } from "hyparquet";
import { gunzip } from "hyparquet-compressors/src/gzip.js";
import { malformedFile } from "./errors.ts";

/** What Parquet pages are decompressed with. Brotli's dictionary alone would be a tenth of the Worker. */
export const parquetCodecs: Compressors = {
  SNAPPY: (input, length) => {
    const output = new Uint8Array(length);
    snappyUncompress(input, output);
    return output;
  },
  GZIP: (input, length) => gunzip(input, new Uint8Array(length)),
  ZSTD: (input, length) => unzstd(input, new Uint8Array(length)),
  LZ4: hadoopLz4,
  LZ4_RAW: (input, length) => {
    const output = new Uint8Array(length);
    lz4Block(input, output, 0);
    return output;
  },
};

/** Codecs that can be read, as an error names them. */
export const readableCodecs = ["UNCOMPRESSED", "SNAPPY", "GZIP", "ZSTD", "LZ4", "LZ4_RAW"] as const;

/** What a ZSTD frame holds: so many bytes. */
export function zstdFrame(input: Uint8Array, length: number): Uint8Array {
  return unzstd(input, new Uint8Array(length));
}

const lz4Magic = 0x184d2204;

/** An LZ4 frame (lz4 frame format 1.6), whose blocks may refer to those before. Checksums are not looked at. */
export function lz4Frame(input: Uint8Array, length: number): Uint8Array {
  const view = new DataView(input.buffer, input.byteOffset, input.byteLength);
  if (input.length < 7 || view.getUint32(0, true) !== lz4Magic) throw brokenLz4();
  const flags = view.getUint8(4);
  const hasBlockSums = (flags & 0x10) !== 0;
  let at = 6 + ((flags & 0x08) !== 0 ? 8 : 0) + ((flags & 0x01) !== 0 ? 4 : 0) + 1;
  const output = new Uint8Array(length);
  let end = 0;
  for (;;) {
    const size = view.getUint32(at, true);
    at += 4;
    if (size === 0) break;
    const bytes = size & 0x7fffffff;
    const block = input.subarray(at, at + bytes);
    if (size > 0x7fffffff) {
      output.set(block, end);
      end += bytes;
    } else end = lz4Block(block, output, end);
    at += bytes + (hasBlockSums ? 4 : 0);
  }
  if (end !== length) throw brokenLz4();
  return output;
}

/** Writes what an LZ4 block holds at `start` of `output`, which holds what it may refer to before; returns where it ends. */
function lz4Block(input: Uint8Array, output: Uint8Array, start: number): number {
  let from = 0;
  let to = start;
  const more = (first: number): number => {
    let length = first;
    for (let byte = first === 15 ? 255 : 0; byte === 255; length += byte) {
      byte = input[from++] ?? 0;
    }
    return length;
  };
  while (from < input.length) {
    const token = input[from++] ?? 0;
    const literals = more(token >> 4);
    if (to + literals > output.length) throw brokenLz4();
    output.set(input.subarray(from, from + literals), to);
    from += literals;
    to += literals;
    if (from >= input.length) break;
    const distance = (input[from] ?? 0) | ((input[from + 1] ?? 0) << 8);
    from += 2;
    const length = more(token & 15) + 4;
    if (distance === 0 || distance > to || to + length > output.length) throw brokenLz4();
    if (distance >= length) output.copyWithin(to, to - distance, to - distance + length);
    else for (let index = 0; index < length; index++) output[to + index] = output[to + index - distance] ?? 0;
    to += length;
  }
  return to;
}

/** Parquet's old LZ4: Hadoop's blocks with their lengths before them, or one block alone. */
function hadoopLz4(input: Uint8Array, length: number): Uint8Array {
  const view = new DataView(input.buffer, input.byteOffset, input.byteLength);
  const output = new Uint8Array(length);
  try {
    let end = 0;
    let at = 0;
    while (at + 8 <= input.length) {
      const bytes = view.getUint32(at + 4);
      const next = lz4Block(input.subarray(at + 8, at + 8 + bytes), output, end);
      if (next - end !== view.getUint32(at) || at + 8 + bytes > input.length) throw brokenLz4();
      end = next;
      at += 8 + bytes;
    }
    if (end === length && at === input.length) return output;
  } catch {
    // Not Hadoop's.
  }
  output.fill(0);
  lz4Block(input, output, 0);
  return output;
}

function brokenLz4(): Error {
  return malformedFile("A part that is compressed with LZ4 is broken.", "Write the file again.");
}
