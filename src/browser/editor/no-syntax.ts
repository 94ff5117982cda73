// What CodeMirror's packages ask of @codemirror/language and @lezer/common, of a text without a syntax tree: the build puts this in their
// place, a sixth of the editor's weight. Colours, brackets and problems come from our own tokens. Runs in the browser.
import { countColumn, type EditorState, Facet } from "@codemirror/state";

const nothing = {
  name: "",
  from: 0,
  to: 0,
  parent: null,
  firstChild: null,
  childBefore: () => null,
  childAfter: () => null,
};

/** The tree of a text in which nothing is known. */
export function syntaxTree() {
  return { resolveInner: () => nothing, resolveStack: () => ({ node: nothing, next: null }) };
}

export const NodeProp = { closedBy: undefined };

export const indentUnit = Facet.define<string, string>({ combine: ([unit = "  "]) => unit });

/** Columns of one step of indentation. */
export function getIndentUnit(state: EditorState): number {
  return countColumn(state.facet(indentUnit), state.tabSize);
}

export function indentString(_state: EditorState, columns: number): string {
  return " ".repeat(columns);
}

/** Columns of a line that is begun at a place: as the one before it, and a step further in after an opening bracket. */
export function getIndentation(context: IndentContext, position: number): number {
  return context.indentFrom(position);
}

export class IndentContext {
  readonly #state: EditorState;

  constructor(state: EditorState) {
    this.#state = state;
  }

  indentFrom(position: number): number {
    const { from } = this.#state.doc.lineAt(position);
    const step = /[([{][ \t]*$/.test(this.#state.sliceDoc(from, position)) ? getIndentUnit(this.#state) : 0;
    return this.lineIndent(position) + step;
  }

  /** Columns that the line at a place begins with. */
  lineIndent(position: number): number {
    const { text } = this.#state.doc.lineAt(position);
    return countColumn(/^\s*/.exec(text)?.[0] ?? "", this.#state.tabSize);
  }
}

export function matchBrackets(): null {
  return null;
}
