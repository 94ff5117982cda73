// How long text is in UTF-8. Runs everywhere.

const encoder = new TextEncoder();

/** Bytes of `text` in UTF-8. */
export function utf8Bytes(text: string): number {
  return encoder.encode(text).length;
}

/** True when `text` takes more than `limit` bytes in UTF-8; counts only where its length leaves a doubt. */
export function exceedsBytes(text: string, limit: number): boolean {
  return text.length > limit || (text.length * 3 > limit && utf8Bytes(text) > limit);
}
