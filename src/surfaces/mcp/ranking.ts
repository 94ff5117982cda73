// Which tools fit a question: BM25 over names, descriptions, parameters and datasets. Pure; the same words always give the same order.

/** A tool's words by where they stand; a word in its name says more than one in its description. */
export interface RankedText {
  name: string;
  description: string;
  parameters: string;
  datasets: string;
  /** The team's own ordering; settles between tools that fit alike. */
  weight: number;
}

const fieldWeights = { name: 4, description: 1.5, parameters: 1, datasets: 2 } as const;
const saturation = 1.2;
const lengthShare = 0.4;
/** What a word counts that only begins like the one asked for. */
const prefixShare = 0.5;

/** Lower-case words, split at everything that is neither letter nor digit and between lower and upper case; plurals lose their s. */
export function wordsOf(text: string): string[] {
  const parts =
    text
      .replace(/(\p{Ll})(\p{Lu})/gu, "$1 $2")
      .toLowerCase()
      .match(/[\p{L}\p{N}]+/gu) ?? [];
  return parts.map((word) =>
    word.length > 3 && word.endsWith("s") && !word.endsWith("ss") ? word.slice(0, -1) : word,
  );
}

/** The indexes of `texts` that share a word with `query`, best first. An empty query keeps all, by weight and then name. */
export function rank(texts: readonly RankedText[], query: string): number[] {
  const terms = [...new Set(wordsOf(query))];
  const documents = texts.map(countWords);
  const meanLength = documents.reduce((sum, document) => sum + document.length, 0) / Math.max(1, documents.length);
  const scores = documents.map(() => 0);
  for (const term of terms) {
    const frequencies = documents.map((document) => frequencyOf(document.counts, term));
    const matching = frequencies.filter((frequency) => frequency > 0).length;
    const rarity = Math.log(1 + (documents.length - matching + 0.5) / (matching + 0.5));
    for (const [index, frequency] of frequencies.entries()) {
      const length = documents[index]?.length ?? 0;
      const damping = saturation * (1 - lengthShare + (lengthShare * length) / Math.max(1, meanLength));
      scores[index] = (scores[index] ?? 0) + (rarity * frequency * (saturation + 1)) / (frequency + damping);
    }
  }
  const scored = texts.map((text, index) => ({
    index,
    text,
    score: (scores[index] ?? 0) * (1 + 0.2 * Math.tanh(text.weight / 10)),
  }));
  return scored
    .filter(({ score }) => terms.length === 0 || score > 0)
    .sort((a, b) => b.score - a.score || b.text.weight - a.text.weight || (a.text.name < b.text.name ? -1 : 1))
    .map(({ index }) => index);
}

function countWords(text: RankedText): { counts: Map<string, number>; length: number } {
  const counts = new Map<string, number>();
  let length = 0;
  for (const field of ["name", "description", "parameters", "datasets"] as const) {
    for (const word of wordsOf(text[field])) {
      counts.set(word, (counts.get(word) ?? 0) + fieldWeights[field]);
      length += 1;
    }
  }
  return { counts, length };
}

function frequencyOf(counts: ReadonlyMap<string, number>, term: string): number {
  const exact = counts.get(term) ?? 0;
  if (term.length < 3) return exact;
  let frequency = exact;
  for (const [word, count] of counts) {
    if (word === term || word.length < 3) continue;
    if (word.startsWith(term) || term.startsWith(word)) frequency += count * prefixShare;
  }
  return frequency;
}
