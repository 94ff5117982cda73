// Cuts jq into coloured pieces: never fails, whatever is typed. Runs at the edge and in the browser, so it imports nothing.

export type PieceKind =
  | "keyword"
  | "call"
  | "field"
  | "variable"
  | "placeholder"
  | "number"
  | "string"
  | "escape"
  | "format"
  | "comment"
  | "bad";

/** A stretch of text with a meaning: offsets in UTF-16 units, the end is exclusive. What lies between pieces is plain. */
export interface Piece {
  readonly kind: PieceKind;
  readonly start: number;
  readonly end: number;
}

/** The words that a name cannot be. */
export const jqKeywords: readonly string[] =
  "as import include module def if then else elif and or end reduce foreach try catch label break".split(" ");

const codePieces: readonly (readonly [PieceKind | undefined, RegExp])[] = [
  [undefined, /[ \n\t\r]+/y],
  ["comment", /#[^\n]*/y],
  ["placeholder", /\$\{[a-zA-Z_]\w*\}/y],
  ["number", /(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?/y],
  ["call", /(?:[a-zA-Z_]\w*::)*[a-zA-Z_]\w*/y],
  ["variable", /\$(?:[a-zA-Z_]\w*::)*[a-zA-Z_]\w*/y],
  ["field", /\.[a-zA-Z_]\w*/y],
  ["format", /@\w+/y],
  [undefined, /[.?=;,:|+\-*/%$<>!]/y],
];
const stringPieces: readonly (readonly [PieceKind, RegExp])[] = [
  ["placeholder", /\$\{[a-zA-Z_]\w*\}/y],
  ["escape", /\\(?:u[0-9a-fA-F]{4}|["\\/bfnrt])/y],
  ["string", /(?:[^"\\$]|\$(?!\{[a-zA-Z_]\w*\}))+/y],
];
const keywords: ReadonlySet<string> = new Set(jqKeywords);

/** What is open at a place: a string, an interpolation in one, or a bracket. */
type Open = '"' | "\\(" | "bracket";

/** What comes next: how long it is, and what it is when it means something. */
interface Step {
  readonly length: number;
  readonly kind?: PieceKind;
}

/** The pieces of a program or template, in order, without overlap. Takes any text: what cannot be jq is a "bad" piece. */
export function highlightJq(text: string): Piece[] {
  const pieces: Piece[] = [];
  const open: Open[] = [];
  let at = 0;
  while (at < text.length) {
    const { kind, length } = open.at(-1) === '"' ? stepInString(text, at, open) : stepInCode(text, at, open);
    const last = pieces.at(-1);
    const goesOn = last?.end === at && last.kind === kind && (kind === "string" || kind === "bad");
    if (goesOn) pieces[pieces.length - 1] = { ...last, end: at + length };
    else if (kind !== undefined) pieces.push({ kind, start: at, end: at + length });
    at += length;
  }
  return pieces;
}

function stepInString(text: string, at: number, open: Open[]): Step {
  if (text[at] === '"') {
    open.pop();
    return { kind: "string", length: 1 };
  }
  if (text.startsWith("\\(", at)) {
    open.push("\\(");
    return { kind: "escape", length: 2 };
  }
  return firstMatch(stringPieces, text, at) ?? { kind: "bad", length: Math.min(2, text.length - at) };
}

function stepInCode(text: string, at: number, open: Open[]): Step {
  const character = text[at] ?? "";
  if (character === '"') {
    open.push('"');
    return { kind: "string", length: 1 };
  }
  if ("([{".includes(character)) open.push("bracket");
  const closed = ")]}".includes(character) ? open.pop() : undefined;
  if ("([{)]}".includes(character)) return closed === "\\(" ? { kind: "escape", length: 1 } : { length: 1 };
  const found = firstMatch(codePieces, text, at);
  if (found === undefined) return { kind: "bad", length: (text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1 };
  const isKeyword = found.kind === "call" && keywords.has(text.slice(at, at + found.length));
  return isKeyword ? { kind: "keyword", length: found.length } : found;
}

function firstMatch(
  patterns: readonly (readonly [PieceKind | undefined, RegExp])[],
  text: string,
  at: number,
): Step | undefined {
  for (const [kind, pattern] of patterns) {
    pattern.lastIndex = at;
    const length = pattern.exec(text)?.[0].length;
    if (length !== undefined) return kind === undefined ? { length } : { kind, length };
  }
  return undefined;
}
