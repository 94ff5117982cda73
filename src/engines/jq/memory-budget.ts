// The engine memory that all jq runs of one isolate may reserve together: a queue with a deadline. Runs at the edge.
import { AppError } from "../../core/errors.ts";
import { jqLimits } from "../../limits.ts";

export interface MemoryBudgetOptions {
  totalBytes: number;
  /** Runs that may wait; one more is refused at once. */
  maxWaiting: number;
  /** Milliseconds a run waits at most. */
  timeoutMs: number;
  /** Milliseconds after which a share that was not touched is taken back. */
  leaseMs: number;
  clock?: () => number;
}

/** A run's share of the budget. */
export interface MemoryLease {
  /** Says that the run is alive; throws `busy` when its share was taken back meanwhile. */
  touch(): void;
  /** Gives the share back; a second call does nothing. */
  release(): void;
}

interface Share {
  bytes: number;
  touchedAt: number;
}

interface Waiter {
  bytes: number;
  deadline: number;
  admit: (share: Share) => void;
  refuse: (reason: unknown) => void;
}

const sweepMs = 1000;

/**
 * Admits runs in the order they came: a small run never overtakes a large one, so none waits for ever. A request that the platform
 * ends (its client went away) runs no `finally`, so a share that nobody touches is a lease that expires.
 */
export class MemoryBudget {
  readonly #options: MemoryBudgetOptions;
  readonly #clock: () => number;
  readonly #shares = new Set<Share>();
  #waiting: Waiter[] = [];

  constructor(options: MemoryBudgetOptions) {
    this.#options = options;
    this.#clock = options.clock ?? Date.now;
  }

  get reservedBytes(): number {
    let sum = 0;
    for (const share of this.#shares) sum += share.bytes;
    return sum;
  }

  get waitingCount(): number {
    return this.#waiting.length;
  }

  /**
   * Reserves `bytes`, waiting for its turn. Throws `busy` when the queue is full or the deadline passes, `jq_memory` for more than
   * there is in all, and the signal's reason.
   */
  async reserve(bytes: number, signal?: AbortSignal): Promise<MemoryLease> {
    signal?.throwIfAborted();
    const { totalBytes } = this.#options;
    if (bytes > totalBytes) {
      throw new AppError(
        "jq_memory",
        `A run asked for ${bytes} bytes of memory; all runs together have ${totalBytes}.`,
        {
          hint: "Set a lower memory limit for the run.",
          details: { limit: "isolateMemoryBytes", value: totalBytes },
        },
      );
    }
    this.#sweep();
    const free = this.#waiting.length === 0 && this.reservedBytes + bytes <= totalBytes;
    return this.#lease(free ? this.#take(bytes) : await this.#wait(bytes, signal));
  }

  #take(bytes: number): Share {
    const share = { bytes, touchedAt: this.#clock() };
    this.#shares.add(share);
    return share;
  }

  #lease(share: Share): MemoryLease {
    return {
      touch: () => {
        if (!this.#shares.has(share))
          throw busy("The query stood still too long and lost its memory.", "memoryLeaseMs", this.#options.leaseMs);
        share.touchedAt = this.#clock();
      },
      release: () => {
        if (this.#shares.delete(share)) this.#admit();
      },
    };
  }

  async #wait(bytes: number, signal: AbortSignal | undefined): Promise<Share> {
    const { maxWaiting, timeoutMs } = this.#options;
    if (this.#waiting.length >= maxWaiting) {
      throw busy(`${maxWaiting} queries are waiting for memory already.`, "admissionQueue", maxWaiting);
    }
    const { promise, resolve, reject } = Promise.withResolvers<Share>();
    const waiter: Waiter = { bytes, deadline: this.#clock() + timeoutMs, admit: resolve, refuse: reject };
    this.#waiting.push(waiter);
    const timer = setInterval(() => this.#sweep(), Math.min(sweepMs, timeoutMs));
    const onAbort = () => this.#refuse(waiter, signal?.reason);
    signal?.addEventListener("abort", onAbort, { once: true });
    try {
      return await promise;
    } finally {
      clearInterval(timer);
      signal?.removeEventListener("abort", onAbort);
    }
  }

  #refuse(waiter: Waiter, reason: unknown): void {
    if (!this.#waiting.includes(waiter)) return;
    this.#waiting = this.#waiting.filter((other) => other !== waiter);
    waiter.refuse(reason);
    this.#admit();
  }

  /** Takes back expired shares, refuses waiters past their deadline (also those whose request is gone), admits who fits then. */
  #sweep(): void {
    const now = this.#clock();
    const { leaseMs, timeoutMs } = this.#options;
    for (const share of this.#shares) if (now - share.touchedAt > leaseMs) this.#shares.delete(share);
    for (const waiter of this.#waiting) {
      if (now >= waiter.deadline) {
        this.#refuse(waiter, busy(`The query waited ${timeoutMs} ms for memory.`, "admissionTimeoutMs", timeoutMs));
      }
    }
    this.#admit();
  }

  #admit(): void {
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      if (this.reservedBytes + next.bytes > this.#options.totalBytes) return;
      this.#waiting.shift();
      next.admit(this.#take(next.bytes));
    }
  }
}

function busy(message: string, limit: string, value: number): AppError {
  return new AppError("busy", message, {
    hint: "Try again in a few seconds, with fewer queries at once.",
    details: { limit, value },
  });
}

/** The budget that all runs of this isolate share. */
export const isolateBudget = new MemoryBudget({
  totalBytes: jqLimits.isolateMemoryBytes,
  maxWaiting: jqLimits.admissionQueue,
  timeoutMs: jqLimits.admissionTimeoutMs,
  leaseMs: jqLimits.memoryLeaseMs,
});
