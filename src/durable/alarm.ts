// An object's one alarm, asked for by many. Runs in objects.

/**
 * The object's one alarm. Its time is kept in memory too: reading it from storage takes a moment, in which an earlier time asked for
 * by someone else would be lost.
 */
export class Alarm {
  readonly #storage: Pick<DurableObjectStorage, "getAlarm" | "setAlarm">;
  #at = Number.POSITIVE_INFINITY;
  /** The earliest time asked for in a transaction under way; what a transaction asks for is undone with it. */
  #asked: number | undefined;

  constructor(storage: Pick<DurableObjectStorage, "getAlarm" | "setAlarm">) {
    this.#storage = storage;
  }

  /** Reads the time that was set before the object was last put away. To be called before anything else. */
  async restore(): Promise<void> {
    this.#at = (await this.#storage.getAlarm()) ?? Number.POSITIVE_INFINITY;
  }

  /** The alarm has gone off: none is set any more. */
  wentOff(): void {
    this.#at = Number.POSITIVE_INFINITY;
  }

  /** Goes off at this time (Unix milliseconds) or sooner. */
  wakeAt(timeMs: number): void {
    if (this.#asked !== undefined) this.#asked = Math.min(this.#asked, timeMs);
    else if (timeMs < this.#at) {
      this.#at = timeMs;
      // Fire and forget is safe: storage writes of one object are ordered and kept together by its output gate.
      void this.#storage.setAlarm(timeMs);
    }
  }

  /** Runs a transaction and sets what it asks for once it has held. */
  afterwards<T>(transaction: () => T): T {
    if (this.#asked !== undefined) return transaction();
    this.#asked = Number.POSITIVE_INFINITY;
    let asked = Number.POSITIVE_INFINITY;
    try {
      const result = transaction();
      asked = this.#asked;
      return result;
    } finally {
      this.#asked = undefined;
      this.wakeAt(asked);
    }
  }
}
