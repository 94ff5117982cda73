// Shows which bracket belongs to the one at the cursor; those in strings and comments are text. Runs in the browser.
import type { Extension } from "@codemirror/state";
import { Decoration, type DecorationSet, type EditorView, ViewPlugin, type ViewUpdate } from "@codemirror/view";
import { type Language, piecesOf } from "./colours.ts";

const pairs: Readonly<Record<string, string>> = { "(": ")", "[": "]", "{": "}" };
const closers = new Set(Object.values(pairs));
const matching = Decoration.mark({ class: "bracket" });
const lonely = Decoration.mark({ class: "bracket lonely" });

/** The brackets of a text in pairs, by offset: of each its other, or undefined. */
export function bracketPairs(language: Language, text: string): Map<number, number | undefined> {
  // An interpolation's brackets are pieces of their own; a string around them is not.
  const closed = piecesOf(language, text).filter(({ kind }) => kind !== "escape" && kind !== "bad");
  const found = new Map<number, number | undefined>();
  const open: number[] = [];
  let piece = 0;
  for (let at = 0; at < text.length; at++) {
    while ((closed[piece]?.end ?? Number.POSITIVE_INFINITY) <= at) piece++;
    const character = text[at] ?? "";
    if ((closed[piece]?.start ?? Number.POSITIVE_INFINITY) <= at) continue;
    if (pairs[character] !== undefined) {
      open.push(at);
      found.set(at, undefined);
    } else if (closers.has(character)) {
      const opener = open.at(-1);
      const fits = opener !== undefined && pairs[text[opener] ?? ""] === character;
      found.set(at, fits ? opener : undefined);
      if (fits) found.set(opener, at);
      if (opener !== undefined) open.pop();
    }
  }
  return found;
}

/** Marks the pair at the cursor. */
export function brackets(language: Language): Extension {
  return ViewPlugin.fromClass(
    class {
      decorations: DecorationSet;

      constructor(view: EditorView) {
        this.decorations = marksAt(language, view);
      }

      update({ docChanged, selectionSet, focusChanged, view }: ViewUpdate): void {
        if (docChanged || selectionSet || focusChanged) this.decorations = marksAt(language, view);
      }
    },
    { decorations: (plugin) => plugin.decorations },
  );
}

function marksAt(language: Language, view: EditorView): DecorationSet {
  const { main } = view.state.selection;
  if (!view.hasFocus || !main.empty) return Decoration.none;
  const near = view.state.sliceDoc(Math.max(0, main.head - 1), main.head + 1);
  if (!/[()[\]{}]/.test(near)) return Decoration.none;
  const found = bracketPairs(language, view.state.sliceDoc());
  const at = [main.head - 1, main.head].find((place) => found.has(place));
  if (at === undefined) return Decoration.none;
  const other = found.get(at);
  if (other === undefined) return Decoration.set([lonely.range(at, at + 1)]);
  return Decoration.set([matching.range(at, at + 1), matching.range(other, other + 1)], true);
}
