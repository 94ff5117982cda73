// Marks what is wrong with the code where it is: underlined, said on hover, listed below. Runs in the browser.
import { type Extension, StateEffect, StateField, type Text } from "@codemirror/state";
import { Decoration, type DecorationSet, EditorView, hoverTooltip } from "@codemirror/view";
import type { CodeProblem } from "../../surfaces/dashboard/library/editor-answers.ts";

/** Puts these problems in the place of those before. */
export const setProblems = StateEffect.define<readonly CodeProblem[]>();

interface Marked {
  decorations: DecorationSet;
}

const marked = StateField.define<Marked>({
  create: () => ({ decorations: Decoration.none }),
  update(before, transaction) {
    for (const effect of transaction.effects) {
      if (effect.is(setProblems)) return { decorations: marksOf(transaction.newDoc, effect.value) };
    }
    return transaction.docChanged ? { decorations: before.decorations.map(transaction.changes) } : before;
  },
  provide: (field) => EditorView.decorations.from(field, ({ decorations }) => decorations),
});

function marksOf(doc: Text, problems: readonly CodeProblem[]): DecorationSet {
  const ranges = problems.map((problem) => {
    const { from, to } = rangeOf(doc, problem);
    const mark = Decoration.mark({ class: `problem ${problem.severity}`, problem });
    return mark.range(from, to);
  });
  return Decoration.set(
    ranges.filter(({ from, to }) => from < to),
    true,
  );
}

/** The stretch a problem is about, at least one character of what there is. */
export function rangeOf(doc: Text, { line, column, length }: CodeProblem): { from: number; to: number } {
  const place = doc.line(Math.max(1, Math.min(line, doc.lines)));
  const from = Math.min(place.from + Math.max(0, column - 1), place.to);
  const to = Math.min(from + Math.max(1, length), doc.length);
  return from === to && from > 0 ? { from: from - 1, to } : { from, to };
}

const hover = hoverTooltip((view, position) => {
  let shown: CodeProblem | undefined;
  let at = position;
  view.state.field(marked).decorations.between(position, position, (from, _to, value) => {
    shown = (value.spec as { problem: CodeProblem }).problem;
    at = from;
  });
  const problem = shown;
  if (problem === undefined) return null;
  return {
    pos: at,
    above: true,
    create: () => {
      const dom = document.createElement("div");
      dom.className = "said";
      dom.textContent = textOf(problem);
      return { dom };
    },
  };
});

/** What an editor needs to show problems. */
export const problemMarks: Extension = [marked, hover];

/** The list below the code, each entry leading to its place. */
export function listProblems(list: HTMLElement, view: EditorView, problems: readonly CodeProblem[]): void {
  list.replaceChildren(
    ...problems.map((problem) => {
      const button = document.createElement("button");
      button.type = "button";
      button.className = problem.severity;
      const kind = problem.severity === "warning" ? "Note, line" : "Line";
      button.textContent = `${kind} ${problem.line}, column ${problem.column}: ${textOf(problem)}`;
      button.addEventListener("click", () => {
        const { from } = rangeOf(view.state.doc, problem);
        view.dispatch({ selection: { anchor: from }, scrollIntoView: true });
        view.focus();
      });
      return button;
    }),
  );
}

function textOf({ message, hint }: CodeProblem): string {
  return hint === undefined ? message : `${message} ${hint}`;
}
