// Names and texts as SQLite writes them. Pure.

/** A name in double quotes: no name breaks out of them. */
export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** A text as a literal, for the few places that take no parameter. A NUL would end SQLite's reading, so it is put together around it. */
export function quoteText(text: string): string {
  const parts = text.split("\u0000").map((part) => `'${part.replaceAll("'", "''")}'`);
  return parts.length === 1 ? (parts[0] ?? "''") : `(${parts.join(" || char(0) || ")})`;
}
