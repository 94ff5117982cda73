// <jq-editor>: a textarea that colours, completes and checks code. Runs in the browser; without it the textarea in it does the same work.
import { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap } from "@codemirror/autocomplete";
import { history, historyKeymap, indentWithTab, standardKeymap, toggleComment } from "@codemirror/commands";
import { Compartment, EditorState, type Extension, Prec } from "@codemirror/state";
import { EditorView, keymap, lineNumbers, placeholder } from "@codemirror/view";
import type { CheckAnswer, CodeProblem, Offers } from "../../surfaces/dashboard/library/editor-answers.ts";
import { brackets } from "./brackets.ts";
import { colours, type Language } from "./colours.ts";
import { completing, noOffers } from "./completing.ts";
import { look, ownSheet } from "./look.ts";
import { listProblems, problemMarks, setProblems } from "./problems.ts";

const checkAfterMs = 400;
/** Room that a line takes, with what stands above the first and below the last. */
const [lineRem, paddingRem] = [1.32, 1];

/**
 * Wraps one textarea, which stays the form's field. Attributes, all read when they are needed:
 * `data-language` jq (default) or sql; `data-kind` query, tool or function; `data-check`, `data-complete` addresses to ask;
 * `data-dataset-field`, `data-variable-field` names of the form's fields that say which datasets are read and which variables are bound;
 * `data-variables` further variables, with spaces between.
 */
export class JqEditor extends HTMLElement {
  static readonly observedAttributes = ["data-language"];

  #view: EditorView | undefined;
  #textarea: HTMLTextAreaElement | undefined;
  #listeners = new AbortController();
  #list = document.createElement("div");
  #language = new Compartment();
  #timer = 0;
  #asked: AbortController | undefined;
  #offers: { from: string; answer: Promise<Offers> } | undefined;
  #valueAtFocus = "";

