// One JSON text for one value, so that values can be compared, hashed and signed however they were written. Runs everywhere.

/**
 * JSON without spaces, the keys of objects sorted by their UTF-16 code units, members that are undefined left out. Numbers and strings are as
 * JSON.stringify writes them (RFC 8785 for what JSON can hold).
 */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((item) => canonicalJson(item)).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value ?? null);
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, member]) => `${JSON.stringify(key)}:${canonicalJson(member)}`);
  return `{${members.join(",")}}`;
}

/** True for the same value, however its keys came to be ordered. What is not there is not null. */
export function sameValue(a: unknown, b: unknown): boolean {
  return (a === undefined) === (b === undefined) && canonicalJson(a) === canonicalJson(b);
}
