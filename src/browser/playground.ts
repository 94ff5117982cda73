// <query-form>: runs the playground's query without loading the page anew, says how long it takes, and lets go of it. Runs in the browser.
import type { JqEditor } from "./editor/element.ts";

/** The parts of htmx's events that are used here. */
interface RequestEvent {
  detail: { ctx?: { target?: Element; request?: { abort?: (reason?: unknown) => void } }; error?: unknown };
}

class QueryForm extends HTMLElement {
  #listeners = new AbortController();
  #abort: (() => void) | undefined;
  #timer = 0;

  connectedCallback(): void {
    this.#listeners = new AbortController();
    const { signal } = this.#listeners;
    this.#restoreDraft();
    this.addEventListener("keydown", (event) => this.#onKey(event), { signal });
    this.addEventListener("input", () => this.#keepDraft(), { signal });
    this.#form?.addEventListener("submit", () => this.#chooseMethod(), { capture: true, signal });
    this.querySelector("[data-cancel]")?.addEventListener("click", () => this.#cancel(), { signal });
    const on = (name: string, listener: (event: RequestEvent) => void): void =>
      document.addEventListener(name, (event) => listener(event as unknown as RequestEvent), { signal });
    on("htmx:before:request", (event) => this.#onRequest(event));
    on("htmx:finally:request", (event) => this.#onEnd(event));
    on("htmx:after:swap", (event) => this.#onSwap(event));
    on("htmx:error", (event) => this.#onError(event));
    this.#markProblem();
  }

  disconnectedCallback(): void {
    this.#listeners.abort();
    clearInterval(this.#timer);
  }

  get #form(): HTMLFormElement | null {
    return this.querySelector("form");
  }

  get #code(): HTMLTextAreaElement | null {
    return this.querySelector("textarea[name=q]");
  }

  /** In the editor the editor does it. */
  #onKey(event: KeyboardEvent): void {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || event.defaultPrevented) return;
    event.preventDefault();
    this.#form?.requestSubmit(this.querySelector<HTMLButtonElement>("button[data-run]"));
  }

  /** A query that no address holds is sent as a form. */
  #chooseMethod(): void {
    const form = this.#form;
    if (form === null) return;
    form.querySelector("input[data-sent]")?.remove();
    const entries = [...new FormData(form)].flatMap(([name, value]) =>
      typeof value === "string" ? [[name, value]] : [],
    );
    const isLong =
      form.action.length + new URLSearchParams(entries).toString().length > Number(this.dataset.addressChars);
    form.method = isLong ? "post" : "get";
    if (!isLong) return;
    const action = document.createElement("input");
    Object.assign(action, { type: "hidden", name: "action", value: "run" });
    action.dataset.sent = "";
    form.append(action);
  }

  #onRequest({ detail: { ctx } }: RequestEvent): void {
    if (ctx?.target?.id !== "result") return;
    this.#abort = () => ctx.request?.abort?.();
    ctx.target.setAttribute("aria-busy", "true");
    const began = performance.now();
    this.#showRunning(0);
    clearInterval(this.#timer);
    this.#timer = window.setInterval(() => this.#showRunning(performance.now() - began), 1000);
  }

  #showRunning(passedMs: number | undefined): void {
    const status = this.querySelector<HTMLElement>(".running");
    const cancel = this.querySelector<HTMLElement>("[data-cancel]");
    const text = this.querySelector("[data-elapsed]");
    if (status === null || cancel === null || text === null) return;
    status.hidden = passedMs === undefined;
    cancel.hidden = passedMs === undefined;
    const seconds = Math.floor((passedMs ?? 0) / 1000);
    text.textContent = seconds === 0 ? "Running …" : `Running … ${seconds} s`;
  }

  #cancel(): void {
    this.#abort?.();
    this.#say("Cancelled.", "The server stops the work at its next piece of data. What you wrote is still here.");
    this.#code?.focus();
  }

  #onEnd({ detail: { ctx } }: RequestEvent): void {
    if (ctx?.target?.id !== "result") return;
    this.#abort = undefined;
    clearInterval(this.#timer);
    this.#showRunning(undefined);
    document.getElementById("result")?.removeAttribute("aria-busy");
  }

  #onSwap({ detail: { ctx } }: RequestEvent): void {
    if (ctx?.target?.id !== "result") return;
    // What the server chose stands, also where a person chose before.
    for (const select of document.querySelectorAll<HTMLSelectElement>("#result select"))
      for (const option of select.options) option.selected = option.defaultSelected;
    this.#markProblem();
  }

  #onError({ detail: { ctx, error } }: RequestEvent): void {
    if (ctx?.target?.id !== "result") return;
    const isTimeout = error === "timeout" || String(error).includes("timeout");
    if (isTimeout)
      this.#say("No answer within two minutes.", "Ask for less, or run it again: what you wrote is still here.");
    else this.#say("The server cannot be reached.", "What you wrote is still here; run it again when you are online.");
  }

  /** In place of the result. */
  #say(title: string, text: string): void {
    const result = document.getElementById("result");
    if (result === null) return;
    const [box, first, second] = ["div", "p", "p"].map((name) => document.createElement(name));
    if (box === undefined || first === undefined || second === undefined) return;
    box.className = "empty";
    box.setAttribute("role", "alert");
    first.className = "empty-title";
    first.textContent = title;
    second.textContent = text;
    box.append(first, second);
    result.replaceChildren(box);
  }

  /** Marks in the query what the server found wrong when it ran it. */
  #markProblem(): void {
    const mark = document.querySelector<HTMLElement>("#result [data-mark]")?.dataset.mark;
    const editor = this.querySelector<JqEditor>("jq-editor");
    if (mark === undefined || editor === null) return;
    void customElements.whenDefined("jq-editor").then(() => editor.showProblems([JSON.parse(mark)]));
  }

  get #draftKey(): string {
    const lang = this.#form?.querySelector<HTMLInputElement>("input[name=lang]")?.value ?? "jq";
    return `playground ${this.dataset.draft} ${lang}`;
  }

  /** What is being written outlives going to another page and back, in this window alone. */
  #keepDraft(): void {
    const code = this.#code;
    if (code !== null) sessionStorage.setItem(this.#draftKey, code.value);
  }

  #restoreDraft(): void {
    const code = this.#code;
    if (code === null || code.value !== "") return;
    const draft = sessionStorage.getItem(this.#draftKey);
    if (draft === null || draft === "") return;
    code.value = draft;
    code.dispatchEvent(new Event("input", { bubbles: true }));
  }
}

customElements.define("query-form", QueryForm);
