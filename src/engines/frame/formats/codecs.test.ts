// Decompression of LZ4 in its three wrappings, whole and broken. Runs in workerd.
import { describe, expect, it } from "vitest";
import { lz4Frame, parquetCodecs } from "./codecs.ts";

const text = (bytes: Uint8Array | undefined): string => new TextDecoder().decode(bytes);
const ascii = (word: string): number[] => [...word].map((char) => char.charCodeAt(0));

/** "abc", then six characters from three back. */
const block = [0x32, ...ascii("abc"), 3, 0];
/** Three literals more, and eight characters from twelve back: into the block before. */
const linked = [0x34, ...ascii("xyz"), 12, 0];
const header = [0x04, 0x22, 0x4d, 0x18, 0x40, 0x40, 0];
const size = (bytes: number, isStored = false): number[] => [bytes, 0, 0, isStored ? 0x80 : 0];
const end = size(0);

const frames: [name: string, bytes: number[], expected: string][] = [
  ["one block", [...header, ...size(block.length), ...block, ...end], "abcabcabc"],
  ["a stored block", [...header, ...size(5, true), ...ascii("hello"), ...end], "hello"],
  [
    "a block that refers to the one before",
    [...header, ...size(block.length), ...block, ...size(linked.length), ...linked, ...end],
    "abcabcabcxyzabcabcab",
  ],
];

describe("LZ4 frames", () => {
  it.each(frames)("%s", (_name, bytes, expected) => {
    expect(text(lz4Frame(Uint8Array.from(bytes), expected.length))).toBe(expected);
  });

  it.each([
    ["no frame", [1, 2, 3, 4, 5, 6, 7]],
    ["a reference before the beginning", [...header, ...size(6), 0x32, ...ascii("abc"), 9, 0, ...end]],
    ["more than was announced", [...header, ...size(20, true), ...ascii("x".repeat(20)), ...end]],
    ["less than was announced", [...header, ...end]],
  ])("refuse %s", (_name, bytes) => {
    expect(() => lz4Frame(Uint8Array.from(bytes), 9)).toThrow();
  });
});

describe("LZ4 in Parquet", () => {
  const { LZ4: lz4, LZ4_RAW: raw } = parquetCodecs;

  it("is a block, or Hadoop's blocks with their lengths", () => {
    expect(text(raw?.(Uint8Array.from(block), 9))).toBe("abcabcabc");
    expect(text(lz4?.(Uint8Array.from(block), 9))).toBe("abcabcabc");
    const hadoop = [0, 0, 0, 9, 0, 0, 0, block.length, ...block];
    expect(text(lz4?.(Uint8Array.from([...hadoop, ...hadoop]), 18))).toBe("abcabcabcabcabcabc");
  });
});
