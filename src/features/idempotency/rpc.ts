// Idempotency keys over RPC: thin, but for the waiting. Runs in the team object.
import { RpcTarget } from "cloudflare:workers";
import { prepared } from "../../core/prepared.ts";
import type { Db } from "../../durable/db.ts";
import type { TeamDeps } from "../../durable/team-deps.ts";
import { idempotencyLimits } from "../../limits.ts";
import type { ClaimOutcome, KeyClaim, SealedAnswer } from "./schema.ts";
import { claimKey, keepAnswer, releaseKey, renewLease } from "./store.ts";

/** In the memory of one object: who waits for which attempt to end. */
const waitersOf = prepared((_db: Db) => new Map<string, Set<() => void>>());

/** The idempotency keys of one team. */
export class IdempotencyRpc extends RpcTarget {
  readonly #deps: TeamDeps;

  constructor(deps: TeamDeps) {
    super();
    this.#deps = deps;
  }

  /** Begins a request under its key. While another attempt runs it waits, `waitMs` at most, and then says `running`. */
  async claim(claim: KeyClaim, waitMs: number = idempotencyLimits.waitMs): Promise<ClaimOutcome> {
    const until = this.#deps.now() + waitMs;
    for (;;) {
      const now = this.#deps.now();
      const outcome = this.#deps.atomically(() => claimKey(this.#deps.db, claim, now));
      if (outcome.kind === "run") this.#deps.wakeAt(now + idempotencyLimits.keptMs);
      if (outcome.kind !== "running" || now >= until) return outcome;
      await this.#ended(outcome.id, Math.min(until, outcome.leaseUntil) - now);
    }
  }

  renew(id: string): boolean {
    return renewLease(this.#deps.db, id, this.#deps.now());
  }

  /** Keeps the answer and gives it to those who wait. False when a retry has taken this attempt's place. */
  keep(id: string, answer: SealedAnswer): boolean {
    const kept = this.#deps.atomically(() => keepAnswer(this.#deps.db, id, answer));
    this.#wake(id);
    return kept;
  }

  release(id: string): void {
    this.#deps.atomically(() => releaseKey(this.#deps.db, id, this.#deps.now()));
    this.#wake(id);
  }

  #wake(id: string): void {
    const waiters = waitersOf(this.#deps.db);
    for (const wake of waiters.get(id) ?? []) wake();
    waiters.delete(id);
  }

  /** Resolves when the attempt ends, or after `ms`. */
  #ended(id: string, ms: number): Promise<void> {
    const waiters = waitersOf(this.#deps.db);
    const own = waiters.get(id) ?? new Set();
    waiters.set(id, own);
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        own.delete(done);
        if (own.size === 0 && waiters.get(id) === own) waiters.delete(id);
        resolve();
      };
      const timer = setTimeout(done, Math.max(1, ms));
      own.add(done);
    });
  }
}
