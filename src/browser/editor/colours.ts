// Colours the code in an editor, by the same pieces that the server's pages show. Runs in the browser.
import { type Extension, type Range, RangeSet } from "@codemirror/state";
import { Decoration, type DecorationSet, type EditorView, ViewPlugin, type ViewUpdate } from "@codemirror/view";
import { highlightJq, type Piece, type PieceKind } from "../../engines/jq/syntax/highlight.ts";
import { highlightSql } from "./highlight-sql.ts";

export type Language = "jq" | "sql";

const marks = new Map<PieceKind, Decoration>();

function markOf(kind: PieceKind): Decoration {
  const known = marks.get(kind);
  if (known !== undefined) return known;
  const mark = Decoration.mark({ class: `j-${kind}` });
  marks.set(kind, mark);
  return mark;
}

/** The pieces of a text in its language. */
export function piecesOf(language: Language, text: string): Piece[] {
  return language === "sql" ? highlightSql(text) : highlightJq(text);
}

/** Colours what is shown. A program is 64 KiB at most, so all of it is cut anew whenever it changes. */
export function colours(language: Language): Extension {
  return ViewPlugin.fromClass(
    class {
      decorations: DecorationSet;
      #pieces: Piece[];

      constructor(view: EditorView) {
        this.#pieces = piecesOf(language, view.state.doc.toString());
        this.decorations = this.#shown(view);
      }

      update({ docChanged, viewportChanged, view }: ViewUpdate): void {
        if (docChanged) this.#pieces = piecesOf(language, view.state.doc.toString());
        if (docChanged || viewportChanged) this.decorations = this.#shown(view);
      }

      #shown({ viewport: { from, to } }: EditorView): DecorationSet {
        const ranges: Range<Decoration>[] = [];
        for (const { kind, start, end } of this.#pieces) {
          if (end > from && start < to) ranges.push(markOf(kind).range(start, end));
        }
        return RangeSet.of(ranges);
      }
    },
    { decorations: (plugin) => plugin.decorations },
  );
}
