// Which tools fit a question: BM25 over names, descriptions, parameters and datasets. Pure; the same words always give the same order.
import { mcpLimits } from "../../limits.ts";

/** A tool's words by where they stand; a word in its name says more than one in its description. */
export interface RankedText {
  name: string;
  description: string;
  parameters: string;
  datasets: string;
  /** The team's own ordering; settles between tools that fit alike. */
  weight: number;
  /** Part of every team's server: after the team's own tools, unless its name is what was asked for. */
  isBuiltIn: boolean;
}

const fieldWeights = { name: 4, description: 1.5, parameters: 1, datasets: 2 } as const;
const saturation = 1.2;
const lengthShare = 0.4;
/** What a word counts that only begins like the one asked for. */
const prefixShare = 0.5;

/** What a built-in tool's score counts beside a team tool's: its words are those of data servers, which questions are full of. */
const builtInShare = 0.4;

/** What a tool's score counts whose name holds no word but those asked for: of `list_datasets` and longer names, "list datasets" means the first. */
const wholeNameShare = 1.5;

// Words of questions and sentences that say nothing about what is wanted.
const stopWords: ReadonlySet<string> = new Set(
  (
    "a about all also am an and any are as at be been but by can could did do does done each else every for from get give had has have " +
    "how i if in into is it its many may me more most much my no not of off on or our out per please show so some tell than that the " +
    "their them then there these they this those to too us use used using via want was we were what when where which who whom whose " +
    "why will with without would you your"
  ).split(" "),
);

/**
 * Lower-case words, split at everything that is neither letter nor digit and between lower and upper case; plurals become singular, and
 * words of mere grammar are left out.
 */
export function wordsOf(text: string): string[] {
  const parts =
    text
      .replace(/(\p{Ll})(\p{Lu})/gu, "$1 $2")
      .toLowerCase()
      .match(/[\p{L}\p{N}]+/gu) ?? [];
  return parts.filter((word) => !stopWords.has(word)).map(singular);
}

function singular(word: string): string {
  if (word.length <= 3 || !word.endsWith("s") || /(?:ss|us|is)$/.test(word)) return word;
  if (word.endsWith("ies")) return `${word.slice(0, -3)}y`;
  return /(?:ch|sh|x|ss|zz)es$/.test(word) ? word.slice(0, -2) : word.slice(0, -1);
}

/**
 * The indexes of `texts` that share a word with `query`, best first. A query without words keeps all: the team's own before the built-in
 * ones, by weight and then name.
 */
export function rank(texts: readonly RankedText[], query: string): number[] {
  const terms = [...new Set(wordsOf(query))].slice(0, mcpLimits.searchTerms);
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
    score:
      (scores[index] ?? 0) *
      (text.isBuiltIn ? builtInShare : 1 + 0.2 * Math.tanh(text.weight / 10)) *
      (isWholeName(text.name, terms) ? wholeNameShare : 1),
  }));
  return scored
    .filter(({ score }) => terms.length === 0 || score > 0)
    .sort(
      (a, b) =>
        b.score - a.score ||
        Number(a.text.isBuiltIn) - Number(b.text.isBuiltIn) ||
        b.text.weight - a.text.weight ||
        (a.text.name < b.text.name ? -1 : 1),
    )
    .map(({ index }) => index);
}

function isWholeName(name: string, terms: readonly string[]): boolean {
  const words = wordsOf(name);
  return words.length > 0 && words.every((word) => terms.includes(word));
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
