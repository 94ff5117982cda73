// Idempotency keys in the team object's SQLite. Synchronous; SQL only.
import { and, asc, eq, inArray, lte, ne, sql } from "drizzle-orm";
import { AppError } from "../../core/errors.ts";
import { prepared } from "../../core/prepared.ts";
import type { Db } from "../../durable/db.ts";
import { idempotencyLimits } from "../../limits.ts";
import type { ClaimOutcome, KeyClaim, SealedAnswer } from "./schema.ts";
import { idempotencyKeys } from "./table.ts";

/** Rows deleted at once. */
const sweepSlice = 5_000;

/**
 * Notes that the request under this key has changed something. Must run in that write's transaction. Throws `idempotency_running` when the
 * attempt was given up as dead and a retry took its place, which undoes the write.
 */
export function markWritten(db: Db, id: string): void {
  const row = db
    .update(idempotencyKeys)
    .set({ state: sql`iif(${idempotencyKeys.state} = 'running', 'written', ${idempotencyKeys.state})` })
    .where(eq(idempotencyKeys.id, id))
    .returning({ id: idempotencyKeys.id })
    .get();
  if (row !== undefined) return;
  throw new AppError("idempotency_running", "A retry with the same idempotency key has taken this request's place.", {
    hint: "This attempt has changed nothing. Send it again with the same key for the answer.",
    details: { retry_after: 1 },
  });
}

/** Begins, joins or refuses a request under a key. A dead attempt that changed nothing is replaced. */
export function claimKey(db: Db, claim: KeyClaim, now: number): ClaimOutcome {
  const row = db
    .select()
    .from(idempotencyKeys)
    .where(and(eq(idempotencyKeys.userId, claim.userId), eq(idempotencyKeys.keyHash, claim.keyHash)))
    .get();
  if (row === undefined) return beginKey(db, claim, now);
  if (row.expiresAt.getTime() <= now) return replaceKey(db, row.id, claim, now);
  if (row.id === claim.id) return { kind: "run" };
  if (row.operation !== claim.operation || differs(row.requestHash, claim.requestHash)) {
    return { kind: "mismatch", operation: row.operation };
  }
  if (row.state === "answered" && row.answer !== null && row.requestHash !== null) {
    return { kind: "answered", requestHash: row.requestHash, answer: row.answer, at: row.createdAt.getTime() };
  }
  const leaseUntil = row.leaseUntil.getTime();
  if (leaseUntil > now) return { kind: "running", id: row.id, leaseUntil };
  return row.state === "running" ? replaceKey(db, row.id, claim, now) : { kind: "lost", at: row.createdAt.getTime() };
}

function differs(known: string | null, asked: string | null): boolean {
  return known !== null && asked !== null && known !== asked;
}

function replaceKey(db: Db, id: string, claim: KeyClaim, now: number): ClaimOutcome {
  db.delete(idempotencyKeys).where(eq(idempotencyKeys.id, id)).run();
  return beginKey(db, claim, now);
}

function beginKey(db: Db, claim: KeyClaim, now: number): ClaimOutcome {
  db.insert(idempotencyKeys)
    .values({
      ...claim,
      state: "running",
      createdAt: new Date(now),
      leaseUntil: new Date(now + idempotencyLimits.leaseMs),
      expiresAt: new Date(now + idempotencyLimits.keptMs),
    })
    .run();
  return { kind: "run" };
}

/** The attempt is alive. False when a retry has taken its place. */
export function renewLease(db: Db, id: string, now: number): boolean {
  const row = db
    .update(idempotencyKeys)
    .set({ leaseUntil: new Date(now + idempotencyLimits.leaseMs) })
    .where(and(eq(idempotencyKeys.id, id), ne(idempotencyKeys.state, "answered")))
    .returning({ id: idempotencyKeys.id })
    .get();
  return row !== undefined;
}

/** Bytes of all answers that are kept: summed up once, then counted along. */
const kept = prepared((db: Db) => ({ bytes: sumAnswers(db) }));

/**
 * Keeps what was answered, whole while the team has room and else that it was given. False when a retry has taken this attempt's place.
 */
export function keepAnswer(
  db: Db,
  id: string,
  { requestHash, whole, brief }: SealedAnswer,
  roomBytes: number = idempotencyLimits.teamAnswerBytes,
): boolean {
  const total = kept(db);
  const answer = whole !== undefined && total.bytes + whole.length <= roomBytes ? whole : brief;
  const row = db
    .update(idempotencyKeys)
    .set({ state: "answered", requestHash, answer, answerBytes: answer.length })
    .where(and(eq(idempotencyKeys.id, id), ne(idempotencyKeys.state, "answered")))
    .returning({ id: idempotencyKeys.id })
    .get();
  if (row !== undefined) total.bytes += answer.length;
  return row !== undefined;
}

/** Lets a retry run: the request has changed nothing. One that did is over, without an answer to repeat. */
export function releaseKey(db: Db, id: string, now: number): void {
  db.delete(idempotencyKeys)
    .where(and(eq(idempotencyKeys.id, id), eq(idempotencyKeys.state, "running")))
    .run();
  db.update(idempotencyKeys)
    .set({ leaseUntil: new Date(now) })
    .where(and(eq(idempotencyKeys.id, id), eq(idempotencyKeys.state, "written")))
    .run();
}

function sumAnswers(db: Db): number {
  const row = db
    .select({ bytes: sql<number | null>`sum(${idempotencyKeys.answerBytes})` })
    .from(idempotencyKeys)
    .get();
  return row?.bytes ?? 0;
}

/** Forgets keys that are over, oldest first and not all at once. Returns when the next is (Unix milliseconds), if there is one. */
export function sweepKeys(db: Db, now: number): number | undefined {
  const due = db
    .select({ id: idempotencyKeys.id })
    .from(idempotencyKeys)
    .where(lte(idempotencyKeys.expiresAt, new Date(now)))
    .orderBy(asc(idempotencyKeys.expiresAt))
    .limit(sweepSlice);
  db.delete(idempotencyKeys).where(inArray(idempotencyKeys.id, due)).run();
  kept(db).bytes = sumAnswers(db);
  const next = db
    .select({ at: idempotencyKeys.expiresAt })
    .from(idempotencyKeys)
    .orderBy(asc(idempotencyKeys.expiresAt))
    .limit(1)
    .get();
  return next?.at.getTime();
}
