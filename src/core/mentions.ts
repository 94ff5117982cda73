// Does a text speak of things by their names? Runs everywhere.

/** What a tool's or dataset's name is made of. */
const wordPattern = /[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?/g;

/** Finds texts in which one of the names stands as a word, or as a part of one between dots and hyphens. */
export function namesAnyOf(names: Iterable<string>): (text: string) => boolean {
  const wanted = new Set(names);
  if (wanted.size === 0) return () => false;
  return (text) =>
    (text.match(wordPattern) ?? []).some(
      (word) => wanted.has(word) || word.split(/[.-]/).some((part) => wanted.has(part)),
    );
}