  connectedCallback(): void {
    const textarea = this.querySelector("textarea");
    if (textarea === null || this.#view !== undefined) return;
    this.#textarea = textarea;
    this.#listeners = new AbortController();
    const root = this.shadowRoot ?? this.attachShadow({ mode: "open" });
    root.adoptedStyleSheets = [ownSheet];
    const frame = document.createElement("div");
    frame.className = "frame";
    const keys = document.createElement("p");
    keys.className = "keys";
    keys.id = "keys";
    keys.textContent = "Tab indents; Escape, then Tab, leaves the editor. Ctrl+Space completes.";
    this.#list = document.createElement("div");
    this.#list.className = "list";
    this.#list.setAttribute("role", "status");
    root.replaceChildren(frame, keys, this.#list);
    this.#view = new EditorView({ parent: frame, root, state: this.#stateOf(textarea) });
    this.#listen(textarea);
    this.#check(0);
  }

  disconnectedCallback(): void {
    clearTimeout(this.#timer);
    this.#asked?.abort();
    this.#listeners.abort();
    this.#view?.destroy();
    this.#view = undefined;
  }

  attributeChangedCallback(): void {
    this.#view?.dispatch({ effects: this.#language.reconfigure(this.#forLanguage()) });
    if (this.#view !== undefined) this.#check(0);
  }

  /** The code; setting it is as if it had been typed. */
  get value(): string {
    return this.#textarea?.value ?? "";
  }

  set value(text: string) {
    if (this.#textarea === undefined) return;
    this.#textarea.value = text;
    this.#takeOver();
  }

  override focus(): void {
    this.#view?.focus();
  }

  /** Shows these problems until the code changes: for a page that has found some itself. */
  showProblems(problems: readonly CodeProblem[]): void {
    if (this.#view === undefined) return;
    this.#view.dispatch({ effects: setProblems.of(problems) });
    listProblems(this.#list, this.#view, problems);
  }

  get #languageName(): Language {
    return this.dataset.language === "sql" ? "sql" : "jq";
  }

  #stateOf(textarea: HTMLTextAreaElement): EditorState {
    const label = [...textarea.labels].map(({ textContent }) => textContent?.trim()).join(" ");
    const described = textarea.getAttribute("aria-describedby")?.split(" ") ?? [];
    const description = described.map((id) => document.getElementById(id)?.textContent?.trim()).join(" ");
    return EditorState.create({
      doc: textarea.value,
      extensions: [
        lineNumbers(),
        history(),
        closeBrackets(),
        EditorView.lineWrapping,
        typedOver,
        leaving,
        problemMarks,
        look,
        EditorView.theme({ ".cm-content": { minHeight: `${textarea.rows * lineRem + paddingRem}rem` } }),
        placeholder(textarea.placeholder),
        this.#language.of(this.#forLanguage()),
        keymap.of([
          { key: "Mod-Enter", run: () => this.#submit() },
          { key: "Mod-/", run: toggleComment },
          ...closeBracketsKeymap,
          ...completionKeymap,
          ...historyKeymap,
          indentWithTab,
          ...standardKeymap,
        ]),
        EditorView.contentAttributes.of({
          "aria-label": label === "" ? (textarea.getAttribute("aria-label") ?? "Code") : label,
          "aria-describedby": "keys",
          ...(description === "" ? {} : { "aria-description": description }),
        }),
        EditorView.updateListener.of(({ docChanged, focusChanged, view }) => {
          if (docChanged) this.#passOn(view.state.sliceDoc());
          if (focusChanged) this.#notice(view.hasFocus);
        }),
      ],
    });
  }

  #forLanguage(): Extension {
    const language = this.#languageName;
    const lineComment = language === "sql" ? "--" : "#";
    const closing = ["(", "[", "{", '"', ...(language === "sql" ? ["'"] : [])];
    return [
      colours(language),
      brackets(language),
      autocompletion({
        icons: false,
        override: [
          completing(
            language,
            () => this.#whatToOffer(),
            () => this.#variables(),
          ),
        ],
      }),
      EditorState.languageData.of(() => [
        { commentTokens: { line: lineComment }, closeBrackets: { brackets: closing } },
      ]),
    ];
  }

  /** The textarea is what the form sends, so it follows every change. */
  #passOn(text: string): void {
    const textarea = this.#textarea;
    if (textarea === undefined || textarea.value === text) return;
    textarea.value = text;
    textarea.dispatchEvent(new Event("input", { bubbles: true }));
    this.#check(checkAfterMs);
  }

  /** What a script or a reset form has put into the textarea. */
  #takeOver(): void {
    const [view, textarea] = [this.#view, this.#textarea];
    if (view === undefined || textarea === undefined || view.state.sliceDoc() === textarea.value) return;
    view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: textarea.value } });
    this.#check(checkAfterMs);
  }

  #notice(hasFocus: boolean): void {
    if (hasFocus) this.#valueAtFocus = this.value;
    else if (this.#valueAtFocus !== this.value) this.#textarea?.dispatchEvent(new Event("change", { bubbles: true }));
  }

  #listen(textarea: HTMLTextAreaElement): void {
    const { signal } = this.#listeners;
    textarea.addEventListener("input", () => this.#takeOver(), { signal });
    textarea.addEventListener("focus", () => this.#view?.focus(), { signal });
    for (const label of textarea.labels) label.addEventListener("click", () => this.#view?.focus(), { signal });
    const { form } = textarea;
    form?.addEventListener("reset", () => setTimeout(() => this.#takeOver()), { signal });
    form?.addEventListener(
      "change",
      ({ target }) => {
        if (target !== textarea) this.#check(checkAfterMs);
      },
      { signal },
    );
  }

  /** By the button marked `data-run`, if the form has one. */
  #submit(): boolean {
    const form = this.#textarea?.form;
    if (form === null || form === undefined) return false;
    form.requestSubmit(form.querySelector<HTMLButtonElement>("button[data-run]"));
    return true;
  }

  #fields(name: string | undefined): string[] {
    const form = this.#textarea?.form;
    if (name === undefined || form === null || form === undefined) return [];
    return new FormData(form)
      .getAll(name)
      .filter((value): value is string => typeof value === "string" && value !== "");
  }

  #variables(): string[] {
    const own = this.dataset.variables?.split(" ").filter((name) => name !== "") ?? [];
    return [...own, ...this.#fields(this.dataset.variableField)];
  }

  #query(): URLSearchParams {
    const query = new URLSearchParams({ language: this.#languageName });
    for (const name of this.#fields(this.dataset.datasetField)) query.append("dataset", name);
    return query;
  }

  /** Asked once for each choice of datasets; a failure is not kept. */
  async #whatToOffer(): Promise<Offers> {
    const { complete } = this.dataset;
    if (complete === undefined) return noOffers;
    const from = `${complete}?${this.#query()}`;
    if (this.#offers?.from !== from) {
      const answer = askJson<Offers>(from).then((offers) => {
        if (offers === undefined) this.#offers = undefined;
        return offers ?? noOffers;
      });
      this.#offers = { from, answer };
    }
    return this.#offers.answer;
  }

  #check(afterMs: number): void {
    clearTimeout(this.#timer);
    this.#asked?.abort();
    this.#timer = window.setTimeout(() => void this.#askForProblems(), afterMs);
  }

  async #askForProblems(): Promise<void> {
    const { check, kind } = this.dataset;
    const code = this.value;
    if (check === undefined) return;
    if (code.trim() === "") return this.showProblems([]);
    const asked = new AbortController();
    this.#asked = asked;
    const body = this.#query();
    body.set("code", code);
    if (kind !== undefined) body.set("kind", kind);
    for (const name of this.#variables()) body.append("variable", name);
    const answer = await askJson<CheckAnswer>(check, { method: "POST", body, signal: asked.signal });
    if (answer !== undefined && !asked.signal.aborted) this.showProblems(answer.problems);
  }
}

/**
 * Typing over a selection, which Chromium would carry out with the selection's look as an inline style on what is typed: the page's policy
 * forbids that, and the console would say so each time.
 */
const typedOver = EditorView.domEventHandlers({
  beforeinput: (event, view) => {
    const { data } = event;
    const { main } = view.state.selection;
    if (event.inputType !== "insertText" || data === null || view.composing || main.empty) return false;
    event.preventDefault();
    const insert = () => view.state.update(view.state.replaceSelection(data), { userEvent: "input.type" });
    const handlers = view.state.facet(EditorView.inputHandler);
    if (!handlers.some((handle) => handle(view, main.from, main.to, data, insert))) view.dispatch(insert());
    return true;
  },
});

const leavingMs = 2000;

/** After Escape Tab goes on to the next field, also when that Escape has closed a list of completions. */
const leaving = Prec.highest(
  EditorView.domEventHandlers({
    keydown: ({ key }, view) => {
      if (key === "Escape") view.setTabFocusMode(leavingMs);
      return false;
    },
  }),
);

/** Undefined when there is no such answer: what is typed is not disturbed by that. */
async function askJson<Answer>(url: string, init: RequestInit = {}): Promise<Answer | undefined> {
  try {
    const answer = await fetch(url, { ...init, headers: { accept: "application/json" } });
    return answer.ok ? ((await answer.json()) as Answer) : undefined;
  } catch {
    return undefined;
  }
}
