// Which bytes of something a Range header asks for (RFC 9110, 14.1.2). Runs everywhere.

export interface ByteRange {
  offset: number;
  length: number;
}

/** Fifteen digits: every such number is exact. */
const rangePattern = /^bytes\s*=\s*(\d{0,15})\s*-\s*(\d{0,15})\s*$/i;

/**
 * The one range of something of `size` bytes that a Range header asks for. undefined: all of it, since the header is missing, is in other units,
 * asks for several ranges or is not well formed, which RFC 9110 lets a server pass over. "unsatisfiable": none of these bytes is there.
 */
export function readRange(header: string | null, size: number): ByteRange | "unsatisfiable" | undefined {
  const [, first = "", last = ""] = rangePattern.exec(header ?? "") ?? [];
  if (first === "" && last === "") return undefined;
  if (first === "") {
    const length = Math.min(Number(last), size);
    return length === 0 ? "unsatisfiable" : { offset: size - length, length };
  }
  const offset = Number(first);
  if (last !== "" && Number(last) < offset) return undefined;
  if (offset >= size) return "unsatisfiable";
  const end = last === "" ? size : Math.min(Number(last) + 1, size);
  return { offset, length: end - offset };
}

/** Content-Range of a part of `size` bytes. */
export function contentRange({ offset, length }: ByteRange, size: number): string {
  return `bytes ${offset}-${offset + length - 1}/${size}`;
}
