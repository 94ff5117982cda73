// LIKE: % stands for any characters, _ for one. Takes no more than pattern times text steps. Pure.

const any = Symbol("%");
const one = Symbol("_");
type Piece = string | typeof any | typeof one;

/** Tells whether a text is like a pattern. Letters a to z match in either case, as SQLite's LIKE has it; `ignoreCase`: all letters do. */
export function likeMatcher(
  escapeChar: string | undefined,
  ignoreCase: boolean,
): (text: string, pattern: string) => boolean {
  const fold = ignoreCase ? (text: string) => text.toLowerCase() : foldAscii;
  let last: { pattern: string; pieces: Piece[] } | undefined;
  return (text, pattern) => {
    // The pattern is nearly always the same for all rows.
    if (last?.pattern !== pattern) last = { pattern, pieces: piecesOf(pattern, escapeChar, fold) };
    return matches([...fold(text)], last.pieces);
  };
}

function foldAscii(text: string): string {
  return text.replaceAll(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

function piecesOf(pattern: string, escapeChar: string | undefined, fold: (text: string) => string): Piece[] {
  const pieces: Piece[] = [];
  let isEscaped = false;
  for (const char of pattern) {
    if (!isEscaped && char === escapeChar) {
      isEscaped = true;
      continue;
    }
    if (isEscaped || (char !== "%" && char !== "_")) pieces.push(...fold(char));
    else pieces.push(char === "%" ? any : one);
    isEscaped = false;
  }
  return pieces;
}

/** Goes back to the last % alone: what stood before it matched already. */
function matches(chars: readonly string[], pieces: readonly Piece[]): boolean {
  let [at, piece] = [0, 0];
  let back: { at: number; piece: number } | undefined;
  while (at < chars.length) {
    const wanted = pieces[piece];
    if (wanted === any) {
      back = { at, piece };
      piece += 1;
    } else if (wanted !== undefined && (wanted === one || wanted === chars[at])) {
      at += 1;
      piece += 1;
    } else if (back !== undefined) {
      back.at += 1;
      at = back.at;
      piece = back.piece + 1;
    } else return false;
  }
  while (pieces[piece] === any) piece += 1;
  return piece === pieces.length;
}
