// Running a request once for its idempotency key: claim, run, keep the answer, give it again. Runs at the edge.

import type { CallContext } from "../../context.ts";
import { canonicalJson } from "../../core/canonical-json.ts";
import type { Scope } from "../../core/define-tool.ts";
import { AppError, type ErrorCode } from "../../core/errors.ts";
import { parseExact } from "../../core/exact-json.ts";
import { newId, sha256Hex } from "../../core/ids.ts";
import { logFailure } from "../../core/log.ts";
import { namesAnyOf } from "../../core/mentions.ts";
import { utf8Bytes } from "../../core/utf8.ts";
import { idempotencyLimits } from "../../limits.ts";
import { hasRole, type Role } from "../access/access.ts";
import type { ClaimOutcome, KeyClaim } from "./schema.ts";

/** A request that is to run once. */
export interface OnceRequest {
  key: string;
  /** The tool's name, or method and path: what a mismatch tells apart first. */
  operation: string;
  /** SHA-256 of what is asked; undefined while a long body has yet to arrive. */
  requestHash: string | undefined;
  /** Reads what is left of such a body and gives the digest, for a retry; undefined when there is more of it than a request may have. */
  hashRest?: () => Promise<string | undefined>;
}

/** What a request came to, and whether a retry is to hear it again. */
export interface OnceResult<Answer> {
  answer: Answer;
  /** `undefined`: not to be remembered, since nothing was changed and a retry may fare better. */
  remember: { requestHash: string } | undefined;
}

interface Kept {
  role: Role;
  scopes: Scope[];
  /** The service account that acted for the person, if one did. */
  through?: string;
  /** The team's revision when the request came in. */
  revision: number;
  answer?: unknown;
  /** Bytes of an answer that was not kept whole. */
  bytes?: number;
}

const keepAttempts = 3;
const claimAttempts = 3;
const retryAfterMs = 300;

// A refusal that another try, a moment later or with other rights, may not meet.
const passingCodes: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  "busy",
  "rate_limited",
  "internal",
  "unauthorized",
  "forbidden",
  "insufficient_scope",
  "team_unavailable",
  "team_deleted",
  "upload_aborted",
  "jq_crash",
  "idempotency_running",
  "idempotency_mismatch",
  "idempotency_lost",
]);

/** True for an error that is the request's final answer, so that a retry with the same key hears it again. */
export function isFinal(code: ErrorCode): boolean {
  return !passingCodes.has(code);
}

/**
 * Runs `run` unless a request with the same key has been carried out within idempotencyLimits.keptMs: then gives that one's answer, with
 * `replayed` true. While another attempt runs it waits. `run` is given the call under which its writes are marked.
 * Throws `idempotency_mismatch`, `idempotency_running`, `idempotency_lost`, and what `run` throws, which is not remembered.
 */
export async function runOnce<Answer>(
  context: CallContext,
  request: OnceRequest,
  run: (call: CallContext) => Promise<OnceResult<Answer>>,
): Promise<{ answer: Answer; replayed: boolean }> {
  const claim: KeyClaim = {
    id: newId("idk"),
    userId: context.actor.userId,
    keyHash: await sha256Hex(request.key),
    operation: request.operation,
    requestHash: request.requestHash ?? null,
  };
  const outcome = await claimKey(context, claim);
  if (outcome.kind === "run") {
    const work = runClaimed(context, request, claim.id, run);
    // When the caller goes away the work goes on, so that a retry finds its answer.
    context.waitUntil(work.catch(() => undefined));
    return { answer: await work, replayed: false };
  }
  if (outcome.kind === "running") throw stillRunning(request.operation);
  if (outcome.kind === "mismatch") throw mismatch(outcome.operation);
  if (outcome.kind === "lost") throw lost(outcome.at, "and its answer was lost");
  const requestHash = request.requestHash ?? (await request.hashRest?.());
  if (requestHash !== outcome.requestHash) throw mismatch(request.operation);
  return { answer: await replay<Answer>(context, request, outcome), replayed: true };
}

/** A call to the object that breaks says nothing of whether it arrived; asking again with the same id claims nothing twice. */
async function claimKey(context: CallContext, claim: KeyClaim): Promise<ClaimOutcome> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await context.stub.idempotency().claim(claim);
    } catch (error) {
      if (attempt === claimAttempts || !isBrokenCall(error)) throw error;
      await scheduler.wait(attempt * retryAfterMs);
    }
  }
}

/** True for an error of the platform, which carries no code of ours. */
function isBrokenCall(error: unknown): boolean {
  return error instanceof Error && !("code" in error);
}

async function runClaimed<Answer>(
  context: CallContext,
  request: OnceRequest,
  id: string,
  run: (call: CallContext) => Promise<OnceResult<Answer>>,
): Promise<Answer> {
  const ended = new AbortController();
  const renewing = renewWhile(context, id, ended.signal);
  try {
    const { answer, remember } = await run({ ...context, idempotencyId: id });
    if (remember === undefined) await release(context, id);
    else await keep(context, request, id, remember.requestHash, answer);
    return answer;
  } catch (error) {
    await release(context, id);
    throw error;
  } finally {
    ended.abort();
    await renewing;
  }
}

