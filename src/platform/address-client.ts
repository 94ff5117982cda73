// What a network address has spent of its failures: one object an address, asked only when something failed. Runs at the edge.
import { Lru } from "../core/lru.ts";
import { addressKey } from "../core/network-address.ts";
import type { BucketLimit } from "../core/token-bucket.ts";
import type { AddressObject } from "../durable/address-object.ts";
import { oauthLimits, rateLimits } from "../limits.ts";

/** Registering an OAuth client is no failure, but as free to anyone, and counted the same way. */
export type FailureKind = "sign_in" | "token" | "registration";

/** Seconds until an address may fail again. */
export interface Blocked {
  retryAfter: number;
}

const standards: Record<FailureKind, { variable: string; perMinute: number; burst: number }> = {
  sign_in: {
    variable: "SIGN_IN_FAILURES_PER_MINUTE",
    perMinute: rateLimits.signInFailuresPerMinute,
    burst: rateLimits.signInFailureBurst,
  },
  token: {
    variable: "TOKEN_GUESSES_PER_MINUTE",
    perMinute: rateLimits.tokenGuessesPerMinute,
    burst: rateLimits.tokenGuessBurst,
  },
  registration: {
    variable: "REGISTRATIONS_PER_MINUTE",
    perMinute: oauthLimits.registrationsPerMinute,
    burst: oauthLimits.registrationBurst,
  },
};

// Per isolate: addresses that are over, until when (Unix milliseconds), so that a flood of failures reaches no object.
const blocked = new Lru<number>(rateLimits.addressesHeld);

/**
 * Counts a failure against the address a request came from. Returns how long it is to wait when it has failed too often, else undefined.
 * Exact: the address's own object counts. An address known to be over is answered from memory. Loopback, where local servers and their
 * tests live, is not counted: whoever can call from there needs no guessing.
 */
export async function failedAttempt(
  request: Request,
  env: Pick<Env, "ADDRESS">,
  kind: FailureKind,
): Promise<Blocked | undefined> {
  const address = addressKey(request.headers.get("cf-connecting-ip") ?? "");
  if (address === undefined) return undefined;
  const known = blockedNow(address, kind);
  if (known !== undefined) return known;
  const stub = env.ADDRESS.get(env.ADDRESS.idFromName(address)) as unknown as Pick<AddressObject, "failed">;
  const answer = await stub.failed(kind, failureLimit(env, kind));
  if (answer !== undefined) blocked.set(`${kind} ${address}`, Date.now() + answer.retryAfter * 1000, 1);
  return answer;
}

/** How long the address of a request is to wait, as far as this isolate knows; undefined: it may try. Costs nothing. */
export function blockedFor(request: Request, kind: FailureKind): Blocked | undefined {
  const address = addressKey(request.headers.get("cf-connecting-ip") ?? "");
  return address === undefined ? undefined : blockedNow(address, kind);
}

function blockedNow(address: string, kind: FailureKind): Blocked | undefined {
  const until = blocked.get(`${kind} ${address}`);
  const now = Date.now();
  if (until === undefined || until <= now) return undefined;
  return { retryAfter: Math.ceil((until - now) / 1000) };
}

/** The limit of a kind of failure. The operator's variable sets failures a minute; what is allowed at once moves with it. */
export function failureLimit(env: object, kind: FailureKind): BucketLimit {
  const { variable, perMinute, burst } = standards[kind];
  const set: unknown = Reflect.get(env, variable);
  const value = typeof set === "string" || typeof set === "number" ? Number(set) : Number.NaN;
  if (!(Number.isFinite(value) && value > 0)) return { capacity: burst, perMinute };
  return { capacity: Math.max(1, Math.round((burst * value) / perMinute)), perMinute: value };
}
