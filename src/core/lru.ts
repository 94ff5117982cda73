// A bounded least-recently-used map, by total size. For per-isolate caches of immutable things. Runs everywhere.

/**
 * Keeps values until their sizes (in whatever unit the caller measures) exceed `maxSize`; then drops the longest unused. One larger than
 * `maxEntry`, an eighth when left out, is not kept, so that it cannot empty the cache.
 */
export class Lru<Value> {
  readonly #entries = new Map<string, { value: Value; size: number }>();
  readonly #maxSize: number;
  readonly #maxEntry: number;
  #size = 0;

  constructor(maxSize: number, maxEntry = maxSize / 8) {
    this.#maxSize = maxSize;
    this.#maxEntry = maxEntry;
  }

  get(key: string): Value | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    return entry.value;
  }

  /** Stores a value in place of the one before, unless it is too large to be kept. */
  set(key: string, value: Value, size: number): void {
    this.delete(key);
    if (size > this.#maxEntry) return;
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