/** Says that the request is alive, well before its lease ends, until it is not. */
async function renewWhile(context: CallContext, id: string, ended: AbortSignal): Promise<void> {
  while (!ended.aborted) {
    await scheduler.wait(idempotencyLimits.leaseMs / 3, { signal: ended }).catch(() => undefined);
    if (ended.aborted) return;
    // What cannot be renewed is refused where it would write.
    await context.stub
      .idempotency()
      .renew(id)
      .catch(() => undefined);
  }
}

async function release(context: CallContext, id: string): Promise<void> {
  await withRetries(() => context.stub.idempotency().release(id)).catch((error: unknown) => {
    logFailure("idempotency_key_not_released", { team: context.team, request_id: context.requestId }, error);
  });
}

/** An answer that cannot be kept is still given; a retry will hear that it was lost. */
async function keep(
  context: CallContext,
  request: OnceRequest,
  id: string,
  requestHash: string,
  answer: unknown,
): Promise<void> {
  const { role, scopes, through } = context.actor;
  const { revision } = context.catalogue;
  const rights = { role, scopes: [...scopes], ...(through === undefined ? {} : { through }), revision };
  const whole = JSON.stringify({ ...rights, answer } satisfies Kept);
  const bytes = utf8Bytes(whole);
  try {
    const place = placeOf(context, request);
    const sealed = {
      requestHash,
      whole:
        bytes > idempotencyLimits.answerBytes ? undefined : await context.answerSeal.seal(request.key, place, whole),
      brief: await context.answerSeal.seal(request.key, place, JSON.stringify({ ...rights, bytes } satisfies Kept)),
    };
    await withRetries(() => context.stub.idempotency().keep(id, sealed));
  } catch (error) {
    logFailure("idempotent_answer_not_kept", { team: context.team, request_id: context.requestId }, error);
  }
}

async function withRetries(send: () => Promise<unknown>): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await send();
      return;
    } catch (error) {
      if (attempt === keepAttempts) throw error;
      await scheduler.wait(attempt * retryAfterMs);
    }
  }
}

/** What an answer belongs to: sealed into it, so that it opens nowhere else. */
function placeOf(context: CallContext, request: OnceRequest): string {
  return JSON.stringify([context.team, context.actor.userId, request.operation]);
}

async function replay<Answer>(
  context: CallContext,
  request: OnceRequest,
  outcome: Extract<ClaimOutcome, { kind: "answered" }>,
): Promise<Answer> {
  const text = await context.answerSeal.open(request.key, placeOf(context, request), outcome.answer);
  if (text === undefined) throw lost(outcome.at, "and its answer cannot be read any more");
  const kept = parseExact(text) as Kept;
  requireRights(context, kept);
  if (kept.bytes === undefined) {
    await requireSight(context, request, kept, text);
    return kept.answer as Answer;
  }
  throw lost(outcome.at, `and its answer of ${kept.bytes} bytes was too long to keep (limit answerBytes)`);
}

/** An answer may hold a secret that a weaker credential of the same person, or a service that acts for them, must not read. */
function requireRights({ actor }: CallContext, kept: Kept): void {
  const isOwnHand = actor.through === undefined || actor.through === kept.through;
  const hasScopes = kept.scopes.every((scope) => actor.scopes.includes(scope));
  if (isOwnHand && hasScopes && hasRole(actor.role, kept.role)) return;
  throw new AppError("forbidden", "The request under this idempotency key was made with more rights than this one.", {
    hint: "Repeat it with the credential it was made with, or read the current state.",
    details: { role: kept.role, scopes: kept.scopes },
  });
}

/** What was hidden from the caller since is not shown by an old answer that speaks of it. */
async function requireSight(
  { stub, actor }: CallContext,
  { operation }: OnceRequest,
  kept: Kept,
  text: string,
): Promise<void> {
  const hidden = await stub.visibility().hiddenSince(kept.revision, actor);
  if (!namesAnyOf(hidden)(`${operation} ${text}`)) return;
  throw new AppError(
    "forbidden",
    "The answer under this idempotency key speaks of what is not shown to you any more.",
    {
      hint: "Read the current state, or ask an owner to show it to you again.",
    },
  );
}

function mismatch(operation: string): AppError {
  return new AppError("idempotency_mismatch", "This idempotency key was used for another request within 24 hours.", {
    hint: "Use a new key for each new request, and the same key only to repeat a request unchanged.",
    details: { first_request: operation },
  });
}

function stillRunning(operation: string): AppError {
  return new AppError("idempotency_running", "The first request with this idempotency key is still running.", {
    hint: "Repeat it with the same key after retry_after seconds.",
    details: { request: operation, retry_after: 5 },
  });
}

function lost(at: number, why: string): AppError {
  const when = new Date(at).toISOString();
  return new AppError(
    "idempotency_lost",
    `The first request with this key, of ${when}, was carried out, at least in part, ${why}.`,
    {
      hint: "Read the current state; for another change use a new key.",
      details: { at: when },
    },
  );
}

/** SHA-256 of a value as JSON, the members of every object in one order. */
export function requestHashOf(value: unknown): Promise<string> {
  return sha256Hex(canonicalJson(value));
}
