// Finding by words: all of them, anywhere. Pure.

export function wordsOf(text: string | null): string[] {
  return (text ?? "")
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== "");
}

/** True when each word stands in one of the texts. */
export function matchesWords(words: readonly string[], ...texts: readonly string[]): boolean {
  const all = texts.join("\n").toLowerCase();
  return words.every((word) => all.includes(word));
}
