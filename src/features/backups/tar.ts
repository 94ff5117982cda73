// Headers of a tar file, in the form of POSIX.1-1988 (ustar) that every tar reads. Runs at the edge.

const blockBytes = 512;
const nameChars = 100;
const prefixChars = 155;

/** Two blocks of zeros end an archive. */
export const trailerBytes = 2 * blockBytes;

/** Bytes that fill a file's last block. */
export function paddingOf(bytes: number): number {
  return (blockBytes - (bytes % blockBytes)) % blockBytes;
}

/** The block before a file of less than 8 GiB with an ASCII path. `time` in Unix milliseconds. */
export function headerOf(path: string, bytes: number, time: number): Uint8Array {
  const block = new Uint8Array(blockBytes);
  const put = (at: number, text: string): void => {
    block.set(new TextEncoder().encode(text), at);
  };
  const number = (at: number, chars: number, value: number): void =>
    put(at, value.toString(8).padStart(chars - 1, "0"));
  const { prefix, name } = splitPath(path);
  put(0, name);
  number(100, 8, 0o644);
  number(108, 8, 0);
  number(116, 8, 0);
  number(124, 12, bytes);
  number(136, 12, Math.floor(time / 1000));
  put(148, " ".repeat(8));
  put(156, "0");
  put(257, "ustar\0");
  put(263, "00");
  put(345, prefix);
  const sum = block.reduce((total, byte) => total + byte, 0);
  put(148, `${sum.toString(8).padStart(6, "0")}\0 `);
  return block;
}

function splitPath(path: string): { prefix: string; name: string } {
  if (path.length <= nameChars) return { prefix: "", name: path };
  const at = path.lastIndexOf("/");
  const [prefix, name] = [path.slice(0, at), path.slice(at + 1)];
  if (at < 0 || prefix.length > prefixChars || name.length > nameChars)
    throw new Error(`no tar holds the path ${path}`);
  return { prefix, name };
}
