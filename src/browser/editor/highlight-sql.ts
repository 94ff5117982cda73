// Cuts SQL into coloured pieces, as the jq highlighter does. Runs in the browser.
import type { Piece, PieceKind } from "../../engines/jq/syntax/highlight.ts";

/** SQLite's words that queries are made of. */
export const sqlKeywords: readonly string[] = (
  "all and as asc between by case cast collate cross current date delete desc distinct else end except exists explain filter " +
  "following from full glob group having in inner insert intersect into is isnull join left like limit natural not notnull null " +
  "nulls offset on or order outer over partition plan preceding query range recursive replace right row rows select set " +
  "then unbounded union unique update using values when where window with within"
).split(" ");

const keywords: ReadonlySet<string> = new Set(sqlKeywords);
const patterns: readonly (readonly [PieceKind | undefined, RegExp])[] = [
  [undefined, /\s+/y],
  ["comment", /--[^\n]*|\/\*[\s\S]*?(?:\*\/|$)/y],
  ["string", /'(?:[^']|'')*(?:'|$)/y],
  ["field", /"(?:[^"]|"")*(?:"|$)|`(?:[^`]|``)*(?:`|$)|\[[^\]]*(?:\]|$)/y],
  ["number", /(?:0[xX][0-9a-fA-F]+|(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)/y],
  ["variable", /[:@$][a-zA-Z_]\w*|\?[0-9]*/y],
  ["call", /[\p{L}_][\p{L}\p{N}_$]*(?=\s*\()/uy],
  ["field", /[\p{L}_][\p{L}\p{N}_$]*/uy],
];

/** The pieces of a statement, in order, without overlap. Takes any text. */
export function highlightSql(text: string): Piece[] {
  const pieces: Piece[] = [];
  let at = 0;
  while (at < text.length) {
    let length = 1;
    for (const [kind, pattern] of patterns) {
      pattern.lastIndex = at;
      const found = pattern.exec(text)?.[0];
      if (found === undefined || found === "") continue;
      length = found.length;
      const isWord = (kind === "call" || kind === "field") && keywords.has(found.toLowerCase());
      if (kind === "field" && !isWord && !/^["`[]/.test(found)) break;
      if (kind !== undefined) pieces.push({ kind: isWord ? "keyword" : kind, start: at, end: at + length });
      break;
    }
    at += length;
  }
  return pieces;
}
