// JSON that logs keep, for people to read. Runs at the edge.

/** Entries of one page of a log. */
export const shownOnPage = 50;

/** JSON text with a line for each member; a text that was cut, and so is no JSON any more, as it is. */
export function prettyJson(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

/** A value's lines, to be compared with another's. */
export function linesOf(value: unknown): string[] {
  if (value === null || value === undefined) return [];
  return (typeof value === "string" ? value : JSON.stringify(value, null, 2)).split("\n");
}
