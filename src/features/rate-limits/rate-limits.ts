// A team's rate limits: who is charged for what, and how a refusal reads. Pure but for its memory. Runs everywhere.
import type { CallContext } from "../../context.ts";
import { AppError } from "../../core/errors.ts";
import {
  type Bucket,
  type BucketLimit,
  levelOf,
  secondsUntilFull,
  secondsUntilOne,
  takeOne,
} from "../../core/token-bucket.ts";
import { rateLimits } from "../../limits.ts";
import type { Actor } from "../access/access.ts";
import type { TeamSettings } from "../teams/schema.ts";

/** What is limited: requests of a person and of a credential, and per person the two classes of calls that cost most. */
export const rateClasses = ["person", "token", "query", "write"] as const;
export type RateClass = (typeof rateClasses)[number];

/** One limit as it stands for a caller. */
export interface RateState {
  limit: RateClass;
  /** Calls a minute. */
  quota: number;
  remaining: number;
  /** Whole seconds until all of it is there again. */
  resetSeconds: number;
}

/** A bucket as it is kept over a restart of the object. */
export interface StoredBucket extends Bucket {
  key: string;
}

export interface LimiterStorage {
  /** All buckets that may not be full at `now`. */
  load: (now: number) => readonly StoredBucket[];
  /** Keeps a bucket, and forgets those that are full by now. */
  save: (bucket: StoredBucket, now: number) => void;
}

/** Who is charged: the person a request acts for and the credential it came with. */
export type Charged = { userId: string; credential: Pick<Actor["credential"], "id"> };

/** A minute's worth refills in a minute, so a bucket last touched before that is full. */
export const windowSeconds = 60;

const settingOf: Record<RateClass, keyof TeamSettings["rate_limits"]> = {
  person: "person_per_minute",
  token: "token_per_minute",
  query: "query_per_minute",
  write: "write_per_minute",
};

const wordsOf: Record<RateClass, string> = {
  person: "requests of one person",
  token: "requests of one token or connection",
  query: "jq runs of one person",
  write: "writes of one person",
};

/**
 * The buckets of one team, exact while its object lives. To survive a restart a bucket is stored when it refuses, and otherwise when it is
 * less than half full, at most once in `saveEveryMs` each: so a restart gives back at most half of a minute's quota and what a second's calls took.
 */
export class Limiter {
  readonly #storage: LimiterStorage;
  readonly #maxPerMinute: number;
  #buckets: Map<string, Bucket> | undefined;
  readonly #savedAt = new Map<string, number>();

  constructor(storage: LimiterStorage, maxPerMinute: number) {
    this.#storage = storage;
    this.#maxPerMinute = maxPerMinute;
  }

  /** Charges one request and returns where each limit stands. Throws `rate_limited`, charging nothing, when the person or the credential has none left. */
  enter(who: Charged, settings: TeamSettings, now: number): RateState[] {
    this.#charge(["person", "token"], who, settings, now);
    return rateClasses.map((limit) => this.#state(limit, who, settings, now));
  }

  /** Charges one call of a class and returns where it stands. Throws `rate_limited`. */
  spend(limit: RateClass, who: Charged, settings: TeamSettings, now: number): RateState {
    this.#charge([limit], who, settings, now);
    return this.#state(limit, who, settings, now);
  }

  #charge(limits: readonly RateClass[], who: Charged, settings: TeamSettings, now: number): void {
    const buckets = this.#loaded(now);
    const taken = limits.map((limit) => {
      const key = keyOf(limit, who);
      const bounds = this.#limitOf(limit, settings);
      const after = takeOne(buckets.get(key), bounds, now);
      if (after !== undefined) return { key, after, bounds };
      this.#save(key, buckets.get(key), now);
      throw refusal(limit, bounds.capacity, secondsUntilOne(buckets.get(key), bounds, now), this.#maxPerMinute);
    });
    for (const { key, after, bounds } of taken) {
      buckets.set(key, after);
      if (after.level < bounds.capacity / 2) this.#save(key, after, now);
    }
  }

  #state(limit: RateClass, who: Charged, settings: TeamSettings, now: number): RateState {
    const bucket = this.#loaded(now).get(keyOf(limit, who));
    const bounds = this.#limitOf(limit, settings);
    return {
      limit,
      quota: bounds.capacity,
      remaining: Math.floor(levelOf(bucket, bounds, now)),
      resetSeconds: secondsUntilFull(bucket, bounds, now),
    };
  }

  #limitOf(limit: RateClass, settings: TeamSettings): BucketLimit {
    const perMinute = Math.min(settings.rate_limits[settingOf[limit]], this.#maxPerMinute);
    return { capacity: perMinute, perMinute };
  }

  #loaded(now: number): Map<string, Bucket> {
    this.#buckets ??= new Map(this.#storage.load(now).map(({ key, level, at }) => [key, { level, at }]));
    if (this.#buckets.size > rateLimits.bucketsHeld) this.#forgetFull(this.#buckets, now);
    return this.#buckets;
  }

  #forgetFull(buckets: Map<string, Bucket>, now: number): void {
    for (const [key, { at }] of buckets) {
      if (now - at < windowSeconds * 1000) continue;
      buckets.delete(key);
      this.#savedAt.delete(key);
    }
  }

  #save(key: string, bucket: Bucket | undefined, now: number): void {
    if (bucket === undefined || now - (this.#savedAt.get(key) ?? 0) < rateLimits.saveEveryMs) return;
    this.#savedAt.set(key, now);
    this.#storage.save({ key, ...bucket }, now);
  }
}

function keyOf(limit: RateClass, who: Charged): string {
  return `${limit}:${limit === "token" ? who.credential.id : who.userId}`;
}

function refusal(limit: RateClass, quota: number, retryAfter: number, max: number): AppError {
  const setting = settingOf[limit];
  return new AppError("rate_limited", `The team allows ${quota} ${wordsOf[limit]} a minute, and they are used up.`, {
    hint: `Go on in ${retryAfter} s. An admin can set rate_limits.${setting} to ${max} at most with update_team.`,
    details: { limit, quota, window_seconds: windowSeconds, retry_after: retryAfter },
  });
}

/** Charges a call for a jq run or a write, where it really happens. Throws `rate_limited`. */
export async function chargeCall(
  { stub, actor, limits }: Pick<CallContext, "stub" | "actor" | "limits">,
  limit: "query" | "write",
): Promise<void> {
  // What the server does by itself is bounded by what people may ask it to do.
  if (actor.credential.kind === "system") return;
  const state = await stub.limits().spend(limit, { userId: actor.userId, credential: { id: actor.credential.id } });
  const at = limits.findIndex((known) => known.limit === limit);
  // Changed in place: the answer's headers are made from this very list.
  limits.splice(at < 0 ? limits.length : at, at < 0 ? 0 : 1, state);
}
