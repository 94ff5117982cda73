// A bounded least-recently-used map, by total size. For per-isolate caches of immutable things. Runs everywhere.

/** Keeps values until their sizes (in whatever unit the caller measures) exceed `maxSize`; then drops the longest unused. */
export class Lru<Value> {
  readonly #entries = new Map<string, { value: Value; size: number }>();
  readonly #maxSize: number;
  #size = 0;

  constructor(maxSize: number) {
    this.#maxSize = maxSize;
  }

  get(key: string): Value | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    return entry.value;
  }

  /** Stores a value; one larger than an eighth of the whole cache is not kept, so that it cannot empty it. */
  set(key: string, value: Value, size: number): void {
    this.delete(key);
    if (size > this.#maxSize / 8) return;
    this.#entries.set(key, { value, size });
    this.#size += size;
    for (const [oldest, entry] of this.#entries) {
      if (this.#size <= this.#maxSize) break;
      this.#entries.delete(oldest);
      this.#size -= entry.size;
    }
  }

  delete(key: string): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#entries.delete(key);
    this.#size -= entry.size;
  }
}
