// <dataset-upload>: choose a file, see what it is, send it, and what became of it. The page has all of its parts; this fills them in. Runs in the browser.
import { ask, InterruptedError, type Preview, RefusedError, type Uploaded } from "./answers.ts";
import { Sender } from "./sender.ts";
import { fieldsTable, recordsTable } from "./tables.ts";

type Step = "choose" | "check" | "send" | "done";

/** What is known of the dataset that an upload would replace. */
interface Present {
  version: number;
  etag: string | null;
  description: string;
}

const typingMs = 300;

export class DatasetUpload extends HTMLElement {
  #file: File | undefined;
  #sender: Sender | undefined;
  /** Undefined: there is no dataset of the name that stands in the field, as far as is known. */
  #present: Present | undefined;
  #asked = 0;
  /** The names of datasets when the page was made, and those uploaded since. */
  readonly #known = new Set<string>();
  #typing = 0;
  #tryNow: (() => void) | undefined;

  connectedCallback(): void {
    this.hidden = false;
    for (const name of (this.dataset.known ?? "").split(" ")) this.#known.add(name);
    const input = this.#part<HTMLInputElement>("#upload-file");
    input.addEventListener("change", () => void this.#choose(input.files?.[0]));
    this.#listenToDrops();
    this.#field("format").addEventListener("change", () => void this.#look(this.#field("format").value));
    this.#field("name").addEventListener("input", () => {
      clearTimeout(this.#typing);
      this.#typing = window.setTimeout(() => void this.#findPresent(), typingMs);
    });
    this.#part('[data-part="form"]').addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#start();
    });
    this.addEventListener("click", (event) => {
      const button = event.target instanceof Element ? event.target.closest<HTMLElement>("[data-do]") : null;
      if (button?.dataset.do !== undefined) void this.#do(button.dataset.do);
    });
    window.addEventListener("beforeunload", this.#warn);
    window.addEventListener("online", this.#online);
  }

  disconnectedCallback(): void {
    this.#sender?.pause();
    window.removeEventListener("beforeunload", this.#warn);
    window.removeEventListener("online", this.#online);
  }

  readonly #warn = (event: BeforeUnloadEvent): void => {
    if (this.#sender !== undefined) event.preventDefault();
  };

  readonly #online = (): void => this.#tryNow?.();

  async #do(what: string): Promise<void> {
    if (what === "again") this.#reset();
    if (what === "retry") this.#tryNow?.();
    if (what === "replace") await this.#finish((sender) => sender.complete({}));
    if (what !== "cancel") return;
    const sender = this.#sender;
    this.#sender = undefined;
    this.#show("check");
    await sender?.cancel();
  }

  #reset(): void {
    this.#part<HTMLInputElement>("#upload-file").value = "";
    this.#file = undefined;
    this.#say(undefined);
    this.#show("choose");
    this.#part<HTMLInputElement>("#upload-file").focus();
  }

  #listenToDrops(): void {
    const place = this.#part('[data-step="choose"]');
    for (const kind of ["dragenter", "dragover"])
      place.addEventListener(kind, (event) => {
        event.preventDefault();
        place.classList.add("over");
      });
    place.addEventListener("dragleave", () => place.classList.remove("over"));
    place.addEventListener("drop", (event) => {
      event.preventDefault();
      place.classList.remove("over");
      const files = event.dataTransfer?.files;
      if ((files?.length ?? 0) > 1) this.#say("Drop one file at a time: each becomes a dataset.");
      else void this.#choose(files?.[0]);
    });
  }

  async #choose(file: File | undefined): Promise<void> {
    if (file === undefined) return;
    this.#file = file;
    const max = Number(this.dataset.maxBytes);
    if (file.size > max) {
      this.#say(
        `The file has ${sizeText(file.size)}; a dataset may have ${sizeText(max)}. Split it into several files.`,
      );
      return;
    }
    if (await this.#look(undefined)) {
      this.#show("check");
      await this.#findPresent();
    }
  }

  /** Asks the server what the file is. `format`: what to read it as; left out: found out. */
  async #look(format: string | undefined): Promise<boolean> {
    const file = this.#file;
    if (file === undefined) return false;
    const mine = ++this.#asked;
    this.#part('[data-part="reading"]').textContent = "Reading the beginning of the file …";
    const query = new URLSearchParams({ file: file.name, bytes: String(file.size) });
    if (format !== undefined) query.set("format", format);
    try {
      const body = file.slice(0, Number(this.dataset.previewBytes), "application/octet-stream");
      const { data } = await ask<Preview>("POST", `${this.dataset.api}/preview?${query}`, { body });
      if (mine !== this.#asked) return false;
      this.#say(undefined);
      this.#showPreview(data, file, format === undefined);
      return true;
    } catch (error) {
      this.#say(textOf(error));
      return false;
    } finally {
      this.#part('[data-part="reading"]').textContent = "";
    }
  }

  #showPreview(preview: Preview, file: File, isNew: boolean): void {
    const { kind, record_count, complete, csv, format, problem, notes } = preview;
    const found =
      kind === "whole" ? "one JSON document" : `${recordsText(record_count)}${complete ? "" : " in its first part"}`;
    const delimiter = csv === undefined ? "" : `, separated by ${delimiterNames[csv.delimiter] ?? csv.delimiter}`;
    this.#part('[data-part="file"]').textContent = `${file.name}, ${sizeText(file.size)}: ${found}${delimiter}.`;
    if (format !== null) this.#field("format").value = format;
    if (isNew) this.#field("name").value = this.dataset.name ?? preview.name;
    const refusal = this.#part('[data-part="refusal"]');
    refusal.hidden = problem === undefined;
    const line = problem?.line === undefined || problem.message.startsWith("Line ") ? "" : ` (line ${problem.line})`;
    this.#part('[data-part="refusal-text"]').textContent =
      problem === undefined ? "" : `The upload would be refused. ${problem.message}${line} ${problem.hint ?? ""}`;
    this.#part<HTMLButtonElement>('[data-part="start"]').disabled = problem !== undefined;
    listIn(this.#part('[data-part="found-notes"]'), notes);
    this.#part('[data-part="fields"]').replaceChildren(fieldsTable(preview));
    this.#part('[data-part="records"]').replaceChildren(recordsTable(preview));
  }

  /** Finds out what an upload under this name would replace. False: not yet known. */
  async #findPresent(): Promise<boolean> {
    const name = this.#field("name").value.trim();
    const mine = ++this.#asked;
    try {
      // Asking for what is not there would count as a call that failed. One that came into being meanwhile the upload's condition finds.
      if (!this.#known.has(name)) throw new RefusedError(404, { code: "not_found", detail: "" });
      const { data, etag } = await ask<{ version: number; description: string }>("GET", this.#url(name));
      if (mine !== this.#asked) return false;
      this.#present = { ...data, etag };
    } catch (error) {
      if (mine !== this.#asked) return false;
      if (!(error instanceof RefusedError)) {
        this.#say(textOf(error));
        return false;
      }
      // No dataset of this name; that a name is none the upload says.
      this.#present = undefined;
    }
    const replaces = this.#present;
    this.#part('[data-part="replaces"]').textContent =
      replaces === undefined
        ? "A new dataset."
        : `There is a dataset of this name. The upload becomes version ${replaces.version + 1}; version ${replaces.version} can be restored.`;
    const description = this.#field("description");
    if (replaces !== undefined && description.value === "") description.value = replaces.description;
    return true;
  }

  async #start(): Promise<void> {
    const file = this.#file;
    if (file === undefined || this.#sender !== undefined) return;
    clearTimeout(this.#typing);
    if (!(await this.#findPresent())) return;
    const name = this.#field("name").value.trim();
    const etag = this.#present?.etag ?? undefined;
    const condition: Record<string, string> =
      this.#present === undefined ? { "if-none-match": "*" } : etag === undefined ? {} : { "if-match": etag };
    const description = this.#field("description").value.trim();
    const sending = {
      ...{ dataset: this.#url(name), file, format: this.#field("format").value, condition },
      description: description === "" && this.#present === undefined ? undefined : description,
      ...{ partBytes: Number(this.dataset.partBytes), parts: Number(this.dataset.parts) },
    };
    this.#sender = new Sender(sending, {
      progress: (bytes) => this.#progress(bytes, file.size),
      completing: () => this.#state("All has arrived. The server checks it and finds out the fields …", undefined),
      lost: (pauseMs) => this.#waitFor(pauseMs),
    });
    this.#part("#send-title").textContent = `Uploading ${name}`;
    this.#progress(0, file.size);
    this.#show("send");
    await this.#finish((sender) => sender.send());
  }

  async #finish(work: (sender: Sender) => Promise<Uploaded>): Promise<void> {
    const sender = this.#sender;
    if (sender === undefined) return;
    this.#button("replace").hidden = true;
    try {
      const uploaded = await work(sender);
      this.#sender = undefined;
      this.#showDone(uploaded);
    } catch (error) {
      if (this.#sender !== sender) return;
      if (error instanceof RefusedError && error.refusal.code === "precondition_failed") {
        this.#button("replace").hidden = false;
        this.#state(
          "Somebody else uploaded under this name meanwhile, so nothing was changed. Replace their version, or cancel.",
          undefined,
        );
        return;
      }
      this.#sender = undefined;
      this.#show("check");
      this.#say(textOf(error));
      await sender.cancel();
    }
  }

  #showDone({ name, version, kind, record_count, notes = [] }: Uploaded): void {
    this.#known.add(name);
    const what = kind === "whole" ? "one JSON document" : recordsText(record_count);
    this.#part('[data-part="result"]').textContent = `${name} is now version ${version}: ${what}.`;
    listIn(this.#part('[data-part="notes"]'), notes);
    this.#part<HTMLAnchorElement>('[data-part="open"]').href = `${this.dataset.pages}/${encodeURIComponent(name)}`;
    this.#show("done");
  }

  #progress(bytes: number, size: number): void {
    const percent = size === 0 ? 100 : Math.floor((bytes / size) * 100);
    this.#state(`${sizeText(bytes)} of ${sizeText(size)} (${percent}%)`, percent);
  }

  /** Without a percentage the bar only says that something is going on. */
  #state(text: string, percent: number | undefined): void {
    this.#button("retry").hidden = true;
    this.#part('[data-part="state"]').textContent = text;
    const bar = this.#part<HTMLProgressElement>('[data-part="progress"]');
    if (percent === undefined) bar.removeAttribute("value");
    else bar.value = percent;
  }

  #waitFor(pauseMs: number): Promise<void> {
    this.#part('[data-part="state"]').textContent =
      `The connection is lost. It is tried again in ${Math.ceil(pauseMs / 1000)} s, and goes on where it was.`;
    this.#button("retry").hidden = false;
    return new Promise((resolve) => {
      const timer = window.setTimeout(resolve, pauseMs);
      this.#tryNow = () => {
        clearTimeout(timer);
        this.#tryNow = undefined;
        resolve();
      };
    });
  }

  #say(text: string | undefined): void {
    this.#part('[data-part="problem"]').hidden = text === undefined;
    this.#part('[data-part="problem-text"]').textContent = text ?? "";
  }

  #show(step: Step): void {
    for (const section of this.querySelectorAll<HTMLElement>("[data-step]"))
      section.hidden = section.dataset.step !== step;
    this.querySelector<HTMLElement>(`[data-step="${step}"] h2[tabindex]`)?.focus();
  }

  #url(name: string): string {
    return `${this.dataset.api}/${encodeURIComponent(name)}`;
  }

  #part<E extends HTMLElement = HTMLElement>(selector: string): E {
    const found = this.querySelector<E>(selector);
    if (found === null) throw new Error(`the page has no ${selector}`);
    return found;
  }

  #button(what: string): HTMLElement {
    return this.#part(`[data-do="${what}"]`);
  }

  #field(name: "name" | "format" | "description"): HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement {
    return this.#part<HTMLInputElement>(`[name="${name}"]`);
  }
}

const delimiterNames: Readonly<Record<string, string>> = {
  ",": "commas",
  ";": "semicolons",
  "\t": "tabs",
  "|": "bars",
};

function recordsText(count: number): string {
  return count === 1 ? "1 record" : `${count.toLocaleString("en-US")} records`;
}

function listIn(list: HTMLElement, texts: readonly string[]): void {
  list.replaceChildren(
    ...texts.map((text) => {
      const item = document.createElement("li");
      item.textContent = text;
      return item;
    }),
  );
}

function textOf(error: unknown): string {
  if (error instanceof RefusedError) return `${error.refusal.detail} ${error.refusal.hint ?? ""}`.trim();
  if (error instanceof InterruptedError) return "The server cannot be reached. Try it again when you are online.";
  if (error instanceof DOMException)
    return "The file cannot be read any more: it was moved or changed. Choose it again.";
  throw error;
}

const units = ["B", "KiB", "MiB", "GiB"];

function sizeText(bytes: number): string {
  const power = bytes < 1024 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(bytes) / 10));
  const scaled = bytes / 1024 ** power;
  return `${power === 0 ? scaled : scaled.toFixed(1)} ${units[power]}`;
}
