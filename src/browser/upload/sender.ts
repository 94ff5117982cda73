// Sends a file in parts, goes on after a lost connection, and remembers where it was. Runs in the browser.
import { ask, InterruptedError, RefusedError, readAnswer, type Uploaded } from "./answers.ts";

export interface Sending {
  /** The address of the dataset in the API. */
  dataset: string;
  file: File;
  format: string;
  /** undefined: as it was. */
  description: string | undefined;
  /** What the upload asks of the dataset there is: If-Match or If-None-Match. */
  condition: Readonly<Record<string, string>>;
  /** Bytes of a part; more where there would be too many of them. */
  partBytes: number;
  parts: number;
}

export interface Listener {
  /** Bytes that are there for certain or on their way. */
  progress: (bytes: number) => void;
  /** All has arrived; the server reads it. */
  completing: () => void;
  /** Lost; resolves when it should be tried again. */
  lost: (pauseMs: number) => Promise<void>;
}

interface Remembered {
  id: string;
  partBytes: number;
}

const firstPauseMs = 1_000;
const longestPauseMs = 30_000;

/** An upload under way. It ends by `send` resolving or throwing; `cancel` makes it throw an AbortError. */
export class Sender {
  readonly #sending: Sending;
  readonly #listener: Listener;
  readonly #abort = new AbortController();
  readonly #memory: string;
  /** `sent`: parts that have arrived; undefined: all. */
  #upload: { url: string; partBytes: number; sent: ReadonlySet<number> | undefined } | undefined;

  constructor(sending: Sending, listener: Listener) {
    this.#sending = sending;
    this.#listener = listener;
    const { file, dataset, format } = sending;
    this.#memory = ["upload", dataset, format, file.name, file.size, file.lastModified].join("\n");
  }

  /** Sends what the server does not have yet, and completes. Throws RefusedError. */
  async send(): Promise<Uploaded> {
    const upload = await this.#again(() => this.#begin());
    this.#upload = upload;
    const { file } = this.#sending;
    const count = Math.max(1, Math.ceil(file.size / upload.partBytes));
    let bytes = 0;
    for (let part = 1; part <= count; part++) {
      const piece = file.slice((part - 1) * upload.partBytes, part * upload.partBytes);
      if (upload.sent?.has(part) === false) await this.#sendPart(upload.url, part, piece, bytes);
      bytes += piece.size;
      this.#listener.progress(bytes);
    }
    return this.complete(this.#sending.condition);
  }

  /** Completes; also again, under another condition. Throws RefusedError. */
  async complete(condition: Readonly<Record<string, string>>): Promise<Uploaded> {
    const upload = this.#upload;
    if (upload === undefined) throw new Error("nothing was sent");
    this.#listener.completing();
    const count = Math.max(1, Math.ceil(this.#sending.file.size / upload.partBytes));
    const { data } = await this.#again(() =>
      ask<Uploaded>("POST", `${upload.url}/complete`, {
        json: { parts: count },
        headers: condition,
        signal: this.#abort.signal,
      }),
    );
    forget(this.#memory);
    return data;
  }

  /** Stops; what has arrived stays for a day. */
  pause(): void {
    this.#abort.abort();
  }

  /** Stops and removes what has arrived. */
  async cancel(): Promise<void> {
    this.#abort.abort();
    forget(this.#memory);
    const url = this.#upload?.url;
    if (url !== undefined) await ask("DELETE", url).catch(() => undefined);
  }

  async #begin(): Promise<{ url: string; partBytes: number; sent: ReadonlySet<number> | undefined }> {
    const { dataset, file, format, description, partBytes: wanted, parts: most } = this.#sending;
    const { signal } = this.#abort;
    const before = recall(this.#memory);
    if (before !== undefined) {
      const url = `${dataset}/uploads/${before.id}`;
      const found = await ask<{ state: string; parts: { part: number; bytes: number }[] }>("GET", url, {
        signal,
      }).catch((error: unknown) => {
        if (error instanceof RefusedError) return undefined;
        throw error;
      });
      if (found !== undefined) {
        const { partBytes } = before;
        const { state, parts } = found.data;
        // Completed, and the answer was lost: completing again gives the same answer.
        const sent = state === "completed" ? undefined : arrived(parts, file.size, partBytes);
        return { url, partBytes, sent };
      }
    }
    const partBytes = Math.max(wanted, Math.ceil(file.size / most));
    const json = { format, ...(description === undefined ? {} : { description }) };
    const { data } = await ask<{ upload_id: string }>("POST", `${dataset}/uploads`, { json, signal });
    remember(this.#memory, { id: data.upload_id, partBytes });
    return { url: `${dataset}/uploads/${data.upload_id}`, partBytes, sent: new Set() };
  }

  async #sendPart(url: string, part: number, piece: Blob, before: number): Promise<void> {
    // Read first: a file that has changed since it was chosen fails here, and not as a lost connection.
    const content = await piece.arrayBuffer();
    await this.#again(() =>
      put(`${url}/parts/${part}`, content, this.#abort.signal, (bytes) => this.#listener.progress(before + bytes)),
    );
  }

  /** Until it is answered, with growing pauses. */
  async #again<T>(work: () => Promise<T>): Promise<T> {
    for (let pause = firstPauseMs; ; pause = Math.min(longestPauseMs, pause * 2)) {
      try {
        return await work();
      } catch (error) {
        if (!(error instanceof InterruptedError)) throw error;
        await Promise.race([this.#listener.lost(error.afterMs ?? pause), aborted(this.#abort.signal)]);
        this.#abort.signal.throwIfAborted();
      }
    }
  }
}

/** Parts that are there whole. */
function arrived(
  parts: readonly { part: number; bytes: number }[],
  size: number,
  partBytes: number,
): ReadonlySet<number> {
  const expected = (part: number): number => Math.min(partBytes, size - (part - 1) * partBytes);
  return new Set(parts.filter(({ part, bytes }) => bytes === expected(part)).map(({ part }) => part));
}

/** By XMLHttpRequest: fetch does not tell how much was sent. */
function put(url: string, content: ArrayBuffer, signal: AbortSignal, progress: (bytes: number) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const stop = (): void => request.abort();
    signal.addEventListener("abort", stop, { once: true });
    request.upload.addEventListener("progress", ({ loaded }) => progress(Math.min(loaded, content.byteLength)));
    request.addEventListener("loadend", () => {
      signal.removeEventListener("abort", stop);
      try {
        signal.throwIfAborted();
        readAnswer(request.status, request.responseText, request.getResponseHeader("retry-after"));
        resolve();
      } catch (error) {
        reject(error);
      }
    });
    request.open("PUT", url);
    request.setRequestHeader("content-type", "application/octet-stream");
    request.send(content);
  });
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}

// Where the browser keeps nothing, an upload still works, but is not taken up again.
function recall(key: string): Remembered | undefined {
  try {
    const text = localStorage.getItem(key);
    return text === null ? undefined : (JSON.parse(text) as Remembered);
  } catch {
    return undefined;
  }
}

function remember(key: string, value: Remembered): void {
  try {
    localStorage.setItem(key, JSON.stringify(value));
  } catch {
    // As above.
  }
}

function forget(key: string): void {
  try {
    localStorage.removeItem(key);
  } catch {
    // As above.
  }
}
