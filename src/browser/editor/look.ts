// How an editor looks: by the page's variables, so in both themes. Runs in the browser; no style element, so the page's policy stands.
import { EditorView } from "@codemirror/view";

const sheet = new CSSStyleSheet();
sheet.replaceSync(`
:host { display: block; }
.frame { border: 1px solid var(--field-line); border-radius: .5rem; background: var(--page); color: var(--text); overflow: hidden; }
.frame:focus-within { outline: 2px solid var(--accent); outline-offset: 1px; }
.keys { margin: .3rem 0 0; color: var(--muted); font-size: .85rem; }
.list { display: grid; gap: .25rem; margin-top: .4rem; }
.list:empty { display: none; }
.list button { min-height: 1.75rem; padding: .25rem .6rem; border: 0; border-left: 4px solid var(--bad); border-radius: .25rem; background: var(--card); color: var(--text); font: inherit; font-size: .9rem; text-align: left; overflow-wrap: anywhere; cursor: pointer; }
.list button.warning { border-left-color: var(--warn-line); }
.list button:hover { text-decoration: underline; }
.list button:focus-visible { outline: 2px solid var(--accent); }
.problem { text-decoration: underline wavy var(--bad); text-underline-offset: 3px; }
.problem.warning { text-decoration-color: var(--warn-line); }
.j-keyword { color: var(--code-keyword); font-weight: 600; }
.j-call { color: var(--code-call); }
.j-field { color: var(--code-field); }
.j-variable { color: var(--code-variable); }
.j-placeholder { color: var(--code-variable); font-weight: 600; }
.j-number, .j-format { color: var(--code-number); }
.j-string { color: var(--code-string); }
.j-escape { color: var(--code-number); }
.j-comment { color: var(--muted); font-style: italic; }
.bracket { outline: 1px solid var(--accent); border-radius: 2px; }
.bracket.lonely { outline-color: var(--bad); }
.j-bad { text-decoration: underline dotted var(--bad); }
`);

/** The element's own sheet. */
export const ownSheet = sheet;

const panel = {
  border: "1px solid var(--field-line)",
  borderRadius: "0.4rem",
  backgroundColor: "var(--card)",
  color: "var(--text)",
};

export const look = EditorView.theme({
  "&": { fontSize: "0.88rem", color: "var(--text)" },
  "&.cm-focused": { outline: "none" },
  ".cm-scroller": { maxHeight: "60vh", fontFamily: "var(--mono)", lineHeight: "1.5" },
  ".cm-content": { padding: "0.5rem 0", caretColor: "var(--text)" },
  ".cm-line": { padding: "0 0.75rem" },
  ".cm-gutters": { border: "0", backgroundColor: "transparent", color: "var(--muted)" },
  ".cm-placeholder": { color: "var(--muted)" },
  ".cm-tooltip": panel,
  ".cm-tooltip .said": { maxWidth: "30rem", padding: "0.4rem 0.6rem" },
  ".cm-tooltip.cm-tooltip-autocomplete > ul": { fontFamily: "var(--mono)", maxHeight: "14rem" },
  ".cm-tooltip.cm-tooltip-autocomplete > ul > li": { minHeight: "1.5rem", padding: "0.15rem 0.5rem" },
  ".cm-tooltip.cm-tooltip-autocomplete > ul > li[aria-selected]": {
    backgroundColor: "var(--accent)",
    color: "var(--on-accent)",
  },
  ".cm-completionDetail": { marginLeft: "0.75rem", fontStyle: "normal", color: "var(--muted)" },
  "li[aria-selected] .cm-completionDetail": { color: "inherit" },
  ".cm-tooltip.cm-completionInfo": { ...panel, maxWidth: "24rem", padding: "0.4rem 0.6rem" },
});
